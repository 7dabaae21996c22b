"""Arrays that take long to compute, kept on disk by all that they depend on. Safe to delete at any time."""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from latentvr_common.datasets.npz import UNREADABLE

Arrays = dict[str, npt.NDArray[np.generic]]
_MOST_BYTES = 4 << 30
_WHAT_COMPUTES = ("cache.py", "descriptors.py", "inputs.py", "projection.py", "graph.py")


class ArrayCache:
    """A folder of files, one for each result. What cannot be read or written is computed: never an error."""

    def __init__(self, directory: Path | None, most_bytes: int = _MOST_BYTES) -> None:
        """`directory`: made when it is needed; None: nothing is kept. Of more than `most_bytes` the oldest go."""
        self._directory = directory
        self._most_bytes = most_bytes

    def get(
        self, kind: str, key: Mapping[str, object], fits: Callable[[Arrays], bool], make: Callable[[], Arrays]
    ) -> Arrays:
        """Return the arrays of `kind` that belong to `key`, from the folder or else from `make`.

        `key`: all that the result depends on, but the code, which counts by itself; as for JSON. `fits` tells whether
        arrays from the folder have the shapes and types that are expected.
        """
        path = self._path(kind, key)
        if path is None:
            return make()
        found = _read(path)
        if found is not None and fits(found):
            return found
        made = make()
        self._keep(path, made)
        return made

    def holds(self, kind: str, key: Mapping[str, object]) -> bool:
        """Tell whether there is a file for `key`, whatever is in it."""
        path = self._path(kind, key)
        return path is not None and path.exists()

    def _path(self, kind: str, key: Mapping[str, object]) -> Path | None:
        return self._directory / f"{kind}-{_name_of(key)}.npz" if self._directory is not None else None

    def _keep(self, path: Path, arrays: Arrays) -> None:
        temporary = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".new", delete=False) as file:
                temporary = Path(file.name)
                np.savez(file, **arrays)  # type: ignore[arg-type]
            temporary.replace(path)
            self._prune()
        except OSError:
            if temporary is not None:
                temporary.unlink(missing_ok=True)

    def _prune(self) -> None:
        assert self._directory is not None
        kept = 0
        files = [(file, file.stat()) for file in self._directory.glob("*.n*")]  # Also what was cut off.
        for file, facts in sorted(files, key=lambda one: one[1].st_mtime, reverse=True):
            kept += facts.st_size
            if kept > self._most_bytes:
                file.unlink(missing_ok=True)


def _read(path: Path) -> Arrays | None:
    try:
        with np.load(path, allow_pickle=False) as found:
            arrays = {name: found[name] for name in found.files}
        os.utime(path)
    except UNREADABLE:
        return None
    return arrays


def _name_of(key: Mapping[str, object]) -> str:
    told = json.dumps({"code": _code(), **key}, sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:32]


@cache
def _code() -> str:
    """Return what changes when one of the modules that compute changes: old results are not for new code."""
    digest = hashlib.sha256(f"{np.__version__} {torch.__version__}".encode())
    for name in _WHAT_COMPUTES:
        digest.update((Path(__file__).parent / name).read_bytes())
    return digest.hexdigest()
