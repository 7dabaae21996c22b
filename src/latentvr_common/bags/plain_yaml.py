"""Reads YAML that somebody else wrote, in time and memory that its length bounds."""

from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST = 20
_LONGEST = 1 << 16


def read_plain(text: str) -> Any:
    """Return what a document of texts, numbers, lists and mappings says.

    Raises yaml.YAMLError, or ValueError for what would grow while it is read: references to other parts of the
    document, deep nesting, and texts longer than 64 KiB.
    """
    _check(text)
    loader = _LOADER(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def _check(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.AliasEvent):
            raise ValueError("one part of it refers to another")
        if isinstance(event, yaml.ScalarEvent) and len(event.value) > _LONGEST:
            raise ValueError("it has a text longer than 64 KiB")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise ValueError(f"it is nested more than {_DEEPEST} deep")
