"""Window, pictures without a window, and headset."""

import ctypes
import os
from collections.abc import Sequence
from pathlib import Path

from latentvr_common.display import why_no_window
from latentvr_common.openxr_places import library_of, places
from latentvr_session.doctor.finding import Finding, ok, warning

_HOW = "for a headset start SteamVR, WiVRn or Monado and make it active; xr_runtime:=monado needs none"


def window(why_not: str) -> Finding:
    """Look at whether a window can be opened; `why_not`: empty, it can."""
    if why_not:
        return warning("window", f"there is none: {why_not}", "sessions make pictures only; view:=desktop needs X11")
    return ok("window", "a display answers")


def egl(trouble: str) -> Finding:
    """Look at whether pictures can be drawn without a window; `trouble`: empty, they can."""
    if trouble:
        return warning(
            "EGL", trouble, "without it there are no pictures and no film: install libegl1 and libgl1-mesa-dri"
        )
    return ok("EGL", "pictures can be drawn without a window")


def runtime(found: Path | None, looked: Sequence[Path], library: str | None) -> Finding:
    """Look at the OpenXR runtime: the manifest that was found, and its library; None: it is no manifest."""
    if found is None:
        return warning("OpenXR", f"no active runtime ({len(looked)} places were looked at)", _HOW)
    if library is None:
        return warning("OpenXR", f"{found} is no runtime manifest", _HOW)
    if "/" in library and not Path(library).exists():
        return warning("OpenXR", f"{found} names {library}, which is missing", _HOW)
    return ok("OpenXR", f"{library}, named in {found}")


# How it is found


def _why_no_egl() -> str:
    try:
        library = ctypes.CDLL("libEGL.so.1")
    except OSError as trouble:
        return f"libEGL does not load: {trouble}"
    library.eglGetDisplay.restype = ctypes.c_void_p
    library.eglQueryString.restype = ctypes.c_char_p
    extensions = library.eglQueryString(None, 0x3055)
    return "" if extensions else "libEGL names no extensions: there is no driver"


def look() -> list[Finding]:
    """Look at all of it."""
    looked = list(places(os.environ, os.uname().machine))
    found = next((file for file in looked if os.path.exists(file)), None)
    library = library_of(found) if found is not None else None
    return [window(why_no_window()), egl(_why_no_egl()), runtime(found, looked, library)]
