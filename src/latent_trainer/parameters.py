"""Parameters of the trainer."""

from dataclasses import dataclass

from latentvr_common.parameters import parameter


@dataclass(frozen=True)
class Parameters:
    """What a person may set."""

    dataset: str = parameter("digits", "Name or path of the dataset.")
    max_items: int = parameter(0, "Use at most so many items, chosen by seed; 0: all.", unit="items", at_least=0)
    seed: int = parameter(0, "Seed of every random choice.", at_least=0)
    directory: str = parameter(
        "",
        "Session directory, for results and checkpoints, from the newest of which training goes on; empty: none.",
    )
    checkpoint_s: float = parameter(
        15.0,
        "Keep training's state in the session directory every so many seconds, to go on from; 0: never.",
        unit="s",
        at_least=0.0,
    )
    cache: str = parameter(
        "auto",
        "Folder for inputs and neighbours of large datasets, safe to delete; auto: latentvr in the user's cache "
        "directory; empty: nothing is kept.",
    )
    threads: int = parameter(
        0, "Threads of torch; 0: one less than the cores it may use, at most 8.", at_least=0, at_most=256
    )
    device: str = parameter("auto", "Where to train; auto: cuda if there is one.", choices=("auto", "cpu", "cuda"))
    cloud_rate_hz: float = parameter(12.0, "Cloud frames a second while training.", unit="Hz", at_least=0.1, at_most=90)
    paused: bool = parameter(False, "Start paused.")
    components: int = parameter(64, "Principal components that the network sees.", at_least=3, at_most=4096)
    width: int = parameter(256, "Width of the feature layer.", unit="units", at_least=8, at_most=8192)
    neighbours: int = parameter(15, "Neighbours of each item in the data.", at_least=1, at_most=200)
    batch: int = parameter(384, "Pairs of neighbours in one step.", unit="pairs", at_least=8, at_most=65536)
    label_batch: int = parameter(192, "Labelled items in one step.", unit="items", at_least=8, at_most=65536)
    learning_rate: float = parameter(6e-3, "Step size of the optimiser (AdamW).", at_least=1e-6, at_most=1.0)
    average_steps: int = parameter(
        100, "Steps over which the network that is shown is averaged.", unit="steps", at_least=1, at_most=100_000
    )
    reach: float = parameter(0.07, "Range of the forces.", unit="latent units", at_least=1e-3, at_most=10.0)
    weight_structure: float = parameter(1.0, "Weight of the term structure.", at_least=0.0)
    weight_spread: float = parameter(6.0, "Weight of the term spread.", at_least=0.0)
    weight_uniformity: float = parameter(
        0.15,
        "Weight of the term uniformity for 2,000 items or fewer; for N items 2,000 / N of it, none from 20,000 on.",
        at_least=0.0,
    )
    weight_attraction: float = parameter(0.3, "Weight of the term attraction.", at_least=0.0)
    weight_repulsion: float = parameter(0.3, "Weight of the term repulsion.", at_least=0.0)
    weight_reconstruction: float = parameter(0.3, "Weight of the term reconstruction.", at_least=0.0)
    weight_classification: float = parameter(1.0, "Weight of the term classification.", at_least=0.0)
    weight_agreement: float = parameter(0.5, "Weight of the term agreement.", at_least=0.0)
    label_smoothing: float = parameter(0.1, "How far marks are doubted.", at_least=0.0, at_most=0.9)
    forces_rate_hz: float = parameter(
        2.0, "Messages of the topic forces a second, while somebody listens.", unit="Hz", at_least=0.1, at_most=20.0
    )
    forces_items: int = parameter(
        384, "Items of which forces tells, chosen by seed; many are told of less often.", unit="items", at_least=1
    )
