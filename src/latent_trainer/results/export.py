"""Results as files, each of them whole."""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from safetensors.torch import save

from latent_trainer.results.items_table import items_table, write_csv, write_parquet
from latent_trainer.results.onnx_file import OnnxError, onnx_bytes
from latent_trainer.results.outcome import Outcome
from latent_trainer.results.report import report
from latentvr_common import session_files
from latentvr_common.fault_points import reach

MODEL_TENSORS = f"{session_files.MODEL}/model.safetensors"
MODEL_DESCRIPTION = f"{session_files.MODEL}/model.json"
MODEL_ONNX = f"{session_files.MODEL}/model.onnx"


@dataclass(frozen=True)
class Written:
    """What came of an export."""

    files: list[str]
    """Relative to the session's directory."""
    notes: list[str]
    """What is not there, and why: a line each."""


def export_results(directory: Path, outcome: Outcome) -> Written:
    """Write the table of items, the network and the report below `directory`.

    Each file is written beside its place and then renamed, so that a reader never finds half of one. Where the network
    cannot be written as ONNX, everything else is, and a note says so. Raises OSError.
    """
    table = items_table(outcome)
    tensors = {name: tensor.contiguous() for name, tensor in outcome.model.state_dict().items()}
    writers: dict[str, Callable[[Path], object]] = {
        session_files.ITEMS_PARQUET: lambda path: write_parquet(table, path),
        session_files.ITEMS_CSV: lambda path: write_csv(table, path),
        # By way of bytes: an error of save_file is no OSError and names no file.
        MODEL_TENSORS: lambda path: path.write_bytes(save(tensors)),
        MODEL_DESCRIPTION: lambda path: path.write_text(_description(outcome), encoding="utf-8"),
        MODEL_ONNX: lambda path: path.write_bytes(onnx_bytes(outcome.model, outcome.names)),
        session_files.REPORT: lambda path: path.write_text(report(outcome), encoding="utf-8"),
    }
    (directory / session_files.MODEL).mkdir(parents=True, exist_ok=True)
    written = Written([], [])
    for name, write in writers.items():
        try:
            _write(directory / name, write)
            written.files.append(name)
        except OnnxError as error:
            # What an earlier export left would be another network.
            (directory / name).unlink(missing_ok=True)
            written.notes.append(f"{name} was not written: {error}")
    return written


def _write(target: Path, write: Callable[[Path], object]) -> None:
    partial = target.with_name(target.name + ".partial")
    try:
        reach("export.file")
        write(partial)
        os.replace(partial, target)
    except OSError:
        with suppress(OSError):
            partial.unlink()
        raise


def _description(outcome: Outcome) -> str:
    description = {
        "format": 3,
        "how": "docs/results.md of latentvr",
        **outcome.model.description(),
        "dataset_digest": outcome.dataset.digest,
        "seed": outcome.seed,
        "epoch": outcome.epoch,
        "step": outcome.step,
        "categories": [{"id": c.id, "name": c.name, "retired": c.retired} for c in outcome.marks.categories],
    }
    return json.dumps(description, indent=2) + "\n"
