"""Parameters of the labeler. Thresholds start from what public hand-tracking code uses; see docs/development.md."""

from dataclasses import dataclass

from latentvr_common import brush
from latentvr_common.parameters import parameter


@dataclass(frozen=True)
class Parameters:
    """What a person may set."""

    author: str = parameter("person", "Whose marks these are, in the journal.")
    dominant_hand: str = parameter("right", "The hand that paints and pokes.", choices=("left", "right"))
    pinch_on_m: float = parameter(
        0.010, "Gap between thumb and index finger at which a pinch begins.", unit="m", at_least=0.0, at_most=0.1
    )
    pinch_off_m: float = parameter(
        0.015, "Gap at which it ends; more than pinch_on_m.", unit="m", at_least=0.0, at_most=0.1
    )
    pinch_on_s: float = parameter(0.05, "How long it must last to begin.", unit="s", at_least=0.0, at_most=1.0)
    pinch_off_s: float = parameter(0.1, "How long it must be open to end.", unit="s", at_least=0.0, at_most=1.0)
    smoothing: float = parameter(0.5, "Weight of the newest gap in its moving average.", at_least=0.05, at_most=1.0)
    lost_s: float = parameter(
        0.15, "A hand may be lost so long before its gesture is cancelled.", unit="s", at_least=0.0, at_most=2.0
    )
    fastest_m_s: float = parameter(
        8.0, "A pinch that moves faster is a fault of tracking.", unit="m/s", at_least=1.0, at_most=100.0
    )
    brush_radius_m: float = parameter(
        brush.RADIUS_M, "Radius of the brush.", unit="m", at_least=brush.SMALLEST_M, at_most=brush.LARGEST_M
    )
    poke_rearm_m: float = parameter(
        0.012,
        "A finger must rise so far above the palette before it can poke again.",
        unit="m",
        at_least=0.001,
        at_most=0.1,
    )
