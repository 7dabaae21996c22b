"""The thread that lives with the runtime. No OpenXR: what it drives is given.

Thread rule: `run` and all that it calls is on the loop's thread. `status` may be read from any thread.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from latentvr_common.fault_points import reach
from xr_bridge.session_machine import Do, Result, SessionMachine, State, Told


class Runtime(Protocol):
    """What is driven; see openxr/runtime.py."""

    name: str
    has_hands: bool
    hears_hands: bool
    draws: bool

    def do(self, do: Do) -> tuple[Result, str]:
        """Do it; return what came of it, and why where it is not what was wanted."""

    def events(self) -> tuple[list[Told], Result, str]:
        """Return what the runtime has told since, and whether asking worked."""


@dataclass(frozen=True)
class Status:
    """How things stand, for people."""

    state: State = State.NO_RUNTIME
    text: str = ""
    runtime: str = ""
    hand_tracking: bool = False


class Loop:
    """Brings a session up and keeps it up until `stop`."""

    def __init__(
        self,
        make_runtime: Callable[[], Runtime],
        on_status: Callable[[Status], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`make_runtime` and `on_status` are called on the loop's thread; the latter when something has changed."""
        self._make_runtime = make_runtime
        self._on_status = on_status
        self._clock = clock
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self.run, name="openxr", daemon=True)
        self.status = Status()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    @property
    def lives(self) -> bool:
        """Tell whether the thread runs."""
        return self._thread.is_alive()

    def stop(self, timeout_s: float) -> bool:
        """Ask the thread to end; return whether it did within `timeout_s`."""
        self._stopping.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def run(self) -> None:
        """Live with the runtime until asked to stop, then give everything back."""
        runtime, machine = self._make_runtime(), SessionMachine()
        try:
            while not self._stopping.is_set():
                self._turn(runtime, machine)
        except Exception as error:
            # Nothing of the runtime's comes here: this is a fault of our own.
            self._on_status(Status(State.NO_RUNTIME, f"the bridge has failed: {type(error).__name__}: {error}"))
            raise
        finally:
            runtime.do(Do.DESTROY_INSTANCE)

    def _turn(self, runtime: Runtime, machine: SessionMachine) -> None:
        reach("xr.loop")
        self._hear(runtime, machine)
        runtime.hears_hands, runtime.draws = machine.hears_hands, machine.draws
        step = machine.next(self._clock())
        if step.do is Do.REST:
            self._tell(runtime, machine)
            self._stopping.wait(step.rest_s)
            return
        result, problem = runtime.do(step.do)
        machine.done(step.do, result, self._clock(), problem)
        self._tell(runtime, machine)

    def _hear(self, runtime: Runtime, machine: SessionMachine) -> None:
        heard, result, problem = runtime.events()
        for told in heard:
            machine.hear(told)
        if result is not Result.DONE:
            machine.done(Do.REST, result, self._clock(), problem)

    def _tell(self, runtime: Runtime, machine: SessionMachine) -> None:
        status = Status(machine.state, machine.problem, runtime.name, runtime.has_hands)
        if status != self.status:
            self.status = status
            self._on_status(status)
