"""Parameters of the bridge."""

from dataclasses import dataclass

from latentvr_common.parameters import parameter


@dataclass(frozen=True)
class Parameters:
    """What a person may set."""

    graphics: str = parameter(
        "auto",
        "How to draw; glx: OpenGL by X11, on a desktop; egl: without a desktop; headless: hands only; auto: the first "
        "of these that the runtime and this machine have.",
        choices=("auto", "glx", "egl", "headless"),
    )
    rate_hz: float = parameter(
        90.0, "Hands a second, where pictures are not asked for more often.", unit="Hz", at_least=10.0, at_most=500.0
    )
    resolution: float = parameter(
        1.0,
        "Pixels along each edge of a picture, as a share of what the runtime recommends.",
        at_least=0.1,
        at_most=4.0,
    )
    most_points: int = parameter(
        300_000, "Of a larger cloud only so many points are drawn, by chance.", unit="points", at_least=100
    )
    scene_rate_hz: float = parameter(
        30.0, "How often what is drawn may change, hands apart.", unit="Hz", at_least=1.0, at_most=120.0
    )
    timeline_mb: float = parameter(
        128.0, "Memory for the clouds of earlier, which one can go back to.", unit="MB", at_least=1.0, at_most=16_384.0
    )
    forces: bool = parameter(False, "Draw forces: what pulls an item is white, how it moves is pink.")
    cues: bool = parameter(False, "Draw beacons where a mark would teach the most.")
    mirror_rate_hz: float = parameter(
        4.0, "Pictures a second on xr/mirror while somebody listens.", unit="Hz", at_least=0.1, at_most=60.0
    )
    mirror_width: int = parameter(640, "Of these.", unit="pixels", at_least=64, at_most=4096)
