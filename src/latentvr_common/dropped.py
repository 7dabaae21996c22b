"""Messages that a node could not use."""

from collections import Counter

LONGEST = 500
"""Characters of a reason that are said."""


class Drops:
    """How many there were, and why. Lives on the node's executor thread."""

    def __init__(self) -> None:
        self.count = 0
        self.last = ""
        """Why the newest one was not used, for people."""
        self.by_field: Counter[str] = Counter()
        """Refused messages by the field that was wrong."""

    def note(self, reason: str, field: str = "") -> str:
        """Count one; return the reason as it may be said."""
        self.count += 1
        self.last = reason if len(reason) <= LONGEST else f"{reason[:LONGEST]}..."
        if field:
            self.by_field[field] += 1
        return self.last
