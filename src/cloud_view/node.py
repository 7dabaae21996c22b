"""The view as a ROS node: a window where there is a display, and a still and a time-lapse of the session.

Thread rule: everything runs on the executor's thread, which is the main one: callbacks, which only store, and timers,
which draw. OpenGL and windows are bound to it. While a picture is drawn (about 0.05 to 0.15 s) messages wait; of each
topic only the newest counts here. Large messages are stored as bytes and read when a picture is drawn.
"""

import math
import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus
from latentvr import msg, srv
from rclpy.node import Node
from rclpy.serialization import deserialize_message
from rclpy.subscription import Subscription
from rclpy.task import Future
from sensor_msgs.msg import PointCloud2

from cloud_view.engine import DrawError
from cloud_view.pacing import FILM_PICTURES, Pacing
from cloud_view.painter import Painter
from cloud_view.parameters import Parameters
from cloud_view.pictures import Film, Studio, take_still
from cloud_view.place_card import read_picture
from cloud_view.place_watch import PlaceWatch, Question, place_of_hand
from cloud_view.scene import Brush, Progress, Scene, Selection, State, hands_moved
from cloud_view.video import VideoError
from cloud_view.window import FORCES_KEY, Window
from latentvr_common import conversions, node_tools, session_files, topics
from latentvr_common.cloud import NONE, Cloud
from latentvr_common.directories import writable_directory
from latentvr_common.errors import InputError
from latentvr_common.forces import Forces
from latentvr_common.hands import FARTHEST_M, Hands, is_near
from latentvr_common.health import Health, HealthReporter
from latentvr_common.labels import Category
from latentvr_common.parameters import declare
from latentvr_common.place import Place
from latentvr_common.placement import Placement
from latentvr_common.run import run_node

_NICENESS = 5
_LOOK_PERIOD_S = 0.05
_WINDOW_PERIOD_S = 1 / 30
_WINDOW_SHARE = 0.3
_STALE_S = 1.0
"""Hands, selections and brushes that are older are no longer there: who sends them has gone, or their end was lost."""
_BRUSH = "pinch_brush"
_ASK_PERIOD_S = 0.25


@dataclass(frozen=True)
class _Stored:
    """A serialized message and when it came, monotonic seconds."""

    data: bytes
    came_s: float


@dataclass(frozen=True)
class _SeenBrush:
    """A brush and when it was last heard of, monotonic seconds."""

    brush: Brush
    came_s: float


class Inbox:
    """The newest of each topic, and the scene that follows from it."""

    def __init__(self, node: Node) -> None:
        self.changes = 0
        """Rises with everything that came in, hands apart: those come at 72 Hz, moved or not."""
        self._cloud: Cloud | None = None
        self._new_cloud: bytes | None = None
        self._hands: _Stored | None = None
        self._selection: _Stored | None = None
        self._categories: list[Category] = []
        self._progress = Progress()
        self._placement = Placement()
        self._brushes: dict[str, _SeenBrush] = {}
        self._active_category = NONE
        self._place: Place | None = None
        self._forces_in: Subscription | None = None
        self._forces: Forces | None = None
        self._health: HealthReporter | None = None
        self._node = node
        node_tools.listen(node, topics.CLOUD, self._on_cloud, raw=True)
        node_tools.listen(node, topics.HANDS, self._on_hands, raw=True)
        node_tools.listen(node, topics.SELECTION, self._on_selection, raw=True)
        node_tools.listen(node, topics.EPOCH, self._on_epoch)
        node_tools.listen(node, topics.CATEGORIES, self._on_categories)
        node_tools.listen(node, topics.CLOUD_PLACEMENT, self._on_placement)
        node_tools.listen(node, topics.GESTURES, self._on_gesture)

    def report_to(self, health: HealthReporter) -> None:
        """Say there which messages could not be used."""
        self._health = health

    def toggle_forces(self) -> None:
        """Begin to listen to the forces, or end: the trainer works them out only while somebody listens."""
        if self._forces_in is None:
            self._forces_in = node_tools.listen(self._node, topics.FORCES, self._on_forces)
        else:
            self._node.destroy_subscription(self._forces_in)
            self._forces_in = self._forces = None
        self.changes += 1

    def take_place(self, place: Place | None) -> None:
        """Show this in the scene from now on."""
        if place != self._place:
            self._place = place
            self.changes += 1

    def _on_cloud(self, data: bytes) -> None:
        self._new_cloud = data
        self.changes += 1

    def _on_forces(self, message: PointCloud2) -> None:
        if self._forces_in is None:
            return  # What was under way when nobody wanted them any more.
        try:
            self._forces = conversions.forces_from_msg(message)
        except ValueError as error:
            self._drop(error)
        self.changes += 1

    def _on_hands(self, data: bytes) -> None:
        self._hands = _Stored(data, time.monotonic())

    def _on_selection(self, data: bytes) -> None:
        self._selection = _Stored(data, time.monotonic())
        self.changes += 1

    def _on_epoch(self, message: msg.Epoch) -> None:
        self._progress = Progress(
            State(message.state) if message.state in list(State) else State.FAULT,
            message.epoch,
            message.labelled,
            message.accuracy,
            message.confidence,
        )
        self.changes += 1

    def _on_categories(self, message: msg.Categories) -> None:
        self._categories = conversions.categories_from_msg(message)
        self.changes += 1

    def _on_placement(self, message: msg.CloudPlacement) -> None:
        try:
            self._placement = conversions.placement_from_msg(message)
        except ValueError as error:
            self._drop(error)
        self.changes += 1

    def _on_gesture(self, message: msg.Gesture) -> None:
        position = conversions.point_from_msg(message.position)
        if not (is_near(position) and abs(message.radius) <= FARTHEST_M):
            where = ", ".join(f"{value:.3g}" for value in position)
            reason = f"expected finite numbers within {FARTHEST_M:.0f} m"
            self._drop(ValueError(f"gesture at ({where}) with radius {message.radius:.3g}: {reason}"))
            return
        if message.category != NONE:
            self._active_category = message.category
        if message.phase in (msg.Gesture.END, msg.Gesture.CANCEL):
            self._brushes.pop(message.gesture_id, None)
        elif message.name == _BRUSH and message.radius > 0:
            now_s = time.monotonic()
            self._forget_brushes(now_s)
            brush = Brush(position, float(message.radius), message.category)
            self._brushes[message.gesture_id] = _SeenBrush(brush, now_s)
        self.changes += 1

    def _forget_brushes(self, now_s: float) -> None:
        """Forget brushes that were not heard of for a while."""
        self._brushes = {name: seen for name, seen in self._brushes.items() if now_s <= seen.came_s + _STALE_S}

    def hands(self, now_s: float) -> Hands | None:
        """Return the hands, or None if nobody shows any."""
        stored = self._hands
        if stored is None or now_s > stored.came_s + _STALE_S:
            return None
        try:
            return conversions.hands_from_cdr(stored.data)
        except ValueError as error:
            self._drop(error)
            self._hands = None
            return None

    def scene(self, now_s: float) -> Scene | None:
        """Return what there is to draw; None before there is an item."""
        self._read_cloud()
        if self._cloud is None or not len(self._cloud):
            return None
        hands = self.hands(now_s)
        self._forget_brushes(now_s)
        return Scene(
            self._cloud,
            tuple(self._categories),
            self._progress,
            self._placement,
            hands,
            tuple(seen.brush for seen in self._brushes.values()) if hands is not None else (),
            self._current_selection(now_s),
            self._active_category,
            self._place if hands is not None else None,
            self._forces,
        )

    def _read_cloud(self) -> None:
        data, self._new_cloud = self._new_cloud, None
        if data is None:
            return
        try:
            self._cloud = conversions.cloud_from_msg(deserialize_message(data, PointCloud2))
        except ValueError as error:
            self._drop(error)

    def _current_selection(self, now_s: float) -> Selection | None:
        stored = self._selection
        if stored is None or now_s > stored.came_s + _STALE_S:
            return None
        message = deserialize_message(stored.data, msg.Selection)
        if message.gesture_id not in self._brushes:
            return None
        return Selection(message.category, np.asarray(message.sample_ids, dtype=np.uint32))

    def _drop(self, error: ValueError) -> None:
        if self._health is not None:
            self._health.drop(str(error))


class _Guide:
    """Asks the trainer now and then what would live where the hand is, and puts the answer into the inbox."""

    def __init__(self, node: Node, inbox: Inbox, health: HealthReporter) -> None:
        self._node = node
        self._inbox = inbox
        self._health = health
        self._watch = PlaceWatch()
        self._decode = node_tools.client(node, topics.DECODE_PLACE)
        node_tools.every(node, _ASK_PERIOD_S, self._ask)

    def _ask(self) -> None:
        now = time.monotonic()
        scene = self._inbox.scene(now) if self._decode.service_is_ready() else None
        question = self._watch.question(place_of_hand(scene) if scene is not None else None, now)
        self._inbox.take_place(self._watch.place)
        if question is None:
            return
        request = srv.DecodePlace.Request(position=conversions.point_to_msg(question.place))
        future = self._decode.call_async(request)
        future.add_done_callback(node_tools.guarded(self._node, lambda done: self._on_answer(question, done)))

    def _on_answer(self, question: Question, future: Future) -> None:
        response = future.result()
        place = None
        try:
            if response is not None and response.found:
                place = conversions.place_from_msg(response)
                if place.png:
                    read_picture(place.png)
        except ValueError as error:
            place = None
            self._health.drop(str(error))
        self._watch.answer(question.number, place)
        self._inbox.take_place(self._watch.place)


class _Changes:
    """Whether there is something to draw that was not drawn yet."""

    def __init__(self) -> None:
        self._seen = -1
        self._hands: Hands | None = None

    def any(self, inbox: Inbox, now_s: float) -> bool:
        return inbox.changes != self._seen or hands_moved(self._hands, inbox.hands(now_s))

    def drawn(self, inbox: Inbox, scene: Scene) -> None:
        self._seen, self._hands = inbox.changes, scene.hands


class CloudView(Node):  # type: ignore[misc]
    """Shows the cloud, and keeps pictures of it."""

    def __init__(self) -> None:
        super().__init__("cloud_view", namespace=topics.NAMESPACE)
        self._parameters = declare(self, Parameters)
        self._directory = writable_directory(self._parameters.directory)
        _step_back()
        self._fault = ""
        self._inbox = Inbox(self)
        self._health = HealthReporter(self, self._probe)
        self._inbox.report_to(self._health)
        if self._parameters.forces:
            self._inbox.toggle_forces()
        if self._parameters.decode:
            self._guide = _Guide(self, self._inbox, self._health)
        self._window = self._open_window()
        beside_window = self._window is not None
        self._studio = Studio(lambda: Painter(beside_window=beside_window))
        if self._window is not None:
            self._window_changes = _Changes()
            self._window_pacing = Pacing(_WINDOW_PERIOD_S, _WINDOW_SHARE)
            self._window_timer = node_tools.every(self, _WINDOW_PERIOD_S, self._refresh_window)
        self._film: Film | None = None
        if self._directory is not None:
            self._film = Film(session_files.in_directory(self._directory, session_files.VIDEO), self._studio)
            self._film_changes = _Changes()
            self._film_pacing = Pacing(
                self._parameters.timelapse_period_s, self._parameters.drawing_share, FILM_PICTURES
            )
            node_tools.every(self, _LOOK_PERIOD_S, self._continue_film)

    # The window

    def _open_window(self) -> Window | None:
        if self._parameters.mode == "headless":
            return None
        try:
            return Window({FORCES_KEY: self._inbox.toggle_forces})
        except DrawError as error:
            if self._parameters.mode == "window":
                raise InputError(f"parameter mode is window, but {error}; expected an X11 display, or auto") from error
            self.get_logger().info(f"no window, only pictures: {error}")
            return None

    def _refresh_window(self) -> None:
        assert self._window is not None
        now, began = time.monotonic(), time.process_time()
        changed = self._window_pacing.due(now) and self._window_changes.any(self._inbox, now)
        # Who turns the cloud sees it turn at once, whatever that costs.
        shown = (changed or self._window.turned()) and self._show(self._window, now)
        if not self._window.poll():
            self.get_logger().info("the window was closed; pictures go on")
            self._close_window()
        elif shown:
            self._window_pacing.note(time.process_time() - began, now)

    def _show(self, window: Window, now: float) -> bool:
        scene = self._inbox.scene(now)
        if scene is not None:
            window.show(scene)
            self._window_changes.drawn(self._inbox, scene)
        return scene is not None

    def _close_window(self) -> None:
        if self._window is not None:
            self._window_timer.cancel()
            self._window.close()
            self._window = None

    # Pictures

    def _continue_film(self) -> None:
        now = time.monotonic()
        if self._film is None or not self._film_pacing.due(now) or not self._film_changes.any(self._inbox, now):
            return
        scene = self._inbox.scene(now)
        if scene is None:
            return
        began = time.process_time()
        try:
            self._add_to_film(self._film, scene)
        finally:
            # Also a picture that failed has had its turn and its cost.
            self._film_changes.drawn(self._inbox, scene)
            self._film_pacing.note(time.process_time() - began, now)

    def _add_to_film(self, film: Film, scene: Scene) -> None:
        try:
            film.take(scene)
        except (DrawError, VideoError) as error:
            self._fail("the time-lapse ends here", error)
            self._end_film()

    def _end_film(self) -> None:
        film, self._film = self._film, None
        if film is None:
            return
        try:
            film.close()
        except VideoError as error:
            self._fail("the time-lapse could not be finished", error)
            return
        if film.pictures:
            self.get_logger().info(f"wrote {session_files.VIDEO}, {film.pictures} pictures")

    def _fail(self, what: str, error: Exception) -> None:
        self._fault = f"{what}: {error}"
        self.get_logger().error(self._fault)

    def _probe(self) -> Health:
        if self._fault:
            return Health(self._fault, DiagnosticStatus.ERROR)
        pictures = self._film.pictures if self._film is not None else 0
        text = "a window and pictures" if self._window is not None else "pictures"
        period = self._film_pacing.period_s(time.monotonic()) if self._film is not None else math.nan
        return Health(text, values={"pictures": pictures, "picture period s": f"{period:.2f}"})

    def close(self) -> None:
        """Take the still, then finish the time-lapse: that one can be watched also if time runs out."""
        self._close_window()
        scene = self._inbox.scene(time.monotonic())
        if self._directory is None:
            return
        if scene is None:
            self.get_logger().info("no cloud came: no pictures")
            return
        self._keep_still(scene, self._directory)
        if self._film is not None:
            self._add_to_film(self._film, scene)
        self._end_film()
        self._studio.close()

    def _keep_still(self, scene: Scene, directory: Path) -> None:
        try:
            take_still(scene, session_files.in_directory(directory, session_files.STILL), self._studio)
            self.get_logger().info(f"wrote {session_files.STILL}")
        except (DrawError, OSError) as error:
            self._fail("no still", error)


def _step_back() -> None:
    """Let training and the hands' path go first on a machine with few cores."""
    if os.getpriority(os.PRIO_PROCESS, 0) < _NICENESS:
        os.setpriority(os.PRIO_PROCESS, 0, _NICENESS)


def main() -> int:
    """Run the node."""
    return run_node(CloudView)
