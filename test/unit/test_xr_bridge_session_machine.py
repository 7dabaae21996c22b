"""The life of an OpenXR session, told by scripts of what the runtime answers and tells, without any runtime."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xr_bridge.session_machine import (
    AFTER_EXIT_S,
    EVENTS_EVERY_S,
    LONGEST_REST_S,
    SHORTEST_REST_S,
    WELL_AFTER_S,
    Do,
    Result,
    SessionMachine,
    State,
    Told,
)

MESSAGE = Path(__file__).parents[2] / "msg" / "XrState.msg"


class Story:
    """A machine, the moment, and what the machine has asked for."""

    def __init__(self) -> None:
        self.machine = SessionMachine()
        self.now_s = 100.0

    def asked(self) -> Do:
        return self.machine.next(self.now_s).do

    def goes(self, *steps: Do) -> "Story":
        """The machine asks for these, one after the other, and each is done."""
        for step in steps:
            self.rest()
            assert self.asked() is step
            self.machine.done(step, Result.DONE, self.now_s)
        return self

    def fails(self, step: Do, result: Result, problem: str = "it") -> "Story":
        self.rest()
        assert self.asked() is step
        self.machine.done(step, result, self.now_s, problem)
        return self

    def rest(self) -> float:
        """Let time pass while it rests for something other than events; return how long that was."""
        began_s = self.now_s
        while True:
            wanted = self.machine.next(self.now_s)
            if wanted.do is not Do.REST or (self.machine.state not in (State.NO_RUNTIME, State.NO_HEADSET, State.IDLE)):
                break
            if self.now_s - began_s > 60.0:
                break
            self.now_s += wanted.rest_s
        return self.now_s - began_s

    def hears(self, *told: Told) -> "Story":
        for one in told:
            self.machine.hear(one)
        return self


def focused() -> Story:
    story = Story().goes(Do.CREATE_INSTANCE, Do.FIND_HEADSET, Do.CREATE_SESSION)
    story.hears(Told.IDLE, Told.READY).goes(Do.BEGIN)
    return story.hears(Told.SYNCHRONIZED, Told.VISIBLE, Told.FOCUSED)


def test_states_are_those_of_the_message() -> None:
    constants = dict(re.findall(r"^uint8 (\w+)=(\d+)$", MESSAGE.read_text(), re.MULTILINE))
    assert {state.name: str(state.value) for state in State} == constants


def test_a_session_comes_up_step_by_step() -> None:
    story = Story()
    assert (story.machine.state, story.asked()) == (State.NO_RUNTIME, Do.CREATE_INSTANCE)
    story.goes(Do.CREATE_INSTANCE)
    assert story.machine.state is State.NO_HEADSET
    story.goes(Do.FIND_HEADSET, Do.CREATE_SESSION)
    assert (story.machine.state, story.asked()) == (State.IDLE, Do.REST)
    assert story.machine.next(story.now_s).rest_s == EVENTS_EVERY_S
    story.hears(Told.READY)
    assert story.machine.state is State.READY
    story.goes(Do.BEGIN)
    for told, state, draws, hears in (
        (Told.SYNCHRONIZED, State.RUNNING, False, False),
        (Told.VISIBLE, State.VISIBLE, True, False),
        (Told.FOCUSED, State.FOCUSED, True, True),
    ):
        story.hears(told)
        assert (story.machine.state, story.asked()) == (state, Do.FRAME)
        assert (story.machine.draws, story.machine.hears_hands) == (draws, hears)


def test_frames_go_on_from_begin_on_whatever_is_shown() -> None:
    # The specification: frames must be submitted from the beginning of a session, or it never becomes synchronized.
    story = Story().goes(Do.CREATE_INSTANCE, Do.FIND_HEADSET, Do.CREATE_SESSION).hears(Told.READY).goes(Do.BEGIN)
    assert (story.asked(), story.machine.draws) == (Do.FRAME, False)


def test_a_headset_taken_off_is_not_an_exit() -> None:
    story = focused().hears(Told.VISIBLE, Told.SYNCHRONIZED, Told.STOPPING)
    assert story.machine.state is State.STOPPING
    story.goes(Do.END).hears(Told.IDLE)
    assert (story.machine.state, story.asked()) == (State.IDLE, Do.REST)
    story.hears(Told.READY).goes(Do.BEGIN).hears(Told.SYNCHRONIZED, Told.VISIBLE, Told.FOCUSED)
    assert (story.machine.state, story.asked()) == (State.FOCUSED, Do.FRAME)


def test_who_leaves_by_the_menu_is_called_back_after_a_while() -> None:
    story = focused().hears(Told.STOPPING).goes(Do.END).hears(Told.IDLE, Told.EXITING).goes(Do.DESTROY_INSTANCE)
    assert "headset's menu" in story.machine.problem
    assert story.rest() == pytest.approx(AFTER_EXIT_S)
    story.goes(Do.CREATE_INSTANCE)
    assert story.machine.problem == ""


@pytest.mark.parametrize("how", ["told", "answered"])
def test_a_session_that_is_lost_is_made_anew_without_a_new_instance(how: str) -> None:
    story = focused()
    if how == "told":
        story.hears(Told.LOSS_PENDING)
    else:
        story.fails(Do.FRAME, Result.SESSION_LOST)
    assert story.machine.state is State.LOSS_PENDING
    assert not story.machine.hears_hands
    story.goes(Do.DESTROY_SESSION, Do.FIND_HEADSET, Do.CREATE_SESSION).hears(Told.READY).goes(Do.BEGIN)


@pytest.mark.parametrize("step", [Do.FRAME, Do.REST, Do.END])
def test_a_runtime_that_dies_is_found_again(step: Do) -> None:
    story = focused()
    story.machine.done(step, Result.INSTANCE_LOST, story.now_s, "gone")
    assert (story.machine.state, story.machine.problem) == (State.LOSS_PENDING, "gone")
    story.goes(Do.DESTROY_INSTANCE)
    assert story.machine.state is State.NO_RUNTIME
    for _ in range(20):
        story.fails(Do.CREATE_INSTANCE, Result.NOT_THERE, "none")
        assert (story.machine.state, story.machine.problem) == (State.NO_RUNTIME, "none")
    story.goes(Do.CREATE_INSTANCE, Do.FIND_HEADSET, Do.CREATE_SESSION).hears(Told.READY).goes(Do.BEGIN)
    story.hears(Told.FOCUSED)
    assert (story.machine.state, story.machine.problem) == (State.FOCUSED, "")


def test_an_instance_that_will_be_lost_is_given_up_at_once() -> None:
    story = focused().hears(Told.INSTANCE_LOSS_PENDING)
    assert (story.machine.state, story.machine.draws) == (State.LOSS_PENDING, False)
    story.goes(Do.DESTROY_INSTANCE, Do.CREATE_INSTANCE)


def test_tries_come_farther_and_farther_apart_but_never_far() -> None:
    story, rests = Story(), []
    for _ in range(8):
        story.fails(Do.CREATE_INSTANCE, Result.NOT_THERE)
        rests.append(story.rest())
    assert rests[:3] == pytest.approx([SHORTEST_REST_S, 2 * SHORTEST_REST_S, 4 * SHORTEST_REST_S])
    assert rests[-1] == pytest.approx(LONGEST_REST_S)
    assert rests == sorted(rests)


def test_a_headset_is_waited_for_while_events_are_heard() -> None:
    story = Story().goes(Do.CREATE_INSTANCE)
    for _ in range(10):
        story.fails(Do.FIND_HEADSET, Result.NOT_THERE, "no headset")
        assert (story.machine.state, story.machine.problem) == (State.NO_HEADSET, "no headset")
        assert story.machine.next(story.now_s).rest_s <= EVENTS_EVERY_S
    story.goes(Do.FIND_HEADSET, Do.CREATE_SESSION)


def test_what_fails_again_and_again_is_made_anew_from_the_beginning() -> None:
    story = focused().fails(Do.FRAME, Result.FAILED, "odd")
    story.goes(Do.DESTROY_SESSION, Do.FIND_HEADSET, Do.CREATE_SESSION)
    story.hears(Told.READY).fails(Do.BEGIN, Result.FAILED).goes(Do.DESTROY_SESSION, Do.FIND_HEADSET, Do.CREATE_SESSION)
    story.hears(Told.READY).fails(Do.BEGIN, Result.FAILED).goes(Do.DESTROY_INSTANCE)


def test_one_failure_now_and_then_does_not_add_up() -> None:
    story = focused()
    for _ in range(10):
        for _ in range(2):
            story.goes(Do.FRAME)
            story.now_s += WELL_AFTER_S
        story.fails(Do.FRAME, Result.FAILED).goes(Do.DESTROY_SESSION, Do.FIND_HEADSET, Do.CREATE_SESSION)
        story.hears(Told.READY).goes(Do.BEGIN).hears(Told.FOCUSED)


def test_what_fails_with_its_first_picture_is_tried_less_and_less_often() -> None:
    story, rests = focused(), []
    for _ in range(12):
        story.goes(Do.FRAME)
        story.machine.done(Do.FRAME, Result.FAILED, story.now_s, "cannot draw")
        gone = story.asked()
        assert gone in (Do.DESTROY_SESSION, Do.DESTROY_INSTANCE)
        story.goes(gone)
        rests.append(story.rest())
        story.goes(*([Do.CREATE_INSTANCE] if gone is Do.DESTROY_INSTANCE else []), Do.FIND_HEADSET, Do.CREATE_SESSION)
        story.hears(Told.READY).goes(Do.BEGIN).hears(Told.FOCUSED)
    assert rests[-1] == pytest.approx(LONGEST_REST_S)


def test_a_session_that_cannot_be_made_costs_the_instance() -> None:
    story = Story().goes(Do.CREATE_INSTANCE, Do.FIND_HEADSET).fails(Do.CREATE_SESSION, Result.FAILED, "no graphics")
    assert story.machine.problem == "no graphics"
    story.goes(Do.DESTROY_INSTANCE, Do.CREATE_INSTANCE)


def test_what_is_told_of_a_session_that_is_no_more_does_not_matter() -> None:
    story = focused().hears(Told.LOSS_PENDING).goes(Do.DESTROY_SESSION).hears(Told.READY, Told.FOCUSED)
    assert story.machine.state is State.NO_HEADSET
    story.goes(Do.FIND_HEADSET, Do.CREATE_SESSION)
    assert (story.machine.state, story.asked()) == (State.IDLE, Do.REST)


HELD = {
    Do.CREATE_INSTANCE: (False, None, None),
    Do.FIND_HEADSET: (True, False, None),
    Do.CREATE_SESSION: (True, False, None),
    Do.BEGIN: (True, True, False),
    Do.FRAME: (True, True, True),
    Do.END: (True, True, True),
    Do.DESTROY_SESSION: (True, True, None),
    Do.DESTROY_INSTANCE: (True, None, None),
}
"""What there must be before a step: an instance, a session, a session that has begun. None: either."""


@given(st.lists(st.tuples(st.sampled_from(Result), st.lists(st.sampled_from(Told), max_size=3)), max_size=80))
def test_whatever_happens_only_what_is_there_is_used_and_nothing_is_made_twice(
    fates: list[tuple[Result, list[Told]]],
) -> None:
    machine, now_s = SessionMachine(), 0.0
    instance = session = begun = False
    for result, told in fates:
        for one in told:
            machine.hear(one)
        wanted = machine.next(now_s)
        assert 0.0 <= wanted.rest_s <= AFTER_EXIT_S
        now_s += wanted.rest_s
        if wanted.do is not Do.REST:
            for there, needed in zip((instance, session, begun), HELD[wanted.do], strict=True):
                assert needed in (None, there)
        machine.done(wanted.do, result, now_s, "")
        if wanted.do is Do.DESTROY_INSTANCE:
            instance = session = begun = False
        elif wanted.do is Do.DESTROY_SESSION:
            session = begun = False
        elif result is Result.DONE:
            instance |= wanted.do is Do.CREATE_INSTANCE
            session |= wanted.do is Do.CREATE_SESSION
            begun = (begun or wanted.do is Do.BEGIN) and wanted.do is not Do.END
        assert not (machine.draws or machine.hears_hands) or begun
