"""Parameters of the markers."""

from dataclasses import dataclass

from latentvr_common.parameters import parameter


@dataclass(frozen=True)
class MarkerParameters:
    """What a person may set."""

    rate_hz: float = parameter(
        20.0, "Messages of the topic markers a second, while something moves.", unit="Hz", at_least=1.0, at_most=100.0
    )
    cues: bool = parameter(False, "Show beacons where a mark would teach the most.")
