"""What is written in the room. Pillow and NumPy; no OpenGL, no OpenXR. Where it hangs is in hanging.py.

Lengths are metres, frame stage. A panel's own x runs to the right of who reads it, y up.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from textwrap import shorten

import numpy as np
import numpy.typing as npt

from latentvr_common.beacons import COLORS, Beacon
from latentvr_common.cloud import NONE
from latentvr_common.desks import at_desks
from latentvr_common.gestures import GRAB, RECENTRE
from latentvr_common.labels import Shape
from latentvr_common.scene import Scene, Selection, State
from latentvr_common.timeline.bar import Bar
from xr_bridge.palette_panel import palette_panel
from xr_bridge.sheet import BRIGHT, Panel, Rgba, line
from xr_bridge.strip_panel import strip_panel

FloatArray = npt.NDArray[np.floating]

_MOST_NAMED = 4
_BRANCH_CHARACTERS = 40
_WARM: Rgba = (255, 190, 110, 255)
_COLD: Rgba = (150, 205, 255, 255)
_HINTS = {GRAB: "moving the cloud", RECENTRE: "keep both palms up: the cloud comes back"}
_WHAT = {Shape.FLOOD: "dense region: ", Shape.BOX: "box: "}


@dataclass(frozen=True)
class Panels:
    """All of them. None: there is nothing to say."""

    state: Panel | None = None
    """Behind the cloud, level with its top."""
    then: Panel | None = None
    """Below that: which time is looked at."""
    notice: Panel | None = None
    """Below that: why a gesture came to nothing, else which node is not well."""
    palette: Panel | None = None
    """At the open palm. Its middle is the palette's origin."""
    strip: Panel | None = None
    """Below the palette: the way through time."""
    selection: Panel | None = None
    """Beside the brush: what a gesture would mark."""
    hint: Panel | None = None
    """Above the hands: what both of them do."""
    preview: tuple[Panel, FloatArray] | None = None
    """What the items at a finger tip look like, and where that tip is (3,)."""
    offer: Panel | None = None
    """Beside the cloud: what the network would label by itself."""
    beacons: Mapping[int, Panel] = field(default_factory=dict)
    """By the number of a beacon: what stands at its head."""


@dataclass(frozen=True)
class InTime:
    """What is told of time."""

    now: Scene | None = None
    """What is now, where what is seen is earlier: how the session stands, and what the palette offers."""
    then: str = ""
    """Which time is looked at; empty: now."""
    bar: Bar | None = None
    """What was until now; None: there is nothing to go back to."""


_NOW = InTime()


def panels_of(
    scene: Scene,
    is_recording: bool,
    preview: tuple[Panel, FloatArray] | None = None,
    offer: Panel | None = None,
    time: InTime = _NOW,
) -> Panels:
    """Return what there is to say of `scene`."""
    now = scene if time.now is None else time.now
    notice = scene.notice or now.trouble
    shown = palette_panel(now)
    return Panels(
        state_panel(now, is_recording),
        line(time.then, 0.03, _COLD) if time.then else None,
        line(notice, 0.026, _WARM) if notice else None,
        shown,
        strip_panel(time.bar) if shown is not None else None,
        selection_panel(scene),
        hint_panel(scene),
        preview,
        offer,
        {beacon.number: beacon_panel(beacon) for beacon in scene.beacons or ()},
    )


def state_panel(scene: Scene, is_recording: bool) -> Panel:
    """Return the line on how the session stands."""
    progress = scene.progress
    parts = [f"labels safe: {progress.labelled:,}", f"epoch {progress.epoch:,}"]
    if progress.state is not State.TRAINING:
        parts.append(progress.state.name.lower())
    if progress.branch:
        parts.append(f"branch: {shorten(progress.branch, _BRANCH_CHARACTERS, placeholder='...')}")
    parts.append("recording" if is_recording else "not recorded")
    parts += [desk.words for desk in at_desks(scene)]
    return line("  ·  ".join(parts), 0.03, BRIGHT)


def beacon_panel(beacon: Beacon) -> Panel:
    """Return the number of `beacon`, and why it is one."""
    return line(f"{beacon.number}  {beacon.why.value}", 0.01, (*COLORS[beacon.why], 255))


def hint_panel(scene: Scene) -> Panel | None:
    """Return what both hands do, where that is not to be seen from what it marks."""
    words = _HINTS.get(scene.doing.name) if scene.doing is not None else None
    return line(words, 0.012, BRIGHT) if words is not None else None


def selection_panel(scene: Scene) -> Panel | None:
    """Return what the gesture under way would mark: how many points, and what they are labelled as now.

    None where what is selected is an offer: that has a panel of its own.
    """
    selection = scene.selection
    if selection is None or scene.offer is not None or not len(selection.sample_ids):
        return None
    words = words_of(selection, scene.cloud.label, {c.id: c.name for c in scene.categories})
    return line(_WHAT.get(selection.region.shape, "") + words, 0.012, BRIGHT)


def words_of(selection: Selection, label: npt.NDArray[np.int16], names: Mapping[int, str]) -> str:
    """Return "123 points: 97 new, 20 cat, 6 dog". label: (N,) of all items, -1 none."""
    ids = selection.sample_ids[selection.sample_ids < len(label)]
    found, counts = np.unique(label[ids], return_counts=True)
    by_count = sorted(zip(counts.tolist(), found.tolist(), strict=True), key=lambda pair: (pair[1] != NONE, -pair[0]))
    named = [f"{n:,} {'new' if c == NONE else names.get(c, f'category {c}')}" for n, c in by_count]
    more = len(named) - _MOST_NAMED
    shown = [*named[:_MOST_NAMED], *([f"{more} more kinds"] if more > 0 else [])]
    return f"{len(ids):,} {'point' if len(ids) == 1 else 'points'}: {', '.join(shown)}"
