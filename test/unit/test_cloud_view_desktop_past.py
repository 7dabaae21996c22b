"""The window's timeline: the bar and what is told of a time, the past as a scene, and the way of an item."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cloud_view.camera import Subject
from cloud_view.desktop.desk import Desk
from cloud_view.desktop.dressing import Dressing, Status
from cloud_view.desktop.inputs import Key
from cloud_view.desktop.panels import LINE_HEIGHT, paint_banner
from cloud_view.desktop.past import Past
from cloud_view.desktop.picking import Viewport
from cloud_view.desktop.show import Trail
from cloud_view.desktop.timeline_bar import BAR_HEIGHT, Banner, is_on_bar, paint_bar, share_at
from cloud_view.desktop.trail_shape import trail_shape
from cloud_view.desktop.viewpoint import Viewpoint
from latentvr_common.cloud import NONE, Cloud
from latentvr_common.labels import Category, Kind, LabelEvent
from latentvr_common.placement import Placement
from latentvr_common.scene import Progress, Scene
from latentvr_common.timeline.timeline import Leap

S = 1_000_000_000
ITEMS = 30
VIEWPORT = Viewport(1280, 800)
CATEGORIES = (Category(0, "ant", 0xFA0A0A), Category(1, "bee", 0x0A0AFA))
RED = (250, 10, 10)
SHAPE = np.random.default_rng(0).normal(size=(ITEMS, 3)).astype(np.float32)


def scene(second: int, items: int = ITEMS) -> Scene:
    none = np.full(items, NONE, np.int16)
    shown = Cloud(
        second * S,
        SHAPE[:items] + np.float32(0.001 * second),
        np.full(items, second, np.uint32),
        none,
        none,
        np.zeros(items, np.float32),
    )
    return Scene(
        shown, CATEGORIES, Progress(epoch=10 * second, step=second - 1, accuracy=0.01 * second), Placement(), beacons=()
    )


def mark(second: int, stamp_ns: int = 0, kind: Kind = Kind.ASSIGN) -> LabelEvent:
    ids = np.arange(4, dtype=np.uint32)
    category = 0 if kind is Kind.ASSIGN else NONE
    return LabelEvent(
        "e", kind, category, ids, author="ann", seq=1, committed_ns=second * S + 5, cloud_stamp_ns=stamp_ns
    )


def lived(seconds: int = 60) -> Past:
    """One cloud a second, a mark in second 20."""
    past = Past(10.0)
    for second in range(1, seconds + 1):
        past.scene(scene(second))
    past.timeline.note_labels([mark(20)])
    return past


def test_the_past_is_seen_as_it_was_and_nothing_in_it_is_told_live() -> None:
    past, now = lived(), scene(60)
    assert past.scene(now) is now
    assert past.frame is None
    past.looking.leap(Leap.EARLIER_EVENT)
    seen, then = past.scene(now), scene(20)
    np.testing.assert_array_equal(seen.cloud.positions, then.cloud.positions.astype(np.float16).astype(np.float32))
    np.testing.assert_array_equal(seen.cloud.rgb, then.cloud.rgb)
    assert seen.cloud.stamp_ns == then.cloud.stamp_ns
    assert seen.progress == then.progress
    assert (seen.beacons, seen.forces, seen.categories) == (None, None, CATEGORIES)
    assert past.frame is not None
    assert (past.frame.cloud, past.frame.epoch) == (seen.cloud, 200)
    # What is the same object is not drawn anew.
    assert past.scene(scene(61)).cloud is seen.cloud
    assert past.timeline.newest_ns == 61 * S


def test_who_looks_at_the_past_of_another_dataset_sees_now() -> None:
    past = lived()
    past.looking.leap(Leap.BEGINNING)
    other = scene(70, items=5)
    assert past.scene(other) is other
    assert past.looking.frame is None


def test_a_session_that_begins_anew_is_seen_as_it_is_now() -> None:
    past = lived()
    past.looking.leap(Leap.BEGINNING)
    assert past.looks_at_ns == 1 * S
    earlier = scene(20)
    assert past.scene(earlier) is earlier
    assert past.looks_at_ns == 0


def test_what_is_told_of_a_time() -> None:
    past, now = lived(), scene(60)
    assert past.told(now, VIEWPORT).banner is None
    past.looking.leap(Leap.EARLIER_EVENT)
    banner = past.told(now, VIEWPORT).banner
    assert banner is not None
    assert (banner.when, banner.what) == ("0:39 ago  ·  epoch 200", "4 items marked as ant, by ann")
    assert banner.hint == "what you mark here is marked now  ·  g: go on from here  ·  esc: back to now"
    past.looking.leap(Leap.BEGINNING)
    banner = past.told(now, VIEWPORT).banner
    assert banner is not None
    assert (banner.when, banner.what) == ("0:59 ago  ·  epoch 10", "the oldest cloud that is kept")
    # Of a moment before the first step.
    assert banner.hint == "what you mark here is marked now  ·  esc: back to now"


def test_a_mark_in_the_past_is_told_of_and_one_on_what_is_now_is_not() -> None:
    past = lived()
    assert past.told_of(mark(60, 60 * S)) == ""
    past.looking.leap(Leap.EARLIER_EVENT)
    assert past.told_of(mark(60, 20 * S)) == "4 items of 0:39 ago are marked now"
    assert past.told_of(mark(60, 20 * S, Kind.ERASE)) == "4 items of 0:39 ago lose their label now"
    assert past.told_of(mark(60, 0)) == ""


# The bar


def test_there_is_no_bar_before_there_is_something_to_go_back_to() -> None:
    past = Past(1.0)
    past.scene(scene(1))
    assert past.told(scene(1), VIEWPORT).bar is None


@given(st.integers(400, 4000), st.integers(300, 2500), st.floats(0, 1))
def test_a_place_of_the_bar_is_that_share_of_it_in_a_window_of_any_size(width: int, height: int, share: float) -> None:
    viewport = Viewport(max(width, height), height)
    x = (116 + share * (viewport.width * 720 / height - 116 - 72)) * height / 720
    assert share_at(viewport, x) == pytest.approx(share, abs=0.005)
    middle = height - (LINE_HEIGHT + BAR_HEIGHT / 2) * height / 720
    beside = (BAR_HEIGHT / 2 + 1) * height / 720
    assert [is_on_bar(viewport, middle + away, LINE_HEIGHT) for away in (-beside, 0, beside)] == [False, True, False]


def reds(image: Image.Image) -> np.ndarray:
    """Columns in which there is something red."""
    away = np.abs(np.asarray(image.convert("RGB")).astype(int) - RED).max(axis=-1)
    return np.flatnonzero((away < 12).any(axis=0))


def test_a_mark_stands_on_the_bar_in_its_colour_at_its_time_and_the_cursor_where_one_looks() -> None:
    past, now = lived(), scene(60)
    bar = past.told(now, VIEWPORT).bar
    assert bar is not None
    assert (bar.cursor, bar.begins) == (None, "50 s ago")
    columns = reds(paint_bar(bar, VIEWPORT))
    assert 1 <= len(columns) <= 5
    assert share_at(VIEWPORT, float(columns.mean())) == pytest.approx(19 / 59, abs=0.005)
    past.looking.leap(Leap.EARLIER)
    back = past.told(now, VIEWPORT).bar
    assert back is not None
    assert back.cursor is not None
    assert share_at(VIEWPORT, (116 + back.cursor) * 800 / 720) == pytest.approx(58 / 59, abs=0.005)
    assert (np.asarray(paint_bar(back, VIEWPORT)) != np.asarray(paint_bar(bar, VIEWPORT))).any()


def test_what_happened_before_all_that_is_kept_is_not_on_the_bar_and_erasing_has_a_colour_too() -> None:
    past, now = lived(), scene(60)
    past.timeline.note_labels([mark(0), mark(40, kind=Kind.ERASE)])
    bar = past.told(now, VIEWPORT).bar
    assert bar is not None
    assert len(bar.ticks) == 2
    assert len({tick.color for tick in bar.ticks}) == 2


def test_the_bar_and_what_is_told_stand_inside_of_the_window_and_over_nothing_else() -> None:
    past, now, desk = lived(), scene(60), Desk("somebody")
    desk.take(Key("escape"), 1)
    past.looking.leap(Leap.BEGINNING)
    placed = Dressing().panels(desk, now, VIEWPORT, Status(), lambda _: None, lambda _: (), past.told(now, VIEWPORT))
    assert set(placed) == {"caption", "line", "bar", "banner"}
    boxes = {n: (*p.place, p.place[0] + p.painted.width, p.place[1] + p.painted.height) for n, p in placed.items()}
    for left, top, right, bottom in boxes.values():
        assert left >= 0
        assert top >= 0
        assert right <= VIEWPORT.width + 1
        assert bottom <= VIEWPORT.height + 1
    assert boxes["bar"][3] == boxes["line"][1]
    assert boxes["banner"][0] >= boxes["caption"][2]


def test_long_words_do_not_make_what_is_told_too_wide() -> None:
    assert paint_banner(Banner("1:00 ago", "word " * 60, "hint"), 720).width < 620


# The way of an item


def test_a_trail_is_there_for_an_item_that_is_looked_at_in_the_past_only() -> None:
    past = lived()
    assert past.trail(3, Placement()) is None
    past.looking.leap(Leap.EARLIER_EVENT)
    assert past.trail(None, Placement()) is None
    assert past.trail(ITEMS, Placement()) is None
    placement = Placement(scale=0.5)
    trail = past.trail(3, placement)
    assert trail is not None
    assert (len(trail.points), trail.here) == (60, 19)
    wanted = placement.stage_from_latent(SHAPE[3] + 0.001 * np.arange(1, 61)[:, None])
    np.testing.assert_allclose(trail.points, wanted, atol=2e-3)
    assert past.trail(3, placement) is trail
    assert past.trail(4, placement) is not trail


@pytest.mark.parametrize("count", [1, 2, 50])
def test_a_trail_is_a_line_through_its_points_wherever_they_are(count: int) -> None:
    subject = Subject(np.array([0.0, 1.25, -0.55]), 0.4)
    camera = Viewpoint().camera(subject)
    points = subject.center + 0.2 * np.random.default_rng(1).normal(size=(count, 3))
    points[count // 2 :] = points[count // 2]  # It rests.
    mesh = trail_shape(Trail(points, np.full((count, 3), 0.5), count // 2), camera, 800)
    assert np.isfinite(mesh.vertices).all()
    assert len(mesh.vertices) == len(mesh.colors) > 0
    assert ((mesh.colors >= 0) & (mesh.colors <= 1)).all()
    seen = camera.pixels(mesh.vertices, 1280, 800)
    for point in camera.pixels(points, 1280, 800):
        assert np.linalg.norm(seen - point, axis=1).min() < 7


def test_where_an_item_went_later_is_fainter() -> None:
    subject = Subject(np.array([0.0, 1.25, -0.55]), 0.4)
    camera = Viewpoint().camera(subject)
    points = subject.center + np.linspace([-0.2, 0, 0], [0.2, 0, 0], 11)
    mesh = trail_shape(Trail(points, np.full((11, 3), 0.8), 5), camera, 800)
    x = camera.pixels(mesh.vertices, 1280, 800)[:, 0] - camera.pixels(subject.center, 1280, 800)[0]
    assert mesh.colors[x < -10].mean() > 1.5 * mesh.colors[x > 10].mean()
