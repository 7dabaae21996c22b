"""What one item looks and sounds like: the picture or sound itself; nothing for a row of features."""

import io
import wave
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from latent_trainer.preview import UNREADABLE, description, enlarged_png, picture_png, sound_wav, values_text
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


def test_no_more_than_sixteen_values_are_shown() -> None:
    assert values_text(np.arange(16, dtype=np.float32)) == " ".join(str(i) for i in range(16))
    assert values_text(np.full(17, 0.5, np.float32)) == " ".join(["0.5"] * 16) + " ..."


def test_a_picture_made_quickly_shows_the_same() -> None:
    pixels = RNG.integers(0, 256, size=(28, 28), dtype=np.uint8)
    assert_shows(enlarged_png(Image.fromarray(pixels), quick=True), pixels)


# Sounds


def folder_of_sounds(folder: Path, seconds: float = 1.0) -> list[np.ndarray]:
    """Tones of 300, 500, 700 ... Hz, 44.1 kHz."""
    tones = [
        0.25 * np.sin(2 * np.pi * (300 + 200 * i) * np.arange(round(44_100 * seconds)) / 44_100) for i in range(ITEMS)
    ]
    for number, tone in enumerate(tones):
        with wave.open(str(folder / f"{number:03}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(44_100)
            file.writeframes(np.round(32767 * tone).astype("<i2").tobytes())
    return tones


def heard(wav: bytes) -> tuple[int, np.ndarray]:
    """The rate, and samples from -1 to 1."""
    with wave.open(io.BytesIO(wav)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        return file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32767


def test_the_picture_of_a_sound_is_its_spectrogram_with_low_frequencies_at_the_bottom(tmp_path: Path) -> None:
    folder_of_sounds(tmp_path)
    dataset = load(str(tmp_path))
    assert_shows(picture_png(dataset, 2), dataset.items[2][::-1])
    brightest = [int(np.asarray(decoded(picture_png(dataset, i))).sum(axis=1).argmax()) for i in range(ITEMS)]
    assert brightest == sorted(brightest, reverse=True)
    assert brightest[0] > 2 * 64 * 3 / 4


@pytest.mark.parametrize(("seconds", "expected_s"), [(0.5, 0.5), (1.0, 1.0), (8.0, 3.072)])
def test_the_sound_of_an_item_is_what_its_picture_shows(tmp_path: Path, seconds: float, expected_s: float) -> None:
    folder_of_sounds(tmp_path, seconds)
    rate_hz, samples = heard(sound_wav(load(str(tmp_path)), 2))
    assert rate_hz == 16_000
    assert len(samples) == pytest.approx(expected_s * rate_hz, abs=64)
    assert np.abs(np.fft.rfft(samples)).argmax() * rate_hz / len(samples) == pytest.approx(700, abs=2)
    assert np.abs(samples[500:-500]).max() == pytest.approx(0.25, abs=0.01)


def test_what_is_no_sound_has_none(tmp_path: Path) -> None:
    folder_of_images(tmp_path, (40, 40))
    assert sound_wav(load(str(tmp_path)), 0) == b""
    assert sound_wav(Dataset("rows", RNG.random((ITEMS, 4), dtype=np.float32)), 0) == b""
    assert sound_wav(Dataset("pictures", RNG.integers(0, 256, (ITEMS, 64, 96), dtype=np.uint8)), 0) == b""


@pytest.mark.parametrize("content", [None, b"", b"no sound"], ids=["gone", "empty", "something else"])
def test_a_file_that_is_no_sound_any_more_is_unreadable(tmp_path: Path, content: bytes | None) -> None:
    folder_of_sounds(tmp_path)
    dataset = load(str(tmp_path))
    file = tmp_path / dataset.item_names[3]
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    with pytest.raises(UNREADABLE):
        sound_wav(dataset, 3)
    # The picture is in memory.
    assert_shows(picture_png(dataset, 3), dataset.items[3][::-1])


@pytest.mark.parametrize("media", ["image", "audio"])
def test_embeddings_look_and_sound_as_the_table_beside_them_says(tmp_path: Path, media: str) -> None:
    pictures = folder_of_images(tmp_path, (180, 140))
    folder_of_sounds(tmp_path)
    np.save(tmp_path / "data.npy", RNG.random((ITEMS, 4)))
    suffix = "png" if media == "image" else "wav"
    lines = [f"id,{media}", *(f"n{i},{i:03}.{suffix}" for i in range(ITEMS))]
    (tmp_path / "data.csv").write_text("\n".join(lines))
    dataset = load(str(tmp_path / "data.npy"), max_items=20)
    item = 7
    number = int(dataset.ids[item][1:])
    if media == "image":
        assert_shows(picture_png(dataset, item), pictures[number])
        assert sound_wav(dataset, item) == b""
    else:
        (tmp_path / "sounds").mkdir()
        folder_of_sounds(tmp_path / "sounds")
        assert_shows(picture_png(dataset, item), load(str(tmp_path / "sounds")).items[number][::-1])
        _, samples = heard(sound_wav(dataset, item))
        assert np.abs(np.fft.rfft(samples)).argmax() == pytest.approx(300 + 200 * number, abs=2)
    assert description(dataset, item) == f"n{number}"


def test_an_item_of_a_subset_is_described_by_its_number_in_the_whole() -> None:
    part = Dataset("pictures", np.zeros((50, 4, 4), np.uint8)).subset(30, 1)
    assert part.rows is not None
    assert description(part, 5) == f"item {part.rows[5]}"
