"""Parameters of the bridge."""

from dataclasses import dataclass

from latentvr_common.parameters import parameter


@dataclass(frozen=True)
class Parameters:
    """What a person may set."""

    graphics: str = parameter("auto", "How to draw; headless: hands only.", choices=("auto", "headless"))
    rate_hz: float = parameter(
        90.0, "Hands a second where nothing is drawn; else as often as a picture.", unit="Hz", at_least=10, at_most=500
    )
