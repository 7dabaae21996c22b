"""Which way to draw, of those that a runtime and this machine have."""

import os

from xr_bridge.openxr import egl, glx
from xr_bridge.openxr.egl import EglContext
from xr_bridge.openxr.glx import GlxContext
from xr_bridge.openxr.pictures import Pictures
from xr_bridge.openxr.results import MissingError
from xr_bridge.openxr.runtime import Graphics, Headless
from xr_bridge.show import Show


def choose(wanted: str, offered: frozenset[str], show: Show, rate_hz: float) -> Graphics:
    """Return the way `wanted`; auto: the first whose extensions are among those `offered`. Raises MissingError.

    GLX counts only where there is a display: without one nothing can be drawn that way.
    """
    ways: dict[str, Graphics] = {
        "glx": Pictures(glx.EXTENSIONS, GlxContext, show),
        "egl": Pictures(egl.EXTENSIONS, EglContext, show),
        "headless": Headless(rate_hz),
    }
    if wanted != "auto":
        return ways[wanted]
    if not os.environ.get("DISPLAY"):
        del ways["glx"]
    usable = [way for way in ways.values() if offered.issuperset(way.extensions)]
    if not usable:
        needed = "; or ".join(" and ".join(way.extensions) for way in ways.values())
        raise MissingError(f"the OpenXR runtime can neither be drawn with nor used without: it lacks {needed}")
    return usable[0]
