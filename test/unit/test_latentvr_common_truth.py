"""Truth in the terms of a session."""

import numpy as np

from latentvr_common.labels import Category
from latentvr_common.truth import truth_ids

TRUTH = np.array([0, 1, 2, 1], dtype=np.int16)
NAMES = ("ant", "bee", "cat")


def test_true_categories_are_found_by_name_whatever_their_ids() -> None:
    categories = [Category(0, "cat", 0), Category(1, "dog", 0), Category(2, "ant", 0), Category(7, "bee", 0)]
    ids = truth_ids(TRUTH, NAMES, categories)
    assert ids is not None
    assert ids.tolist() == [2, 7, 0, 7]


def test_an_item_whose_true_category_is_not_offered_has_none() -> None:
    ids = truth_ids(TRUTH, NAMES, [Category(0, "bee", 0), Category(1, "cat", 0, retired=True)])
    assert ids is not None
    assert ids.tolist() == [-1, 0, -1, 0]


def test_nothing_is_known_without_truth_or_with_other_categories() -> None:
    assert truth_ids(None, NAMES, [Category(0, "ant", 0)]) is None
    assert truth_ids(TRUTH, NAMES, [Category(0, "category 1", 0)]) is None
    assert truth_ids(TRUTH, NAMES, []) is None
