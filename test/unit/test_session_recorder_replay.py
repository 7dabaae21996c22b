"""A bag is played in its order and its time, once or in a loop, and only what belongs to a session."""

import math
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from latentvr_common import topics
from latentvr_common.bags.bag import Bag, open_bag
from latentvr_common.bags.definitions import Definition, definition_of, type_name
from latentvr_common.bags.metadata import TopicInfo, write_metadata
from latentvr_common.bags.schedule import Recorded, Schedule, in_order
from latentvr_common.errors import InputError
from session_recorder.bag_file import BagFile
from session_recorder.channels import Channel, qos_entry
from session_recorder.playhead import Playhead
from session_recorder.replay import Pace, Replay
from session_recorder.replay_topics import check_wanted, choose

MS = 1_000_000


# The schedule


@pytest.mark.parametrize(
    ("rate", "log_ms", "due_s"), [(1.0, 5000, 50.0), (1.0, 6500, 51.5), (10.0, 6500, 50.15), (0.5, 6500, 53.0)]
)
def test_a_message_is_due_after_its_recorded_time_over_the_rate(rate: float, log_ms: int, due_s: float) -> None:
    schedule = Schedule(first_ns=5000 * MS, began_s=50.0, rate=rate)
    assert schedule.due_s(log_ms * MS) == pytest.approx(due_s)
    assert schedule.recorded_ns(due_s) == pytest.approx(log_ms * MS, abs=1_000)


def test_the_schedule_is_exact_for_times_of_today() -> None:
    today_ns = 1_795_502_195_311_033_357
    assert Schedule(today_ns, 0.0, 1.0).due_s(today_ns + 1000) == pytest.approx(1e-6, abs=1e-12)


@pytest.mark.parametrize(
    ("written", "played"),
    [
        ("a1 b2 c3", "a1 b2 c3"),
        ("b2 a1 c2 d2", "a1 b2 c2 d2"),
        ("a0 c900 b100 d2000", "a0 b100 c900 d2000"),
        ("", ""),
    ],
)
def test_messages_are_played_in_the_order_of_time_then_of_the_file(written: str, played: str) -> None:
    messages = [Recorded(word[0], int(word[1:]) * MS, b"") for word in written.split()]
    assert [f"{m.topic}{m.log_ns // MS}" for m in in_order(iter(messages))] == played.split()


def test_no_more_is_held_back_than_memory_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("latentvr_common.bags.schedule._MOST_BYTES", 10_000)
    monkeypatch.setattr("latentvr_common.bags.schedule._MOST_MESSAGES", 50)
    for size, most in ((1_000, 11), (1, 51)):
        read = given = 0

        def messages(size: int = size) -> Iterator[Recorded]:
            nonlocal read
            for _ in range(1000):
                read += 1
                yield Recorded("a", 5, bytes(size))

        for _ in in_order(messages()):
            given += 1
            assert read - given < most
        assert given == 1000


def test_little_is_read_ahead() -> None:
    read = 0

    def messages() -> Iterator[Recorded]:
        nonlocal read
        for number in range(100):
            read = number
            yield Recorded("a", number * 500 * MS, b"")

    next(in_order(messages()))
    assert read <= 3


# Holding and going on


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now_s = 50.0

    def __call__(self) -> float:
        return self.now_s


def test_recorded_time_stands_still_while_held_and_goes_on_from_there() -> None:
    clock = Clock()
    head = Playhead(1_000 * MS, 2.0, held=False, clock=clock)
    clock.now_s += 1.0
    assert head.position_ns() == 1_000 * MS
    head.begin(1_000 * MS)
    clock.now_s += 1.0
    assert head.position_ns() == 3_000 * MS
    assert head.hold(True) == 3_000 * MS
    for _ in range(2):
        clock.now_s += 7.0
        assert (head.position_ns(), head.held) == (3_000 * MS, True)
        assert head.hold(True) == 3_000 * MS
    assert head.hold(False) == 3_000 * MS
    clock.now_s += 0.5
    assert (head.position_ns(), head.held) == (4_000 * MS, False)
    assert head.wait_until(4_000 * MS)


def test_recorded_time_that_begins_held_waits_to_be_let_go() -> None:
    clock = Clock()
    head = Playhead(5 * MS, 1.0, held=True, clock=clock)
    head.begin(7 * MS)
    clock.now_s += 100.0
    assert head.position_ns() == 7 * MS
    head.hold(False)
    clock.now_s += 0.001
    assert head.position_ns() == 8 * MS


def test_who_waits_while_held_is_woken_by_going_on_and_by_stopping() -> None:
    head = Playhead(0, 1.0, held=True)
    head.begin(0)
    came: list[bool] = []
    waiting = [threading.Thread(target=lambda ns=ns: came.append(head.wait_until(ns))) for ns in (0, 2**63)]
    for thread in waiting:
        thread.start()
    waiting[0].join(0.2)
    assert came == []
    head.hold(False)
    waiting[0].join(10)
    assert came == [True]
    head.stop()
    waiting[1].join(10)
    assert came == [True, False]


# Which topics


OURS = {
    "/latentvr/labels": Definition("latentvr/msg/LabelEvent", "", "RIHS01_1"),
    "/latentvr/hands": Definition("latentvr/msg/Hands", "", "RIHS01_2"),
}


def topic(name: str, type_: str, type_hash: str = "", count: int = 1) -> TopicInfo:
    return TopicInfo(name, type_, type_hash, (), count)


LABELS = topic("/latentvr/labels", "latentvr/msg/LabelEvent", "RIHS01_1")
HANDS = topic("/latentvr/hands", "latentvr/msg/Hands")


@pytest.mark.parametrize(
    ("recorded", "wanted", "played", "reason"),
    [
        ([LABELS, HANDS], [], ["/latentvr/labels", "/latentvr/hands"], ""),
        ([LABELS, HANDS], ["/latentvr/hands"], ["/latentvr/hands"], ""),
        ([LABELS], ["/latentvr/hands"], [], "/latentvr/hands is not played: the bag has no message of it"),
        ([LABELS, topic("/cmd_vel", "x/msg/Y")], [], ["/latentvr/labels"], "/cmd_vel is not played: it is no topic"),
        ([topic("/latentvr/hands", "x/msg/Y")], [], [], "its type is x/msg/Y, expected latentvr/msg/Hands"),
        ([topic("/latentvr/hands", "latentvr/msg/Hands", "RIHS01_9")], [], [], "another version of latentvr/msg/Hands"),
        ([topic("/latentvr/hands", "latentvr/msg/Hands", count=0)], [], [], ""),
    ],
)
def test_only_topics_of_a_session_are_played(
    recorded: list[TopicInfo], wanted: list[str], played: list[str], reason: str
) -> None:
    chosen, reasons = choose(recorded, OURS, wanted)
    assert chosen == played
    assert len(reasons) == bool(reason)
    assert reason in "".join(reasons)


def test_a_wanted_topic_that_does_not_exist_is_an_error() -> None:
    check_wanted(["/latentvr/hands"], OURS)
    with pytest.raises(InputError, match="parameter topics names /latentvr/hadns, expected some of: /latentvr/labels"):
        check_wanted(["/latentvr/hadns"], OURS)


# Playing


class Ear:
    """Takes what is played and notes when."""

    def __init__(self, *, listens: bool = True) -> None:
        self.heard: list[tuple[float, bytes]] = []
        self.listens = listens
        self.slow_to_settle = 0

    def publish(self, data: bytes) -> None:
        self.heard.append((time.monotonic(), data))

    def has_listener(self) -> bool:
        return self.listens

    def settled(self, timeout_s: float) -> bool:
        self.slow_to_settle -= 1
        return self.slow_to_settle < 0

    def words(self) -> list[str]:
        return [data.decode() for _, data in self.heard]


class Stage:
    """A replay of a bag with one message each 100 ms of two topics in turn."""

    def __init__(self, tmp_path: Path, count: int, pace: Pace) -> None:
        self.bag = make_bag(tmp_path / "bag", count)
        self.hands, self.labels = Ear(), Ear()
        self.ended = threading.Event()
        self.wrong = ""
        outlets = {"/latentvr/hands": self.hands, "/latentvr/labels": self.labels}
        self.replay = Replay(self.bag, outlets, pace, self._on_end)

    def _on_end(self, wrong: str) -> None:
        self.wrong = wrong
        self.ended.set()


def make_bag(directory: Path, count: int) -> Bag:
    directory.mkdir()
    file = BagFile(directory / f"{directory.name}_0.mcap")
    channels = [
        Channel(f"/latentvr/{t.name}", definition_of(type_name(t.type)), qos_entry(t.qos))
        for t in (topics.HANDS, topics.LABELS)
    ]
    for number in range(count):
        file.write(channels[number % 2], 10**18 + number * 100 * MS, 0, str(number).encode())
    file.finish()
    write_metadata(directory, [file.info()], {})
    return open_bag(directory)


def test_a_bag_is_played_in_its_time_over_the_rate(tmp_path: Path) -> None:
    stage = Stage(tmp_path, 21, Pace(rate=10.0))
    began = time.monotonic()
    stage.replay.start()
    assert stage.ended.wait(10)
    assert (stage.wrong, stage.hands.words()) == ("", [str(n) for n in range(0, 21, 2)])
    assert stage.labels.words() == [str(n) for n in range(1, 21, 2)]
    for when, data in stage.hands.heard + stage.labels.heard:
        assert when - began >= int(data) * 0.01 - 0.001
    assert stage.replay.progress.messages == 21
    assert math.isclose(stage.replay.progress.position_s, 2.0)


def test_a_replay_can_begin_later(tmp_path: Path) -> None:
    stage = Stage(tmp_path, 10, Pace(rate=100.0, start_offset_s=0.55))
    stage.replay.start()
    assert stage.ended.wait(10)
    assert stage.hands.words() == ["6", "8"]
    assert stage.labels.words() == ["7", "9"]


def test_a_loop_begins_again_until_stopped(tmp_path: Path) -> None:
    stage = Stage(tmp_path, 3, Pace(rate=100.0, loop=True))
    thrice = threading.Event()
    heard: list[str] = []

    def hear(data: bytes) -> None:
        heard.append(data.decode())
        if len(heard) == 6:
            thrice.set()

    stage.hands.publish = hear  # type: ignore[method-assign]
    stage.replay.start()
    assert thrice.wait(10)
    stage.replay.stop()
    assert heard[:6] == ["0", "2"] * 3
    assert not stage.ended.is_set()


def test_a_loop_over_nothing_ends(tmp_path: Path) -> None:
    stage = Stage(tmp_path, 3, Pace(loop=True, start_offset_s=1000.0))
    stage.replay.start()
    assert stage.ended.wait(10)
    assert stage.replay.progress.messages == 0


def test_a_replay_stops_in_the_middle_of_a_pause(tmp_path: Path) -> None:
    stage = Stage(tmp_path, 10, Pace(rate=0.01))
    stage.replay.start()
    began = time.monotonic()
    stage.replay.stop()
    assert time.monotonic() - began < 0.5
    assert not stage.ended.is_set()


def test_a_replay_that_is_held_plays_nothing_until_it_goes_on(tmp_path: Path) -> None:
    stage = Stage(tmp_path, 10, Pace(rate=100.0, paused=True))
    stage.replay.start()
    assert not stage.ended.wait(0.2)
    assert stage.hands.heard == []
    assert stage.replay.playhead.position_ns() == 10**18
    stage.replay.playhead.hold(False)
    assert stage.ended.wait(10)
    assert stage.hands.words() == ["0", "2", "4", "6", "8"]


def test_a_replay_waits_for_listeners_but_not_for_ever(tmp_path: Path) -> None:
    stage = Stage(tmp_path, 2, Pace(wait_s=0.2, rate=100.0))
    stage.labels.listens = False
    began = time.monotonic()
    stage.replay.start()
    assert stage.ended.wait(10)
    assert 0.2 <= stage.hands.heard[0][0] - began < 2.0


def test_a_replay_ends_when_all_has_arrived(tmp_path: Path) -> None:
    stage = Stage(tmp_path, 2, Pace(rate=100.0))
    stage.labels.slow_to_settle = 3
    stage.replay.start()
    assert stage.ended.wait(10)
    assert stage.labels.slow_to_settle < 0


def test_a_damaged_bag_is_not_played(tmp_path: Path) -> None:
    stage = Stage(tmp_path, 10, Pace(rate=100.0))
    path = tmp_path / "bag" / "bag_0.mcap"
    content = bytearray(path.read_bytes())
    content[content.index(b"8", 3000)] ^= 1
    path.write_bytes(content)
    stage.replay.start()
    assert stage.ended.wait(10)
    assert "checksum" in stage.wrong
    assert str(path) in stage.wrong
    assert stage.hands.heard == stage.labels.heard == []


def test_a_fault_of_the_player_itself_is_not_silent(tmp_path: Path) -> None:
    stage = Stage(tmp_path, 2, Pace(rate=100.0))

    def broken(_: bytes) -> None:
        raise RuntimeError("no such thing")

    stage.hands.publish = broken  # type: ignore[method-assign]
    stage.replay.start()
    assert stage.ended.wait(10)
    assert "RuntimeError: no such thing" in stage.wrong
