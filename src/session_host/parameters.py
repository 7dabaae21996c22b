"""Parameters of the session host."""

from dataclasses import dataclass

from latentvr_common.parameters import parameter


@dataclass(frozen=True)
class Parameters:
    """What a person may set."""

    directory: str = parameter("", "Session directory, for summary.json; empty: it is only logged.")
    dataset: str = parameter("digits", "Name or path of the dataset, for its truth.")
    max_items: int = parameter(0, "As given to the trainer.", unit="items", at_least=0)
    seed: int = parameter(0, "As given to the trainer.", at_least=0)
    settle_s: float = parameter(10.0, "Training after the person has left.", unit="s", at_least=0.0)
    duration_s: float = parameter(0.0, "End after this time at the latest; 0: no end.", unit="s", at_least=0.0)
    planned_gestures: int = parameter(0, "For the progress line; 0: unknown.", at_least=0)
    person: str = parameter(
        "", "Node that is the person: it is there while it listens to the cloud; empty: whoever publishes hands."
    )
    progress_s: float = parameter(5.0, "Time between two progress lines.", unit="s", at_least=0.5)
