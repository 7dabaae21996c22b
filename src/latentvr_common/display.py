"""Whether a window can be opened here."""

import ctypes
import os


def why_no_window() -> str:
    """Return why no window can be opened here; empty: a display answers."""
    name = os.environ.get("DISPLAY")
    if not name:
        wayland = os.environ.get("WAYLAND_DISPLAY")
        return "the display is Wayland's without X11 (DISPLAY is not set)" if wayland else "DISPLAY is not set"
    try:
        x11 = ctypes.CDLL("libX11.so.6")
    except OSError as error:
        return f"libX11 does not load: {error}"
    x11.XOpenDisplay.restype = ctypes.c_void_p
    display = x11.XOpenDisplay(None)
    if not display:
        return f"display {name} does not answer"
    x11.XCloseDisplay(ctypes.c_void_p(display))
    return ""
