"""The window for labelling on real DDS and a real display: mouse and keys go in, the journal's entries come out."""

import io
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from latentvr import msg, srv
from long_journal import write_journal
from mouse_and_keys import RIGHT, MouseAndKeys
from node_process import NodeProcess, Peer
from PIL import Image
from virtual_display import SIZE, of_debian, running, virtual_display

from cloud_view.desktop.panels import LINE_HEIGHT
from cloud_view.desktop.picking import Viewport
from cloud_view.desktop.timeline_bar import BAR_HEIGHT, share_at
from latentvr_common import conversions, rotations, topics
from latentvr_common.beacons import COLORS, beacons_of
from latentvr_common.cloud import Cloud
from latentvr_common.colors import CATEGORY_COLORS, split_rgb
from latentvr_common.cues import Cues
from latentvr_common.forces import Forces
from latentvr_common.hands import Hand, Hands
from latentvr_common.node_tools import advertise, listeners, serve
from scripted_hands.anatomy import OPEN, hand_at

ITEMS = 600
MAGENTA = (250, 0, 250)
BEE, CAT = (tuple(int(v) for v in split_rgb(CATEGORY_COLORS[i])) for i in (1, 2))
WARM, KEY = (230, 190, 96), (176, 205, 235)
"""Colours of what the window tells, and of keys in help."""
HEARD = (topics.GESTURES, topics.SELECTION, topics.LABELS, topics.CATEGORIES, topics.DIAGNOSTICS, topics.TOOL)
PNG_END = b"IEND\xaeB`\x82"
HELP_PIXELS = 50_000
"""So many are others at least, once the help is gone."""


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
        with_help = hands.screen()
        hands.key("escape")
        hands.move(*self.middle)
        self.wait(lambda: (hands.screen() != with_help).any(axis=-1).sum() > HELP_PIXELS, "the help is gone")
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
        before = self.marks()
        x, y = self.middle
        self.hands.drag((x, y), (x + 40, y + 20))
        self.wait(lambda: self.marks() - before, "an entry")
        return next(event for event in self.labels() if event.event_id not in before)

    def marks(self) -> set[str]:
        """Names of the entries: where two desks are open at once, both journals tell."""
        return {event.event_id for event in self.labels()}

    def shows(self, color: tuple[int, ...], pixels: int) -> bool:
        away = np.abs(self.hands.screen().astype(int) - color).max(axis=-1)
        return bool((away < 12).sum() >= pixels)


@contextmanager
def at_a_desk(tmp_path: Path) -> Iterator[Desk]:
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


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with at_a_desk(tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
def shared_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """For tests that leave the window as they found it: a window takes longer to open than they do."""
    with at_a_desk(tmp_path_factory.mktemp("shared")) as found:
        yield found


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
    desk.wait(lambda: desk.gestures("dwell", 2), "the end of the look")
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


# Keys


class Trains:
    """The trainer's side of keys that change how the network trains or what it tells."""

    def __init__(self, desk: Desk) -> None:
        self.commands: list[tuple[int, float]] = []
        self._desk = desk
        self._epoch_out = advertise(desk.peer.node, topics.EPOCH)
        serve(desk.peer.node, topics.SET_TRAINING, self._set)

    def _set(self, request: srv.SetTraining.Request, response: srv.SetTraining.Response) -> srv.SetTraining.Response:
        self.commands.append((int(request.command), round(float(request.speed), 3)))
        response.accepted = True
        return response

    def tell(self, state: int) -> None:
        self._epoch_out.publish(msg.Epoch(state=state, accuracy=math.nan, confidence=math.nan))

    def poked(self) -> list[str]:
        return [g.detail for g in self._desk.gestures("poke", 2)]


def region_of(desk: Desk) -> np.ndarray:
    """What is to be seen of the cloud: the window without its margins, the list and the line."""
    left, top, width, height = desk.hands.window("latentvr") or (0, 0, 0, 0)
    return desk.hands.screen((left + 340, top + 40, width - 360, height - 110)).astype(int)


def line_of(desk: Desk) -> np.ndarray:
    """The line at the bottom, between what is held and what is safe."""
    left, top, width, height = desk.hands.window("latentvr") or (0, 0, 0, 0)
    return desk.hands.screen((left + 200, top + height - 42, width - 480, 40)).astype(int)


def test_p_pauses_training_and_lets_it_go_on_and_the_line_says_so(desk: Desk) -> None:
    trains, commands = Trains(desk), srv.SetTraining.Request
    trains.tell(msg.Epoch.TRAINING)
    quiet = line_of(desk)
    desk.hands.key("p")
    desk.wait(lambda: trains.poked() == ["pause"], "its report")
    trains.tell(msg.Epoch.PAUSED)
    desk.wait(lambda: (np.abs(line_of(desk) - WARM).max(axis=-1) < 40).sum() > 30, "words in the line")
    desk.hands.key("p")
    desk.wait(lambda: len(trains.commands) == 2, "a second command")
    assert [command for command, _ in trains.commands] == [commands.PAUSE, commands.RESUME]
    trains.tell(msg.Epoch.TRAINING)
    desk.wait(lambda: np.abs(line_of(desk) - quiet).max() < 40, "no words")


def test_comma_and_period_set_the_speed_of_training_step_by_step(desk: Desk) -> None:
    trains, speed = Trains(desk), srv.SetTraining.Request.SPEED
    for i, key in enumerate(("comma", "comma", "period", "period", "period")):
        desk.hands.key(key)
        # Faster than a person can type, the same key again would be taken for one that is held.
        desk.wait(lambda wanted=i + 1: len(trains.poked()) == wanted, "its report")
    assert trains.commands == [(speed, s) for s in (0.5, 0.25, 0.5, 1.0, 1.0)]
    assert trains.poked() == [f"speed:{s}" for s in (0.5, 0.25, 0.5, 1.0, 1.0)]


def test_plus_comes_nearer_minus_goes_farther_and_v_shows_the_whole_cloud_again(shared_desk: Desk) -> None:
    desk = shared_desk

    def wide() -> float:
        """How far what is grey is spread, pixels."""
        seen = region_of(desk)
        x = np.nonzero((seen.min(axis=-1) > 60) & (np.ptp(seen, axis=-1) < 30))[1]
        return float(x.std())

    # The brush would be in the picture.
    left, top, *_ = desk.hands.window("latentvr") or (0, 0, 0, 0)
    desk.hands.move(left + 20, top + 20)
    desk.wait(lambda: wide() > 20, "a cloud")
    before = wide()
    for _ in range(4):
        desk.hands.key("plus")
    desk.wait(lambda: wide() > 1.2 * before, "a wider cloud")
    desk.hands.key("v")
    desk.wait(lambda: abs(wide() / before - 1) < 0.05, "the whole cloud")
    for _ in range(4):
        desk.hands.key("minus")
    desk.wait(lambda: wide() < 0.85 * before, "a smaller cloud")
    desk.hands.key("v")
    desk.wait(lambda: abs(wide() / before - 1) < 0.05, "the whole cloud")


def test_f_shows_forces_as_arrows_and_takes_them_away_again(shared_desk: Desk) -> None:
    desk = shared_desk
    shown = cloud()
    pulls = np.tile(np.float32([[0.4, 0.0, 0.0]]), (ITEMS, 1))
    forces = Forces(
        1, np.arange(ITEMS, dtype=np.uint32), shown.positions, ("structure",), pulls[:, None], 0.1 * pulls, 0 * pulls
    )
    out = advertise(desk.peer.node, topics.FORCES)

    def pink() -> int:
        """Pixels in the colour of motion, lit more or less."""
        red, green, blue = np.moveaxis(region_of(desk), -1, 0)
        return int(((red > 110) & (green < 0.6 * red) & (blue > 0.45 * red) & (blue < 0.85 * red)).sum())

    def has_arrows() -> bool:
        out.publish(conversions.forces_to_msg(forces))
        return pink() > 100

    assert listeners(desk.peer.node, topics.FORCES) == []
    assert pink() == 0
    desk.hands.key("f")
    desk.wait(has_arrows, "arrows")
    assert listeners(desk.peer.node, topics.FORCES) == ["desktop"]
    desk.hands.key("f")
    desk.wait(lambda: pink() == 0, "no arrows")
    desk.wait(lambda: listeners(desk.peer.node, topics.FORCES) == [], "nobody listens")


def test_c_shows_beacons_and_takes_them_away_again(shared_desk: Desk) -> None:
    desk = shared_desk
    shown = cloud()
    even, here = np.full(ITEMS, 0.5, np.float32), np.arange(ITEMS) == 7
    unsure = np.where(here, 1.0, 0.5).astype(np.float32)
    cues = Cues(1, shown.positions, unsure, even, even, even, here.astype(np.int16))
    out = advertise(desk.peer.node, topics.CUES)
    (beacon,) = beacons_of(cues)
    color = COLORS[beacon.why]

    def has_beacons() -> bool:
        out.publish(conversions.cues_to_msg(cues))
        return desk.shows(color, 60)

    assert not desk.shows(color, 60)
    desk.hands.key("c")
    desk.wait(has_beacons, "a beacon and its words")
    desk.hands.key("c")
    desk.wait(lambda: not desk.shows(color, 60), "no beacon")
    desk.wait(lambda: listeners(desk.peer.node, topics.CUES) == [], "nobody listens")


GREEN, GREY = 0x00DC3C, 0x7A7F87


def publish_later(desk: Desk, color: int, roll: int) -> Cloud:
    """Publish a cloud of now: as the first one, but each item where the one `roll` before it was, of one colour."""
    shown = replace(
        cloud(),
        stamp_ns=time.time_ns(),
        positions=np.roll(cloud().positions, roll, axis=0),
        rgb=np.full(ITEMS, color, np.uint32),
    )
    desk.cloud_out.publish(conversions.cloud_to_msg(shown))
    return shown


def greenish(desk: Desk) -> int:
    """Pixels that look green: balls are shaded."""
    seen = region_of(desk)
    return int(((seen[..., 1] > 60) & (seen[..., 1] > 1.8 * seen[..., [0, 2]].max(axis=-1))).sum())


def test_t_shows_how_the_cloud_came_to_be_and_a_press_marks_what_is_now(desk: Desk) -> None:
    desk.hands.key("1")
    desk.wait(lambda: greenish(desk) < 300, "the first cloud, which is grey")
    publish_later(desk, GREEN, 0)
    desk.wait(lambda: greenish(desk) > 1000, "the cloud of now")
    now = greenish(desk)
    desk.hands.key("t")
    desk.wait(lambda: greenish(desk) < 0.1 * now, "the cloud of then")
    desk.hands.key("t")
    desk.wait(lambda: greenish(desk) > 0.7 * now, "the cloud of now")
    desk.hands.key("t")
    desk.wait(lambda: greenish(desk) < 0.1 * now, "the cloud of then")
    desk.hands.press()
    desk.hands.release()
    desk.wait(lambda: greenish(desk) > 0.7 * now, "the cloud of now")
    # That press ended the time-lapse and nothing else; the next one marks.
    assert desk.labels() == []
    assert desk.paint().category == 0


# Going back in time


def marked_on(shown: Cloud, event: msg.LabelEvent) -> list[int]:
    """The items of `shown` that are in what was marked."""
    (places, radii) = np.array([[p.x, p.y, p.z] for p in event.region.centers]), event.region.radii
    away = np.linalg.norm(shown.positions[:, None] - places[None], axis=-1)
    return [int(i) for i in np.flatnonzero((away <= radii).any(axis=1))]


def bar_end(desk: Desk, share: float) -> tuple[float, float]:
    """Where on the screen a place of the timeline is."""
    left, top, width, height = desk.hands.window("latentvr") or (0, 0, 0, 0)
    viewport = Viewport(width, height)
    x = next(x for x in range(width) if share_at(viewport, x) >= share)
    return left + x, top + height - (LINE_HEIGHT + BAR_HEIGHT / 2) * height / 720


@dataclass(frozen=True)
class TwoTimes:
    """A window whose first cloud is grey, and whose newest one, `now`, is green."""

    desk: Desk
    now: Cloud
    green: int
    """Pixels that look so in it."""

    def is_then(self) -> bool:
        return greenish(self.desk) < 0.1 * self.green

    def is_now(self) -> bool:
        return greenish(self.desk) > 0.7 * self.green

    def told(self) -> int:
        """The cloud that others are told is looked at."""
        return int(self.desk.peer.heard["tool"][-1].looks_at_ns)


@pytest.fixture
def times(desk: Desk) -> TwoTimes:
    desk.hands.key("1")
    desk.wait(lambda: greenish(desk) < 300, "the first cloud, which is grey")
    now = publish_later(desk, GREEN, 7)
    desk.wait(lambda: greenish(desk) > 1000, "the cloud of now")
    return TwoTimes(desk, now, greenish(desk))


def test_the_cloud_of_before_is_seen_and_marked_and_now_is_a_key_away(times: TwoTimes) -> None:
    desk = times.desk
    desk.hands.key("home")
    desk.wait(times.is_then, "the cloud of then")
    desk.wait(lambda: times.told() == cloud().stamp_ns, "others are told which one")
    desk.hands.move(*desk.middle)
    event = desk.paint()
    first = replace(cloud(), positions=cloud().positions.astype(np.float16).astype(np.float32))
    assert list(event.sample_ids) == marked_on(first, event) != marked_on(times.now, event)
    assert conversions.time_from_msg(event.cloud_stamp) == cloud().stamp_ns
    desk.wait(times.is_then, "the cloud of then, still")

    desk.hands.key("end")
    desk.wait(times.is_now, "the cloud of now")
    desk.wait(lambda: times.told() == 0, "others are told that it is now")
    event = desk.paint()
    assert list(event.sample_ids) == marked_on(times.now, event)
    assert conversions.time_from_msg(event.cloud_stamp) == times.now.stamp_ns


def test_a_drag_on_the_timeline_marks_nothing_and_events_are_gone_to_one_by_one(times: TwoTimes) -> None:
    desk = times.desk
    desk.paint()
    marks = desk.marks()
    desk.hands.drag(bar_end(desk, 0.98), bar_end(desk, 0.0))
    desk.wait(times.is_then, "the cloud of then")
    desk.hands.key("escape")
    desk.wait(times.is_now, "the cloud of now")
    assert desk.marks() == marks

    # Marks are events: back to the last one is back to the cloud that it was made on.
    publish_later(desk, GREY, 7)
    desk.wait(times.is_then, "a newer cloud, which is grey")
    desk.hands.key("bracketleft")
    desk.wait(times.is_now, "the cloud of the last mark")
    desk.hands.key("bracketright")
    desk.wait(times.is_then, "the newest cloud")


def test_h_opens_help_and_closes_it(shared_desk: Desk) -> None:
    desk = shared_desk

    def blue() -> int:
        """Pixels in the colour of keys, which stand nowhere but in help."""
        return int((np.abs(region_of(desk) - KEY).max(axis=-1) < 30).sum())

    desk.wait(lambda: blue() < 20, "no help")
    desk.hands.key("h")
    desk.wait(lambda: blue() > 300, "help")
    desk.hands.key("h")
    desk.wait(lambda: blue() < 20, "no help")


def test_s_plays_the_sound_of_the_item_under_the_mouse(desk: Desk, tmp_path: Path) -> None:
    wav = b"RIFF of an item"
    asked: list[int] = []

    def sound(request: srv.GetSound.Request, response: srv.GetSound.Response) -> srv.GetSound.Response:
        asked.append(int(request.sample_id))
        response.found, response.wav = True, wav
        return response

    serve(desk.peer.node, topics.GET_SOUND, sound)
    desk.hands.key("s")
    # No sound card is needed: what cannot be played stays as a file, and what is played is one for a while.
    desk.wait(lambda: [path.read_bytes() for path in tmp_path.glob("sound-*.wav")] == [wav], "its file")
    assert [path.name for path in tmp_path.glob("sound-*.wav")] == [f"sound-{asked[0]}.wav"]


# Others


def test_others_are_told_what_the_mouse_holds_and_that_it_holds_nothing_when_the_person_leaves(desk: Desk) -> None:
    def told() -> tuple[int, int, int, bool, str]:
        tool = desk.peer.heard["tool"][-1]
        return tool.hand, tool.kind, tool.category, tool.erases, tool.author

    mouse = msg.Tool.MOUSE
    desk.wait(lambda: desk.peer.heard["tool"], "what it holds")
    assert told() == (mouse, msg.Tool.SPHERE, -1, False, "person")
    for key in ("2", "x"):
        desk.hands.key(key)
    desk.wait(lambda: told() == (mouse, msg.Tool.BOX, 1, False, "person"), "a box of bees")
    radius = desk.peer.heard["tool"][-1].radius
    desk.hands.wheel(3)
    desk.wait(lambda: desk.peer.heard["tool"][-1].radius > 1.2 * radius, "a larger brush")
    desk.hands.key("e")
    desk.wait(lambda: told() == (mouse, msg.Tool.BOX, -1, True, "person"), "an eraser")
    desk.hands.key("ctrl", "q")
    desk.wait(lambda: told() == (mouse, msg.Tool.SPHERE, -1, False, "person"), "nothing")


def test_the_hands_of_others_are_to_be_seen_and_gone_when_they_are(shared_desk: Desk) -> None:
    desk = shared_desk
    out = advertise(desk.peer.node, topics.HANDS)
    hand = hand_at(np.array([0.25, 1.25, -0.4]), rotations.about_axis(np.array([1.0, 0.0, 0.0]), 1.2), OPEN, left=False)
    # The brush would be in the picture.
    left, top, *_ = desk.hands.window("latentvr") or (0, 0, 0, 0)
    desk.hands.move(left + 20, top + 20)
    pictures = [region_of(desk)]

    def at_rest() -> bool:
        pictures.append(region_of(desk))
        return len(pictures) > 20 and all((p == pictures[-1]).all() for p in pictures[-20:])

    desk.wait(at_rest, "a picture at rest")
    without = pictures[-1]

    def other() -> int:
        return int((np.abs(region_of(desk) - without).max(axis=-1) > 40).sum())

    def has_a_hand() -> bool:
        out.publish(conversions.hands_to_msg(Hands(time.time_ns(), Hand(), hand)))
        return other() > 800

    desk.wait(has_a_hand, "a hand")
    desk.wait(lambda: other() < 100, "no hand")


def test_labels_are_safe_also_where_the_journal_has_more_than_a_latecomer_hears(tmp_path: Path) -> None:
    write_journal(tmp_path / "labels.db", 1500, ITEMS)
    journal = {"path": str(tmp_path / "labels.db"), "categories": ["ant", "bee", "cat"], "item_count": ITEMS}

    def safe(peer: Peer) -> str:
        values = [
            {pair.key: pair.value for pair in status.values}
            for array in peer.heard[topics.DIAGNOSTICS.name]
            for status in array.status
            if status.name == "/latentvr/desktop"
        ]
        return values[-1]["safe labels"] if values else ""

    with virtual_display() as display, Peer(topics.DIAGNOSTICS) as peer:
        variables = {"DISPLAY": display, "WAYLAND_DISPLAY": ""}
        with (
            NodeProcess("label_journal", journal, tmp_path / "journal.log"),
            NodeProcess("cloud_view.desktop", {}, tmp_path / "desktop.log", variables=variables) as window,
        ):
            advertise(peer.node, topics.CLOUD).publish(conversions.cloud_to_msg(cloud()))
            peer.wait_until(lambda: safe(peer) == str(ITEMS), "all labels", 40.0)
            assert "dropped" not in window.said()
