"""Files that somebody made to do harm, or that are damaged, at every loader of the project.

Each is refused with an InputError, or left out with a reason, in bounded time and memory; nothing in it is ever run.
What is special to one kind of file is tested with that kind; bags have test_session_recorder_hostile_bags.py.
"""

import gzip
import hashlib
import io
import json
import os
import pickle
import struct
import subprocess
import sys
import wave
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from PIL import Image

from latent_trainer.cache import ArrayCache
from latent_trainer.checkpoints import read_checkpoint
from latentvr_common.bags import plain_yaml
from latentvr_common.datasets import load
from latentvr_common.errors import InputError
from latentvr_common.png import read_png
from latentvr_session.arguments import Arguments
from latentvr_session.earlier import earlier_session

RANDOM = np.random.default_rng(3)
COUNT = 20
"""Items that a dataset has at least."""
ITEMS = RANDOM.integers(0, 255, (COUNT, 4, 4)).astype(np.uint8)


class Canary:
    """Whoever unpickles it makes a file."""

    def __init__(self, file: Path) -> None:
        self._file = str(file)

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (self._file, "w")


def npz(**arrays: Any) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def npy(array: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


def idx(pictures: np.ndarray) -> bytes:
    return bytes([0, 0, 8, pictures.ndim]) + struct.pack(f">{pictures.ndim}I", *pictures.shape) + pictures.tobytes()


def parquet() -> bytes:
    stream = io.BytesIO()
    pyarrow.parquet.write_table(
        pa.table({"a": np.arange(COUNT, dtype=float), "truth": ["x", "y"] * (COUNT // 2)}), stream
    )
    return stream.getvalue()


def picture(kind: str) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(ITEMS[0]).save(stream, kind)
    return stream.getvalue()


def sound() -> bytes:
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(RANDOM.integers(-9000, 9000, 400).astype("<i2").tobytes())
    return stream.getvalue()


VALID: dict[str, bytes] = {
    "a.npz": npz(items=ITEMS, truth=np.arange(COUNT) % 2),
    "a.npy": npy(ITEMS),
    "a.csv": b"id,a,b,truth\n" + b"".join(b"%d,%d.5,2,t%d\n" % (i, i, i % 2) for i in range(COUNT)),
    "a.parquet": parquet(),
    "d/train-images-idx3-ubyte": idx(ITEMS),
    "d/train-images-idx3-ubyte.gz": gzip.compress(idx(ITEMS)),
    "d/a.png": picture("PNG"),
    "d/a.jpg": picture("JPEG"),
    "d/a.wav": sound(),
}
"""A small file of each kind that a dataset may be, by a name that says so. Of those in d/ the folder is the dataset."""
HAS_OTHERS = {"d/a.png": picture("PNG"), "d/a.jpg": picture("JPEG"), "d/a.wav": sound()}
"""These have enough others beside them."""


def dataset_of(folder: Path, name: str, content: bytes) -> str:
    """Write the file `name`; return the name of the dataset that it is."""
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    if name in HAS_OTHERS:
        for number in range(COUNT):
            other = file.parent / f"{number}{file.suffix}"
            if not other.exists():
                other.write_bytes(HAS_OTHERS[name])
    return str(file.parent if "/" in name else file)


@pytest.mark.parametrize("name", VALID)
def test_the_small_files_are_datasets(tmp_path: Path, name: str) -> None:
    assert len(load(dataset_of(tmp_path, name, VALID[name]))) >= COUNT


def cuts(length: int, most: int = 40) -> Iterator[int]:
    """Yield every length at which a small file may end; of a larger one, `most`, most of them near its ends."""
    if length <= 2 * most:
        yield from range(length)
        return
    yield from range(most // 3)
    yield from np.linspace(most // 3, length - most // 3, most // 3, dtype=int).tolist()
    yield from range(length - most // 3, length)


@pytest.mark.parametrize("name", VALID)
def test_a_file_that_ends_anywhere_is_a_dataset_or_refused_in_words(tmp_path: Path, name: str) -> None:
    wrong = [
        f"{length}: {reason}"
        for length in cuts(len(VALID[name]))
        if (reason := what_came_of(tmp_path, name, VALID[name][:length]))
    ]
    assert wrong == []


@pytest.mark.parametrize("name", VALID)
def test_a_file_with_flipped_bytes_is_a_dataset_or_refused_in_words(tmp_path: Path, name: str) -> None:
    wrong = []
    for _ in range(30):
        content = bytearray(VALID[name])
        for at in RANDOM.integers(0, len(content), int(RANDOM.integers(1, 4))):
            content[at] ^= int(RANDOM.integers(1, 256))
        if reason := what_came_of(tmp_path, name, bytes(content)):
            wrong.append(reason)
    assert wrong == []


def what_came_of(folder: Path, name: str, content: bytes) -> str:
    """Return what is wrong with how a damaged dataset was answered; empty: it is one, or was refused in one line."""
    try:
        load(dataset_of(folder, name, content))
    except InputError as error:
        return "" if "\n" not in str(error) and len(str(error)) < 1000 else f"not one line: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


# Nothing is ever run


def pickles(canary: Path) -> dict[str, bytes]:
    """Return files in which there is a pickle that makes a file when it is read, by how they look."""
    raw = pickle.dumps(Canary(canary))
    torch_like = io.BytesIO()
    with zipfile.ZipFile(torch_like, "w") as archive:
        archive.writestr("archive/data.pkl", raw)
        archive.writestr("archive/version", b"3\n")
    objects = np.array([Canary(canary)], dtype=object)
    return {
        "raw": raw,
        "protocol 0": pickle.dumps(Canary(canary), protocol=0),
        "array of objects": npy(objects),
        "archive of objects": npz(items=objects, truth=objects),
        "as PyTorch writes it": torch_like.getvalue(),
        "as gzip": gzip.compress(raw),
    }


def checkpoint_of(folder: Path, content: bytes) -> Path:
    """Write a checkpoint whose manifest is right and whose tensors are `content`."""
    place = folder / "000001-000000001-abc"
    place.mkdir(parents=True)
    files = {"tensors.safetensors": content, "numbers.json": b"{}"}
    told = {n: {"bytes": len(c), "sha256": hashlib.sha256(c).hexdigest()} for n, c in files.items()}
    manifest = {"format": 1, "label_seq": 0, "files": told}
    for name, data in {**files, "manifest.json": json.dumps(manifest).encode()}.items():
        (place / name).write_bytes(data)
    return place


def load_as(suffix: str) -> Callable[[Path, bytes], object]:
    return lambda folder, content: load(dataset_of(folder, suffix, content))


def load_checkpoint(folder: Path, content: bytes) -> object:
    return read_checkpoint(checkpoint_of(folder, content))


def load_manifest(folder: Path, content: bytes) -> object:
    place = checkpoint_of(folder, b"")
    (place / "manifest.json").write_bytes(content)
    return read_checkpoint(place)


def load_session(folder: Path, content: bytes) -> object:
    (folder / "labels.db").write_bytes(b"")
    (folder / "session.json").write_bytes(content)
    return earlier_session(Arguments(resume=str(folder)))


def load_journal(folder: Path, content: bytes) -> object:
    from label_journal.journal import Journal

    file = folder / "labels.db"
    file.write_bytes(content)
    return Journal(file, 10, ["a"], "newest")


def load_picture(folder: Path, content: bytes) -> object:
    return read_png("picture", content)


def load_yaml(folder: Path, content: bytes) -> object:
    found = plain_yaml.read_plain(content.decode(errors="replace"))
    if not isinstance(found, dict):
        raise ValueError("a text, which is plain, but says nothing")
    return found


LOADERS: dict[str, Callable[[Path, bytes], object]] = {
    **{name: load_as(name) for name in VALID},
    "checkpoint": load_checkpoint,
    "manifest of a checkpoint": load_manifest,
    "session.json": load_session,
    "journal": load_journal,
    "picture in a message": load_picture,
    "YAML": load_yaml,
}
SKIPS = tuple(HAS_OTHERS)
"""Of a folder a file that cannot be read is left out."""
REFUSALS = (InputError, ValueError, plain_yaml.yaml.YAMLError)


@pytest.mark.parametrize("look", pickles(Path("nowhere")))
@pytest.mark.parametrize("loader", LOADERS)
def test_a_pickle_is_refused_and_not_run_by_any_loader(tmp_path: Path, loader: str, look: str) -> None:
    canary = tmp_path / "canary"
    content = pickles(canary)[look]
    (tmp_path / "files").mkdir()
    if loader in SKIPS:
        found = LOADERS[loader](tmp_path / "files", content)
        assert len(found.skipped) == 1  # type: ignore[attr-defined]
    else:
        with pytest.raises(REFUSALS):
            LOADERS[loader](tmp_path / "files", content)
    assert not canary.exists()


def test_the_canary_sings_where_a_pickle_is_read(tmp_path: Path) -> None:
    for number, look in enumerate(("raw", "protocol 0")):
        canary = tmp_path / str(number)
        pickle.loads(pickles(canary)[look])  # noqa: S301  (our own)
        assert canary.exists()
    with np.load(io.BytesIO(pickles(tmp_path / "npz")["archive of objects"]), allow_pickle=True) as archive:
        assert archive["items"].shape == (1,)
    assert (tmp_path / "npz").exists()


# Bounded


def zeros_npz(megabytes: int) -> bytes:
    """Return an archive of an array that is packed a thousand times."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("items.npy", "w") as member:
        member.write(
            npy(np.zeros((0, 1 << 20), np.uint8)).replace(b"(0, 1048576)", f"({megabytes:>1}, 1048576)".encode())
        )
        for _ in range(megabytes):
            member.write(bytes(1 << 20))
    return stream.getvalue()


def zeros_gzip(megabytes: int) -> bytes:
    stream = io.BytesIO()
    with gzip.open(stream, "wb", compresslevel=6) as packed:
        packed.write(bytes([0, 0, 8, 3]) + struct.pack(">3I", megabytes, 1 << 10, 1 << 10))
        for _ in range(megabytes):
            packed.write(bytes(1 << 20))
    return stream.getvalue()


def wide_png(side: int) -> bytes:
    """Return a picture of side x side grey pixels, packed a thousand times."""
    stream = io.BytesIO()
    Image.new("L", (side, side)).save(stream, "PNG")
    return stream.getvalue()


BOMBS: dict[str, Callable[[], tuple[str, bytes]]] = {
    "npz": lambda: ("a.npz", zeros_npz(400)),
    "idx.gz": lambda: ("d/train-images-idx3-ubyte.gz", zeros_gzip(400)),
    "idx that claims": lambda: ("d/train-images-idx3-ubyte", bytes([0, 0, 8, 3]) + struct.pack(">3I", *[2**31] * 3)),
    "idx of many dimensions": lambda: ("d/train-images-idx3-ubyte", bytes([0, 0, 8, 255]) + b"\xff" * 1020),
    "png": lambda: ("d/a.png", wide_png(20_000)),
    "npy that claims": lambda: (
        "a.npy",
        npy(np.zeros((1, 8), np.float32)).replace(b"(1, 8), }    ", b"(9999999999,)}"),
    ),
    "csv of one line": lambda: ("a.csv", b"a,b\n1," + b"2" * (30 << 20)),
    "csv of many columns": lambda: ("a.csv", b"a," * 2_000_000 + b"\n"),
    "csv of open quotes": lambda: ("a.csv", b'a,b\n"' + b"x,y\n" * 5_000_000),
    "wav that claims": lambda: ("d/a.wav", sound()[:40] + b"\xff" * 4 + sound()[44:]),
}
SAFETENSORS = {
    "header of 2^63 bytes": struct.pack("<Q", 2**63) + b"{}",
    "header longer than the file": struct.pack("<Q", 10**9) + b"{}",
    "tensor that is not there": struct.pack("<Q", 62)
    + b'{"a":{"dtype":"F32","shape":[999999999],"data_offsets":[0,4]}}  '[:62],
    "no JSON": struct.pack("<Q", 4) + b"\xff\xff\xff\xff",
    "nested": struct.pack("<Q", 200_000) + b"[" * 200_000,
}

_MEASURED = """
import resource, sys, time
sys.path[:0] = [{source!r}]
from latentvr_common.datasets import load
from latentvr_common.errors import InputError
import latentvr_common.datasets.table
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
began = time.process_time()
try:
    found = load({name!r})
    print("taken", len(found.skipped))
except InputError as error:
    print("refused", str(error)[:300])
print(time.process_time() - began)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""
MOST_MB, MOST_S = 250, 20


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_refused_soon_and_with_little_memory(tmp_path: Path, bomb: str) -> None:
    name, content = BOMBS[bomb]()
    assert len(content) < 40 << 20
    program = _MEASURED.format(source=str(Path(__file__).parents[2] / "src"), name=dataset_of(tmp_path, name, content))
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True, env=os.environ
    )
    answer, seconds, megabytes = done.stdout.splitlines()
    assert answer.startswith("refused") or (name in SKIPS and answer == "taken 1") or name == "d/a.wav", answer
    assert float(seconds) < MOST_S
    assert float(megabytes) < MOST_MB


@pytest.mark.parametrize("kind", SAFETENSORS)
def test_tensors_that_claim_what_they_do_not_hold_are_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(InputError, match="expected a checkpoint"):
        load_checkpoint(tmp_path, SAFETENSORS[kind])


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"1", b'{"format": 2}', b'{"format": 1, "files": []}', b"[" * 100_000, b"\xff\xfe"]
    + [b'{"format": 1, "files": {"tensors.safetensors": {"bytes": %s, "sha256": ""}}}' % n for n in (b"-1", b"1e400")],
)
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InputError):
        load_manifest(tmp_path, content)


def test_a_checkpoint_reads_no_file_but_its_own(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    told = {"bytes": 6, "sha256": hashlib.sha256(b"secret").hexdigest()}
    manifest = {"format": 1, "label_seq": 0, "files": {"../secret": told, str(secret): told}}
    with pytest.raises(InputError, match="expected the manifest of a checkpoint"):
        load_manifest(tmp_path, json.dumps(manifest).encode())


@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_kept_arrays_that_are_damaged_anywhere_are_computed_anew(tmp_path: Path, damage: str) -> None:
    made = {"a": np.arange(12.0).reshape(3, 4)}
    cache = ArrayCache(tmp_path)
    cache.get("kind", {}, lambda found: True, lambda: made)
    (file,) = tmp_path.glob("*.npz")
    whole = file.read_bytes()
    for at in range(len(whole)):
        content = whole[:at] if damage == "cut" else whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :]
        file.write_bytes(content)
        found = cache.get("kind", {}, lambda found: set(found) == {"a"} and found["a"].shape == (3, 4), lambda: made)
        assert found["a"].shape == (3, 4)
