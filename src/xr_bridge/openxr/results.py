"""What the errors of OpenXR mean for a session."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import xr
from xr import exception as errors

from xr_bridge.session_machine import Result

_RESULTS: tuple[tuple[tuple[type[BaseException], ...], Result], ...] = (
    ((errors.InstanceLostError, errors.RuntimeFailureError), Result.INSTANCE_LOST),
    ((errors.SessionLostError,), Result.SESSION_LOST),
    ((errors.RuntimeUnavailableError, errors.FormFactorUnavailableError), Result.NOT_THERE),
)


def result_of(error: BaseException) -> Result:
    """Return what `error` means."""
    for kinds, result in _RESULTS:
        if isinstance(error, kinds):
            return result
    return Result.FAILED


def words_of(error: BaseException) -> str:
    """Return what is wrong in one line."""
    name = type(error).__name__.removesuffix("Error")
    said = " ".join(str(error).split()).rstrip(".")
    return f"{name}: {said}" if said else name


class MissingError(Exception):
    """The runtime lacks what is needed."""


def destroy(destroyer: Callable[[Any], object], handle: Any) -> None:
    """Destroy `handle`; what cannot be destroyed is gone already."""
    with suppress(xr.XrException, OSError, ValueError):
        destroyer(handle)
