"""Pictures as Open3D draws them: what a person sees is in their pixels."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from cloud_view.camera import orbit, subject_of
from cloud_view.drawing import draw
from cloud_view.engine import DrawError
from cloud_view.painter import Painter
from cloud_view.pictures import LAST_PICTURE_FRAMES, Film, Studio, take_still
from latentvr_common.cloud import NONE, Cloud
from latentvr_common.colors import category_color, split_rgb
from latentvr_common.labels import Category
from latentvr_common.scene import Brush, Progress, Scene, State

CATEGORIES = [Category(i, f"kind {i}", category_color(i)) for i in range(4)]
SIZE = (640, 360)


def some_scene(count: int = 1200, labelled: bool = True) -> Scene:
    random = np.random.default_rng(1)
    kinds = np.arange(count) % len(CATEGORIES)
    angles = kinds * np.pi / 2
    middles = np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1) * 0.6
    positions = (middles + random.normal(size=(count, 3)) * 0.13).astype(np.float32)
    rgb = np.array([c.color for c in CATEGORIES], np.uint32)[kinds]
    label = kinds.astype(np.int16) if labelled else np.full(count, NONE, np.int16)
    cloud = Cloud(1, positions, rgb, label, kinds.astype(np.int16), np.ones(count, np.float32))
    return Scene(cloud, CATEGORIES, Progress(State.TRAINING, 7, count, 0.9, 0.9))


@pytest.fixture(scope="module")
def painter() -> Iterator[Painter]:
    before = dict(os.environ)
    try:
        made = Painter()
    except DrawError as error:
        pytest.skip(f"nothing can be drawn here: {error}")
    finally:
        # Open3D needs a display hidden from it; tests of other packages may want to see it.
        os.environ.clear()
        os.environ.update(before)
    yield made
    made.close()


def paint(painter: Painter, scene: Scene) -> np.ndarray:
    subject = subject_of(scene.points())
    return np.asarray(painter.paint(draw(scene, orbit(subject, 0), subject), SIZE[0]))[..., :3].astype(int)


def is_like(picture: np.ndarray, color: int) -> np.ndarray:
    """Return which pixels have the hue of `color` (0xRRGGBB), whatever their shade."""
    wanted = split_rgb(color).astype(float)
    length = np.linalg.norm(picture, axis=-1) + 1e-9
    cosine = picture @ wanted / (length * np.linalg.norm(wanted))
    return np.asarray((cosine > 0.99) & (length > 100))


def pixels_like(picture: np.ndarray, color: int) -> int:
    return int(is_like(picture, color).sum())


def test_every_category_shows_in_its_colour(painter: Painter) -> None:
    picture = paint(painter, some_scene())
    assert picture.shape == (SIZE[1], SIZE[0], 3)
    for category in CATEGORIES:
        assert pixels_like(picture, category.color) > 150, category
    assert pixels_like(picture, 0xFF0080) == 0


def test_the_cloud_is_where_the_camera_sees_it(painter: Painter) -> None:
    scene = some_scene()
    subject = subject_of(scene.points())
    picture = paint(painter, scene)
    where = orbit(subject, 0).pixels(scene.points()[scene.cloud.label == 0], *SIZE)
    like = is_like(picture, category_color(0)).nonzero()
    np.testing.assert_allclose([like[1].mean(), like[0].mean()], where.mean(axis=0), atol=12)


def test_many_items_are_drawn_as_points_in_their_colours(painter: Painter) -> None:
    picture = paint(painter, some_scene(20_000, labelled=False))
    for category in CATEGORIES:
        assert pixels_like(picture, category.color) > 400, category


def test_pictures_follow_the_scene(painter: Painter) -> None:
    scene = some_scene()
    first = paint(painter, scene)
    np.testing.assert_array_equal(paint(painter, scene), first)
    moved = replace(scene, cloud=replace(scene.cloud, positions=scene.cloud.positions * [1, 0.3, 1]))
    assert (paint(painter, moved) != first).any()
    brushing = replace(scene, brushes=[Brush(scene.points().mean(axis=0), 0.1, 3)])
    assert pixels_like(paint(painter, brushing), 0xF4EB77) > pixels_like(first, 0xF4EB77) + 50
    np.testing.assert_array_equal(paint(painter, scene), first)


def test_a_cloud_of_one_item_can_be_drawn(painter: Painter) -> None:
    assert paint(painter, some_scene(1)).max() > 100


def test_both_ways_to_read_a_picture_give_the_same(painter: Painter) -> None:
    scene = some_scene()
    usual = paint(painter, scene)
    painter._readback._proven = False
    slow = paint(painter, scene)
    painter._readback._proven = None
    assert (np.abs(usual - slow).max(axis=-1) > 2).mean() < 0.002


def test_film_and_still_hold_the_scene_and_its_caption(painter: Painter, tmp_path: Path) -> None:
    studio = Studio(lambda: painter)
    film = Film(tmp_path / "timelapse.mp4", studio)
    for _ in range(4):
        film.take(some_scene())
    film.close()
    take_still(some_scene(), tmp_path / "cloud.png", studio)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cloud.png", "timelapse.mp4"]
    with av.open(str(tmp_path / "timelapse.mp4")) as container:
        frames = [frame.to_ndarray(format="rgb24").astype(int) for frame in container.decode(video=0)]
    still = Image.open(tmp_path / "cloud.png")
    assert (still.size, still.mode) == ((1600, 900), "RGB")
    assert len(frames) == 4 + LAST_PICTURE_FRAMES
    for picture in (frames[0], frames[-1], np.asarray(still).astype(int)):
        height, width = picture.shape[:2]
        caption, rest = picture[: height // 6, : width // 4], picture[:, width // 4 :]
        assert (caption.min(axis=-1) > 200).sum() > 500, "the headline is bright"
        for category in CATEGORIES:
            assert pixels_like(rest, category.color) > 300, category
    assert frames[0].shape[1::-1] == (1280, 720)
    assert (np.abs(frames[0] - frames[3]).max(axis=-1) > 40).mean() > 0.005, "the camera goes around"


def test_an_earlier_still_stays_whole_until_the_new_one_is_there(tmp_path: Path) -> None:
    path = tmp_path / "cloud.png"
    path.write_text("before")

    def fail() -> Painter:
        raise DrawError("no light")

    with pytest.raises(DrawError, match="no light"):
        take_still(some_scene(), path, Studio(fail))
    assert path.read_text() == "before"
