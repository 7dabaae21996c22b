"""Which way to draw, of those that a runtime and this machine have."""

import os
from collections.abc import Callable, Mapping

from xr_bridge.openxr import egl, glx
from xr_bridge.openxr.egl import EglContext
from xr_bridge.openxr.glx import GlxContext
from xr_bridge.openxr.pictures import Pictures
from xr_bridge.openxr.results import MissingError
from xr_bridge.openxr.runtime import Graphics, Headless
from xr_bridge.show import Show


class Choice:
    """The way `wanted`; auto: the first whose extensions the runtime has and with which a session can be made."""

    def __init__(self, wanted: str, show: Show, rate_hz: float) -> None:
        self._wanted = wanted
        self._ways: Mapping[str, Callable[[], Graphics]] = {
            "glx": lambda: Pictures(glx.EXTENSIONS, GlxContext, show),
            "egl": lambda: Pictures(egl.EXTENSIONS, EglContext, show),
            "headless": lambda: Headless(rate_hz),
        }
        self._made: dict[str, Graphics] = {}
        self._failed: set[str] = set()

    def choose(self, offered: frozenset[str]) -> Graphics:
        """Return the way for a runtime with the extensions `offered`. Raises MissingError.

        GLX counts only where there is a display: without one nothing can be drawn that way. When all have failed, all
        are tried again.
        """
        self._made = {name: make() for name, make in self._ways.items()}
        if self._wanted != "auto":
            return self._made[self._wanted]
        possible = {name: way for name, way in self._made.items() if name != "glx" or os.environ.get("DISPLAY")}
        usable = [name for name, way in possible.items() if offered.issuperset(way.extensions)]
        if not usable:
            needed = "; or ".join(" and ".join(way.extensions) for way in possible.values())
            raise MissingError(f"the OpenXR runtime can neither be drawn with nor used without: it lacks {needed}")
        if self._failed.issuperset(usable):
            self._failed.clear()
        return self._made[next(name for name in usable if name not in self._failed)]

    def failed(self, graphics: Graphics) -> None:
        """Take note that no session could be made with `graphics`."""
        self._failed |= {name for name, way in self._made.items() if way is graphics}
