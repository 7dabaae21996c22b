"""Branches of a running training: begun, left, gone on with, kept on the disk, and the same to the last bit."""

import hashlib
import json
import shutil
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small_training import EVENTS, PLAN, Session, again, labels_without, mark, run

from latent_trainer.branches import FIRST, Branches
from latent_trainer.checkpoints import Branch, Checkpoint, Checkpoints, name_of_branch, read_checkpoint
from latent_trainer.course import Course
from latent_trainer.recall import Recall
from latent_trainer.saver import Saver
from latentvr_common.errors import InputError
from latentvr_common.labels import Kind, LabelEvent
from latentvr_common.trace import Said

MARKS = {**EVENTS, 7: mark(7, 0, range(12, 20)), 8: mark(8, 2, range(70, 80))}
"""Two more than there were, made in a branch."""


@pytest.fixture(autouse=True)
def one_thread() -> Iterable[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def branches_at(attempts: int, directory: Path, session: Session) -> Branches:
    """Training that has come so far, with a checkpoint every ten steps."""
    session.checkpoints = Checkpoints(directory)
    course = session.begin()
    for until in range(10, attempts + 1, 10):
        checkpoint = run(course, until).checkpoint()
        assert checkpoint is not None
        session.checkpoints.write(checkpoint)
    return Branches(run(course, attempts), session.entries.append, session.checkpoints)


def catch_up_and_go_on(branches: Branches, attempts: int) -> None:
    while branches.course.training.attempts < attempts:
        branches.do_due()
        branches.course.step()
    branches.do_due()


@pytest.mark.parametrize("gone", [[1], [3], [5], [2, 5]])
def test_a_branch_without_entries_catches_up_and_is_what_training_is_where_they_were_never_made(
    tmp_path: Path, gone: list[int]
) -> None:
    session = Session()
    branches = branches_at(95, tmp_path, session)
    main = branches.course
    before = main.training.weights_digest()
    branches.begin("what if", gone, EVENTS)
    assert branches.catching_up
    assert branches.progress.endswith("of 95")
    begun_at = branches.course.training.attempts
    first = next(at for at, seq in PLAN.items() if seq == gone[0])
    assert int(first) - 10 <= begun_at <= int(first), "from the newest checkpoint before it"
    catch_up_and_go_on(branches, 95)
    assert not branches.catching_up
    events = EVENTS
    for seq in gone:
        events = {**events, seq: LabelEvent("never", Kind.ERASE, sample_ids=np.zeros(0, np.uint32), seq=seq)}
    fresh = run(Session().begin(), 95, {at: seq for at, seq in PLAN.items() if seq not in gone}, events)
    assert branches.course.training.weights_digest() == fresh.training.weights_digest()
    assert branches.course.said.without == tuple(gone)
    assert main.training.weights_digest() == before, "what was is as it was"
    branches.switch("")
    assert branches.course is main
    run(main, 100)
    branches.switch("what if")
    catch_up_and_go_on(branches, 110)
    tally = again(session.story)
    assert (tally.first, tally.runs) == (None, 2)
    assert tally.steps == sum(len(entry.losses) for entry in session.entries) > 95 + 95 - begun_at - 20


def test_a_branch_of_a_branch_is_without_what_that_was_without(tmp_path: Path) -> None:
    session = Session()
    branches = branches_at(80, tmp_path, session)
    branches.begin("one", [1], EVENTS)
    catch_up_and_go_on(branches, 80)
    branches.begin("two", [3], EVENTS)
    catch_up_and_go_on(branches, 80)
    assert branches.course.gone == branches.course.said.without == (1, 3)
    assert branches.names == ["", "one", "two"]
    assert again(session.story).first is None


def test_a_branch_begins_from_nothing_where_no_checkpoint_is_early_enough() -> None:
    session = Session()
    branches = Branches(run(session.begin(), 70), session.entries.append)
    branches.begin("what if", [2], EVENTS)
    assert branches.course.training.attempts == 0
    catch_up_and_go_on(branches, 70)
    fresh = run(Session().begin(), 70, {20: 1, 34: 3, 60: 4, 60.5: 5}, labels_without(2))
    assert branches.course.training.weights_digest() == fresh.training.weights_digest()


@pytest.mark.parametrize(
    ("name", "gone", "reason"),
    [
        ("", [1], "expected 1 to 100"),
        ("a\nb", [1], "expected 1 to 100"),
        ("what if", [1], "still catching up"),
        ("more", [], "without entries none"),
        ("more", [99], r"without entries \[99\]"),
    ],
)
def test_a_branch_that_cannot_be_is_refused_and_changes_nothing(name: str, gone: list[int], reason: str) -> None:
    session = Session()
    branches = Branches(run(session.begin(), 40), session.entries.append)
    if name == "what if":
        branches.begin(name, [2], EVENTS)
    told, names, course = len(session.entries), branches.names, branches.course
    with pytest.raises(InputError, match=reason):
        branches.begin(name, gone, EVENTS)
    assert (len(session.entries), branches.names, branches.course) == (told, names, course)
    with pytest.raises(InputError, match="is not known" if name != "what if" else "still catching up"):
        branches.switch("nowhere" if name != "what if" else "")


# On from an earlier moment


def never(*gone: int) -> dict[int, LabelEvent]:
    """The journal in which these entries say nothing."""
    nothing = np.zeros(0, np.uint32)
    return MARKS | {seq: LabelEvent(f"never {seq}", Kind.ERASE, sample_ids=nothing, seq=seq) for seq in gone}


def use(course: Course, seq: int) -> None:
    """Have a mark of now count, as the trainer does."""
    said = Said(seq, course.gone)
    course.use_labels(Recall(90, MARKS).labels(said), said)


@pytest.mark.parametrize("moment", [35, 50, 59])
def test_a_fork_goes_on_from_the_moment_as_if_nothing_had_been_marked_since(tmp_path: Path, moment: int) -> None:
    session = Session(events=dict(MARKS))
    branches = branches_at(95, tmp_path, session)
    main, before = branches.course, branches.course.training.weights_digest()
    branches.begin("fork", [4, 5, 6], MARKS, step=moment)
    assert moment - 10 < branches.course.training.attempts <= moment, "from the newest checkpoint before it"
    catch_up_and_go_on(branches, moment)
    assert not branches.catching_up
    assert branches.course.training.weights_digest() == run(Session().begin(), moment).training.weights_digest()
    use(branches.course, 7)
    run(branches.course, 80)
    fresh = run(Session().begin(), 80, {20: 1, 33: 2, 34: 3, moment: 7}, never(4, 5, 6))
    assert branches.course.training.weights_digest() == fresh.training.weights_digest(), "a mark counts from there"
    branches.switch(FIRST)
    assert (branches.course, main.training.weights_digest()) == (main, before), "what was is as it was"
    use(main, 7)
    run(main, 100)
    tally = again(session.story)
    assert (tally.first, tally.runs) == (None, 2)


def test_a_moment_after_which_nothing_was_marked_can_be_gone_on_from_too(tmp_path: Path) -> None:
    session = Session()
    branches = branches_at(95, tmp_path, session)
    branches.begin("fork", [], EVENTS, step=85)
    catch_up_and_go_on(branches, 95)
    assert branches.course.training.weights_digest() == run(Session().begin(), 95).training.weights_digest()
    with pytest.raises(InputError, match="goes on from step 96, expected at most 95, where training is"):
        branches.begin("later", [1], EVENTS, step=96)


def test_a_branch_does_not_begin_from_a_checkpoint_that_missed_a_mark_on_its_way(tmp_path: Path) -> None:
    """Nobody kept the fork; what was has checkpoints at steps at which the fork had one mark more."""
    session = Session(events=dict(MARKS))
    branches = branches_at(75, tmp_path, session)
    branches.begin("fork", [4, 5, 6], MARKS, step=50)
    catch_up_and_go_on(branches, 53)
    use(branches.course, 7)
    run(branches.course, 70)
    use(branches.course, 8)
    run(branches.course, 75)
    branches.begin("fork without 8", [8], MARKS)
    catch_up_and_go_on(branches, 75)
    fresh = run(Session().begin(), 75, {20: 1, 33: 2, 34: 3, 53: 7}, never(4, 5, 6, 8))
    assert branches.course.training.weights_digest() == fresh.training.weights_digest()
    assert again(session.story).first is None


def test_there_are_not_more_branches_than_have_checkpoints() -> None:
    session = Session()
    branches = Branches(run(session.begin(), 30), session.entries.append)
    for number in range(15):
        branches.begin(f"branch {number}", [1], EVENTS, step=1)
        catch_up_and_go_on(branches, 1)
    with pytest.raises(InputError, match="there are 16 branches"):
        branches.begin("one more", [1], EVENTS, step=1)


# Kept on the disk


def lives(directory: Path, session: Session) -> Branches:
    """One life of a trainer that writes every checkpoint at once."""
    session.checkpoints = Checkpoints(directory)
    return session.begin_branches(session.checkpoints.write)


def keep(branches: Branches, directory: Path) -> Path:
    checkpoint = branches.checkpoint()
    assert checkpoint is not None
    return Checkpoints(directory).write(checkpoint)


def without_the_second(directory: Path, session: Session) -> Branches:
    """A training of 95 steps, with a branch that has come 15 further."""
    branches = lives(directory, session)
    for until in (20, 30, 95):
        run(branches.course, until)
        keep(branches, directory)
    branches.begin("without it", [2], EVENTS)
    catch_up_and_go_on(branches, 110)
    return branches


def test_all_branches_are_there_when_a_session_goes_on_and_are_what_they_would_have_been(tmp_path: Path) -> None:
    session = Session()
    branches = without_the_second(tmp_path, session)
    keep(branches, tmp_path)
    resumed = lives(tmp_path, session)
    assert not session.said
    assert (resumed.names, resumed.name) == ([FIRST, "without it"], "without it")
    assert resumed.course.gone == (2,)
    run(resumed.course, 120)
    resumed.switch(FIRST)
    assert resumed.course.gone == ()
    assert resumed.course.training.attempts == 95
    run(resumed.course, 100)
    resumed.switch("without it")
    run(resumed.course, 125)
    never_stopped = run(branches.course, 125).training.weights_digest()
    assert resumed.course.training.weights_digest() == never_stopped
    assert run(Session().begin(), 100).training.weights_digest() == resumed._courses[FIRST].training.weights_digest()
    tally = again(session.story)
    assert (tally.first, tally.runs) == (None, 4)


def test_what_was_left_by_a_trainer_that_was_killed_is_where_it_was_left(tmp_path: Path) -> None:
    session = Session()
    branches = without_the_second(tmp_path, session)
    branches.switch(FIRST)
    run(branches.course, 130)  # and was killed
    resumed = lives(tmp_path, session)
    assert (resumed.name, resumed.course.training.attempts) == (FIRST, 95)
    resumed.switch("without it")
    assert resumed.course.training.attempts == 110
    run(resumed.course, 115)
    assert again(session.story).first is None


def test_a_branch_is_kept_once_it_has_caught_up_and_before_that_what_was_left_is_gone_on_with(tmp_path: Path) -> None:
    session = Session()
    branches = lives(tmp_path, session)
    run(branches.course, 60)
    branches.begin("without it", [1], EVENTS)
    catch_up_and_go_on(branches, 40)
    assert branches.checkpoint() is None
    resumed = lives(tmp_path, session)
    assert (resumed.names, resumed.name, resumed.course.training.attempts) == ([FIRST], FIRST, 60)
    catch_up_and_go_on(branches, 60)
    keep(branches, tmp_path)
    resumed = lives(tmp_path, session)
    assert (resumed.names, resumed.name) == ([FIRST, "without it"], "without it")


@pytest.mark.parametrize("name", ["tensors.safetensors", "numbers.json", "manifest.json"])
def test_where_the_newest_checkpoint_of_a_branch_is_damaged_the_one_before_it_is_used(
    tmp_path: Path, name: str
) -> None:
    session = Session()
    branches = without_the_second(tmp_path, session)
    keep(branches, tmp_path)
    run(branches.course, 115)
    damaged = keep(branches, tmp_path)
    (damaged / name).write_bytes((damaged / name).read_bytes()[:-3])
    branches.switch(FIRST)
    resumed = lives(tmp_path, session)
    assert (resumed.name, resumed.course.training.attempts) == (FIRST, 95)
    assert [damaged.name in said for said in session.said] == [True]
    resumed.switch("without it")
    assert resumed.course.training.attempts == 110


def test_what_was_is_trained_anew_where_only_a_branch_is_left_of_it(tmp_path: Path) -> None:
    session = Session()
    keep(without_the_second(tmp_path, session), tmp_path)
    for place in list(Checkpoints(tmp_path).newest_first()):
        if name_of_branch(place) == FIRST:
            shutil.rmtree(place)
    resumed = lives(tmp_path, session)
    resumed.switch(FIRST)
    assert run(resumed.course, 100).training.weights_digest() == run(Session().begin(), 100).training.weights_digest()


def test_branches_keep_the_order_in_which_they_were_begun(tmp_path: Path) -> None:
    session = Session()
    branches = lives(tmp_path, session)
    run(branches.course, 90)
    for name in ("z", "a", "m"):
        branches.begin(name, [1], EVENTS, step=25)
        catch_up_and_go_on(branches, 25)
        branches.switch(FIRST)
    branches.switch("a")
    assert lives(tmp_path, session).names == [FIRST, "z", "a", "m"]


LATE = run(Session().begin(), 40).checkpoint()


def checkpoint(name: str, step: int) -> Checkpoint:
    assert LATE is not None
    return replace(LATE, counts=replace(LATE.counts, steps=step), branch=Branch(name, 1, (2,)))


def test_a_checkpoint_says_of_which_branch_it_is(tmp_path: Path) -> None:
    place = Checkpoints(tmp_path).write(checkpoint("what if", 40))
    assert read_checkpoint(place).branch == Branch("what if", 1, (2,))
    assert name_of_branch(place) == "what if"


def test_a_checkpoint_of_a_version_without_branches_is_of_the_first(tmp_path: Path) -> None:
    assert LATE is not None
    place = Checkpoints(tmp_path).write(LATE)
    numbers = json.loads((place / "numbers.json").read_text())
    del numbers["branch"]
    (place / "numbers.json").write_text(json.dumps(numbers))
    manifest = json.loads((place / "manifest.json").read_text())
    del manifest["branch"]
    data = (place / "numbers.json").read_bytes()
    manifest["files"]["numbers.json"] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (place / "manifest.json").write_text(json.dumps(manifest))
    assert read_checkpoint(place).branch == Branch()
    assert name_of_branch(place) == FIRST


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_of_many_checkpoints_the_newest_of_each_branch_stays(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    directory = tmp_path_factory.mktemp("checkpoints")
    kept, newest = Checkpoints(directory), dict[str, int]()
    names = data.draw(st.lists(st.sampled_from(["", *"abcdefgh"]), min_size=30, max_size=50))
    for number, name in enumerate(names, 1):
        kept.write(checkpoint(name, 10 * number))
        newest[name] = 10 * number
    places = list(kept.newest_first())
    found = {name: max(int(p.name.split("-")[1]) for p in places if name_of_branch(p) == name) for name in newest}
    assert found == newest
    assert len(places) == 24
    steps = sorted(int(p.name.split("-")[1]) for p in places)
    assert {10, *(10 * n for n in range(len(names) - 2, len(names) + 1))} <= set(steps)


def test_a_checkpoint_that_cannot_be_read_goes_first(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path)
    places = [kept.write(checkpoint("", 10 * number)) for number in range(1, 25)]
    (places[11] / "manifest.json").write_text("no manifest")
    kept.write(checkpoint("", 250))
    assert [place for place in places if not place.exists()] == [places[11]]


# The thread that writes


def test_of_each_branch_the_newest_is_written_and_last_the_one_that_came_last(tmp_path: Path) -> None:
    saver = Saver(Checkpoints(tmp_path))
    for name, step in (("", 10), ("a", 20), ("", 30), ("b", 5), ("a", 40)):
        saver.put(checkpoint(name, step))
    assert saver.stop(20.0)
    newest = {name_of_branch(place): place for place in reversed(list(Checkpoints(tmp_path).newest_first()))}
    assert {name: read_checkpoint(place).attempts for name, place in newest.items()} == {"": 30, "b": 5, "a": 40}
    assert name_of_branch(next(Checkpoints(tmp_path).newest_first())) == "a"


def test_what_could_not_be_written_is_told_and_tried_again_before_what_comes_next(tmp_path: Path) -> None:
    place = tmp_path / "checkpoints"
    place.write_text("a file stands in the way")
    saver = Saver(Checkpoints(place))
    saver.put(checkpoint("left", 10))
    until = time.monotonic() + 20.0
    while not saver.fault and time.monotonic() < until:
        time.sleep(0.01)
    assert "step 10 cannot be written" in saver.fault
    place.unlink()
    saver.put(checkpoint("trained", 20))
    assert saver.stop(20.0)
    assert saver.fault == ""
    assert [name_of_branch(p) for p in Checkpoints(place).newest_first()] == ["trained", "left"]
