"""Parameters of the simulated person."""

from dataclasses import dataclass

from latentvr_common.parameters import parameter


@dataclass(frozen=True)
class Parameters:
    """What a person may set."""

    dataset: str = parameter("digits", "Name or path of the dataset, whose truth the person knows.")
    max_items: int = parameter(0, "As given to the trainer.", unit="items", at_least=0)
    seed: int = parameter(0, "Seed of every random choice.", at_least=0)
    gestures: int = parameter(20, "Marks to make; then the person leaves.", at_least=0)
    purity: float = parameter(0.9, "Share of right items in its marks.", at_least=0.1, at_most=1.0)
    policy: str = parameter(
        "teach",
        "What it goes by. teach: what the network has wrong or does not know; random: an item by chance, and what is "
        "like it around it; coverage: where most items without a label lie together; uncertainty: what the network is "
        "least sure of; corrections: only what is predicted wrongly.",
        choices=("teach", "random", "coverage", "uncertainty", "corrections"),
    )
    pace: float = parameter(1.0, "Speed of thinking and moving; 1 is a person's.", at_least=0.1, at_most=20.0)
    tremor_m: float = parameter(0.0008, "Amplitude of the hands' tremor.", unit="m", at_least=0.0, at_most=0.02)
    dropouts_per_min: float = parameter(
        0.0,
        "How often tracking loses each hand, for 50 to 600 ms, on average.",
        unit="1/min",
        at_least=0.0,
        at_most=600.0,
    )
    hesitation: float = parameter(
        0.0, "Share of reaches that stop on their way for 200 to 600 ms, at pace 1.", at_least=0.0, at_most=1.0
    )
    mistakes: float = parameter(
        0.0,
        "Share of marks that get a wrong category, are noticed and undone. None where the palette has no undo.",
        at_least=0.0,
        at_most=0.9,
    )
    rate_hz: float = parameter(72.0, "Hands a second.", unit="Hz", at_least=30.0, at_most=240.0)
    first_look_s: float = parameter(
        8.0, "How long it watches the cloud before it begins, at pace 1.", unit="s", at_least=0.0, at_most=600.0
    )
    think_s: float = parameter(0.6, "How long it looks before each mark, at pace 1.", unit="s", at_least=0.0)
    stroke_m_s: float = parameter(0.25, "Speed of its brush, at pace 1.", unit="m/s", at_least=0.01, at_most=5.0)
    reach_m: float = parameter(0.35, "Longest stroke.", unit="m", at_least=0.0, at_most=3.0)
    hands_by: str = parameter(
        "topic",
        "topic: publishes hands; monado: moves those of the OpenXR runtime Monado.",
        choices=("topic", "monado"),
    )
    port: int = parameter(4242, "Of Monado's driver `remote`, TCP.", at_least=1, at_most=65535)
