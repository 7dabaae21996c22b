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
_SPACES = (xr.ReferenceSpaceType.STAGE, xr.ReferenceSpaceType.LOCAL)
_EYES_M = 1.5
"""Where there is no STAGE: LOCAL begins at the eyes, the floor is taken to be so far below."""
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
        """Give back what a session drew into; the session is still there."""

    def close_context(self) -> None:
        """Give back what the session was bound to, once it is gone."""


class Chooser(Protocol):
    """Which way to draw."""

    def choose(self, offered: frozenset[str]) -> Graphics:
        """Return one for a runtime with these extensions. Raises MissingError."""

    def failed(self, graphics: Graphics) -> None:
        """Take note that no session could be made with it."""


class OpenXr:
    """At most one instance with at most one session."""

    def __init__(self, chooser: Chooser, on_sight: Callable[[Sight], object], rate_hz: float) -> None:
        """`rate_hz`: how often to look, where the compositor does not ask for more pictures."""
        self._chooser = chooser
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
        self._may_have_hands = False
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
            return result_of(error), self._after(do, error)
        return Result.DONE, ""

    def _after(self, do: Do, error: Exception) -> str:
        """Give back what a step that failed has made; return what went wrong, for people."""
        words = words_of(error)
        if do is Do.CREATE_INSTANCE:
            self._destroy_instance()
            return words if isinstance(error, MissingError) else f"{whereabouts.describe()} ({words})"
        if do is Do.CREATE_SESSION:
            if self._graphics is not None and result_of(error) is Result.FAILED:
                self._chooser.failed(self._graphics)
            self._destroy_session()
        return words

    def events(self) -> tuple[list[Told], Result, str]:
        """Return what the runtime has told since, and whether asking worked."""
        heard: list[Told] = []
        if self._instance is not None:
            try:
                heard.extend(events(self._instance))
            except Exception as error:
                return heard, result_of(error), words_of(error)
        return heard, Result.DONE, ""

    def _create_instance(self) -> None:
        offered = frozenset(
            p.extension_name.decode()
            for p in xr.enumerate_instance_extension_properties()  # type: ignore[attr-defined]
        )
        self._graphics = self._chooser.choose(offered)
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
        self._may_have_hands = hand_trackers.EXTENSION in offered
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
        self._space = _space(session, kind, 0.0 if kind is xr.ReferenceSpaceType.STAGE else -_EYES_M)
        self._view = _space(session, xr.ReferenceSpaceType.VIEW)
        self._track_hands(self._instance, session)
        self._graphics.open(self._instance, self._system, session)

    def _track_hands(self, instance: xr.Instance, session: xr.Session) -> None:
        """Runtimes offer the extension whatever the device: only asking for hands tells whether it has them."""
        self.has_hands = False
        if self._may_have_hands:
            with suppress(xr.exception.FeatureUnsupportedError):
                for hand in (xr.HandEXT.LEFT, xr.HandEXT.RIGHT):
                    self._hands.append(HandTracker(instance, session, hand))
                self.has_hands = True

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
        if not self.has_hands or not self.hears_hands:
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
            with suppress(Exception):  # Whatever it is: the session has to be given back too.
                self._graphics.close()
        for tracker in self._hands:
            tracker.close()
        for space in (self._view, self._space):
            if space is not None:
                destroy(xr.destroy_space, space)
        if self._session is not None:
            destroy(xr.destroy_session, self._session)
        self._hands, self._view, self._space, self._session = [], None, None, None
        self.has_hands = False
        if self._graphics is not None:
            with suppress(Exception):
                self._graphics.close_context()

    def _destroy_instance(self) -> None:
        self._destroy_session()
        if self._instance is not None:
            destroy(xr.destroy_instance, self._instance)
        self._instance = self._system = self._graphics = self._clock = None
        self.name, self.has_hands = "", False


def _space(session: xr.Session, kind: xr.ReferenceSpaceType, up_m: float = 0.0) -> xr.Space:
    pose = xr.Posef(xr.Quaternionf(0.0, 0.0, 0.0, 1.0), xr.Vector3f(0.0, up_m, 0.0))
    wanted = xr.ReferenceSpaceCreateInfo(reference_space_type=kind, pose_in_reference_space=pose)
    return xr.create_reference_space(session, wanted)


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

    def close_context(self) -> None:
        """Nothing was bound."""
