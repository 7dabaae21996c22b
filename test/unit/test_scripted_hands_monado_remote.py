"""Hands by Monado's driver `remote`: what goes over the wire, and what becomes of a driver that is not there."""

import socket
import struct
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from latentvr_common import palette, rotations
from latentvr_session.monado import free_port
from scripted_hands.anatomy import OPEN, PALM, PINCH_POINT, PINCHED, POINTING, between
from scripted_hands.body import OWN
from scripted_hands.monado_remote import BODY, STATE_BYTES, Remote, packed
from scripted_hands.motion import HandPosture, Posture

HEAD = np.array([0.1, 1.6, 0.05])
TURN = rotations.about_axis(np.array([0.0, 1.0, 0.0]), 0.5)
LEFT, RIGHT = 136, 256
"""Where the hands are in the state."""


def posture(bend: object = OPEN, quat: np.ndarray = TURN) -> Posture:
    return Posture(
        HandPosture(np.array([-0.2, 1.0, -0.3]), quat, bend),  # type: ignore[arg-type]
        HandPosture(np.array([0.2, 1.1, -0.4]), quat, bend),  # type: ignore[arg-type]
    )


def wrist_of(state: bytes, at: int) -> np.ndarray:
    return np.array(struct.unpack_from("<3f", state, at + 16))


def test_the_state_is_laid_out_as_the_driver_reads_it() -> None:
    state = packed(posture(POINTING), HEAD, rotations.IDENTITY)
    assert len(state) == STATE_BYTES == 376
    assert state[:8] == b"mndrmt3\0"
    left, right, up, down = struct.unpack_from("<4f", state, 8)
    assert left < 0 < right
    assert down < 0 < up
    assert struct.unpack_from("<7f", state, 104) == pytest.approx((0, 0, 0, 1, *HEAD))
    assert state[132] == 0  # No view has a pose of its own.
    for at, wrist in ((LEFT, [-0.2, 1.0, -0.3]), (RIGHT, [0.2, 1.1, -0.4])):
        assert struct.unpack_from("<4f", state, at) == pytest.approx(tuple(TURN))
        np.testing.assert_allclose(wrist_of(state, at), wrist, atol=1e-6)
        # Little finger first.
        assert struct.unpack_from("<5f", state, at + 52) == pytest.approx(tuple(POINTING.curls[::-1]))
        assert state[at + 104 : at + 106] == b"\1\1"


def test_no_hands_are_hands_that_are_not_tracked() -> None:
    state = packed(None, HEAD, rotations.IDENTITY)
    assert len(state) == STATE_BYTES
    for at in (LEFT, RIGHT):
        assert state[at + 104 : at + 106] == b"\0\0"
        assert struct.unpack_from("<4f", state, at) == (0, 0, 0, 1)


def test_the_wrist_goes_with_the_fingers_smoothly_and_is_where_it_should_be_when_they_are_open_or_closed() -> None:
    shares = np.linspace(0.0, 1.0, 101)
    for at, side in ((LEFT, "left"), (RIGHT, "right")):
        wrists = np.array(
            [wrist_of(packed(posture(between(OPEN, PINCHED, s)), HEAD, rotations.IDENTITY), at) for s in shares]
        )
        wanted = getattr(posture(), side).wrist
        np.testing.assert_allclose(wrists[0], wanted, atol=1e-6)
        np.testing.assert_allclose(wrists[-1], wanted, atol=1e-6)
        assert np.linalg.norm(np.diff(wrists, axis=0), axis=1).max() < 0.004
    mirrored = [
        wrist_of(packed(posture(between(OPEN, PINCHED, 0.6), rotations.IDENTITY), HEAD, TURN), at)
        for at in (LEFT, RIGHT)
    ]
    moved = [mirrored[0] - posture().left.wrist, mirrored[1] - posture().right.wrist]
    np.testing.assert_allclose(moved[0] * [-1, 1, 1], moved[1], atol=1e-6)
    assert np.linalg.norm(moved[0]) > 0.02


def test_a_body_knows_its_palm_as_the_palette_sees_it() -> None:
    np.testing.assert_array_equal(OWN.pinch_point, PINCH_POINT)
    np.testing.assert_array_equal(OWN.palm, PALM)
    palm_up = rotations.about_axis(np.array([0.0, 0.0, 1.0]), np.pi)
    held = HandPosture(np.array([-0.2, 1.0, -0.3]), palm_up, OPEN)
    whole, palm_only = palette.palette_pose(held.hand(left=True)), palette.palette_pose(OWN.palm_of(held, left=True))
    assert whole is not None
    assert palm_only is not None
    np.testing.assert_allclose(whole.origin, palm_only.origin, atol=1e-9)
    np.testing.assert_allclose(whole.across, palm_only.across, atol=1e-9)
    assert not np.allclose(BODY.pinch_point, OWN.pinch_point, atol=0.01)


class Driver:
    """Listens as the driver does: tells two states, then takes what comes."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.taken = b""
        self.got = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                connection.sendall(b"\0" * (2 * STATE_BYTES))
                while part := connection.recv(4096):
                    self.taken += part
                    if len(self.taken) >= STATE_BYTES:
                        self.got.set()
                        break

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def driver() -> Iterator[Driver]:
    made = Driver()
    yield made
    made.close()


def test_a_state_gets_to_the_driver_whole(driver: Driver) -> None:
    remote = Remote(driver.port)
    state = packed(posture(), HEAD, rotations.IDENTITY)
    assert remote.send(state)
    assert driver.got.wait(10)
    assert driver.taken == state
    remote.close()


def test_a_driver_that_is_not_there_is_tried_now_and_then_and_found_when_it_is_back() -> None:
    now_s, port = [0.0], free_port()
    remote = Remote(port, lambda: now_s[0])
    state = packed(None, HEAD, rotations.IDENTITY)
    assert not remote.send(state)
    # Listens again at the same port; it is not tried before it is time.
    with socket.create_server(("127.0.0.1", port)) as again:
        again.settimeout(0.1)
        assert not remote.send(state)
        with pytest.raises(TimeoutError):
            again.accept()
        now_s[0] = 1.0

        def serve() -> None:
            connection, _ = again.accept()
            connection.sendall(b"\0" * (2 * STATE_BYTES))
            connection.recv(STATE_BYTES)

        again.settimeout(10)
        thread = threading.Thread(target=serve)
        thread.start()
        assert remote.send(state)
        thread.join(10)
    remote.close()
