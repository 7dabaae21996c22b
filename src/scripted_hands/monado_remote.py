"""Hands by the driver `remote` of the OpenXR runtime Monado: its simulated headset and controllers do as they are told.

The whole state goes over one TCP connection, 376 bytes each time, little-endian, without framing: drivers/remote of
Monado 25.0. Its hands follow the pose of the wrist and how far each finger is closed.
"""

import contextlib
import math
import socket
import struct
import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from latentvr_common import rotations
from scripted_hands.body import Body
from scripted_hands.motion import HandPosture, Posture

FloatArray = npt.NDArray[np.floating]

_VERSION = b"mndrmt3\0"
_VIEW = struct.Struct("<4f7fI")
_HEAD = struct.Struct("<7f?3x")
_CONTROLLER = struct.Struct("<7f3f3f5ffff2ff2f13?3x")
STATE_BYTES = len(_VERSION) + 2 * _VIEW.size + _HEAD.size + 2 * _CONTROLLER.size
_HALF_FIELD_RAD = 0.8
_EYE_M = 0.032
_TRIGGERS = (0.0,) * 8
_VELOCITIES = (0.0,) * 6
_BUTTONS = (False,) * 11
_INDEX = 1
_TIMEOUT_S = 2.0
_AGAIN_S = 0.5

BODY = Body(
    pinch_point=np.array([-0.0205, -0.0342, -0.0644]),
    finger_tip=np.array([-0.0430, 0.0000, -0.1687]),
    palm=np.array([-0.0033, 0.0010, -0.0644]),
)
"""Its hands, as the runtime reports them for the bends of anatomy.py."""
_CLOSED = np.array([0.3, 0.5, 0.7, 0.85, 1.0])
_PINCH_POINTS = np.array(
    [
        *([-0.0421, -0.0570, -0.1057], [-0.0421, -0.0570, -0.1057]),
        *([-0.0303, -0.0531, -0.0882], [-0.0239, -0.0448, -0.0751], [-0.0205, -0.0342, -0.0644]),
    ]
)
"""Where the point between the tips of thumb and index is while these are closed so far, likewise."""


def packed(posture: Posture | None, head: FloatArray, head_quat_xyzw: FloatArray) -> bytes:
    """Return the state to send. `posture`: None where no hand is to be seen; `head`: (3,), metres, frame stage."""
    left = None if posture is None or posture.left_lost else posture.left
    right = None if posture is None or posture.right_lost else posture.right
    return b"".join(
        (
            _VERSION,
            *(_view(side * _EYE_M) for side in (-1.0, 1.0)),
            _HEAD.pack(*head_quat_xyzw, *head, False),
            _controller(left, left=True),
            _controller(right, left=False),
        )
    )


def _view(x: float) -> bytes:
    fov = (-_HALF_FIELD_RAD, _HALF_FIELD_RAD, _HALF_FIELD_RAD, -_HALF_FIELD_RAD)
    return _VIEW.pack(*fov, 0.0, 0.0, 0.0, 1.0, x, 0.0, 0.0, 0)


def _controller(hand: HandPosture | None, *, left: bool) -> bytes:
    if hand is None:
        return _CONTROLLER.pack(
            *(0.0, 0.0, 0.0, 1.0), *(0.0,) * 3, *_VELOCITIES, *(0.0,) * 5, *_TRIGGERS, *(False,) * 13
        )
    wrist = hand.wrist + rotations.rotate(hand.quat_xyzw, _steadying(float(hand.bend.curls[_INDEX]), left=left))
    curls = hand.bend.curls[::-1]  # Little finger first.
    return _CONTROLLER.pack(*hand.quat_xyzw, *wrist, *_VELOCITIES, *curls, *_TRIGGERS, True, True, *_BUTTONS)


def _steadying(closed: float, *, left: bool) -> FloatArray:
    """Return how far the wrist (3,) goes, so that the pinch point stays where it is while the fingers close and open.

    Its thumb and index finger meet 6 cm nearer to the wrist than they begin to. A person moves the hand with that.
    """
    there = np.array([np.interp(closed, _CLOSED, axis) for axis in _PINCH_POINTS.T])
    away = (BODY.pinch_point - there) * min(1.0, closed / _CLOSED[0])
    return np.asarray(away * np.array([-1.0, 1.0, 1.0]) if left else away)


class Remote:
    """A connection to the driver. It takes one at a time."""

    def __init__(self, port: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._port = port
        self._clock = clock
        self._socket: socket.socket | None = None
        self._try_s = -math.inf

    def send(self, state: bytes) -> bool:
        """Send the state; return whether it was taken. Connects where it is not connected, at most twice a second."""
        try:
            if self._socket is None:
                if self._clock() < self._try_s:
                    return False
                self._try_s = self._clock() + _AGAIN_S
                self._socket = _connected(self._port)
            self._socket.sendall(state)
        except OSError:
            self.close()
            return False
        return True

    def close(self) -> None:
        """Let others connect."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.close()
        self._socket = None


def _connected(port: int) -> socket.socket:
    made = socket.create_connection(("127.0.0.1", port), _TIMEOUT_S)
    try:
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        left = 2 * STATE_BYTES  # It tells its state at rest and its newest one first.
        while left:
            got = made.recv(left)
            if not got:
                raise ConnectionError("the driver closed the connection")
            left -= len(got)
    except OSError:
        made.close()
        raise
    return made
