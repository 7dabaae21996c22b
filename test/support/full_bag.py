"""A bag with a message of every topic of a session."""

from pathlib import Path
from typing import Any

import valid_messages
from rclpy.serialization import serialize_message

from latentvr_common import topics
from latentvr_common.bags.definitions import definition_of, type_name
from latentvr_common.bags.metadata import write_metadata
from latentvr_common.scene import State
from session_recorder.bag_file import BagFile
from session_recorder.channels import Channel, qos_entry

_START_NS, _PAUSE_NS = 10**18, 10**8


def write_full_bag(bag: Path, messages: dict[str, list[Any]]) -> None:
    """Write messages, by topic, a tenth of a second apart."""
    bag.mkdir()
    file = BagFile(bag / f"{bag.name}_0.mcap")
    for topic in topics.TOPICS:
        name = topic.name if topic.name.startswith("/") else f"/{topics.NAMESPACE}/{topic.name}"
        channel = Channel(name, definition_of(type_name(topic.type)), qos_entry(topic.qos))
        for number, message in enumerate(messages[topic.name]):
            log_ns = _START_NS + number * _PAUSE_NS
            file.write(channel, log_ns, log_ns, serialize_message(message))
    file.finish()
    write_metadata(bag, [file.info()], {})


def a_session() -> dict[str, list[Any]]:
    """Return some messages of each topic, always the same; none of them says that training has come to its end."""
    found = {topic.name: valid_messages.examples(valid_messages.MESSAGES[topic.name]) for topic in topics.TOPICS}
    found[topics.EPOCH.name] = [m for m in found[topics.EPOCH.name] if m.state != State.FAULT]
    return found
