"""A report of one page, for those who were not there."""

import math
import platform
import time
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import PurePath

import numpy as np

from latent_trainer.preview import description
from latent_trainer.results import markup
from latent_trainer.results.branches import branches_section
from latent_trainer.results.charts import confusion_chart, line_chart
from latent_trainer.results.cloud_picture import WIDTH, cloud_png
from latent_trainer.results.figures import (
    CategoryFigures,
    Headline,
    Rows,
    best_guesses,
    category_figures,
    confusion,
    examples,
    headline,
    uncertain_items,
)
from latent_trainer.results.markup import count, counted, element, name, section, share
from latent_trainer.results.outcome import Outcome
from latent_trainer.results.page import page
from latent_trainer.results.thumbnails import thumbnail
from latentvr_common.cloud import NONE
from latentvr_common.colors import UNLABELLED_COLOR

_MOST_EXAMPLES = 6
"""Of each kind, for each category."""
_PICTURES = 160
"""So many examples in all, unless that is less than two for each category."""
_UNCERTAIN = 18
_GUESSES = 2
_MISTAKES = 8
_LEGEND = 24
_MOST_SPREAD_OUT = 24
"""More categories than these are listed in a table."""
_VERSIONS_OF = ("torch", "numpy", "faiss-cpu")


def report(outcome: Outcome) -> str:
    """Return the report as HTML that needs nothing else. Names in it are escaped."""
    found, categories = headline(outcome), category_figures(outcome)
    look = _Look(outcome)
    parts = (
        _header(outcome, found),
        _tiles(found, categories),
        _cloud(look, categories),
        _course(outcome),
        branches_section(outcome),
        _categories(look, categories),
        _mistakes(look),
        _uncertain(look),
        _how_made(outcome),
        "<footer>Made by latentvr. Every item with its label, prediction, confidence and place is in items.csv and "
        "items.parquet beside this file; the network is in model/.</footer>",
    )
    return page(f"{markup.text(_short_name(outcome))} · latentvr", "\n".join(parts))


def _short_name(outcome: Outcome) -> str:
    return PurePath(outcome.dataset.name).name or outcome.dataset.name


class _Look:
    """How categories and items of a session are shown."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self._names = {NONE: "none"} | outcome.names
        self._colors = {c.id: c.color for c in outcome.marks.categories}

    def name(self, category: int) -> str:
        """Return a category's name as HTML."""
        return name(self._names.get(category, f"category {category}"))

    def category(self, category: int) -> str:
        """Return a category's name with its colour as HTML."""
        color = markup.color(self._colors.get(category, UNLABELLED_COLOR))
        return f'<span class="swatch" style="background:{color}"></span>{self.name(category)}'

    def item(self, item: int) -> str:
        """Return a small picture of an item, or what it is called where it has none; framed if predicted wrong."""
        outcome = self.outcome
        says = f"{outcome.dataset.ids[item]}, {share(float(outcome.encoded.confidence[item]))}"
        wrong = self.is_wrong(item)
        if wrong and outcome.truth is not None:
            says += f", in truth {self._names.get(int(outcome.truth[item]), '?')}"
        shown = {"title": markup.text(says)} | ({"class_": "wrong"} if wrong else {})
        return thumbnail(outcome.dataset, item, markup.text(says), **shown) or element(
            "code", name(outcome.dataset.ids[item]), **shown
        )

    def is_wrong(self, item: int) -> bool:
        """Tell whether an item is known to be predicted wrong."""
        truth = self.outcome.truth
        return truth is not None and bool(truth[item] != self.outcome.encoded.predicted[item])


def _header(outcome: Outcome, found: Headline) -> str:
    persons = len(set(outcome.marks.authors.values()))
    if found.labelled == 0:
        told = f"None of the {count(found.items)} items has a label, so nothing is predicted."
    else:
        told = (
            f"{counted(found.marks, 'mark', 'marks')} by {counted(persons, 'person', 'persons')} gave "
            f"{count(found.labelled)} of {count(found.items)} items a label. "
        )
        told += (
            "Nothing is predicted: that takes labels of two categories."
            if math.isnan(found.confidence)
            else "From these the network has put every item into a category."
        )
    if outcome.branch:
        told += f" All of this is of the branch {name(outcome.branch)}, which was trained last; others are below."
    return (
        f'<header><p class="eyebrow">latentvr session · {time.strftime("%d %B %Y, %H:%M")}</p>'
        f'<h1>{name(_short_name(outcome))}</h1><p class="lead">{told}</p></header>'
    )


def _tiles(found: Headline, categories: Sequence[CategoryFigures]) -> str:
    part = found.labelled / found.items
    tiles = [
        (count(found.items), "items", ""),
        (count(found.marks), "marks", ""),
        (count(found.labelled), f"items with a label ({share(part)})", ""),
        (count(len(categories)), "categories in use", ""),
    ]
    if not math.isnan(found.accuracy):
        tiles.insert(0, (share(found.accuracy), "categorised correctly", " main"))
    if not math.isnan(found.purity):
        tiles.append((share(found.purity), "right among the labels", ""))
    if not math.isnan(found.confidence):
        tiles.append((share(found.confidence), "mean confidence", ""))
    shown = (f'<div class="tile{kind}"><b>{number}</b><span>{what}</span></div>' for number, what, kind in tiles)
    return element("div", "".join(shown), class_="tiles")


def _cloud(look: _Look, categories: Sequence[CategoryFigures]) -> str:
    chips = [f"<span>{look.category(c.id)}</span>" for c in categories[:_LEGEND]]
    if len(categories) > _LEGEND:
        chips.append(f'<span class="quiet">and {len(categories) - _LEGEND} more</span>')
    predicts = bool((look.outcome.encoded.predicted != NONE).any())
    return section(
        "The cloud",
        "Every dot is an item in the network's three-dimensional latent space, seen along its three axes. "
        + ("Its colour is that of the category it is taken for, greyer the less sure that is." if predicts else ""),
        markup.picture(cloud_png(look.outcome), "png", "three views of the cloud", class_="cloud", width=str(WIDTH)),
        element("div", "".join(chips), class_="legend"),
    )


def _course(outcome: Outcome) -> str:
    moments = outcome.history
    right = line_chart([(m.marks, m.accuracy) for m in moments], 1.0, "categorised correctly", _percent, "#0072b2")
    sure = line_chart([(m.marks, m.confidence) for m in moments], 1.0, "mean confidence", _percent, "#0072b2")
    most = max((m.labelled for m in moments), default=0)
    labels = line_chart(
        [(m.marks, m.labelled) for m in moments], max(1.0, 1.08 * most), "items with a label", _number, "#d55e00"
    )
    charts = (right or sure) + labels
    return section(
        "How it went",
        "With every mark that was made, as far as the network had come before the next one.",
        element("div", charts, class_="charts") if charts else "",
    )


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %"


def _number(value: float) -> str:
    return count(round(value))


def _categories(look: _Look, categories: Sequence[CategoryFigures]) -> str:
    each = min(_MOST_EXAMPLES, max(1, _PICTURES // (2 * max(1, len(categories)))))
    wrong = " Those framed in orange are wrong." if look.outcome.truth is not None else ""
    return section(
        "Categories",
        f"How many items are taken for each category, those that the network is surest of, and some at random.{wrong}",
        *(
            [_category(look, figures, each) for figures in categories]
            if len(categories) <= _MOST_SPREAD_OUT
            else [_table(look, categories, each)]
        ),
    )


def _category(look: _Look, figures: CategoryFigures, each: int) -> str:
    told = [counted(figures.predicted, "item", "items"), counted(figures.labelled, "label", "labels")]
    if not math.isnan(figures.confidence):
        told.append(f"confidence {share(figures.confidence)}")
    if not math.isnan(figures.right):
        told.append(f"{share(figures.right)} right")
    surest, random = examples(look.outcome, figures.id, each)
    strips = _strip(look, "surest", surest) + _strip(look, "at random", random)
    return (
        f'<div class="category"><div><h3>{look.category(figures.id)}</h3>'
        f'<p>{"<br>".join(told)}</p></div><div class="strips">{strips}</div></div>'
    )


def _table(look: _Look, categories: Sequence[CategoryFigures], each: int) -> str:
    """Return what `_category` tells, of many: a row for each."""
    truth = look.outcome.truth is not None
    heads = ["category", "items", "labels", "confidence", *(["right"] if truth else []), "surest", "at random"]
    lines = []
    for figures in categories:
        shown = (
            element("div", "".join(map(look.item, rows.tolist())), class_="items")
            for rows in examples(look.outcome, figures.id, each)
        )
        right = [share(figures.right)] if truth else []
        numbers = [count(figures.predicted), count(figures.labelled), share(figures.confidence), *right]
        lines.append([_clamped(look.category(figures.id)), *numbers, *shown])
    head = element("tr", "".join(element("th", text) for text in heads))
    return element("div", element("table", head + markup.rows(lines), class_="plain"), class_="wide")


def _strip(look: _Look, kind: str, items: Rows) -> str:
    if not len(items):
        return ""
    shown = "".join(look.item(item) for item in items.tolist())
    return f'<div class="strip"><span class="kind">{kind}</span><div class="items">{shown}</div></div>'


def _mistakes(look: _Look) -> str:
    found = confusion(look.outcome)
    if found is None:
        return ""
    most = [
        (_clamped(look.category(true)), _clamped(look.category(predicted)), count(number))
        for true, predicted, number in found.most_frequent(_MISTAKES)
    ]
    head = "<tr><th>in truth</th><th>taken for</th><th>items</th></tr>"
    table = element("table", head + markup.rows(most), class_="plain")
    listed = element("div", f"<h3>Most frequent mistakes</h3>{table}") if most else ""
    return section(
        "Right and wrong",
        "Truth is known for this dataset; it was used to measure, and for nothing else. Rows are true categories, "
        "columns predicted ones; the darker, the larger its share of the row.",
        element("div", confusion_chart(found, [look.name(category) for category in found.ids]) + listed, class_="pair"),
    )


def _clamped(content: str) -> str:
    return element("span", content, class_="of")


def _uncertain(look: _Look) -> str:
    items = uncertain_items(look.outcome, _UNCERTAIN)
    if not len(items):
        return ""
    cards = [
        _card(look, item, guesses)
        for item, guesses in zip(items.tolist(), best_guesses(look.outcome, items, _GUESSES), strict=True)
    ]
    return section(
        "Most uncertain",
        "Items without a label of which the network is least sure, with the categories it wavers between: the first to "
        "look at, or to mark next.",
        element("div", "".join(cards), class_="cards"),
    )


def _card(look: _Look, item: int, guesses: Sequence[tuple[int, float]]) -> str:
    dataset = look.outcome.dataset
    guessed = "".join(
        element(
            "div", _clamped(look.category(category)) + element("span", share(chance), class_="quiet"), class_="guess"
        )
        for category, chance in guesses
    )
    image = thumbnail(dataset, item, "")
    values = "" if dataset.has_pictures or dataset.item_names else f": {markup.text(description(dataset, item))}"
    return element("div", f'{image}{guessed}<div class="what">{name(dataset.ids[item])}{values}</div>', class_="card")


def _how_made(outcome: Outcome) -> str:
    dataset = outcome.dataset
    kind = {
        "pictures": "pictures of {} pixels",
        "sounds": "spectrograms of {} pixels",
        "features": "rows of {} numbers",
    }
    shape = " × ".join(str(size) for size in dataset.items.shape[1:])
    told = [
        ("dataset", name(dataset.name)),
        ("items", f"{count(len(dataset))} {kind[dataset.kind].format(shape)}"),
        ("digest (SHA-256)", f"<code>{dataset.digest}</code>"),
        ("seed", str(outcome.seed)),
        ("training", f"{counted(outcome.epoch, 'epoch', 'epochs')}, {counted(outcome.step, 'step', 'steps')}"),
        ("labels", _authors(outcome) or "none"),
        ("made with", markup.text(", ".join(_versions()))),
    ]
    disputed = len(outcome.marks.conflicts)
    if disputed:
        told.insert(-1, ("authors disagree on", counted(disputed, "item", "items")))
    skipped = len(dataset.skipped)
    if skipped:
        told.insert(2, ("left out", f"{counted(skipped, 'file', 'files')} that could not be read"))
    return section("How it was made", "", element("table", markup.rows(told), class_="plain"))


def _authors(outcome: Outcome) -> str:
    origins = outcome.marks.origins
    by_entry = np.bincount(origins[origins > 0]) if (origins > 0).any() else np.zeros(0, np.int64)
    items: Counter[str] = Counter()
    for seq, author in outcome.marks.authors.items():
        items[author] += int(by_entry[seq])
    return "<br>".join(f"{name(author or 'nobody named')}: {count(number)}" for author, number in items.most_common(20))


def _versions() -> list[str]:
    found = [f"Python {platform.python_version()}"]
    for package in _VERSIONS_OF:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"{package}, version unknown")
    return found
