"""Mouse and keyboard of an X server, moved as a person's hands would: by its extension XTEST."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import numpy as np
import numpy.typing as npt
from PIL import Image
from Xlib import XK, X
from Xlib.display import Display
from Xlib.error import BadDrawable, BadWindow
from Xlib.ext import xtest

LEFT, MIDDLE, RIGHT = 1, 2, 3
_WHEEL_UP, _WHEEL_DOWN = 4, 5
_KEYSYMS = {"escape": "Escape", "enter": "Return", "tab": "Tab", "backspace": "BackSpace", "shift": "Shift_L"} | {
    "ctrl": "Control_L",
    **{name.lower(): name for name in ("Left", "Right", "Up", "Down", "Home", "End")},
}
Place = tuple[float, float]


class MouseAndKeys:
    """Of the X server `display`. Use as a context manager."""

    def __init__(self, display: str) -> None:
        self._display = Display(display)
        self._root = self._display.screen().root

    def __enter__(self) -> "MouseAndKeys":
        return self

    def __exit__(self, *_: object) -> None:
        self._display.close()

    def _do(self, kind: int, detail: int = 0, x: float = 0, y: float = 0) -> None:
        xtest.fake_input(self._display, kind, detail, x=round(x), y=round(y))
        self._display.sync()

    def move(self, x: float, y: float) -> None:
        """Move the mouse to a pixel of the screen."""
        self._do(X.MotionNotify, x=x, y=y)

    def press(self, button: int = LEFT) -> None:
        self._do(X.ButtonPress, button)

    def release(self, button: int = LEFT) -> None:
        self._do(X.ButtonRelease, button)

    def wheel(self, notches: int) -> None:
        """Turn the wheel, away from the person if `notches` is above 0."""
        for _ in range(abs(notches)):
            button = _WHEEL_UP if notches > 0 else _WHEEL_DOWN
            self.press(button)
            self.release(button)

    def drag(self, start: Place, end: Place, button: int = LEFT, steps: int = 8, pause_s: float = 0.02) -> None:
        """Press at `start`, go to `end`, release."""
        self.move(*start)
        self.press(button)
        for i in range(1, steps + 1):
            self.move(*(a + (b - a) * i / steps for a, b in zip(start, end, strict=True)))
            time.sleep(pause_s)
        self.release(button)

    def key(self, *names: str) -> None:
        """Press a key, the ones before it held meanwhile: "ctrl", "z"."""
        for name in names:
            self._do(X.KeyPress, self._code(name))
        for name in reversed(names):
            self._do(X.KeyRelease, self._code(name))

    @contextmanager
    def holding(self, name: str) -> Iterator[None]:
        """Hold a key."""
        self._do(X.KeyPress, self._code(name))
        try:
            yield
        finally:
            self._do(X.KeyRelease, self._code(name))

    def _code(self, name: str) -> int:
        code = int(self._display.keysym_to_keycode(XK.string_to_keysym(_KEYSYMS.get(name, name))))
        assert code, f"the keyboard has no key {name}"
        return code

    def screen(self, region: tuple[int, int, int, int] | None = None) -> npt.NDArray[np.uint8]:
        """Return what is to be seen (H, W, 3); of a `region`: left, top, width and height, pixels."""
        size = self._root.get_geometry()
        left, top, width, height = region or (0, 0, size.width, size.height)
        raw = self._root.get_image(left, top, width, height, X.ZPixmap, 0xFFFFFFFF)
        return np.asarray(Image.frombytes("RGB", (width, height), raw.data, "raw", "BGRX"))

    def window(self, title: str) -> tuple[int, int, int, int] | None:
        """Return left, top, width and height of the window of that title, pixels of the screen; None: there is none."""
        for child in self._root.query_tree().children:
            # One that goes at this very moment is there no more.
            with suppress(BadWindow, BadDrawable):
                if child.get_wm_name() == title:
                    place = child.get_geometry()
                    return place.x, place.y, place.width, place.height
        return None
