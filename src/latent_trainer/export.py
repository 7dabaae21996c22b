"""Results as files: one table with a row for each item, and the network."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from safetensors.torch import save

from latent_trainer.preview import readable
from latent_trainer.training import Encoded, NotFiniteError, Training
from latentvr_common import session_files
from latentvr_common.datasets import Dataset
from latentvr_common.labels import CATEGORY_CAPACITY, Category

MODEL_TENSORS = f"{session_files.MODEL}/model.safetensors"
MODEL_DESCRIPTION = f"{session_files.MODEL}/model.json"


def export_results(
    directory: Path,
    training: Training,
    dataset: Dataset,
    labels: npt.NDArray[np.int16],
    categories: Sequence[Category],
) -> list[str]:
    """Write the table of items and the network below `directory`; return the files' names relative to it.

    Each file is written beside its place and then renamed, so that a reader never finds half of one. Raises
    NotFiniteError, and writes nothing, if a number of the network is not finite.
    """
    table = items_table(training.encode(), dataset, labels, {c.id: c.name for c in categories})
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in training.average.state_dict().items()}
    wrong = [name for name, tensor in tensors.items() if not tensor.isfinite().all()]
    if wrong:
        raise NotFiniteError(f"the network's {', '.join(wrong)} hold numbers that are not finite")
    projection = training.projection
    mean, scale = (column.astype(np.float32) for column in dataset.scaling())
    tensors |= _as_tensors(
        {
            "features.mean": mean,
            "features.scale": scale,
            "projection.mean": projection.mean,
            "projection.axes": projection.axes,
        }
    )
    writers: dict[str, Callable[[Path], object]] = {
        session_files.ITEMS_PARQUET: lambda path: pyarrow.parquet.write_table(table, path),
        session_files.ITEMS_CSV: lambda path: pyarrow.csv.write_csv(table, path),
        # By way of bytes: an error of save_file is no OSError and names no file.
        MODEL_TENSORS: lambda path: path.write_bytes(save(tensors)),
        MODEL_DESCRIPTION: lambda path: path.write_text(_description(training, dataset, categories)),
    }
    (directory / session_files.MODEL).mkdir(parents=True, exist_ok=True)
    for name, write in writers.items():
        target = directory / name
        partial = target.with_name(target.name + ".partial")
        write(partial)
        os.replace(partial, target)
    return list(writers)


def items_table(
    encoded: Encoded, dataset: Dataset, labels: npt.NDArray[np.int16], names: Mapping[int, str]
) -> pa.Table:
    """Return a row for each item: what it is, where it lies, what it was marked as, what the network takes it for."""
    columns: dict[str, object] = {"sample_id": np.arange(len(dataset), dtype=np.uint32)}
    if dataset.item_names:
        columns["name"] = [readable(name) for name in dataset.item_names]
    columns |= {axis: encoded.positions[:, i] for i, axis in enumerate("xyz")}
    for column, ids in (("label", labels), ("predicted", encoded.predicted)):
        columns[f"{column}_id"] = ids
        columns[column] = _names_of(ids, names)
    columns["confidence"] = encoded.confidence
    return pa.table(columns)


def _names_of(ids: npt.NDArray[np.int16], names: Mapping[int, str]) -> pa.Array:
    present, where = np.unique(ids, return_inverse=True)
    texts = [names.get(int(i)) for i in present]
    return pa.DictionaryArray.from_arrays(pa.array(where, pa.int32()), pa.array(texts, pa.string())).dictionary_decode()


def _as_tensors(arrays: Mapping[str, npt.NDArray[np.float32]]) -> dict[str, object]:
    import torch

    return {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in arrays.items()}


def _description(training: Training, dataset: Dataset, categories: Sequence[Category]) -> str:
    description = {
        "inputs": "((item - features.mean) / features.scale - projection.mean) @ projection.axes / projection_scale",
        "input_size": int(training.inputs.shape[1]),
        "width": training.parameters.width,
        "category_capacity": CATEGORY_CAPACITY,
        "projection_scale": training.projection.scale,
        "item_shape": list(dataset.items.shape[1:]),
        "dataset_digest": dataset.digest,
        "epoch": training.epoch,
        "step": training.step_count,
        "categories": [{"id": c.id, "name": c.name, "retired": c.retired} for c in categories],
    }
    return json.dumps(description, indent=2) + "\n"
