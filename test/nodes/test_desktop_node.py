"""The window for labelling on real DDS and a real display: mouse and keys go in, the journal's entries come out."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from latentvr import msg, srv
from mouse_and_keys import RIGHT, MouseAndKeys
from node_process import NodeProcess, Peer
from PIL import Image
from virtual_display import SIZE, of_debian, running, virtual_display

from latentvr_common import conversions, topics
from latentvr_common.cloud import Cloud
from latentvr_common.colors import CATEGORY_COLORS, split_rgb
from latentvr_common.node_tools import advertise, listeners, serve

ITEMS = 600
MAGENTA = (250, 0, 250)
BEE, CAT = (tuple(int(v) for v in split_rgb(CATEGORY_COLORS[i])) for i in (1, 2))
HEARD = (topics.GESTURES, topics.SELECTION, topics.LABELS, topics.CATEGORIES, topics.DIAGNOSTICS)
PNG_END = b"IEND\xaeB`\x82"


def cloud() -> Cloud:
    """One ball of items in the middle."""
    random = np.random.default_rng(0)
    positions = (0.22 * random.normal(size=(ITEMS, 3))).astype(np.float32)
    none = np.full(ITEMS, -1, np.int16)
    grey = np.full(ITEMS, 0x7A7F87, np.uint32)
    return Cloud(1_000_000_000, positions, grey, none, none, np.zeros(ITEMS, np.float32))


class Desk:
    """A journal, a window, and hands at it."""

    def __init__(self, hands: MouseAndKeys, peer: Peer, window: NodeProcess) -> None:
        self.hands = hands
        self.peer = peer
        self.window = window
        self.cloud_out = advertise(peer.node, topics.CLOUD)
        self.cloud_out.publish(conversions.cloud_to_msg(cloud()))
        self.wait(lambda: hands.window("latentvr") is not None, "a window")
        left, top, width, height = hands.window("latentvr") or (0, 0, 0, 0)
        self.middle = left + 0.62 * width, top + 0.5 * height
        self.wait(lambda: peer.heard["categories"], "categories")
        self.wait(lambda: self.shows(CAT, 50), "the list of categories")
        hands.key("escape")
        hands.move(*self.middle)
        # Both sides have to know each other: what is told before is lost.
        self.wait(lambda: peer.node.count_publishers(topics.GESTURES.name) > 0, "somebody who tells of gestures")

    def wait(self, condition: Callable[[], Any], what: str) -> None:
        assert self.window._popen.poll() is None, self.window.said()
        try:
            self.peer.wait_until(condition, what, 90.0)
        except AssertionError as error:
            told = [(g.name, g.phase, g.detail, g.samples) for g in self.peer.heard["gestures"]]
            raise AssertionError(f"{error}; gestures: {told}; it said: {self.window.said()}") from error

    def gestures(self, name: str, phase: int) -> list[msg.Gesture]:
        return [g for g in self.peer.heard["gestures"] if g.name == name and g.phase == phase]

    def labels(self) -> list[msg.LabelEvent]:
        return list(self.peer.heard["labels"])

    def paint(self) -> msg.LabelEvent:
        """Paint a little in the middle; return the entry."""
        before = len(self.labels())
        x, y = self.middle
        self.hands.drag((x, y), (x + 40, y + 20))
        self.wait(lambda: len(self.labels()) > before, "an entry")
        return self.labels()[-1]

    def shows(self, color: tuple[int, ...], pixels: int) -> bool:
        away = np.abs(self.hands.screen().astype(int) - color).max(axis=-1)
        return bool((away < 12).sum() >= pixels)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    journal = {"path": str(tmp_path / "labels.db"), "categories": ["ant", "bee", "cat"], "item_count": ITEMS}
    with (
        virtual_display() as display,
        MouseAndKeys(display) as hands,
        Peer(*HEARD) as peer,
        NodeProcess("label_journal", journal, tmp_path / "journal.log"),
        NodeProcess(
            "cloud_view.desktop",
            {"directory": str(tmp_path)},
            tmp_path / "desktop.log",
            variables={"DISPLAY": display, "WAYLAND_DISPLAY": ""},
        ) as window,
    ):
        yield Desk(hands, peer, window)


def test_a_stroke_of_the_mouse_becomes_an_entry_of_the_journal_and_undo_and_redo_work(desk: Desk) -> None:
    desk.hands.key("2")
    event = desk.paint()
    assert (event.kind, event.category, event.gesture, event.author) == (0, 1, "pinch_brush", "person")
    assert len(event.sample_ids) > 3
    desk.wait(lambda: desk.gestures("pinch_brush", 2), "its end")
    (end,) = desk.gestures("pinch_brush", 2)
    assert (end.gesture_id, end.seq, end.samples) == (event.event_id, event.seq, len(event.sample_ids))
    assert [g.gesture_id for g in desk.gestures("pinch_brush", 0)] == [event.event_id]
    (region,) = (event.region,)
    places = np.array([[p.x, p.y, p.z] for p in region.centers])
    away = np.linalg.norm(cloud().positions[:, None] - places[None], axis=-1)
    np.testing.assert_array_equal(np.flatnonzero((away <= region.radii).any(axis=1)), event.sample_ids)
    desk.hands.key("ctrl", "z")
    desk.wait(lambda: len(desk.labels()) == 2, "the undo")
    desk.hands.key("y")
    desk.wait(lambda: len(desk.labels()) == 3, "the redo")
    assert [e.kind for e in desk.labels()] == [0, 2, 3]


def test_what_is_marked_lights_up_before_it_is_and_escape_takes_it_back(desk: Desk) -> None:
    def blue() -> int:
        return int((np.abs(desk.hands.screen().astype(int) - BEE).max(axis=-1) < 60).sum())

    unchosen = blue()
    desk.hands.key("2")
    desk.wait(lambda: blue() > unchosen + 100, "its brush")
    before = blue()
    desk.hands.press()
    desk.wait(lambda: desk.peer.heard["selection"], "a preview")
    selected = desk.peer.heard["selection"][-1]
    assert (selected.category, len(selected.sample_ids) > 3) == (1, True)
    desk.wait(lambda: blue() > before + 50, "lit items")
    desk.hands.key("escape")
    desk.hands.release()
    desk.wait(lambda: desk.gestures("pinch_brush", 3), "it is cancelled")
    assert desk.labels() == []


def test_a_box_and_a_dense_region_are_entries_too(desk: Desk) -> None:
    x, y = desk.middle
    desk.hands.key("1")
    desk.hands.key("x")
    desk.hands.drag((x - 60, y - 60), (x + 60, y + 60))
    desk.wait(lambda: len(desk.labels()) == 1, "a box")
    desk.hands.key("d")
    desk.hands.drag((x, y), (x, y + 30))
    desk.wait(lambda: len(desk.labels()) == 2, "a dense region")
    assert [(e.gesture, e.region.shape) for e in desk.labels()] == [("box", 2), ("density", 3)]


def test_a_category_is_added_by_typing_its_name_and_is_then_painted(desk: Desk) -> None:
    for key in ("n", "o", "w", "l", "enter"):
        desk.hands.key(key)
    desk.wait(lambda: [c.name for c in desk.peer.heard["categories"][-1].categories][-1] == "owl", "a category")
    desk.wait(lambda: [g for g in desk.gestures("poke", 2) if g.detail == "new_category"], "its report")
    assert desk.paint().category == 3


def test_the_right_button_turns_the_cloud_and_marks_nothing_and_open3ds_own_keys_do_nothing(desk: Desk) -> None:
    desk.hands.key("1")
    x, y = desk.middle
    before = desk.hands.screen()
    desk.hands.drag((x, y), (x + 150, y + 30), RIGHT)
    desk.wait(lambda: (desk.hands.screen() != before).mean() > 0.01, "another view")
    for key in ("q", "escape", "r", "w", "l", "o"):
        desk.hands.key(key)
    assert desk.paint().category == 0


class Trainer:
    """The trainer's side: every item is magenta, and some are believed to be bees."""

    def __init__(self, peer: Peer) -> None:
        stream = io.BytesIO()
        Image.new("RGB", (128, 128), MAGENTA).save(stream, "PNG")
        self._png = stream.getvalue()
        self.asked: set[int] = set()
        serve(peer.node, topics.GET_ITEM, self._item)
        serve(peer.node, topics.PROPOSE_LABELS, self._propose)
        serve(peer.node, topics.GET_SOUND, self._sound)
        self.sounds: list[int] = []

    def _item(self, request: srv.GetItem.Request, response: srv.GetItem.Response) -> srv.GetItem.Response:
        self.asked.add(int(request.sample_id))
        response.found, response.text = True, f"item {request.sample_id}"
        response.picture.data = self._png
        response.neighbours = [0, 1, 2]
        return response

    def _propose(
        self, request: srv.ProposeLabels.Request, response: srv.ProposeLabels.Response
    ) -> srv.ProposeLabels.Response:
        assert request.audit_size == 20
        response.accepted, response.expected = True, 0.95
        response.sample_ids, response.categories = [5, 6, 9], [1, 1, 2]
        response.audit_ids = [5, 9]
        response.epoch = 77
        return response

    def _sound(self, request: srv.GetSound.Request, response: srv.GetSound.Response) -> srv.GetSound.Response:
        self.sounds.append(int(request.sample_id))
        response.found = True
        return response


def test_an_item_is_looked_at_with_its_neighbours(desk: Desk) -> None:
    trainer = Trainer(desk.peer)
    desk.hands.key("i")
    desk.wait(lambda: desk.gestures("dwell", 0), "a look")
    item = int(desk.gestures("dwell", 0)[-1].item)
    desk.wait(lambda: trainer.asked >= {item, 0, 1, 2}, "questions")
    desk.wait(lambda: desk.shows(MAGENTA, 20_000), "its picture")
    desk.hands.key("s")
    desk.wait(lambda: trainer.sounds, "a question for its sound")
    assert trainer.sounds == [item]
    desk.hands.key("i")
    desk.wait(lambda: not desk.shows(MAGENTA, 1000), "no picture")
    assert [int(g.item) for g in desk.gestures("dwell", 2)] == [item]


def test_what_the_network_is_sure_of_becomes_labels_after_a_look_at_some_of_it(desk: Desk) -> None:
    trainer = Trainer(desk.peer)
    desk.hands.key("a")
    desk.wait(lambda: trainer.asked >= {5, 9} and desk.shows(MAGENTA, 5_000), "a sample")
    assert desk.labels() == []
    desk.hands.key("a")
    desk.wait(lambda: len(desk.labels()) == 2, "entries")
    assert [(e.category, list(e.sample_ids), e.gesture, e.epoch) for e in desk.labels()] == [
        (1, [5, 6], "accept", 77),
        (2, [9], "accept", 77),
    ]


def test_a_picture_of_the_window_is_kept(desk: Desk, tmp_path: Path) -> None:
    desk.hands.key("k")
    kept = tmp_path / "desktop-1.png"
    desk.wait(lambda: kept.exists() and kept.read_bytes().endswith(PNG_END), "a whole picture")
    assert np.asarray(Image.open(kept)).max() > 200


def test_who_closes_the_window_looks_no_more_and_waits_for_the_end_of_the_session(desk: Desk) -> None:
    assert listeners(desk.peer.node, topics.CLOUD) == ["desktop"]
    desk.hands.key("ctrl", "q")
    desk.wait(lambda: listeners(desk.peer.node, topics.CLOUD) == [], "nobody looks")
    assert desk.hands.window("latentvr") is None
    assert desk.window._popen.poll() is None
    assert desk.window.stop() == 0
    assert "the person leaves" in desk.window.said()


def test_a_host_without_a_display_server_gets_one_of_debians_in_which_a_window_opens(tmp_path: Path) -> None:
    with running(of_debian(tmp_path)) as display, MouseAndKeys(display) as hands:
        assert hands.screen().shape == (SIZE[1], SIZE[0], 3)
        variables = {"DISPLAY": display, "WAYLAND_DISPLAY": ""}
        with Peer() as peer, NodeProcess("cloud_view.desktop", {}, tmp_path / "log", variables=variables) as window:
            peer.wait_until(lambda: hands.window("latentvr") is not None, "a window", 90.0)
            hands.move(*(side / 2 for side in SIZE))
            peer.wait_until(lambda: "desktop" in peer.node.get_node_names(), "its node", 90.0)

            def is_closed() -> bool:
                # A node that is known may not look at its keys yet.
                if hands.window("latentvr") is not None:
                    hands.key("ctrl", "q")
                return hands.window("latentvr") is None

            peer.wait_until(is_closed, "no window", 90.0)
            peer.wait_until(lambda: "the person leaves" in window.said(), "what it says", 90.0)


def test_without_a_display_it_says_so_in_one_line(tmp_path: Path) -> None:
    with NodeProcess("cloud_view.desktop", {}, tmp_path / "log", variables={"DISPLAY": ":4711"}) as window:
        assert window.wait() == 2
        assert window.said().count("\n") == 1
        assert "no window to label in: display :4711 does not answer; expected an X11 display" in window.said()
