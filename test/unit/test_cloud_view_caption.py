"""The caption: its words and counts, its layout, and that something is painted."""

import math
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from cloud_view.caption import MOST_ROWS, caption_height, caption_of, paint_caption, put_caption
from latentvr_common import fonts
from latentvr_common.beacons import COLORS, Beacon, Why
from latentvr_common.cloud import NONE, Cloud
from latentvr_common.force_arrows import MOTION_COLOR, PULL_COLOR
from latentvr_common.forces import Forces
from latentvr_common.gestures import Side, Tool
from latentvr_common.labels import Category
from latentvr_common.scene import Offer, Progress, Scene, State

NOTHING_YET = Progress()
CATEGORIES = [Category(0, "cat", 0xFF0000), Category(1, "dog", 0x00FF00), Category(7, "old", 0x0000FF, retired=True)]


def cloud(label: list[int], predicted: list[int]) -> Cloud:
    count = len(label)
    return Cloud(
        1,
        np.zeros((count, 3), np.float32),
        np.zeros(count, np.uint32),
        np.array(label, np.int16),
        np.array(predicted, np.int16),
        np.zeros(count, np.float32),
    )


def scene(progress: Progress = NOTHING_YET, categories: list[Category] = CATEGORIES) -> Scene:
    return Scene(cloud([0, 0, NONE, NONE, 1], [0, 1, 1, 0, NONE]), categories, progress)


@pytest.mark.parametrize(
    ("accuracy", "confidence", "headline", "meaning"),
    [
        (0.9312, 0.5, "93.1 %", "correct"),
        (1.0, math.nan, "100.0 %", "correct"),
        (math.nan, 0.616, "62 %", "confidence"),
        (math.nan, math.nan, "5", "items"),
    ],
)
def test_the_headline_is_accuracy_or_else_confidence(
    accuracy: float, confidence: float, headline: str, meaning: str
) -> None:
    caption = caption_of(scene(Progress(accuracy=accuracy, confidence=confidence)))
    assert (caption.headline, caption.headline_meaning) == (headline, meaning)


@pytest.mark.parametrize("state", list(State))
def test_the_state_of_training_is_said(state: State) -> None:
    caption = caption_of(scene(Progress(state, epoch=1234, labelled=3)))
    assert caption.state == f"epoch 1,234  ·  {state.name.lower()}"
    assert caption.items == "3 of 5 items labelled"


def test_conflicts_have_a_line_of_their_own_and_all_below_makes_room() -> None:
    without, with_them = caption_of(scene()), caption_of(scene(Progress(conflicts=1234)))
    assert (without.conflicts, with_them.conflicts) == ("", "authors disagree on 1,234")
    lower = paint_caption(with_them, 720).height - paint_caption(without, 720).height
    assert lower == 28
    before, after = (np.asarray(paint_caption(c, 720)) for c in (without, with_them))
    np.testing.assert_array_equal(before[:95], after[:95])
    np.testing.assert_array_equal(before[105:], after[105 + lower :])
    assert after[105 : 105 + lower, :, 3].any()


@pytest.mark.parametrize(
    ("branch", "agreement", "right", "lines"),
    [
        ("", math.nan, math.nan, ()),
        ("without it", 0.824, 0.912, ("branch: without it", "82 % as before · 91.2 % correct then")),
        ("without it", 0.824, math.nan, ("branch: without it", "82 % as before")),
        ("without it", math.nan, math.nan, ("branch: without it",)),
        ("", 1.0, 1.0, ("branch: as it was", "100 % as before · 100.0 % correct then")),
    ],
)
def test_which_branch_it_is_is_said_and_all_below_makes_room(
    branch: str, agreement: float, right: float, lines: tuple[str, ...]
) -> None:
    caption = caption_of(scene(Progress(branch=branch, agreement=agreement, ghost_accuracy=right, conflicts=3)))
    assert caption.branch == lines
    without = caption_of(scene(Progress(conflicts=3)))
    before, after = (np.asarray(paint_caption(c, 720)) for c in (without, caption))
    lower = 22 * len(lines)
    assert len(after) - len(before) == lower
    np.testing.assert_array_equal(before[:125], after[:125])
    np.testing.assert_array_equal(before[133:], after[133 + lower :])
    for line in range(len(lines)):
        painted = after[130 + 22 * line : 152 + 22 * line, :, 3]
        assert painted.any()
        # Nothing is cut off at the right.
        assert not painted[:, -1].any()


@pytest.mark.parametrize("conflicts", [0, 12])
def test_what_is_offered_has_lines_of_its_own_and_all_below_makes_room(conflicts: int) -> None:
    words = "1,204 items at 90 % or more; 93 % of them expected to be right. Poke accept again to label them"
    plain = scene(Progress(conflicts=conflicts))
    without, with_it = caption_of(plain), caption_of(replace(plain, offer=Offer("a", words)))
    assert without.offer == ()
    assert " ".join(with_it.offer) == "1,204 items at 90 % or more; 93 % of them expected to be right"
    before, after = (np.asarray(paint_caption(c, 720)) for c in (without, with_it))
    lower, top = len(after) - len(before), 133 if conflicts else 105
    assert lower == 44
    np.testing.assert_array_equal(before[: top - 5], after[: top - 5])
    np.testing.assert_array_equal(before[top:], after[top + lower :])
    for line in (after[top : top + 22], after[top + 22 : top + 44]):
        assert line[..., 3].any()
        assert not line[:, -4:, 3].any()


def test_who_looks_back_in_time_is_told_in_a_line() -> None:
    now = scene(Progress())
    then = replace(now, tool=Tool(category=0, author="eve", looks_at_ns=7))
    ann = Tool(category=0, radius_m=0.06, side=Side.MOUSE, author="ann", looks_at_ns=7)
    assert [desk.words for desk in caption_of(then).desks] == ["eve looks back in time"]
    assert [desk.words for desk in caption_of(replace(then, desks={"ann": ann})).desks] == [
        "eve looks back in time",
        "ann: cat, brush 6 cm, looks back",
    ]
    assert caption_of(now).desks == ()


@pytest.mark.parametrize("conflicts", [0, 12])
def test_what_is_held_at_a_desk_has_a_line_of_its_own_in_its_colour_and_all_below_makes_room(conflicts: int) -> None:
    plain = scene(Progress(conflicts=conflicts))
    ann = Tool(category=0, radius_m=0.06, side=Side.MOUSE, author="ann")
    without, with_it = caption_of(plain), caption_of(replace(plain, desks={"ann": ann}))
    assert [desk.words for desk in with_it.desks] == ["ann: cat, brush 6 cm"]
    before, after = (np.asarray(paint_caption(c, 720)) for c in (without, with_it))
    lower, top = len(after) - len(before), 133 if conflicts else 105
    assert lower == 22
    np.testing.assert_array_equal(before[: top - 5], after[: top - 5])
    np.testing.assert_array_equal(before[top:], after[top + lower :])
    assert (after[top : top + lower, :9, :3].reshape(-1, 3) == (255, 0, 0)).all(axis=1).any()


def test_the_longest_offer_beside_the_longest_legend_has_room() -> None:
    many = scene(Progress(conflicts=12), [Category(i, f"kind {i}", 0x808080) for i in range(40)])
    crowded = replace(caption_of(replace(many, offer=Offer("a", "many words " * 30))), arrows=True, beacons=True)
    assert len(crowded.offer) == 2
    assert len(crowded.rows) + crowded.left_out == 40
    assert caption_height(crowded) <= caption_height(replace(caption_of(many), arrows=True, beacons=True))


def test_why_a_gesture_was_cancelled_takes_the_place_of_the_state() -> None:
    shown = scene(Progress(State.TRAINING, epoch=1234, labelled=3))
    caption = caption_of(replace(shown, notice="cancelled: hand lost"))
    assert caption.state == "cancelled: hand lost"
    assert caption.state_color != caption_of(shown).state_color


def test_a_node_that_is_not_well_has_lines_of_its_own_and_all_below_makes_room() -> None:
    well, ill = caption_of(scene()), caption_of(replace(scene(), trouble="label_journal: the disk is full " * 8))
    assert well.trouble == ()
    assert len(ill.trouble) == 3
    assert " ".join(ill.trouble).startswith("label_journal: the disk is full label_journal: the disk is")
    assert ill.trouble[-1].endswith("...")
    assert caption_height(ill) == caption_height(well) + 3 * 22
    assert ill.state == well.state
    warm = np.asarray(paint_caption(ill, 1080).convert("RGB")).reshape(-1, 3)
    assert (warm[:, 0].astype(int) - warm[:, 2] > 100).sum() > 500
    assert (np.asarray(paint_caption(well, 1080).convert("RGB")).reshape(-1, 3) != 0).any()


def test_the_legend_counts_a_label_before_a_prediction() -> None:
    rows = caption_of(scene()).rows
    assert [(row.name, row.color, row.labelled, row.predicted) for row in rows] == [
        ("cat", (255, 0, 0), 2, 1),
        ("dog", (0, 255, 0), 1, 1),
    ]


@pytest.mark.parametrize(("count", "shown", "left_out"), [(0, 0, 0), (14, 14, 0), (15, 13, 2), (60, 13, 47)])
def test_the_legend_says_how_many_categories_found_no_room(count: int, shown: int, left_out: int) -> None:
    caption = caption_of(scene(categories=[Category(i, f"kind {i}", 0x808080) for i in range(count)]))
    assert (len(caption.rows), caption.left_out) == (shown, left_out)
    assert caption_height(caption) < 720 - 80


def test_the_longest_legend_has_room_in_every_picture() -> None:
    assert MOST_ROWS == 14
    many = caption_of(scene(categories=[Category(i, "a long name of a category", 0x808080) for i in range(40)]))
    for height in (360, 720, 900, 2160):
        assert paint_caption(many, height).height < height * 0.95


def test_a_caption_is_painted_in_its_place_with_the_colours_of_its_categories() -> None:
    picture = Image.new("RGBX", (1280, 720), (9, 11, 16, 255))
    put_caption(picture, caption_of(scene(Progress(accuracy=0.9, confidence=0.9, labelled=3))))
    pixels = np.asarray(picture)[..., :3].astype(int)
    changed = (np.abs(pixels - [9, 11, 16]).sum(axis=-1) > 30).nonzero()
    assert 38 <= changed[1].min() < 48
    assert changed[1].max() < 300
    for color in ((255, 0, 0), (0, 255, 0)):
        assert (np.abs(pixels - color).sum(axis=-1) < 30).sum() > 60
    assert not (np.abs(pixels - (0, 0, 255)).sum(axis=-1) < 30).any(), "a retired category is not offered"


def test_the_same_caption_is_painted_once() -> None:
    caption = caption_of(scene())
    assert paint_caption(caption, 720) is paint_caption(caption_of(scene()), 720)


def test_a_caption_grows_with_the_picture() -> None:
    caption = caption_of(scene())
    small, large = paint_caption(caption, 720), paint_caption(caption, 1440)
    assert (large.width, large.height) == (2 * small.width, pytest.approx(2 * small.height, abs=2))


@pytest.mark.parametrize("words", ["93.1 % correct", "3 of 5 items labelled", "epoch 7  ·  paused", "a long na..."])
def test_the_font_that_comes_with_pillow_has_all_that_the_caption_says(words: str) -> None:
    assert fonts.has_glyphs("", words)


@pytest.mark.parametrize("name", ["Größe", "cigüeña", "куница", "λύκος"])
def test_names_in_european_scripts_need_no_installed_font(name: str) -> None:
    assert not fonts.has_glyphs("", name)
    assert fonts.font_for(name, 15).getname()[0] == "Roboto"


def test_names_in_any_script_can_be_painted() -> None:
    names = ["漢字", "куница", "é" * 50, ""]
    caption = caption_of(scene(categories=[Category(i, name, 0x808080) for i, name in enumerate(names)]))
    assert paint_caption(caption, 720).getbbox() is not None


def test_what_the_arrows_are_is_said_while_forces_are_shown() -> None:
    plain = caption_of(scene())
    shown = replace(plain, arrows=True)
    nothing = np.zeros((0, 3), np.float32)
    forces = Forces(1, np.zeros(0, np.uint32), nothing, (), np.zeros((0, 0, 3), np.float32), nothing, nothing)
    assert not plain.arrows
    assert caption_of(replace(scene(), forces=forces)).arrows
    picture = np.asarray(paint_caption(shown, 720).convert("RGB"))
    for color in (PULL_COLOR, MOTION_COLOR):
        assert (picture == color).all(axis=-1).sum() > 20
    assert picture.shape == np.asarray(paint_caption(plain, 720).convert("RGB")).shape


@pytest.mark.parametrize("arrows", [False, True])
def test_what_the_colours_of_beacons_are_is_said_while_they_are_shown(arrows: bool) -> None:
    plain = replace(caption_of(scene()), arrows=arrows)
    shown = replace(plain, beacons=True)
    assert not plain.beacons
    assert caption_of(replace(scene(), beacons=())).beacons
    assert caption_of(replace(scene(), beacons=(Beacon(1, 0, Why.MIXED),))).beacons
    before, picture = (np.asarray(paint_caption(c, 720).convert("RGB")) for c in (plain, shown))
    columns = []
    for color in COLORS.values():
        there = (picture == color).all(axis=-1)
        assert there.sum() > 20
        columns.append(np.flatnonzero(there.any(axis=0)).mean())
    assert columns == sorted(columns)
    # Beside the arrows it takes a line of its own; nothing is written over anything.
    assert len(picture) - len(before) == (24 if arrows else 0)
    for color in (PULL_COLOR, MOTION_COLOR) if arrows else ():
        assert (picture == color).all(axis=-1).sum() == (before == color).all(axis=-1).sum()
    rows = len(before) - 180
    np.testing.assert_array_equal(picture[-rows:], before[-rows:])
