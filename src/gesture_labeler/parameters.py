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
        5.0, "A pinch that moves faster is a fault of tracking.", unit="m/s", at_least=1.0, at_most=100.0
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
    scrub_lift_m: float = parameter(
        0.012, "A finger lifted so far off the strip lets go of it.", unit="m", at_least=0.001, at_most=0.1
    )
    scrub_aside_m: float = parameter(
        0.03, "So does one that leaves it so far above or below.", unit="m", at_least=0.005, at_most=0.2
    )
    timeline_mb: float = parameter(
        128.0, "Memory for the clouds of earlier, which one can go back to.", unit="MB", at_least=1.0, at_most=16_384.0
    )
    two_hands_s: float = parameter(
        0.25,
        "A pinch of the other hand this soon after the first makes a gesture of both hands of it; later it takes away.",
        unit="s",
        at_least=0.0,
        at_most=2.0,
    )
    empty_m: float = parameter(
        0.04, "Where no item is as near as this, space is empty.", unit="m", at_least=0.001, at_most=1.0
    )
    smallest_scale: float = parameter(
        0.05, "Smallest size of the cloud, where 1 is that at the start.", at_least=0.001, at_most=1.0
    )
    largest_scale: float = parameter(
        20.0, "Largest size of the cloud, where 1 is that at the start.", at_least=1.0, at_most=1000.0
    )
    pointing_straight: float = parameter(
        0.93, "A finger is stretched at this share of its bones' length.", at_least=0.5, at_most=1.0
    )
    pointing_bent: float = parameter(0.80, "The others are bent at this share.", at_least=0.1, at_most=1.0)
    pointing_slack: float = parameter(
        0.05, "By so much of the length a hand that points may deviate from both.", at_least=0.0, at_most=0.3
    )
    radius_hold_s: float = parameter(
        0.3, "How long both hands must point before they set the brush.", unit="s", at_least=0.0, at_most=5.0
    )
    dwell_s: float = parameter(
        0.5, "How long a finger must stay at an item to look at it.", unit="s", at_least=0.05, at_most=5.0
    )
    dwell_reach_m: float = parameter(
        0.03, "A finger is at an item within this distance.", unit="m", at_least=0.001, at_most=0.5
    )
    recentre_s: float = parameter(
        1.0, "How long both palms must face up to bring the cloud back.", unit="s", at_least=0.1, at_most=10.0
    )
    system_cosine: float = parameter(
        0.8,
        "A pinch of a palm that faces the eyes, within the angle of this cosine, is left to the headset.",
        at_least=-1.0,
        at_most=1.0,
    )
    accept_above: float = parameter(
        0.9, "Confidence from which on predictions are offered to be accepted as labels.", at_least=0.0, at_most=1.0
    )
    audit_items: int = parameter(
        20, "So many of them are shown first, drawn by chance.", unit="items", at_least=1, at_most=100
    )
    accept_s: float = parameter(
        60.0, "An offer that is not accepted is dropped after this time.", unit="s", at_least=1.0, at_most=3600.0
    )
    flood_share: float = parameter(
        0.5,
        "A dense region is what is at least this share as dense as its densest place near the pinch.",
        at_least=0.02,
        at_most=1.0,
    )
    flood_travel_m: float = parameter(
        0.04,
        "A pinch pulled so far towards the eyes halves that share, one pushed away doubles it.",
        unit="m",
        at_least=0.005,
        at_most=0.5,
    )
