"""Colours of the cloud: a label in full, a prediction as far as it is believed, everything else grey."""

import numpy as np
import pytest

from latent_trainer.appearance import CloudColors, cloud_colors
from latentvr_common.cloud import NONE
from latentvr_common.colors import CATEGORY_COLORS, UNLABELLED_COLOR, split_rgb
from latentvr_common.labels import Category

CATEGORIES = (Category(0, "cat", 0xFF0000), Category(3, "dog", 0x00FF40), Category(5, "eel", 0x123456, retired=True))


def color_of(label: int, predicted: int, confidence: float, categories: tuple[Category, ...] = CATEGORIES) -> int:
    colors = cloud_colors(
        np.array([label], np.int16), np.array([predicted], np.int16), np.array([confidence], np.float32), categories
    )
    assert colors.dtype == np.uint32
    assert colors.shape == (1,)
    return int(colors[0])


@pytest.mark.parametrize(
    ("label", "predicted", "confidence", "expected"),
    [
        (0, NONE, 0.0, 0xFF0000),
        (3, NONE, 0.0, 0x00FF40),
        (0, 3, 1.0, 0xFF0000),
        (NONE, NONE, 0.0, UNLABELLED_COLOR),
        (NONE, NONE, 1.0, UNLABELLED_COLOR),
        (NONE, 0, 0.0, UNLABELLED_COLOR),
        (1, NONE, 0.0, UNLABELLED_COLOR),
        (255, NONE, 0.0, UNLABELLED_COLOR),
        (NONE, 255, 1.0, UNLABELLED_COLOR),
        (NONE, 4, 1.0, UNLABELLED_COLOR),
    ],
    ids=[
        "a label",
        "another label",
        "a label against a prediction",
        "nothing",
        "confidence in nothing",
        "a prediction that nobody believes",
        "an unknown label between known ones",
        "an unknown label above all known ones",
        "an unknown prediction above all known ones",
        "an unknown prediction between known ones",
    ],
)
def test_color(label: int, predicted: int, confidence: float, expected: int) -> None:
    assert color_of(label, predicted, confidence) == expected


def test_everything_is_grey_before_the_categories_are_known() -> None:
    assert color_of(0, NONE, 0.0, ()) == UNLABELLED_COLOR
    assert color_of(NONE, 0, 1.0, ()) == UNLABELLED_COLOR


def test_a_prediction_comes_nearer_to_its_category_the_more_it_is_believed_but_is_never_taken_for_a_label() -> None:
    target = split_rgb(0xFF0000).astype(int)
    grey = split_rgb(UNLABELLED_COLOR).astype(int)
    confidences = [0.0, 0.25, 0.5, 0.75, 1.0]
    away = [np.abs(split_rgb(color_of(NONE, 0, c)).astype(int) - target).sum() for c in confidences]
    assert away == sorted(away, reverse=True)
    assert len(set(away)) == len(away)
    assert 0.2 < away[-1] / np.abs(grey - target).sum() < 0.5


@pytest.mark.parametrize("confidence", [1.0001, 7.0])
def test_more_than_full_confidence_shows_as_full_confidence(confidence: float) -> None:
    assert color_of(NONE, 0, confidence) == color_of(NONE, 0, 1.0)


def test_every_item_of_a_cloud_has_the_color_that_it_has_alone() -> None:
    rng = np.random.default_rng(0)
    labels, predicted = rng.integers(-1, 7, size=(2, 200)).astype(np.int16)
    confidence = rng.random(200).astype(np.float32)
    together = cloud_colors(labels, predicted, confidence, CATEGORIES)
    alone = [color_of(*row) for row in zip(labels.tolist(), predicted.tolist(), confidence.tolist(), strict=True)]
    assert together.tolist() == alone


def test_an_empty_cloud_has_no_colors() -> None:
    nothing = np.zeros(0, np.int16)
    assert cloud_colors(nothing, nothing, np.zeros(0, np.float32), CATEGORIES).shape == (0,)


def test_the_order_of_the_categories_does_not_matter() -> None:
    categories = tuple(Category(i, f"category {i}", color) for i, color in enumerate(CATEGORY_COLORS))
    shown = [color_of(i, NONE, 0.0, categories[::-1]) for i in range(len(categories))]
    assert shown == list(CATEGORY_COLORS)


def test_colors_are_mixed_anew_when_and_only_when_something_is_new() -> None:
    labels, predicted = np.array([0, NONE, NONE], np.int16), np.array([3, 3, NONE], np.int16)
    confidence = np.array([0.5, 0.9, 0.3], np.float32)
    colors = CloudColors()
    first = colors.of(labels, predicted, confidence, CATEGORIES)
    assert colors.of(labels, predicted, confidence, CATEGORIES) is first
    np.testing.assert_array_equal(first, cloud_colors(labels, predicted, confidence, CATEGORIES))
    for given in (
        (labels[::-1], predicted, confidence, CATEGORIES),
        (labels, predicted[::-1], confidence, CATEGORIES),
        (labels, predicted, confidence / 2, CATEGORIES),
        (labels, predicted, confidence, CATEGORIES[:1]),
    ):
        found = colors.of(*given)
        assert not np.array_equal(found, first)
        np.testing.assert_array_equal(found, cloud_colors(*given))
