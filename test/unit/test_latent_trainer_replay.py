"""Training done again: bit for bit from its trace, from a checkpoint, and without an entry that was never made."""

import hashlib
import itertools
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_training import (
    EVENTS,
    INPUTS,
    ITEMS,
    NEIGHBOURS,
    PLAN,
    SETTINGS,
    Session,
    again,
    labels_without,
    new_recipe,
    ready,
    run,
)

from latent_trainer.batches import Batch
from latent_trainer.checkpoints import Checkpoint, Checkpoints, read_checkpoint
from latent_trainer.course import Course, labels_digest
from latent_trainer.ghost import Ghost
from latent_trainer.recall import Recall
from latent_trainer.recipe import Recipe, recipe_from_text
from latent_trainer.rerun import Rerun, catch_up, without
from latent_trainer.story import make_story
from latent_trainer.training import Encoded, NotFiniteError, Terms, Training
from latentvr_common.cloud import NONE
from latentvr_common.errors import InputError
from latentvr_common.labels import Kind, LabelEvent
from latentvr_common.trace import Said, TraceEntry, What


@pytest.fixture(autouse=True)
def one_thread() -> Iterable[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_a_replay_equals_what_was_recorded_at_every_step() -> None:
    session = Session()
    run(session.begin(), 120).end()
    tally = again(session.story)
    assert tally.first is None
    assert (tally.steps, tally.runs) == (120, 1)
    checks = [entry for entry in session.entries if entry.weights_digest]
    assert tally.checks == len(checks) > 120 * 16 // ITEMS
    assert len({entry.weights_digest for entry in checks[:-1]}) == len(checks) - 1, "every epoch is another network"


def test_looking_at_training_changes_nothing() -> None:
    looked_at, alone = Session(), Session()
    for session, looks in ((looked_at, 1), (alone, 10**9)):
        course = session.begin()
        for step in range(60):
            course.step()
            if step % looks == 0:
                course.training.encode()
                course.training.drawing_from(torch.Generator().manual_seed(step)).draw()
                course.checkpoint()
                torch.rand(3)
    assert [e.weights_digest for e in looked_at.entries] == [e.weights_digest for e in alone.entries]


@pytest.mark.parametrize("moved", [1, 2, 3, 5])
def test_a_moved_label_shows_at_the_very_next_step(moved: int) -> None:
    session = Session()
    run(session.begin(), 100).end()
    event = EVENTS[moved]
    ids = np.concatenate([event.sample_ids[1:], [ITEMS - 1]]).astype(np.uint32)
    story = replace(session.story, events={**EVENTS, moved: replace(event, sample_ids=ids)})
    tally = again(story)
    applied = next(at for at, seq in PLAN.items() if seq == moved)
    assert tally.first is not None
    assert tally.first.step == int(applied) + 1
    assert tally.steps == int(applied), "it ends there"
    assert f"entries up to {moved}" in tally.first.describe()


@pytest.mark.parametrize("field_name", ["losses", "norms"])
@pytest.mark.parametrize("step", [1, 17, 36, 60])
def test_a_step_whose_numbers_are_others_in_their_last_bit_is_named(field_name: str, step: int) -> None:
    session = Session()
    run(session.begin(), 60).end()
    entries = list(session.entries)
    at = next(i for i, e in enumerate(entries) if e.attempts >= step)
    numbers = getattr(entries[at], field_name).copy()
    place = step - 1 - (entries[at].attempts - len(numbers))
    numbers[place] = np.nextafter(numbers[place], np.float32(np.inf))
    entries[at] = replace(entries[at], **{field_name: numbers})
    tally = again(make_story(EVENTS.values(), entries, "bag"))
    assert tally.first is not None
    assert tally.first.step == step
    assert "loss" in tally.first.text


@pytest.mark.parametrize("field_name", ["weights_digest", "latents_digest"])
def test_each_digest_is_compared(field_name: str) -> None:
    session = Session()
    run(session.begin(), 40).end()
    entries = list(session.entries)
    at = max(i for i, e in enumerate(entries) if e.what is What.CHECK)
    entries[at] = replace(entries[at], **{field_name: "0" * 64})
    tally = again(make_story(EVENTS.values(), entries, "bag"))
    assert tally.first is not None
    assert (tally.first.step, field_name.split("_")[0] in tally.first.text) == (entries[at].attempts, True)


def test_a_replay_with_another_learning_rate_differs_after_the_first_step_and_tells_by_how_much() -> None:
    session = Session()
    run(session.begin(), 40).end()

    def other(recipe: Recipe) -> Training:
        training = Training(INPUTS, replace(SETTINGS, learning_rate=SETTINGS.learning_rate * 1.001), "cpu")
        training.set_neighbours(NEIGHBOURS)
        return training

    rerun = Rerun(session.story, other, go_on=True)
    tally = rerun.run()
    assert tally.first is not None
    assert tally.first.step in (1, 2), "the first loss comes before the first change"
    assert 0 < tally.deviation < 0.01
    assert tally.steps == 40


# Checkpoints


def test_a_session_that_is_resumed_goes_on_as_if_it_had_never_stopped(tmp_path: Path) -> None:
    whole, parts = Session(), Session(Checkpoints(tmp_path))
    run(whole.begin(), 110)
    for until in (27, 34, 61, 110):
        course = run(parts.begin(), until)
        course.end()
        checkpoint = course.checkpoint()
        assert checkpoint is not None
        Checkpoints(tmp_path).write(checkpoint)
    assert not parts.said
    last = {e.attempts: e.weights_digest for e in parts.entries if e.weights_digest}
    for entry in whole.entries:
        assert entry.attempts not in last or not entry.weights_digest or last[entry.attempts] == entry.weights_digest
    assert course.training.weights_digest() == run(Session().begin(), 110).training.weights_digest()
    tally = again(parts.story)
    assert tally.first is None
    assert (tally.runs, tally.steps) == (4, 110)


def test_a_trainer_that_was_killed_after_its_checkpoint_leaves_a_dead_end_that_is_replayed_too(tmp_path: Path) -> None:
    session = Session(Checkpoints(tmp_path))
    course = run(session.begin(), 40)
    checkpoint = course.checkpoint()
    assert checkpoint is not None
    Checkpoints(tmp_path).write(checkpoint)
    run(course, 70)  # and was killed: no end, no checkpoint
    run(session.begin(), 65, {45: 4}).end()
    tally = again(session.story)
    assert tally.first is None
    told = sum(len(entry.losses) for entry in session.entries)
    assert (tally.runs, tally.steps) == (2, told)
    story = session.story
    assert [c.attempts for c in story.changes(story.newest)] == [20, 33, 34, 45]


def test_a_replay_notices_that_a_checkpoint_was_not_what_training_was(tmp_path: Path) -> None:
    session = Session(Checkpoints(tmp_path))
    checkpoint = run(session.begin(), 40).checkpoint()
    assert checkpoint is not None
    tensors = {name: tensor.clone() for name, tensor in checkpoint.tensors.items()}
    tensors["now.model.to_latent.bias"] += 1e-6
    Checkpoints(tmp_path).write(replace(checkpoint, tensors=tensors))
    run(session.begin(), 50).end()
    tally = again(session.story)
    assert tally.first is not None
    assert tally.first.run == session.story.newest
    assert tally.first.step == 40


def test_training_that_went_back_to_an_earlier_network_is_replayed() -> None:
    session = Session()
    course = run(session.begin(), 30)
    course.go_back("items have no finite place")
    run(course, 50).end()
    tally = again(session.story)
    assert (tally.first, tally.steps) == (None, 50)
    story = session.story
    left_out = [
        replace(e, what=What.CHECK, weights_digest="") if e.what is What.RETURN else e for e in story.runs[story.newest]
    ]
    other = again(replace(story, runs={story.newest: left_out}))
    assert other.first is not None
    assert other.first.step == 31


def run_out_of_memory(monkeypatch: pytest.MonkeyPatch, turns: set[int]) -> None:
    """Have so many-th steps from now on find no memory, after they have drawn what to look at."""
    terms, count = Training.terms, itertools.count(1)

    def greedy(training: Training, batch: Batch) -> Terms:
        found = terms(training, batch)
        if next(count) in turns:
            raise RuntimeError("not enough memory: you tried to allocate 1 TB")
        return found

    monkeypatch.setattr(Training, "terms", greedy)


def test_a_step_without_memory_is_tried_again_from_an_earlier_network_and_replayed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = Session()
    course = run(session.begin(), 30)
    with monkeypatch.context() as during:
        run_out_of_memory(during, {2, 6})
        run(course, 50)
    assert course.training.return_count == 2
    assert "a step could not be computed: not enough memory" in course.training.setback
    course.end()
    assert [e.what for e in session.entries].count(What.RETURN) == 2
    tally = again(session.story)
    assert (tally.first, tally.steps) == (None, course.training.attempts)


def test_training_that_never_has_memory_stops_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session()
    course = run(session.begin(), 30)
    run_out_of_memory(monkeypatch, set(range(1, 100)))
    with pytest.raises(NotFiniteError, match=r"^a step could not be computed: not enough memory.* going back 3 times"):
        run(course, 50)
    assert course.checkpoint() is None


def test_training_that_could_not_go_on_is_replayed_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("latent_trainer.training._EXPLODED", 0.0)  # no step but the first is sound
    session = Session()
    course = session.begin()
    with pytest.raises(NotFiniteError):
        run(course, 1000)
    course.end()
    assert course.checkpoint() is None
    assert [e.what for e in session.entries].count(What.END) == 1
    tally = again(session.story)
    assert (tally.first, tally.steps) == (None, course.training.attempts)


def checkpoint_of(attempts: int) -> Checkpoint:
    checkpoint = run(Session().begin(), attempts).checkpoint()
    assert checkpoint is not None
    return checkpoint


def same(one: Checkpoint, other: Checkpoint) -> bool:
    equal = all(torch.equal(one.tensors[name], other.tensors[name]) for name in one.tensors)
    return equal and replace(one, tensors={}) == replace(other, tensors={}) and set(one.tensors) == set(other.tensors)


def test_a_checkpoint_reads_back_as_it_was_written(tmp_path: Path) -> None:
    checkpoint = checkpoint_of(40)
    place = Checkpoints(tmp_path).write(checkpoint)
    assert same(read_checkpoint(place), checkpoint)
    assert [p.name for p in tmp_path.iterdir()] == [place.name]
    assert json.loads((place / "manifest.json").read_text())["label_seq"] == 3


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_checkpoint_is_named_and_the_one_before_it_is_used(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    directory = tmp_path_factory.mktemp("checkpoints")
    Checkpoints(directory).write(EARLY)
    newest = Checkpoints(directory).write(LATE)
    name = data.draw(st.sampled_from(["tensors.safetensors", "numbers.json", "manifest.json"]))
    damaged = bytearray((newest / name).read_bytes())
    if data.draw(st.booleans()):
        damaged = damaged[: data.draw(st.integers(0, len(damaged) - 1))]
    else:
        damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    (newest / name).write_bytes(damaged)
    session = Session(Checkpoints(directory))
    training = session.begin().training
    if training.attempts == 40:  # white space, or a number of the manifest that says the same
        assert name == "manifest.json"
        assert same(read_checkpoint(newest), LATE)
        return
    assert training.attempts == 20
    assert len(session.said) == 1
    assert newest.name in session.said[0]


EARLY, LATE = checkpoint_of(20), checkpoint_of(40)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda recipe: replace(recipe, digest="another"), "another dataset"),
        (lambda recipe: replace(recipe, parameters={**recipe.parameters, "width": 32}), "another width"),
    ],
)
def test_a_checkpoint_of_other_training_is_not_used(
    tmp_path: Path, change: Callable[[Recipe], Recipe], reason: str
) -> None:
    place = Checkpoints(tmp_path).write(replace(LATE, recipe=change(LATE.recipe)))
    session = Session(Checkpoints(tmp_path))
    assert session.begin().training.attempts == 0
    assert session.said == [f"a checkpoint is not used: {place}: {session.said[0].partition(f'{place}: ')[2]}"]
    assert reason in session.said[0]


def test_training_starts_from_nothing_where_a_checkpoint_holds_another_network(tmp_path: Path) -> None:
    tensors = {**LATE.tensors, "now.model.to_latent.bias": torch.zeros(7)}
    Checkpoints(tmp_path).write(replace(LATE, tensors=tensors))
    session = Session(Checkpoints(tmp_path))
    training = session.begin().training
    assert training.weights_digest() == ready().weights_digest()
    assert "to_latent.bias" in session.said[0]


def test_many_checkpoints_are_thinned_and_the_newest_and_the_oldest_stay(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path)
    for number in range(1, 101):
        counts = replace(LATE.counts, steps=10 * number)
        kept.write(replace(LATE, counts=counts))
    found = sorted(int(p.name.split("-")[1]) for p in kept.newest_first())
    assert len(found) == 24
    assert {10, 980, 990, 1000} <= set(found)
    gaps = [later - earlier for earlier, later in itertools.pairwise(found)]
    ages = [1000 - later for later in found[1:]]
    assert max(gap / (age + 100) for gap, age in zip(gaps, ages, strict=True)) < 1.0, "the older, the farther apart"


def test_a_checkpoint_that_was_being_written_is_no_checkpoint(tmp_path: Path) -> None:
    place = Checkpoints(tmp_path).write(LATE)
    place.rename(tmp_path / f".partial-{place.name}")
    assert list(Checkpoints(tmp_path).newest_first()) == []
    assert Session(Checkpoints(tmp_path)).begin().training.attempts == 0


# What if an entry had never been made?


@pytest.mark.parametrize("gone", sorted(EVENTS))
def test_without_an_entry_training_is_what_it_is_where_it_was_never_made(gone: int) -> None:
    session = Session()
    course = session.begin()
    checkpoints = []
    for until in (15, 30, 33, 50, 70, 110):
        checkpoints.append(run(course, until).checkpoint())
    before = [c for c in checkpoints if c is not None and c.said.seq < gone][-1]
    branch = Course(ready(), before.recipe, "branch", session.entries.append, before.changes)
    branch.training.restore(before.tensors, before.counts)
    branch.begin(What.BRANCH, before.place)
    rest = without(course.changes[len(before.changes) :], [gone])
    catch_up(branch, rest, Recall(ITEMS, EVENTS).labels, 110)
    fresh = run(Session().begin(), 110, {at: seq for at, seq in PLAN.items() if seq != gone}, labels_without(gone))
    assert branch.training.weights_digest() == fresh.training.weights_digest()
    assert branch.training.weights_digest() != course.training.weights_digest()
    tally = again(session.story)
    assert (tally.first, tally.runs) == (None, 2), "the branch is part of the trace"


@given(st.lists(st.integers(1, 6), unique=True), st.integers(1, 6))
def test_labels_of_an_earlier_moment_are_what_a_new_book_says(gone: list[int], seq: int) -> None:
    recall = Recall(ITEMS, EVENTS)
    for said in (Said(6), Said(seq, tuple(sorted(gone))), Said(seq), Said(seq, retired=(1,)), Said(seq, wins="a")):
        assert np.array_equal(recall.labels(said), Recall(ITEMS, EVENTS).labels(said))
    assert not np.isin(recall.labels(Said(seq, retired=(0, 1, 2))), [0, 1, 2]).any()


def test_an_undone_mark_and_one_never_made_leave_the_same_labels() -> None:
    undone = Recall(ITEMS, {**EVENTS, 4: LabelEvent("undo", Kind.RETRACT, target_seq=1, seq=4)}).labels(Said(4))
    assert np.array_equal(undone, Recall(ITEMS, EVENTS).labels(Said(3, without=(1,))))
    assert not np.array_equal(undone, np.full(ITEMS, NONE))


# What a bag must hold


def recorded() -> Session:
    session = Session()
    run(session.begin(), 50).end()
    return session


def test_entries_that_were_recorded_twice_count_once() -> None:
    session = recorded()
    story = make_story([*EVENTS.values(), *EVENTS.values()], [*session.entries, *session.entries[:4]], "bag")
    assert again(story).first is None


@pytest.mark.parametrize(
    ("keep", "events", "reason"),
    [
        (lambda e: False, EVENTS, "bag has no trace of training"),
        (lambda e: e.place.number != 2, EVENTS, "bag lacks entry 2 of the trace"),
        (lambda e: True, {s: e for s, e in EVENTS.items() if s != 2}, "bag lacks entry 2 of the journal"),
    ],
)
def test_a_bag_that_lacks_something_is_refused(
    keep: Callable[[TraceEntry], bool], events: dict[int, LabelEvent], reason: str
) -> None:
    entries = [entry for entry in recorded().entries if keep(entry)]
    with pytest.raises(InputError, match=reason):
        make_story(events.values(), entries, "bag")


def resumed(directory: Path) -> tuple[Session, int]:
    """A session that was killed some steps after its checkpoint, then resumed; and how many entries it had told."""
    session = Session(Checkpoints(directory))
    course = run(session.begin(), 25)
    course.go_back("lost")
    checkpoint = run(course, 50).checkpoint()
    assert checkpoint is not None
    Checkpoints(directory).write(checkpoint)
    told = len(session.entries)
    run(session.begin(), 90).end()
    return session, told


@pytest.mark.parametrize("recorded", [0, 1, 5])
def test_a_resumed_run_is_replayed_also_where_what_it_goes_on_from_was_not_recorded(
    tmp_path: Path, recorded: int
) -> None:
    session, told = resumed(tmp_path)
    story = make_story(EVENTS.values(), [*session.entries[:recorded], *session.entries[told:]], "bag")
    tally = again(story)
    assert (tally.first, tally.runs) == (None, 1 + bool(recorded))
    assert story.changes(story.newest) == session.story.changes(story.newest)
    assert [c.attempts for c in story.changes(story.newest)] == [20, 25, 33, 34, 60, 60, 75]
    moved = replace(EVENTS[1], sample_ids=np.arange(1, 12, dtype=np.uint32))
    assert again(replace(story, events={**EVENTS, 1: moved})).first is not None


def test_a_trace_that_contradicts_itself_is_refused(tmp_path: Path) -> None:
    session, told = resumed(tmp_path)
    first, *rest = session.entries[told:]
    assert first.parent is not None
    root, *others = session.entries[:told]
    circle = [replace(root, what=What.RESUME, parent=replace(first.parent, run=first.place.run)), *others, first, *rest]
    with pytest.raises(InputError, match="goes on from"):
        make_story(EVENTS.values(), circle, "bag")
    with pytest.raises(InputError, match="a step that its parent had not made"):
        make_story(EVENTS.values(), [*session.entries[:told], replace(first, attempts=10)], "bag")
    short = [replace(e, losses=e.losses[1:], norms=e.norms[1:]) if len(e.losses) else e for e in session.entries]
    with pytest.raises(InputError, match="expected"):
        make_story(EVENTS.values(), short, "bag")
    for text in (
        "",
        "{}",
        "[1]",
        first.text.replace("changes", "charges"),
        first.text.replace('"attempts": 20', '"attempts": -20', 1),
    ):
        with pytest.raises(InputError, match="not the beginning of a run"):
            make_story(EVENTS.values(), [*session.entries[:told], replace(first, text=text), *rest], "bag")


def test_a_recipe_reads_back_and_others_are_refused() -> None:
    recipe = new_recipe()
    assert recipe_from_text(recipe.as_text(), "bag") == recipe
    assert recipe.settings(threads=0, device="auto") == SETTINGS
    for text in ("", "{}", "[]", recipe.as_text().replace('"width"', '"breadth"'), "[" * 100_000):
        with pytest.raises(InputError, match="bag: not a recipe"):
            recipe_from_text(text, "bag")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda r: replace(r, threads=10**9), "threads"),
        (lambda r: replace(r, parameters={**r.parameters, "width": 10**9}), "width"),
        (lambda r: replace(r, parameters={**r.parameters, "learning_rate": -1.0}), "learning_rate"),
        (lambda r: replace(r, device="abacus"), "device"),
    ],
)
def test_a_recipe_that_no_trainer_could_have_been_given_is_refused(
    change: Callable[[Recipe], Recipe], reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        change(new_recipe()).settings()
    text = replace(new_recipe(), parameters={**new_recipe().parameters, "width": "wide"}).as_text()  # type: ignore[dict-item]
    with pytest.raises(InputError, match="numbers"):
        recipe_from_text(text, "bag")


def digest_after(threads: int, steps: int) -> str:
    torch.set_num_threads(threads)
    training = ready()
    for _ in range(steps):
        training.step()
    return training.weights_digest()


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_with_the_same_number_of_threads_training_is_the_same(threads: int) -> None:
    assert digest_after(threads, 30) == digest_after(threads, 30)


def test_the_digest_of_labels_is_that_of_their_bytes() -> None:
    assert labels_digest(np.array([0, -1, 258], np.int16)) == hashlib.sha256(b"\x00\x00\xff\xff\x02\x01").hexdigest()


def test_a_ghost_is_compared_item_by_item() -> None:
    left = Encoded(np.zeros((4, 3), np.float32), np.array([0, 1, 1, 2], np.int16), np.ones(4, np.float32))
    now = replace(left, predicted=np.array([0, 1, 2, 0], np.int16))
    assert Ghost(left).agreement(now) == 0.5
    assert Ghost(left).accuracy(np.array([0, 0, 1, 2], np.int16)) == 0.75
    assert len(Ghost(left).cloud(7)) == 4
    assert len(Ghost().cloud(7)) == 0
    unknown = (Ghost().agreement(now), Ghost().accuracy(np.zeros(4, np.int16)), Ghost(left).accuracy(None))
    assert np.isnan(unknown).all()
