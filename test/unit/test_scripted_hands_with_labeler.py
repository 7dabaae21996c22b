"""The simulated person and the labeler face to face, without ROS: hands in, marks out."""

from concurrent.futures import Executor, Future
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gesture_labeler.labeler import Labeler
from gesture_labeler.outcome import Outcome
from gesture_labeler.parameters import Parameters as LabelerParameters
from latentvr_common import palette
from latentvr_common.cloud import NONE, Cloud
from latentvr_common.gestures import Phase, Report
from latentvr_common.labels import Category, LabelEvent
from scripted_hands.actor import Answer
from scripted_hands.parameters import Parameters
from scripted_hands.person import Person

CATEGORIES = [Category(i, name, 0xFFFFFF) for i, name in enumerate(["ant", "bee", "cat"])]
NAMES = ["cat", "ant", "bee"]  # another order than the categories have
STEP_NS = 1_000_000_000 // 72


class AtOnce(Executor):
    """Thinks while the caller waits: reproducible."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


class World:
    """Three clumps of 200 items, a person, a labeler, and a journal that acknowledges everything."""

    def __init__(self, **person: Any) -> None:
        random = np.random.default_rng(1)
        middles = np.array([[0.6, 0.0, 0.1], [-0.5, 0.3, 0.0], [0.0, -0.5, -0.3]])
        self.truth = np.repeat([0, 1, 2], 200).astype(np.int16)
        self.positions = (middles[self.truth] + random.normal(0, 0.12, (600, 3))).astype(np.float32)
        self.labels = np.full(600, NONE, np.int16)
        self.person = Person(Parameters(first_look_s=0.5, **person), self.truth, NAMES, AtOnce())
        self.labeler = Labeler(LabelerParameters())
        self.events: list[LabelEvent] = []
        self.reports: list[Report] = []
        self.undone: list[LabelEvent] = []
        self.longest_step_m = 0.0
        self.person.see_categories(CATEGORIES)
        self.labeler.set_categories(CATEGORIES)
        self.show_cloud(1)

    def show_cloud(self, stamp_ns: int) -> None:
        nothing = np.full(600, NONE, np.int16)
        cloud = Cloud(
            stamp_ns, self.positions, np.zeros(600, np.uint32), self.labels.copy(), nothing, np.zeros(600, np.float32)
        )
        self.person.see_cloud(cloud)
        self.labeler.see(cloud)

    def live(self, at_most_s: float = 120.0) -> float:
        """Let time pass until the person has left; return how long it took, seconds."""
        last = None
        for i in range(1, int(at_most_s * 72)):
            posture = self.person.step(i / 72)
            hands = posture.hands(i * STEP_NS) if posture is not None else None
            if hands is None:
                return i / 72
            if last is not None:
                step = np.linalg.norm(hands.right.positions - last.right.positions, axis=1).max()
                self.longest_step_m = max(self.longest_step_m, float(step))
            last = hands
            outcome = self.labeler.update(hands)
            assert outcome is not None
            self.take(outcome, i * STEP_NS)
            self.person.see_page(self.labeler.tool.page)
            # The node looks for silence between hands, too.
            self.take(self.labeler.miss(0.01), i * STEP_NS)
        raise AssertionError(f"the person is still there: {self.person.trouble}")

    def take(self, outcome: Outcome, now_ns: int) -> None:
        reports = list(outcome.reports)
        for ask in outcome.asks:
            assert ask.action == palette.UNDO
            reports.append(ask.end)
            self.undone.append(self.events.pop())
            self.labels[:] = NONE
            for event in self.events:
                self.labels[event.sample_ids] = event.category
            self.show_cloud(now_ns)
        if outcome.commit is not None and outcome.end is not None:
            self.events.append(outcome.commit)
            self.labels[outcome.commit.sample_ids] = outcome.commit.category
            self.show_cloud(now_ns)
            reports.append(outcome.end)
        self.reports += reports
        for r in reports:
            self.person.see_gesture(Answer(r.name, r.phase.name.lower(), r.category, r.radius_m, r.detail))


@pytest.fixture(scope="module")
def four_marks() -> tuple[World, float]:
    """A world in which a person has made four marks, and how long that took, seconds."""
    world = World(gestures=4)
    return world, world.live()


def test_a_person_marks_every_category_by_its_name_with_hands_alone() -> None:
    world = World(gestures=6, purity=0.9, pace=2.0)
    world.live()
    assert len(world.events) == world.person.marks == 6
    truth_ids = np.array([2, 0, 1])[world.truth]
    for event in world.events:
        assert (truth_ids[event.sample_ids] == event.category).mean() > 0.8
        assert len(event.sample_ids) > 10
    assert {e.category for e in world.events[:3]} == {0, 1, 2}
    assert not any(r.phase is Phase.CANCEL for r in world.reports)


def test_a_mark_takes_a_person_a_few_seconds_and_pace_shortens_it(four_marks: tuple[World, float]) -> None:
    slow, fast = four_marks[1], World(gestures=4, pace=4.0).live()
    assert 2.0 < slow / 4 < 10.0
    assert fast < slow / 2


def test_hands_never_jump(four_marks: tuple[World, float]) -> None:
    # A hand reaches about 3 m/s at most; finger tips a little more.
    assert four_marks[0].longest_step_m < 4.0 / 72


@pytest.mark.parametrize("purity", [1.0, 0.7])
def test_marks_are_as_pure_as_asked_where_the_cloud_allows_mistakes(purity: float) -> None:
    world = World(gestures=6, purity=purity, reach_m=0.6, pace=3.0)
    world.live()
    truth_ids = np.array([2, 0, 1])[world.truth]
    right = np.concatenate([truth_ids[e.sample_ids] == e.category for e in world.events])
    assert abs(right.mean() - purity) < 0.1


def test_the_same_seed_makes_the_same_marks() -> None:
    first, second, other = (World(gestures=3, seed=s, pace=3.0) for s in (5, 5, 6))
    for world in (first, second, other):
        world.live()
    assert [e.sample_ids.tolist() for e in first.events] == [e.sample_ids.tolist() for e in second.events]
    assert [e.sample_ids.tolist() for e in first.events] != [e.sample_ids.tolist() for e in other.events]


def test_a_person_whose_categories_are_renamed_sees_nothing_to_mark_and_comes_back() -> None:
    world = World(gestures=2)
    world.person.see_categories([Category(i, f"new {i}", 0) for i in range(3)])
    for i in range(1, 4 * 72):
        assert world.person.step(i / 72) is not None
    assert world.person.trouble == "sees nothing to mark"
    assert world.person.marks == 0


def test_categories_may_change_between_choosing_and_painting() -> None:
    world = World(gestures=1)
    for i in range(1, 60 * 72):
        posture = world.person.step(i / 72)
        hands = posture.hands(i * STEP_NS) if posture is not None else None
        if hands is None:
            break
        outcome = world.labeler.update(hands)
        assert outcome is not None
        if any(r.name == "poke" for r in outcome.reports):
            world.person.see_categories([Category(9, "zebra", 0)])
        world.take(outcome, i * STEP_NS)
    assert world.events == []


def test_a_person_finds_categories_on_every_page_of_the_palette() -> None:
    world = World(gestures=3)
    others = [Category(i, f"other {i}", 0) for i in range(30)]
    by_place = {4: "ant", 15: "bee", 29: "cat"}
    categories = [replace(c, name=by_place.get(c.id, c.name)) for c in others]
    world.person.see_categories(categories)
    world.labeler.set_categories(categories)
    world.live(200.0)
    assert {e.category for e in world.events} == set(by_place)


# What goes wrong


@pytest.mark.parametrize("policy", ["teach", "random", "coverage", "uncertainty"])
def test_whatever_a_person_goes_by_they_mark_what_is_right(policy: str) -> None:
    world = World(gestures=5, policy=policy, pace=3.0)
    world.live()
    truth_ids = np.array([2, 0, 1])[world.truth]
    assert len(world.events) == 5
    for event in world.events:
        assert (truth_ids[event.sample_ids] == event.category).mean() > 0.8


def test_who_only_corrects_marks_each_category_once_and_leaves_where_nothing_is_predicted_wrongly() -> None:
    world = World(gestures=9, policy="corrections")
    world.live()
    assert sorted(e.category for e in world.events) == [0, 1, 2]
    assert world.person.trouble == "sees nothing to mark"


def marks_of(world: World) -> list[tuple[int, list[int]]]:
    world.live(300.0)
    return [(e.category, e.sample_ids.tolist()) for e in world.events]


@pytest.mark.parametrize("wrong", [{"dropouts_per_min": 12.0}, {"hesitation": 0.4}, {"policy": "random"}])
def test_what_goes_wrong_goes_wrong_again_with_the_same_seed(wrong: dict[str, Any]) -> None:
    first, again, other = (marks_of(World(gestures=3, pace=2.0, seed=seed, **wrong)) for seed in (5, 5, 6))
    assert first == again
    assert first != other


def test_a_person_whose_hands_are_lost_now_and_then_makes_all_marks_all_the_same() -> None:
    world = World(gestures=6, dropouts_per_min=30.0)
    world.live(300.0)
    assert len(world.events) == 6
    reasons = [r.detail for r in world.reports if r.phase is Phase.CANCEL]
    assert reasons, "some strokes are lost with the hand"
    truth_ids = np.array([2, 0, 1])[world.truth]
    for event in world.events:
        assert (truth_ids[event.sample_ids] == event.category).mean() > 0.7


def test_hesitation_takes_time_and_changes_nothing_else(four_marks: tuple[World, float]) -> None:
    (sure, sure_s), hesitant = four_marks, World(gestures=4, hesitation=0.5)
    hesitant_s = hesitant.live()
    assert hesitant_s > sure_s + 2.0
    assert [e.category for e in hesitant.events] == [e.category for e in sure.events]


def test_mistakes_are_undone_at_once_and_only_they() -> None:
    truth_ids = np.array([2, 0, 1])
    undone = 0
    for seed in range(2):
        world = World(gestures=8, mistakes=0.4, seed=seed, pace=2.0)
        world.live(300.0)
        assert len(world.events) + len(world.undone) == world.person.marks == 8
        for event in world.undone:
            assert (truth_ids[world.truth][event.sample_ids] == event.category).mean() < 0.2
        for event in world.events:
            assert (truth_ids[world.truth][event.sample_ids] == event.category).mean() > 0.8
        undone += len(world.undone)
    assert 2 <= undone <= 12, "of 16 marks"
    assert marks_of(World(gestures=8, mistakes=0.4, seed=1, pace=2.0)) == [
        (e.category, e.sample_ids.tolist()) for e in world.events
    ]


def test_where_the_palette_has_no_undo_nobody_makes_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = palette.buttons
    monkeypatch.setattr(palette, "buttons", lambda *given: [b for b in usual(*given) if b.action != "undo"])
    careful, careless = World(gestures=3), World(gestures=3, mistakes=0.9)
    assert marks_of(careful) == marks_of(careless)
    assert careless.undone == []
