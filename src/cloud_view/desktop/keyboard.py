"""What the keys of this keyboard have printed on them: Open3D's window names keys by their place on an American one."""

import ctypes
from collections.abc import Callable

from cloud_view.desktop.inputs import KEY_NAMES

_ROWS = (("qwertyuiop[]", 24), ("asdfghjkl;'", 38), ("zxcvbnm,./", 52), ("-=", 20))
"""Keys by what an American keyboard has there, and the number of the first in X11 (evdev's numbers and 8)."""
_PLACES = {ord(key.upper()): first + i for row, first in _ROWS for i, key in enumerate(row)}
_SIGNS = {
    **{ord(letter): letter for letter in "abcdefghijklmnopqrstuvwxyz"},
    **{ord("+"): "plus", ord("="): "plus", ord("-"): "minus", ord(","): "comma", ord("."): "period"},
    **{ord("'"): "apostrophe", ord("/"): "slash", ord(";"): "semicolon"},
    **{ord("["): "bracketleft", ord("]"): "bracketright"},
}


def names_on(symbol_at: Callable[[int], int]) -> dict[int, str]:
    """Return the names of keys by their codes in GLFW; `symbol_at`: X11's symbol of a key, without shift.

    A keyboard without Latin letters is taken for an American one.
    """
    printed = {code: _SIGNS[symbol] for code, place in _PLACES.items() if (symbol := symbol_at(place)) in _SIGNS}
    if sum(len(name) == 1 for name in printed.values()) < len("abcdefghijklmnopqrstuvwxyz"):
        return dict(KEY_NAMES)
    elsewhere = {code: name for code, name in KEY_NAMES.items() if code not in _PLACES}
    return elsewhere | printed


def key_names() -> dict[int, str]:
    """Return the names of the keys of the keyboard at the display of this process."""
    try:
        x11 = ctypes.CDLL("libX11.so.6")
    except OSError:
        return dict(KEY_NAMES)
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XkbKeycodeToKeysym.restype = ctypes.c_ulong
    display = ctypes.c_void_p(x11.XOpenDisplay(None))
    if not display:
        return dict(KEY_NAMES)
    try:
        return names_on(lambda place: int(x11.XkbKeycodeToKeysym(display, ctypes.c_ubyte(place), 0, 0)))
    finally:
        x11.XCloseDisplay(display)
