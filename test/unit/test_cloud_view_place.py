"""What would live where the hand is: which place is asked about and when, and the card that shows the answer."""

import io
from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image

from cloud_view.camera import Subject, orbit
from cloud_view.panel import plate_corners
from cloud_view.place_card import TITLE, card_height, card_of, paint_card, put_card
from cloud_view.place_watch import PlaceWatch, place_of_hand
from latentvr_common.cloud import NONE, Cloud
from latentvr_common.hands import FULLY_TRACKED, JOINT_COUNT, Hand, Hands, Joint
from latentvr_common.labels import Category
from latentvr_common.place import Place
from latentvr_common.placement import Placement
from latentvr_common.png import read_png
from latentvr_common.scene import Brush, Scene

CATEGORIES = [Category(0, "cat", 0xFF0000), Category(1, "dog", 0x00FF00)]
PLACEMENT = Placement(np.array([0.0, 1.2, -0.5]), np.array([0.0, 0.6, 0.0, 0.8]), 0.4)
EMPTY = np.zeros(0, np.int16)
CLOUD = Cloud(1, np.zeros((0, 3), np.float32), EMPTY.astype(np.uint32), EMPTY, EMPTY, EMPTY.astype(np.float32))
PALM_DOWN, PALM_UP = (0.0, 0.0, 0.0, 1.0), (0.0, 0.0, 1.0, 0.0)


def png_of(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


STRIPES = png_of(np.tile(np.array([[0], [255]], np.uint8), (64, 128)))


def place(png: bytes = STRIPES, text: str = "", support: int = 12, predicted: int = 1, share: float = 0.72) -> Place:
    return Place(png, text, support, 0.1, 3, 0.05, predicted, share)


def hand_that_pinches(latent: Sequence[float], palm: Sequence[float] = PALM_DOWN) -> Hand:
    """A hand whose thumb and index finger meet at a place of the cloud, 2 cm apart."""
    middle = PLACEMENT.stage_from_latent(np.array(latent, float))
    positions = np.tile(middle + np.array([0.3, 0.0, 0.3]), (JOINT_COUNT, 1))
    half_apart = np.array([0.01, 0.0, 0.0])
    positions[Joint.THUMB_TIP], positions[Joint.INDEX_TIP] = middle - half_apart, middle + half_apart
    validity = np.full(JOINT_COUNT, FULLY_TRACKED, np.uint8)
    return Hand(True, positions, np.tile(palm, (JOINT_COUNT, 1)), np.full(JOINT_COUNT, 0.01), validity)


def scene(left: Hand | None = None, right: Hand | None = None, brushes: Sequence[Brush] = ()) -> Scene:
    return Scene(
        CLOUD, CATEGORIES, placement=PLACEMENT, hands=Hands(1, left or Hand(), right or Hand()), brushes=brushes
    )


# Which place


def test_the_newest_brush_comes_before_any_hand() -> None:
    brushes = [Brush(PLACEMENT.stage_from_latent(np.array(p)), 0.05, 0) for p in ([0.1, 0, 0], [0.2, -0.3, 0.4])]
    found = place_of_hand(scene(right=hand_that_pinches([0.5, 0, 0]), brushes=brushes))
    np.testing.assert_allclose(found, [0.2, -0.3, 0.4], atol=1e-12)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ([0.1, 0.2, 0.3], [0.4, 0.5, 0.6], [0.4, 0.5, 0.6]),
        ([0.1, 0.2, 0.3], None, [0.1, 0.2, 0.3]),
        ([0.1, 0.2, 0.3], [0.0, 1.2, 0.0], [0.1, 0.2, 0.3]),
        (None, [0.0, 1.1, 0.0], [0.0, 1.1, 0.0]),
        (None, [0.9, 0.9, 0.9], None),
        (None, None, None),
    ],
)
def test_a_hand_in_the_cloud_points_with_its_pinch(
    left: list[float] | None, right: list[float] | None, expected: list[float] | None
) -> None:
    hands = [None if latent is None else hand_that_pinches(latent) for latent in (left, right)]
    found = place_of_hand(scene(*hands))
    if expected is None:
        assert found is None
    else:
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_the_hand_that_holds_the_palette_does_not_point() -> None:
    assert place_of_hand(scene(left=hand_that_pinches([0.1, 0, 0], PALM_UP))) is None


def test_a_finger_that_is_not_tracked_does_not_point() -> None:
    hand = hand_that_pinches([0.1, 0.2, 0.3])
    hand.validity[Joint.INDEX_TIP] = 0
    assert place_of_hand(scene(right=hand)) is None
    assert place_of_hand(Scene(CLOUD)) is None


# When to ask

HERE = np.zeros(3)


def test_one_question_is_asked_at_a_time_and_the_next_when_it_is_answered() -> None:
    watch = PlaceWatch()
    first = watch.question(HERE, 0.0)
    assert first is not None
    assert watch.question(HERE, 0.25) is None
    watch.answer(first.number, place())
    assert watch.place == place()
    second = watch.question(HERE + 1, 0.5)
    assert second is not None
    assert second.place.tolist() == [1, 1, 1]
    assert watch.place == place(), "it stays until there is a newer one"
    watch.answer(second.number, None)
    assert watch.place is None


def test_a_question_without_an_answer_is_asked_again_and_a_late_answer_to_the_old_one_is_ignored() -> None:
    watch = PlaceWatch()
    lost = watch.question(HERE, 0.0)
    assert watch.question(HERE, 4.9) is None
    again = watch.question(HERE, 5.0)
    assert lost is not None
    assert again is not None
    watch.answer(lost.number, place(support=1))
    assert watch.place is None
    assert watch.question(HERE, 5.1) is None, "the second one is still open"
    watch.answer(again.number, place(support=2))
    assert watch.place == place(support=2)


def test_nothing_is_shown_once_nobody_points_any_more() -> None:
    watch = PlaceWatch()
    asked = watch.question(HERE, 0.0)
    assert asked is not None
    watch.answer(asked.number, place())
    asked = watch.question(HERE, 0.3)
    assert asked is not None
    assert watch.question(None, 0.6) is None
    assert watch.place is None
    watch.answer(asked.number, place())
    assert watch.place is None
    assert watch.question(HERE, 0.9) is not None, "the open question does not count any more"


# The card


def test_there_is_no_card_without_a_place() -> None:
    assert card_of(Scene(CLOUD, CATEGORIES)) is None


def test_the_card_says_category_share_and_company() -> None:
    card = card_of(Scene(CLOUD, CATEGORIES, place=place()))
    assert card is not None
    assert (card.name, card.color, card.share, card.around) == ("dog", (0, 255, 0), "72 %", "12 items within 0.1")
    assert (card.png, card.values) == (STRIPES, ())
    alone = card_of(Scene(CLOUD, CATEGORIES, place=place(support=1)))
    assert alone is not None
    assert alone.around == "1 item within 0.1"


def test_an_empty_place_is_called_a_guess_in_another_colour() -> None:
    lived_in, empty = (card_of(Scene(CLOUD, CATEGORIES, place=place(support=n))) for n in (1, 0))
    assert lived_in is not None
    assert empty is not None
    assert empty.around == "nobody is here: a guess"
    assert empty.around_color != lived_in.around_color


@pytest.mark.parametrize("predicted", [NONE, 9])
def test_a_place_without_a_known_category_says_so(predicted: int) -> None:
    card = card_of(Scene(CLOUD, CATEGORIES, place=place(predicted=predicted)))
    assert card is not None
    assert (card.name, card.share) == ("no category yet", "")


def test_rows_show_their_values_two_by_two() -> None:
    card = card_of(Scene(CLOUD, CATEGORIES, place=place(b"", "1 2.5 -3e+10 ...")))
    assert card is not None
    assert card.values == ("1  2.5", "-3e+10  ...")
    assert paint_card(card, 720).height == pytest.approx(card_height(card), abs=1)


def test_a_card_is_painted_once_and_grows_with_the_picture() -> None:
    cards = [card_of(Scene(CLOUD, CATEGORIES, place=place())) for _ in range(2)]
    assert cards[0] is not None
    assert cards[1] is not None
    small, large = paint_card(cards[0], 720), paint_card(cards[0], 1440)
    assert paint_card(cards[1], 720) is small
    assert (large.width, large.height) == (2 * small.width, 2 * small.height)


def test_the_card_stands_in_the_right_top_corner_with_the_decoded_picture() -> None:
    picture = Image.new("RGBX", (1280, 720), (9, 11, 16, 255))
    card = card_of(Scene(CLOUD, CATEGORIES, place=place(png_of(np.full((128, 64, 3), (250, 0, 250), np.uint8)))))
    assert card is not None
    put_card(picture, card)
    pixels = np.asarray(picture)[..., :3].astype(int)
    changed = (np.abs(pixels - [9, 11, 16]).sum(axis=-1) > 30).nonzero()
    assert changed[1].min() > 1000
    assert changed[1].max() <= 1240
    assert changed[0].max() < 320
    rows, columns = (np.abs(pixels - [250, 0, 250]).sum(axis=-1) < 9).nonzero()
    assert np.ptp(rows) + 1 == 170
    assert np.ptp(columns) + 1 == 85, "its shape is kept"
    assert (np.abs(pixels - (0, 255, 0)).sum(axis=-1) < 30).sum() > 60, "the dot of the category"
    assert TITLE == "what would live here"


@pytest.mark.parametrize(
    "png", [b"", b"GIF89a", STRIPES[:60], png_of(np.zeros((4, 3000), np.uint8))], ids=["none", "other", "cut", "huge"]
)
def test_what_is_no_picture_is_refused(png: bytes) -> None:
    with pytest.raises(ValueError, match="decode_place: the picture cannot be read"):
        read_png("decode_place", png)


def test_a_panel_at_the_right_covers_the_pixels_of_that_corner() -> None:
    camera = orbit(Subject(np.array([0.0, 1.2, -0.5]), 0.4), 99)
    pixels = camera.pixels(plate_corners(camera, (1280, 720), (170, 250), (1280 - 28 - 170, 28)), 1280, 720)
    np.testing.assert_allclose(pixels, [[1082, 28], [1252, 28], [1252, 278], [1082, 278]], atol=1e-6)
