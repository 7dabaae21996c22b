"""Before any process starts: read the dataset, make the session's directory, write down what the session is.

Everything that a person can have given wrongly is found here.
"""

import json
import os
import platform
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from latentvr_common import session_files
from latentvr_common.datasets import Dataset, load
from latentvr_common.display import why_no_window
from latentvr_common.errors import InputError
from latentvr_common.labels import CATEGORY_CAPACITY
from latentvr_session.arguments import Arguments, has_desktop, has_monado, has_simulated_person
from latentvr_session.earlier import earlier_session
from latentvr_session.monado import Monado, monado_of_a_session

_PRIVATE = 0o700
_OF_A_SESSION = (
    session_files.SESSION,
    session_files.LABELS,
    session_files.BAG,
    session_files.SUMMARY,
    session_files.ITEMS_PARQUET,
)
_UNNAMED_CATEGORIES = 8
_LONGEST_NAME = 100
"""Of a category; as the journal takes it."""
_VERSIONS_OF = ("torch", "numpy", "open3d-cpu", "faiss-cpu", "mcap", "rosbags")


@dataclass(frozen=True)
class Prepared:
    """A session that can start."""

    arguments: Arguments
    directory: Path
    """Absolute; exists."""
    categories: tuple[str, ...]
    item_count: int
    notes: tuple[str, ...]
    """What a person should know before it starts."""
    runtime: Monado | None = None
    """The OpenXR runtime that it brings along."""


def prepare(arguments: Arguments, on_progress: Callable[[str], None] | None = None) -> Prepared:
    """Check what was given, make the session's directory and write session.json. Raises InputError.

    `on_progress` is told now and then how far reading a large dataset has come.
    """
    before = earlier_session(arguments) if arguments.resume else None
    if before is not None:
        arguments = before.arguments
    if has_desktop(arguments) and (reason := why_no_window()):
        raise InputError(f"argument view is desktop, but {reason}; expected an X11 display")
    dataset = load(arguments.dataset, max_items=arguments.max_items, seed=arguments.seed, on_progress=on_progress)
    if has_simulated_person(arguments) and dataset.truth is None:
        raise InputError(
            f"dataset {arguments.dataset} has no truth, which the simulated person needs; "
            "sort the files into one subfolder for each category, add `truth` to the table or .npz file, "
            "or say hands:=none"
        )
    if before is not None:
        before.check(dataset)
    categories = _category_names(arguments, dataset)
    # Before the directory: where it cannot be had, a second try finds that still new.
    runtime = _runtime(arguments, on_progress)
    directory = _make_directory(arguments) if before is None else before.directory
    if before is None:
        write_text(directory / session_files.SESSION, _as_text(_description(arguments, dataset, categories)))
    else:
        write_text(directory / session_files.SESSION, _as_text(before.resumed(_when_and_how(arguments))))
        before.keep_film()
        before.forget_pause()
    notes = _notes(dataset, arguments.max_items)
    return Prepared(arguments, directory, categories, len(dataset), notes, runtime)


def _runtime(arguments: Arguments, on_progress: Callable[[str], None] | None) -> Monado | None:
    if not has_monado(arguments):
        return None
    try:
        return monado_of_a_session(on_progress or (lambda _: None))
    except InputError as error:
        raise InputError(f"argument xr_runtime is monado, which cannot be had here: {error}") from error


def _category_names(arguments: Arguments, dataset: Dataset) -> tuple[str, ...]:
    given = tuple(name.strip() for name in arguments.categories.split(",") if name.strip())
    if len(set(given)) != len(given):
        raise InputError(f"argument categories is {arguments.categories!r}, expected every name once")
    if given and has_simulated_person(arguments) and given != dataset.categories:
        raise InputError(
            f"argument categories: the simulated person marks by the dataset's own, {', '.join(dataset.categories)}; "
            "leave it out, or say hands:=none"
        )
    names = given or dataset.categories or tuple(f"category {i + 1}" for i in range(_UNNAMED_CATEGORIES))
    _check_names(names, "argument categories" if given else f"dataset {arguments.dataset}")
    return names


def _check_names(names: tuple[str, ...], giver: str) -> None:
    if len(names) > CATEGORY_CAPACITY:
        raise InputError(f"{giver}: {len(names)} categories, expected at most {CATEGORY_CAPACITY}")
    if len({name.strip() for name in names}) != len(names):
        raise InputError(f"{giver}: two categories have the same name, expected every name once")
    for name in names:
        if not (1 <= len(name.strip()) <= _LONGEST_NAME and name.strip().isprintable()):
            raise InputError(
                f"{giver}: a category is called {name[:60]!r}, expected 1 to {_LONGEST_NAME} printable characters"
            )


def _make_directory(arguments: Arguments) -> Path:
    if arguments.directory:
        directory = _absolute(arguments.directory)
    else:
        dataset = Path(arguments.dataset).stem
        directory = Path("sessions").absolute() / f"{time.strftime('%Y%m%d-%H%M%S')}-{dataset}"
    try:
        found = [name for name in _OF_A_SESSION if (directory / name).exists()]
        if found:
            raise InputError(
                f"argument directory: {directory} holds a session already ({found[0]}), expected a new directory"
            )
        directory.mkdir(parents=True, exist_ok=bool(arguments.directory))
        if not any(directory.iterdir()):
            # One that holds something is not the session's alone: it keeps the mode that its owner gave it.
            directory.chmod(_PRIVATE)
        probe = directory / f".writable-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise InputError(f"argument directory: {directory}: {error.strerror}, expected a writable directory") from error
    return directory


def _absolute(directory: str) -> Path:
    try:
        return Path(directory).expanduser().absolute()
    except RuntimeError as error:
        raise InputError(f"argument directory: {directory}: {error}, expected a writable directory") from error


def _description(arguments: Arguments, dataset: Dataset, categories: tuple[str, ...]) -> dict[str, object]:
    return {
        **_when_and_how(arguments),
        "dataset": {
            "name": dataset.name,
            "digest": dataset.digest,
            "items": len(dataset),
            "item_shape": list(dataset.items.shape[1:]),
            "kind": dataset.kind,
            "notes": list(dataset.notes),
            "has_truth": dataset.truth is not None,
            "skipped": [asdict(skipped) for skipped in dataset.skipped],
        },
        "categories": list(categories),
        "seed": arguments.seed,
    }


def _when_and_how(arguments: Arguments) -> dict[str, object]:
    return {
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "arguments": asdict(arguments),
        "versions": versions(),
        "machine": {"system": platform.platform(), "processor": platform.machine(), "cores": os.cpu_count()},
    }


def _as_text(description: Mapping[str, object]) -> str:
    return json.dumps(description, indent=2) + "\n"


def write_text(file: Path, text: str) -> None:
    """Write `text` to `file` wholly or not at all. Raises InputError, as on a full disk."""
    partial = file.with_name(file.name + ".partial")
    try:
        file.parent.mkdir(exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, file)
    except OSError as error:
        with suppress(OSError):
            partial.unlink()
        raise InputError(f"file {file}: {error.strerror}, expected a writable disk with room") from error


def versions() -> Mapping[str, str]:
    """Return the versions of what determines a session's result."""
    found = {"python": platform.python_version(), "ros": os.environ.get("ROS_DISTRO", "")}
    for name in _VERSIONS_OF:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _notes(dataset: Dataset, max_items: int) -> tuple[str, ...]:
    if not dataset.skipped:
        return dataset.notes
    # A name may hold bytes that are no text.
    told = [f"skipped {s.name}: {s.reason}" for s in dataset.skipped[:10]]
    shown = [line.encode(errors="replace").decode() for line in told]
    more = len(dataset.skipped) - len(shown)
    of = "" if max_items else f" of {len(dataset.skipped) + len(dataset)}"
    return (
        *dataset.notes,
        f"{len(dataset.skipped)}{of} files skipped",
        *shown,
        *([f"and {more} more: see {session_files.SESSION}"] if more > 0 else []),
    )
