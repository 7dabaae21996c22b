"""Mouse and keys to marks and wishes: the state machine, driven by inputs as a window gives them."""

from itertools import count

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_view.camera import Subject
from cloud_view.desktop.desk import SPEEDS, Desk
from cloud_view.desktop.inputs import KEY_NAMES, Button, Input, Key, Moved, Pressed, Released, Wheel
from cloud_view.desktop.marks import Boxing, Flooding, Painting, Sight
from cloud_view.desktop.outcome import Kind, Outcome
from cloud_view.desktop.picking import Picker, Viewport
from latentvr_common import brush, rotations
from latentvr_common.checks.regions import check_region
from latentvr_common.cloud import Cloud
from latentvr_common.gestures import ACCEPT, BOX, DENSITY, DWELL, PINCH_BRUSH, POKE, Phase, Side, ToolKind
from latentvr_common.labels import Category, Shape
from latentvr_common.labels import Kind as EntryKind
from latentvr_common.placement import Placement
from latentvr_common.proposal import Proposal
from latentvr_common.selecting.frames import Frame
from latentvr_common.timeline.timeline import Leap

VIEWPORT = Viewport(1280, 800)
CATEGORIES = [Category(i, f"kind {i}", 0x102030 * (i + 1)) for i in range(3)]
PLACEMENT = Placement(scale=0.35, quat_xyzw=rotations.about_axis(np.array([0.0, 1.0, 0.0]), 0.7))
LEFT_CLUMP, RIGHT_CLUMP = np.arange(40), np.arange(40, 80)


def cloud(stamp_ns: int = 7, shift: float = 0.0, labels: int = -1) -> Cloud:
    """Two clumps of 40 items each, one unit apart along the latent x axis."""
    noise = 0.05 * np.random.default_rng(0).normal(size=(80, 3))
    middle = np.repeat([[-0.5 + shift, 0.0, 0.0], [0.5 + shift, 0.0, 0.0]], 40, axis=0)
    none = np.full(80, -1, np.int16)
    return Cloud(
        stamp_ns,
        (middle + noise).astype(np.float32),
        np.zeros(80, np.uint32),
        np.full(80, labels, np.int16),
        none,
        np.zeros(80, np.float32),
    )


class Table:
    """A desk and what is seen at it."""

    def __init__(self, categories: list[Category] = CATEGORIES) -> None:
        ids = count()
        self.desk = Desk("somebody", lambda: f"id {next(ids)}")
        self.desk.set_categories(categories)
        self.show(cloud())

    def show(self, shown: Cloud) -> Outcome:
        self.cloud = shown
        points = PLACEMENT.stage_from_latent(shown.positions)
        self.camera = self.desk.viewpoint.camera(Subject(PLACEMENT.position, 0.35))
        picker = Picker(points, self.camera, VIEWPORT)
        return self.desk.see(Sight(Frame(shown, 5), PLACEMENT, picker), 1)

    def pixel(self, items: np.ndarray) -> tuple[float, float]:
        """Where the middle of some items is to be seen."""
        middle = PLACEMENT.stage_from_latent(self.cloud.positions[items].mean(axis=0))
        x, y = self.camera.pixels(middle, VIEWPORT.width, VIEWPORT.height)
        return float(x), float(y)

    def do(self, *inputs: Input) -> list[Outcome]:
        return [self.desk.take(given, 2) for given in inputs]

    def at(self, items: np.ndarray) -> Moved:
        return Moved(*self.pixel(items))

    def paint(self, items: np.ndarray) -> Outcome:
        return self.do(self.at(items), Pressed(Button.LEFT), Released(Button.LEFT))[-1]


@pytest.fixture
def table() -> Table:
    found = Table()
    found.do(Key("1"))
    return found


# Marks


def test_a_press_marks_what_the_brush_touches_when_the_button_comes_up(table: Table) -> None:
    table.do(*[Wheel(1)] * 10)
    moved, pressed, released = table.do(table.at(LEFT_CLUMP), Pressed(Button.LEFT), Released(Button.LEFT))
    assert (moved.reports, moved.commits, pressed.commits) == ([], [], [])
    assert [(r.name, r.phase) for r in pressed.reports] == [(PINCH_BRUSH, Phase.BEGIN)]
    assert pressed.preview is not None
    ((event, end),) = released.commits
    assert set(event.sample_ids) <= set(LEFT_CLUMP)
    assert len(event.sample_ids) > 30
    assert (event.kind, event.category, event.author) == (EntryKind.ASSIGN, 0, "somebody")
    assert (event.cloud_stamp_ns, event.epoch, event.gesture) == (7, 5, PINCH_BRUSH)
    assert (end.phase, end.samples, end.category, end.gesture_id) == (
        Phase.END,
        len(event.sample_ids),
        0,
        event.event_id,
    )
    np.testing.assert_array_equal(pressed.preview.sample_ids, event.sample_ids)


def test_what_is_marked_is_what_lies_in_the_region_that_is_told(table: Table) -> None:
    table.do(*[Wheel(1)] * 4)
    released = table.paint(RIGHT_CLUMP)
    ((event, _),) = released.commits
    check_region(event.region)
    away = np.linalg.norm(table.cloud.positions[:, None] - event.region.centers[None], axis=-1)
    inside = (away <= event.region.radii + 1e-6).any(axis=1)
    np.testing.assert_array_equal(np.flatnonzero(inside), event.sample_ids)


def test_a_drag_marks_all_along_its_way_at_one_depth(table: Table) -> None:
    (x0, y0), (x1, y1) = table.pixel(LEFT_CLUMP), table.pixel(RIGHT_CLUMP)
    table.do(*[Wheel(1)] * 6, Moved(x0, y0), Pressed(Button.LEFT))
    depth = float(table.camera.depths(table.desk.mark.position))  # type: ignore[union-attr]
    released = table.do(Moved((x0 + x1) / 2, (y0 + y1) / 2), Moved(x1, y1), Released(Button.LEFT))[-1]
    ((event, end),) = released.commits
    assert float(table.camera.depths(end.position)) == pytest.approx(depth)
    assert set(event.sample_ids) & set(LEFT_CLUMP)


def test_shift_takes_away_from_the_mark_that_is_being_made(table: Table) -> None:
    table.do(*[Wheel(1)] * 10, table.at(LEFT_CLUMP), Pressed(Button.LEFT))
    x, y = table.pixel(LEFT_CLUMP)
    before = len(table.desk.mark.ids)  # type: ignore[union-attr]
    table.do(Key("shift"), Moved(x + 1, y))
    assert len(table.desk.mark.ids) < before  # type: ignore[union-attr]


def test_escape_takes_a_mark_back_and_the_button_coming_up_then_marks_nothing(table: Table) -> None:
    table.do(table.at(LEFT_CLUMP), Pressed(Button.LEFT))
    escaped, released = table.do(Key("escape"), Released(Button.LEFT))
    assert [(r.phase, r.detail) for r in escaped.reports] == [(Phase.CANCEL, "taken back with escape")]
    assert (released.commits, released.reports) == ([], [])


def test_without_a_category_nothing_is_marked_and_why_is_said() -> None:
    table = Table()
    pressed = table.do(table.at(LEFT_CLUMP), Pressed(Button.LEFT))[-1]
    assert pressed.note == "no category chosen: press its number"
    assert [r.phase for r in pressed.reports] == [Phase.CANCEL]
    assert table.desk.mark is None


def test_where_no_item_is_touched_nothing_is_marked(table: Table) -> None:
    table.do(table.at(LEFT_CLUMP))
    released = table.do(Moved(1200, 700), Pressed(Button.LEFT), Released(Button.LEFT))[-1]
    assert released.commits == []
    assert [(r.phase, r.detail) for r in released.reports] == [(Phase.CANCEL, "no item in it")]


def test_a_number_during_a_mark_changes_what_it_will_be(table: Table) -> None:
    table.do(table.at(LEFT_CLUMP), Pressed(Button.LEFT))
    chosen, released = table.do(Key("3"), Released(Button.LEFT))
    assert chosen.preview is not None
    assert chosen.preview.category == 2
    assert released.commits[0][0].category == 2


def test_e_erases_and_a_number_ends_that(table: Table) -> None:
    table.do(Key("e"))
    ((event, end),) = table.paint(LEFT_CLUMP).commits
    assert (event.kind, event.category, end.category) == (EntryKind.ERASE, -1, -1)
    table.do(Key("2"))
    assert table.paint(LEFT_CLUMP).commits[0][0].category == 1


def test_a_mark_goes_on_in_a_cloud_that_moves_and_keeps_what_it_touched(table: Table) -> None:
    table.do(*[Wheel(1)] * 10, table.at(LEFT_CLUMP), Pressed(Button.LEFT))
    before = set(table.desk.mark.ids)  # type: ignore[union-attr]
    table.show(cloud(stamp_ns=8, shift=0.3))
    ((event, _),) = table.do(Released(Button.LEFT))[-1].commits
    assert before <= set(event.sample_ids)
    assert not (set(event.sample_ids) - before) & set(LEFT_CLUMP) or event.cloud_stamp_ns == 8


def test_a_mark_in_a_cloud_that_is_replaced_by_another_comes_to_nothing(table: Table) -> None:
    table.do(table.at(LEFT_CLUMP), Pressed(Button.LEFT))
    whole = cloud(9)
    part = Cloud(9, *(getattr(whole, f)[:50] for f in ("positions", "rgb", "label", "predicted", "confidence")))
    shown = table.show(part)
    assert [r.phase for r in shown.reports] == [Phase.CANCEL]
    assert table.do(Released(Button.LEFT))[-1].commits == []


def test_a_box_marks_what_is_in_it_and_the_wheel_makes_it_deeper(table: Table) -> None:
    table.do(Key("x"))
    x, y = table.pixel(LEFT_CLUMP)
    table.do(Moved(x, y))  # The box is made at the depth of what is under the mouse now.
    table.do(Moved(x - 110, y - 110), Pressed(Button.LEFT), Moved(x + 110, y + 110))
    mark = table.desk.mark
    assert isinstance(mark, Boxing)
    radius, depth = table.desk.hand.radius_m, mark.half_m[2]
    table.do(Wheel(2))
    assert mark.half_m[2] > depth
    assert table.desk.hand.radius_m == radius
    ((event, _),) = table.do(Released(Button.LEFT))[-1].commits
    check_region(event.region)
    assert (event.region.shape, event.gesture) == (Shape.BOX, BOX)
    own = rotations.rotate(rotations.inverse(event.region.quat_xyzw), table.cloud.positions - event.region.centers[0])
    np.testing.assert_array_equal(np.flatnonzero((np.abs(own) <= event.region.half_size).all(axis=1)), event.sample_ids)
    assert set(event.sample_ids) == set(LEFT_CLUMP)


def test_a_dense_region_is_the_clump_under_the_mouse_and_a_drag_down_loosens_it(table: Table) -> None:
    table.do(Key("d"))
    x, y = table.pixel(RIGHT_CLUMP)
    table.do(Moved(x, y), Pressed(Button.LEFT))
    mark = table.desk.mark
    assert isinstance(mark, Flooding)
    tight = set(mark.ids)
    table.do(Moved(x, y + 200))
    loose = set(mark.ids)
    assert tight < loose <= set(RIGHT_CLUMP)
    ((event, _),) = table.do(Released(Button.LEFT))[-1].commits
    check_region(event.region)
    assert (event.region.shape, event.gesture) == (Shape.FLOOD, DENSITY)


# The view


def test_the_right_button_turns_and_marks_nothing(table: Table) -> None:
    before = table.desk.viewpoint
    outcomes = table.do(table.at(LEFT_CLUMP), Pressed(Button.RIGHT), Moved(10, 10), Released(Button.RIGHT))
    assert table.desk.viewpoint.azimuth_deg != before.azimuth_deg
    assert all(not o.reports and not o.commits for o in outcomes)


def test_space_lets_the_left_button_turn(table: Table) -> None:
    before = table.desk.viewpoint.azimuth_deg
    outcomes = table.do(table.at(LEFT_CLUMP), Key("space"), Pressed(Button.LEFT), Moved(0, 0), Released(Button.LEFT))
    assert table.desk.viewpoint.azimuth_deg != before
    assert all(not o.reports for o in outcomes)
    assert table.do(Key("space", down=False), table.at(LEFT_CLUMP), Pressed(Button.LEFT))[-1].reports


def test_the_camera_stays_while_a_mark_is_made(table: Table) -> None:
    before = table.desk.viewpoint
    table.do(table.at(LEFT_CLUMP), Pressed(Button.LEFT), Moved(300, 300), Pressed(Button.RIGHT), Moved(500, 100))
    table.do(Key("left"), Key("plus"), Key("ctrl"), Wheel(3))
    assert table.desk.viewpoint is before


def test_the_wheel_sets_the_brush_within_its_limits_and_with_ctrl_the_distance(table: Table) -> None:
    table.do(*[Wheel(1)] * 100)
    assert table.desk.hand.radius_m == brush.LARGEST_M
    table.do(*[Wheel(-1)] * 100)
    assert table.desk.hand.radius_m == brush.SMALLEST_M
    before = table.desk.viewpoint.distance
    table.do(Key("ctrl"), Wheel(1))
    assert table.desk.viewpoint.distance < before
    assert table.desk.hand.radius_m == brush.SMALLEST_M


# Keys


@pytest.mark.parametrize(("key", "tool"), [("x", Boxing), ("d", Flooding), ("b", Painting)])
def test_keys_change_the_tool_but_not_during_a_mark(table: Table, key: str, tool: type) -> None:
    table.do(Key("x" if key == "b" else "b"), Key(key))
    assert table.desk.hand.tool is tool
    table.do(table.at(LEFT_CLUMP), Pressed(Button.LEFT), Key("b" if key != "b" else "x"))
    assert table.desk.hand.tool is tool


@pytest.mark.parametrize(
    ("key", "kind", "detail"),
    [
        (Key("u"), Kind.UNDO, "undo"),
        (Key("z", ctrl=True), Kind.UNDO, "undo"),
        (Key("y"), Kind.REDO, "redo"),
        (Key("y", ctrl=True), Kind.REDO, "redo"),
        (Key("z", ctrl=True, shift=True), Kind.REDO, "redo"),
        (Key("p"), Kind.PAUSE, "pause"),
    ],
)
def test_keys_ask_others_and_say_what_to_report_then(table: Table, key: Key, kind: Kind, detail: str) -> None:
    (outcome,) = table.do(key)
    (wish,) = outcome.wishes
    assert wish.kind is kind
    assert wish.end is not None
    assert (wish.end.name, wish.end.phase, wish.end.detail) == (POKE, Phase.END, detail)


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        (Key("f"), Kind.FORCES),
        (Key("c"), Kind.CUES),
        (Key("k"), Kind.PICTURE),
        (Key("t"), Kind.TIMELAPSE),
        (Key("a"), Kind.PROPOSE),
        (Key("w"), Kind.WHAT_IF),
        (Key("q", ctrl=True), Kind.QUIT),
    ],
)
def test_keys_of_the_window_itself(table: Table, key: Key, kind: Kind) -> None:
    (outcome,) = table.do(key)
    assert [(w.kind, w.end) for w in outcome.wishes] == [(kind, None)]
    assert table.do(Key(key.name, down=False))[0].wishes == []
    assert table.do(Key(key.name, ctrl=key.ctrl, held=True))[0].wishes == []


def test_pause_asks_for_the_other_of_what_is(table: Table) -> None:
    assert table.do(Key("p"))[0].wishes[0].value is True
    table.desk.paused = True
    assert table.do(Key("p"))[0].wishes[0].value is False


def test_speed_goes_in_steps_and_ends_at_both_ends(table: Table) -> None:
    slower = [table.do(Key("comma"))[0].wishes[0].value for _ in range(5)]
    assert slower == [*SPEEDS[-2::-1], SPEEDS[0], SPEEDS[0]]
    assert [table.do(Key("period"))[0].wishes[0].value for _ in range(4)] == [*SPEEDS[1:], SPEEDS[-1]]


def test_number_keys_reach_all_categories_page_by_page() -> None:
    table = Table([Category(i, f"kind {i}", 0) for i in range(23)])
    table.do(Key("0"))
    assert table.desk.hand.category == 9
    table.do(Key("tab"), Key("1"))
    assert table.desk.hand.category == 10
    table.do(Key("tab"), Key("3"))
    assert table.desk.hand.category == 22
    (outcome,) = table.do(Key("4"))
    assert (table.desk.hand.category, outcome.note) == (22, "no category has the number 4")
    table.do(Key("tab"), Key("tab", shift=True), Key("tab", shift=True), Key("1"))
    assert table.desk.hand.category == 10


def test_a_category_that_is_retired_is_no_longer_painted(table: Table) -> None:
    table.desk.set_categories([Category(0, "kind 0", 0, retired=True), *CATEGORIES[1:]])
    assert table.desk.hand.category == -1
    table.do(Key("1"))
    assert table.desk.hand.category == 1


def test_a_new_category_gets_the_name_that_is_typed_and_keys_mean_letters_meanwhile(table: Table) -> None:
    outcomes = table.do(
        Key("n"), Key("b", shift=True), Key("u"), Key("e"), Key("backspace"), Key("space"), Key("2"), Key("enter")
    )
    assert [len(o.wishes) for o in outcomes] == [0] * 7 + [1]
    wish = outcomes[-1].wishes[0]
    assert (wish.kind, wish.value) == (Kind.NEW, "Bu 2")
    assert table.desk.hand.category == 0
    table.desk.choose(3)
    assert table.desk.hand.category == 3


def test_a_new_category_without_a_name_gets_one_and_escape_leaves_it(table: Table) -> None:
    assert table.do(Key("n"), Key("enter"))[-1].wishes[0].value == "category 4"
    assert table.do(Key("n"), Key("a"), Key("escape"))[-1].wishes == []
    assert table.desk.name is None


def test_looking_follows_the_mouse_and_tells_of_each_item(table: Table) -> None:
    looked = table.do(Key("i"), table.at(LEFT_CLUMP[:1]), table.at(RIGHT_CLUMP[:1]))
    begun = [r for o in looked for r in o.reports if r.phase is Phase.BEGIN]
    assert {r.name for r in begun} == {DWELL}
    assert begun[-1].item == table.desk.item
    assert table.desk.item in RIGHT_CLUMP
    assert begun[-2].item in LEFT_CLUMP
    (away,) = table.do(Key("i"))
    assert [(r.phase, r.item) for r in away.reports] == [(Phase.END, begun[-1].item)]
    assert table.desk.item is None


def test_sound_is_asked_for_of_the_item_under_the_mouse(table: Table) -> None:
    outcome = table.do(table.at(LEFT_CLUMP[:1]), Key("s"))[-1]
    assert outcome.wishes[0].kind is Kind.SOUND
    assert outcome.wishes[0].value in LEFT_CLUMP
    assert table.do(Moved(5, 5), Key("s"))[-1].note == "no item is under the mouse"


def test_help_is_open_at_first_and_goes_with_h_escape_or_the_first_mark(table: Table) -> None:
    assert table.desk.help
    table.paint(LEFT_CLUMP)
    assert not table.desk.help
    table.do(Key("h"))
    assert table.desk.help
    table.do(Key("escape"))
    assert not table.desk.help


# What the network is sure of


def proposal() -> Proposal:
    ids = np.array([3, 8, 11, 40], np.uint32)
    return Proposal(ids, np.array([1, 0, 1, 2], np.int16), ids[:2], 0.97, 99, 12)


def test_a_proposal_becomes_labels_only_when_it_is_confirmed(table: Table) -> None:
    assert [w.kind for w in table.do(Key("a"))[0].wishes] == [Kind.PROPOSE]
    table.desk.offer(proposal())
    (outcome,) = table.do(Key("a"))
    marks = {event.category: (event.sample_ids.tolist(), event.gesture) for event, _ in outcome.commits}
    assert marks == {0: ([8], ACCEPT), 1: ([3, 11], ACCEPT), 2: ([40], ACCEPT)}
    assert {(e.cloud_stamp_ns, e.epoch, e.kind) for e, _ in outcome.commits} == {(99, 12, EntryKind.ASSIGN)}
    assert all(end.gesture_id == event.event_id for event, end in outcome.commits)
    assert table.desk.proposal is None


def test_escape_leaves_a_proposal_and_an_empty_one_is_none(table: Table) -> None:
    table.desk.offer(proposal())
    assert table.do(Key("escape"), Key("enter"))[-1].commits == []
    table.desk.offer(Proposal(np.zeros(0, np.uint32), np.zeros(0, np.int16)))
    assert table.desk.proposal is None


# What others are told


def test_others_are_told_what_the_mouse_holds(table: Table) -> None:
    table.do(Key("x"), Key("2"))
    told = table.desk.told()
    assert (told.kind, told.category, told.erases, told.side, told.author) == (
        *(ToolKind.BOX, 1, False),
        *(Side.MOUSE, "somebody"),
    )
    table.do(Key("b"), Key("e"), Wheel(1))
    told = table.desk.told()
    assert (told.kind, told.category, told.erases) == (ToolKind.SPHERE, -1, True)
    assert told.radius_m == table.desk.hand.radius_m != brush.RADIUS_M
    table.desk.paused = True
    assert table.desk.told().paused
    assert {r.side for r in table.do(Key("1"))[0].reports} == {Side.MOUSE}


# Laws

NAMES = sorted(set(KEY_NAMES.values()))
inputs = st.one_of(
    st.builds(Moved, st.floats(-100, 1400), st.floats(-100, 900)),
    st.builds(Pressed, st.sampled_from(Button)),
    st.builds(Released, st.sampled_from(Button)),
    st.builds(Wheel, st.floats(-5, 5)),
    st.builds(Key, st.sampled_from(NAMES), st.booleans(), st.booleans(), st.booleans(), st.booleans()),
)


@given(st.lists(inputs, max_size=60), st.sampled_from(["1", "2", "3"]))
def test_whatever_is_done_every_gesture_that_begins_ends_once_or_goes_on(given_inputs: list[Input], first: str) -> None:
    table = Table()
    table.do(Key(first))
    open_now: set[str] = set()
    for given_input in given_inputs:
        (outcome,) = table.do(given_input)
        for report in [*outcome.reports, *(end for event, end in outcome.commits if event.gesture != ACCEPT)]:
            if report.phase is Phase.BEGIN:
                open_now.add(report.gesture_id)
            elif report.phase is Phase.UPDATE:
                assert report.gesture_id in open_now
            else:
                open_now.discard(report.gesture_id)
            assert np.isfinite(report.position).all()
        for event, _ in outcome.commits:
            check_region(event.region)
            assert (np.diff(event.sample_ids.astype(int)) > 0).all()
            assert len(event.sample_ids) > 0
    expected = {table.desk.mark.gesture_id} if table.desk.mark is not None else set()
    looking = {begun.gesture_id} if (begun := table.desk._looking.begun) is not None else set()
    assert open_now == expected | looking


# Time


def on_bar(x: float) -> Moved:
    """A place on the timeline, in a window 800 high."""
    return Moved(x, VIEWPORT.height - 52 * VIEWPORT.height / 720)


def test_a_drag_on_the_timeline_goes_through_time_and_marks_nothing(table: Table) -> None:
    table.desk.has_bar = True
    table.do(table.at(LEFT_CLUMP))
    outcomes = table.do(
        *(on_bar(1000), Pressed(Button.LEFT), on_bar(600), Moved(-50, 10), Moved(5000, 10), Released(Button.LEFT)),
        *(on_bar(700), Pressed(Button.RIGHT), Released(Button.RIGHT)),
    )
    wishes = [wish for outcome in outcomes for wish in outcome.wishes]
    assert {wish.kind for wish in wishes} == {Kind.SCRUB}
    shares = [float(wish.value) for wish in wishes]
    assert len(shares) == 4
    assert 1 > shares[0] > shares[1] > shares[2] == 0.0
    assert shares[3] == 1.0
    assert not any(outcome.commits or outcome.reports for outcome in outcomes)
    assert not table.desk.busy


def test_while_the_timeline_is_dragged_the_desk_is_busy_until_that_button_comes_up(table: Table) -> None:
    table.desk.has_bar = True
    table.do(on_bar(800), Pressed(Button.LEFT))
    assert table.desk.busy
    before = table.desk.viewpoint
    table.do(Pressed(Button.RIGHT), on_bar(500), Released(Button.RIGHT))
    assert table.desk.busy
    assert table.desk.viewpoint is before
    table.do(Released(Button.LEFT))
    assert not table.desk.busy


def test_over_the_timeline_there_is_no_brush_but_a_mark_that_is_being_made_goes_on_there(table: Table) -> None:
    table.desk.has_bar = True
    table.do(table.at(LEFT_CLUMP))
    assert table.desk.brush is not None
    table.do(on_bar(700))
    assert table.desk.brush is None
    table.do(table.at(LEFT_CLUMP), Pressed(Button.LEFT), on_bar(700))
    assert table.desk.brush is not None
    assert table.do(Released(Button.LEFT))[-1].commits


def test_where_there_is_no_timeline_a_press_there_is_one_on_the_cloud(table: Table) -> None:
    table.do(table.at(LEFT_CLUMP))
    pressed = table.do(on_bar(700), Pressed(Button.LEFT))[-1]
    assert pressed.wishes == []
    assert [report.phase for report in pressed.reports] == [Phase.BEGIN]


@pytest.mark.parametrize(
    ("key", "leap"),
    [
        (Key("bracketleft"), Leap.EARLIER_EVENT),
        (Key("pageup"), Leap.EARLIER_EVENT),
        (Key("bracketright"), Leap.LATER_EVENT),
        (Key("pagedown"), Leap.LATER_EVENT),
        (Key("left", shift=True), Leap.EARLIER),
        (Key("right", shift=True), Leap.LATER),
        (Key("home"), Leap.BEGINNING),
        (Key("end"), Leap.NOW),
    ],
)
def test_keys_go_through_time_but_not_while_something_is_being_marked(table: Table, key: Key, leap: Leap) -> None:
    (wish,) = table.do(key)[-1].wishes
    assert (wish.kind, wish.value) == (Kind.LEAP, leap)
    table.do(table.at(LEFT_CLUMP), Pressed(Button.LEFT))
    assert table.do(key)[-1].wishes == []
    assert table.desk.mark is not None


def test_escape_leads_back_to_now_after_all_else_is_closed(table: Table) -> None:
    table.desk.is_back = True
    table.do(Key("h") if not table.desk.help else Key("f"), table.at(LEFT_CLUMP), Pressed(Button.LEFT))
    wishes = []
    for _ in range(3):
        wishes.append([wish.value for wish in table.do(Key("escape"))[-1].wishes])
        table.do(Released(Button.LEFT))
    assert table.desk.mark is None
    assert wishes == [[], [Leap.NOW], [Leap.NOW]]
    table.desk.is_back = False
    assert table.do(Key("escape"))[-1].wishes == []
