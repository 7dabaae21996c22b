"""What the simulated person decides: which category, which brush, which way, and how it sets the brush by hand."""

from concurrent.futures import Executor, Future
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.spatial import cKDTree

from gesture_labeler.labeler import Labeler
from gesture_labeler.parameters import Parameters as LabelerParameters
from latentvr_common import brush
from latentvr_common.cloud import NONE, Cloud
from latentvr_common.labels import Category
from scripted_hands import poking
from scripted_hands.actor import Answer
from scripted_hands.parameters import Parameters
from scripted_hands.person import BRUSHES_M, Person
from scripted_hands.planning import Plan, Scene, Wishes, _drafts, choose
from scripted_hands.policies import teach

Array = npt.NDArray[Any]
RADII = (0.13, 0.076, 0.045)
STEP_NS = 1_000_000_000 // 72


def clumps(*middles_and_sizes: tuple[tuple[float, float, float], int], spread: float = 0.05) -> tuple[Array, Array]:
    """Positions (N, 3) and truth (N,): clump i is category i."""
    random = np.random.default_rng(0)
    positions = [np.array(middle) + random.normal(0, spread, (size, 3)) for middle, size in middles_and_sizes]
    truth = np.repeat(np.arange(len(positions)), [size for _, size in middles_and_sizes])
    return np.concatenate(positions), truth


def scene(positions: Array, truth: Array, **more: Any) -> Scene:
    """A scene of which nothing is labelled or predicted unless `label` or `predicted` (N,) say so."""
    count = len(positions)
    label, predicted = (np.asarray(more.pop(name, np.full(count, NONE)), np.int16) for name in ("label", "predicted"))
    cloud = Cloud(
        1, positions.astype(np.float32), np.zeros(count, np.uint32), label, predicted, np.zeros(count, np.float32)
    )
    seeing: dict[str, Any] = {"radii": RADII, "purity": 0.9, "reach": 1.0}
    return Scene(cloud, truth.astype(np.int16), **(seeing | more))


def wishes(seen: Scene, categories: list[int]) -> list[Wishes]:
    return teach(seen, categories, np.random.default_rng(0))


def plans(seen: Scene, category: int) -> list[Plan]:
    worth = wishes(seen, [category])[-1][category]
    drafts = _drafts(seen, cKDTree(seen.cloud.positions), category, worth, np.random.default_rng(0))
    return [draft.slipped() for draft in drafts]


def chosen(seen: Scene, categories: list[int]) -> Plan:
    plan = choose(seen, wishes(seen, categories), np.random.default_rng(0))
    assert plan is not None
    return plan


THREE = clumps(((0.6, 0, 0), 300), ((-0.6, 0, 0), 60), ((0, 0.7, 0), 60))


# Which category


@pytest.mark.parametrize("unmarked", [0, 1, 2])
def test_a_category_without_a_label_comes_first_however_little_it_has(unmarked: int) -> None:
    positions, truth = THREE
    label = np.full(len(truth), NONE)
    for category in {0, 1, 2} - {unmarked}:
        label[np.flatnonzero(truth == category)[:1]] = category
    assert chosen(scene(positions, truth, label=label), [0, 1, 2]).category == unmarked


def test_of_categories_without_a_label_the_one_with_the_most_to_gain_comes_first() -> None:
    assert chosen(scene(*THREE), [2, 1, 0]).category == 0


def test_only_categories_that_are_asked_for_are_marked() -> None:
    assert chosen(scene(*THREE), [1]).category == 1


def test_every_category_is_marked_once_before_any_is_marked_twice() -> None:
    positions, truth = THREE
    label = np.full(len(truth), NONE)
    order = []
    for _ in range(3):
        plan = chosen(scene(positions, truth, label=label), [0, 1, 2])
        order.append(plan.category)
        label[swept_by(plan, positions)] = plan.category
    assert sorted(order) == [0, 1, 2]


def test_when_all_have_labels_what_the_network_has_wrong_comes_first() -> None:
    positions, truth = THREE
    label = np.full(len(truth), NONE)
    for category in range(3):
        label[np.flatnonzero(truth == category)[0]] = category
    predicted = truth.copy()
    predicted[truth == 2] = 0
    assert chosen(scene(positions, truth, label=label, predicted=predicted), [0, 1, 2]).category == 2


def test_an_unmarked_category_that_cannot_be_marked_purely_waits() -> None:
    random = np.random.default_rng(0)
    positions, _ = THREE
    truth = np.where(positions[:, 0] > 0.3, 0, random.integers(1, 3, len(positions)))
    label = np.full(len(truth), NONE)
    label[np.flatnonzero(truth == 0)[0]] = 0
    assert chosen(scene(positions, truth, label=label, radii=(0.13,)), [0, 1, 2]).category == 0


def test_where_nothing_can_be_marked_purely_the_purest_is_marked() -> None:
    middles = np.repeat(np.arange(20) * 0.5, 10)  # in each place seven items of category 0 and three of category 1
    positions = np.stack([middles, np.zeros(200), np.zeros(200)], axis=1)
    seen = scene(positions, np.tile([0] * 7 + [1] * 3, 20), purity=0.95)
    for order in ([0, 1], [1, 0]):
        plan = chosen(seen, order)
        assert plan.category == 0
        assert plan.purity == pytest.approx(0.7)


def test_where_everything_has_its_label_nothing_is_marked() -> None:
    positions, truth = THREE
    for seen, categories in ((scene(positions, truth, label=truth), [0, 1, 2]), (scene(positions, truth), [])):
        assert choose(seen, wishes(seen, categories), np.random.default_rng(0)) is None
    assert plans(scene(positions, truth), 9) == []


# Which brush


def test_there_is_a_plan_for_each_brush() -> None:
    assert [plan.radius for plan in plans(scene(*THREE), 0)] == list(RADII)


def test_a_clump_by_itself_is_marked_with_the_largest_brush() -> None:
    assert chosen(scene(*THREE, reach=0.0), [0]).radius == RADII[0]


def shell(thickness: float) -> tuple[Array, Array]:
    """A small ball of 120 items of category 0 in the middle of many of category 1, from 0.07 outwards."""
    random = np.random.default_rng(0)
    directions = random.normal(size=(1620, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    away = np.where(np.arange(1620) < 120, random.uniform(0, 0.03, 1620), random.uniform(0.07, thickness, 1620))
    return directions * away[:, None], (np.arange(1620) >= 120).astype(int)


def test_a_small_clump_among_others_is_marked_with_a_small_brush() -> None:
    seen = scene(*shell(0.13), reach=0.0)
    by_radius = {plan.radius: plan.purity for plan in plans(seen, 0)}
    assert by_radius[RADII[2]] > 0.9
    assert by_radius[RADII[0]] < 0.5
    assert chosen(seen, [0]).radius == RADII[2]


# What a mark is worth


@pytest.mark.parametrize(
    ("truth", "label", "predicted", "worth"),
    [
        (0, NONE, NONE, 1.0),  # right, and the network does not know it
        (0, NONE, 1, 1.0),
        (0, 1, 1, 1.0),  # puts right an earlier mistake
        (0, NONE, 0, 0.03),  # right, and known
        (0, 0, 1, 0.0),  # has the label already
        (1, NONE, 1, -1.0),  # a mistake that the network does not make
        (1, NONE, NONE, -0.5),  # a mistake that it makes anyway
        (1, NONE, 0, -0.5),
        (1, 0, 0, 0.0),  # has the wrong label already
    ],
)
def test_a_right_item_is_worth_what_it_teaches_and_a_mistake_costs(
    truth: int, label: int, predicted: int, worth: float
) -> None:
    one = scene(np.zeros((1, 3)), np.array([truth]), label=[label], predicted=[predicted])
    assert wishes(one, [0])[-1][0][0] == pytest.approx(worth)


def test_of_two_equal_clumps_the_one_is_marked_whose_surroundings_the_network_has_wrong_anyway() -> None:
    ball, inner = shell(0.1)
    few = np.concatenate([np.flatnonzero(inner == 0), np.flatnonzero(inner == 1)[:9]])
    positions = np.concatenate([ball[few] + [0.6, 0, 0], ball[few] - [0.6, 0, 0]])
    truth = np.tile(inner[few], 2)
    predicted = np.where(np.arange(len(truth)) < len(few), truth, 0)
    predicted[truth == 0] = NONE
    plan = chosen(scene(positions, truth, predicted=predicted, radii=(0.13,), reach=0.0), [0])
    assert plan.way[0][0] < 0
    assert plan.gain == pytest.approx(120 - 0.5 * 9)


# The way


def touched(positions: Array, center: Array, radius: float) -> npt.NDArray[np.bool_]:
    return np.asarray(np.linalg.norm(positions - center, axis=1) <= radius)


def swept_by(plan: Plan, positions: Array) -> npt.NDArray[np.bool_]:
    """Which positions (N, 3) a brush on the way of a plan touches, by many small steps."""
    marked = touched(positions, plan.way[0], plan.radius)
    for start, end in zip(plan.way, plan.way[1:], strict=False):
        for share in np.linspace(0, 1, 100):
            marked |= touched(positions, start + share * (end - start), plan.radius)
    return marked


BAR = np.random.default_rng(2).uniform([-0.8, -0.06, -0.06], [0.8, 0.06, 0.06], (1200, 3))


@pytest.mark.parametrize("purity", [0.8, 0.9, 1.0])
def test_a_plan_tells_what_the_brush_will_mark(purity: float) -> None:
    truth = (BAR[:, 0] > 0.3).astype(int)
    for plan in plans(scene(BAR, truth, purity=purity), 0):
        marked = swept_by(plan, BAR)
        assert plan.purity == pytest.approx((truth[marked] == 0).mean(), abs=0.02)
        right, wrong = (truth[marked] == 0).sum(), (truth[marked] == 1).sum()
        assert plan.gain == pytest.approx(right - 0.5 * wrong, rel=0.05)


@pytest.mark.parametrize("reach", [0.0, 0.3, 1.0])
def test_a_way_without_a_slip_is_no_longer_than_the_arm_reaches(reach: float) -> None:
    (plan,) = plans(scene(BAR, np.zeros(len(BAR)), radii=(0.13,), purity=1.0, reach=reach), 0)
    length = np.linalg.norm(np.diff(plan.way, axis=0), axis=1).sum()
    assert length <= reach + 1e-6
    assert (length > 0) == (reach > 0)


def test_a_person_is_as_careful_as_it_is_and_no_more() -> None:
    truth = (BAR[:, 0] > 0.3).astype(int)
    purities = [plans(scene(BAR, truth, purity=purity, radii=(0.13,)), 0)[0].purity for purity in (0.7, 0.85, 1.0)]
    assert purities == pytest.approx([0.7, 0.85, 1.0], abs=0.1)
    assert purities == sorted(purities)
    assert purities[1] < 0.95
    assert purities[2] == 1.0


def test_the_same_random_numbers_make_the_same_plan() -> None:
    first, second = (chosen(scene(*THREE), [0, 1, 2]) for _ in range(2))
    np.testing.assert_array_equal(first.way, second.way)


# Hands at the palette

CATEGORIES = [Category(i, name, 0xFFFFFF) for i, name in enumerate(["ant", "bee", "cat"])]


class AtOnce(Executor):
    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


class AtThePalette:
    """A person that does nothing but set its brush, and a labeler that answers, or does not."""

    def __init__(self, answers: bool = True) -> None:
        self.person = Person(Parameters(tremor_m=0.0, pace=4.0), np.zeros(20, np.int16), ["ant"], AtOnce())
        self.person.see_categories(CATEGORIES)
        self.labeler = Labeler(LabelerParameters())
        self.labeler.set_categories(CATEGORIES)
        self.answers = answers
        self.pokes = 0
        self.now = 0

    def set_brush(self, category: int, radius_m: float) -> None:
        person = self.person
        person._script, person._action, person.gone = poking.set_brush(person._actor, category, radius_m), None, False
        for _ in range(300 * 72):
            self.now += 1
            posture = person.step(self.now / 72)
            if posture is None:
                return
            outcome = self.labeler.update(posture.hands(self.now * STEP_NS)) if self.answers else None
            for report in outcome.reports if outcome is not None else ():
                phase = report.phase.name.lower()
                self.pokes += (report.name, phase) == ("poke", "end")
                person.see_gesture(Answer(report.name, phase, report.category, report.radius_m, report.detail))
        raise AssertionError("the person is still at the palette")


def test_a_person_has_three_brushes_the_first_of_which_a_session_begins_with() -> None:
    sizes = BRUSHES_M
    assert len(sizes) == 3
    assert sizes[0] == brush.RADIUS_M
    assert sizes[0] > sizes[1] > sizes[2] > brush.SMALLEST_M
    radius_m = brush.RADIUS_M
    for smaller in sizes[1:]:
        radius_m = brush.resized(brush.resized(radius_m, larger=False), larger=False)
        assert radius_m == pytest.approx(smaller)


@pytest.mark.parametrize(("category", "size", "pokes"), [(0, 0, 1), (2, 0, 1), (1, 1, 3), (2, 2, 5)])
def test_each_step_of_the_size_and_the_category_take_one_poke(category: int, size: int, pokes: int) -> None:
    world, radius_m = AtThePalette(), BRUSHES_M[size]
    world.set_brush(category, radius_m)
    assert poking.is_set(world.person._actor, category, radius_m)
    assert world.pokes == pokes


def test_the_brush_is_made_larger_again_and_what_is_set_already_is_left_alone() -> None:
    world, (large, middle, small) = AtThePalette(), BRUSHES_M
    for category, radius_m, pokes in ((1, small, 5), (1, middle, 7), (1, large, 9), (1, large, 9), (0, large, 10)):
        world.set_brush(category, radius_m)
        assert poking.is_set(world.person._actor, category, radius_m)
        assert world.pokes == pokes


def test_a_palette_that_does_not_answer_is_left_after_a_while() -> None:
    world = AtThePalette(answers=False)
    world.set_brush(1, BRUSHES_M[2])
    assert not poking.is_set(world.person._actor, 1, BRUSHES_M[2])
    assert world.now > 72


def test_a_category_that_the_palette_does_not_have_is_not_set() -> None:
    world = AtThePalette()
    world.set_brush(9, brush.RADIUS_M)
    assert not poking.is_set(world.person._actor, 9, brush.RADIUS_M)
    assert world.pokes == 0
