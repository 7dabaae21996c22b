"""A film that is written picture by picture (H.264 in MP4) and can be watched at any time.

While it grows every picture is a fragment of its own, so a process that is killed loses the last one at most. `close`
turns the file into an ordinary MP4, which starts at once in a browser and knows its length.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

RATE_HZ = 30
_WHILE_GROWING = {"movflags": "frag_every_frame+empty_moov+default_base_moof", "flush_packets": "1"}
_WHEN_DONE = {"movflags": "faststart"}
# Zero latency: no picture waits in the encoder for the next one. Superfast at 25 looks like veryfast at 23, as large,
# for two thirds of its time.
_ENCODER = {"preset": "superfast", "tune": "zerolatency", "crf": "25"}
_KEYFRAME_EVERY = 2 * RATE_HZ
_BT709, _VIDEO_RANGE = 1, 1


class VideoError(Exception):
    """The film cannot be written; the text says why."""


@contextmanager
def _as_video_error(path: Path) -> Iterator[None]:
    try:
        yield
    except (av.FFmpegError, OSError) as error:
        raise VideoError(f"{path}: {getattr(error, 'strerror', None) or error}") from error


class Video:
    """A film of pictures of one size, RATE_HZ of them a second. Used by one thread at a time."""

    def __init__(self, path: Path, width: int, height: int) -> None:
        """Begin the film at `path`, in place of a file that is there."""
        self.path = path
        self.frames = 0
        with _as_video_error(path):
            self._container: Any = av.open(str(path), "w", format="mp4", options=_WHILE_GROWING)
            self._stream = self._container.add_stream("libx264", rate=RATE_HZ, options=_ENCODER)
        self._stream.width, self._stream.height = width, height
        self._stream.pix_fmt = "yuv420p"
        self._stream.time_base = Fraction(1, RATE_HZ)
        context = self._stream.codec_context
        context.thread_count = 1
        context.gop_size = _KEYFRAME_EVERY
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = _VIDEO_RANGE

    def add(self, picture: Image.Image, frames: int = 1) -> None:
        """Append `picture`, RGBX, held for so many `frames`. Raises VideoError."""
        frame = av.VideoFrame.from_ndarray(np.asarray(picture), format="rgba")
        frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
        frame.time_base = Fraction(1, RATE_HZ)
        for _ in range(frames):
            frame.pts = self.frames
            with _as_video_error(self.path):
                self._container.mux(self._stream.encode(frame))
            self.frames += 1

    def close(self) -> None:
        """Finish the film. Raises VideoError; what was written so far stays playable."""
        with _as_video_error(self.path):
            self._container.mux(self._stream.encode(None))
            self._container.close()
            if self.frames:
                _rewrite(self.path)


def _rewrite(path: Path) -> None:
    """Replace a film in fragments by the same one as an ordinary MP4."""
    partial = path.with_name(path.name + ".partial")
    with av.open(str(path)) as source, av.open(str(partial), "w", format="mp4", options=_WHEN_DONE) as target:
        stream: Any = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    os.replace(partial, path)


def set_aside(path: Path) -> Path | None:
    """Rename an earlier film at `path` so that it is kept, and return its new name; None if there is none."""
    if not path.exists() or path.stat().st_size == 0:
        return None
    number = 1
    while (kept := path.with_name(f"{path.stem}-{number}{path.suffix}")).exists():
        number += 1
    os.replace(path, kept)
    return kept
