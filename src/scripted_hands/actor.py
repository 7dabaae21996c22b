"""What scripts of a person are made of: movements from where the hands are, waits, and what the person noticed. Pure.

A script is a generator of actions; person.py drives it by a clock.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from latentvr_common.brush import RADIUS_M
from latentvr_common.cloud import NONE
from latentvr_common.labels import Category
from latentvr_common.placement import Placement
from scripted_hands.anatomy import Bend
from scripted_hands.body import Body
from scripted_hands.imperfections import Hesitation
from scripted_hands.motion import Move, Posture, reach_time_s
from scripted_hands.parameters import Parameters
from scripted_hands.postures import REST

ANSWER_S = 1.0
"""So long a person waits for an answer to a poke or a pinch."""
_FINGERS_S = 0.18


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


class Actor:
    """How a person holds their hands, and what they have noticed."""

    def __init__(self, parameters: Parameters, body: Body) -> None:
        """Start at rest. `body`: whose hands they are."""
        self.parameters = parameters
        self.body = body
        self._hesitation = Hesitation(parameters.hesitation, parameters.seed)
        self.now_s = self.began_s = 0.0
        """Now, and when the action that goes on began; monotonic seconds."""
        self.posture = REST
        self.answers: list[Answer] = []
        """What the labeler said since they were last forgotten, but updates."""
        self.categories: Sequence[Category] = ()
        self.placement = Placement()
        self.category = NONE
        """The one that the brush paints."""
        self.radius_m = RADIUS_M
        """The brush's."""
        self.page = 0
        """Of the palette, the one that is open."""
        self.trouble = ""
        """What did not work, for whoever looks after this person."""

    def notice(self, answer: Answer) -> None:
        """Take note of what the labeler made of the hands."""
        if answer.phase == "end":
            self.category, self.radius_m = answer.category, answer.radius_m
        if answer.phase != "update":
            self.answers.append(answer)

    def heard(self, name: str, *phases: str) -> bool:
        """Tell whether a gesture came to one of `phases`."""
        return any(a.name == name and a.phase in phases for a in self.answers)

    def fingers(self, bend: Bend) -> Move:
        """Bend the fingers of the right hand."""
        right = replace(self.posture.right, bend=bend)
        return Move(self.posture, Posture(self.posture.left, right), _FINGERS_S / self.parameters.pace)

    def to(self, end: Posture, target_m: float = 0.1) -> Move:
        """Reach for a target of the size `target_m`; now and then with a stop on the way."""
        start = self.posture
        ways = (np.linalg.norm(e.wrist - s.wrist) for s, e in ((start.left, end.left), (start.right, end.right)))
        pause = self._hesitation.pause(self.parameters.pace)
        lasts_s = reach_time_s(float(max(ways)), target_m) / self.parameters.pace
        return Move(start, end, lasts_s + (pause.lasts_s if pause else 0.0), pause=pause)

    def wait(self, seconds: float) -> Move:
        """Hold the hands as they are."""
        return Move(self.posture, self.posture, seconds)

    def until(self, condition: Callable[[], bool], at_most_s: float) -> Action:
        """Hold the hands as they are until there is what is waited for, or it has been long enough."""
        return lambda: condition() or self.now_s - self.began_s >= at_most_s
