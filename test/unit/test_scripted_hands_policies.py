"""What a person goes by: which items are worth a mark, and which plan comes of it."""

from dataclasses import fields

import numpy as np
import numpy.typing as npt
import pytest

from latentvr_common.cloud import NONE, Cloud
from latentvr_common.parameters import meaning_of
from latentvr_session.arguments import Arguments, describe
from scripted_hands.parameters import Parameters
from scripted_hands.planning import Plan, Scene, Wishes, choose
from scripted_hands.policies import POLICIES

EACH = 100
SPREAD = 0.04
MIDDLES = np.array([[0.6, 0, 0], [-0.6, 0, 0], [0, 0.6, 0], [0, -0.6, 0]])
"""Two heaps of each of two categories."""
TRUTH = np.repeat([0, 1, 0, 1], EACH).astype(np.int16)
HEAP = np.repeat(np.arange(4), EACH)
POSITIONS = MIDDLES[HEAP] + np.random.default_rng(0).normal(0, SPREAD, (4 * EACH, 3))
Array = npt.NDArray[np.generic]


def scene(
    label: npt.ArrayLike = NONE, predicted: npt.ArrayLike = NONE, confidence: npt.ArrayLike = 0.0, **more: Array
) -> Scene:
    positions, truth = more.get("positions", POSITIONS), more.get("truth", TRUTH)
    count = len(truth)
    cloud = Cloud(
        1,
        positions.astype(np.float32),
        np.zeros(count, np.uint32),
        np.broadcast_to(np.asarray(label, np.int16), count),
        np.broadcast_to(np.asarray(predicted, np.int16), count),
        np.broadcast_to(np.asarray(confidence, np.float32), count),
    )
    return Scene(cloud, truth.astype(np.int16), radii=(0.13,), purity=0.9, reach=0.3)


def wishes(policy: str, seen: Scene, seed: int = 0) -> list[Wishes]:
    return POLICIES[policy](seen, [0, 1], np.random.default_rng(seed))


def chosen(policy: str, seen: Scene, seed: int = 0) -> Plan:
    plan = choose(seen, wishes(policy, seen, seed), np.random.default_rng(seed))
    assert plan is not None
    return plan


def heap_of(plan: Plan) -> int:
    return int(np.linalg.norm(MIDDLES - plan.way[0], axis=1).argmin())


ONE_OF_EACH = np.where(np.isin(np.arange(4 * EACH), [0, EACH]), TRUTH, NONE)


@pytest.mark.parametrize("policy", POLICIES)
def test_nobody_wishes_for_what_has_the_label_and_mistakes_cost(policy: str) -> None:
    label = np.where(np.arange(4 * EACH) % 3 == 0, TRUTH, NONE)
    seen = scene(label, predicted=1 - TRUTH, confidence=0.5)
    for wish in wishes(policy, seen):
        for category, worth in wish.items():
            assert (worth[label == category] == 0).all()
            assert (worth[(category != TRUTH) & (label != category)] < 0).all()
            assert (worth[category == TRUTH] >= 0).all()
            assert worth.max() > 0


@pytest.mark.parametrize("policy", POLICIES)
def test_a_plan_is_made_of_it_that_marks_what_is_right(policy: str) -> None:
    seen = scene(ONE_OF_EACH, predicted=1 - TRUTH, confidence=0.5)
    plan = chosen(policy, seen)
    assert TRUTH[heap_of(plan) == HEAP][0] == plan.category
    assert plan.purity >= 0.9
    again = chosen(policy, seen)
    np.testing.assert_array_equal(again.way, plan.way)


@pytest.mark.parametrize("policy", POLICIES)
def test_where_everything_has_its_label_nobody_wishes_for_anything(policy: str) -> None:
    seen = scene(TRUTH, predicted=TRUTH, confidence=1.0)
    assert choose(seen, wishes(policy, seen), np.random.default_rng(0)) is None


@pytest.mark.parametrize("policy", ["teach", "uncertainty", "corrections"])
def test_each_category_is_marked_once_first(policy: str) -> None:
    label = np.where(np.arange(4 * EACH) == EACH, 1, NONE)
    seen = scene(label, predicted=np.where(TRUTH == 0, 0, 0), confidence=np.where(TRUTH == 0, 0.99, 0.4))
    assert list(wishes(policy, seen)[0]) == [0]
    assert chosen(policy, seen).category == 0


def test_coverage_goes_where_most_items_without_a_label_are_whatever_is_predicted() -> None:
    for fullest in range(4):
        part = np.arange(4 * EACH) % EACH < 60
        label = np.where(part & (fullest != HEAP), TRUTH, NONE)
        plan = chosen("coverage", scene(label, predicted=TRUTH, confidence=np.where(fullest == HEAP, 1.0, 0.3)))
        assert heap_of(plan) == fullest


def test_uncertainty_goes_where_the_network_is_least_sure_even_if_it_is_right() -> None:
    for doubtful in range(4):
        confidence = np.where(doubtful == HEAP, 0.4, 0.8)
        plan = chosen("uncertainty", scene(ONE_OF_EACH, predicted=TRUTH, confidence=confidence))
        assert heap_of(plan) == doubtful
    tenth = wishes("uncertainty", scene(ONE_OF_EACH, TRUTH, np.linspace(0.2, 0.9, 4 * EACH)))[-1]
    worthy = np.flatnonzero(tenth[0] + tenth[1] * (TRUTH == 1) * 2 > 0)
    assert worthy.max() < 0.11 * 4 * EACH


def test_corrections_go_only_to_what_is_predicted_as_another_and_end_where_nothing_is() -> None:
    for wrong in range(4):
        predicted = np.where(wrong == HEAP, 1 - TRUTH, TRUTH)
        seen = scene(ONE_OF_EACH, predicted, confidence=0.9)
        assert heap_of(chosen("corrections", seen)) == wrong
        worth = wishes("corrections", seen)[-1]
        assert (np.flatnonzero((worth[0] > 0) | (worth[1] > 0)) // EACH == wrong).all()
    done = scene(ONE_OF_EACH, TRUTH, 0.9)
    assert choose(done, wishes("corrections", done), np.random.default_rng(0)) is None
    unknown = scene(ONE_OF_EACH, NONE)
    assert choose(unknown, wishes("corrections", unknown), np.random.default_rng(0)) is None


def test_chance_goes_everywhere_as_often_as_there_are_items() -> None:
    sizes = np.array([200, 100, 70, 30])
    heap = np.repeat(np.arange(4), sizes)
    positions = MIDDLES[heap] + np.random.default_rng(1).normal(0, SPREAD, (len(heap), 3))
    seen = scene(positions=positions, truth=np.array([0, 1, 0, 1])[heap])
    went = np.bincount([heap_of(chosen("random", seen, seed)) for seed in range(120)], minlength=4)
    np.testing.assert_allclose(went / 120, sizes / 400, atol=0.12)


def test_the_session_and_the_person_know_the_same_policies() -> None:
    listed = [
        meaning_of(next(f for f in fields(kind) if f.name == "policy")).limits() for kind in (Parameters, Arguments)
    ]
    assert listed[0] == listed[1]
    assert all(policy in describe("policy") for policy in POLICIES)
