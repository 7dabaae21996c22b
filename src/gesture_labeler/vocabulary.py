"""All gestures, which comes first where hands could mean several, and which gives way to which.

One pair of hands does one thing at a time. Whoever is looked for first, and is not kept out, is what the hands mean.
"""

from collections.abc import Mapping

from gesture_labeler.boxing import BoxRecogniser
from gesture_labeler.dwelling import DwellRecogniser
from gesture_labeler.flooding import FloodRecogniser
from gesture_labeler.grabbing import GrabRecogniser
from gesture_labeler.painting import PaintRecogniser
from gesture_labeler.recentring import RecentreRecogniser
from gesture_labeler.running import Recogniser
from gesture_labeler.scrubbing import ScrubRecogniser
from gesture_labeler.sizing import SizeRecogniser
from latentvr_common.gestures import BOX, DENSITY, DWELL, GRAB, PINCH_BRUSH, POKE, RADIUS, RECENTRE, SCRUB

GIVES_WAY: Mapping[str, frozenset[str]] = {
    PINCH_BRUSH: frozenset({BOX, GRAB}),
    DENSITY: frozenset({BOX, GRAB}),
    BOX: frozenset(),
    GRAB: frozenset(),
    RADIUS: frozenset(),
    RECENTRE: frozenset(),
    SCRUB: frozenset(),
    DWELL: frozenset({PINCH_BRUSH, DENSITY, BOX, GRAB, RADIUS, RECENTRE, SCRUB, POKE}),
}
"""By gesture that goes on: those for which it is cancelled when they begin. All others wait until it has ended."""


def recognisers() -> tuple[Recogniser, ...]:
    """Return one of each, in the order in which they are asked."""
    return (
        BoxRecogniser(),
        GrabRecogniser(),
        PaintRecogniser(),
        FloodRecogniser(),
        SizeRecogniser(),
        RecentreRecogniser(),
        ScrubRecogniser(),
        DwellRecogniser(),
    )


def may_begin(name: str, doing: str | None) -> bool:
    """Tell whether `name` may begin while `doing` goes on; None: nothing does."""
    return doing is None or name in GIVES_WAY[doing]
