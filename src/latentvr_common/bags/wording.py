"""Words from files that somebody else made, such that they can stand in one line on a terminal."""

_LONGEST = 200


def shown(text: object) -> str:
    """Return `text` in one line, without what a terminal would obey, cut off where it is long."""
    plain = "".join(char if char.isprintable() else " " for char in str(text)[: 2 * _LONGEST])
    line = " ".join(plain.split())
    return line if len(line) <= _LONGEST else line[:_LONGEST] + "..."
