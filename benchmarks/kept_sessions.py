"""Sessions that were made before, by the same code: a benchmark that was cut off goes on where it was."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

ROOT = Path(__file__).parents[1]
WHAT_COUNTS = ("latent_trainer", "scripted_hands", "gesture_labeler", "label_journal", "latentvr_common")
"""Packages whose code decides what comes of a session."""

Found = TypeVar("Found")


def code_digest(root: Path = ROOT) -> str:
    """Return 16 hexadecimal digits that change with the code of a session."""
    files = [
        *(f for name in WHAT_COUNTS for f in (root / "src" / name).rglob("*.py")),
        *(root / "benchmarks").glob("*.py"),
    ]
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(str(file.relative_to(root)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


class KeptSessions(Generic[Found]):
    """What came of sessions, a file of JSON for each."""

    def __init__(
        self,
        folder: Path,
        code: str,
        to_json: Callable[[Found], dict[str, object]],
        from_json: Callable[[dict[str, object]], Found],
    ) -> None:
        """Take where to keep them, what tells one state of the code from another, and how they are written."""
        self._folder = folder
        self._code = code
        self._to_json = to_json
        self._from_json = from_json

    def get(self, name: str) -> Found | None:
        """Return what came of the session `name`; None: it was not made by this code, or cannot be read."""
        try:
            return self._from_json(json.loads(self._file(name).read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, name: str, found: Found) -> None:
        """Keep what came of the session `name`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._file(name).write_text(json.dumps(self._to_json(found)) + "\n", encoding="utf-8")

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}-{self._code}.json"
