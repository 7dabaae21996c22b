"""Inputs: the same whether items are read at once or in blocks, from memory or from a file."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from latent_trainer import inputs as inputs_module
from latent_trainer.descriptors import descriptor_for
from latent_trainer.inputs import fit_inputs
from latent_trainer.projection import fit_projection, fit_size
from latentvr_common.datasets import Dataset, load

torch.set_num_threads(1)

Array = npt.NDArray[Any]


def rows(count: int, width: int = 12, seed: int = 0) -> Array:
    """Rows of features (count, width) with directions of clearly different spread."""
    rng = np.random.default_rng(seed)
    turned, _ = np.linalg.qr(rng.normal(size=(width, width)))
    return np.asarray((rng.normal(size=(count, width)) * 0.8 ** np.arange(width)) @ turned + 3, np.float32)


def pictures(count: int, *shape: int) -> Array:
    return np.random.default_rng(0).integers(0, 256, size=(count, *shape), dtype=np.uint8)


KINDS = {"rows": rows(1300), "grey pictures": pictures(600, 6, 6), "colour pictures": pictures(600, 4, 5, 3)}
every_kind = pytest.mark.parametrize("items", KINDS.values(), ids=KINDS)


def at_once(dataset: Dataset, components: int) -> Array:
    """Inputs by the definition: all items described, then projected, at one go."""
    described = descriptor_for(dataset)(torch.from_numpy(np.array(dataset.items))).numpy()
    return fit_projection(described, components, 0).inputs_of(described)


@every_kind
@pytest.mark.parametrize("numbers", [1, 500, 5000, 10_000_000])
def test_blocks_change_nothing(items: Array, numbers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = Dataset("data", items)
    monkeypatch.setattr(inputs_module, "_BLOCK_NUMBERS", numbers)
    _, found = fit_inputs(dataset, 5, 0)
    assert found.dtype == np.float32
    assert found.shape == (len(dataset), 5)
    np.testing.assert_allclose(found, at_once(dataset, 5), atol=1e-4)


@pytest.mark.parametrize("count", [20, 511, 512, 513, 1300])
def test_progress_rises_by_at_most_a_block_and_reaches_all_items(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    monkeypatch.setattr(inputs_module, "_BLOCK_NUMBERS", 512 * 12)
    fit_inputs(Dataset("data", rows(count)), 5, 0, told.append)
    steps = np.diff([0, *told])
    assert told[-1] == count
    assert steps.min() > 0
    assert steps.max() <= 512
    assert len(told) == -(-count // 512)


@every_kind
def test_the_same_seed_gives_the_same_inputs_to_the_bit(items: Array) -> None:
    first, second = (fit_inputs(Dataset("data", items), 5, 3) for _ in range(2))
    np.testing.assert_array_equal(first[1], second[1])
    np.testing.assert_array_equal(first[0].projection.axes, second[0].projection.axes)


@every_kind
def test_more_threads_give_the_same_inputs_to_the_bit_and_tell_of_every_block_in_order(items: Array) -> None:
    told: list[int] = []
    one = fit_inputs(Dataset("data", items), 5, 3)
    many = fit_inputs(Dataset("data", items), 5, 3, told.append, threads=3)
    np.testing.assert_array_equal(one[1], many[1])
    np.testing.assert_array_equal(one[0].projection.axes, many[0].projection.axes)
    assert told == sorted(told)
    assert told[-1] == len(items)


def test_what_goes_wrong_with_a_block_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def torn(self: Any, items: Array) -> Array:
        raise OSError("torn file")

    monkeypatch.setattr(inputs_module.InputMap, "inputs_of", torn)
    with pytest.raises(OSError, match="torn file"):
        fit_inputs(Dataset("data", rows(40)), 5, 0, threads=2)


def test_of_many_items_the_seed_chooses_those_that_are_fitted_to(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = Dataset("data", rows(fit_size(12) + 3000))
    fitted: list[int] = []
    fit = fit_projection

    def counted(features: Array, *rest: Any) -> Any:
        fitted.append(len(features))
        return fit(features, *rest)

    monkeypatch.setattr(inputs_module, "fit_projection", counted)
    one, same, other = (fit_inputs(dataset, 3, seed) for seed in (5, 5, 6))
    assert fitted == [fit_size(12)] * 3
    np.testing.assert_array_equal(one[1], same[1])
    assert not np.array_equal(one[1], other[1])
    np.testing.assert_allclose(one[1], at_once(dataset, 3), atol=0.1)


@every_kind
def test_the_inputs_of_an_item_are_its_row_among_those_of_all(items: Array) -> None:
    dataset = Dataset("data", items)
    fitted, inputs = fit_inputs(dataset, 8, 0)
    some = np.array([599, 0, 42, 513])
    found = fitted.inputs_of(dataset.items[some])
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, inputs[some], atol=1e-4)
    np.testing.assert_allclose(fitted.inputs_of(dataset.items[7:8])[0], inputs[7], atol=1e-4)


@every_kind
def test_items_come_back_where_no_component_is_left_out(items: Array) -> None:
    fitted, inputs = fit_inputs(Dataset("data", items), 10_000, 0)
    back = fitted.items_of(inputs[:9])
    assert back.shape == items[:9].shape
    assert back.dtype == np.float32
    # Pixels are a small part of a description, in which noise of float32 grows by 255.
    np.testing.assert_allclose(back, items[:9], atol=1.0 if items.ndim > 2 else 1e-3)


def test_items_come_back_the_better_the_more_components_there_are() -> None:
    digits = load("digits", max_items=400)
    errors = []
    for components in (2, 8, 64):
        fitted, inputs = fit_inputs(digits, components, 0)
        errors.append(float(np.abs(fitted.items_of(inputs) - digits.items).mean()))
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 0.7 * float(np.abs(digits.items - digits.items.mean(axis=0)).mean())


@pytest.mark.parametrize("components", [1, 3, 12, 64])
def test_there_are_at_most_as_many_inputs_as_asked_for_and_as_columns(components: int) -> None:
    assert fit_inputs(Dataset("data", rows(40)), components, 0)[1].shape == (40, min(components, 12))


@pytest.mark.parametrize("dtype", ["f4", "f2", "u1"])
def test_a_mapped_file_gives_the_same_inputs_as_its_numbers_in_memory(tmp_path: Path, dtype: str) -> None:
    items = (rows(1300) * 20 + 100).astype(dtype)
    np.save(tmp_path / "data.npy", items)
    mapped = load(str(tmp_path / "data.npy"))
    assert isinstance(mapped.items, np.memmap)
    fitted, inputs = fit_inputs(mapped, 5, 0)
    np.testing.assert_array_equal(inputs, fit_inputs(Dataset("in memory", items), 5, 0)[1])
    np.testing.assert_allclose(fitted.inputs_of(mapped.items[3:9]), inputs[3:9], atol=1e-4)


def test_mapped_pictures_give_the_same_inputs_as_in_memory(tmp_path: Path) -> None:
    items = pictures(600, 6, 6)
    np.save(tmp_path / "data.npy", items)
    _, inputs = fit_inputs(load(str(tmp_path / "data.npy")), 5, 0)
    np.testing.assert_array_equal(inputs, fit_inputs(Dataset("in memory", items), 5, 0)[1])


def test_items_are_never_read_more_than_a_block_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    monkeypatch.setattr(inputs_module, "_BLOCK_NUMBERS", 512 * 36)

    class Watched(np.ndarray[Any, Any]):
        def __getitem__(self, key: Any) -> Any:
            found = super().__getitem__(key)
            if isinstance(key, slice | np.ndarray):
                taken.append(len(found))
            return found

    dataset = Dataset("data", pictures(1300, 6, 6).view(Watched))
    fit_inputs(dataset, 5, 0)
    assert max(taken) == 512


def test_items_are_left_as_they_are() -> None:
    items = rows(600)
    before = items.copy()
    items.flags.writeable = False
    fit_inputs(Dataset("data", items), 5, 0)
    np.testing.assert_array_equal(items, before)
