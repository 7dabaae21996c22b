"""The view as a ROS node: a window where there is a display, and a still and a time-lapse of the session.

Thread rule: everything runs on the executor's thread, which is the main one: callbacks, which only store (see
inbox_node.py), and timers, which draw. OpenGL and windows are bound to it. While a picture is drawn (about 0.05 to
0.15 s) messages wait.
"""

import math
import os
import time
from pathlib import Path

from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.node import Node

from cloud_view.engine import DrawError
from cloud_view.guide_node import Guide
from cloud_view.pacing import FILM_PICTURES, Pacing
from cloud_view.painter import Painter
from cloud_view.parameters import Parameters
from cloud_view.pictures import Film, Studio, take_still
from cloud_view.video import VideoError
from cloud_view.window import CUES_KEY, FORCES_KEY, Window
from latentvr_common import node_tools, session_files, topics
from latentvr_common.directories import writable_directory
from latentvr_common.errors import InputError
from latentvr_common.fault_points import reach
from latentvr_common.health import Health, HealthReporter
from latentvr_common.inbox_node import Changes, Inbox
from latentvr_common.parameters import declare
from latentvr_common.run import run_node
from latentvr_common.scene import Scene

_NICENESS = 5
_LOOK_PERIOD_S = 0.05
_WINDOW_PERIOD_S = 1 / 30
_WINDOW_SHARE = 0.3


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
        if self._parameters.forces:
            self._inbox.toggle_forces()
        if self._parameters.cues:
            self._inbox.toggle_cues()
        if self._parameters.decode:
            self._guide = Guide(self, self._inbox, self._health)
        self._window = self._open_window()
        beside_window = self._window is not None
        self._studio = Studio(lambda: Painter(beside_window=beside_window))
        if self._window is not None:
            self._window_changes = Changes()
            self._window_pacing = Pacing(_WINDOW_PERIOD_S, _WINDOW_SHARE)
            self._window_timer = node_tools.every(self, _WINDOW_PERIOD_S, self._refresh_window)
        self._film: Film | None = None
        if self._directory is not None:
            self._film = Film(session_files.in_directory(self._directory, session_files.VIDEO), self._studio)
            self._film_changes = Changes()
            self._film_pacing = Pacing(
                self._parameters.timelapse_period_s, self._parameters.drawing_share, FILM_PICTURES
            )
            node_tools.every(self, _LOOK_PERIOD_S, self._continue_film)

    # The window

    def _open_window(self) -> Window | None:
        if self._parameters.mode == "headless":
            return None
        try:
            return Window({FORCES_KEY: self._inbox.toggle_forces, CUES_KEY: self._inbox.toggle_cues})
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
            reach("view.draw")
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
    return run_node(CloudView, starts_soon=True)
