"""A simulated person: looks at the cloud, decides what to mark as what, and moves hands to do it. Pure, over time.

The person is a script (a generator of actions) that a clock drives: `step` is asked for the hands of now, often. Like a
real person it acts on what it sees: it pokes until the palette answers, and pinches until the brush does.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from latentvr_common import palette, rotations
from latentvr_common.brush import RADIUS_M, STEP
from latentvr_common.cloud import NONE, Cloud
from latentvr_common.labels import Category
from latentvr_common.placement import Placement
from latentvr_common.truth import truth_ids
from scripted_hands.anatomy import OPEN, PINCHED, POINTING
from scripted_hands.body import OWN, Body
from scripted_hands.motion import HandPosture, Move, Posture, Tremor, length_of, reach_time_s
from scripted_hands.parameters import Parameters
from scripted_hands.planning import Plan, Scene, choose

FloatArray = npt.NDArray[np.floating]

HEAD = np.array([0.0, 1.6, 0.05])
"""Where the eyes are, metres, frame stage."""

_PALM_UP = rotations.about_axis(np.array([0.0, 0.0, 1.0]), np.pi)
_POKE_DOWN = rotations.about_axis(np.array([1.0, 0.0, 0.0]), -0.9)
_LEVEL = rotations.about_axis(np.array([1.0, 0.0, 0.0]), 0.25)
REST = Posture(
    HandPosture(np.array([-0.22, 0.95, -0.18]), _LEVEL, OPEN), HandPosture(np.array([0.22, 0.95, -0.18]), _LEVEL, OPEN)
)
"""How both hands are held at rest."""
_PALETTE_HAND = HandPosture(np.array([-0.24, 0.98, -0.26]), _PALM_UP, OPEN)
_ABOVE_M = 0.045
_BELOW_M = 0.010
_FINGERS_S = 0.18
_ANSWER_S = 1.0
_COMMIT_S = 10.0
_TRIES = 4
_BRUSHES_M = tuple(RADIUS_M * STEP**steps for steps in (0, -2, -4))
"""Sizes that the person uses, metres."""
_SAME_SIZE = 0.01
_MOST_SIZES = 12


@dataclass(frozen=True)
class Answer:
    """A gesture as the labeler reports it, as far as a person takes note of it."""

    name: str
    phase: str
    """begin, update, end or cancel."""
    category: int
    radius_m: float
    detail: str = ""


Action = Move | Callable[[], bool]
"""A movement, or a question that ends a wait by answering yes."""
Script = Iterator[Action]


class Person:
    """One session's work. `truth`: (N,) row of each item in `names`; categories are known by their names."""

    def __init__(
        self,
        parameters: Parameters,
        truth: npt.NDArray[np.int16],
        names: Sequence[str],
        thinking: Executor,
        body: Body = OWN,
    ) -> None:
        """Start at rest. `thinking`: where plans are made while the hands go on being held; `body`: of whose hands."""
        self._parameters = parameters
        self._truth = truth
        self._names = tuple(names)
        self._thinking = thinking
        self._body = body
        self._random = np.random.default_rng(parameters.seed)
        self._tremor = Tremor(parameters.tremor_m, self._random)
        self._ids: tuple[int, ...] = ()
        self._categories: Sequence[Category] = ()
        self._cloud: Cloud | None = None
        self._answers: list[Answer] = []
        self._chosen = NONE
        self._radius_m = RADIUS_M
        self._plan: Plan | None = None
        self._now_s = self._began_s = 0.0
        self._posture = REST
        self._action: Action | None = None
        self._script = self._session()
        self.placement = Placement()
        self.marks = 0
        """Made so far."""
        self.trouble = ""
        """What did not work, for whoever looks after this person."""
        self.gone = False

    # Senses

    def see_cloud(self, cloud: Cloud) -> None:
        """Look at the newest cloud; one of another size than the truth is not looked at."""
        if len(cloud) == len(self._truth):
            self._cloud = cloud

    def see_categories(self, categories: Sequence[Category]) -> None:
        """Look at the palette."""
        self._categories = categories
        by_name = {c.name: c.id for c in categories if not c.retired}
        self._ids = tuple(by_name.get(name, NONE) for name in self._names)

    def see_gesture(self, answer: Answer) -> None:
        """Notice what the labeler made of the hands."""
        if answer.phase == "end":
            self._chosen, self._radius_m = answer.category, answer.radius_m
            # However late: the journal may have been away.
            self.marks += answer.name == "pinch_brush"
        if answer.phase != "update":
            self._answers.append(answer)

    # Hands

    def step(self, now_s: float) -> Posture | None:
        """Return how the hands are held at `now_s` (monotonic seconds, rising), or None once the person has left."""
        self._now_s = now_s
        while not self.gone and self._is_done(self._action):
            self._begin_next()
        if self.gone:
            return None
        if isinstance(self._action, Move):
            self._posture = self._action.at(now_s - self._began_s)
        return self._posture.shaken(self._tremor.at(now_s))

    def _is_done(self, action: Action | None) -> bool:
        if isinstance(action, Move):
            return self._now_s - self._began_s >= action.lasts_s
        return action is None or action()

    def _begin_next(self) -> None:
        if isinstance(self._action, Move):
            self._posture = self._action.end
        self._action = next(self._script, None)
        self._began_s = self._now_s
        self.gone = self._action is None

    # The script

    def _session(self) -> Script:
        yield lambda: self._cloud is not None and bool(self._ids)
        yield self._wait(self._parameters.first_look_s / self._parameters.pace)
        while self.marks < self._parameters.gestures:
            before, tries = self.marks, 0
            while self.marks == before:
                if tries == _TRIES:
                    return
                tries += 1
                yield from self._mark()
        yield self._to(REST)

    def _mark(self) -> Script:
        """Mark one region; `marks` rises when it is acknowledged."""
        yield self._wait(self._parameters.think_s / self._parameters.pace)
        yield self._think(range(len(self._names)), _BRUSHES_M)
        if self._plan is None:
            self.trouble = "sees nothing to mark"
            return
        category, radius_m = self._plan.category, self._plan.radius * self.placement.scale
        if not self._is_set(category, radius_m):
            yield from self._set_brush(category, radius_m)
            if not self._is_set(category, radius_m):
                self.trouble = f"the palette does not take category {category} and a brush of {radius_m:.3f} m"
                return
            # The cloud has moved on while the hands were at the palette.
            rows = [row for row, known in enumerate(self._ids) if known == category]
            yield self._think(rows, (self._radius_m,))
        if self._plan is not None:
            yield from self._paint(self._plan)

    def _think(self, rows: Sequence[int], radii_m: Sequence[float]) -> Action:
        """Return a wait that ends when there is a new plan for one of the categories `rows` and brushes `radii_m`."""
        assert self._cloud is not None
        truth = truth_ids(self._truth, self._names, self._categories)
        if truth is None:
            self._plan = None
            return self._wait(_ANSWER_S)
        scale = self.placement.scale
        scene = Scene(
            self._cloud,
            truth,
            tuple(radius_m / scale for radius_m in radii_m),
            self._parameters.purity,
            self._parameters.reach_m / scale,
        )
        wanted = [self._ids[row] for row in rows if self._ids[row] != NONE]
        future: Future[Plan | None] = self._thinking.submit(choose, scene, wanted, self._random)

        def is_done() -> bool:
            if future.done():
                self._plan = future.result()
            return future.done()

        return is_done

    def _is_set(self, category: int, radius_m: float) -> bool:
        return self._chosen == category and self._is_brush(radius_m)

    def _is_brush(self, radius_m: float) -> bool:
        return abs(self._radius_m / radius_m - 1.0) < _SAME_SIZE

    def _set_brush(self, category: int, radius_m: float) -> Script:
        """Poke the palette until it paints `category` with a brush of `radius_m`, or does not answer."""
        yield self._to(Posture(_PALETTE_HAND, self._posture.right))
        for _ in range(_MOST_SIZES):
            if self._is_brush(radius_m):
                break
            action = palette.LARGER if radius_m > self._radius_m else palette.SMALLER
            yield from self._poke(action, self._size_changes())
        if self._chosen != category:
            yield from self._poke(palette.category_action(category), lambda: self._chosen == category)
        yield self._to(Posture(REST.left, self._posture.right))

    def _size_changes(self) -> Callable[[], bool]:
        before = self._radius_m
        return lambda: self._radius_m != before

    def _poke(self, action: str, is_taken: Callable[[], bool]) -> Script:
        for _ in range(_TRIES):
            spot = self._button_spot(action)
            if spot is None or is_taken():
                return
            above, below = self._finger_at(spot(_ABOVE_M)), self._finger_at(spot(-_BELOW_M))
            yield self._to(Posture(_PALETTE_HAND, above), palette.BUTTON_M)
            self._answers.clear()
            yield self._to(Posture(_PALETTE_HAND, below), palette.BUTTON_M)
            yield self._until(lambda: self._heard("poke", "end"), _ANSWER_S)
            yield self._to(Posture(_PALETTE_HAND, above), palette.BUTTON_M)

    def _button_spot(self, action: str) -> Callable[[float], FloatArray] | None:
        """Return a function from the height above the button's centre to the place (3,) in the stage, metres."""
        pose = palette.palette_pose(self._body.palm_of(_PALETTE_HAND, left=True))
        button = next((b for b in palette.buttons(self._categories) if b.action == action), None)
        if pose is None or button is None:
            return None
        center = button.center
        return lambda height_m: pose.stage_from_palette(center, height_m)

    def _finger_at(self, place: FloatArray) -> HandPosture:
        return HandPosture(place - rotations.rotate(_POKE_DOWN, self._body.finger_tip), _POKE_DOWN, POINTING)

    def _paint(self, plan: Plan) -> Script:
        way = self.placement.stage_from_latent(plan.way) - rotations.rotate(_LEVEL, self._body.pinch_point)
        ready = HandPosture(way[0], _LEVEL, OPEN)
        yield self._to(Posture(REST.left, ready), self._radius_m)
        yield from self._close_fingers()
        if not self._heard("pinch_brush", "begin"):
            self.trouble = "the brush does not answer"
            yield self._fingers(OPEN)
            return
        pinched = self._posture.right
        end = Posture(REST.left, replace(pinched, wrist=way[-1]))
        speed = self._parameters.stroke_m_s * self._parameters.pace
        yield Move(self._posture, end, max(0.15 / self._parameters.pace, length_of(way) / speed), way)
        yield self._fingers(OPEN)
        yield self._until(lambda: self._heard("pinch_brush", "end") or self._heard("pinch_brush", "cancel"), _COMMIT_S)
        if self._heard("pinch_brush", "end"):
            self.trouble = ""
        else:
            self.trouble = next(
                (a.detail for a in self._answers if a.phase == "cancel"), "the mark is not acknowledged"
            )

    def _close_fingers(self) -> Script:
        self._answers.clear()
        yield self._fingers(PINCHED)
        yield self._until(
            lambda: self._heard("pinch_brush", "begin") or self._heard("pinch_brush", "cancel"), _ANSWER_S
        )

    # Words of the script

    def _heard(self, name: str, phase: str) -> bool:
        return any(a.name == name and a.phase == phase for a in self._answers)

    def _fingers(self, bend: object) -> Move:
        right = replace(self._posture.right, bend=bend)  # type: ignore[arg-type]
        return Move(self._posture, Posture(self._posture.left, right), _FINGERS_S / self._parameters.pace)

    def _to(self, end: Posture, target_m: float = 0.1) -> Move:
        start = self._posture
        ways = (np.linalg.norm(e.wrist - s.wrist) for s, e in ((start.left, end.left), (start.right, end.right)))
        return Move(start, end, reach_time_s(float(max(ways)), target_m) / self._parameters.pace)

    def _wait(self, seconds: float) -> Move:
        return Move(self._posture, self._posture, seconds)

    def _until(self, condition: Callable[[], bool], at_most_s: float) -> Action:
        return lambda: condition() or self._now_s - self._began_s >= at_most_s
