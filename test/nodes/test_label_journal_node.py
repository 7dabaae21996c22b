"""The journal on real DDS: acknowledgements, late joiners, and what is left after kill -9."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from latentvr import msg, srv
from node_process import NodeProcess, Peer

from latentvr_common import topics


def start(directory: Path, **more: object) -> NodeProcess:
    parameters = {"path": str(directory / "labels.db"), "item_count": 50, "categories": ["cat", "dog"], **more}
    return NodeProcess("label_journal", parameters, directory / "log")


def entry(category: int = 0, ids: tuple[int, ...] = (1, 2), **more: object) -> srv.SubmitLabels.Request:
    event = msg.LabelEvent(
        event_id=str(uuid.uuid4()), kind=0, category=category, sample_ids=list(ids), author="ann", **more
    )
    return srv.SubmitLabels.Request(event=event)


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer(topics.LABELS, topics.CATEGORIES) as peer:
        yield peer


def test_an_entry_is_acknowledged_published_and_there_for_late_joiners(tmp_path: Path, peer: Peer) -> None:
    with start(tmp_path) as journal:
        request = entry()
        answer = peer.call(topics.SUBMIT_LABELS, request)
        assert (answer.accepted, answer.seq, answer.duplicate, answer.message) == (True, 1, False, "")
        again = peer.call(topics.SUBMIT_LABELS, request)
        assert (again.accepted, again.seq, again.duplicate) == (True, 1, True)
        peer.call(topics.SUBMIT_LABELS, entry(1, (3,)))
        peer.wait_until(lambda: len(peer.heard["labels"]) >= 2, "two entries")
        assert [m.seq for m in peer.heard["labels"]] == [1, 2]
        with Peer(topics.LABELS) as late:
            late.wait_until(lambda: len(late.heard["labels"]) >= 2, "what came before")
            assert [list(m.sample_ids) for m in late.heard["labels"]] == [[1, 2], [3]]
        page = peer.call(topics.GET_LABELS, srv.GetLabels.Request(after_seq=1))
        assert ([e.seq for e in page.events], page.last_seq) == ([2], 2)
        assert peer.call(topics.GET_LABELS, srv.GetLabels.Request(limit=1)).events[0].event_id == request.event.event_id
        assert journal.stop() == 0


def test_a_bad_entry_is_refused_with_its_reason_and_the_node_goes_on(tmp_path: Path, peer: Peer) -> None:
    with start(tmp_path):
        for request, said in (
            (entry(5), "category is 5, expected one of [0, 1]"),
            (entry(ids=(50,)), "sample_ids go up to 50, expected less than 50"),
            (srv.SubmitLabels.Request(event=msg.LabelEvent(kind=9)), "kind is 9, expected 0 to 3"),
        ):
            answer = peer.call(topics.SUBMIT_LABELS, request)
            assert (answer.accepted, answer.seq) == (False, 0)
            assert said in answer.message
        assert peer.call(topics.SUBMIT_LABELS, entry()).seq == 1


def test_undo_and_redo_are_entries_of_their_own(tmp_path: Path, peer: Peer) -> None:
    with start(tmp_path):
        assert not peer.call(topics.UNDO, srv.StepHistory.Request(author="ann")).accepted
        peer.call(topics.SUBMIT_LABELS, entry())
        undone = peer.call(topics.UNDO, srv.StepHistory.Request(author="ann"))
        redone = peer.call(topics.REDO, srv.StepHistory.Request(author="ann"))
        assert [(a.accepted, a.seq, a.target_seq) for a in (undone, redone)] == [(True, 2, 1), (True, 3, 1)]
        peer.wait_until(lambda: len(peer.heard["labels"]) >= 3, "three entries")
        assert [m.kind for m in peer.heard["labels"]] == [0, 2, 3]


def test_categories_change_while_it_runs(tmp_path: Path, peer: Peer) -> None:
    with start(tmp_path):
        operations = srv.SetCategories.Request
        peer.wait_until(lambda: peer.heard["categories"], "the first categories")
        added = peer.call(
            topics.SET_CATEGORIES, operations(operation=operations.ADD, category=msg.Category(name="eel"))
        )
        assert (added.accepted, added.id) == (True, 2)
        refused = peer.call(
            topics.SET_CATEGORIES, operations(operation=operations.ADD, category=msg.Category(name="cat"))
        )
        assert (refused.accepted, refused.id) == (False, -1)
        assert "'cat' is in use" in refused.message
        assert peer.call(
            topics.SET_CATEGORIES, operations(operation=operations.RETIRE, category=msg.Category(id=0))
        ).accepted
        peer.wait_until(lambda: peer.heard["categories"][-1].revision == 4, "the fourth revision")
        assert [(c.name, c.retired) for c in peer.heard["categories"][-1].categories] == [
            ("cat", True),
            ("dog", False),
            ("eel", False),
        ]


def test_merged_categories_are_published_with_the_entry_that_merged_them(tmp_path: Path, peer: Peer) -> None:
    with start(tmp_path, wins="ann"):
        operations = srv.SetCategories.Request
        for request in (entry(0, (1, 2)), entry(1, (5,))):
            peer.call(topics.SUBMIT_LABELS, request)
        merge = operations(operation=operations.MERGE, category=msg.Category(id=0), into=1, author="bob")
        answer = peer.call(topics.SET_CATEGORIES, merge)
        assert (answer.accepted, answer.id, answer.seq, answer.message) == (True, 1, 3, "")
        refused = peer.call(topics.SET_CATEGORIES, merge)
        assert (refused.accepted, refused.id, refused.seq) == (False, -1, 0)
        assert "category id is 0, expected that of a category that is not retired" in refused.message
        missing = peer.call(
            topics.SET_CATEGORIES, operations(operation=operations.MERGE, category=msg.Category(id=1), author="bob")
        )
        assert "into is -1, expected" in missing.message
        peer.wait_until(lambda: len(peer.heard["labels"]) >= 3, "the entry")
        merged = peer.heard["labels"][2]
        assert (merged.kind, merged.category, list(merged.sample_ids)) == (0, 1, [1, 2])
        assert (merged.author, merged.gesture) == ("bob", "merge")
        peer.wait_until(lambda: peer.heard["categories"][-1].revision == 3, "the third revision")
        assert [c.retired for c in peer.heard["categories"][-1].categories] == [True, False]
        assert peer.heard["categories"][-1].wins == "ann"
        back = peer.call(topics.SET_CATEGORIES, operations(operation=operations.RESTORE, category=msg.Category(id=0)))
        assert (back.accepted, back.id) == (True, 0)
        unknown = peer.call(topics.SET_CATEGORIES, operations(operation=6))
        assert "operation is 6, expected 0 add, 1 rename, 2 recolor, 3 retire, 4 merge, 5 restore" in unknown.message


def test_a_merge_whose_answer_is_lost_is_asked_for_again_and_made_once(tmp_path: Path, peer: Peer) -> None:
    operations = srv.SetCategories.Request
    name = str(uuid.uuid4())
    merge = operations(operation=operations.MERGE, category=msg.Category(id=0), into=1, author="bob", event_id=name)
    with start(tmp_path) as journal:
        peer.call(topics.SUBMIT_LABELS, entry(0, (1, 2)))
        first = peer.call(topics.SET_CATEGORIES, merge)
        assert (first.accepted, first.id, first.seq, first.duplicate) == (True, 1, 2, False)
        journal.kill()
    with start(tmp_path):
        again = peer.call(topics.SET_CATEGORIES, merge)
        assert (again.accepted, again.id, again.seq, again.duplicate, again.message) == (True, 1, 2, True, "")
        other = peer.call(topics.SET_CATEGORIES, operations(operation=operations.ADD, event_id=name))
        assert (other.accepted, other.id) == (False, -1)
        assert f"event_id {name} names something else" in other.message
        page = peer.call(topics.GET_LABELS, srv.GetLabels.Request())
        assert [(e.event_id == name, e.category) for e in page.events] == [(False, 0), (True, 1)]
        peer.wait_until(lambda: peer.heard["categories"][-1].revision == 3, "the third revision")


def test_a_category_asked_for_twice_by_one_name_is_added_once(tmp_path: Path, peer: Peer) -> None:
    with start(tmp_path):
        operations = srv.SetCategories.Request
        add = operations(operation=operations.ADD, category=msg.Category(name="eel"), event_id=str(uuid.uuid4()))
        answers = [peer.call(topics.SET_CATEGORIES, add) for _ in range(2)]
        assert [(a.accepted, a.id, a.duplicate) for a in answers] == [(True, 2, False), (True, 2, True)]


def test_conflicts_are_counted_in_the_health(tmp_path: Path) -> None:
    with Peer(topics.DIAGNOSTICS) as peer, start(tmp_path):
        mine, theirs = entry(0, (1, 2, 3)), entry(1, (2, 3, 4))
        theirs.event.author = "bob"
        for request in (mine, theirs):
            peer.call(topics.SUBMIT_LABELS, request)

        def told() -> list[dict[str, str]]:
            statuses = [s for m in peer.heard["/diagnostics"] for s in m.status if s.name == "/latentvr/label_journal"]
            return [{v.key: v.value for v in s.values} for s in statuses if "disagree on 2 items" in s.message]

        peer.wait_until(told, "conflicts")
        assert (told()[0]["conflicts"], told()[0]["entries"]) == ("2", "2")


def test_after_kill_9_everything_acknowledged_is_there_and_numbering_goes_on(tmp_path: Path, peer: Peer) -> None:
    requests = [entry() for _ in range(20)]
    with start(tmp_path) as journal:
        assert [peer.call(topics.SUBMIT_LABELS, r).seq for r in requests] == list(range(1, 21))
        journal.kill()
    with start(tmp_path):
        page = peer.call(topics.GET_LABELS, srv.GetLabels.Request())
        assert [e.event_id for e in page.events] == [r.event.event_id for r in requests]
        assert peer.call(topics.SUBMIT_LABELS, requests[7]).seq == 8
        assert peer.call(topics.SUBMIT_LABELS, entry()).seq == 21


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"item_count": 0}, "parameter item_count is 0, expected at least 1 items"),
        ({"path": "/proc/labels.db"}, "expected a writable directory"),
        ({"wins": ""}, "wins has 0 characters, expected newest or an author"),
    ],
)
def test_bad_parameters_end_it_with_one_line_and_code_2(
    tmp_path: Path, parameters: dict[str, object], said: str
) -> None:
    with start(tmp_path, **parameters) as journal:
        assert journal.wait() == 2
        assert journal.said().startswith("error: ")
        assert said in journal.said()
        assert journal.said().count("\n") == 1
