"""How a session went: one moment for each entry of the journal."""

import math

import numpy as np
import pytest
from outcomes import CATEGORIES, ITEMS, MARKS, mark, marks

from latent_trainer.history import History, Moment
from latentvr_common.cloud import NONE
from latentvr_common.labels import Kind, LabelEvent


def test_marks_say_who_gave_which_label_and_how_many_there_were() -> None:
    said = marks(*MARKS, LabelEvent("undo", Kind.RETRACT, target_seq=2, seq=5))
    assert said.labels[:18].tolist() == [0] * 6 + [NONE] * 6 + [9] * 3 + [NONE] * 3
    assert said.origins[:18].tolist() == [1] * 6 + [0] * 6 + [3] * 3 + [0] * 3, "nothing of what is retired"
    assert said.authors == {1: "ada", 3: "ada"}
    assert (said.made, said.seq, said.labelled) == (4, 5, 9)
    assert said.same_as(marks(*MARKS, LabelEvent("undo", Kind.RETRACT, target_seq=2, seq=5)))
    assert not said.same_as(marks(*MARKS))
    assert not said.same_as(marks(*MARKS, LabelEvent("undo", Kind.RETRACT, target_seq=2, seq=5), categories=()))


def test_no_marks_are_marks_too() -> None:
    said = marks(categories=())
    assert (said.made, said.seq, said.labelled, said.authors) == (0, 0, 0, {})
    assert said.labels.tolist() == [NONE] * ITEMS


def test_a_moment_is_as_far_as_the_network_had_come_before_the_next_entry() -> None:
    history = History()
    history.note_labels(marks())
    history.note_labels(marks(mark(1, 0, 1, 2)))
    history.note_predictions(1, 0.2, 0.5)
    history.note_predictions(1, 0.3, 0.6)
    history.note_labels(marks(mark(1, 0, 1, 2), mark(2, 2, 3)))
    history.note_predictions(1, 0.4, 0.7)  # training has not taken in the second yet
    seen = history.moments()
    history.note_predictions(2, 0.8, 0.9)
    assert [(m.seq, m.marks, m.labelled) for m in seen] == [(0, 0, 0), (1, 1, 2), (2, 2, 3)]
    assert seen[1] == Moment(1, 1, 2, 0.4, 0.7)
    assert math.isnan(seen[2].accuracy), "what was given does not change"
    assert history.moments()[2].accuracy == 0.8


def test_new_names_keep_what_is_known_and_predictions_with_entries_that_nobody_knows_are_not_kept() -> None:
    history = History()
    history.note_labels(marks(MARKS[0]))
    history.note_predictions(1, 0.5, 0.5)
    history.note_predictions(7, 0.9, 0.9)
    history.note_labels(marks(MARKS[0], categories=CATEGORIES[1:]))
    assert history.moments() == (Moment(1, 1, 6, 0.5, 0.5),)


@pytest.mark.parametrize("kinds", [[Kind.ASSIGN, Kind.ERASE], [Kind.ASSIGN, Kind.RETRACT, Kind.RESTORE]])
def test_marks_made_are_marks_and_erasures_also_those_taken_back(kinds: list[Kind]) -> None:
    events = [
        LabelEvent(f"{i}", kind, 0, np.array([1], np.uint32), target_seq=1, seq=i) for i, kind in enumerate(kinds, 1)
    ]
    assert marks(*events).made == sum(kind in (Kind.ASSIGN, Kind.ERASE) for kind in kinds)
