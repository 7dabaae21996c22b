"""The thread that lives with a runtime: what it drives does as a script says, and what is told is in order."""

import threading
import time
from collections.abc import Callable

import pytest
import xr

from xr_bridge.loop import Loop, Status
from xr_bridge.openxr import runtime
from xr_bridge.openxr.graphics import Choice
from xr_bridge.openxr.pictures import Pictures
from xr_bridge.openxr.results import MissingError
from xr_bridge.openxr.runtime import Headless, OpenXr
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


def test_what_was_drawn_last_is_drawn_again_by_a_new_session_unless_it_cannot_be() -> None:
    show, scene = Show(lambda picture: None), (object(), object())
    show.again()
    assert show.take() is None
    show.scenes.put(scene)  # type: ignore[arg-type]
    assert show.take() is scene
    assert show.take() is None
    show.again()
    assert show.take() is scene
    newer = (object(), object())
    show.scenes.put(newer)  # type: ignore[arg-type]
    show.again()
    assert show.take() is newer
    show.forget()
    show.again()
    assert show.take() is None


def test_the_first_way_to_draw_that_the_runtime_has_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    show = Show(lambda picture: None)
    egl, headless = {"XR_MNDX_egl_enable", "XR_KHR_opengl_enable"}, {"XR_MND_headless"}
    assert isinstance(Choice("auto", show, 90.0).choose(frozenset(egl | headless)), Pictures)
    assert isinstance(Choice("auto", show, 90.0).choose(frozenset(headless)), Headless)
    assert isinstance(Choice("headless", show, 90.0).choose(frozenset(egl)), Headless)
    with pytest.raises(MissingError, match=r"lacks XR_MNDX_egl_enable and XR_KHR_opengl_enable; or XR_MND_headless"):
        Choice("auto", show, 90.0).choose(frozenset({"XR_KHR_opengl_enable"}))


def test_a_way_with_which_no_session_can_be_made_gives_way_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":99")
    offered = frozenset({"XR_MNDX_egl_enable", "XR_KHR_opengl_enable", "XR_MND_headless"})
    choice = Choice("auto", Show(lambda picture: None), 90.0)
    seen = []
    for _ in range(4):
        found = choice.choose(offered)
        seen.append(found.extensions)
        choice.failed(found)
    assert [len(extensions) for extensions in seen[:3]] == [1, 2, 1]
    assert seen[2] == ("XR_MND_headless",)
    assert seen[3] == seen[0]  # When all have failed, all are tried again.
    only = Choice("glx", Show(lambda picture: None), 90.0)
    for _ in range(2):
        found = only.choose(offered)
        assert found.extensions == ("XR_KHR_opengl_enable",)
        only.failed(found)


def test_a_device_without_hands_is_told_by_asking_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    class Tracker:
        def __init__(self, _instance: object, _session: object, hand: object) -> None:
            if not device_has_hands:
                raise xr.exception.FeatureUnsupportedError
            made.append(str(hand))

        def locate(self, _space: object, _xr_time: int) -> str:
            return "hand"

        def close(self) -> None:
            made.pop()

    monkeypatch.setattr(runtime, "HandTracker", Tracker)
    for device_has_hands in (False, True):
        openxr = OpenXr(Choice("headless", Show(lambda picture: None), 90.0), lambda sight: None, 90.0)
        openxr._may_have_hands = openxr.hears_hands = True  # The runtime offers the extension.
        openxr._track_hands(None, None)
        assert openxr.has_hands == device_has_hands
        assert len(made) == 2 * device_has_hands
        assert openxr._locate_hands(0) == (("hand", "hand") if device_has_hands else (None, None))
        openxr.do(Do.DESTROY_SESSION)
        assert made == []
        assert not openxr.has_hands
