"""The table with a row for each item."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from latent_trainer.marks import Marks
from latent_trainer.preview import readable
from latent_trainer.results.outcome import Outcome
from latentvr_common.cloud import NONE


def items_table(outcome: Outcome) -> pa.Table:
    """Return what each item is called, what it was marked as and by whom, what the network takes it for, and its place.

    What an item does not have is null; the id of no category is -1.
    """
    marks, encoded, names = outcome.marks, outcome.encoded, outcome.names
    authors = {seq: readable(author) for seq, author in marks.authors.items()}
    columns: dict[str, object] = {
        "sample_id": np.arange(len(outcome.dataset), dtype=np.uint32),
        "id": [readable(name) for name in outcome.dataset.ids],
        "label_id": marks.labels,
        "label": _texts(marks.labels, names),
        "labelled_by": _texts(marks.origins, authors),
        "others_say": _others_say(marks, names),
        "predicted_id": encoded.predicted,
        "predicted": _texts(encoded.predicted, names),
        "confidence": encoded.confidence,
    }
    columns |= {axis: encoded.positions[:, i] for i, axis in enumerate("xyz")}
    return pa.table(columns)


def _others_say(marks: Marks, names: Mapping[int, str]) -> pa.Array:
    """Return what other authors say of the items on which authors disagree; null where nobody says anything else."""
    texts: list[str | None] = [None] * len(marks.labels)
    for row, item in enumerate(marks.conflicts.items.tolist()):
        holds = int(marks.labels[item])
        others = {who: what for who, what in marks.conflicts.claims(row).items() if what != holds}
        texts[item] = "; ".join(f"{readable(who)}: {_name(what, names)}" for who, what in sorted(others.items()))
    return pa.array(texts, pa.string())


def _name(category: int, names: Mapping[int, str]) -> str:
    return "none" if category == NONE else names.get(category, str(category))


def _texts(keys: npt.NDArray[np.integer], texts: Mapping[int, str]) -> pa.Array:
    present, where = np.unique(keys, return_inverse=True)
    found = [texts.get(int(key)) for key in present]
    return pa.DictionaryArray.from_arrays(pa.array(where, pa.int32()), pa.array(found, pa.string())).dictionary_decode()


def write_parquet(table: pa.Table, path: Path) -> None:
    """Write the table for programs: types are kept."""
    pyarrow.parquet.write_table(table, path)


def write_csv(table: pa.Table, path: Path) -> None:
    """Write the table for everything else: UTF-8, commas, null is nothing between commas."""
    pyarrow.csv.write_csv(table, path)
