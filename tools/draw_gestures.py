"""Draws docs/images/gestures/*.png: each gesture as the simulated hands perform it, and what the labeler makes of it.

source tools/env.sh
python tools/draw_gestures.py
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from cloud_view.camera import Camera, Subject, look
from cloud_view.drawing import Drawing, draw
from cloud_view.force_shapes import arrows
from cloud_view.painter import Painter
from cloud_view.shapes import join_meshes
from gesture_labeler.labeler import Labeler
from gesture_labeler.outcome import Outcome
from gesture_labeler.parameters import Parameters
from gesture_labeler.signs import Head
from latentvr_common import palette, rotations
from latentvr_common.cloud import NONE, Cloud
from latentvr_common.colors import UNLABELLED_COLOR, category_color
from latentvr_common.gesture_watch import GestureWatch
from latentvr_common.gestures import Phase, Tool, ToolKind
from latentvr_common.hands import Hand, Hands, Joint
from latentvr_common.labels import Category
from latentvr_common.placement import Placement
from latentvr_common.proposal import Proposal
from latentvr_common.scene import Scene, Selection
from scripted_hands import performances
from scripted_hands.performances import Performance, Performer

FloatArray = npt.NDArray[np.floating]

OUT = Path(__file__).parents[1] / "docs" / "images" / "gestures"
CATEGORIES = tuple(Category(i, name, category_color(i)) for i, name in enumerate(("ant", "bee", "cat", "dog")))
MIDDLES = np.array([[-0.55, 0.35, 0.1], [0.55, 0.3, 0.0], [0.0, -0.45, 0.2], [0.1, 0.55, -0.5]])
ITEMS_EACH, SPREAD = 90, 0.12
STEP_S = 1 / 72
EARLIER, EARLIER_S = 16, 0.6
"""So many clouds were there before the one that is seen, one each so many seconds: the clumps came together."""
BEGINS_S = 1.0 + EARLIER * EARLIER_S
OFFERED = 0.8
"""Share of the items that the network would label by itself."""
HEAD = Head(np.array([0.0, 1.6, 0.05]), rotations.about_axis(np.array([1.0, 0.0, 0.0]), -0.45))
SUBJECT = Subject(np.array([0.0, 1.2, -0.5]), 0.36)
CAMERA = look(np.array([0.4, 1.9, 0.5]), np.array([-0.02, 1.2, -0.42]), 36.0)
AT_PALETTE = look(np.array([-0.6, 1.66, 0.12]), np.array([-0.13, 1.16, -0.36]), 43.0)
"""From the left and nearer: what is poked is not hidden by the hand that does."""
PAINTED_PX, SHOWN = 853, (126, 10, 726, 450)
"""Width of a painted picture, and what of it is shown: left, top, right, bottom."""
WIDTH_PX, COLORS = 900, 96
DIM, BACKDROP = 62, (18, 22, 30)
"""What is darker than this everywhere (0 to 255) is the backdrop, and gets one colour: its gradient would be bands."""
BEFORE_S, WHILE, AFTER_S = 0.2, 0.75, 0.2
"""The three moments: so long before the beginning, at that share of the way to the end, so long after that."""
ARROW_M, ARROW_COLOR = 0.006, np.array([1.0, 1.0, 1.0])
SHORTEST_WAY_M = 0.025


@dataclass(frozen=True)
class Shown:
    """A gesture to be drawn."""

    file: str
    performance: Performance
    tool: Tool
    gesture: str
    placement: Placement = field(default_factory=Placement)
    camera: Camera = CAMERA


@dataclass(frozen=True)
class Moment:
    """What is to be seen at one moment."""

    at_s: float
    scene: Scene


def cloud_of(label: npt.NDArray[np.int16], stamp_s: float = BEGINS_S, share: float = 1.0) -> Cloud:
    """Return four clumps with these labels (N,). share: of the way from a ball of items to the clumps."""
    random = np.random.default_rng(5)
    clumps = np.repeat(MIDDLES, ITEMS_EACH, axis=0) + random.normal(0.0, SPREAD, (len(label), 3))
    positions = share * clumps + (1.0 - share) * random.normal(0.0, 0.32, (len(label), 3))
    by_label = np.array([*(c.color for c in CATEGORIES), UNLABELLED_COLOR], np.uint32)
    nothing = np.full(len(label), NONE, np.int16)
    sure = np.zeros(len(label), np.float32)
    return Cloud(round(1e9 * stamp_s), positions.astype(np.float32), by_label[label], label, nothing, sure)


def shown() -> Sequence[Shown]:
    """Return all gestures."""
    at = Placement().stage_from_latent
    left, right, low = (at(middle) for middle in MIDDLES[:3])
    over = np.array([0.06, -0.04, 0.0])
    way = np.linspace(right - over, right + over, 6)
    far = np.linspace(right - over, right + 2 * over, 6)
    corner = np.array([0.16, 0.10, 0.08])
    near = np.array([0.03, 0.0, 0.0])
    grip = np.array([-0.16, 1.42, -0.25]), np.array([0.16, 1.42, -0.25])
    pull = np.array([-0.27, 1.36, -0.25]), np.array([0.27, 1.50, -0.22])
    paints, density = Tool(category=0), Tool(ToolKind.DENSITY, 0)
    moved = Placement(np.array([0.35, 1.0, -0.8]), scale=0.22)
    by_palm = Performer()
    return (
        Shown("pinch_brush", performances.paint(way, Performer()), paints, "pinch_brush"),
        Shown("take_away", performances.paint_and_take_away(far, far[-1], Performer()), paints, "pinch_brush"),
        Shown("density", performances.flood(right, Performer(), 0.05), density, "density"),
        Shown(
            "box",
            performances.with_both("box", (low - near, low + near), (low - corner, low + corner), Performer()),
            paints,
            "box",
        ),
        Shown("grab", performances.with_both("grab", grip, pull, Performer()), paints, "grab"),
        Shown("radius", performances.size(left, 0.07, Performer()), paints, "radius"),
        Shown(
            "poke",
            performances.poke(palette.category_action(2), CATEGORIES, by_palm),
            paints,
            "poke",
            camera=AT_PALETTE,
        ),
        Shown("accept", twice(palette.ACCEPT, Performer()), paints, "accept", camera=AT_PALETTE),
        Shown("scrub", performances.scrub((0.9, 0.2), CATEGORIES, Performer()), paints, "scrub", camera=AT_PALETTE),
        Shown("dwell", performances.dwell(right, Performer()), paints, "dwell"),
        Shown("recentre", performances.recentre(Performer()), paints, "recentre", moved),
    )


def twice(action: str, performer: Performer) -> Performance:
    """Poke the button of `action`, look at what comes of it, and poke it again."""
    performances.poke(action, CATEGORIES, performer)
    performer.hold(0.3)
    return performances.poke(action, CATEGORIES, performer)


class Stage:
    """A labeler before the cloud, and what a view would show of it."""

    def __init__(self, what: Shown) -> None:
        self._labeler = Labeler(Parameters())
        self._labeler.set_categories(CATEGORIES)
        self._labeler.hold(what.tool)
        self._labeler.place(what.placement)
        self._labeler.head = HEAD
        self._label = np.full(ITEMS_EACH * len(MIDDLES), NONE, np.int16)
        self._cloud = cloud_of(self._label)
        for i in range(EARLIER):
            self._labeler.see(cloud_of(self._label, EARLIER_S * (i + 1), i / EARLIER))
        self._labeler.see(self._cloud)
        self._watch = GestureWatch()
        self._selection: Selection | None = None
        self.times: dict[Phase, float] = {}
        """When the gesture began and ended."""

    def step(self, hands: Hands, at_s: float, gesture: str) -> Scene:
        """Show it the hands; return what is to be seen."""
        outcome = self._labeler.update(hands)
        assert outcome is not None
        self._take(outcome, at_s, gesture)
        self._take(self._labeler.look(at_s), at_s, gesture)
        then = self._labeler.past.frame
        doing, selection = self._watch.doing(at_s), self._selection
        if doing is not None and doing.item != NONE:
            # So that it is seen in the drawing which one is looked at.
            selection = Selection(NONE, np.array([doing.item], np.uint32))
        return Scene(
            self._cloud if then is None else then.cloud,
            CATEGORIES,
            placement=self._labeler.placement,
            hands=hands,
            brushes=self._watch.brushes(at_s),
            selection=selection,
            tool=self._labeler.tool,
            doing=doing,
        )

    def _take(self, outcome: Outcome, at_s: float, gesture: str) -> None:
        ends = [outcome.end] if outcome.end is not None else []
        for report in [*outcome.reports, *ends, *(end for _, end in outcome.accepted)]:
            self._watch.take(report, at_s)
            if report.name == gesture and report.phase in (Phase.BEGIN, Phase.END):
                self.times.setdefault(report.phase, at_s)
        if outcome.preview is not None:
            self._selection = Selection(outcome.preview.category, outcome.preview.sample_ids, outcome.preview.region)
        commits = [outcome.commit] if outcome.commit is not None else []
        for event in [*commits, *(event for event, _ in outcome.accepted)]:
            self._label[event.sample_ids] = event.category
            self._cloud, self._selection = cloud_of(self._label), None
        if any(ask.action == palette.ACCEPT for ask in outcome.asks):
            self._take(self._labeler.offer(offer_of(len(self._label)), at_s), at_s, gesture)


def offer_of(items: int) -> Proposal:
    """Return what the network would label of so many items by itself."""
    ids = np.flatnonzero(np.random.default_rng(7).random(items) < OFFERED).astype(np.uint32)
    return Proposal(ids, (ids // ITEMS_EACH).astype(np.int16), ids[:20], 0.97, 1, 1)


def moments_of(what: Shown) -> list[Moment]:
    """Perform the gesture; return the moments to be drawn."""
    stage, seen = Stage(what), []
    for i in range(1, int(what.performance.lasts_s / STEP_S)):
        hands = what.performance.at(i * STEP_S).hands(round(1e9 * (BEGINS_S + i * STEP_S)))
        seen.append(Moment(i * STEP_S, stage.step(hands, i * STEP_S, what.gesture)))
    end_s = stage.times[Phase.END]
    begin_s = stage.times.get(Phase.BEGIN, end_s - BEFORE_S)
    wanted = begin_s - BEFORE_S, begin_s + WHILE * (end_s - begin_s), end_s + AFTER_S
    return [min(seen, key=lambda moment: abs(moment.at_s - at_s)) for at_s in wanted]


def point_of(hand: Hand, gesture: str) -> FloatArray:
    """Return the point (3,) of a hand whose way is drawn."""
    points = gesture in ("radius", "poke", "accept", "scrub", "dwell")
    place = hand.position_of(Joint.INDEX_TIP) if points else hand.pinch_point()
    assert place is not None
    return place


def with_ways(drawing: Drawing, before: Scene, after: Scene, gesture: str) -> Drawing:
    """Return the drawing with an arrow for each hand that goes some way from one scene to the other."""
    assert before.hands is not None
    assert after.hands is not None
    pairs = ((before.hands.left, after.hands.left), (before.hands.right, after.hands.right))
    ways = [(point_of(a, gesture), point_of(b, gesture)) for a, b in pairs]
    long = [(a, b - a) for a, b in ways if np.linalg.norm(b - a) > SHORTEST_WAY_M]
    if not long:
        return drawing
    starts, vectors = np.array([a for a, _ in long]), np.array([v for _, v in long])
    return replace(
        drawing, mesh=join_meshes([drawing.mesh, arrows(starts, vectors, ARROW_M, ARROW_COLOR, drawing.camera)])
    )


def on_backdrop(picture: Image.Image) -> Image.Image:
    """Return the picture with an even backdrop."""
    pixels = np.array(picture)
    pixels[pixels.max(axis=2) < DIM] = BACKDROP
    return Image.fromarray(pixels)


def picture_of(what: Shown, painter: Painter) -> Image.Image:
    """Return the moments side by side."""
    moments = moments_of(what)
    pictures = []
    for i, moment in enumerate(moments):
        drawing = draw(moment.scene, what.camera, SUBJECT, fine=True)
        if i == 0:
            drawing = with_ways(drawing, moment.scene, moments[1].scene, what.gesture)
        pictures.append(on_backdrop(painter.paint(drawing, PAINTED_PX).convert("RGB").crop(SHOWN)))
    width, height = pictures[0].size
    whole = Image.new("RGB", (len(pictures) * width + 8 * (len(pictures) - 1), height), (255, 255, 255))
    for i, picture in enumerate(pictures):
        whole.paste(picture, (i * (width + 8), 0))
    return whole.resize((WIDTH_PX, round(WIDTH_PX * whole.height / whole.width)), Image.Resampling.LANCZOS)


def small(picture: Image.Image) -> Image.Image:
    """Return the picture in few colours, one of which is the backdrop's own."""
    found = picture.quantize(COLORS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    colors = found.getpalette()
    first = found.getpixel((0, 0))
    assert colors is not None
    assert isinstance(first, int)
    colors[3 * first : 3 * first + 3] = BACKDROP
    found.putpalette(colors)
    return found


def main() -> None:
    """Draw all."""
    OUT.mkdir(parents=True, exist_ok=True)
    painter = Painter()
    for what in shown():
        small(picture_of(what, painter)).save(OUT / f"{what.file}.png", optimize=True)
    painter.close()


if __name__ == "__main__":
    main()
