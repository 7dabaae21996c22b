"""Results as files: what they hold is what the network says now, in every format, and no reader finds half a file."""

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
import torch
from safetensors.numpy import load_file
from safetensors.torch import load_file as load_tensors

from latent_trainer.export import MODEL_DESCRIPTION, MODEL_TENSORS, export_results
from latent_trainer.graph import nearest_neighbours
from latent_trainer.model import LatentModel
from latent_trainer.parameters import Parameters
from latent_trainer.training import Training
from latentvr_common.cloud import NONE
from latentvr_common.datasets import Dataset
from latentvr_common.labels import Category
from latentvr_common.session_files import ITEMS_CSV, ITEMS_PARQUET

torch.set_num_threads(1)

ITEMS = 60
FILES = [ITEMS_PARQUET, ITEMS_CSV, MODEL_TENSORS, MODEL_DESCRIPTION]
CATEGORIES = (Category(0, 'cat, "the" best', 0xFF0000), Category(2, "Möwe", 0x00FF00), Category(4, "old", 1, True))
LABELS = np.full(ITEMS, NONE, np.int16)
LABELS[:6], LABELS[6:12], LABELS[12:15] = 0, 2, 9


def dataset(names: bool = False) -> Dataset:
    items = np.random.default_rng(0).integers(0, 256, size=(ITEMS, 4, 4), dtype=np.uint8)
    item_names = tuple(f"a folder/item {i}, größe.png" for i in range(ITEMS)) if names else ()
    return Dataset("pictures", items, truth=np.arange(ITEMS).astype(np.int16) % 3, item_names=item_names)


def trained(data: Dataset, steps: int = 5, labels: npt.NDArray[np.int16] = LABELS) -> Training:
    training = Training(data.features(), Parameters(width=16, components=8, batch=16, seed=3), "cpu")
    training.set_neighbours(nearest_neighbours(training.inputs.numpy(), 5, 1))
    training.set_labels(labels)
    for _ in range(steps):
        training.step()
    return training


def files_below(directory: Path) -> set[str]:
    return {str(f.relative_to(directory)) for f in directory.rglob("*") if f.is_file()}


def test_the_files_written_are_those_returned_and_nothing_else(tmp_path: Path) -> None:
    data = dataset()
    written = export_results(tmp_path / "not" / "there", trained(data), data, LABELS, CATEGORIES)
    assert written == FILES
    assert files_below(tmp_path / "not" / "there") == set(FILES)


@pytest.mark.parametrize("names", [False, True], ids=["without names", "with names"])
def test_the_table_holds_what_the_network_says_of_every_item(tmp_path: Path, names: bool) -> None:
    data = dataset(names)
    training = trained(data)
    export_results(tmp_path, training, data, LABELS, CATEGORIES)
    table, encoded = pyarrow.parquet.read_table(tmp_path / ITEMS_PARQUET), training.encode()
    axes = np.stack([table[axis].to_numpy() for axis in "xyz"], axis=1)
    np.testing.assert_array_equal(axes, encoded.positions)
    np.testing.assert_array_equal(table["sample_id"].to_numpy(), np.arange(ITEMS))
    np.testing.assert_array_equal(table["label_id"].to_numpy(), LABELS)
    np.testing.assert_array_equal(table["predicted_id"].to_numpy(), encoded.predicted)
    np.testing.assert_array_equal(table["confidence"].to_numpy(), encoded.confidence)
    expected_columns = ["sample_id", *(["name"] if names else []), "x", "y", "z"]
    expected_columns += ["label_id", "label", "predicted_id", "predicted", "confidence"]
    assert table.column_names == expected_columns, "and no truth"
    assert {str(table.schema.field(c).type) for c in ("x", "confidence")} == {"float"}
    if names:
        assert table["name"].to_pylist() == list(data.item_names)


def test_categories_have_their_names_and_what_has_no_known_category_has_none(tmp_path: Path) -> None:
    data = dataset()
    training = trained(data)
    export_results(tmp_path, training, data, LABELS, CATEGORIES)
    table = pyarrow.parquet.read_table(tmp_path / ITEMS_PARQUET)
    names = {0: 'cat, "the" best', 2: "Möwe"}
    assert table["label"].to_pylist() == [names.get(i) for i in LABELS.tolist()]
    predicted = training.encode().predicted.tolist()
    assert set(predicted) <= {0, 2, 9}
    assert table["predicted"].to_pylist() == [names.get(i) for i in predicted]


def test_a_table_without_labels_and_categories_says_none_everywhere(tmp_path: Path) -> None:
    data, nothing = dataset(), np.full(ITEMS, NONE, np.int16)
    export_results(tmp_path, trained(data, labels=nothing), data, nothing, ())
    table = pyarrow.parquet.read_table(tmp_path / ITEMS_PARQUET)
    for column in ("label", "predicted"):
        assert table[column].to_pylist() == [None] * ITEMS
        assert table[f"{column}_id"].to_pylist() == [NONE] * ITEMS
    assert table["confidence"].to_pylist() == [0.0] * ITEMS


def test_the_csv_file_holds_the_same_table(tmp_path: Path) -> None:
    data = dataset(names=True)
    export_results(tmp_path, trained(data), data, LABELS, CATEGORIES)
    exact = pyarrow.parquet.read_table(tmp_path / ITEMS_PARQUET)
    options = pa.csv.ConvertOptions(
        column_types=exact.schema, strings_can_be_null=True, quoted_strings_can_be_null=False, null_values=[""]
    )
    assert pyarrow.csv.read_csv(tmp_path / ITEMS_CSV, convert_options=options).equals(exact)


def columns() -> Dataset:
    """Rows of features of very different sizes, one of them constant."""
    rows = np.random.default_rng(3).normal(5.0, 2.0, (ITEMS, 6)) * [1.0, 100.0, 0.01, 1.0, 1.0, 0.0]
    return Dataset("columns", rows.astype(np.float32))


@pytest.mark.parametrize("data", [dataset(), columns()], ids=["pictures", "columns"])
def test_the_network_in_the_file_puts_every_raw_item_where_the_table_says(tmp_path: Path, data: Dataset) -> None:
    export_results(tmp_path, trained(data), data, LABELS, CATEGORIES)
    table = pyarrow.parquet.read_table(tmp_path / ITEMS_PARQUET)
    says = json.loads((tmp_path / MODEL_DESCRIPTION).read_text())
    tensors = load_tensors(tmp_path / MODEL_TENSORS)
    mean, axes = tensors.pop("projection.mean"), tensors.pop("projection.axes")
    center, scale = tensors.pop("features.mean"), tensors.pop("features.scale")
    model = LatentModel(says["input_size"], says["width"], says["category_capacity"])
    model.load_state_dict(tensors, strict=True)
    with torch.no_grad():
        raw = torch.from_numpy(data.items.reshape(len(data), -1).astype(np.float32))
        features = model.features(((raw - center) / scale - mean) @ axes / says["projection_scale"])
        latents, logits = model.to_latent(features).numpy(), model.to_category(features).numpy()
    np.testing.assert_allclose(latents, np.stack([table[a].to_numpy() for a in "xyz"], axis=1), atol=1e-5)
    known = np.unique(LABELS[LABELS != NONE])
    np.testing.assert_array_equal(known[logits[:, known].argmax(axis=1)], table["predicted_id"].to_numpy())


def test_the_description_says_what_was_trained_on_what_and_how_far(tmp_path: Path) -> None:
    data = dataset()
    training = trained(data, steps=9)
    export_results(tmp_path, training, data, LABELS, CATEGORIES)
    says = json.loads((tmp_path / MODEL_DESCRIPTION).read_text())
    assert (says["step"], says["epoch"]) == (9, 9 * 16 // ITEMS)
    assert says["dataset_digest"] == data.digest
    assert says["item_shape"] == [4, 4]
    assert says["categories"] == [
        {"id": 0, "name": 'cat, "the" best', "retired": False},
        {"id": 2, "name": "Möwe", "retired": False},
        {"id": 4, "name": "old", "retired": True},
    ]


def test_exporting_again_replaces_what_was_there(tmp_path: Path) -> None:
    data = dataset()
    training = trained(data)
    export_results(tmp_path, training, data, LABELS, CATEGORIES)
    before = {name: (tmp_path / name).read_bytes() for name in FILES}
    training.step()
    export_results(tmp_path, training, data, np.roll(LABELS, 1), CATEGORIES)
    assert files_below(tmp_path) == set(FILES)
    assert all((tmp_path / name).read_bytes() != content for name, content in before.items())
    table = pyarrow.parquet.read_table(tmp_path / ITEMS_PARQUET)
    np.testing.assert_array_equal(table["label_id"].to_numpy(), np.roll(LABELS, 1))
    np.testing.assert_array_equal(table["x"].to_numpy(), training.encode().positions[:, 0])


@pytest.mark.parametrize("broken", FILES)
def test_a_file_that_cannot_be_written_is_an_error_of_the_system_and_leaves_the_old_one_whole(
    tmp_path: Path, broken: str
) -> None:
    data = dataset()
    training = trained(data)
    export_results(tmp_path, training, data, LABELS, CATEGORIES)
    before = (tmp_path / broken).read_bytes()
    training.step()
    (tmp_path / f"{broken}.partial").mkdir()  # nothing can be written there
    with pytest.raises(OSError, match=f"{broken}.partial"):
        export_results(tmp_path, training, data, np.roll(LABELS, 1), CATEGORIES)
    assert (tmp_path / broken).read_bytes() == before
    (tmp_path / f"{broken}.partial").rmdir()
    export_results(tmp_path, training, data, np.roll(LABELS, 1), CATEGORIES)
    assert (tmp_path / broken).read_bytes() != before


@pytest.mark.parametrize("broken", FILES)
def test_a_full_disk_is_an_error_of_the_system_and_leaves_the_old_file_whole(tmp_path: Path, broken: str) -> None:
    data = dataset()
    training = trained(data)
    export_results(tmp_path, training, data, LABELS, CATEGORIES)
    before = (tmp_path / broken).read_bytes()
    (tmp_path / f"{broken}.partial").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        export_results(tmp_path, training, data, np.roll(LABELS, 1), CATEGORIES)
    assert (tmp_path / broken).read_bytes() == before


def test_what_a_killed_export_left_is_cleared_away_by_the_next(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    for name in FILES:
        (tmp_path / f"{name}.partial").write_bytes(b"half of i")
    data = dataset()
    export_results(tmp_path, trained(data), data, LABELS, CATEGORIES)
    assert files_below(tmp_path) == set(FILES)
    assert load_file(tmp_path / MODEL_TENSORS)["projection.axes"].shape == (16, 8)
