"""What a runtime tells on its own."""

import ctypes
import logging
from collections.abc import Iterator

import xr

from xr_bridge.session_machine import Told

_STATES = {
    xr.SessionState.IDLE: Told.IDLE,
    xr.SessionState.READY: Told.READY,
    xr.SessionState.SYNCHRONIZED: Told.SYNCHRONIZED,
    xr.SessionState.VISIBLE: Told.VISIBLE,
    xr.SessionState.FOCUSED: Told.FOCUSED,
    xr.SessionState.STOPPING: Told.STOPPING,
    xr.SessionState.LOSS_PENDING: Told.LOSS_PENDING,
    xr.SessionState.EXITING: Told.EXITING,
}
_MOST_AT_ONCE = 100


def events(instance: xr.Instance) -> Iterator[Told]:
    """Yield what matters of what the runtime has told since; what is not known is passed over. Raises XrException."""
    for _ in range(_MOST_AT_ONCE):
        buffer = xr.poll_event(instance)
        kind = buffer._type  # The property raises for kinds that pyopenxr does not know.
        if kind == xr.StructureType.EVENT_DATA_BUFFER.value:
            return
        if kind == xr.StructureType.EVENT_DATA_SESSION_STATE_CHANGED.value:
            changed = ctypes.cast(ctypes.byref(buffer), ctypes.POINTER(xr.EventDataSessionStateChanged)).contents
            told = _STATES.get(_state(changed._state))
            if told is not None:
                yield told
        elif kind == xr.StructureType.EVENT_DATA_INSTANCE_LOSS_PENDING.value:
            yield Told.INSTANCE_LOSS_PENDING
        else:
            logging.getLogger(__name__).debug("event of kind %s", kind)


def _state(number: int) -> xr.SessionState | None:
    try:
        return xr.SessionState(number)
    except ValueError:
        return None
