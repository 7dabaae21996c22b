"""The thread that lives with a runtime: what it drives does as a script says, and what is told is in order."""

import threading
import time
from collections.abc import Callable

import pytest

from xr_bridge.loop import Loop, Status
from xr_bridge.openxr.graphics import choose
from xr_bridge.openxr.pictures import Pictures
from xr_bridge.openxr.results import MissingError
from xr_bridge.openxr.runtime import Headless
from xr_bridge.session_machine import Do, Result, State, Told
from xr_bridge.show import Show

TIMEOUT_S = 10.0
UP = [[Told.READY], [Told.SYNCHRONIZED, Told.VISIBLE, Told.FOCUSED]]


class Scripted:
    """A runtime that tells `told` event by event once it has a session, and fails where `fails` says."""

    def __init__(self, told: list[list[Told]], fails: Callable[[Do, int], Result] = lambda do, n: Result.DONE) -> None:
        self.name, self.has_hands = "scripted", True
        self.hears_hands = self.draws = False
        self.done: list[Do] = []
        self.heard_hands: list[bool] = []
        self._told = told
        self._fails = fails
        self._pending: list[list[Told]] = []
        self._lost = False

    def do(self, do: Do) -> tuple[Result, str]:
        self.done.append(do)
        if do is Do.CREATE_SESSION:
            self._pending = [list(told) for told in self._told]
        if do is Do.DESTROY_INSTANCE:
            self._pending = []
        if do is Do.FRAME:
            self.heard_hands.append(self.hears_hands)
            time.sleep(0.001)
        result = self._fails(do, self.done.count(do))
        return result, "" if result is Result.DONE else f"{do.name} failed"

    def events(self) -> tuple[list[Told], Result, str]:
        return (self._pending.pop(0) if self._pending else []), Result.DONE, ""


def lived(runtime: Scripted, until: Callable[[], bool]) -> list[Status]:
    told: list[Status] = []
    loop = Loop(lambda: runtime, told.append)
    loop.start()
    end = time.monotonic() + TIMEOUT_S
    while not until():
        assert time.monotonic() < end, (told, runtime.done[-10:])
        time.sleep(0.005)
    assert loop.stop(TIMEOUT_S)
    assert loop.status == told[-1]
    return told


def test_a_session_comes_up_makes_frames_and_is_given_back_at_the_end() -> None:
    runtime = Scripted(UP)
    told = lived(runtime, lambda: runtime.done.count(Do.FRAME) > 5)
    assert [s.state for s in told] == [State.NO_HEADSET, State.IDLE, State.READY, State.FOCUSED]
    assert told[-1] == Status(State.FOCUSED, "", "scripted", True)
    assert runtime.done[:4] == [Do.CREATE_INSTANCE, Do.FIND_HEADSET, Do.CREATE_SESSION, Do.BEGIN]
    assert runtime.done[-1] is Do.DESTROY_INSTANCE
    assert runtime.heard_hands[-1]


def test_hands_are_not_heard_while_a_menu_is_in_front() -> None:
    runtime = Scripted([*UP, [], [], [Told.VISIBLE]])
    lived(runtime, lambda: runtime.done.count(Do.FRAME) > 12)
    assert runtime.heard_hands[1]
    assert not any(runtime.heard_hands[6:])


def test_what_fails_is_told_and_everything_is_made_anew() -> None:
    runtime = Scripted(UP, lambda do, n: Result.INSTANCE_LOST if (do, n) == (Do.FRAME, 3) else Result.DONE)
    told = lived(runtime, lambda: runtime.done.count(Do.FRAME) > 8)
    assert runtime.done.count(Do.CREATE_INSTANCE) == 2
    assert "FRAME failed" in [s.text for s in told]
    assert told[-1].state is State.FOCUSED
    assert told[-1].text == ""


def test_a_loop_that_waits_stops_at_once() -> None:
    runtime = Scripted(UP, lambda do, n: Result.NOT_THERE if do is Do.CREATE_INSTANCE else Result.DONE)
    told: list[Status] = []
    loop = Loop(lambda: runtime, told.append)
    loop.start()
    while runtime.done.count(Do.CREATE_INSTANCE) < 3:
        time.sleep(0.01)
    began = time.monotonic()
    assert loop.stop(TIMEOUT_S)
    assert time.monotonic() - began < 1.0
    assert not [t for t in threading.enumerate() if t.name == "openxr"]


def test_the_first_way_to_draw_that_the_runtime_has_is_taken() -> None:
    show = Show(lambda picture: None)
    egl, headless = {"XR_MNDX_egl_enable", "XR_KHR_opengl_enable"}, {"XR_MND_headless"}
    assert isinstance(choose("auto", frozenset(egl | headless), show, 90.0), Pictures)
    assert isinstance(choose("auto", frozenset(headless), show, 90.0), Headless)
    assert isinstance(choose("headless", frozenset(egl), show, 90.0), Headless)
    with pytest.raises(MissingError, match=r"lacks XR_MNDX_egl_enable and XR_KHR_opengl_enable; or XR_MND_headless"):
        choose("auto", frozenset({"XR_KHR_opengl_enable"}), show, 90.0)
