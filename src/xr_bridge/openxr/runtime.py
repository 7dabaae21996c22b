"""One OpenXR instance and session: what SessionMachine says is done here."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

import numpy as np
import xr

from latentvr_common.hands import Hand, is_near
from xr_bridge import whereabouts
from xr_bridge.hand_filter import HandFilter, RawHand
from xr_bridge.openxr import clock, hand_trackers
from xr_bridge.openxr.clock import XrClock
from xr_bridge.openxr.events import events
from xr_bridge.openxr.hand_trackers import HandTracker
from xr_bridge.openxr.results import MissingError, destroy, result_of, words_of
from xr_bridge.session_machine import Do, Result, Told
from xr_bridge.sight import Pose, Sight

LocateHands = Callable[[int], tuple[Hand, Hand]]
"""Of an XrTime, to draw them there."""
_ERRORS = (xr.XrException, MissingError, OSError, ValueError, KeyError)
_SPACES = (xr.ReferenceSpaceType.STAGE, xr.ReferenceSpaceType.LOCAL)
_POSE_BITS = xr.SpaceLocationFlags.POSITION_VALID_BIT | xr.SpaceLocationFlags.ORIENTATION_VALID_BIT


class Graphics(Protocol):
    """How a session draws, or does not."""

    extensions: tuple[str, ...]

    def binding(self, instance: xr.Instance, system: xr.SystemId) -> object:
        """Return the structure that binds a session to it; None: nothing is drawn."""

    def open(self, instance: xr.Instance, system: xr.SystemId, session: xr.Session) -> None:
        """Make what a new session draws into."""

    def frame(self, session: xr.Session, space: xr.Space, draws: bool, locate_hands: LocateHands) -> float:
        """Wait until it is time for the next frame, and draw it; return the seconds until the one after that."""

    def close(self) -> None:
        """Give back what a session drew into."""


class OpenXr:
    """At most one instance with at most one session. `graphics`: how to draw with a runtime of these extensions."""

    def __init__(
        self, graphics: Callable[[frozenset[str]], Graphics], on_sight: Callable[[Sight], object], rate_hz: float
    ) -> None:
        """`rate_hz`: how often to look, where the compositor does not ask for more pictures."""
        self._choose_graphics = graphics
        self._look_period_s = 1.0 / rate_hz
        self._on_sight = on_sight
        self.name = ""
        """Name and version of the runtime; empty: none."""
        self.has_hands = False
        """It tracks hands."""
        self.hears_hands = False
        """To be set: whether hands are for this program now."""
        self.draws = False
        """To be set: whether anybody sees what is drawn."""
        self._instance: xr.Instance | None = None
        self._session: xr.Session | None = None
        self._system: xr.SystemId | None = None
        self._graphics: Graphics | None = None
        self._clock: XrClock | None = None
        self._space: xr.Space | None = None
        self._view: xr.Space | None = None
        self._hands: list[HandTracker] = []
        self._drawn = (HandFilter(), HandFilter())
        self._acts: dict[Do, Callable[[], None]] = {
            Do.CREATE_INSTANCE: self._create_instance,
            Do.FIND_HEADSET: self._find_headset,
            Do.CREATE_SESSION: self._create_session,
            Do.BEGIN: self._begin,
            Do.FRAME: self._frame,
            Do.END: self._end,
            Do.DESTROY_SESSION: self._destroy_session,
            Do.DESTROY_INSTANCE: self._destroy_instance,
        }

    def do(self, do: Do) -> tuple[Result, str]:
        """Do it; return what came of it, and why where it is not what was wanted."""
        try:
            self._acts[do]()
        except Exception as error:
            # Also what nobody thought of: the session is made anew, and the reason is told.
            result, words = result_of(error), words_of(error)
            if do is Do.CREATE_INSTANCE:
                self._destroy_instance()
                words = f"{whereabouts.describe()} ({words})" if not isinstance(error, MissingError) else words
            elif do is Do.CREATE_SESSION:
                self._destroy_session()
            return result, words
        return Result.DONE, ""

    def events(self) -> tuple[list[Told], Result, str]:
        """Return what the runtime has told since, and whether asking worked."""
        heard: list[Told] = []
        if self._instance is not None:
            try:
                heard.extend(events(self._instance))
            except _ERRORS as error:
                return heard, result_of(error), words_of(error)
        return heard, Result.DONE, ""

    def _create_instance(self) -> None:
        offered = frozenset(
            p.extension_name.decode()
            for p in xr.enumerate_instance_extension_properties()  # type: ignore[attr-defined]
        )
        self._graphics = self._choose_graphics(offered)
        needed = (clock.EXTENSION, *self._graphics.extensions)
        missing = [name for name in needed if name not in offered]
        if missing:
            raise MissingError(f"the OpenXR runtime lacks {', '.join(missing)}")
        wanted = [*needed, *(name for name in (hand_trackers.EXTENSION,) if name in offered)]
        application = xr.ApplicationInfo(
            application_name="latentvr", application_version=1, api_version=xr.Version(1, 0)
        )
        self._instance = xr.create_instance(
            xr.InstanceCreateInfo(application_info=application, enabled_extension_names=wanted)
        )
        found = xr.get_instance_properties(self._instance)
        self.name = f"{found.runtime_name.decode()} {xr.Version(found.runtime_version)}"
        self.has_hands = hand_trackers.EXTENSION in offered
        self._clock = XrClock(self._instance)

    def _find_headset(self) -> None:
        self._system = xr.get_system(self._instance, xr.SystemGetInfo(form_factor=xr.FormFactor.HEAD_MOUNTED_DISPLAY))

    def _create_session(self) -> None:
        assert self._graphics is not None
        binding = self._graphics.binding(self._instance, self._system)
        self._session = session = xr.create_session(
            self._instance, xr.SessionCreateInfo(system_id=self._system, next=binding)
        )
        offered = set(xr.enumerate_reference_spaces(session))
        kind = next((space for space in _SPACES if space.value in {int(o) for o in offered}), _SPACES[-1])
        self._space = _space(session, kind)
        self._view = _space(session, xr.ReferenceSpaceType.VIEW)
        if self.has_hands:
            self._hands = [HandTracker(self._instance, session, hand) for hand in (xr.HandEXT.LEFT, xr.HandEXT.RIGHT)]
        self._graphics.open(self._instance, self._system, session)

    def _begin(self) -> None:
        xr.begin_session(
            self._session,
            xr.SessionBeginInfo(primary_view_configuration_type=xr.ViewConfigurationType.PRIMARY_STEREO),
        )

    def _end(self) -> None:
        xr.end_session(self._session)

    def _frame(self) -> None:
        assert self._graphics is not None
        assert self._clock is not None
        spare_s = self._graphics.frame(self._session, self._space, self.draws, self._hands_to_draw)
        self._look(self._clock)
        # A slow compositor is no reason for slow hands.
        while spare_s > 2.0 * self._look_period_s:
            time.sleep(self._look_period_s)
            spare_s -= self._look_period_s
            self._look(self._clock)

    def _look(self, clock: XrClock) -> None:
        now = clock.now()
        left, right = self._locate_hands(now)
        self._on_sight(Sight(clock.monotonic_ns(now), left, right, self._locate_head(now)))

    def _locate_hands(self, xr_time: int) -> tuple[RawHand | None, RawHand | None]:
        if not self._hands or not self.hears_hands:
            return None, None
        left, right = (tracker.locate(self._space, xr_time) for tracker in self._hands)
        return left, right

    def _hands_to_draw(self, xr_time: int) -> tuple[Hand, Hand]:
        """Return the hands where they will be when they are seen."""
        found = self._locate_hands(xr_time)
        at_s = xr_time / 1e9
        left, right = (
            Hand() if raw is None else watch.believe(raw, at_s) for raw, watch in zip(found, self._drawn, strict=True)
        )
        return left, right

    def _locate_head(self, xr_time: int) -> Pose | None:
        found = xr.locate_space(self._view, self._space, xr_time)
        p, q = found.pose.position, found.pose.orientation
        position, quat = np.array([p.x, p.y, p.z]), np.array([q.x, q.y, q.z, q.w])
        length = float(np.linalg.norm(quat))
        if int(found._location_flags) & int(_POSE_BITS) != int(_POSE_BITS) or not is_near(position):
            return None
        return Pose(position, quat / length) if abs(length - 1.0) < 0.05 else None

    def _destroy_session(self) -> None:
        if self._graphics is not None:
            with suppress(*_ERRORS):
                self._graphics.close()
        for tracker in self._hands:
            tracker.close()
        for space in (self._view, self._space):
            if space is not None:
                destroy(xr.destroy_space, space)
        if self._session is not None:
            destroy(xr.destroy_session, self._session)
        self._hands, self._view, self._space, self._session = [], None, None, None

    def _destroy_instance(self) -> None:
        self._destroy_session()
        if self._instance is not None:
            destroy(xr.destroy_instance, self._instance)
        self._instance = self._system = self._graphics = self._clock = None
        self.name, self.has_hands = "", False


def _space(session: xr.Session, kind: xr.ReferenceSpaceType) -> xr.Space:
    return xr.create_reference_space(session, xr.ReferenceSpaceCreateInfo(reference_space_type=kind))


class Headless:
    """Hands and head only (XR_MND_headless): no compositor gives the beat, so that is kept here."""

    extensions: tuple[str, ...] = ("XR_MND_headless",)

    def __init__(self, rate_hz: float) -> None:
        self._period_s = 1.0 / rate_hz
        self._next_s = 0.0

    def binding(self, instance: xr.Instance, system: xr.SystemId) -> None:
        """Nothing is drawn."""

    def open(self, instance: xr.Instance, system: xr.SystemId, session: xr.Session) -> None:
        """Nothing is drawn."""

    def frame(self, session: xr.Session, space: xr.Space, draws: bool, locate_hands: LocateHands) -> float:
        """Wait until the next look is due."""
        now_s = time.monotonic()
        self._next_s = max(self._next_s + self._period_s, now_s)
        time.sleep(self._next_s - now_s)
        return 0.0

    def close(self) -> None:
        """Nothing was drawn."""
