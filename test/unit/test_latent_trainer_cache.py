"""What is kept on disk is what was computed, for what it was computed, and never in anybody's way."""

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latent_trainer import cache as cache_module
from latent_trainer import preparation as preparation_module
from latent_trainer.cache import ArrayCache, Arrays
from latent_trainer.parameters import Parameters
from latent_trainer.preparation import Preparation
from latentvr_common.datasets import Dataset
from latentvr_common.directories import user_cache

VALUES = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)


class Maker:
    """Counts how often it had to compute."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> Arrays:
        self.times += 1
        return {"values": VALUES, "scale": np.array(2.5)}


def anything(_arrays: Arrays) -> bool:
    return True


@pytest.fixture
def make() -> Maker:
    return Maker()


def test_what_was_computed_is_read_the_next_time_to_the_bit(tmp_path: Path, make: Maker) -> None:
    for cache in (ArrayCache(tmp_path / "a" / "b"), ArrayCache(tmp_path / "a" / "b")):
        found = cache.get("values", {"digest": "x"}, anything, make)
        np.testing.assert_array_equal(found["values"], VALUES)
        assert (found["values"].dtype, found["scale"]) == (np.float32, 2.5)
    assert make.times == 1
    (file,) = (tmp_path / "a" / "b").iterdir()
    assert re.fullmatch(r"values-[0-9a-f]{32}\.npz", file.name)


def test_another_key_another_kind_and_other_code_are_computed_anew(
    tmp_path: Path, make: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = ArrayCache(tmp_path)
    cache.get("values", {"digest": "x", "seed": 1}, anything, make)
    cache.get("values", {"seed": 1, "digest": "x"}, anything, make)
    assert make.times == 1
    cache.get("values", {"digest": "x", "seed": 2}, anything, make)
    cache.get("others", {"digest": "x", "seed": 1}, anything, make)
    assert make.times == 3
    monkeypatch.setattr(cache_module, "_code", lambda: "newer")
    cache.get("values", {"digest": "x", "seed": 1}, anything, make)
    assert make.times == 4


def test_the_code_that_computes_is_all_there() -> None:
    folder = Path(str(cache_module.__file__)).parent
    assert all((folder / name).is_file() for name in cache_module._WHAT_COMPUTES)
    assert len(cache_module._code()) == 64


def test_arrays_that_do_not_fit_are_computed_anew_and_kept(tmp_path: Path, make: Maker) -> None:
    cache = ArrayCache(tmp_path)
    cache.get("values", {}, anything, make)
    cache.get("values", {}, lambda found: found["values"].shape == (1, 1), make)
    assert make.times == 2


@pytest.mark.parametrize("damage", ["empty", "cut", "noise", "pickle", "changed", "folder"])
def test_a_damaged_file_is_computed_anew_and_mended(tmp_path: Path, make: Maker, damage: str) -> None:
    cache = ArrayCache(tmp_path)
    cache.get("values", {}, anything, make)
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    if damage == "folder":
        file.unlink()
        file.mkdir()
    elif damage == "pickle":
        np.savez(file, values=np.array([print], dtype=object))
    else:
        middle = len(whole) // 2
        changed = whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :]
        file.write_bytes({"empty": b"", "cut": whole[:-100], "noise": b"x" * 500, "changed": changed}[damage])
    np.testing.assert_array_equal(cache.get("values", {}, anything, make)["values"], VALUES)
    assert make.times == 2
    if damage != "folder":
        cache.get("values", {}, anything, make)
        assert make.times == 2


def test_where_nothing_can_be_written_results_are_computed(tmp_path: Path, make: Maker) -> None:
    (tmp_path / "file").write_text("")
    for directory in (tmp_path / "file", None):
        assert (ArrayCache(directory).get("values", {}, anything, make)["values"] == VALUES).all()
    assert make.times == 2
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_disk_that_is_full_leaves_no_half_a_file(
    tmp_path: Path, make: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: Any, **_kwargs: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    ArrayCache(tmp_path).get("values", {}, anything, make)
    assert list(tmp_path.iterdir()) == []


def test_of_too_much_what_was_not_used_for_longest_goes(tmp_path: Path, make: Maker) -> None:
    cache = ArrayCache(tmp_path)
    cache.get("a", {}, anything, make)
    cache.get("b", {}, anything, make)
    for file in tmp_path.iterdir():
        os.utime(file, (1000, 1000) if file.name.startswith("b") else (2000, 2000))
    size = max(file.stat().st_size for file in tmp_path.iterdir())
    ArrayCache(tmp_path, most_bytes=2 * size + 10).get("c", {}, anything, make)
    assert sorted(file.name[0] for file in tmp_path.iterdir()) == ["a", "c"]


def test_the_folder_is_in_the_users_cache_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert user_cache() == tmp_path / "latentvr"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert user_cache() == Path("/home/somebody/.cache/latentvr")


# What training begins with


def dataset(count: int, seed: int = 0) -> Dataset:
    rows = np.random.default_rng(seed).normal(size=(count, 8)).astype(np.float32)
    return Dataset("some", rows)


def prepared(items: Dataset, cache: ArrayCache, **settings: Any) -> tuple[Any, Any, Any]:
    preparation = Preparation(items, Parameters(**{"components": 4, "neighbours": 3, **settings}), cache, 1)
    input_map, inputs = preparation.inputs(lambda done: None)
    return input_map, inputs, preparation.neighbours(inputs)


def test_a_large_dataset_is_prepared_once_and_then_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache, items = ArrayCache(tmp_path), dataset(5000)
    input_map, inputs, neighbours = prepared(items, cache)

    def never(*_args: Any, **_kwargs: Any) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr(preparation_module, "fit_inputs", never)
    monkeypatch.setattr(preparation_module, "nearest_neighbours", never)
    again_map, again_inputs, again_neighbours = prepared(dataset(5000), cache)
    np.testing.assert_array_equal(again_inputs, inputs)
    np.testing.assert_array_equal(again_neighbours, neighbours)
    assert (again_inputs.dtype, again_neighbours.dtype) == (np.float32, np.int32)
    np.testing.assert_array_equal(again_map.inputs_of(items.items[:9]), input_map.inputs_of(items.items[:9]))
    for other in (dataset(5000, seed=1), dataset(5001)):
        with pytest.raises(AssertionError, match="computed again"):
            prepared(other, cache)
    for settings in ({"components": 5}, {"neighbours": 4}, {"seed": 1}):
        with pytest.raises(AssertionError, match="computed again"):
            prepared(items, cache, **settings)


@pytest.mark.parametrize("kind", ["inputs", "neighbours"])
def test_a_file_that_lies_about_its_dataset_is_not_believed(tmp_path: Path, kind: str) -> None:
    cache, items = ArrayCache(tmp_path), dataset(5000)
    _, inputs, neighbours = prepared(items, cache)
    (file,) = tmp_path.glob(f"{kind}-*")
    with np.load(file) as found:
        arrays = dict(found)
    arrays[kind] = arrays[kind].copy()
    arrays[kind][7, 1] = np.nan if kind == "inputs" else 5000
    np.savez(file, **arrays)
    _, again_inputs, again_neighbours = prepared(items, cache)
    np.testing.assert_array_equal(again_inputs, inputs)
    np.testing.assert_array_equal(again_neighbours, neighbours)


def test_of_a_small_dataset_nothing_is_kept(tmp_path: Path) -> None:
    prepared(dataset(500), ArrayCache(tmp_path))
    assert list(tmp_path.iterdir()) == []
