"""Killing any process gives a clear message and loses no acknowledged label; Ctrl-C leaves nothing behind."""

import os
import signal
import sqlite3
import time
from pathlib import Path

import psutil
import pytest
from listening import Listener
from running import RunningSession, run_to_end, slowness

from latentvr_common import conversions, topics
from session_recorder.examining import examine

ARGUMENTS = ("gestures:=1000", "pace:=8", "view:=headless", "max_items:=600")
ALL_PARTS = 7


def acknowledged(listener: Listener) -> set[tuple[int, str]]:
    """Place and name of every mark whose end was reported."""
    gestures = listener.messages[topics.GESTURES.name]
    return {(m.seq, m.gesture_id) for m in gestures if m.name == "pinch_brush" and m.phase == m.END}


def in_journal(directory: Path) -> set[tuple[int, str]]:
    with sqlite3.connect(f"file:{directory}/labels.db?mode=ro", uri=True) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return set(database.execute("SELECT seq, event_id FROM event").fetchall())


def assert_gone(family: list[psutil.Process]) -> None:
    """Fail if a process still runs; one that has ended and that nobody has asked for counts as gone."""
    _, alive = psutil.wait_procs(family, timeout=30)
    assert [p for p in alive if p.status() != psutil.STATUS_ZOMBIE] == []


@pytest.mark.parametrize("victim", ["label_journal", "scripted_hands"])
def test_a_killed_process_that_is_needed_and_not_started_again_ends_the_session_with_its_reason(
    tmp_path: Path, victim: str
) -> None:
    directory = tmp_path / "session"
    arguments = (*ARGUMENTS, "restarts:=0", f"directory:={directory}")
    with Listener(topics.GESTURES) as listener, RunningSession(*arguments) as session:
        pid = session.pid_of(victim)
        session.wait_until(lambda: len(acknowledged(listener)) >= 2, 90)
        family = session.family()
        os.kill(pid, signal.SIGKILL)
        assert session.end(at_most_s=40) == 1
        assert f"error: {victim} was ended by SIGKILL; the session is over" in session.output
        assert f"every acknowledged label is in {directory}/labels.db" in session.output
        assert acknowledged(listener) <= in_journal(directory)
        assert len(acknowledged(listener)) >= 2
        assert_gone(family)


def trains_with(listener: Listener, entries: int, after_ns: int) -> bool:
    """Tell whether training has gone on since, with at least so many entries of the journal."""
    return any(
        m.state == m.TRAINING and m.label_seq >= entries and conversions.time_from_msg(m.header.stamp) > after_ns
        for m in listener.messages[topics.EPOCH.name]
    )


def shows_the_cloud(listener: Listener, after_ns: int) -> bool:
    """Tell whether the view has drawn a picture since: only what it has drawn can it keep at the end."""
    return any(
        value.key == "pictures" and int(value.value) > 0
        for m in listener.messages[topics.DIAGNOSTICS.name]
        if conversions.time_from_msg(m.header.stamp) > after_ns
        for status in m.status
        if status.name.endswith("cloud_view")
        for value in status.values
    )


VICTIMS = ("label_journal", "latent_trainer", "gesture_labeler", "cloud_view", "session_recorder")


def test_killed_processes_are_started_again_and_the_session_goes_on_with_every_label(tmp_path: Path) -> None:
    directory = tmp_path / "session"
    with (
        Listener(topics.GESTURES, topics.EPOCH, topics.DIAGNOSTICS) as listener,
        RunningSession(*ARGUMENTS, f"directory:={directory}") as session,
    ):
        for victim in VICTIMS:
            goes_on = len(acknowledged(listener)) + 2
            session.wait_until(lambda goes_on=goes_on: len(acknowledged(listener)) >= goes_on, 120)
            before = session.pid_of(victim)
            os.kill(before, signal.SIGKILL)
            session.wait_for_line(f"error: {victim} was ended by SIGKILL; it is started again in 0.5 s", 40)
            session.wait_until(lambda v=victim, b=before: session.pid_of(v) != b, 40)
            ended_ns, known = time.time_ns(), len(in_journal(directory))
            if victim == "latent_trainer":
                session.wait_until(lambda ns=ended_ns, n=known: trains_with(listener, n, after_ns=ns), 90)
            if victim == "cloud_view":
                session.wait_until(lambda ns=ended_ns: shows_the_cloud(listener, after_ns=ns), 90)
        session.wait_for_line("bag_1.mcap", 60)
        goes_on = len(acknowledged(listener)) + 2
        session.wait_until(lambda: len(acknowledged(listener)) >= goes_on, 120)
        family = session.family()
        session.interrupt()
        assert session.end(at_most_s=40) == 130
        assert_gone(family)
    assert acknowledged(listener) <= in_journal(directory)
    assert "Traceback" not in session.output
    found = examine(directory / "bag")
    assert {state for _, _, state in found.files} == {"whole, checksums hold"}, (found.files, found.problems)
    assert found.topics["/latentvr/labels"].missing_labels == 0
    for name in ("items.parquet", "summary.json", "cloud.png", "timelapse.mp4", "bag/metadata.yaml"):
        assert (directory / name).exists(), name


@pytest.mark.alone
def test_ctrl_c_stops_everything_within_5_s_and_keeps_the_results(tmp_path: Path) -> None:
    directory = tmp_path / "session"
    with Listener(topics.GESTURES) as listener, RunningSession(*ARGUMENTS, f"directory:={directory}") as session:
        session.wait_until(lambda: len(acknowledged(listener)) >= 1, 90)
        family = session.family()
        assert len(family) >= ALL_PARTS + 1
        # On a machine that does other work too, so much longer.
        at_most_s = 5 * slowness()
        began_s = time.monotonic()
        session.interrupt()
        code = session.end(at_most_s=40)
        assert_gone(family)
        assert time.monotonic() - began_s < at_most_s
    assert code == 130
    assert "session interrupted" in session.output
    assert acknowledged(listener) <= in_journal(directory)
    for name in ("items.parquet", "summary.json", "cloud.png", "timelapse.mp4", "bag/metadata.yaml"):
        assert (directory / name).exists(), name


@pytest.mark.parametrize("moment", ["session directory", "started (pid", "gesture_labeler started"])
def test_ctrl_c_while_the_session_starts_ends_it_too(tmp_path: Path, moment: str) -> None:
    with RunningSession(*ARGUMENTS, f"directory:={tmp_path}/session") as session:
        session.wait_for_line(moment, 90)
        family = session.family()
        session.interrupt()
        assert session.end(at_most_s=40) == 130, session.output
        assert_gone(family)
    assert "Traceback" not in session.output


def test_a_second_session_in_the_same_domain_is_refused_and_when_the_runner_is_killed_its_processes_end_too(
    tmp_path: Path,
) -> None:
    with RunningSession(*ARGUMENTS, f"directory:={tmp_path}/first") as session:
        session.wait_for_line("started (pid", 90)
        code, _, err = run_to_end(f"directory:={tmp_path}/second", at_most_s=60)
        assert code == 2
        assert err.startswith("error: another session runs in ROS domain")
        assert not (tmp_path / "second").exists()
        session.pid_of("session_host")
        session.wait_for_line("labels 0 of", 120)
        runner, *parts = session.family()
        runner.kill()
        assert_gone(parts)
