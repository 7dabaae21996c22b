"""A real OpenXR runtime without a headset, and hands that do as a test says."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from latentvr.msg import XrState
from node_process import NodeProcess, Peer

from latentvr_common import rotations, topics
from latentvr_common.errors import InputError
from latentvr_session.monado import STARTED, Monado, free_port, monado_prefix
from latentvr_session.monado_service import as_a_service
from scripted_hands.anatomy import OPEN, Bend
from scripted_hands.monado_remote import Remote, packed
from scripted_hands.motion import HandPosture, Posture

START_S = 60.0
HEAD = np.array([0.0, 1.6, 0.0])


class Runtime:
    """Monado's service, which may be started, killed and started again."""

    def __init__(self, monado: Monado) -> None:
        self.monado = monado
        self.log = monado.directory / "service.log"
        self.remote = Remote(monado.port)
        self._service: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.log.write_bytes(b"")
        with self.log.open("ab") as stream:
            self._service = subprocess.Popen(
                self.monado.service_command(),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                env={**os.environ, **self.monado.environment()},
                preexec_fn=as_a_service,
            )
        until = time.monotonic() + START_S
        while STARTED not in self.log.read_text(errors="replace"):
            assert self._service.poll() is None, self.log.read_text(errors="replace")
            assert time.monotonic() < until, self.log.read_text(errors="replace")
            time.sleep(0.02)

    def kill(self) -> None:
        """End it with SIGKILL."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it as a user would."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        self.remote.close()
        if self._service is not None:
            self._service.send_signal(how)
            self._service.wait(START_S)
            self._service = None

    def hold(
        self, bend: Bend | None = OPEN, right: tuple[float, float, float] = (0.2, 1.2, -0.4), turned: float = 0.0
    ) -> None:
        """Hold both hands so; None: no hand is to be seen. `turned`: about the vertical axis, radians."""
        quat = rotations.about_axis(np.array([0.0, 1.0, 0.0]), turned)
        posture = None
        if bend is not None:
            place = np.array(right)
            left = HandPosture(place * np.array([-1.0, 1.0, 1.0]), quat, bend)
            posture = Posture(left, HandPosture(place, quat, bend))
        until = time.monotonic() + START_S
        while not self.remote.send(packed(posture, HEAD, rotations.IDENTITY)):
            assert time.monotonic() < until, "Monado takes no hands"
            time.sleep(0.05)


@contextmanager
def bridged(log: Path) -> Iterator[tuple[Runtime, Peer]]:
    """Yield a runtime that runs, and a peer that hears the hands of a bridge to it; nothing is drawn."""
    with (
        running() as runtime,
        Peer(topics.HANDS, topics.XR_STATE) as peer,
        NodeProcess(
            "xr_bridge",
            {"graphics": "headless"},
            log,
            runtime.monado.client_command(),
            runtime.monado.client_environment(),
        ),
    ):
        runtime.start()
        states = peer.heard["xr_state"]
        peer.wait_until(lambda: states and states[-1].state == XrState.FOCUSED, "the runtime is found")
        yield runtime, peer


@contextmanager
def running() -> Iterator[Runtime]:
    """Yield a runtime that has not been started; skip the test where there can be none."""
    try:
        prefix = monado_prefix(print)
    except InputError as error:
        pytest.skip(f"no Monado: {error}")
    directory = Path(tempfile.mkdtemp(prefix="latentvr-xr-"))
    monado = Monado(prefix, directory, free_port())
    monado.write_settings()
    runtime = Runtime(monado)
    try:
        yield runtime
    finally:
        runtime.kill()
        shutil.rmtree(directory, ignore_errors=True)
