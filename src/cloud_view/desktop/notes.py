"""What the window tells the person for a moment. Times are seconds by a clock that the caller reads (monotonic)."""

NOTE_S = 4.0


class Notes:
    """The newest note, while it is young."""

    def __init__(self) -> None:
        self._text, self._until_s = "", 0.0

    def say(self, text: str, now_s: float, seconds: float = NOTE_S) -> None:
        """Tell `text` from now on, for so long."""
        self._text, self._until_s = text, now_s + seconds

    def clear(self) -> None:
        """Tell nothing more."""
        self._until_s = 0.0

    def text(self, now_s: float) -> str:
        """Return what is told now; empty: nothing."""
        return self._text if now_s < self._until_s else ""
