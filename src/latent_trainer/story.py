"""What a session's bag tells of its training: the labels, and the trace of every run."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from latent_trainer.changes import Change
from latent_trainer.recipe import Recipe, beginning_from_text
from latentvr_common.errors import InputError
from latentvr_common.labels import LabelEvent
from latentvr_common.trace import BEGINNINGS, Place, TraceEntry, What


@dataclass(frozen=True)
class Story:
    """All runs of one session, and the journal's entries that they learnt from."""

    events: Mapping[int, LabelEvent]
    """By seq."""
    runs: Mapping[str, Sequence[TraceEntry]]
    """Each from its beginning on, without a gap."""
    recipes: Mapping[str, Recipe]
    """How each run goes."""
    earlier: Mapping[str, Sequence[Change]]
    """What was done before each run, in those that it goes on from."""

    @property
    def roots(self) -> list[str]:
        """Runs that began from nothing, or go on from what was not recorded."""
        return [run for run in self.runs if self.parent(run) is None]

    def parent(self, run: str) -> Place | None:
        """Return the entry after which `run` leaves another; None: that was not recorded, or there is none."""
        parent = self.runs[run][0].parent
        return parent if parent and parent.number < len(self.runs.get(parent.run, ())) else None

    def leaving(self, run: str) -> list[str]:
        """Return the runs that go on from `run`."""
        parents = {r: self.parent(r) for r in self.runs}
        return [r for r, parent in parents.items() if parent is not None and parent.run == run]

    @property
    def newest(self) -> str:
        """The run that was told of last."""
        return list(self.runs)[-1]

    def changes(self, run: str) -> list[Change]:
        """Return all changes that led to `run`, and its own."""
        own = [
            Change(e.attempts, e.said, e.text if e.what is What.RETURN else "")
            for e in self.runs[run]
            if e.what in (What.LABELS, What.RETURN)
        ]
        return [*self.earlier[run], *own]


def make_story(events: Iterable[LabelEvent], entries: Iterable[TraceEntry], whose: str) -> Story:
    """Return what is told, in the order in which it was recorded; what is told twice counts once.

    Raises InputError, naming `whose` it is, where something is missing that a replay needs.
    """
    by_seq = {event.seq: event for event in events}
    by_run: dict[str, dict[int, TraceEntry]] = {}
    for entry in entries:
        by_run.setdefault(entry.place.run, {}).setdefault(entry.place.number, entry)
    if not by_run:
        raise InputError(
            f"{whose} has no trace of training, expected topic trace: it is of another project, or of an older version"
        )
    runs = {run: _whole(run, found, whose) for run, found in by_run.items()}
    beginnings = {run: beginning_from_text(e[0].text, f"{whose}: run {run[:8]}") for run, e in runs.items()}
    for entries_of_run in runs.values():
        _check_parent(entries_of_run[0], runs, whose)
        _check_labels(entries_of_run, by_seq, whose)
    recipes = {run: recipe for run, (recipe, _) in beginnings.items()}
    return Story(by_seq, runs, recipes, {run: changes for run, (_, changes) in beginnings.items()})


def _whole(run: str, found: Mapping[int, TraceEntry], whose: str) -> list[TraceEntry]:
    numbers = sorted(found)
    missing = next((i for i, number in enumerate(numbers) if i != number), None)
    if missing is not None:
        raise InputError(f"{whose} lacks entry {missing} of the trace of run {run[:8]}: it cannot be replayed")
    entries = [found[number] for number in numbers]
    for before, entry in itertools.pairwise(entries):
        tried = entry.attempts - before.attempts
        if tried != len(entry.losses) or entry.what in BEGINNINGS:
            raise InputError(
                f"{whose}: entry {entry.place.number} of the trace of run {run[:8]} tells of {len(entry.losses)} "
                f"steps, expected {tried}"
            )
    return entries


def _check_parent(first: TraceEntry, runs: Mapping[str, Sequence[TraceEntry]], whose: str) -> None:
    run, parent, seen = first.place.run, first.parent, {first.place.run}
    while parent is not None and parent.run in runs:
        if parent.run in seen:
            raise InputError(f"{whose}: run {run[:8]} goes on from itself")
        earlier = runs[parent.run][: parent.number + 1]
        if earlier[-1].attempts > runs[run][0].attempts:
            raise InputError(f"{whose}: run {run[:8]} goes on from a step that its parent had not made")
        seen.add(parent.run)
        run, parent = parent.run, runs[parent.run][0].parent


def _check_labels(entries: Sequence[TraceEntry], events: Mapping[int, LabelEvent], whose: str) -> None:
    newest = max(entry.said.seq for entry in entries)
    missing = next((seq for seq in range(1, newest + 1) if seq not in events), None)
    if missing is not None:
        raise InputError(f"{whose} lacks entry {missing} of the journal, from which training learnt")
