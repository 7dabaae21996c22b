"""The thread that trains: it does what it is told, answers, takes the newest labels, and says why if it must stop."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from latentvr.msg import Epoch

from latent_trainer.beginning import Beginning
from latent_trainer.branches import Branches
from latent_trainer.graph import nearest_neighbours
from latent_trainer.parameters import Parameters
from latent_trainer.recipe import make_recipe
from latent_trainer.training import Terms, Training
from latent_trainer.worker import EndedError, Labels, Snapshot, State, Worker, _Pace
from latentvr_common.cloud import NONE
from latentvr_common.trace import Said

torch.set_num_threads(1)

ITEMS = 24
TIMEOUT_S = 20.0
FEATURES = np.random.default_rng(0).normal(size=(ITEMS, 4)).astype(np.float32)


def make_training() -> Training:
    return Training(FEATURES, Parameters(width=8, batch=8, label_batch=8), "cpu")


def find_neighbours(training: Training) -> npt.NDArray[np.int32]:
    return nearest_neighbours(training.inputs.cpu().numpy(), 4, 1)


def marked(category: int, seq: int) -> Labels:
    labels = np.full(ITEMS, NONE, np.int16)
    labels[:3], labels[-3:] = 0, category
    return Labels(labels, Said(seq))


def beginning(find: Callable[[Training], npt.NDArray[np.int32]]) -> Callable[[Training], Branches]:
    def begin(training: Training) -> Branches:
        neighbours = find(training)
        recipe = make_recipe(training.parameters, "", FEATURES, 1, "cpu")
        course = Beginning(None, lambda entry: None, print).course(training, recipe, neighbours)
        return Branches(course, lambda entry: None)

    return begin


@contextmanager
def running(
    make: Callable[[], Training] = make_training,
    find: Callable[[Training], npt.NDArray[np.int32]] = find_neighbours,
    *,
    paused: bool = False,
    labels: Labels | None = None,
    on_part: Callable[[], object] = lambda: None,
) -> Iterator[Worker]:
    worker = Worker(make, beginning(find), cloud_rate_hz=50.0, paused=paused, on_part=on_part)
    if labels is not None:
        worker.give_labels(labels)
    worker.start()
    try:
        yield worker
    finally:
        assert worker.stop(TIMEOUT_S), "the thread ends"


def wait_for(worker: Worker, condition: Callable[[Snapshot], Any], what: str) -> Snapshot:
    """Return the first snapshot that meets the condition."""
    until, last = time.monotonic() + TIMEOUT_S, None
    while time.monotonic() < until:
        snapshot = worker.snapshots.take()
        if snapshot is None:
            time.sleep(0.002)
            continue
        if condition(snapshot):
            return snapshot
        last = snapshot
    raise AssertionError(f"{what}: not within {TIMEOUT_S} s; last: {last and (last.state, last.text, last.step)}")


def wait_for_state(worker: Worker, state: State) -> Snapshot:
    return wait_for(worker, lambda s: s.state is state, state.name)


def step_count(worker: Worker) -> int:
    return int(str(worker.ask(lambda training: training.step_count, TIMEOUT_S)))


def test_states_are_those_of_the_message() -> None:
    assert {s.name: int(s) for s in State} == {s.name: getattr(Epoch, s.name) for s in State}


def test_the_cloud_is_there_before_neighbours_are_found_and_then_training_begins() -> None:
    seen = threading.Event()

    def find_late(training: Training) -> npt.NDArray[np.int32]:
        assert seen.wait(TIMEOUT_S)
        return find_neighbours(training)

    with running(find=find_late) as worker:
        first = wait_for_state(worker, State.PREPARING)
        assert (first.step, first.epoch, first.text) == (0, 0, "finding neighbours")
        np.testing.assert_array_equal(first.encoded.positions, make_training().encode().positions)
        seen.set()
        later = wait_for(worker, lambda s: s.state is State.TRAINING and s.step > 20, "training")
        assert later.epoch == later.step * 8 // ITEMS
        assert later.losses["structure"] > 0


def test_snapshots_keep_coming_while_it_trains_and_their_steps_rise() -> None:
    with running() as worker:
        steps = [wait_for(worker, lambda s: s.step > 0, "a step").step]
        for _ in range(5):
            steps.append(wait_for(worker, lambda s: s.step > steps[-1], "more steps").step)
        assert wait_for(worker, lambda s: s.steps_per_s > 0, "a rate").state is State.TRAINING


def test_a_worker_that_starts_paused_makes_no_step_until_it_is_told() -> None:
    with running(paused=True) as worker:
        snapshot = wait_for_state(worker, State.PAUSED)
        assert (snapshot.step, snapshot.text) == (0, "paused")
        assert step_count(worker) == 0
        worker.resume()
        wait_for(worker, lambda s: s.state is State.TRAINING and s.step > 3, "training")


def test_a_pause_holds_until_resumed() -> None:
    with running() as worker:
        wait_for(worker, lambda s: s.step > 3, "training")
        worker.pause()
        held = wait_for_state(worker, State.PAUSED)
        assert [step_count(worker) for _ in range(5)] == [held.step] * 5
        worker.resume()
        assert wait_for(worker, lambda s: s.step > held.step + 3, "training again").state is State.TRAINING


@pytest.mark.parametrize("steps", [0, 3], ids=["from the start", "after its steps"])
def test_a_paused_worker_does_not_look_again_and_again(steps: int) -> None:
    looks: list[int] = []

    def make_watched() -> Training:
        training = make_training()
        encode = training.encode
        training.encode = lambda: (looks.append(training.step_count), encode())[1]  # type: ignore[method-assign]
        return training

    with running(make_watched, paused=True) as worker:
        if steps:
            worker.make_steps(steps)
        wait_for(worker, lambda s: s.state is State.PAUSED and s.step == steps, "pause")
        before = len(looks)
        for _ in range(20):
            step_count(worker)
        assert len(looks) == before


@pytest.mark.parametrize("counts", [[1], [7], [5, 1, 200]])
def test_it_makes_exactly_the_steps_asked_for_and_pauses(counts: list[int]) -> None:
    with running(paused=True) as worker:
        wait_for_state(worker, State.PAUSED)
        done = 0
        for count in counts:
            worker.make_steps(count)
            done += count
            snapshot = wait_for(worker, lambda s: s.state is State.PAUSED and s.step > 0, "pause")
            while snapshot.step < done:
                snapshot = wait_for_state(worker, State.PAUSED)
            assert snapshot.step == done
            assert step_count(worker) == done


def test_steps_asked_for_while_it_trains_are_the_last() -> None:
    with running() as worker:
        wait_for(worker, lambda s: s.step > 3, "training")
        before = step_count(worker)
        worker.make_steps(3)
        assert before + 3 <= wait_for_state(worker, State.PAUSED).step


def test_steps_of_the_worker_are_those_of_training_alone_to_the_bit() -> None:
    alone = make_training()
    alone.set_neighbours(find_neighbours(alone))
    alone.set_labels(marked(1, 4).labels)
    for _ in range(25):
        alone.step()
    with running(paused=True, labels=marked(1, 4)) as worker:
        wait_for_state(worker, State.PAUSED)
        worker.make_steps(25)
        snapshot = wait_for(worker, lambda s: s.state is State.PAUSED and s.step == 25, "25 steps")
    np.testing.assert_array_equal(snapshot.encoded.positions, alone.encode().positions)
    np.testing.assert_array_equal(snapshot.encoded.predicted, alone.encode().predicted)
    assert snapshot.losses == alone.losses


# Labels


def test_the_newest_labels_count_and_all_are_taken_in_while_it_trains() -> None:
    with running() as worker:
        for seq in range(1, 100):
            worker.give_labels(marked(1, seq))
        worker.give_labels(marked(2, 100))
        snapshot = wait_for(worker, lambda s: s.label_seq == 100 and 2 in s.encoded.predicted, "the newest labels")
        assert set(snapshot.encoded.predicted.tolist()) <= {0, 2}
        assert wait_for(worker, lambda s: s.losses["classification"] > 0, "a pull").label_seq == 100


def test_labels_given_before_the_start_are_there_from_the_first_step() -> None:
    with running(paused=True, labels=marked(3, 9)) as worker:
        assert wait_for(worker, lambda s: s.state is State.PAUSED, "pause").label_seq == 9
        worker.make_steps(1)
        assert wait_for(worker, lambda s: s.step == 1, "a step").losses["attraction"] > 0


def test_labels_given_in_a_pause_show_at_once_and_move_nothing() -> None:
    with running(paused=True) as worker:
        before = wait_for_state(worker, State.PAUSED)
        worker.give_labels(marked(1, 5))
        after = wait_for(worker, lambda s: s.label_seq == 5, "the labels")
        assert (after.state, after.step) == (State.PAUSED, 0)
        np.testing.assert_array_equal(after.encoded.positions, before.encoded.positions)
        assert set(after.encoded.predicted.tolist()) <= {0, 1}


# Questions


@pytest.mark.parametrize("paused", [False, True])
def test_questions_are_answered_on_the_thread_that_trains(paused: bool) -> None:
    with running(paused=paused) as worker:
        assert worker.ask(lambda training: (len(training), threading.current_thread().name), TIMEOUT_S) == (
            ITEMS,
            "training",
        )
        assert threading.current_thread().name != "training"


def test_an_exception_of_a_question_goes_to_who_asked_and_training_goes_on() -> None:
    def impossible(_training: Training) -> object:
        raise OSError(28, "No space left on device")

    with running() as worker:
        with pytest.raises(OSError, match="No space left"):
            worker.ask(impossible, TIMEOUT_S)
        now = step_count(worker)
        wait_for(worker, lambda s: s.state is State.TRAINING and s.step > now, "training")


def test_a_question_that_nobody_waits_for_is_dropped_at_the_end_too() -> None:
    worker = Worker(make_training, beginning(find_neighbours), cloud_rate_hz=50.0, paused=False)
    answers = [worker.put_question(len) for _ in range(3)]
    assert answers[1].cancel()
    worker._stopping.set()
    worker.start()
    assert worker.stop(TIMEOUT_S)
    assert isinstance(answers[2].exception(TIMEOUT_S), EndedError)


def test_who_asks_too_early_waits_no_longer_than_told() -> None:
    ready = threading.Event()

    def make_late() -> Training:
        assert ready.wait(TIMEOUT_S)
        return make_training()

    with running(make_late) as worker:
        answered: list[str] = []
        with pytest.raises(TimeoutError):
            worker.ask(lambda _: answered.append("too late"), 0.05)
        later = worker.put_question(lambda _: answered.append("in time"))
        ready.set()
        later.result(TIMEOUT_S)
        assert worker.ask(len, TIMEOUT_S) == ITEMS
        assert answered == ["in time"], "who does not wait any more has not asked"


# Pace


@pytest.mark.parametrize("speed", [0.1, 1e-6, 1e-38])
def test_a_slow_worker_hears_everything_as_soon_as_a_fast_one(speed: float) -> None:
    with running() as worker:
        wait_for(worker, lambda s: s.step > 3, "training")
        worker.set_speed(speed)
        for seq in range(1, 4):
            worker.give_labels(marked(1, seq))
            assert step_count(worker) > 0
        worker.pause()
        wait_for_state(worker, State.PAUSED)
        worker.resume()
        assert step_count(worker) > 0
        worker.set_speed(1.0)
        now = step_count(worker)
        snapshot = wait_for(worker, lambda s: s.step > now + 20, "full speed")
        assert (snapshot.state, snapshot.label_seq) == (State.TRAINING, 3)


def test_a_slow_worker_rests_between_its_steps_however_often_it_is_asked() -> None:
    with running() as worker:
        wait_for(worker, lambda s: s.step > 3, "training")
        worker.set_speed(1e-6)
        step_count(worker)
        before = step_count(worker)
        for _ in range(50):
            after = step_count(worker)
        assert after - before <= 1


def test_commands_given_in_any_order_from_another_thread_never_stop_training() -> None:
    switching_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # two threads meet at every place where they can
    try:
        with running() as worker:
            until = time.monotonic() + 0.4
            while time.monotonic() < until:
                worker.make_steps(1_000_000)
                worker.resume()
            sys.setswitchinterval(switching_s)
            now = step_count(worker)
            wait_for(worker, lambda s: s.state is State.TRAINING and s.step > now, "training")
    finally:
        sys.setswitchinterval(switching_s)


class Fickle(Worker):
    """A worker to which another thread gives another pace between any two looks at it."""

    looks = 0

    @property
    def _pace(self) -> _Pace:
        self.looks += 1
        return _Pace(False, 1.0, 1_000_000 if self.looks % 2 else None)

    @_pace.setter
    def _pace(self, _pace: _Pace) -> None:
        pass


def test_a_pace_that_changes_between_two_looks_does_not_stop_training() -> None:
    worker = Fickle(make_training, beginning(find_neighbours), cloud_rate_hz=50.0, paused=False)
    worker.start()
    try:
        assert wait_for(worker, lambda s: s.step > 20 or s.state is State.FAULT, "training").text == ""
    finally:
        assert worker.stop(TIMEOUT_S)


# The end


@pytest.mark.parametrize("paused", [False, True])
def test_a_stopped_worker_has_ended_and_keeps_what_it_trained(paused: bool) -> None:
    with running(paused=paused) as worker:
        wait_for(worker, lambda s: s.state is not State.PREPARING, "the beginning")
        assert worker.stop(TIMEOUT_S)
        assert worker.course is not None
        steps = worker.course.training.step_count
        assert "training" not in [t.name for t in threading.enumerate()]
        worker.resume()
        assert worker.course.training.step_count == steps
        with pytest.raises(EndedError):
            worker.ask(len, TIMEOUT_S)


def test_stopping_does_not_wait_for_ever_for_a_thread_that_is_busy() -> None:
    busy = threading.Event()

    def find_late(training: Training) -> npt.NDArray[np.int32]:
        assert busy.wait(TIMEOUT_S)
        return find_neighbours(training)

    with running(find=find_late) as worker:
        wait_for_state(worker, State.PREPARING)
        assert not worker.stop(0.05)
        busy.set()


def no_training() -> Training:
    raise MemoryError("no room for 4 items")


def no_neighbours(_training: Training) -> npt.NDArray[np.int32]:
    raise ValueError("no item is near another")


def make_training_that_breaks() -> Training:
    training = make_training()
    step = training.step

    def step_or_break() -> None:
        if training.step_count == 5:
            raise RuntimeError("out of numbers")
        step()

    training.step = step_or_break  # type: ignore[method-assign]
    return training


def make_training_without_numbers() -> Training:
    training = make_training()
    nothing = torch.tensor(torch.nan)
    weight = training.model.to_latent.weight
    training.terms = lambda batch: Terms({"structure": weight.sum() * nothing}, weight)  # type: ignore[method-assign]
    return training


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "at the beginning": ({"make": no_training}, "training stopped: MemoryError: no room for 4 items"),
    "finding neighbours": ({"find": no_neighbours}, "training stopped: ValueError: no item is near another"),
    "at a step that is never finite": (
        {"make": make_training_without_numbers},
        "training stopped: NotFiniteError: 50 steps in a row were not finite or far too large: structure nan, "
        "gradient nan; a smaller learning_rate or weight may help",
    ),
    "at a step": ({"make": make_training_that_breaks}, "training stopped: RuntimeError: out of numbers"),
}


@pytest.mark.parametrize("where", FAULTS)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_is_the_last_snapshot_and_gives_the_reason(where: str) -> None:
    arguments, reason = FAULTS[where]
    with running(**arguments, labels=marked(1, 6)) as worker:
        snapshot = wait_for_state(worker, State.FAULT)
        assert snapshot.text == reason
        assert snapshot.label_seq == (6 if where.startswith("at a step") else 0)
        assert len(snapshot.encoded.positions) == 0
        with pytest.raises(EndedError, match=reason):
            worker.ask(len, TIMEOUT_S)
        assert worker.snapshots.take() is None


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_who_waits_for_an_answer_when_training_breaks_is_told_at_once() -> None:
    asked = threading.Event()

    def break_when_asked() -> Training:
        assert asked.wait(TIMEOUT_S)
        return no_training()

    with running(break_when_asked) as worker:
        answers: list[object] = []

        def ask() -> None:
            try:
                answers.append(worker.ask(len, TIMEOUT_S))
            except Exception as error:
                answers.append(error)

        asker = threading.Thread(target=ask)
        asker.start()
        until = time.monotonic() + TIMEOUT_S
        while worker._commands.empty():
            assert time.monotonic() < until
            time.sleep(0.002)
        asked.set()
        asker.join(TIMEOUT_S)
        assert [type(a) for a in answers] == [EndedError]


@pytest.mark.skipif(sys.platform != "linux", reason="niceness belongs to a thread on Linux only")
def test_the_thread_that_trains_steps_back_behind_the_others() -> None:
    def niceness(_: object = None) -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    with running() as worker:
        assert worker.ask(niceness, TIMEOUT_S) == min(19, niceness() + 5)


def make_training_that_loses_its_cloud_once() -> Training:
    training = make_training()
    step = training.step

    def step_or_lose() -> None:
        step()
        if training.step_count == 30:
            with torch.no_grad():
                training.average.to_latent.bias[0] = torch.nan

    training.step = step_or_lose  # type: ignore[method-assign]
    return training


def test_a_cloud_that_is_not_finite_makes_training_go_back_and_the_snapshot_says_so() -> None:
    with running(make=make_training_that_loses_its_cloud_once) as worker:
        seen: list[Snapshot] = []

        def went_back(snapshot: Snapshot) -> bool:
            seen.append(snapshot)
            return snapshot.returns == 1

        snapshot = wait_for(worker, went_back, "training went back")
        assert all(np.isfinite(one.encoded.positions).all() for one in seen)
        assert snapshot.state is State.TRAINING
        assert snapshot.text.startswith("went back to the network of step 0, learning rate ")
        assert "no finite place in the cloud" in snapshot.text


def test_newly_labelled_items_are_shown_between_two_snapshots() -> None:
    came = threading.Event()
    with running(on_part=came.set) as worker:
        wait_for_state(worker, State.TRAINING)
        assert not came.is_set()
        until, part, seq = time.monotonic() + TIMEOUT_S, None, 0
        while part is None and time.monotonic() < until:
            # Again and again: what the next snapshot shows too is not kept for long.
            seq += 1
            worker.give_labels(marked(1 + seq % 2, seq))
            time.sleep(0.01)
            part = worker.parts.take()
        assert part is not None
        assert set(part.rows.tolist()) <= set(np.flatnonzero(marked(1, 1).labels != NONE).tolist())
        assert np.isfinite(part.positions).all()
        assert came.wait(TIMEOUT_S)
