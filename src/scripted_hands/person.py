"""A simulated person: looks at the cloud, decides what to mark as what, and moves hands to do it. Pure, over time.

The person is a script (a generator of actions, see actor.py) that a clock drives: `step` is asked for the hands of now,
often. Like a real person it acts on what it sees: it pokes until the palette answers, and pinches until the brush does.
"""

from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from latentvr_common.brush import RADIUS_M, STEP
from latentvr_common.cloud import NONE, Cloud
from latentvr_common.labels import Category
from latentvr_common.placement import Placement
from latentvr_common.truth import truth_ids
from scripted_hands import painting, poking
from scripted_hands.actor import ANSWER_S, Action, Actor, Answer, Script
from scripted_hands.body import OWN, Body
from scripted_hands.imperfections import Dropouts, Mistakes
from scripted_hands.motion import Move, Posture, Tremor
from scripted_hands.parameters import Parameters
from scripted_hands.planning import Plan, Scene, choose
from scripted_hands.policies import POLICIES
from scripted_hands.postures import REST

BRUSHES_M = tuple(RADIUS_M * STEP**steps for steps in (0, -2, -4))
"""Sizes that the person uses, metres."""
UNDO = "undo"
"""The action of the palette's button that takes the newest mark back."""
_TRIES = 4
"""So often in a row a mark may fail; then the person leaves, at once where there is nothing to mark."""
_PATIENCE_S = 180.0
"""So long the person tries all the same where nothing answers: what has failed is being started again."""
_MOST_INTERRUPTIONS = 20
"""So often in a row a mark may be cancelled after it began, as when a hand is lost."""


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
        self._random = np.random.default_rng(parameters.seed)
        self._tremor = Tremor(parameters.tremor_m, self._random)
        self._mistakes = Mistakes(parameters.mistakes, parameters.seed)
        self._left_dropouts = Dropouts(parameters.dropouts_per_min, parameters.seed, left=True)
        self._right_dropouts = Dropouts(parameters.dropouts_per_min, parameters.seed)
        self._actor = Actor(parameters, body)
        self._ids: tuple[int, ...] = ()
        self._cloud: Cloud | None = None
        self._plan: Plan | None = None
        self._action: Action | None = None
        self._script = self._session()
        self.marks = 0
        """Made so far."""
        self.gone = False

    @property
    def trouble(self) -> str:
        """What did not work, for whoever looks after this person."""
        return self._actor.trouble

    # Senses

    def see_cloud(self, cloud: Cloud) -> None:
        """Look at the newest cloud; one of another size than the truth is not looked at."""
        if len(cloud) == len(self._truth):
            self._cloud = cloud

    def see_categories(self, categories: Sequence[Category]) -> None:
        """Look at the palette."""
        self._actor.categories = categories
        by_name = {c.name: c.id for c in categories if not c.retired}
        self._ids = tuple(by_name.get(name, NONE) for name in self._names)

    def see_gesture(self, answer: Answer) -> None:
        """Notice what the labeler made of the hands."""
        # However late: the journal may have been away.
        self.marks += (answer.name, answer.phase) == (painting.BRUSH, "end")
        self._actor.notice(answer)

    def see_page(self, page: int) -> None:
        """Look at which page of the palette is open."""
        self._actor.page = page

    def see_placement(self, placement: Placement) -> None:
        """Notice where the cloud is in the room."""
        self._actor.placement = placement

    # Hands

    def step(self, now_s: float) -> Posture | None:
        """Return how the hands are held at `now_s` (monotonic seconds, rising), or None once the person has left."""
        actor = self._actor
        actor.now_s = now_s
        while not self.gone and self._is_done(self._action):
            self._begin_next()
        if self.gone:
            return None
        if isinstance(self._action, Move):
            actor.posture = self._action.at(now_s - actor.began_s)
        shaken = actor.posture.shaken(self._tremor.at(now_s))
        left_lost, right_lost = self._left_dropouts.lost(now_s), self._right_dropouts.lost(now_s)
        return replace(shaken, left_lost=left_lost, right_lost=right_lost)

    def _is_done(self, action: Action | None) -> bool:
        if isinstance(action, Move):
            return self._actor.now_s - self._actor.began_s >= action.lasts_s
        return action is None or action()

    def _begin_next(self) -> None:
        if isinstance(self._action, Move):
            self._actor.posture = self._action.end
        self._action = next(self._script, None)
        self._actor.began_s = self._actor.now_s
        self.gone = self._action is None

    # The script

    def _session(self) -> Script:
        yield lambda: self._cloud is not None and bool(self._ids)
        yield self._actor.wait(self._parameters.first_look_s / self._parameters.pace)
        while self.marks < self._parameters.gestures:
            before, since_s, tries, interruptions = self.marks, self._actor.now_s, 0, 0
            while self.marks == before:
                patient = self._plan is not None and self._actor.now_s < since_s + _PATIENCE_S
                if (tries >= _TRIES and not patient) or interruptions == _MOST_INTERRUPTIONS:
                    return
                yield from self._mark()
                if painting.was_interrupted(self._actor):
                    interruptions += 1
                else:
                    tries += 1
        yield self._actor.to(REST)

    def _mark(self) -> Script:
        """Mark one region; `marks` rises when it is acknowledged."""
        actor = self._actor
        yield actor.wait(self._parameters.think_s / self._parameters.pace)
        yield self._think(range(len(self._names)), BRUSHES_M)
        if self._plan is None:
            actor.trouble = "sees nothing to mark"
            return
        wanted, radius_m = self._plan.category, self._plan.radius * actor.placement.scale
        category = self._mistaken(wanted)
        if not poking.is_set(actor, category, radius_m):
            yield from poking.set_brush(actor, category, radius_m)
            if not poking.is_set(actor, category, radius_m):
                actor.trouble = f"the palette does not take category {category} and a brush of {radius_m:.3f} m"
                return
            # The cloud has moved on while the hands were at the palette.
            rows = [row for row, known in enumerate(self._ids) if known == wanted]
            yield self._think(rows, (actor.radius_m,))
        if self._plan is not None:
            yield from painting.paint(actor, self._plan)
            if category != wanted and actor.heard(painting.BRUSH, "end"):
                yield actor.wait(self._parameters.think_s / self._parameters.pace)
                yield from poking.press(actor, UNDO)

    def _mistaken(self, category: int) -> int:
        """Return the category that the next mark gets. Nobody dares a mistake that they could not undo."""
        offered = [known for known in self._ids if known != NONE]
        return self._mistakes.instead_of(category, offered if poking.has_button(self._actor, UNDO) else ())

    def _think(self, rows: Sequence[int], radii_m: Sequence[float]) -> Action:
        """Return a wait that ends when there is a new plan for one of the categories `rows` and brushes `radii_m`."""
        assert self._cloud is not None
        truth = truth_ids(self._truth, self._names, self._actor.categories)
        if truth is None:
            self._plan = None
            return self._actor.wait(ANSWER_S)
        scale = self._actor.placement.scale
        scene = Scene(
            self._cloud,
            truth,
            tuple(radius_m / scale for radius_m in radii_m),
            self._parameters.purity,
            self._parameters.reach_m / scale,
        )
        wanted = [self._ids[row] for row in rows if self._ids[row] != NONE]
        policy, random = POLICIES[self._parameters.policy], self._random
        future: Future[Plan | None] = self._thinking.submit(
            lambda: choose(scene, policy(scene, wanted, random), random)
        )

        def is_done() -> bool:
            if future.done():
                self._plan = future.result()
            return future.done()

        return is_done
