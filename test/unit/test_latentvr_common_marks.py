"""What a mark is made of, whoever makes it: items found, what is shown before, the entry, and what is proposed."""

from itertools import count

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from latentvr import srv

from latentvr_common import conversions, rotations
from latentvr_common.checks.regions import check_region
from latentvr_common.cloud import Cloud
from latentvr_common.gestures import ACCEPT, BOX
from latentvr_common.labels import Kind, Shape
from latentvr_common.marks import entry_of, preview_of
from latentvr_common.proposal import Proposal
from latentvr_common.selecting.found import Found, in_box, in_dense_region, nothing_in
from latentvr_common.selecting.frames import Frame
from latentvr_common.selecting.stroke import Stroke


def frame(items: int = 300) -> Frame:
    positions = np.random.default_rng(3).normal(0.0, 0.3, (items, 3)).astype(np.float32)
    label = (np.arange(items) % 3 - 1).astype(np.int16)
    none = np.full(items, -1, np.int16)
    return Frame(Cloud(77, positions, np.zeros(items, np.uint32), label, none, np.zeros(items, np.float32)), 5)


def test_a_box_holds_what_its_region_says() -> None:
    shown, center, half = frame(), np.array([0.1, 0.0, -0.1]), np.array([0.3, 0.2, 0.4])
    turn = rotations.about_axis(np.array([0.0, 1.0, 0.0]), 0.6)
    found = in_box(shown, center, half, turn)
    check_region(found.region)
    own = rotations.rotate(rotations.inverse(turn), shown.cloud.positions - center)
    np.testing.assert_array_equal(found.ids, np.flatnonzero((np.abs(own) <= half).all(axis=1)))
    assert (found.region.shape, found.stamp_ns, found.epoch, found.ids.dtype) == (Shape.BOX, 77, 5, np.uint32)
    assert len(found) > 0


def test_a_dense_region_is_what_the_density_field_floods_and_its_region_says_how_dense() -> None:
    shown, place, reach = frame(), np.zeros(3), 0.2
    seed = shown.density.seed(place, reach)
    assert seed is not None
    found = in_dense_region(shown, seed, place, reach, 0.4)
    np.testing.assert_array_equal(found.ids, np.flatnonzero(shown.density.flood(seed, 0.4 * seed.density)))
    assert found.region.density == pytest.approx(0.4 * seed.density)
    assert (found.region.shape, found.stamp_ns, found.epoch) == (Shape.FLOOD, 77, 5)


def test_a_stroke_tells_items_region_and_frame_together() -> None:
    shown, stroke = frame(), Stroke(300)
    stroke.extend(shown, np.zeros(3), 0.2)
    found = stroke.found()
    away = np.linalg.norm(shown.cloud.positions, axis=1)
    np.testing.assert_array_equal(found.ids, np.flatnonzero(away <= 0.2))
    assert (found.region.shape, found.stamp_ns, found.epoch) == (Shape.SPHERES, 77, 5)
    assert (len(nothing_in(shown)), nothing_in(shown).stamp_ns, nothing_in(shown).epoch) == (0, 77, 5)


def test_what_is_shown_before_counts_the_labels_that_the_items_have() -> None:
    shown = frame()
    found = Found(np.array([0, 1, 2, 3], np.uint32), stamp_ns=70)
    preview = preview_of("a", 99, 2, found, shown)
    assert (preview.gesture_id, preview.stamp_ns, preview.cloud_stamp_ns, preview.category) == ("a", 99, 70, 2)
    assert preview.label_counts == {-1: 2, 0: 1, 1: 1}


@pytest.mark.parametrize(("erases", "kind", "category"), [(False, Kind.ASSIGN, 4), (True, Kind.ERASE, -1)])
def test_an_entry_has_the_gestures_name_and_an_eraser_gives_no_category(
    erases: bool, kind: Kind, category: int
) -> None:
    found = Found(np.array([2, 9], np.uint32), stamp_ns=70, epoch=3)
    event = entry_of("the gesture", BOX, "ann", 4, found, erases=erases)
    assert (event.event_id, event.kind, event.category, event.author) == ("the gesture", kind, category, "ann")
    assert (event.cloud_stamp_ns, event.epoch, event.gesture, event.seq) == (70, 3, BOX, 0)
    assert event.region is found.region
    assert event.sample_ids is found.ids


@given(st.lists(st.integers(0, 5), max_size=30))
def test_a_proposal_becomes_one_entry_for_each_category_and_every_item_is_in_one(kinds: list[int]) -> None:
    ids, categories = np.arange(len(kinds), dtype=np.uint32) * 2, np.array(kinds, np.int16)
    numbers = count()
    entries = Proposal(ids, categories, cloud_stamp_ns=8, epoch=6).entries("ann", lambda: str(next(numbers)))
    assert [e.category for e in entries] == sorted(set(kinds))
    assert len({e.event_id for e in entries}) == len(entries)
    given_to = {int(i): e.category for e in entries for i in e.sample_ids}
    assert given_to == dict(zip(ids.tolist(), kinds, strict=True))
    assert all((e.kind, e.gesture, e.cloud_stamp_ns, e.epoch) == (Kind.ASSIGN, ACCEPT, 8, 6) for e in entries)


def test_a_proposal_is_read_from_an_answer_and_one_that_does_not_add_up_is_refused() -> None:
    response = srv.ProposeLabels.Response(sample_ids=[3, 5], categories=[1, 0], audit_ids=[5], expected=0.9, epoch=4)
    proposal = conversions.proposal_from_msg(response)
    assert (proposal.sample_ids.tolist(), proposal.categories.tolist(), proposal.audit_ids.tolist()) == (
        *([3, 5], [1, 0]),
        [5],
    )
    assert (proposal.expected, proposal.epoch, len(proposal)) == (pytest.approx(0.9), 4, 2)
    with pytest.raises(ValueError, match="2 sample_ids and 1 categories"):
        conversions.proposal_from_msg(srv.ProposeLabels.Response(sample_ids=[3, 5], categories=[1]))
