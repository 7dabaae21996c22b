"""Mouse and keyboard of an X server, moved as a person's hands would: by its extension XTEST."""

import ctypes
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
from PIL import ImageGrab

LEFT, MIDDLE, RIGHT, WHEEL_UP, WHEEL_DOWN = 1, 2, 3, 4, 5
_KEYSYMS = {
    "escape": 0xFF1B,
    "enter": 0xFF0D,
    "tab": 0xFF09,
    "backspace": 0xFF08,
    "shift": 0xFFE1,
    "ctrl": 0xFFE3,
    "space": 0x20,
    "plus": 0x2B,
    "minus": 0x2D,
    "comma": 0x2C,
    "period": 0x2E,
    "left": 0xFF51,
    "up": 0xFF52,
    "right": 0xFF53,
    "down": 0xFF54,
}


class Hands:
    """Mouse and keys of the X server `display`. Use as a context manager."""

    def __init__(self, display: str) -> None:
        self.display = display
        self._x11 = ctypes.CDLL("libX11.so.6")
        self._xtest = ctypes.CDLL("libXtst.so.6")
        self._x11.XOpenDisplay.restype = ctypes.c_void_p
        self._server = ctypes.c_void_p(self._x11.XOpenDisplay(display.encode()))
        assert self._server, f"display {display} does not answer"

    def __enter__(self) -> "Hands":
        return self

    def __exit__(self, *_: object) -> None:
        self._x11.XCloseDisplay(self._server)

    def _flush(self) -> None:
        self._x11.XSync(self._server, 0)

    def move(self, x: float, y: float) -> None:
        """Move the mouse to a pixel of the screen."""
        self._xtest.XTestFakeMotionEvent(self._server, -1, round(x), round(y), 0)
        self._flush()

    def press(self, button: int = LEFT) -> None:
        self._xtest.XTestFakeButtonEvent(self._server, button, 1, 0)
        self._flush()

    def release(self, button: int = LEFT) -> None:
        self._xtest.XTestFakeButtonEvent(self._server, button, 0, 0)
        self._flush()

    def click(self, button: int = LEFT) -> None:
        self.press(button)
        self.release(button)

    def wheel(self, notches: int) -> None:
        for _ in range(abs(notches)):
            self.click(WHEEL_UP if notches > 0 else WHEEL_DOWN)

    def drag(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        button: int = LEFT,
        steps: int = 8,
        pause_s: float = 0.02,
    ) -> None:
        """Press at `start`, go to `end`, release."""
        self.move(*start)
        self.press(button)
        for i in range(1, steps + 1):
            self.move(*(a + (b - a) * i / steps for a, b in zip(start, end, strict=True)))
            time.sleep(pause_s)
        self.release(button)

    def key(self, *names: str) -> None:
        """Press keys, the first ones held meanwhile: "ctrl", "z"."""
        for name in names:
            self._key(name, down=True)
        for name in reversed(names):
            self._key(name, down=False)

    @contextmanager
    def holding(self, name: str) -> Iterator[None]:
        self._key(name, down=True)
        try:
            yield
        finally:
            self._key(name, down=False)

    def _key(self, name: str, *, down: bool) -> None:
        symbol = _KEYSYMS.get(name, ord(name[0]))
        code = self._x11.XKeysymToKeycode(self._server, ctypes.c_ulong(symbol))
        assert code, f"the keyboard has no key {name}"
        self._xtest.XTestFakeKeyEvent(self._server, code, int(down), 0)
        self._flush()

    def seen(self) -> npt.NDArray[np.uint8]:
        """Return a picture of the screen (H, W, 3)."""
        return np.asarray(ImageGrab.grab(xdisplay=self.display).convert("RGB"))
