"""What an interface type looks like and its hash, from the interface files that ROS has installed."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ament_index_python.packages import get_package_share_directory

_SEPARATOR = "=" * 80
_PRIMITIVE = re.compile(r"bool|byte|char|float(32|64)|u?int(8|16|32|64)|w?string")

FindShare = Callable[[str], str]
"""From the name of a package to its share directory."""


@dataclass(frozen=True)
class Definition:
    """A message type with all that it is made of."""

    type: str
    """As in "latentvr/msg/Hands"."""
    text: str
    """The message file, then those of all types in it, each after a line of 80 "=" and one of "MSG: package/Name"."""
    type_hash: str
    """RIHS01, as ROS itself reports it for an endpoint."""


def type_name(message_type: type) -> str:
    """Return the name of a generated message class, as in "latentvr/msg/Hands"."""
    package, kind, *_ = message_type.__module__.split(".")
    return f"{package}/{kind}/{message_type.__name__}"


def definition_of(name: str, share: FindShare = get_package_share_directory) -> Definition:
    """Return the definition of the message type `name`, as in "latentvr/msg/Hands".

    Raises OSError, or LookupError of the package index, if its files are not installed.
    """
    package, _, message = name.split("/")
    return Definition(name, _with_parts(package, message, set(), share), _type_hash(package, message, share))


def _with_parts(package: str, message: str, seen: set[tuple[str, str]], share: FindShare) -> str:
    text = _interface_file(package, f"{message}.msg", share).read_text()
    parts = [text]
    for part in sorted(set(_types_in(text, package))):
        if part not in seen:
            seen.add(part)
            parts += [f"\n{_SEPARATOR}\nMSG: {part[0]}/{part[1]}\n", _with_parts(*part, seen, share)]
    return "".join(parts)


def _types_in(text: str, package: str) -> Iterator[tuple[str, str]]:
    """Yield (package, name) of each field in a message file that is itself a message."""
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        name = words[0].partition("[")[0].partition("<")[0] if words else ""
        if name and not _PRIMITIVE.fullmatch(name):
            of_package, _, base = name.rpartition("/")
            yield of_package or package, base


def _type_hash(package: str, message: str, share: FindShare) -> str:
    name = f"{package}/msg/{message}"
    hashes = json.loads(_interface_file(package, f"{message}.json", share).read_text())["type_hashes"]
    return str(next(entry["hash_string"] for entry in hashes if entry["type_name"] == name))


def _interface_file(package: str, name: str, share: FindShare) -> Path:
    return Path(share(package)) / "msg" / name
