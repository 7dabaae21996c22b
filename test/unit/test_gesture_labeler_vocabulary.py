"""Every gesture as hands do it: what begins, what ends, what comes of it; and what keeps out what."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from gesture_bench import CATEGORIES, HEAD, ITEMS, MIDDLES, GestureBench, stream_of

from gesture_labeler.grabbing import shortest_turn
from gesture_labeler.parameters import Parameters
from gesture_labeler.vocabulary import GIVES_WAY, may_begin, recognisers
from latentvr_common import gestures, palette, rotations
from latentvr_common.cloud import NONE
from latentvr_common.gestures import Phase, Side, ToolKind
from latentvr_common.hands import Hand, Hands
from latentvr_common.labels import Kind, Shape
from latentvr_common.placement import Placement
from latentvr_common.proposal import Proposal
from scripted_hands import anatomy, performances
from scripted_hands.performances import Performance, Performer

WHOLE = [Phase.BEGIN, Phase.END]


def perform(bench: GestureBench, performance: Performance) -> None:
    bench.watch(stream_of(performance))


def clump(number: int) -> set[int]:
    return set(range(number * ITEMS // 3, (number + 1) * ITEMS // 3))


def test_a_painted_stroke_marks_what_it_touches() -> None:
    bench = GestureBench()
    way = bench.stage(MIDDLES[0]) + np.array([[0.0, 0.0, 0.0], [0.03, 0.0, 0.0]])
    perform(bench, performances.paint(way, Performer()))
    (event,) = bench.commits
    assert bench.phases("pinch_brush") == WHOLE
    assert set(event.sample_ids.tolist()) <= clump(0)
    assert len(event.sample_ids) > 100


def test_the_other_hand_takes_away_from_a_stroke() -> None:
    def marked(away: np.ndarray) -> set[int]:
        bench = GestureBench()
        way = np.linspace(bench.stage(MIDDLES[0]), bench.stage(MIDDLES[1]), 8)
        perform(bench, performances.paint_and_take_away(way, bench.stage(away), Performer()))
        (event,) = bench.commits
        assert event.region.takes_away.any()
        assert len(event.region.takes_away) == len(event.region.radii)
        return set(event.sample_ids.tolist())

    beside = marked(MIDDLES[1] + 1.5)
    taken = marked(MIDDLES[1])
    assert len(beside & clump(0)) > 100
    assert taken & clump(0) == beside & clump(0)
    assert len(taken & clump(1)) < len(beside & clump(1)) / 3


def box_around(bench: GestureBench, number: int, half_m: float = 0.09) -> Performance:
    middle = bench.stage(MIDDLES[number])
    corner = np.array([half_m, half_m, half_m])
    near = np.array([0.02, 0.0, 0.0])
    return performances.with_both(
        "box", (middle - near, middle + near), (middle - corner, middle + corner), Performer()
    )


def test_two_pinches_in_the_cloud_span_a_box() -> None:
    bench = GestureBench()
    perform(bench, box_around(bench, 0))
    (event,) = bench.commits
    assert bench.phases("box") == WHOLE
    assert (event.gesture, event.region.shape) == ("box", Shape.BOX)
    inside = np.abs(bench.cloud.positions - event.region.centers[0]) <= event.region.half_size
    assert event.sample_ids.tolist() == np.flatnonzero(inside.all(axis=1)).tolist()
    assert clump(0) - set(event.sample_ids.tolist()) < clump(0)
    assert len(event.sample_ids) > 200
    np.testing.assert_allclose(event.region.half_size * bench.labeler.placement.scale, 0.09, atol=0.01)


def test_a_box_is_upright_in_the_room_however_the_cloud_is_turned() -> None:
    bench = GestureBench()
    bench.labeler.place(replace(Placement(), quat_xyzw=rotations.about_axis(np.array([0.6, 0.8, 0.0]), 0.9)))
    perform(bench, box_around(bench, 0))
    (event,) = bench.commits
    in_room = bench.labeler.placement.stage_from_latent(bench.cloud.positions)
    center = bench.labeler.placement.stage_from_latent(event.region.centers[0])
    inside = np.abs(in_room - center) <= event.region.half_size * bench.labeler.placement.scale
    assert event.sample_ids.tolist() == np.flatnonzero(inside.all(axis=1)).tolist()


@pytest.mark.parametrize(
    ("left", "right"), [((-0.45, 1.0, -0.4), (0.45, 1.0, -0.4)), ((-0.4, 1.3, -0.2), (0.4, 1.3, -0.2))]
)
def test_two_pinches_in_empty_space_carry_the_cloud(left: tuple[float, ...], right: tuple[float, ...]) -> None:
    bench = GestureBench()
    start = np.array(left), np.array(right)
    turn = rotations.about_axis(np.array([0.0, 1.0, 0.0]), 0.4)
    middle, shift = (start[0] + start[1]) / 2, np.array([0.05, 0.1, -0.05])
    end = tuple(middle + shift + 0.7 * rotations.rotate(turn, hand - middle) for hand in start)
    before = bench.labeler.placement
    perform(bench, performances.with_both("grab", start, (end[0], end[1]), Performer()))
    assert bench.phases("grab") == WHOLE
    assert bench.commits == []
    after = bench.labeler.placement
    assert after.scale == pytest.approx(0.7 * before.scale, rel=0.03)
    for point in (np.zeros(3), np.array([0.5, -0.2, 0.3])):
        expected = middle + shift + 0.7 * rotations.rotate(turn, before.stage_from_latent(point) - middle)
        np.testing.assert_allclose(after.stage_from_latent(point), expected, atol=0.02)


def test_the_size_of_the_cloud_stays_within_its_limits() -> None:
    bench = GestureBench(Parameters(smallest_scale=0.8, largest_scale=1.5))
    usual = Placement().scale
    near = np.array([-0.3, 1.0, -0.1]), np.array([0.3, 1.0, -0.1])
    far = np.array([-0.9, 1.0, -0.1]), np.array([0.9, 1.0, -0.1])
    perform(bench, performances.with_both("grab", near, far, Performer()))
    assert bench.labeler.placement.scale == pytest.approx(1.5 * usual)
    perform(bench, performances.with_both("grab", far, near, Performer()))
    perform(bench, performances.with_both("grab", far, near, Performer()))
    assert bench.labeler.placement.scale == pytest.approx(0.8 * usual)


def test_a_grab_that_is_cancelled_puts_the_cloud_back() -> None:
    bench = GestureBench()
    before = bench.labeler.placement
    start = np.array([-0.45, 1.0, -0.4]), np.array([0.45, 1.0, -0.4])
    end = np.array([-0.45, 1.3, -0.4]), np.array([0.45, 1.3, -0.4])
    stream = list(stream_of(performances.with_both("grab", start, end, Performer())))
    half = len(stream) * 2 // 3
    bench.watch(stream[:half])
    assert bench.labeler.doing == "grab"
    assert bench.labeler.placement is not before
    bench.watch([Hands(round(i / 72 * 1e9), stream[half].left, Hand()) for i in range(1, 30)])
    assert bench.phases("grab") == [Phase.BEGIN, Phase.CANCEL]
    assert bench.labeler.placement is before


def dense_bench() -> GestureBench:
    bench = GestureBench()
    bench.labeler.hold(replace(bench.labeler.tool, kind=ToolKind.DENSITY))
    return bench


def test_a_density_tap_marks_the_clump_and_nothing_of_the_others() -> None:
    bench = dense_bench()
    perform(bench, performances.flood(bench.stage(MIDDLES[2]), Performer()))
    (event,) = bench.commits
    assert bench.phases("density") == WHOLE
    assert (event.gesture, event.region.shape) == ("density", Shape.FLOOD)
    assert set(event.sample_ids.tolist()) <= clump(2)
    assert len(event.sample_ids) > 80


def test_pulling_loosens_and_pushing_tightens() -> None:
    counts = []
    for pull_m in (-0.03, 0.0, 0.06):
        bench = dense_bench()
        perform(bench, performances.flood(bench.stage(MIDDLES[2]), Performer(), pull_m))
        counts.append(len(bench.commits[0].sample_ids))
    assert counts[0] < counts[1] < counts[2]


def test_a_density_tap_beside_the_cloud_says_that_nothing_is_there() -> None:
    bench = dense_bench()
    perform(bench, performances.flood(np.array([0.3, 0.9, -0.1]), Performer()))
    assert bench.cancelled() == ["no point near the pinch"]


def test_two_pointing_fingers_size_the_brush() -> None:
    bench = GestureBench()
    perform(bench, performances.size(np.array([0.0, 1.1, -0.3]), 0.06, Performer()))
    assert bench.phases("radius") == WHOLE
    assert bench.labeler.tool.radius_m == pytest.approx(0.06, abs=0.004)


def test_a_lost_hand_gives_the_brush_its_size_back() -> None:
    bench = GestureBench()
    before = bench.labeler.tool.radius_m
    stream = list(stream_of(performances.size(np.array([0.0, 1.1, -0.3]), 0.06, Performer())))
    bench.watch(stream[: len(stream) // 2])
    assert bench.labeler.tool.radius_m != before
    bench.watch([Hands(1, stream[0].left, Hand())])
    assert bench.phases("radius") == [Phase.BEGIN, Phase.CANCEL]
    assert bench.labeler.tool.radius_m == before


def test_a_finger_that_stays_at_an_item_looks_at_it() -> None:
    bench = GestureBench()
    item = 17
    perform(bench, performances.dwell(bench.stage(bench.cloud.positions[item]), Performer()))
    assert bench.phases("dwell") == WHOLE
    looked_at = {r.item for r in bench.reports if r.name == "dwell"}
    assert len(looked_at) == 1
    (found,) = looked_at
    assert np.linalg.norm(bench.stage(bench.cloud.positions[found]) - bench.stage(bench.cloud.positions[item])) < 0.01


def test_a_finger_in_empty_space_looks_at_nothing() -> None:
    bench = GestureBench()
    perform(bench, performances.dwell(np.array([0.3, 1.5, -0.1]), Performer()))
    assert bench.reports == []


def test_both_palms_up_bring_the_cloud_back_in_front_of_the_person() -> None:
    bench = GestureBench()
    bench.labeler.place(Placement(np.array([3.0, 5.0, 2.0]), rotations.about_axis(np.array([1.0, 0, 0]), 1.0), 4.0))
    yaw = rotations.about_axis(np.array([0.0, 1.0, 0.0]), np.pi / 2)
    bench.labeler.head = replace(HEAD, position=np.array([1.0, 1.7, 0.0]), quat_xyzw=yaw)
    perform(bench, performances.recentre(Performer()))
    assert bench.phases("recentre") == WHOLE
    after = bench.labeler.placement
    assert after.scale == Placement().scale
    # Turned to the left, a person looks along -x.
    np.testing.assert_allclose(after.position, [1.0 - 0.55, 1.35, 0.0], atol=1e-9)


def test_palms_that_are_turned_away_too_soon_change_nothing() -> None:
    bench = GestureBench(Parameters(recentre_s=3.0))
    before = bench.labeler.placement
    perform(bench, performances.recentre(Performer()))
    assert bench.cancelled() == ["a palm was turned away"]
    assert bench.labeler.placement is before


# The palette


def poke(bench: GestureBench, action: str) -> None:
    perform(bench, performances.poke(action, bench.labeler.categories, Performer(), bench.labeler.tool.page))


def test_each_button_is_poked_and_nothing_else_comes_of_it() -> None:
    for button in palette.buttons(CATEGORIES):
        bench = GestureBench()
        poke(bench, button.action)
        done = [r.detail for r in bench.reports if r.name == "poke"] + [a.end.detail for a in bench.asks]
        assert done == [button.action]
        assert {r.name for r in bench.reports} <= {"poke"}


def test_with_the_eraser_a_stroke_takes_labels_away() -> None:
    bench = GestureBench()
    poke(bench, palette.ERASE)
    assert (bench.labeler.tool.erases, bench.labeler.tool.category) == (True, NONE)
    spot = bench.stage(MIDDLES[0])
    perform(bench, performances.paint(np.stack([spot, spot + 0.01]), Performer()))
    (event,) = bench.commits
    assert (event.kind, event.category) == (Kind.ERASE, NONE)
    poke(bench, palette.category_action(2))
    assert (bench.labeler.tool.erases, bench.labeler.tool.category) == (False, 2)


def test_there_may_be_more_categories_than_fit_on_a_page() -> None:
    bench = GestureBench()
    bench.labeler.set_categories([replace(CATEGORIES[0], id=i, name=str(i)) for i in range(30)])
    for page in (1, 2, 0):
        poke(bench, palette.MORE)
        assert bench.labeler.tool.page == page
    poke(bench, palette.MORE)
    poke(bench, palette.category_action(13))
    assert bench.labeler.tool.category == 13
    bench.labeler.set_categories([replace(CATEGORIES[0], id=i, name=str(i)) for i in range(3)])
    assert (bench.labeler.tool.page, bench.labeler.tool.category) == (0, NONE)


def test_a_category_that_was_just_added_is_held_at_once_and_its_page_is_open() -> None:
    bench = GestureBench()
    bench.labeler.set_categories([replace(CATEGORIES[0], id=i, name=str(i)) for i in range(30)])
    bench.labeler.choose(29)
    assert (bench.labeler.tool.category, bench.labeler.tool.page) == (29, 2)


# What the network offers


def offered(bench: GestureBench, count: int = 6) -> Proposal:
    ids = np.arange(10, 10 + count, dtype=np.uint32)
    return Proposal(ids, (ids % 2).astype(np.int16), ids[:2], 0.93, 5, 7)


def test_what_is_offered_is_labelled_by_poking_again() -> None:
    bench = GestureBench()
    poke(bench, palette.ACCEPT)
    assert [a.action for a in bench.asks] == [palette.ACCEPT]
    bench.outcomes.append(bench.labeler.offer(offered(bench), 100.0))
    bench.outcomes.append(bench.labeler.look(101.0))
    preview = bench.outcomes[-1].preview
    assert preview is not None
    assert (preview.sample_ids.tolist(), preview.audit_ids.tolist()) == ([10, 11, 12, 13, 14, 15], [10, 11])
    assert bench.outcomes[-1].accepted == []
    poke(bench, palette.ACCEPT)
    accepted = [pair for outcome in bench.outcomes for pair in outcome.accepted]
    assert [(e.category, e.sample_ids.tolist(), e.gesture, e.kind) for e, _ in accepted] == [
        (0, [10, 12, 14], "accept", Kind.ASSIGN),
        (1, [11, 13, 15], "accept", Kind.ASSIGN),
    ]
    assert [(e.cloud_stamp_ns, e.epoch, e.author) for e, _ in accepted] == 2 * [(5, 7, "person")]
    assert [report.phase for _, report in accepted] == [Phase.UPDATE, Phase.END]
    assert bench.labeler.look(102.0).preview is None


def test_an_offer_is_dropped_when_something_else_is_done_or_nothing_for_long() -> None:
    def mark(bench: GestureBench) -> None:
        spot = bench.stage(MIDDLES[0])
        perform(bench, performances.paint(np.stack([spot, spot + 0.01]), Performer()))

    for act, reason in (
        (mark, "something else was done"),
        (lambda bench: poke(bench, palette.UNDO), "something else was done"),
        (lambda bench: bench.outcomes.append(bench.labeler.look(161.0)), "nobody has accepted it"),
        (lambda bench: bench.outcomes.append(bench.labeler.offer(offered(bench), 1.0)), "another offer has come"),
    ):
        bench = GestureBench()
        bench.outcomes.append(bench.labeler.offer(offered(bench), 100.0))
        act(bench)  # type: ignore[no-untyped-call]
        assert [r.detail for r in bench.reports if (r.name, r.phase) == ("accept", Phase.CANCEL)] == [reason]


@pytest.mark.parametrize(
    ("count", "expected", "words"),
    [
        (1204, 0.93, "1,204 items at 90 % or more; 93 % of them expected to be right. Poke accept again to label them"),
        (1, 0.996, "1 item at 90 % or more; 100 % of it expected to be right. Poke accept again to label it"),
        (2, np.nan, "2 items at 90 % or more. Poke accept again to label them"),
    ],
)
def test_an_offer_says_how_many_items_it_holds_and_how_many_are_expected_to_be_right(
    count: int, expected: float, words: str
) -> None:
    bench = GestureBench()
    bench.outcomes.append(bench.labeler.offer(replace(offered(bench, count), expected=expected), 0.0))
    bench.outcomes.append(bench.labeler.look(1.0))
    assert [(r.detail, r.samples) for r in bench.reports if r.name == "accept"] == [(words, count)] * 2


def test_an_offer_of_nothing_says_so() -> None:
    bench = GestureBench()
    bench.outcomes.append(bench.labeler.offer(offered(bench, 0), 0.0))
    assert bench.cancelled() == ["no item without a label is predicted with 90% or more"]
    poke(bench, palette.ACCEPT)
    assert [a.action for a in bench.asks] == [palette.ACCEPT]


# Faults


def test_a_focus_that_is_lost_cancels_and_hands_do_nothing_until_it_is_back() -> None:
    bench = GestureBench()
    spot = bench.stage(MIDDLES[0])
    stream = list(stream_of(performances.paint(np.stack([spot, spot + 0.01]), Performer())))
    half = len(stream) * 2 // 3
    bench.watch(stream[:half])
    bench.outcomes.append(bench.labeler.set_focus(False))
    assert bench.cancelled() == ["the headset has lost the focus"]
    bench.watch(stream)
    assert bench.commits == []
    bench.labeler.set_focus(True)
    bench.watch(stream)
    assert len(bench.commits) == 1


def test_a_pinch_of_a_palm_that_faces_the_eyes_is_left_to_the_headset() -> None:
    bench = GestureBench()
    spot = bench.stage(MIDDLES[0])
    performer = Performer()
    held = replace(performer.pinching(spot), quat_xyzw=shortest_turn(np.array([0.0, -1.0, 0.0]), HEAD.position - spot))
    performer.reach(right=held)
    performer.bend(right=anatomy.PINCHED)
    performer.hold(0.4)
    performer.bend(right=anatomy.OPEN)
    performer.hold(0.3)
    perform(bench, performer.performance("system"))
    assert bench.reports == []


# What keeps out what

Try = Callable[[GestureBench], None]


def test_the_table_has_every_gesture_that_goes_on_and_only_known_names() -> None:
    begun = {r.name for r in recognisers()}
    assert set(GIVES_WAY) == begun
    known = begun | {gestures.POKE}
    assert all(kept <= known for kept in GIVES_WAY.values())
    assert all(may_begin(name, None) for name in known)


def start_of(name: str, bench: GestureBench) -> list[Hands]:
    """The hands up to the middle of the gesture."""
    spot = bench.stage(MIDDLES[0])
    outside = np.array([-0.45, 1.0, -0.4]), np.array([0.45, 1.0, -0.4])
    whole = {
        "pinch_brush": lambda: performances.paint(np.stack([spot, spot + 0.05]), Performer()),
        "density": lambda: performances.flood(spot, Performer(), 0.05),
        "box": lambda: box_around(bench, 0),
        "grab": lambda: performances.with_both("grab", outside, outside, Performer()),
        "radius": lambda: performances.size(np.array([0.0, 1.1, -0.3]), 0.06, Performer()),
        "dwell": lambda: performances.dwell(spot, Performer()),
        "recentre": lambda: performances.recentre(Performer()),
        "scrub": lambda: performances.scrub((0.5, 0.2), CATEGORIES, Performer()),
    }[name]()
    if name == "density":
        bench.labeler.hold(replace(bench.labeler.tool, kind=ToolKind.DENSITY))
    stream, seen = list(stream_of(whole)), GestureBench()
    seen.labeler.hold(bench.labeler.tool)
    for i, hands in enumerate(stream):
        seen.take(hands)
        if seen.labeler.doing == name:
            return stream[: i + 12]
    raise AssertionError(f"{name} has not begun")


class Sure:
    """A recogniser that always sees its gesture begin."""

    def __init__(self, bench: GestureBench, name: str) -> None:
        self._real = next(r for r in bench.labeler._recognisers if r.name == name)
        self.name = name

    def begins(self, *_: object) -> bool:
        return True

    def refusal(self, *_: object) -> str:
        return ""

    def begin(self, *values: object) -> object:
        return self._real.begin(*values)  # type: ignore[arg-type]


@pytest.mark.parametrize("other", [r.name for r in recognisers()])
@pytest.mark.parametrize("running", sorted(GIVES_WAY))
def test_a_gesture_gives_way_to_those_that_the_table_names_and_to_no_other(running: str, other: str) -> None:
    bench = GestureBench()
    bench.watch(start_of(running, bench))
    assert bench.labeler.doing == running
    bench.labeler._recognisers = (Sure(bench, other),)  # type: ignore[assignment]
    bench.now_ns -= 1_000_000_000
    hands = start_of(running, GestureBench())[-1]
    bench.take(Hands(bench.now_ns + 1, hands.left, hands.right))
    gives_way = other in GIVES_WAY[running]
    begun = [r.name for r in bench.outcomes[-1].reports if r.phase is Phase.BEGIN]
    cancelled = [r.name for r in bench.outcomes[-1].reports if r.phase is Phase.CANCEL]
    assert begun == ([other] if gives_way else [])
    assert (running in cancelled) == gives_way


def test_a_second_pinch_that_comes_soon_makes_a_box_of_a_stroke_and_a_late_one_does_not() -> None:
    for late_s, expected in ((0.1, "box"), (0.6, "pinch_brush")):
        bench = GestureBench()
        spot, performer = bench.stage(MIDDLES[0]), Performer()
        side = np.array([0.02, 0.0, 0.0])
        performer.reach(performer.pinching(spot - side, left=True), performer.pinching(spot + side))
        performer.bend(right=anatomy.PINCHED, seconds=0.05)
        performer.hold(late_s)
        performer.bend(left=anatomy.PINCHED, seconds=0.05)
        performer.hold(0.3)
        performer.bend(anatomy.OPEN, anatomy.OPEN)
        performer.hold(0.3)
        perform(bench, performer.performance(expected))
        assert [e.gesture for e in bench.commits if e.gesture] == [expected] * len(bench.commits)
        assert bench.phases(expected)[0] is Phase.BEGIN
        assert ("box" in {r.name for r in bench.reports}) == (expected == "box")


def test_the_hand_that_is_told_is_the_one_that_does_it() -> None:
    bench = GestureBench()
    perform(bench, box_around(bench, 0))
    assert {r.side for r in bench.reports if r.name == "box"} == {Side.BOTH}
    bench = GestureBench()
    spot = bench.stage(MIDDLES[0])
    perform(bench, performances.paint(np.stack([spot, spot + 0.01]), Performer()))
    assert {r.side for r in bench.reports} == {Side.RIGHT}
