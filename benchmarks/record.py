"""The recorder: how much it takes in, what it costs, how large its bags are, and what is left when it is killed.

The recorder is the real process. Beside it the plain writer of the `mcap` library writes the same messages to the same
disk, without ROS. Compression is tried on a real session, recorded whole. Times mean something only on a machine that
does nothing else.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import psutil
import report
from mcap.exceptions import McapError
from mcap.records import Message
from mcap.stream_reader import StreamReader
from mcap.writer import CompressionType, Writer
from rclpy.serialization import serialize_message

sys.path.append(str(Path(__file__).parents[1] / "test" / "support"))

from killed_recorders import kill_again_and_again
from node_process import NodeProcess, Peer

from latentvr_common import conversions, node_tools, session_files, topics
from latentvr_common.bags.bag import open_bag
from latentvr_common.bags.definitions import definition_of, type_name
from latentvr_common.bags.schedule import Recorded
from latentvr_common.cloud import NONE, Cloud
from latentvr_session.description import environment
from session_recorder.bag_file import BagFile
from session_recorder.channels import Channel, qos_entry
from session_recorder.examining import examine
from session_recorder.keyframes import Keyframes
from session_recorder.opening import make_place
from session_recorder.parameters import RecorderParameters
from session_recorder.recording import Recording, Taken, Track
from session_recorder.space import SpaceGuard

ROOT = Path(__file__).parents[1]
ITEMS, CLOUD_HZ, HANDS_HZ = 70_000, 10, 90
PACED_S, FLAT_OUT_S, MOST_WAIT_S = 20.0, 5.0, 60.0
SILENCE_S, NOISE_BYTES = 3.0, 5_000
IN_FLIGHT = 4
"""Clouds that are sent before the first of them is in the file, flat out."""
GESTURES = 8
MB = 1e6
EVERYTHING = {"cloud_rate_hz": 0.0, "cloud_mb_per_s": 0.0}
CLOUD = f"/{topics.NAMESPACE}/{topics.CLOUD.name}"
BY_NAME = {
    topic.name if topic.name.startswith("/") else f"/{topics.NAMESPACE}/{topic.name}": topic for topic in topics.TOPICS
}


def clouds(count: int) -> list[bytes]:
    """Return serialized clouds of ITEMS items."""
    random = np.random.default_rng(0)
    nothing, color = np.full(ITEMS, NONE, np.int16), np.zeros(ITEMS, np.uint32)
    sure = random.random(ITEMS, np.float32)
    return [
        bytes(
            serialize_message(
                conversions.cloud_to_msg(
                    Cloud(
                        number + 1, random.normal(0, 0.5, (ITEMS, 3)).astype(np.float32), color, nothing, nothing, sure
                    )
                )
            )
        )
        for number in range(count)
    ]


def channel(topic: topics.Topic) -> Channel:
    """Return the topic as a bag knows it."""
    name = next(name for name, known in BY_NAME.items() if known is topic)
    return Channel(name, definition_of(type_name(topic.type)), qos_entry(topic.qos))


# The real recorder


@dataclass
class Recorder:
    """A recorder process and the bag that it writes."""

    bag: Path
    process: NodeProcess

    @property
    def size(self) -> int:
        """Bytes in the bag by now."""
        return sum(file.stat().st_size for file in self.bag.glob("*.mcap")) if self.bag.is_dir() else 0

    @property
    def cpu_s(self) -> float:
        """Seconds of processor time so far."""
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)


@contextmanager
def recorder(directory: Path) -> Iterator[Recorder]:
    """Have a recorder record everything, with large memory shared as in a session."""
    log = directory / "recorder.log"
    parameters = {"bag": str(directory / "bag"), **EVERYTHING}
    variables = environment(os.getpid())
    with NodeProcess("session_recorder", parameters, log, variables=variables, module="recorder_node") as process:
        yield Recorder(directory / "bag", process)
        if process.stop() != 0:
            raise RuntimeError(process.said())


def settle(peer: Peer) -> None:
    """Let a second pass: whoever is found does not yet hear."""
    until = time.monotonic() + 1.0
    peer.wait_until(lambda: time.monotonic() > until, "a second")


def wait_for_silence(peer: Peer, process: Recorder) -> None:
    """Wait until nothing more comes but the recorder's own health."""
    size, until = process.size, time.monotonic() + SILENCE_S
    while time.monotonic() < until:
        settle(peer)
        if process.size > size + NOISE_BYTES:
            size, until = process.size, time.monotonic() + SILENCE_S


def paced_figures(frames: Sequence[bytes]) -> dict[str, object]:
    """Record clouds at CLOUD_HZ beside hands at HANDS_HZ; return what was lost and what it cost."""
    hands = bytes(serialize_message(topics.HANDS.type()))
    with scratch() as directory, Peer() as peer:
        clouds_out, hands_out = (node_tools.advertise(peer.node, topic) for topic in (topics.CLOUD, topics.HANDS))
        with recorder(directory) as process:
            peer.wait_until(
                lambda: clouds_out.get_subscription_count() and hands_out.get_subscription_count(), "the recorder"
            )
            settle(peer)
            cpu_s, began = process.cpu_s, time.monotonic()
            sent = {"cloud": 0, "hands": 0}
            for turn in range(int(PACED_S * HANDS_HZ)):
                due = began + turn / HANDS_HZ
                peer.wait_until(lambda due=due: time.monotonic() >= due, "the next hands")  # type: ignore[misc]
                hands_out.publish(hands)
                sent["hands"] += 1
                if turn % (HANDS_HZ // CLOUD_HZ) == 0:
                    clouds_out.publish(frames[turn % len(frames)])
                    sent["cloud"] += 1
            took_s = time.monotonic() - began
            cpu_share = (process.cpu_s - cpu_s) / took_s
            size = sent["cloud"] * len(frames[0]) + sent["hands"] * len(hands)
            wait_for_silence(peer, process)
        found = examine(directory / "bag")
        kept = {name: found.topics[f"/{topics.NAMESPACE}/{name}"].count for name in sent}
        missed = sum(topic.missing or 0 for topic in found.topics.values())
        return {
            "messages_lost": sum(sent.values()) - sum(kept.values()),
            "missed_by_number": missed,
            "cpu_share": round(cpu_share, 3),
            "paced_mb_per_s": round(size / took_s / MB, 1),
        }


def flat_out_mb_per_s(frames: Sequence[bytes]) -> float:
    """Send clouds as fast as the recorder has them in its file; return the megabytes a second."""
    deep = topics.every_one(100)
    with scratch() as directory, Peer() as peer:
        out = peer.node.create_publisher(topics.CLOUD.type, topics.CLOUD.name, topics.latched(deep.depth))
        with recorder(directory) as process:
            peer.wait_until(out.get_subscription_count, "the recorder")
            settle(peer)
            began, sent, before = time.monotonic(), 0, process.size
            while time.monotonic() < began + FLAT_OUT_S:
                if process.size - before >= (sent - IN_FLIGHT) * len(frames[0]):
                    out.publish(frames[sent % len(frames)])
                    sent += 1
                else:
                    time.sleep(0.0005)
            peer.wait_until(lambda: process.size - before >= sent * len(frames[0]), "all in the file", MOST_WAIT_S)
            took_s = time.monotonic() - began
        count = examine(directory / "bag").topics[CLOUD].count
        if count != sent:
            raise RuntimeError(f"{sent} clouds were sent, {count} are in the bag")
        return sent * len(frames[0]) / took_s / MB


def plain_mb_per_s(frames: Sequence[bytes]) -> float:
    """Write the same clouds with the plain writer, uncompressed and otherwise as it comes."""
    with scratch() as directory, (directory / "plain.mcap").open("wb") as stream:
        writer = Writer(stream, compression=CompressionType.NONE)
        writer.start("ros2")
        schema = writer.register_schema("sensor_msgs/msg/PointCloud2", "ros2msg", b"")
        topic = writer.register_channel(CLOUD, "cdr", schema)
        began, count = time.monotonic(), 0
        while time.monotonic() < began + FLAT_OUT_S:
            writer.add_message(topic, time.time_ns(), frames[count % len(frames)], time.time_ns(), count)
            count += 1
        stream.flush()
        return count * len(frames[0]) / (time.monotonic() - began) / MB


# How large, by setting


def mb_per_minute(messages: Sequence[Recorded], rate_hz: float, mb_per_s: float) -> float:
    """Return how large a minute of these messages becomes with these settings of keyframes."""
    now_ns = messages[0].log_ns
    with scratch() as directory:
        place = make_place(directory / "bag")
        recording = Recording(place, SpaceGuard(0, lambda: 0), clock=lambda: now_ns / 1e9)
        tracks: dict[str, Track] = {}
        for message in messages:
            now_ns = message.log_ns
            if message.topic not in tracks:
                topic = BY_NAME[message.topic]
                thinned = topic in (topics.CLOUD, topics.FORCES, topics.CUES) and (rate_hz > 0 or mb_per_s > 0)
                keyframes: Keyframes[Taken] | None = (
                    Keyframes(rate_hz=rate_hz, bytes_per_s=mb_per_s * MB) if thinned else None
                )
                tracks[message.topic] = Track(channel(topic), keyframes=keyframes)
                recording.add(tracks[message.topic])
            recording.take(tracks[message.topic], Taken(message.log_ns, message.data))
        recording.close()
        minutes = (messages[-1].log_ns - messages[0].log_ns) / 60e9
        return recording.size / minutes / MB


def minute_of_clouds(frames: Sequence[bytes]) -> list[Recorded]:
    """Return what a minute of ITEMS items at CLOUD_HZ brings, clouds alone."""
    return [
        Recorded(CLOUD, 10**18 + number * 1_000_000_000 // CLOUD_HZ, frames[number % len(frames)])
        for number in range(60 * CLOUD_HZ + 1)
    ]


def size_figures(session: Sequence[Recorded], frames: Sequence[bytes]) -> dict[str, object]:
    """Print the sizes by setting; return that of the default."""
    default = RecorderParameters()
    settings = {
        (default.cloud_rate_hz, default.cloud_mb_per_s),
        (0.0, 0.0),
        (10.0, 0.0),
        (2.0, 0.0),
        (1.0, 0.0),
        (0.5, 0.0),
        (0.0, 5.0),
    }
    large = minute_of_clouds(frames)
    found = {pair: (mb_per_minute(session, *pair), mb_per_minute(large, *pair)) for pair in sorted(settings)}
    rows = [
        (
            f"cloud_rate_hz {rate_hz:g}, cloud_mb_per_s {mb_per_s:g}"
            + (" (default)" if (rate_hz, mb_per_s) == (default.cloud_rate_hz, default.cloud_mb_per_s) else ""),
            *(f"{size:,.0f}" for size in sizes),
        )
        for (rate_hz, mb_per_s), sizes in found.items()
    ]
    print(report.table(("MB a minute", "a session on the digits", f"clouds of {ITEMS:,} items"), rows), end="\n\n")
    small, big = found[default.cloud_rate_hz, default.cloud_mb_per_s]
    return {"mb_per_minute": round(small, 1), "mb_per_minute_70k": round(big, 1)}


# Compression


def write_ours(messages: Sequence[Recorded], path: Path, *, finish: bool) -> None:
    """Write the messages as the recorder does; without `finish` leave the file as a killed recorder does."""
    path.unlink(missing_ok=True)
    file, channels = BagFile(path), {name: channel(topic) for name, topic in BY_NAME.items()}
    for number, message in enumerate(messages):
        file.write(channels[message.topic], message.log_ns, message.log_ns, message.data, number)
    if finish:
        file.finish()
    else:
        file.abandon()


def write_chunks(messages: Sequence[Recorded], path: Path, compression: CompressionType, *, finish: bool) -> None:
    """Write the messages as the library does if nothing is said but the compression."""
    with path.open("wb", buffering=0) as stream:
        writer, channels = Writer(stream, compression=compression), dict[str, int]()
        writer.start("ros2")
        for number, message in enumerate(messages):
            if message.topic not in channels:
                schema = writer.register_schema(message.topic, "ros2msg", b"")
                channels[message.topic] = writer.register_channel(message.topic, "cdr", schema)
            writer.add_message(channels[message.topic], message.log_ns, message.data, message.log_ns, number)
        if finish:
            writer.finish()


def readable(path: Path) -> int:
    """Return how many messages a reader that knows all ways gets out of a file that may be cut."""
    count = 0
    with path.open("rb") as stream:
        try:
            for record in StreamReader(stream, validate_crcs=False).records:
                count += isinstance(record, Message)
        except (McapError, ValueError):
            pass
    return count


def compression_figures(session: Sequence[Recorded]) -> dict[str, object]:
    """Print what each way makes of the session; return the sizes that compression would leave."""
    ways: dict[str, Callable[..., None]] = {
        "no chunks, not compressed (ours)": write_ours,
        "chunks, not compressed": partial(write_chunks, compression=CompressionType.NONE),
        "chunks, lz4": partial(write_chunks, compression=CompressionType.LZ4),
        "chunks, zstd": partial(write_chunks, compression=CompressionType.ZSTD),
    }
    whole = sum(len(message.data) for message in session)
    rows, sizes = [], []
    with scratch() as directory:
        for name, write in ways.items():
            began = time.process_time()
            write(session, directory / "whole.mcap", finish=True)
            cpu_s = time.process_time() - began
            sizes.append((directory / "whole.mcap").stat().st_size)
            lost = []
            for cut in (len(session) * part // 7 for part in range(1, 7)):
                write(session[:cut], directory / "cut.mcap", finish=False)
                lost.append(cut - readable(directory / "cut.mcap"))
            speed = f"{whole / cpu_s / MB:,.0f}"
            rows.append((name, f"{sizes[-1] / MB:,.1f}", f"{sizes[-1] / whole:.0%}", speed, f"{np.mean(lost):,.0f}"))
    header = ("a session, all clouds", "MB", "of the messages", "MB/s of processor time", "messages lost when killed")
    print(report.table(header, rows), end="\n\n")
    return {f"{name}_size": round(size / sizes[0], 2) for name, size in zip(("lz4", "zstd"), sizes[2:], strict=True)}


# A real session, all of it


def recorded_session() -> list[Recorded]:
    """Run a session on the digits beside a recorder that leaves nothing out; return the messages."""
    runner = ROOT / "install" / "latentvr" / "lib" / "latentvr" / "run_session"
    with scratch() as directory:
        with recorder(directory):
            words = [f"gestures:={GESTURES}", "view:=off", "record:=false", f"directory:={directory}/session"]
            subprocess.run([sys.executable, str(runner), *words], stdout=subprocess.DEVNULL, check=True)
        return messages_of(directory / "bag")


def messages_of(bag: Path) -> list[Recorded]:
    """Return the messages of a bag."""
    return list(open_bag(bag).messages(BY_NAME.keys(), 0))


@contextmanager
def scratch() -> Iterator[Path]:
    """Give a directory on the disk where sessions are, for a while."""
    (ROOT / "build").mkdir(exist_ok=True)
    directory = Path(tempfile.mkdtemp(prefix="record-", dir=ROOT / "build"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory)


# What is left after kills, and what a replay comes to


def crash_figures(kills: int) -> dict[str, object]:
    """Kill the recorder so often; return what of the messages before is in the bag."""
    with scratch() as directory:
        outcome = kill_again_and_again(directory, kills, seed=0)
    whole = all(state == "whole, checksums hold" for _, _, state in outcome.found.files)
    return {
        "kills": kills,
        "killed_while_recording": outcome.lives,
        "recovered_share_min": round(min(outcome.shares), 4),
        "recovered_share_mean": round(sum(outcome.shares) / len(outcome.shares), 4),
        "labels_lost": outcome.labels - outcome.labels_kept,
        "labels": outcome.labels,
        "repaired_bag_is_read": whole and outcome.readers_agree,
    }


def replay_figures() -> dict[str, bool]:
    """Return whether a replay equals the session, and whether an undone event equals one that never was."""
    programs = ROOT / "install" / "latentvr" / "lib" / "latentvr"
    with scratch() as directory:
        session = directory / "session"
        words = [f"gestures:={GESTURES}", "view:=off", f"directory:={session}"]
        subprocess.run([sys.executable, programs / "run_session", *words], check=True, stdout=sys.stderr)
        replay = [sys.executable, programs / "replay_training", session / session_files.BAG]
        equal = subprocess.run(replay, check=False, stdout=sys.stderr).returncode == 0
        as_it_was, undone, never_made = undoing(session, 1 + GESTURES // 2)
    return {"replay_equal": equal, "undo_equal": undone == never_made != as_it_was}


def undoing(session: Path, seq: int) -> list[str]:
    """Return the digests that undoing.py finds, in a process that computes as training does."""
    words = [sys.executable, ROOT / "test" / "support" / "undoing.py", session, str(seq)]
    variables = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(words, env=variables, check=True, stdout=subprocess.PIPE, text=True)
    print(done.stdout)
    return done.stdout.splitlines()[-1].split()


def main() -> int:
    """Measure and report; return 1 if a message or a label was lost, or a replay was not equal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bag", type=Path, help="a bag with every cloud, instead of a session made for it")
    parser.add_argument("--kills", type=int, default=50, help="how often to kill the recorder")
    arguments = parser.parse_args()
    os.environ.setdefault("ROS_DOMAIN_ID", str(101 + os.getpid() % 130))
    os.environ.update(environment(os.getpid()))
    frames = clouds(8)
    figures: dict[str, object] = {
        "mb_per_s": round(flat_out_mb_per_s(frames)),
        "mcap_writer_mb_per_s": round(plain_mb_per_s(frames)),
        **paced_figures(frames),
    }
    session = messages_of(arguments.bag) if arguments.bag else recorded_session()
    figures |= size_figures(session, frames) | compression_figures(session)
    figures |= crash_figures(arguments.kills) | replay_figures()
    print(report.table(("the recorder", "found"), list(figures.items())))
    report.finish("record", figures)
    lost = figures["messages_lost"] or figures["labels_lost"] or not figures["repaired_bag_is_read"]
    return int(bool(lost) or not (figures["replay_equal"] and figures["undo_equal"]))


if __name__ == "__main__":
    sys.exit(main())
