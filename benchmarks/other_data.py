"""Rows of features, for figures that are not of pictures only: Letter, from Debian's package r-cran-mlbench.

Letter (Frey and Slate, "Letter Recognition Using Holland-Style Adaptive Classifiers", Machine Learning 6, 1991): 20,000
distorted letters of 20 fonts, each told by 16 whole numbers, 26 categories. The package is unpacked into a directory of
one's own: that takes no root. Where it cannot be had, scikit-learn's breast cancer data stand in: 569 rows of 30.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from peer_environment import PeerError, run_peer
from sklearn.datasets import load_breast_cancer

_PACKAGE = "r-cran-mlbench"
_IN_PACKAGE = Path("usr/lib/R/site-library/mlbench/data/LetterRecognition.rda")
_SHAPE = (20_000, 16)


def other_dataset(cache_dir: Path) -> Path:
    """Return a .npz with `items` (N, D) float32, `truth` (N,) int16 and `categories` (C,), kept in `cache_dir`.

    It is called letter.npz or breast_cancer.npz, and says so where it is not Letter.
    """
    cache_dir.mkdir(parents=True, exist_ok=True)
    letter = cache_dir / "letter.npz"
    if letter.exists():
        return letter
    try:
        _make_letter(letter)
    except PeerError as error:
        print(f"Letter is not to be had ({error}): using breast_cancer instead", file=sys.stderr, flush=True)
        return _breast_cancer(cache_dir / "breast_cancer.npz")
    return letter


def _make_letter(target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent) as name:
        scratch = Path(name)
        _download(scratch)
        package = next(scratch.glob(f"{_PACKAGE}_*.deb"), None)
        if package is None:
            raise PeerError(f"apt-get left no {_PACKAGE}_*.deb")
        _run(["dpkg-deb", "--extract", str(package), str(scratch / "unpacked")], scratch)
        made = scratch / "letter.npz"
        run_peer("letter.py", scratch / "unpacked" / _IN_PACKAGE, made)
        with np.load(made, allow_pickle=False) as found:
            if found["items"].shape != _SHAPE or len(found["categories"]) != 26:
                raise PeerError(f"{_PACKAGE} holds {found['items'].shape}, expected {_SHAPE}")
        made.replace(target)


def _download(directory: Path) -> None:
    """Bring the package to `directory`; where apt knows nothing of it, its lists are brought up to date first."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise PeerError("this machine has no apt-get and dpkg-deb")
    download = ["apt-get", "download", "-q", _PACKAGE]
    try:
        _run(download, directory)
    except PeerError:
        _run(["apt-get", "update", "-q"], directory)
        _run(download, directory)


def _run(words: list[str], directory: Path) -> None:
    done = subprocess.run(words, cwd=directory, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PeerError(f"{' '.join(words[:2])}: {(done.stderr.strip().splitlines() or ['failed'])[-1]}")


def _breast_cancer(target: Path) -> Path:
    rows, truth = load_breast_cancer(return_X_y=True)
    names = np.array(["malignant", "benign"])
    np.savez_compressed(target, items=rows.astype(np.float32), truth=truth.astype(np.int16), categories=names)
    return target


if __name__ == "__main__":
    print(other_dataset(Path(__file__).parents[1] / "build" / "bench" / "data"))
