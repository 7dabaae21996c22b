"""An OpenGL context that is current on this thread already, as moderngl takes it."""

from collections.abc import Callable
from typing import Any

import moderngl


class _Current:
    """What moderngl asks for."""

    def __init__(self, find: Callable[[str], int | None]) -> None:
        self._find = find

    def load_opengl_function(self, name: str) -> int:
        """Return the address of a function."""
        return self._find(name) or 0

    def __enter__(self) -> None:
        """It is current already."""

    def __exit__(self, *_: object) -> None:
        """It stays current."""

    def release(self) -> None:
        """It is not moderngl's."""


def context(find: Callable[[str], int | None]) -> moderngl.Context:
    """Return moderngl's view of it. `find`: the address of an OpenGL function by its name."""
    current: Any = _Current(find)
    return moderngl.create_context(require=330, context=current)
