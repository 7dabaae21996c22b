"""Parameters of the window for labelling."""

from dataclasses import dataclass

from latentvr_common.parameters import parameter


@dataclass(frozen=True)
class Parameters:
    """What a person may set."""

    directory: str = parameter("", "Session directory, for pictures that the key k keeps; empty: none are kept.")
    author: str = parameter("person", "Whose marks these are, in the journal.")
    forces: bool = parameter(False, "Show forces as arrows from the beginning; the key f toggles them.")
    cues: bool = parameter(False, "Show beacons where a mark would teach the most; the key c toggles them.")
    accept_from: float = parameter(
        0.9, "The key a accepts predictions of this confidence or more.", at_least=0.0, at_most=1.0
    )
    frame_s: float = parameter(
        0.06, "While something moves, a frame is to take so long at the most.", unit="s", at_least=0.01, at_most=1.0
    )
    drawing_share: float = parameter(
        0.35,
        "Share of one processor core that drawing may cost while nobody moves anything.",
        at_least=0.01,
        at_most=1.0,
    )
    timeline_mb: float = parameter(
        128.0,
        "Memory for clouds to go back to; older ones are thinned evenly where it does not do.",
        unit="MB",
        at_least=1.0,
        at_most=16_384.0,
    )
