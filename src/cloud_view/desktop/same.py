"""Whether something has to be worked out anew: objects that never change are the same, or they are not."""

from cloud_view.desktop.picking import Viewport

Key = tuple[object, ...]
_BY_VALUE = (int, str, float, bool, Viewport, type(None))


def is_same(one: Key, other: Key) -> bool:
    """Tell whether two keys are as long, and of the same objects; numbers, words and sizes count by their value."""
    return len(one) == len(other) and all(_alike(a, b) for a, b in zip(one, other, strict=True))


def _alike(a: object, b: object) -> bool:
    return a is b or (type(a) is type(b) and isinstance(a, _BY_VALUE) and a == b)
