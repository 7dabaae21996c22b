"""What is asked of others: in order, until there is an answer."""

import numpy as np

from latentvr_common.gestures import Phase, Report
from latentvr_common.outbox import RETRY_S, Outbox

END = Report("", "pinch_brush", Phase.END, 0, np.zeros(3), 0.05, 1, 1)


def filled() -> Outbox[str]:
    outbox: Outbox[str] = Outbox()
    outbox.add("a", "first", END)
    outbox.add("b", "second", END)
    return outbox


def due(outbox: Outbox[str], now_s: float) -> str | None:
    asked = outbox.due(now_s)
    return None if asked is None else asked.request


def test_one_is_asked_after_the_other_until_each_is_answered() -> None:
    outbox = filled()
    assert [due(outbox, t) for t in (0.0, RETRY_S / 2, RETRY_S)] == ["first", None, "first"]
    report = outbox.answered("a", True, "", 7)
    assert report is not None
    assert (report.phase, report.seq) == (Phase.END, 7)
    assert outbox.answered("a", True, "", 7) is None
    assert due(outbox, RETRY_S) == "second"
    refused = outbox.answered("b", False, "category is 9")
    assert refused is not None
    assert (refused.phase, refused.detail) == (Phase.CANCEL, "category is 9")
    assert len(outbox) == 0
    assert due(outbox, 9.0) is None


def test_an_answer_to_what_is_not_asked_yet_changes_nothing() -> None:
    outbox = filled()
    due(outbox, 0.0)
    assert outbox.answered("b", True, "") is None
    assert len(outbox) == 2


def test_what_could_not_be_asked_is_due_again_at_once() -> None:
    outbox = filled()
    assert due(outbox, 0.0) == "first"
    outbox.put_off()
    assert due(outbox, 0.01) == "first"


def test_giving_up_cancels_all_that_wait() -> None:
    outbox = filled()
    due(outbox, 0.0)
    assert [(r.phase, r.detail) for r in outbox.give_up("nobody is there")] == 2 * [(Phase.CANCEL, "nobody is there")]
    assert len(outbox) == 0
