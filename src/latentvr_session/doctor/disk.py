"""Where sessions are written, and the cache."""

import os
import shutil
import tempfile
import time
from pathlib import Path

from latentvr_common.directories import user_cache
from latentvr_session.doctor.finding import Finding, error, ok, warning

_MIB = 1 << 20
LEAST_SPACE, GOOD_SPACE = 500 * _MIB, 4096 * _MIB
SLOW_SYNC_S = 0.05
_TRIES = 9


def space(folder: Path, free: int) -> Finding:
    """Look at the bytes that are free where `folder` is."""
    text = f"{free / _MIB:,.0f} MiB free in {folder}"
    if free < LEAST_SPACE:
        return error("disk", text, "make room: recording stops here, and labels may not be taken")
    if free < GOOD_SPACE:
        return warning("disk", text, "enough for an hour or so: make room, or give directory:= another place")
    return ok("disk", text)


def writing(folder: Path, trouble: str, sync_s: float) -> Finding:
    """Look at how a small file was made durable in `folder`: why it could not be, or how long it took."""
    if trouble:
        return error("writing", f"{folder}: {trouble}", "give directory:= a place that can be written to")
    text = f"a label is on the disk after {1000 * sync_s:.1f} ms"
    if sync_s > SLOW_SYNC_S:
        return warning("writing", text, "marks will be slow: give directory:= a place on a local disk")
    return ok("writing", text)


def cache(folder: Path | None, size: int, writable: bool) -> Finding:
    """Look at the cache of what large datasets look like."""
    if folder is None:
        return warning("cache", "there is no home directory", "large datasets are prepared anew each time")
    text = f"{size / _MIB:,.0f} MiB in {folder}"
    if not writable:
        return warning("cache", f"{folder} cannot be written to", "large datasets are prepared anew each time")
    return ok("cache", f"{text}; safe to delete")


# How it is found


def existing(folder: Path) -> Path:
    """Return `folder`, or the nearest folder above it that there is."""
    return next(place for place in (folder, *folder.parents) if place.is_dir())


def try_to_write(folder: Path) -> tuple[str, float]:
    """Make small files durable in `folder`; return why not, and the median time of one, s."""
    taken = []
    try:
        for _ in range(_TRIES):
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(bytes(4096))
                began = time.perf_counter()
                file.flush()
                os.fsync(file.fileno())
                taken.append(time.perf_counter() - began)
    except OSError as trouble:
        return trouble.strerror or str(trouble), 0.0
    return "", sorted(taken)[_TRIES // 2]


def size_of(folder: Path) -> int:
    """Return the bytes of the files in `folder`."""
    try:
        return sum(file.stat().st_size for file in folder.iterdir() if file.is_file())
    except OSError:
        return 0


def look(sessions: Path) -> list[Finding]:
    """Look at all of it."""
    place = existing(sessions.absolute())
    kept = user_cache()
    writable = kept is not None and os.access(existing(kept.absolute()), os.W_OK)
    return [
        space(place, shutil.disk_usage(place).free),
        writing(place, *try_to_write(place)),
        cache(kept, size_of(kept) if kept else 0, writable),
    ]
