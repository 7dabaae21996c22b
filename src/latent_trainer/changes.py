"""What is done to a network beside steps, and when: counted in steps, never in seconds."""

from dataclasses import dataclass, replace
from typing import Any

from latentvr_common.trace import Said


@dataclass(frozen=True)
class Change:
    """After so many steps, tried ones counted, other labels were in force, or training went back."""

    attempts: int
    said: Said
    """What the labels follow from that are in force from then on."""
    back: str = ""
    """Why training went back to an earlier network, with the labels as they were; empty: it did not."""

    def without(self, seqs: frozenset[int]) -> "Change":
        """Return the same, had the journal's entries `seqs` never been made."""
        return replace(self, said=replace(self.said, without=tuple(sorted(seqs | set(self.said.without)))))


def change_from_json(found: Any) -> Change:
    """Return what `dataclasses.asdict` has made of a change, by way of JSON.

    Raises KeyError, TypeError or ValueError for anything else.
    """
    said = found["said"]
    whole = [int(n) for n in (said["seq"], *said["without"], *said["retired"], found["attempts"])]
    if min(whole) < 0:
        raise ValueError(f"{min(whole)}, expected numbers from 0 on")
    return Change(
        int(found["attempts"]),
        Said(int(said["seq"]), tuple(map(int, said["without"])), tuple(map(int, said["retired"])), str(said["wins"])),
        str(found["back"]),
    )
