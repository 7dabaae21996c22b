"""What would live at a place in the latent space, and who lives around it. No thread, no clock, no ROS."""

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from latent_trainer.inputs import InputMap
from latent_trainer.preview import enlarged_png, values_text
from latent_trainer.training import Encoded, Training
from latentvr_common.cloud import NONE
from latentvr_common.datasets import Dataset
from latentvr_common.place import Place

FloatArray = npt.NDArray[np.floating]

NEIGHBOURS = 15
"""So many nearest items are told, and vote."""


def distances_to(place: FloatArray, positions: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return how far each of `positions` (N, 3) is from `place` (3,), (N,)."""
    away = positions - np.asarray(place, dtype=np.float32)
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", away, away)))


def nearest(distances: npt.NDArray[np.float32], count: int) -> npt.NDArray[np.int64]:
    """Return the rows of the `count` smallest of `distances` (N,), or of all if they are fewer, nearest first."""
    count = min(count, len(distances))
    some = np.argpartition(distances, count - 1)[:count] if count else np.zeros(0, np.int64)
    return np.asarray(some[np.argsort(distances[some], kind="stable")], dtype=np.int64)


def items_around(item: int, positions: npt.NDArray[np.float32], count: int = NEIGHBOURS) -> npt.NDArray[np.int64]:
    """Return the rows of the `count` other items nearest to `item` among `positions` (N, 3), nearest first."""
    distances = distances_to(positions[item], positions)
    distances[item] = np.inf
    return nearest(distances, min(count, len(positions) - 1))


def vote(weights: FloatArray, categories: npt.NDArray[np.int16], confidence: FloatArray) -> tuple[int, float]:
    """Return the category with the greatest part of the weights, -1 none, and that part, 0 to 1.

    weights: (K,) of the voters, above 0; categories: (K,), -1 for who has none and votes for none; confidence: (K,),
    0 to 1, the part of its weight that a voter gives to its category.
    """
    found = np.unique(categories[categories != NONE])
    if not len(found):
        return NONE, 0.0
    given = weights * confidence
    parts = [float(given[categories == category].sum()) for category in found]
    best = int(np.argmax(parts))
    return int(found[best]), min(1.0, parts[best] / float(weights.sum()))


@torch.no_grad()
def decoded(training: Training, input_map: InputMap, place: FloatArray) -> npt.NDArray[np.float32]:
    """Return the item that the shown network makes of `place` (3,): a picture, 0 to 255, or a row in its own units."""
    latents = torch.as_tensor(place, dtype=torch.float32, device=training.device)[None]
    return np.asarray(input_map.items_of(training.average.decode(latents).cpu().numpy())[0])


def explore(
    place: FloatArray,
    training: Training,
    input_map: InputMap,
    dataset: Dataset,
    shown: Encoded,
    labels: npt.NDArray[np.int16],
) -> Place:
    """Return what would live at `place` (3,), latent units, and who lives around it.

    `shown`: where the items are seen, and what they are taken for; `labels`: (N,) in force, -1 none. Runs on the thread
    of `training`.
    """
    item, pictures = decoded(training, input_map, place), dataset.has_pictures
    reach = training.parameters.reach
    distances = distances_to(place, shown.positions)
    closest = int(np.argmin(distances))
    category, share = taken_for(place, shown, labels, reach)
    return Place(
        png=enlarged_png(image_of(item, upside_down=dataset.kind == "sounds"), quick=True) if pictures else b"",
        text="" if pictures else values_text(item),
        support=int((distances <= reach).sum()),
        reach=reach,
        nearest=closest,
        distance=float(distances[closest]),
        predicted=category,
        share=share,
    )


def taken_for(place: FloatArray, shown: Encoded, labels: npt.NDArray[np.int16], reach: float) -> tuple[int, float]:
    """Return the category of `place` (3,) by a vote of the nearest items, -1 none, and its share, 0 to 1.

    `shown` and `labels` as for `explore`; `reach`: latent units.
    """
    distances = distances_to(place, shown.positions)
    rows = nearest(distances, NEIGHBOURS)
    is_labelled = labels[rows] != NONE
    return vote(
        1.0 / (1.0 + np.square(distances[rows] / reach)),
        np.where(is_labelled, labels[rows], shown.predicted[rows]),
        np.where(is_labelled, np.float32(1.0), shown.confidence[rows]),
    )


def image_of(picture: npt.NDArray[np.float32], *, upside_down: bool = False) -> Image.Image:
    """Return `picture` (H, W) or (H, W, 3), 0 to 255, as an image.

    `upside_down`: row 0 comes last, as of spectrograms, whose row 0 is the lowest frequency.
    """
    pixels = np.clip(np.nan_to_num(picture), 0.0, 255.0).round().astype(np.uint8)
    return Image.fromarray(np.ascontiguousarray(pixels[::-1] if upside_down else pixels))
