"""The network as files: whoever loads them gets what the table says, as docs/results.md shows it."""

import json
import re
import runpy
import sys
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pyarrow.parquet
import pytest
import torch
from outcomes import CATEGORIES, ITEMS, MARKS, Run, columns, mark, marks, outcome, pictures

from latent_trainer.results.export import MODEL_DESCRIPTION, MODEL_ONNX, export_results
from latent_trainer.results.exported import ExportedModel, exported_model
from latent_trainer.results.onnx_file import OnnxError, onnx_bytes
from latent_trainer.results.outcome import Outcome
from latent_trainer.training import NotFiniteError
from latentvr_common.labels import Category
from latentvr_common.session_files import ITEMS_PARQUET

torch.set_num_threads(1)

DOCS = Path(__file__).parents[2] / "docs" / "results.md"
KINDS = {
    "rows": columns(),
    "grey": pictures(12, 9),
    "digits": pictures(8, 8),
    "colour": pictures(17, 23, 3),
    "large": pictures(64, 96),
}
each_kind = pytest.mark.parametrize("kind", KINDS)

Floats = npt.NDArray[np.float32]


@cache
def of(kind: str) -> Outcome:
    return outcome(KINDS[kind])


def as_ids(known: list[int], probabilities: Floats) -> list[int]:
    return [known[column] for column in probabilities.argmax(axis=1)]


@each_kind
def test_the_whole_way_in_one_network_is_the_way_of_training(kind: str) -> None:
    result = of(kind)
    with torch.no_grad():
        latents, probabilities, confidence = result.model(torch.from_numpy(result.dataset.items))
    np.testing.assert_allclose(latents.numpy(), result.encoded.positions, atol=1e-5)
    np.testing.assert_allclose(confidence.numpy(), result.encoded.confidence, atol=1e-5)
    assert np.abs(probabilities.max(dim=1).values.numpy() - result.encoded.confidence).max() > 0.05, "not its own word"
    assert result.model.known_ids == [0, 2, 9]
    assert as_ids([0, 2, 9], probabilities.numpy()) == result.encoded.predicted.tolist()


@each_kind
def test_a_description_makes_the_same_network_again(kind: str) -> None:
    data, model = KINDS[kind], of(kind).model
    again = ExportedModel.from_description(json.loads(json.dumps(model.description())))
    again.load_state_dict(model.state_dict(), strict=True)
    assert again.description() == model.description()
    assert again.item_shape == data.items.shape[1:]
    items = torch.from_numpy(data.items)
    with torch.no_grad():
        assert all(torch.equal(a, b) for a, b in zip(model(items), again(items), strict=True))


def test_where_nothing_was_left_out_yet_the_networks_own_word_counts() -> None:
    run = Run(pictures(), marks(*MARKS))
    run.training.belief = None
    result = run.outcome()
    again = ExportedModel.from_description(json.loads(json.dumps(result.model.description())))
    again.load_state_dict(result.model.state_dict(), strict=True)
    with torch.no_grad():
        _, probabilities, confidence = again(torch.from_numpy(result.dataset.items))
    torch.testing.assert_close(confidence, probabilities.max(dim=1).values)
    np.testing.assert_allclose(confidence.numpy(), result.encoded.confidence, atol=1e-5)
    assert_onnx_says_what_the_table_says(result)


def test_what_is_unlike_all_that_was_marked_is_believed_less() -> None:
    result = of("rows")
    items = torch.from_numpy(result.dataset.items)
    with torch.no_grad():
        near, far = result.model(items)[2], result.model(items + 50.0 * items.std(dim=0))[2]
    assert float(far.max()) < 0.1 * float(near.mean())


def test_training_goes_on_without_what_was_exported() -> None:
    run = Run(pictures(), marks(*MARKS))
    before = exported_model(run.training, run.input_map)
    numbers = {name: tensor.clone() for name, tensor in before.state_dict().items()}
    for _ in range(5):
        run.training.step()
    assert all(torch.equal(numbers[name], tensor) for name, tensor in before.state_dict().items())


def test_a_network_that_is_not_finite_is_not_exported_and_what_is_wrong_is_named() -> None:
    run = Run(pictures(), marks(*MARKS))
    with torch.no_grad():
        run.training.average.to_category.weight[3, 3] = torch.inf
    with pytest.raises(NotFiniteError, match=r"^the network's network\.to_category\.weight hold numbers"):
        run.outcome()


# ONNX


def run_onnx(exported: bytes, items: npt.NDArray[Any]) -> tuple[list[Floats], list[dict[str, Any]]]:
    """Latents, probabilities and confidence, and the categories."""
    session = onnxruntime.InferenceSession(exported)
    assert [output.name for output in session.get_outputs()] == ["latents", "probabilities", "confidence"]
    found = session.run(None, {"items": items.astype(np.float32)})
    return found, json.loads(session.get_modelmeta().custom_metadata_map["categories"])


def assert_onnx_says_what_the_table_says(result: Outcome) -> None:
    exported = onnx_bytes(result.model, result.names)
    onnx.checker.check_model(onnx.load_model_from_string(exported), full_check=True)
    for some in (slice(0, 1), slice(3, 10), slice(None)):
        (latents, probabilities, confidence), categories = run_onnx(exported, result.dataset.items[some])
        np.testing.assert_allclose(latents, result.encoded.positions[some], atol=1e-4)
        np.testing.assert_allclose(confidence, result.encoded.confidence[some], atol=1e-4)
        found = [categories[column]["id"] for column in probabilities.argmax(axis=1)]
        assert found == result.encoded.predicted[some].tolist()


@each_kind
def test_onnx_says_what_the_table_says_for_any_number_of_items(kind: str) -> None:
    assert_onnx_says_what_the_table_says(of(kind))


def test_onnx_says_what_the_table_says_after_training_with_many_categories() -> None:
    many = tuple(Category(i, f"category {i}", i) for i in range(0, 200, 10))
    events = [mark(i + 1, c.id, i, i + 20) for i, c in enumerate(many)]
    said = marks(*events, categories=many)
    assert_onnx_says_what_the_table_says(Run(pictures(6, 6, 3), said, steps=60).outcome())


def test_the_onnx_file_names_the_categories_of_its_columns() -> None:
    result = of("grey")
    _, categories = run_onnx(onnx_bytes(result.model, result.names), result.dataset.items[:1])
    assert categories == [
        {"id": 0, "name": 'cat, "the" best'},
        {"id": 2, "name": "Möwe"},
        {"id": 9, "name": ""},
    ]


@pytest.mark.parametrize("events", [(), MARKS[:1]], ids=["no category", "one"])
def test_before_there_are_two_categories_there_are_places_and_no_probabilities(events: tuple[Any, ...]) -> None:
    result = outcome(said=marks(*events))
    (latents, probabilities, confidence), categories = run_onnx(
        onnx_bytes(result.model, result.names), result.dataset.items
    )
    np.testing.assert_allclose(latents, result.encoded.positions, atol=1e-4)
    assert (probabilities.shape, categories) == ((ITEMS, 0), [])
    assert confidence.tolist() == [0.0] * ITEMS


def test_an_export_to_onnx_warns_of_nothing() -> None:
    result = of("grey")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        onnx_bytes(result.model, result.names)


def test_where_onnx_is_missing_the_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    result = of("grey")
    with pytest.raises(OnnxError, match=r"^\w+: .*onnx"):
        onnx_bytes(result.model, result.names)


# What the documentation shows


def blocks() -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", DOCS.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """A session's directory `session` and its dataset `items.npz`, in the working directory."""
    np.savez(tmp_path / "items.npz", items=KINDS[request.param].items)
    export_results(tmp_path / "session", of(request.param))
    monkeypatch.chdir(tmp_path)


def shown(number: int) -> dict[str, Any]:
    """Run a block of the documentation as it stands; return its names."""
    Path("shown.py").write_text(blocks()[number], encoding="utf-8")
    return runpy.run_path("shown.py")


in_a_session = pytest.mark.parametrize("session", KINDS, indirect=True)


@in_a_session
@pytest.mark.usefixtures("session")
def test_what_is_shown_with_pytorch_gives_the_table() -> None:
    table = pyarrow.parquet.read_table(f"session/{ITEMS_PARQUET}")
    names = shown(0)
    axes = np.stack([table[axis].to_numpy() for axis in "xyz"], axis=1)
    np.testing.assert_allclose(names["latents"].numpy(), axes, atol=1e-5)
    np.testing.assert_allclose(names["confidence"].numpy(), table["confidence"].to_numpy(), atol=1e-5)
    assert names["predicted_id"] == table["predicted_id"].to_pylist()


@in_a_session
@pytest.mark.usefixtures("session")
def test_what_is_shown_with_onnx_gives_the_table() -> None:
    table = pyarrow.parquet.read_table(f"session/{ITEMS_PARQUET}")
    names = shown(1)
    axes = np.stack([table[axis].to_numpy() for axis in "xyz"], axis=1)
    np.testing.assert_allclose(names["latents"], axes, atol=1e-4)
    np.testing.assert_allclose(names["confidence"], table["confidence"].to_numpy(), atol=1e-4)
    assert names["predicted"] == [text or "" for text in table["predicted"].to_pylist()]


def test_what_is_shown_is_short() -> None:
    code = [[line for line in block.splitlines() if line and "import" not in line] for block in blocks()]
    assert [len(lines) for lines in code] == [7, 5]


def test_the_description_says_what_was_trained_on_what_and_how_far(tmp_path: Path) -> None:
    run = Run(pictures(), marks(*MARKS), steps=9)
    export_results(tmp_path, run.outcome())
    says = json.loads((tmp_path / MODEL_DESCRIPTION).read_text(encoding="utf-8"))
    assert (says["step"], says["epoch"], says["seed"]) == (9, 9 * 16 // ITEMS, 3)
    assert says["dataset_digest"] == run.dataset.digest
    assert says["item_shape"] == [4, 4]
    assert says["known"] == [0, 2, 9]
    assert says["categories"] == [{"id": c.id, "name": c.name, "retired": c.retired} for c in CATEGORIES]
    assert (tmp_path / MODEL_ONNX).stat().st_size > 0
