"""The life of an OpenXR session as logic: what to do next, from what the runtime has answered and told.

No OpenXR, no clock, no thread. After "Session Lifecycle" of the OpenXR 1.0 specification. A loop asks `next` what to
do, does it, and tells `done` what came of it; what the runtime tells on its own goes to `hear`. The machine never ends:
whatever is lost is made anew, after a rest that grows while it cannot be had.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, IntEnum, auto

SHORTEST_REST_S = 0.25
LONGEST_REST_S = 2.0
WELL_AFTER_S = 3.0
"""Frames have to be made for so long before tries come quickly again."""
AFTER_EXIT_S = 10.0
"""Who has left by the headset's menu is not called back at once."""
EVENTS_EVERY_S = 0.05
"""While a session does not run, events are asked for so often."""


class State(IntEnum):
    """What the session is doing. Equal to the constants of XrState.msg."""

    NO_RUNTIME = 0
    NO_HEADSET = 1
    IDLE = 2
    READY = 3
    RUNNING = 4
    VISIBLE = 5
    FOCUSED = 6
    STOPPING = 7
    LOSS_PENDING = 8


class Told(Enum):
    """What a runtime tells of a session (XrSessionState), and that it will be gone."""

    IDLE = auto()
    READY = auto()
    SYNCHRONIZED = auto()
    VISIBLE = auto()
    FOCUSED = auto()
    STOPPING = auto()
    LOSS_PENDING = auto()
    EXITING = auto()
    INSTANCE_LOSS_PENDING = auto()


class Do(Enum):
    """What to do next."""

    CREATE_INSTANCE = auto()
    FIND_HEADSET = auto()
    CREATE_SESSION = auto()
    BEGIN = auto()
    FRAME = auto()
    """Wait for the next frame, read where head and hands are, draw."""
    END = auto()
    DESTROY_SESSION = auto()
    DESTROY_INSTANCE = auto()
    """With all that was made of it, a session too. It must never fail."""
    REST = auto()
    """Nothing for `Next.rest_s`, then look for events."""


class Result(Enum):
    """What came of it."""

    DONE = auto()
    NOT_THERE = auto()
    """No runtime answers, or it has no headset now."""
    SESSION_LOST = auto()
    INSTANCE_LOST = auto()
    FAILED = auto()
    """Anything else."""


@dataclass(frozen=True)
class Next:
    """What to do next, and for how long where it is to rest."""

    do: Do
    rest_s: float = 0.0


_SHOWN = {
    Told.IDLE: State.IDLE,
    Told.READY: State.READY,
    Told.SYNCHRONIZED: State.RUNNING,
    Told.VISIBLE: State.VISIBLE,
    Told.FOCUSED: State.FOCUSED,
    Told.STOPPING: State.STOPPING,
    Told.LOSS_PENDING: State.LOSS_PENDING,
    Told.EXITING: State.STOPPING,
}
_SHOWN_TO_ITS_USER = (Told.SYNCHRONIZED, Told.VISIBLE, Told.FOCUSED)
_FAILURES_OF_A_SESSION = 3
"""After so many in a row the whole instance is made anew."""


class SessionMachine:
    """Where a session stands. Times are monotonic seconds."""

    def __init__(self) -> None:
        self.problem = ""
        """Why it is not farther, for people; empty: nothing is wrong."""
        self._instance = False
        self._headset = False
        self._session = False
        self._begun = False
        self._told = Told.IDLE
        self._instance_lost = False
        self._rest_until_s = 0.0
        self._rest_s = SHORTEST_REST_S
        self._failures = 0
        self._first_frame_s: float | None = None

    @property
    def state(self) -> State:
        """What to show."""
        if not self._instance:
            return State.NO_RUNTIME
        if not self._session:
            return State.NO_HEADSET if not self._headset else State.IDLE
        return State.LOSS_PENDING if self._instance_lost else _SHOWN[self._told]

    @property
    def draws(self) -> bool:
        """Tell whether anybody sees what is drawn."""
        return self._begun and not self._instance_lost and self._told in (Told.VISIBLE, Told.FOCUSED)

    @property
    def hears_hands(self) -> bool:
        """Tell whether the person's hands are for this session: not while a menu of the system is in front of it."""
        return self._begun and not self._instance_lost and self._told is Told.FOCUSED

    def next(self, now_s: float) -> Next:
        """Return what to do at `now_s`."""
        if self._instance_lost:
            return Next(Do.DESTROY_INSTANCE)
        if not self._instance:
            return self._when_rested(Do.CREATE_INSTANCE, now_s)
        if not self._session:
            return self._when_rested(Do.CREATE_SESSION if self._headset else Do.FIND_HEADSET, now_s)
        if self._told is Told.EXITING:
            # Who leaves, or ends the runtime, wants this program gone from it.
            return Next(Do.DESTROY_INSTANCE)
        if self._told is Told.LOSS_PENDING:
            return Next(Do.DESTROY_SESSION)
        return self._next_of_session()

    def _next_of_session(self) -> Next:
        if self._told is Told.READY and not self._begun:
            return Next(Do.BEGIN)
        if self._told is Told.STOPPING and self._begun:
            return Next(Do.END)
        return Next(Do.FRAME) if self._begun else Next(Do.REST, EVENTS_EVERY_S)

    def _when_rested(self, do: Do, now_s: float) -> Next:
        left_s = self._rest_until_s - now_s
        if left_s <= 0:
            return Next(do)
        # Also while resting a runtime may tell that it goes.
        return Next(Do.REST, min(left_s, EVENTS_EVERY_S) if self._instance else left_s)

    def hear(self, told: Told) -> None:
        """Take what the runtime tells. What it tells of a session that is no more does not matter."""
        if told is Told.INSTANCE_LOSS_PENDING:
            self._instance_lost = self._instance
        elif self._session:
            self._told = told
            if told in _SHOWN_TO_ITS_USER:
                self.problem = ""

    def done(self, do: Do, result: Result, now_s: float, problem: str = "") -> None:
        """Take what came of `do`, and why where it is not what was wanted."""
        if do in _AFTER:
            _AFTER[do](self, now_s)
        elif result is Result.DONE:
            if do in _GAINED:
                _GAINED[do](self)
            elif do is Do.FRAME:
                self._frame_made(now_s)
        else:
            self._take_failure(do, result, now_s, problem)

    def _take_failure(self, do: Do, result: Result, now_s: float, problem: str) -> None:
        self.problem = problem
        if result is Result.INSTANCE_LOST and self._instance:
            self._instance_lost = True
        elif result is Result.SESSION_LOST and self._session:
            self._told = Told.LOSS_PENDING
        elif not self._instance or (do is Do.FIND_HEADSET and result is Result.NOT_THERE):
            self._rest(now_s)
        else:
            self._fail(now_s)

    def _fail(self, now_s: float) -> None:
        """Give up the session, or, where that does not help either, everything."""
        self._failures += 1
        if self._failures >= _FAILURES_OF_A_SESSION or not self._session:
            self._instance_lost = True
        else:
            self._told = Told.LOSS_PENDING
        self._rest(now_s)

    def _rest(self, now_s: float) -> None:
        self._rest_until_s = now_s + self._rest_s
        self._rest_s = min(2 * self._rest_s, LONGEST_REST_S)

    def _frame_made(self, now_s: float) -> None:
        """Once frames have been made for a while all is well: the next trouble is a new one."""
        if self._first_frame_s is None:
            self._first_frame_s = now_s
        elif now_s - self._first_frame_s >= WELL_AFTER_S:
            self._rest_s, self._failures = SHORTEST_REST_S, 0

    def _instance_made(self) -> None:
        self._instance, self.problem = True, ""

    def _headset_found(self) -> None:
        self._headset, self.problem = True, ""

    def _session_made(self) -> None:
        self._session, self._told, self._begun, self._first_frame_s = True, Told.IDLE, False, None

    def _begins(self) -> None:
        self._begun = True

    def _ends(self) -> None:
        self._begun = False

    def _session_gone(self, now_s: float) -> None:
        self._session = self._begun = self._headset = False
        self._told = Told.IDLE
        if self._rest_until_s <= now_s:
            self._rest(now_s)

    def _instance_gone(self, now_s: float) -> None:
        left = self._told is Told.EXITING
        self._instance = self._instance_lost = self._headset = self._session = self._begun = False
        self._told = Told.IDLE
        self._failures = 0
        if left:
            self.problem = f"the session was left by the headset's menu; it begins anew in {AFTER_EXIT_S:.0f} s"
            self._rest_until_s = now_s + AFTER_EXIT_S
        elif self._rest_until_s <= now_s:
            self._rest(now_s)


_GAINED: dict[Do, Callable[[SessionMachine], None]] = {
    Do.CREATE_INSTANCE: SessionMachine._instance_made,
    Do.FIND_HEADSET: SessionMachine._headset_found,
    Do.CREATE_SESSION: SessionMachine._session_made,
    Do.BEGIN: SessionMachine._begins,
    Do.END: SessionMachine._ends,
}
_AFTER: dict[Do, Callable[[SessionMachine, float], None]] = {
    Do.DESTROY_SESSION: SessionMachine._session_gone,
    Do.DESTROY_INSTANCE: SessionMachine._instance_gone,
}
"""These count as done whatever is said of them: what cannot be destroyed is gone already."""
