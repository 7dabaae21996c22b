"""The report: one page that says what is so, needs nothing else, and shows whatever things are called."""

import base64
import io
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import torch
from outcomes import CATEGORIES, ITEMS, MARKS, columns, mark, marks, outcome, pictures, with_predictions
from PIL import Image

from latent_trainer.curves import Point
from latent_trainer.history import Moment
from latent_trainer.inputs import fit_inputs
from latent_trainer.marks import marks_of
from latent_trainer.parameters import Parameters
from latent_trainer.results import markup
from latent_trainer.results.charts import line_chart
from latent_trainer.results.cloud_picture import WIDTH, cloud_png
from latent_trainer.results.exported import exported_model
from latent_trainer.results.outcome import Outcome
from latent_trainer.results.report import report
from latent_trainer.training import Training
from latentvr_common.colors import split_rgb
from latentvr_common.datasets import Dataset, load
from latentvr_common.labels import Category, LabelBook

torch.set_num_threads(1)

VOID = {"meta", "img", "br", "line", "circle", "polyline"}
ODD = (
    '<script>alert("x")</script>',
    "' onerror='alert(1)",
    "&amp; & &lt;",
    "</section></main>",
    "\u202egnp.elif",
    "line\nbreak\x00\x07",
    "x" * 100,
    "\udcff",
)


class Page(HTMLParser):
    """What a browser finds: elements, their attributes and texts. Raises AssertionError if tags do not match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def page_of(result: Outcome) -> Page:
    html = report(result)
    html.encode()  # it can be written
    assert_needs_nothing_else(html)
    return Page(html)


def assert_needs_nothing_else(html: str) -> None:
    page = Page(html)
    tags = {tag for tag, _ in page.found}
    assert tags.isdisjoint({"script", "link", "iframe", "object", "embed", "a", "base", "form", "image", "use"})
    attributes = [(name, value or "") for _, given in page.found for name, value in given.items()]
    assert not [name for name, _ in attributes if name.startswith("on") or name in ("href", "srcset")]
    assert all(value.startswith("data:image/") for name, value in attributes if name == "src")
    style = html[html.index("<style>") : html.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style


def images(page: Page) -> list[Image.Image]:
    return [
        Image.open(io.BytesIO(base64.b64decode(str(given["src"]).split(",")[1], validate=True)))
        for given in page.all("img")
    ]


def with_history(result: Outcome, *moments: Moment) -> Outcome:
    return replace(result, history=moments)


def test_it_says_the_numbers() -> None:
    predicted = np.arange(ITEMS) % 2 * 2
    predicted[:6] = 2
    page = page_of(with_predictions(outcome(), predicted, 0.8))
    for number, what in [
        ("95.0 %", "categorised correctly"),
        ("60", "items"),
        ("4", "marks"),
        ("15", "items with a label (25.0 %)"),
        ("3", "categories in use"),
        ("40.0 %", "right among the labels"),
        ("80.0 %", "mean confidence"),
    ]:
        assert f" {number} {what}" in page.text
    assert "4 marks by 2 persons gave 15 of 60 items a label." in page.text
    for section in ("The cloud", "How it went", "Categories", "Right and wrong", "Most uncertain", "How it was made"):
        assert section in page.text


def test_it_says_what_it_was_made_of() -> None:
    result = outcome()
    text = page_of(result).text
    for part in (result.dataset.digest, "60 pictures of 4 × 4 pixels", "seed 3", "torch 2.", "5 steps"):
        assert part in text
    assert re.search(r"labels ada : 9 bo : 6", text)


def test_on_how_many_items_authors_disagree_is_said_only_where_they_do() -> None:
    assert "disagree" not in page_of(outcome()).text
    for others, said in (((4, 5, 6), "2 items"), ((5, 6), "1 item")):
        disputed = marks(*MARKS, mark(5, 2, *others, author="bo"))
        text = page_of(replace(outcome(), marks=disputed)).text
        assert f"authors disagree on {said} made with" in text


def test_a_page_without_truth_says_nothing_of_right_and_wrong() -> None:
    text = page_of(outcome(columns())).text
    assert "correctly" not in text
    assert "right" not in text.lower()
    assert "60 rows of 6 numbers" in text


def test_a_page_without_labels_says_that_nothing_is_predicted() -> None:
    page = page_of(outcome(said=marks()))
    assert "None of the 60 items has a label, so nothing is predicted." in page.text
    assert "Most uncertain" not in page.text
    assert len(page.all("img")) == 1, "the cloud alone"


def test_a_page_with_one_category_says_what_is_missing() -> None:
    assert "Nothing is predicted: that takes labels of two categories." in page_of(outcome(said=marks(MARKS[0]))).text


def test_feature_rows_are_shown_by_what_they_are_called_or_hold() -> None:
    result = outcome(columns())
    page = page_of(result)
    assert len(page.all("img")) == 1
    item = int(np.argmin(np.where(result.marks.labels == -1, result.encoded.confidence, 2)))
    assert f"{item} : {result.dataset.items[item, 0]:.4g} " in page.text


def odd_names() -> Outcome:
    categories = tuple(Category(i, text, 0x112233 + i) for i, text in enumerate(ODD))
    names = tuple(f"{ODD[i % len(ODD)]} {i}" for i in range(ITEMS))
    data = pictures(names=names)
    data = replace(data, name=f"/data/{ODD[0]}", categories=ODD, truth=(np.arange(ITEMS) % len(ODD)).astype(np.int16))
    said = marks(*(mark(i + 1, i, i, i + 8, author=text) for i, text in enumerate(ODD)), categories=categories)
    return outcome(data, said)


@pytest.mark.parametrize("pictured", [True, False], ids=["pictures", "rows"])
def test_names_are_shown_as_they_are_and_nothing_in_them_is_obeyed(pictured: bool) -> None:
    result = odd_names()
    if not pictured:
        rows = replace(columns(), name=ODD[0], item_names=result.dataset.item_names)
        result = outcome(rows, result.marks)
    page = page_of(result)
    for text in ODD[:5]:
        assert " ".join(text.split()) in page.text
    assert "line\N{REPLACEMENT CHARACTER}break" in page.text
    assert not {"onerror", "alert(1)"} & {name for _, given in page.found for name in given}
    written = report(result)
    assert "\x00" not in written
    assert written.count("</main>") == written.count("<main>") == 1
    assert all("\u202e" not in part or f"<bdi>{part}" in written for part in re.findall(r"(?<=>)\u202e[^<]*", written))


def test_two_hundred_categories_fit_on_a_page() -> None:
    categories = tuple(Category(i, f"species {i}", i * 1000) for i in range(200))
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(ITEMS, 6)).astype(np.float32)
    truth = rng.integers(0, 200, ITEMS).astype(np.int16)
    data = Dataset("many", rows, truth, tuple(c.name for c in categories))
    said = marks(*(mark(i + 1, i % 200, i % ITEMS) for i in range(200)), categories=categories)
    predicted = rng.permutation(200)[:ITEMS]
    page = page_of(with_predictions(outcome(data, said), predicted, 0.5))
    matrix = images(page)[1]
    assert matrix.width == matrix.height
    assert 300 <= matrix.width <= 600
    assert re.search(r"and \d+ more", page.text)
    assert len(report(outcome(data, said))) < 500_000


def test_few_categories_have_a_matrix_with_numbers() -> None:
    predicted = np.arange(ITEMS) % 2 * 2
    predicted[:6:2] = 2
    page = page_of(with_predictions(outcome(), predicted, 0.5))
    cells = [given for given in page.all("td") if "background" in (given.get("style") or "")]
    assert len(cells) == 4
    assert 'Most frequent mistakes in truth taken for items cat, "the" best Möwe 3' in page.text


def test_a_picture_whose_file_is_gone_is_said_to_be_so(tmp_path: Path) -> None:
    for number in range(24):
        (tmp_path / "ab"[number % 2]).mkdir(exist_ok=True)
        picture = Image.effect_noise((300 + number, 200), 80)
        picture.save(tmp_path / "ab"[number % 2] / f"{number:02}.png")
    data = load(str(tmp_path))
    result = small(data)
    shown = images(page_of(result))[1:]
    assert shown
    assert all(max(image.size) <= 144 for image in shown)
    assert len(report(result)) < 40 * 12_000
    for file in tmp_path.rglob("*.png"):
        file.write_bytes(b"no picture any more")
    page = page_of(result)
    assert len(page.all("img")) == 1
    assert "cannot be read" in page.text


def small(data: Dataset) -> Outcome:
    """A session with 24 items."""
    book = LabelBook(len(data))
    book.add_all([mark(1, 0, 0, 1), mark(2, 2, 12, 13)])
    said = marks_of(book, CATEGORIES)
    input_map, inputs = fit_inputs(data, 8, 0)
    training = Training(inputs, Parameters(width=16, batch=8), "cpu")
    training.set_labels(said.labels)
    return Outcome(data, training.encode(), exported_model(training, input_map), said, (), 0, 0, 0)


# The course


def test_the_course_is_drawn_from_what_is_known() -> None:
    moments = [Moment(0, 0, 0), Moment(1, 1, 10), Moment(2, 2, 20, 0.5, 0.6), Moment(3, 3, 25, 0.75, 0.7)]
    page = page_of(with_history(outcome(), *moments))
    right, labels = page.all("polyline")
    assert len(str(right["points"]).split()) == 2, "accuracy is known of two moments"
    assert len(str(labels["points"]).split()) == 4
    assert [given["aria-label"] for given in page.all("svg")] == ["categorised correctly", "items with a label"]
    unknown = [replace(moment, accuracy=float("nan")) for moment in moments]
    page = page_of(with_history(outcome(), *unknown))
    assert [given["aria-label"] for given in page.all("svg")] == ["mean confidence", "items with a label"]
    assert "How it went" not in page_of(with_history(outcome(), Moment(0, 0, 0))).text


CURVES = {
    "": [Point(step, 2.0 - step / 200, step / 200, 0.5) for step in range(10, 101, 10)],
    'from step 40 ("<b>entry" 2)': [Point(step, 1.0, 0.3, 0.5, 0.75) for step in range(40, 61, 10)],
}


def test_branches_are_drawn_beside_each_other_and_what_they_came_to_is_told() -> None:
    page = page_of(replace(outcome(), curves=CURVES))
    charts = [given["aria-label"] for given in page.all("svg")][-3:]
    assert charts == ["categorised correctly", "loss", "predicted as before"]
    lines = [str(given["points"]).split() for given in page.all("polyline")][-5:]
    assert [len(line) for line in lines] == [10, 3, 10, 3, 3], "of what was left nobody knows how it agrees"
    # The same step is at the same place, and a branch begins at its own.
    assert lines[0][3].split(",")[0] == lines[1][0].split(",")[0]
    for told in ("Branches", "what was", 'from step 40 ("<b>entry" 2)', "50.0 %", "75.0 %"):
        assert told in page.text
    assert_needs_nothing_else(report(replace(outcome(), curves=CURVES)))


def test_the_branch_that_the_figures_are_of_is_named_where_it_is_not_the_first() -> None:
    here = 'from step 40 ("<b>entry" 2)'
    assert f"of the branch {here}" in page_of(replace(outcome(), curves=CURVES, branch=here)).text
    assert "of the branch" not in page_of(replace(outcome(), curves=CURVES)).text


def test_one_branch_alone_is_compared_with_nothing() -> None:
    for curves in ({}, {"": CURVES[""]}, {"": CURVES[""], "empty": []}):
        assert "Branches" not in page_of(replace(outcome(), curves=curves)).text


def test_without_truth_branches_are_compared_by_their_confidence() -> None:
    unknown = {name: [replace(point, accuracy=float("nan")) for point in points] for name, points in CURVES.items()}
    page = page_of(replace(outcome(columns()), curves=unknown))
    assert [given["aria-label"] for given in page.all("svg")][-3:] == ["mean confidence", "loss", "predicted as before"]
    assert "categorised correctly" not in page.text


def test_a_chart_puts_values_in_their_places() -> None:
    chart = line_chart([(0, 0.0), (5, 0.5), (10, 1.0)], 1.0, "share", str, "#000000")
    (points,) = re.findall(r'points="([^"]*)"', chart)
    (x0, y0), (x1, y1), (x2, y2) = [map(float, point.split(",")) for point in points.split()]
    assert x1 == pytest.approx((x0 + x2) / 2, abs=0.1)
    assert y1 == pytest.approx((y0 + y2) / 2, abs=0.1)
    assert x0 < x2
    assert y0 > y2, "more is higher"


def test_a_chart_of_many_points_stays_small_and_keeps_the_last() -> None:
    chart = line_chart([(i, i / 9999) for i in range(10_000)], 1.0, "share", str, "#000000")
    (points,) = re.findall(r'points="([^"]*)"', chart)
    assert len(points.split()) == 400
    assert points.split()[-1] == "442.0,12.0"


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (1, ["0", "1"]),
        (2, ["0", "1", "2"]),
        (9, ["0", "3", "6", "9"]),
        (20, ["0", "5", "10", "15", "20"]),
        (137, ["0", "50", "100"]),
        (4000, ["0", "1,000", "2,000", "3,000", "4,000"]),
    ],
)
def test_marks_are_counted_in_round_whole_numbers(last: int, expected: list[str]) -> None:
    chart = line_chart([(0, 0.1), (last, 0.2)], 1.0, "share", lambda _: "level", "#000000")
    assert [text for text in re.findall(r">([^<>]+)</text>", chart) if text not in ("level", "marks")] == expected


# The cloud


def drawn(change: Callable[[Outcome], Outcome]) -> np.ndarray:
    with Image.open(io.BytesIO(cloud_png(change(outcome())))) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def placed(result: Outcome, positions: object, predicted: object, confidence: object = 1.0) -> Outcome:
    changed = with_predictions(result, predicted, confidence)
    encoded = replace(changed.encoded, positions=np.asarray(positions, np.float32))
    return replace(changed, encoded=encoded)


def test_items_are_where_they_are_in_the_colour_of_their_category() -> None:
    spots = np.tile(np.array([[0.9, 0.5, 0.9], [-0.9, -0.5, 0.9]]), (ITEMS // 2, 1))
    picture = drawn(lambda result: placed(result, spots, [0, 2] * (ITEMS // 2)))
    assert picture.shape[1] == WIDTH
    first = picture[:, : WIDTH // 3]  # x to the right, y up
    red = np.argwhere((first[..., 0] > 150) & (first[..., 1] < 100)).mean(axis=0)
    green = np.argwhere((first[..., 1] > 150) & (first[..., 0] < 100)).mean(axis=0)
    assert red[1] > green[1] + 100
    assert red[0] < green[0] - 50


def test_what_is_nearer_covers_what_is_farther() -> None:
    depth = np.linspace(-1, 1, ITEMS)
    spots = np.stack([np.zeros(ITEMS), np.zeros(ITEMS), depth], axis=1)
    for nearest, channel in ((0, 0), (2, 1)):
        predicted = np.full(ITEMS, 2 - nearest)
        predicted[-1] = nearest
        picture = drawn(lambda result, p=predicted: placed(result, spots, p))  # type: ignore[misc]
        height = picture.shape[0]
        middle = picture[height // 2, 12 + (WIDTH - 48) // 6]
        assert middle[channel] == middle.max() > 150


def test_the_unsure_are_greyer_and_the_unpredicted_grey() -> None:
    spots = np.random.default_rng(0).uniform(-1, 1, (ITEMS, 3))

    def most_colourful(predicted: int, confidence: float) -> int:
        picture = drawn(lambda result: placed(result, spots, [predicted] * ITEMS, confidence))
        return int((picture.max(axis=2) - picture.min(axis=2)).max())

    assert most_colourful(0, 1.0) > most_colourful(0, 0.3) + 40 > most_colourful(-1, 0.0) + 40
    assert most_colourful(-1, 0.0) < 30


def test_a_cloud_in_one_place_can_be_drawn() -> None:
    picture = drawn(lambda result: placed(result, np.zeros((ITEMS, 3)), [0] * ITEMS))
    assert (picture[..., 0] > 100).any()
    assert split_rgb(CATEGORIES[0].color).tolist() == [255, 0, 0]


# Pieces


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0.0 %"),
        (0.5, "50.0 %"),
        (0.98765, "98.8 %"),
        (0.99999, "99.9 %"),
        (1.0, "100 %"),
        (float("nan"), "unknown"),
    ],
)
def test_a_share_is_said_in_per_cent_and_not_all_is_not_100(value: float, expected: str) -> None:
    assert markup.share(value) == expected


def test_counts_have_a_singular() -> None:
    assert markup.counted(1, "mark", "marks") == "1 mark"
    assert markup.counted(1200, "mark", "marks") == "1,200 marks"
