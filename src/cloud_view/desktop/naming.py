"""The name of a new category, while it is typed."""

from cloud_view.desktop import keys
from cloud_view.desktop.inputs import Key

_LONGEST = 40


def edited(name: str, key: Key) -> str:
    """Return `name` after `key` went down."""
    if key.name == "backspace":
        return name[:-1]
    return name + keys.typed(key) if len(name) < _LONGEST else name
