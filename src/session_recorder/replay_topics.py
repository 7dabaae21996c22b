"""Which topics of a bag are played."""

from collections.abc import Iterator, Mapping, Sequence

from latentvr_common.bags.definitions import Definition
from latentvr_common.bags.metadata import TopicInfo
from latentvr_common.bags.wording import shown
from latentvr_common.errors import InputError


def check_wanted(wanted: Sequence[str], known: Mapping[str, Definition]) -> None:
    """Raise InputError if `wanted` names a topic that is not in `known`."""
    for name in wanted:
        if name not in known:
            raise InputError(f"parameter topics names {name}, expected some of: {', '.join(known)}")


def choose(
    recorded: Sequence[TopicInfo], known: Mapping[str, Definition], wanted: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Return the topics to play, and why others are not, one sentence each.

    `recorded` is what the bag has, `known` what may be played, `wanted` what is asked for (empty: everything).
    """
    missing = set(wanted) - {topic.name for topic in recorded if topic.count}
    reasons = [f"{name} is not played: the bag has no message of it" for name in sorted(missing)]
    played: list[str] = []
    for topic in recorded:
        if not topic.count or (wanted and topic.name not in wanted):
            continue
        objections = list(_objections(topic, known.get(topic.name)))
        reasons += [f"{shown(topic.name)} is not played: {objection}" for objection in objections]
        if not objections:
            played.append(topic.name)
    return played, reasons


def _objections(topic: TopicInfo, ours: Definition | None) -> Iterator[str]:
    if ours is None:
        yield "it is no topic of a session"
    elif topic.type != ours.type:
        yield f"its type is {shown(topic.type)}, expected {ours.type}"
    elif topic.type_hash and topic.type_hash != ours.type_hash:
        yield f"its messages are of another version of {ours.type}"
