"""What one item looks like: the picture itself, large enough to see; nothing for a row of features."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from latent_trainer.preview import description, picture_png
from latentvr_common.datasets import Dataset, load

ITEMS = 24
RNG = np.random.default_rng(0)


def decoded(png: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(png), formats=("PNG",))
    image.load()
    return image


def assert_shows(png: bytes, pixels: np.ndarray) -> None:
    """Each pixel of the item is a square of pixels of the same colour in the PNG."""
    shown = np.asarray(decoded(png))
    times = shown.shape[0] // pixels.shape[0]
    assert shown.shape[:2] == (pixels.shape[0] * times, pixels.shape[1] * times)
    np.testing.assert_array_equal(shown, pixels.repeat(times, axis=0).repeat(times, axis=1))


@pytest.mark.parametrize("shape", [(8, 8), (28, 28), (5, 40), (200, 150), (8, 8, 3), (128, 100, 3), (1, 1, 3)])
def test_the_picture_of_an_item_is_its_pixels_enlarged_to_at_least_128(shape: tuple[int, ...]) -> None:
    items = RNG.integers(0, 256, size=(ITEMS, *shape), dtype=np.uint8)
    png = picture_png(Dataset("pictures", items), 3)
    assert_shows(png, items[3])
    assert 128 <= max(decoded(png).size) < 256
    assert decoded(png).mode == ("RGB" if len(shape) == 3 else "L")


def test_a_row_of_features_has_no_picture() -> None:
    assert picture_png(Dataset("rows", RNG.random((ITEMS, 4), dtype=np.float32)), 0) == b""


def folder_of_images(folder: Path, size: tuple[int, int], suffix: str = ".png") -> list[np.ndarray]:
    """Smooth pictures, so that JPEG keeps them nearly as they are."""
    pictures = []
    for number in range(ITEMS):
        ramp = np.linspace(0, 200, size[0], dtype=np.uint8)[None, :, None]
        pixels = np.broadcast_to(ramp + np.array([0, 20, 2 * number], np.uint8), (size[1], size[0], 3)).copy()
        Image.fromarray(pixels).save(folder / f"{number:03}{suffix}", quality=95)
        pictures.append(pixels)
    return pictures


def test_a_picture_of_an_image_folder_is_the_file_and_not_what_the_network_sees(tmp_path: Path) -> None:
    pictures = folder_of_images(tmp_path, (180, 140))
    dataset = load(str(tmp_path))
    assert dataset.items.shape == (ITEMS, 32, 32, 3)
    assert_shows(picture_png(dataset, 5), pictures[5])


@pytest.mark.parametrize(
    ("size", "expected"), [((20, 10), (140, 70)), ((600, 300), (256, 128)), ((90, 300), (77, 256))]
)
@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_small_file_is_enlarged_and_a_large_one_reduced(
    tmp_path: Path, size: tuple[int, int], expected: tuple[int, int], suffix: str
) -> None:
    pictures = folder_of_images(tmp_path, size, suffix)
    shown = decoded(picture_png(load(str(tmp_path)), 2))
    if suffix == ".png":
        assert shown.size == expected
    assert 128 <= max(shown.size) <= 256
    assert shown.width / shown.height == pytest.approx(size[0] / size[1], rel=0.02)
    np.testing.assert_allclose(np.asarray(shown).mean(axis=(0, 1)), pictures[2].mean(axis=(0, 1)), atol=4)


def test_the_name_of_an_item_is_its_file(tmp_path: Path) -> None:
    (tmp_path / "cats").mkdir()
    folder_of_images(tmp_path / "cats", (40, 40))
    assert description(load(str(tmp_path)), 7) == "cats/007.png"


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        (np.zeros((ITEMS, 8, 8), np.uint8), "item 2"),
        (np.tile(np.array([1.0, -0.25, 123456.0], np.float32), (ITEMS, 1)), "1 -0.25 1.235e+05"),
        (np.ones((ITEMS, 16), np.float32), " ".join(["1"] * 16)),
        (np.ones((ITEMS, 17), np.float32), " ".join(["1"] * 16) + " ..."),
    ],
    ids=["a picture", "few features", "sixteen features", "more features"],
)
def test_an_item_without_a_name_is_described_by_what_it_is(items: np.ndarray, expected: str) -> None:
    assert description(Dataset("nameless", items), 2) == expected
