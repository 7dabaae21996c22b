"""Which entries of the journal are recorded, and which are missing."""


class Numbers:
    """The numbers 1, 2, 3, ... as far as they have come, in any order."""

    def __init__(self) -> None:
        self._upto = 0
        self._beyond: set[int] = set()

    def note(self, number: int) -> bool:
        """Take in a number; return whether it is a new one. What is below 1 is none."""
        if number <= self._upto or number in self._beyond:
            return False
        self._beyond.add(number)
        while self._upto + 1 in self._beyond:
            self._upto += 1
            self._beyond.remove(self._upto)
        return True

    @property
    def gap(self) -> tuple[int, int] | None:
        """The number after which some are missing although later ones are here, and how many; None: none are."""
        return (self._upto, min(self._beyond) - self._upto - 1) if self._beyond else None
