"""Sounds of items: by a program that plays files; where nothing plays, the file stays and is named."""

import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

PLAYERS: tuple[tuple[str, ...], ...] = (
    ("pw-play",),
    ("paplay",),
    ("aplay", "-q"),
    ("ffplay", "-nodisp", "-autoexit", "-loglevel", "error"),
)
"""In the order in which they are tried."""


def player(which: Callable[[str], str | None] = shutil.which) -> tuple[str, ...] | None:
    """Return the words that play a file, without its name; None: no such program is installed."""
    return next((words for words in PLAYERS if which(words[0]) is not None), None)


class Speaker:
    """Plays one sound at a time. Its files lie in `directory`."""

    def __init__(self, directory: Path, words: Sequence[str] | None) -> None:
        """`words` that play a file; None: nothing does."""
        self._directory = directory
        self._words = words
        self._playing: tuple[subprocess.Popen[bytes], Path] | None = None

    def play(self, item: int, wav: bytes) -> str:
        """Begin to play the sound of `item`; return what to tell the person. Raises OSError."""
        self.stop()
        path = self._directory / f"sound-{item}.wav"
        path.write_bytes(wav)
        if self._words is None:
            names = ", ".join(words[0] for words in PLAYERS)
            return f"nothing plays sounds here (none of {names}); it is in {path.name}"
        quiet = subprocess.DEVNULL
        process = subprocess.Popen([*self._words, str(path)], stdin=quiet, stdout=quiet, stderr=quiet)
        self._playing = process, path
        return f"sound of item {item}"

    def look(self) -> str:
        """Return what to tell the person of a sound that has ended; empty: nothing."""
        if self._playing is None or self._playing[0].poll() is None:
            return ""
        (process, path), self._playing = self._playing, None
        if process.returncode == 0:
            path.unlink(missing_ok=True)
            return ""
        return f"{self._words[0] if self._words else ''} could not play it: no sound card? It is in {path.name}"

    def stop(self) -> None:
        """Be silent."""
        if self._playing is not None:
            process, path = self._playing
            process.kill()
            process.wait()
            path.unlink(missing_ok=True)
            self._playing = None
