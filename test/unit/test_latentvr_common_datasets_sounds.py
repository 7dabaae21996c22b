"""Sounds: the spectrogram is what an independent one says, whatever the file; what is no sound is skipped."""

import random
import struct
import wave
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from latentvr_common.datasets import Dataset, load, sound
from latentvr_common.datasets.sound import FRAMES, HOP, MELS, RATE_HZ, STRETCH, SoundError
from latentvr_common.errors import InputError

N = 24
RANDOM = np.random.default_rng(0)
Samples = npt.NDArray[np.floating[Any]]


def tone(frequency_hz: float, seconds: float, rate_hz: int = RATE_HZ, amplitude: float = 0.5) -> Samples:
    return amplitude * np.sin(2 * np.pi * frequency_hz * np.arange(round(seconds * rate_hz)) / rate_hz)


def noise(seconds: float, amplitude: float = 0.1, rate_hz: int = RATE_HZ) -> Samples:
    return amplitude * RANDOM.normal(size=round(seconds * rate_hz)).clip(-3, 3)


def write_wav(path: Path, samples: Samples, rate_hz: int = RATE_HZ) -> Path:
    """Samples: (n,) or (n, channels), -1 to 1."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(np.round(samples * 32767).astype("<i2").tobytes())
    return path


def write_flac(path: Path, samples: Samples, rate_hz: int = RATE_HZ) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", format="flac") as container:
        track = container.add_stream("flac", rate=rate_hz, layout="mono")
        values = np.round(samples * 32767).astype(np.int16)
        for start in range(0, len(values), 4096):
            frame = av.AudioFrame.from_ndarray(values[None, start : start + 4096], format="s16", layout="mono")
            frame.sample_rate = rate_hz
            container.mux(track.encode(frame))
        container.mux(track.encode(None))
    return path


def fill(folder: Path, count: int = N) -> None:
    """Tones that are higher and higher."""
    for i in range(count):
        write_wav(folder / f"{i:03}.wav", tone(300 + 100 * i, 1.0))


def mel(frequency_hz: Any) -> Any:
    return 1127.0 * np.log1p(np.asarray(frequency_hz) / 700.0)


def reference_spectrogram(samples: Samples) -> Samples:
    """(MELS, FRAMES) decibels: Hann window of two hops around the middle of each hop, triangles that meet in mel."""
    padded = np.concatenate([samples[: HOP // 2][::-1], samples, samples[-HOP:][::-1]])
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(2 * HOP) / (2 * HOP - 1))
    frames = np.stack([padded[i * HOP : (i + 2) * HOP] for i in range(FRAMES)])
    frames = frames - frames.mean(axis=1, keepdims=True)
    power = np.abs(np.fft.rfft(frames * window)) ** 2
    edges = np.linspace(mel(20.0), mel(RATE_HZ / 2), MELS + 2)
    at = mel(np.fft.rfftfreq(2 * HOP, 1 / RATE_HZ))[None, :]
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    weights = np.clip(np.minimum((at - low) / (middle - low), (high - at) / (high - middle)), 0, None)
    return 10 * np.log10(np.maximum(weights @ power.T, 1e-12))


# Spectrograms


def test_a_spectrogram_is_what_an_independent_one_says() -> None:
    sweep = 0.3 * np.sin(2 * np.pi * np.cumsum(np.linspace(100, 7000, STRETCH)) / RATE_HZ)
    samples = (sweep + noise(STRETCH / RATE_HZ, 0.01)).astype(np.float32)
    reference = reference_spectrogram(samples)
    expected = 255 * np.clip(1 + (reference - reference.max()) / 80, 0, 1)
    found = sound.spectrogram(samples)
    assert (found.shape, found.dtype) == ((MELS, FRAMES), np.uint8)
    # Kaldi mirrors a little differently at both ends.
    np.testing.assert_allclose(found[:, 2:-2], expected[:, 2:-2], atol=2.0)


@pytest.mark.parametrize("frequency_hz", [100, 440, 1000, 3000, 7000])
def test_a_tone_is_a_line_in_its_band_and_low_ones_come_first(frequency_hz: float) -> None:
    picture = sound.spectrogram(tone(frequency_hz, STRETCH / RATE_HZ).astype(np.float32))
    centers = np.linspace(mel(20.0), mel(RATE_HZ / 2), MELS + 2)[1:-1]
    assert set(picture.argmax(axis=0).tolist()) <= {
        int(np.abs(centers - mel(frequency_hz)).argmin()) + i for i in (0, 1, -1)
    }
    assert picture.max() == 255


def test_loudness_makes_no_difference_and_the_same_sound_gives_the_same_picture() -> None:
    samples = noise(2.0).astype(np.float32)
    first = sound.spectrogram(samples)
    np.testing.assert_array_equal(sound.spectrogram(samples), first)
    np.testing.assert_allclose(sound.spectrogram(samples * 1e-3).astype(int), first.astype(int), atol=1)
    np.testing.assert_allclose(sound.spectrogram(samples * 1e30).astype(int), first.astype(int), atol=1)


def test_a_short_sound_is_in_the_middle_of_silence() -> None:
    picture = sound.spectrogram(noise(0.5).astype(np.float32))
    loud = np.flatnonzero(picture.mean(axis=0) > 100)
    assert 14 <= len(loud) <= 18
    assert abs(loud.mean() - (FRAMES - 1) / 2) < 1
    assert picture[:, :30].max() == 0


# What is heard of a file


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("write", [write_wav, write_flac])
def test_files_of_any_rate_sound_the_same(tmp_path: Path, rate_hz: int, write: Any) -> None:
    path = write(tmp_path / ("a.wav" if write is write_wav else "a.flac"), tone(1000, 2.0, rate_hz), rate_hz)
    found = sound.decode(path)
    assert (found.ndim, found.dtype) == (1, np.float32)
    assert len(found) == pytest.approx(2 * RATE_HZ, abs=64)
    spectrum = np.abs(np.fft.rfft(found))
    assert np.argmax(spectrum) * RATE_HZ / len(found) == pytest.approx(1000, abs=1)
    assert np.abs(found[1000:-1000]).max() == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("channels", [1, 2, 3, 6, 8])
def test_channels_are_mixed(tmp_path: Path, channels: int) -> None:
    samples = np.stack([tone(500 * (i + 1), 1.0) for i in range(channels)], axis=1)
    for _ in range(5):
        found = sound.decode(write_wav(tmp_path / "a.wav", samples))
        np.testing.assert_allclose(found, samples.mean(axis=1), atol=1e-3)


def test_of_a_long_sound_the_middle_is_heard(tmp_path: Path) -> None:
    samples = noise(10.0).astype(np.float32)
    start = (len(samples) - STRETCH) // 2
    np.testing.assert_array_equal(sound.heard(samples), samples[start : start + STRETCH])


@pytest.mark.parametrize("at_s", [0.0, 9.0])
def test_of_a_sound_that_is_elsewhere_than_in_the_middle_that_is_heard(at_s: float) -> None:
    samples = noise(10.0, amplitude=0.001).astype(np.float32)
    call = tone(1000, 1.0).astype(np.float32)
    start = round(at_s * RATE_HZ)
    samples[start : start + len(call)] += call
    stretch = sound.heard(samples)
    assert len(stretch) == STRETCH
    assert np.square(stretch).sum() == pytest.approx(np.square(samples).sum(), rel=0.01)


def test_of_a_very_long_file_only_the_beginning_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound, "LONGEST_S", 2)
    path = write_flac(tmp_path / "a.flac", noise(30.0))
    whole = path.read_bytes()
    # What comes later is not even looked at.
    path.write_bytes(whole[: len(whole) // 3] + bytes(len(whole) - len(whole) // 3))
    assert len(sound.decode(path)) == 2 * RATE_HZ


@pytest.mark.parametrize("bits", [32, 64])
def test_wav_files_of_floats_are_read_and_those_of_no_numbers_are_not(tmp_path: Path, bits: int) -> None:
    def write(samples: Samples) -> Path:
        data = samples.astype(f"<f{bits // 8}").tobytes()
        form = struct.pack("<HHIIHH", 3, 1, RATE_HZ, RATE_HZ * bits // 8, bits // 8, bits)
        path = tmp_path / "a.wav"
        path.write_bytes(wav_of(form, data))
        return path

    samples = tone(1000, 1.0)
    np.testing.assert_allclose(sound.decode(write(samples)), samples, atol=1e-6)
    samples[100] = np.nan
    with pytest.raises(SoundError, match="holds values that are not finite"):
        sound.decode(write(samples))


def wav_of(form: bytes, data: bytes, claimed: int | None = None) -> bytes:
    claimed = len(data) if claimed is None else claimed
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", claimed) + data
    return b"RIFF" + struct.pack("<I", min(2**32 - 1, len(body))) + body


def form_of(code: int = 1, channels: int = 1, rate_hz: int = RATE_HZ, align: int = 2, bits: int = 16) -> bytes:
    return struct.pack("<HHIIHH", code, channels, rate_hz, rate_hz * align % 2**32, align, bits)


SECOND = np.round(tone(1000, 1.0) * 32767).astype("<i2").tobytes()


@pytest.mark.parametrize("claimed", [0xFFFFFFFF, 0x7FFFFFFF, len(SECOND) + 1000], ids=["all", "half", "a little more"])
def test_a_header_that_claims_more_than_there_is_does_not_matter(tmp_path: Path, claimed: int) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wav_of(form_of(), SECOND, claimed))
    assert len(sound.decode(path)) == RATE_HZ


LIES = {
    "1 Hz": wav_of(form_of(rate_hz=1), SECOND),
    "no rate": wav_of(form_of(rate_hz=0), SECOND),
    "4 GHz": wav_of(form_of(rate_hz=2**32 - 1), SECOND),
    "1 MHz": wav_of(form_of(rate_hz=1_000_000), SECOND),
    "no channel": wav_of(form_of(channels=0), SECOND),
    "9 channels": wav_of(form_of(channels=9, align=18), SECOND),
    "65,535 channels": wav_of(form_of(channels=65_535), SECOND),
    "no bits": wav_of(form_of(bits=0), SECOND),
    "a code that is none": wav_of(form_of(code=0x7777), SECOND),
    "no data": wav_of(form_of(), b""),
    "three samples": wav_of(form_of(), SECOND[:6]),
    "no form": b"RIFF\x10\0\0\0WAVEdata\xff\xff\xff\x7f" + SECOND,
    "nothing": b"",
    "text": b"some text",
    "zeros": bytes(1000),
    "a playlist": b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n/etc/passwd\n",
    "silence": wav_of(form_of(), bytes(50_000)),
    "almost silence": wav_of(form_of(), b"\1\0\xff\xff" * 10_000),
}


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_files_that_are_no_sound_are_skipped_with_a_reason(tmp_path: Path, suffix: str) -> None:
    fill(tmp_path)
    for name, content in LIES.items():
        (tmp_path / f"x {name}{suffix}").write_bytes(content)
    found = load(str(tmp_path))
    assert len(found) == N
    assert [s.name for s in found.skipped] == sorted(f"x {name}{suffix}" for name in LIES)
    assert all(s.reason and "\n" not in s.reason and str(tmp_path) not in s.reason for s in found.skipped)
    if suffix == ".wav":
        reasons = {s.name: s.reason for s in found.skipped}
        assert reasons["x silence.wav"] == reasons["x almost silence.wav"] == "silent"
        assert reasons["x three samples.wav"] == "0.000 s long, expected at least 0.01 s"
        assert reasons["x text.wav"] == "Invalid data found when processing input"
        assert reasons["x 1 Hz.wav"].startswith("1 Hz and 1 channels")


def test_a_folder_of_nothing_but_broken_sounds_is_refused_with_the_first_reason(tmp_path: Path) -> None:
    for i in range(3):
        (tmp_path / f"{i}.wav").write_bytes(LIES["silence"])
    with pytest.raises(InputError, match=r"none of 3 sounds can be read; 0\.wav: silent"):
        load(str(tmp_path))


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_a_damaged_sound_is_read_or_skipped_and_nothing_else(tmp_path: Path, suffix: str) -> None:
    write = write_wav if suffix == ".wav" else write_flac
    whole = write(tmp_path / f"whole{suffix}", noise(0.3)).read_bytes()
    source = random.Random(len(whole))
    for number in range(200):
        copy = bytearray(whole[: source.randrange(len(whole))] if number % 4 == 3 else whole)
        for _ in range(source.choice((1, 1, 2, 4))):
            copy[source.randrange(min(60 if number % 2 else len(whole), len(copy)) or 1)] = source.randrange(256)
        (tmp_path / f"{number}{suffix}").write_bytes(copy)
    fill(tmp_path / "good")
    found = load(str(tmp_path))
    assert len(found) + len(found.skipped) == 201 + N
    assert len(found) > N
    assert len(found.skipped) >= 10


# Folders and tables


def test_subfolders_of_sounds_are_categories_and_nothing_else(tmp_path: Path) -> None:
    for i in range(12):
        write_wav(tmp_path / "low" / f"{i:02}.wav", tone(300 + i, 1.0))
        write_flac(tmp_path / "high" / f"{i:02}.FLAC", tone(3000 + i, 1.0))
    found = load(str(tmp_path))
    assert (found.kind, found.media, found.items.shape) == ("sounds", "sound", (N, MELS, FRAMES))
    assert found.has_pictures
    assert found.categories == ("high", "low")
    assert found.truth is not None
    assert found.truth.tolist() == [0] * 12 + [1] * 12
    assert (found.item_names[0], found.ids[-1]) == ("high/00.FLAC", "low/11.wav")
    assert found.file_of(0) == tmp_path / "high" / "00.FLAC"
    rows = found.items.mean(axis=2).argmax(axis=1)
    assert rows[:12].min() > rows[12:].max()
    assert found.features().shape == (N, MELS * FRAMES)
    assert found.features().max() == 1.0


def test_a_column_of_sounds_makes_the_items_spectrograms(tmp_path: Path) -> None:
    fill(tmp_path / "calls")
    lines = ["id,audio,truth", *(f"n{i},calls/{i:03}.wav,{'ab'[i % 2]}" for i in range(N)), "gone,calls/gone.wav,a"]
    (tmp_path / "data.csv").write_text("\n".join(lines) + "\n")
    found = load(str(tmp_path / "data.csv"))
    assert (found.kind, found.media, len(found)) == ("sounds", "sound", N)
    assert found.ids[3] == "n3"
    assert [s.name for s in found.skipped] == ["calls/gone.wav"]
    np.testing.assert_array_equal(found.items, load(str(tmp_path / "calls")).items)


def test_of_images_and_sounds_in_one_folder_the_more_numerous_are_taken(tmp_path: Path) -> None:
    fill(tmp_path)
    Image.new("L", (40, 40)).save(tmp_path / "cover.png")
    found = load(str(tmp_path))
    assert (found.kind, found.notes) == ("sounds", ("1 images beside the sounds are ignored",))
    for i in range(N + 1):
        Image.new("L", (40, 40), i).save(tmp_path / f"{i}.png")
    found = load(str(tmp_path))
    assert (found.kind, found.notes) == ("pictures", (f"{N} sounds beside the images are ignored",))


def test_a_subset_of_sounds_reads_no_other_sound(tmp_path: Path) -> None:
    fill(tmp_path, 40)
    chosen: Dataset = load(str(tmp_path), max_items=20, seed=1)
    for file in tmp_path.glob("*.wav"):
        if file.name not in chosen.item_names:
            file.write_bytes(b"no sound")
    again = load(str(tmp_path), max_items=20, seed=1)
    assert (again.digest, again.skipped) == (chosen.digest, ())
    (tmp_path / chosen.item_names[4]).write_bytes(b"no sound")
    with pytest.raises(InputError, match="19 usable items"):
        load(str(tmp_path), max_items=20, seed=1)
