"""Parameters of the recorder and of the player."""

from dataclasses import dataclass

from latentvr_common.parameters import parameter


@dataclass(frozen=True)
class RecorderParameters:
    """What a person may set of the recorder."""

    bag: str = parameter("", "Directory of the bag to write; it must not hold a finished bag, but see go_on.")
    go_on: bool = parameter(False, "Go on in a finished bag, as a session does that is resumed.")
    cloud_rate_hz: float = parameter(
        2.0,
        "Frames of the topics cloud, forces and cues to record a second; 0: all.",
        unit="Hz",
        at_least=0.0,
        at_most=100.0,
    )
    cloud_mb_per_s: float = parameter(
        1.0,
        "Megabytes of the topics cloud, forces and cues, each, to record a second: large ones are recorded less often; "
        "0: no limit.",
        unit="MB/s",
        at_least=0.0,
        at_most=10_000.0,
    )
    file_mb: float = parameter(
        1000.0,
        "Begin another file of the bag when one has so many megabytes: viewers take in a file as a whole, and a repair "
        "writes one anew; 0: never.",
        unit="MB",
        at_least=0.0,
    )
    keep_free_mb: float = parameter(
        500.0,
        "Free disk space below which only small topics (labels, epochs, gestures, health) are recorded; below a tenth "
        "of it nothing is. 0: no limit.",
        unit="MB",
        at_least=0.0,
    )


@dataclass(frozen=True)
class PlayerParameters:
    """What a person may set of the player."""

    bag: str = parameter("", "Directory of the bag to play.")
    rate: float = parameter(1.0, "Recorded seconds to play in one second.", at_least=0.01, at_most=100.0)
    start_offset_s: float = parameter(0.0, "Recorded time to leave out at the beginning.", unit="s", at_least=0.0)
    loop: bool = parameter(False, "Begin again at the end.")
    paused: bool = parameter(False, "Begin only when told by the services resume or toggle_paused.")
    clock_hz: float = parameter(
        0.0,
        "Publish the recorded time on /clock so often a second; 0: not at all.",
        unit="Hz",
        at_least=0.0,
        at_most=1000.0,
    )
    # An empty list has no type in ROS; one empty name has.
    topics: list[str] = parameter([""], 'Topics to play, as in "cloud" or "/latentvr/cloud"; an empty name: all.')
    wait_s: float = parameter(
        2.0, "Wait at most so long until every topic to play has a listener.", unit="s", at_least=0.0, at_most=3600.0
    )
