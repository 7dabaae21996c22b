"""What is shown: nothing before the first cloud, the items on their way, and what was last seen of them at a fault."""

from dataclasses import replace

import numpy as np

from latent_trainer.glide import Glide
from latent_trainer.marks import marks_of
from latent_trainer.shown import Shown
from latent_trainer.training import Encoded
from latent_trainer.worker import Snapshot, State
from latentvr_common.cloud import NONE
from latentvr_common.labels import Category, LabelBook


def snapshot(count: int = 3) -> Snapshot:
    encoded = Encoded(np.ones((count, 3), np.float32), np.zeros(count, np.int16), np.full(count, 0.5, np.float32))
    return Snapshot(encoded, State.TRAINING, "", 2, 40, {}, 9.0, 1)


def fault() -> Snapshot:
    return replace(snapshot(0), state=State.FAULT, text="training stopped: no room", steps_per_s=0.0)


def shown() -> Shown:
    return Shown(marks_of(LabelBook(3), ()))


def test_no_items_are_seen_before_the_first_cloud() -> None:
    before = shown()
    assert (before.encoded(0.0), before.fault) == (None, "")
    before.take_fault(fault())
    assert before.encoded(0.0) is None
    assert before.fault == "training stopped: no room"


def test_items_are_seen_where_they_are_on_their_way() -> None:
    seen = shown()
    seen.snapshot = snapshot()
    seen.glide = Glide(np.full((3, 3), 7.0, np.float32), 0.0)
    encoded = seen.encoded(5.0)
    assert encoded is not None
    assert (encoded.positions == 7.0).all()
    assert encoded.confidence is seen.snapshot.encoded.confidence


def test_nothing_is_taken_for_a_retired_category_whichever_comes_first_the_news_or_the_network() -> None:
    names = (Category(0, "cat", 0), Category(3, "dog", 0), Category(5, "eel", 0))
    encoded = Encoded(np.ones((4, 3), np.float32), np.array([0, 3, NONE, 5], np.int16), np.full(4, 0.5, np.float32))
    before = replace(snapshot(), encoded=encoded)
    for retired, predicted in (((), [0, 3, NONE, 5]), ((3,), [0, NONE, NONE, 5]), ((0, 3, 5), [NONE] * 4)):
        marks = marks_of(LabelBook(4), tuple(replace(c, retired=c.id in retired) for c in names))
        news_last, news_first = shown(), shown()
        news_last.take_snapshot(before)
        news_last.use_marks(marks)
        news_first.use_marks(marks)
        assert news_first.take_snapshot(before) is news_first.snapshot
        for found in (news_last.snapshot, news_first.snapshot):
            assert found is not None
            assert found.encoded.predicted.tolist() == predicted
            assert found.encoded.predicted.dtype == np.int16
            assert found.encoded.confidence.tolist() == [
                0.5 if p != NONE or i == 2 else 0 for i, p in enumerate(predicted)
            ]
            assert found.encoded.confidence.dtype == np.float32
            assert found.encoded.positions is encoded.positions
    assert encoded.predicted.tolist() == [0, 3, NONE, 5], "what the worker holds is as it was"


def test_a_fault_keeps_what_was_last_seen_of_the_items() -> None:
    seen = shown()
    seen.snapshot = before = snapshot()
    seen.take_fault(fault())
    assert (seen.fault, seen.snapshot.state, seen.snapshot.steps_per_s) == (fault().text, State.FAULT, 0.0)
    assert seen.snapshot.encoded is before.encoded
    assert (seen.snapshot.epoch, seen.snapshot.step) == (2, 40)
