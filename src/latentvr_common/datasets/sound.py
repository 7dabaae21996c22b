"""WAV and FLAC files: what is heard of them, and its log-mel spectrogram, a picture of MELS x FRAMES pixels.

Decoding is FFmpeg's, by way of PyAV; the filter bank is Kaldi's, by way of kaldi-native-fbank.
"""

from itertools import chain
from pathlib import Path

import av
import kaldi_native_fbank as knf  # type: ignore[import-untyped]
import numpy as np
import numpy.typing as npt

from latentvr_common.datasets.files import FileKind
from latentvr_common.datasets.folder import SOUND_SUFFIXES
from latentvr_common.datasets.texts import one_line

Samples = npt.NDArray[np.float32]
"""(n,) mono, RATE_HZ, about -1 to 1."""

RATE_HZ = 16_000
MELS = 64
"""Bands from 20 Hz to 8 kHz, equally wide in mel."""
FRAMES = 96
HOP = 512
"""Samples from one frame to the next: 32 ms. A frame is two hops long."""
STRETCH = FRAMES * HOP
"""Samples that a picture shows: 3.1 s."""
LONGEST_S = 60
"""What comes later in a file is not decoded."""
RANGE_DB = 80.0
"""A picture goes from this far below the loudest band of its loudest frame, 0, up to there, 255."""

_SHORTEST_S = 0.01
_SILENCE = 1e-4
"""A peak below this, -80 dB, is silence."""
_RATES_HZ = range(1_000, 400_000)
_MOST_CHANNELS = 8
_DB_PER_NEPER = 10.0 / np.log(10.0)


class SoundError(ValueError):
    """A file is no sound that can be shown; the text says why."""


def decode(file: Path) -> Samples:
    """Return the first LONGEST_S seconds of a sound. Raises SoundError or OSError."""
    kind = file.suffix.lower().removeprefix(".")
    try:
        # An open file, not its name: FFmpeg then cannot take a name for an address, nor open another file.
        with file.open("rb") as stream, av.open(stream, format=kind, metadata_errors="ignore") as container:
            samples = _decoded(container)
    except av.FFmpegError as error:
        raise SoundError(error.strerror or type(error).__name__) from error
    except (ValueError, EOFError, MemoryError) as error:
        raise SoundError(one_line(error)) from error
    if not np.isfinite(samples).all():
        raise SoundError("holds values that are not finite")
    if len(samples) < _SHORTEST_S * RATE_HZ:
        raise SoundError(f"{len(samples) / RATE_HZ:.3f} s long, expected at least {_SHORTEST_S} s")
    return samples


def _decoded(container: av.container.InputContainer) -> Samples:
    track = container.streams.audio[0] if container.streams.audio else None
    if track is None or track.codec_context is None:
        raise SoundError("no sound in it that can be decoded")
    if track.rate not in _RATES_HZ or not 1 <= track.channels <= _MOST_CHANNELS:
        raise SoundError(f"{track.rate} Hz and {track.channels} channels, expected a sane number of each")
    # One plane for all channels: of planes, PyAV 18 reads past the last where there are 8 or more.
    resampler = av.AudioResampler(format="flt", rate=RATE_HZ)
    most = LONGEST_S * RATE_HZ
    parts: list[Samples] = [np.zeros(0, np.float32)]
    count = 0
    # None asks the resampler for what it still holds; it must not come first.
    for frame in chain(container.decode(track), [None]):
        for part in resampler.resample(frame) if frame or count else ():
            parts.append(part.to_ndarray().reshape(-1, part.layout.nb_channels).mean(axis=1))
            count += part.samples
        if count >= most:
            break
    return np.concatenate(parts)[:most]


def heard(samples: Samples) -> Samples:
    """Return the STRETCH of a sound that stands for it; all of it if it is no longer. Raises SoundError for silence.

    That is its middle, unless there is less than half as much to hear there (as energy) as where there is most.
    """
    stretch = samples[_start(samples) :][:STRETCH]
    if np.abs(stretch).max() < _SILENCE:
        raise SoundError("silent")
    return stretch


def _start(samples: Samples) -> int:
    if len(samples) <= STRETCH:
        return 0
    energy = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    last = len(samples) - STRETCH
    middle = last // 2
    starts = np.append(np.arange(0, last, HOP), [last, middle])
    within = energy[starts + STRETCH] - energy[starts]
    return middle if within[-1] >= 0.5 * within.max() else int(starts[within.argmax()])


def spectrogram(stretch: Samples) -> npt.NDArray[np.uint8]:
    """Return a stretch of at most STRETCH samples as (MELS, FRAMES), row 0 the lowest; a short one is in the middle."""
    missing = STRETCH - len(stretch)
    padded = np.pad(stretch / np.abs(stretch).max(), (missing // 2, missing - missing // 2))
    bank = knf.OnlineFbank(_OPTIONS)
    bank.accept_waveform(RATE_HZ, padded.tolist())
    bank.input_finished()
    log_energy = np.stack([bank.get_frame(i) for i in range(FRAMES)], axis=1)
    below_db = (log_energy.max() - log_energy) * _DB_PER_NEPER
    return np.asarray(np.round(255.0 * np.clip(1.0 - below_db / RANGE_DB, 0.0, 1.0)), dtype=np.uint8)


def _options() -> knf.FbankOptions:
    options = knf.FbankOptions()
    frames, mels = options.frame_opts, options.mel_opts
    frames.samp_freq = RATE_HZ
    frames.frame_shift_ms, frames.frame_length_ms = 1000 * HOP / RATE_HZ, 2000 * HOP / RATE_HZ
    frames.window_type = "hann"
    frames.dither = 0.0
    frames.preemph_coeff = 0.0
    frames.snip_edges = False
    mels.num_bins, mels.low_freq, mels.high_freq = MELS, 20.0, RATE_HZ / 2
    return options


_OPTIONS = _options()


def _read(file: Path) -> npt.NDArray[np.uint8] | str:
    try:
        return spectrogram(heard(decode(file)))
    except (OSError, SoundError) as error:
        return one_line(error).replace(str(file), file.name)


SOUNDS = FileKind("sound", SOUND_SUFFIXES, (MELS, FRAMES), _read)
