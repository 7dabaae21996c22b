"""What both views show of the hands' work, as plain data: box, brush at rest, buttons, what goes on, for how long."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentvr_common import labels, palette, rotations
from latentvr_common.box_edges import box_corners, box_edges
from latentvr_common.cloud import NONE, Cloud
from latentvr_common.desks import at_desks
from latentvr_common.gesture_watch import NOTICE_S, STALE_S, GestureWatch
from latentvr_common.gestures import (
    ACCEPT,
    BECAME,
    BOX,
    DWELL,
    GRAB,
    PINCH_BRUSH,
    RADIUS,
    Phase,
    Report,
    Side,
    Tool,
    ToolKind,
)
from latentvr_common.hands import Hand, Joint, Validity
from latentvr_common.held import ERASES, NOTHING, brush_color, color_of_brush, color_of_selection, held
from latentvr_common.labels import Category
from latentvr_common.palette_faces import Face, faces
from latentvr_common.palette_signs import PEN, Sign, strokes
from latentvr_common.patience import Patience
from latentvr_common.placement import Placement
from latentvr_common.scene import Brush, Doing, Offer, Scene, Selection
from scripted_hands.anatomy import OPEN, PINCH_POINT, hand_at

RED = 0xE04020
CATEGORIES = (Category(0, "ant", RED), Category(1, "bee", 0x2060F0))
TURNED = Placement(np.array([0.2, 1.1, -0.7]), rotations.about_axis(np.array([0.6, 0.0, 0.8]), 0.9), 0.4)


def some_cloud(label: tuple[int, ...] = (NONE, 0, 0, 1)) -> Cloud:
    count = len(label)
    nothing = np.full(count, NONE, np.int16)
    places = np.zeros((count, 3), np.float32)
    return Cloud(1, places, np.zeros(count, np.uint32), np.array(label, np.int16), nothing, np.zeros(count, np.float32))


# The box


def box_scene(placement: Placement = TURNED) -> Scene:
    quat = rotations.about_axis(np.array([0.0, 1.0, 0.0]), 0.4)
    region = labels.box(np.array([0.1, -0.2, 0.3]), np.array([0.3, 0.2, 0.1]), quat)
    return Scene(some_cloud(), placement=placement, selection=Selection(0, np.zeros(0, np.uint32), region))


def test_the_edges_of_a_box_are_twelve_four_of_each_length_and_every_corner_ends_three() -> None:
    edges = box_edges(box_scene())
    assert edges.shape == (12, 2, 3)
    lengths = np.linalg.norm(edges[:, 0] - edges[:, 1], axis=1)
    np.testing.assert_allclose(np.sort(lengths), np.repeat([0.2, 0.4, 0.6], 4) * TURNED.scale)
    ends = np.round(edges.reshape(-1, 3), 9)
    _, times = np.unique(ends, axis=0, return_counts=True)
    assert times.tolist() == [3] * 8


def test_the_corners_of_a_box_are_as_far_along_its_own_axes_as_it_says() -> None:
    scene = box_scene()
    assert scene.selection is not None
    region = scene.selection.region
    latent = TURNED.latent_from_stage(box_corners(region, TURNED)) - region.centers[0]
    own = rotations.rotate(rotations.inverse(region.quat_xyzw), latent)
    np.testing.assert_allclose(np.abs(own), np.tile(region.half_size, (8, 1)))


def test_without_a_box_there_are_no_edges() -> None:
    scene = box_scene()
    flood = Selection(0, np.zeros(0, np.uint32), labels.flood(np.zeros(3), 0.1, 5.0))
    for other in (replace(scene, selection=None), replace(scene, selection=flood)):
        assert box_edges(other).shape == (0, 2, 3)


# What the hand holds


def hand_with_pinch_at(place: np.ndarray, *, left: bool = False) -> Hand:
    point = PINCH_POINT * ([-1.0, 1.0, 1.0] if left else [1.0, 1.0, 1.0])
    return hand_at(place - point, rotations.IDENTITY, OPEN, left=left)


MIDDLE = Placement().position
NO_HAND = Hand()


def test_the_brush_at_rest_is_where_a_pinch_would_meet_as_large_as_it_is_and_in_its_colour() -> None:
    scene = Scene(some_cloud(), CATEGORIES, tool=Tool(category=0, radius_m=0.06))
    hand = hand_with_pinch_at(MIDDLE)
    found = held(scene, NO_HAND, hand)
    assert found is not None
    np.testing.assert_allclose(found.position, (hand.positions[Joint.THUMB_TIP] + hand.positions[Joint.INDEX_TIP]) / 2)
    assert (found.radius_m, found.color) == (0.06, RED)


@pytest.mark.parametrize(
    ("tool", "color"), [(Tool(erases=True), ERASES), (Tool(), NOTHING), (Tool(category=1), 0x2060F0)]
)
def test_a_brush_that_erases_is_white_and_one_of_no_category_grey(tool: Tool, color: int) -> None:
    found = held(Scene(some_cloud(), CATEGORIES, tool=tool), NO_HAND, hand_with_pinch_at(MIDDLE))
    assert found is not None
    assert found.color == color
    assert brush_color(Scene(some_cloud(), CATEGORIES), tool.category, erases=tool.erases) == color
    assert brush_color(Scene(some_cloud(), CATEGORIES), 0, erases=tool.erases) == RED


def test_only_the_hand_that_paints_holds_a_brush() -> None:
    left = hand_with_pinch_at(MIDDLE, left=True)
    right_handed = Scene(some_cloud(), CATEGORIES, tool=Tool(category=0))
    left_handed = replace(right_handed, tool=Tool(category=0, side=Side.LEFT))
    assert held(right_handed, left, NO_HAND) is None
    assert held(left_handed, left, NO_HAND) is not None
    assert held(left_handed, NO_HAND, left) is None


def test_the_brush_at_rest_is_there_where_it_reaches_into_the_ball_of_the_cloud() -> None:
    placement = Placement(scale=0.2)
    scene = Scene(some_cloud(), CATEGORIES, placement=placement, tool=Tool(category=0, radius_m=0.05))
    for away_m, there in ((0.24, True), (0.26, False)):
        place = placement.position + np.array([0.0, away_m, 0.0])
        pinch = hand_with_pinch_at(place)
        exact = pinch.pinch_point()
        assert exact is not None
        hand = replace(pinch, positions=pinch.positions + (place - exact))
        assert (held(scene, NO_HAND, hand) is not None) == there


def test_while_a_gesture_goes_on_or_the_fingers_are_not_seen_no_brush_is_at_rest() -> None:
    hand = hand_with_pinch_at(MIDDLE)
    scene = Scene(some_cloud(), CATEGORIES, tool=Tool(category=0))
    assert held(replace(scene, doing=Doing(GRAB, MIDDLE)), NO_HAND, hand) is None
    assert held(replace(scene, brushes=(Brush(MIDDLE, 0.05, 0),)), NO_HAND, hand) is None
    hand.validity[Joint.THUMB_TIP] &= ~np.uint8(Validity.POSITION_VALID)
    assert held(scene, NO_HAND, hand) is None


# Buttons


def by_words(scene: Scene) -> dict[str, Face]:
    return {face.words: face for face in faces(scene)}


def test_every_button_says_what_it_is_where_it_is() -> None:
    scene = Scene(some_cloud(), CATEGORIES)
    shown = faces(scene)
    buttons = palette.buttons(CATEGORIES)
    assert [face.center for face in shown] == [tuple(b.center.tolist()) for b in buttons]
    assert {f.words for f in shown} == {
        *("ant", "bee"),
        *("new", "erase", "undo", "redo", "ball", "pause", "smaller", "larger", "accept"),
    }
    assert [f.sign is None for f in shown] == [b.category != NONE for b in buttons]
    tools = [f.sign for f in shown if f.sign is not None]
    assert len(set(tools)) == len(palette.TOOLS)
    assert faces(Scene(some_cloud())) == ()


def test_buttons_have_counts_and_those_in_use_are_active() -> None:
    plain = by_words(Scene(some_cloud(), CATEGORIES, tool=Tool(category=1)))
    assert (plain["ant"].count, plain["bee"].count) == (2, 1)
    assert [words for words, face in plain.items() if face.is_active] == ["bee"]
    erases = by_words(Scene(some_cloud(), CATEGORIES, tool=Tool(erases=True)))
    assert [words for words, face in erases.items() if face.is_active] == ["erase"]


def test_buttons_that_switch_show_what_is_held_and_what_they_would_do() -> None:
    before = by_words(Scene(some_cloud(), CATEGORIES))
    after = by_words(Scene(some_cloud(), CATEGORIES, tool=Tool(kind=ToolKind.DENSITY, paused=True)))
    assert (before["ball"].sign, after["region"].sign) == (Sign.BALL, Sign.REGION)
    assert (before["pause"].sign, after["go on"].sign) == (Sign.PAUSE, Sign.GO_ON)
    assert not {"region", "go on"} & set(before)
    assert not {"ball", "pause"} & set(after)


def test_the_button_for_more_says_which_page_of_how_many_is_open() -> None:
    many = tuple(Category(i, f"kind {i}", i) for i in range(30))
    for page in range(3):
        shown = by_words(Scene(some_cloud(), many, tool=Tool(page=page)))
        assert shown[f"{page + 1} of 3"].sign is Sign.MORE
        assert f"kind {11 * page}" in shown


@pytest.mark.parametrize("sign", list(Sign))
def test_every_sign_has_strokes_that_stay_on_its_button(sign: Sign) -> None:
    for stroke in strokes(sign):
        assert stroke.shape[0] >= 2
        assert np.abs(stroke).max() <= 1.0 - PEN
    pixels = [np.round(np.concatenate(strokes(other)), 6) for other in Sign if other is not sign]
    own = np.round(np.concatenate(strokes(sign)), 6)
    assert all(own.shape != other.shape or (own != other).any() for other in pixels)


def test_redo_is_undo_in_a_mirror() -> None:
    for undo, redo in zip(strokes(Sign.UNDO), strokes(Sign.REDO), strict=True):
        np.testing.assert_allclose(redo, undo * [-1.0, 1.0])


# What goes on


def report(
    phase: Phase, name: str = PINCH_BRUSH, gesture_id: str = "a", detail: str = "", radius_m: float = 0.05
) -> Report:
    item = 7 if name == DWELL else NONE
    return Report(gesture_id, name, phase, 1, np.array([0.1, 1.0, -0.4]), radius_m, 1, detail=detail, item=item)


def test_a_gesture_goes_on_from_its_beginning_to_its_end() -> None:
    watch = GestureWatch()
    for name, holds in ((PINCH_BRUSH, True), (BOX, True), (RADIUS, True), (GRAB, False), (DWELL, False)):
        watch.take(report(Phase.BEGIN, name), 0.0)
        watch.take(report(Phase.UPDATE, name), 0.5)
        doing = watch.doing(0.6)
        assert doing is not None
        assert (doing.name, doing.item) == (name, 7 if name == DWELL else NONE)
        assert [brush.name for brush in watch.brushes(0.6)] == ([name] if holds else [])
        assert watch.knows("a")
        watch.take(report(Phase.END, name), 0.7)
        assert watch.doing(0.7) is None
        assert watch.brushes(0.7) == ()
        assert not watch.knows("a")


def test_a_gesture_whose_end_is_lost_is_forgotten() -> None:
    watch = GestureWatch()
    watch.take(report(Phase.BEGIN), 0.0)
    assert watch.doing(STALE_S) is not None
    assert watch.doing(STALE_S + 0.01) is None
    assert watch.brushes(STALE_S + 0.01) == ()


def test_why_a_gesture_was_cancelled_is_told_for_two_seconds_or_until_the_next_one() -> None:
    watch = GestureWatch()
    watch.take(report(Phase.CANCEL, detail="hand lost"), 1.0)
    assert watch.notice(1.0) == watch.notice(0.99 + NOTICE_S) == "cancelled: hand lost"
    assert watch.notice(1.0 + NOTICE_S) == ""
    watch.take(report(Phase.CANCEL, detail="hand lost"), 10.0)
    watch.take(report(Phase.BEGIN, gesture_id="b"), 10.1)
    assert watch.notice(10.2) == ""


def test_a_gesture_that_became_another_one_or_a_look_that_ended_is_no_news() -> None:
    watch = GestureWatch()
    watch.take(report(Phase.CANCEL, detail=BECAME + BOX), 1.0)
    watch.take(report(Phase.CANCEL, DWELL, detail="hand lost"), 1.0)
    assert watch.notice(1.0) == ""


def offer_report(phase: Phase, gesture_id: str = "offer", detail: str = "12 items at 90 % or more") -> Report:
    return replace(report(phase, ACCEPT, gesture_id, detail), samples=12)


def test_an_offer_stands_from_its_beginning_to_its_end_and_leaves_the_hands_free() -> None:
    for end in (Phase.END, Phase.CANCEL):
        watch = GestureWatch()
        watch.take(offer_report(Phase.BEGIN), 0.0)
        watch.take(offer_report(Phase.UPDATE), 0.5)
        assert watch.knows("offer")
        assert watch.offer(0.6) == Offer("offer", "12 items at 90 % or more")
        assert watch.doing(0.6) is None
        assert watch.brushes(0.6) == ()
        watch.take(report(Phase.BEGIN, DWELL), 0.7)
        doing = watch.doing(0.7)
        assert doing is not None
        assert doing.name == DWELL
        assert watch.offer(0.7) is not None
        watch.take(offer_report(end), 0.8)
        assert watch.offer(0.8) is None
        assert not watch.knows("offer")


def test_an_offer_that_is_not_told_again_is_over_and_the_newest_is_the_one_that_stands() -> None:
    watch = GestureWatch()
    watch.take(offer_report(Phase.BEGIN), 0.0)
    watch.take(offer_report(Phase.BEGIN, "next", ""), 0.1)
    assert watch.offer(0.2) == Offer("next", "12 items")
    assert watch.offer(0.11 + STALE_S) is None


def test_an_offer_that_is_told_again_does_not_take_the_place_of_why_a_gesture_was_cancelled() -> None:
    watch = GestureWatch()
    watch.take(offer_report(Phase.BEGIN), 0.0)
    watch.take(report(Phase.CANCEL, detail="no category is chosen"), 0.1)
    watch.take(offer_report(Phase.UPDATE), 0.2)
    assert watch.notice(0.3) == "cancelled: no category is chosen"
    watch.take(offer_report(Phase.BEGIN, "next"), 0.4)
    assert watch.notice(0.5) == ""


# Patience


def test_what_comes_slowly_is_waited_for_longer_but_not_for_ever() -> None:
    for between_s, lasts_s in ((0.011, 0.1), (0.05, 0.1), (0.12, 0.24), (0.3, 0.5)):
        patience = Patience(0.1)
        assert patience.lasts_s == 0.1
        for i in range(20):
            patience.hear(i * between_s)
        assert patience.lasts_s == pytest.approx(lasts_s)


def test_what_comes_now_fast_now_slowly_is_waited_for_as_if_it_came_slowly_until_that_is_a_while_ago() -> None:
    patience = Patience(0.1)
    for at_s in np.cumsum([0.05] * 10 + [0.2] + [0.05] * 10):
        patience.hear(float(at_s))
    assert patience.lasts_s == pytest.approx(0.4)
    for i in range(40):
        patience.hear(10.0 + 0.01 * i)
    assert patience.lasts_s == 0.1


def test_a_silence_is_no_pace() -> None:
    patience = Patience(0.1)
    for at_s in np.cumsum([0.01] * 10 + [0.6] * 3):
        patience.hear(float(at_s))
    assert patience.lasts_s == 0.1


@given(st.lists(st.floats(0.0, 100.0), max_size=30), st.floats(0.01, 1.0))
def test_patience_is_never_less_than_the_least_nor_more_than_the_most(gaps: list[float], least_s: float) -> None:
    patience = Patience(least_s, most_s=0.5)
    for at_s in np.cumsum(gaps):
        patience.hear(float(at_s))
    assert least_s <= patience.lasts_s <= max(least_s, 0.5)


# Persons at a desk


@pytest.mark.parametrize(
    ("tool", "words", "color"),
    [
        (Tool(ToolKind.SPHERE, 0, radius_m=0.063), "ann: ant, brush 6 cm", RED),
        (Tool(ToolKind.BOX, 1), "ann: bee, box", 0x2060F0),
        (Tool(ToolKind.DENSITY, NONE, True), "ann: erase, dense region", ERASES),
        (Tool(ToolKind.BOX, 7), "ann: category 7, box", NOTHING),
    ],
)
def test_what_is_held_at_a_desk_in_words(tool: Tool, words: str, color: int) -> None:
    (found,) = at_desks(Scene(some_cloud(), CATEGORIES, desks={"ann": tool}))
    assert (found.words, found.color) == (words, color)


def test_who_holds_nothing_at_a_desk_is_not_told_of_and_several_come_by_name() -> None:
    desks = {"zoe": Tool(category=0), "ann": Tool(category=1), "bob": Tool()}
    assert [found.words[:3] for found in at_desks(Scene(some_cloud(), CATEGORIES, desks=desks))] == ["ann", "zoe"]


def test_what_is_held_at_a_desk_changes_nothing_in_the_hands() -> None:
    desks = {"ann": Tool(ToolKind.BOX, 1, page=3, side=Side.MOUSE)}
    alone, beside = Scene(some_cloud(), CATEGORIES), Scene(some_cloud(), CATEGORIES, desks=desks)
    assert faces(alone) == faces(beside)
    hand = hand_with_pinch_at(MIDDLE)
    before, after = held(alone, NO_HAND, hand), held(beside, NO_HAND, hand)
    assert before is not None
    assert after is not None
    assert (before.color, before.radius_m) == (after.color, after.radius_m)


@pytest.mark.parametrize(("name", "color"), [(PINCH_BRUSH, ERASES), (BOX, ERASES), (RADIUS, NOTHING)])
def test_a_mark_of_no_category_erases_whoever_makes_it(name: str, color: int) -> None:
    scene = Scene(some_cloud(), CATEGORIES, tool=Tool(category=1))
    assert color_of_brush(scene, Brush(MIDDLE, 0.1, NONE, name)) == color
    assert color_of_selection(scene, Selection(NONE, np.zeros(0, np.uint32))) == ERASES
