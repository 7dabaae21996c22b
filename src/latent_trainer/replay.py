"""Trains again from a session's bag alone, and tells whether the result is the same to the last bit.

From a command line: replay_training BAG [dataset:=<name or path>] [without:=<entries of the journal>]. Exit code 0: all
is equal; 1: it is not, and the first step that differs is named; 2: there is no bag that can be used.
"""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from latent_trainer.cache import ArrayCache
from latent_trainer.cores import preparing_threads
from latent_trainer.course import Course
from latent_trainer.preparation import Preparation
from latent_trainer.recall import Recall
from latent_trainer.recipe import Recipe, digest_of, this_build
from latent_trainer.rerun import Rerun, Tally, catch_up, without
from latent_trainer.story import Story, make_story
from latent_trainer.training import Encoded, NotFiniteError, Training
from latentvr_common import conversions
from latentvr_common.bags.bag import Bag, open_bag
from latentvr_common.cloud import NONE
from latentvr_common.datasets import Dataset, load
from latentvr_common.directories import user_cache
from latentvr_common.errors import EXIT_INPUT_ERROR, InputError
from latentvr_common.labels import LabelEvent
from latentvr_common.trace import TraceEntry

EXIT_DIFFERS = 1
_INTERRUPTED = 130
_LABELS, _TRACE = "latentvr/msg/LabelEvent", "latentvr/msg/TraceEntry"
_TELL_S = 2.0
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Asked:
    """What to replay, and how."""

    bag: Path
    dataset: str = ""
    """Where the dataset is now; empty: where it was."""
    without: tuple[int, ...] = ()
    """Entries of the journal that are never to have been made."""


def asked_of(words: Sequence[str]) -> Asked:
    """Return what the words of a command line ask for. Raises InputError, naming the word."""
    paths = [word for word in words if ":=" not in word]
    if len(paths) != 1:
        raise InputError(f"{len(paths)} bags are named, expected one: the directory of a session's bag")
    asked = Asked(Path(paths[0]))
    for word in words:
        name, assigned, value = word.partition(":=")
        if name == "dataset" and value:
            asked = replace(asked, dataset=value)
        elif name == "without" and value:
            asked = replace(asked, without=_entries(value))
        elif assigned and name not in ("dataset", "without"):
            raise InputError(f"argument {word!r}: expected dataset:= or without:=")
    return asked


def _entries(text: str) -> tuple[int, ...]:
    try:
        found = tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError as error:
        raise InputError(f"argument without is {text!r}, expected numbers of entries with commas, as in 3,7") from error
    if found[0] < 1:
        raise InputError(f"argument without is {text!r}, expected numbers from 1 on")
    return found


def read_story(bag: Bag) -> Story:
    """Return what a bag tells of training. Raises InputError, naming it, where that cannot be replayed."""
    bag.check()
    readers: dict[str, Callable[[bytes], LabelEvent | TraceEntry]] = {
        _LABELS: conversions.label_event_from_cdr,
        _TRACE: conversions.trace_entry_from_cdr,
    }
    by_topic = {topic.name: readers[topic.type] for topic in bag.info.topics if topic.type in readers}
    events, entries = list[LabelEvent](), list[TraceEntry]()
    for message in bag.messages(by_topic.keys(), 0):
        try:
            found = by_topic[message.topic](message.data)
        except ValueError as error:
            raise InputError(f"{bag.directory}: topic {message.topic}: {error}") from error
        if isinstance(found, LabelEvent):
            events.append(found)
        else:
            entries.append(found)
    return make_story(events, entries, str(bag.directory))


class Workshop:
    """Makes training as it was before the first step."""

    def __init__(self, asked: Asked, tell: Tell) -> None:
        self._asked = asked
        self._tell = tell
        self._made: dict[tuple[str, int, float], tuple[Dataset, Preparation]] = {}
        self.deviating: list[str] = []
        """What is not as it was recorded, before any step."""

    def dataset(self, recipe: Recipe) -> Dataset:
        """Return the dataset. Raises InputError if it is another one now."""
        return self._prepared(recipe)[0]

    def training(self, recipe: Recipe) -> Training:
        """Return training with its neighbours, ready for the first step."""
        if recipe.device.startswith("cuda") and not torch.cuda.is_available():
            recipe = replace(recipe, device="cpu")
            self._note("it was trained on a GPU, here on the processor")
        preparation = self._prepared(recipe)[1]
        inputs = preparation.inputs(lambda done: None)[1]
        neighbours = preparation.neighbours(inputs)
        for what, array, digest in (("inputs", inputs, recipe.inputs), ("neighbours", neighbours, recipe.neighbours)):
            if digest_of(array) != digest:
                self._note(f"the {what} are others in their last bits")
        changed = [name for name, now in this_build(recipe.device).items() if recipe.build.get(name) != now]
        if changed:
            self._note(f"recorded with another {', '.join(changed)}")
        torch.set_num_threads(recipe.threads)
        training = Training(inputs, recipe.settings(), recipe.device)
        training.set_neighbours(neighbours)
        return training

    def _note(self, text: str) -> None:
        if text not in self.deviating:
            self.deviating.append(text)

    def _prepared(self, recipe: Recipe) -> tuple[Dataset, Preparation]:
        key = (recipe.dataset, recipe.max_items, recipe.parameters["seed"])
        if key not in self._made:
            settings = recipe.settings(dataset=self._asked.dataset or recipe.dataset)
            dataset = load(settings.dataset, max_items=settings.max_items, seed=settings.seed, on_progress=self._tell)
            if (dataset.digest, len(dataset)) != (recipe.digest, recipe.items):
                raise InputError(
                    f"dataset {settings.dataset} is not that of the session: {len(dataset)} items with digest "
                    f"{dataset.digest[:12]}, expected {recipe.items} with {recipe.digest[:12]}"
                )
            self._made[key] = dataset, Preparation(dataset, settings, ArrayCache(user_cache()), preparing_threads())
        return self._made[key]


class _Progress:
    """Tells now and then how far it has come."""

    def __init__(self, total: int, tell: Tell) -> None:
        self._total, self._tell = total, tell
        self._due_s = time.monotonic() + _TELL_S

    def __call__(self, steps: int) -> None:
        if time.monotonic() >= self._due_s:
            self._tell(f"step {steps:,} of {self._total:,}")
            self._due_s = time.monotonic() + _TELL_S


def compare(story: Story, workshop: Workshop, tell: Tell) -> tuple[Tally, list[str]]:
    """Do all again; return what was found, and what there is to say of it."""
    total = sum(len(entry.losses) for entries in story.runs.values() for entry in entries)
    other = any(recipe.build != this_build(recipe.device) for recipe in story.recipes.values())
    rerun = Rerun(story, workshop.training, _Progress(total, tell), go_on=other)
    tally = rerun.run()
    lines = [f"note: {text}" for text in workshop.deviating]
    if tally.first is None:
        runs = f"{tally.runs} run{'s' * (tally.runs != 1)}"
        lines.append(f"equal: {tally.steps:,} steps and {tally.checks:,} digests of {runs}")
        return tally, lines
    lines.append(tally.first.describe())
    if other:
        lines.append(
            f"the build is another: over {tally.steps:,} steps the loss deviates by at most {tally.deviation:.2g}"
        )
    return tally, lines


def what_if(story: Story, workshop: Workshop, gone: Sequence[int], tell: Tell) -> list[str]:
    """Train as if entries had never been made; return what there is to say of the result."""
    run = story.newest
    missing = [seq for seq in gone if seq not in story.events]
    if missing:
        raise InputError(
            f"argument without names entry {missing[0]}, but the journal of the bag has {len(story.events)}"
        )
    recipe, changes = story.recipes[run], story.changes(run)
    attempts = story.runs[run][-1].attempts
    results: list[Encoded] = []
    for taken in (changes, without(changes, gone)):
        course = Course(workshop.training(recipe), recipe, run, lambda entry: None)
        recall = Recall(len(course.training), story.events)
        tell(f"{attempts:,} steps {'without the entries' if results else 'as they were'}")
        catch_up(course, taken, recall.labels, attempts)
        results.append(course.training.encode())
    return _differences(results[0], results[1], workshop.dataset(recipe), gone)


def _differences(before: Encoded, after: Encoded, dataset: Dataset, gone: Sequence[int]) -> list[str]:
    other = int((before.predicted != after.predicted).sum())
    moved = float(np.median(np.linalg.norm(before.positions - after.positions, axis=1)))
    what = f"without entr{'y' if len(gone) == 1 else 'ies'} {', '.join(map(str, gone))}"
    lines = [f"{what}: {other:,} of {len(dataset):,} items are predicted otherwise, half moved by over {moved:.2g}"]
    if dataset.truth is not None:
        shares = [_right(encoded.predicted, dataset) for encoded in (before, after)]
        lines.append(f"right predictions: {shares[0]:.2%} as it was, {shares[1]:.2%} {what}")
    return lines


def _right(predicted: npt.NDArray[np.int16], dataset: Dataset) -> float:
    known = predicted != NONE
    return float((known & (predicted == dataset.truth)).mean())


def main(words: Sequence[str]) -> int:
    """Replay what the words ask for; return the exit code."""

    def tell(text: str) -> None:
        sys.stderr.write(f"{text}\n")

    try:
        asked = asked_of(words)
        story = read_story(open_bag(asked.bag))
        workshop = Workshop(asked, tell)
        if asked.without:
            lines, code = what_if(story, workshop, asked.without, tell), 0
        else:
            tally, lines = compare(story, workshop, tell)
            code = 0 if tally.first is None else EXIT_DIFFERS
    except (InputError, OSError, NotFiniteError) as error:
        sys.stderr.write(f"error: {error}\n")
        return EXIT_INPUT_ERROR
    except KeyboardInterrupt:
        sys.stderr.write("replay interrupted\n")
        return _INTERRUPTED
    sys.stdout.write("\n".join(lines) + "\n")
    return code
