"""Parameters of the view."""

from dataclasses import dataclass

from latentvr_common.parameters import parameter


@dataclass(frozen=True)
class Parameters:
    """What a person may set."""

    directory: str = parameter("", "Session directory, for the still and the time-lapse; empty: none are made.")
    mode: str = parameter(
        "auto",
        "auto: a window if there is a display; window: a window or an error; headless: files only.",
        choices=("auto", "window", "headless"),
    )
    timelapse_period_s: float = parameter(
        0.25,
        "Shortest time between two pictures of the time-lapse; it grows in long sessions.",
        unit="s",
        at_least=0.05,
        at_most=3600.0,
    )
    decode: bool = parameter(True, "Show what would live where the brush or a hand is in the cloud.")
    drawing_share: float = parameter(
        0.15, "Share of one processor core that the time-lapse may cost.", at_least=0.01, at_most=1.0
    )
    forces: bool = parameter(False, "Show forces as arrows from the beginning; the key f of the window toggles them.")
    cues: bool = parameter(
        False, "Show where a mark would teach the most from the beginning; the key c of the window toggles that."
    )
