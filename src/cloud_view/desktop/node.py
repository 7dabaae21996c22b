"""Labelling with mouse and keys as a ROS node: the window, the gestures that come of it, and who is asked for what.

Thread rule: everything runs on the executor's thread, which is the main one: callbacks, which only store, and a timer,
which takes inputs and draws. While a frame is drawn messages wait.
"""

import tempfile
import time
from collections import deque
from dataclasses import replace
from pathlib import Path

from diagnostic_msgs.msg import DiagnosticStatus
from latentvr import msg
from rclpy.node import Node

from cloud_view.desktop.desk import Desk
from cloud_view.desktop.detail import Detail
from cloud_view.desktop.dressing import Dressing, Status
from cloud_view.desktop.granting_node import ask
from cloud_view.desktop.history import Replay, looked_like
from cloud_view.desktop.inputs import Button, Input, Pressed
from cloud_view.desktop.items_node import Items
from cloud_view.desktop.keeping import keep_picture
from cloud_view.desktop.notes import NOTE_S, Notes
from cloud_view.desktop.outcome import Kind, Outcome, Wish
from cloud_view.desktop.parameters import Parameters
from cloud_view.desktop.past import Past
from cloud_view.desktop.questions_node import Questions
from cloud_view.desktop.remembering import Remembering
from cloud_view.desktop.screen import Screen
from cloud_view.desktop.show import Show
from cloud_view.desktop.showing import Showing
from cloud_view.desktop.shown_hand import Lit, tool_of
from cloud_view.desktop.sound import Speaker, player
from cloud_view.desktop.what_if import Then
from cloud_view.desktop.what_if_node import WhatIf
from cloud_view.engine import DrawError
from cloud_view.pacing import Pacing
from latentvr_common import conversions, node_tools, session_files, topics
from latentvr_common.asking_node import Asking
from latentvr_common.cloud import NONE
from latentvr_common.directories import writable_directory
from latentvr_common.errors import InputError
from latentvr_common.gestures import Phase, Report, Side
from latentvr_common.gestures import Tool as HeldTool
from latentvr_common.hands import Hands
from latentvr_common.happenings_node import Happenings
from latentvr_common.health import Health, HealthReporter
from latentvr_common.inbox_node import Inbox
from latentvr_common.labels import LabelBook
from latentvr_common.parameters import declare
from latentvr_common.proposal import Proposal
from latentvr_common.run import run_node
from latentvr_common.scene import Scene, State, hands_moved
from latentvr_common.timeline.timeline import Leap

_TURN_S = 1 / 60
_PASSES = 3
"""In one turn, at the most: inputs that come while a frame is drawn are taken at once."""
_FRAME_S = 1 / 30


class Desktop(Node):  # type: ignore[misc]
    """A person who labels with mouse and keys."""

    def __init__(self) -> None:
        super().__init__("desktop", namespace=topics.NAMESPACE)
        self._settings = declare(self, Parameters)
        self._directory = writable_directory(self._settings.directory)
        self._screen = self._opened()
        self._desk = Desk(self._settings.author)
        self._detail = Detail(self._settings.frame_s)
        self._pacing = Pacing(_FRAME_S, self._settings.drawing_share)
        self._showing = Showing()
        self._dressing = Dressing()
        self._lit = Lit()
        self._notes = Notes()
        self._past = Past(self._settings.timeline_mb)
        self._replay = Replay()
        self._told: HeldTool | None = None
        self._hands: Hands | None = None
        """Those of others that are shown."""
        self._drawn: tuple[object, ...] = ()
        self._known = 0
        self._safe_count = 0
        """Items that have a label that is in the journal."""
        self._left = False
        self._pending: deque[Input] = deque()
        bag = session_files.in_directory(self._directory, session_files.BAG) if self._directory else None
        self._remembering = Remembering(bag, self._settings.timeline_mb)
        self._connect()
        self._timer = node_tools.every(self, _TURN_S, self._turn)

    def _connect(self) -> None:
        """Advertise, listen, and know whom to ask."""
        self._gestures_out = node_tools.advertise(self, topics.GESTURES)
        self._selection_out = node_tools.advertise(self, topics.SELECTION)
        self._tool_out = node_tools.advertise(self, topics.TOOL)
        self._inbox = Inbox(self)
        self._health = HealthReporter(self, self._probe)
        if self._settings.forces:
            self._inbox.toggle_forces()
        if self._settings.cues:
            self._inbox.toggle_cues()
        self._items = Items(self, self._health)
        self._asking = Asking(self, self._settings.author, self._report)
        self._speaker = Speaker(self._directory or Path(tempfile.gettempdir()), player())
        self._questions = Questions(self, self._speaker, self._say)
        self._what_if = WhatIf(self, self._settings.author, self._questions, self._say)
        self._happenings = Happenings(self, self._past.timeline, self._health, self._note_safe)
        self._epoch_in = node_tools.listen(self, topics.EPOCH, self._on_epoch)

    def _opened(self) -> Screen:
        try:
            return Screen()
        except DrawError as error:
            raise InputError(f"there is no window to label in: {error}; expected an X11 display") from error

    # What is heard

    def _on_epoch(self, message: msg.Epoch) -> None:
        self._showing.frames.note_epoch(conversions.time_from_msg(message.header.stamp), message.epoch)
        self._desk.paused = message.state == State.PAUSED

    def _note_safe(self, book: LabelBook) -> None:
        self._safe_count = int((book.labels != NONE).sum())

    # Turns

    def _turn(self) -> None:
        if self._left:
            return
        told = self._speaker.look()
        if told:
            self._say(told)
        self._tell_tool(replace(self._desk.told(), looks_at_ns=self._past.looks_at_ns))
        self._remember()
        for _ in range(_PASSES):
            now_s, inputs = time.monotonic(), self._take_inputs()
            if inputs:
                self._detail.note_input(now_s)
            drawn = self._draw(now_s) if self._due(now_s, inputs) else None
            began_s = time.perf_counter()
            if self._left or not self._screen.poll():
                self._leave()
                return
            if drawn is not None:
                self._note_frame(drawn, time.perf_counter() - began_s, now_s)
            elif not inputs:
                return

    def _remember(self) -> None:
        """Put before what this window has seen what the session's bag has of the time before."""
        timeline = self._past.timeline
        if len(timeline):
            self._remembering.begin(int(timeline.frames.stamps[0]))
        earlier = self._remembering.look()
        if earlier is not None:
            timeline.precede(earlier)
        if self._remembering.reason:
            self.get_logger().warning(f"the timeline begins with this window: {self._remembering.reason}")
            self._remembering.reason = ""

    def _take_inputs(self) -> bool:
        """Have the desk take what there is; return whether there was something.

        A press means what the person sees: it waits until the view that was turned before it is drawn.
        """
        self._pending.extend(self._screen.inputs())
        had = bool(self._pending)
        while self._pending and not (isinstance(self._pending[0], Pressed) and self._view_is_old()):
            self._take(self._pending.popleft())
        return had

    def _view_is_old(self) -> bool:
        return not self._showing.is_of(self._desk.viewpoint)

    def _take(self, given: Input) -> None:
        """Have the desk take an input. What is marked is what is now: a press during the time-lapse ends that."""
        if self._replay.runs and given == Pressed(Button.LEFT):
            self._replay.toggle(time.monotonic())
        else:
            self._follow(self._desk.take(given, node_tools.now_ns(self)))

    def _due(self, now_s: float, moved: bool) -> bool:
        if moved or self._showing.beats(self._desk, now_s) or self._items.changes != self._known:
            return True
        if not self._pacing.due(now_s):
            return False
        if self._replay.runs or self._drawn != self._state(now_s):
            return True
        return hands_moved(self._hands, self._inbox.hands(now_s))

    def _state(self, now_s: float) -> tuple[object, ...]:
        """Return what a frame depends on beside mouse and keys."""
        note, rest = self._notes.text(now_s), self._detail.at_rest(now_s)
        marks = self._safe_count, len(self._asking), self._past.timeline.changes
        return self._inbox.changes, self._items.changes, self._screen.viewport, note, rest, marks

    def _draw(self, now_s: float) -> tuple[int, float] | None:
        """Put a frame up; return how many items it has, and how long that took."""
        began_s = time.perf_counter()
        scene = self._inbox.scene(now_s)
        if scene is None:
            return None
        self._happenings.follow(len(scene.cloud))
        scene = self._then(scene, now_s)
        self._drawn, self._known = self._state(now_s), self._items.changes
        desk, viewport = self._desk, self._screen.viewport
        desk.set_categories(scene.categories)
        past = self._past.frame if not self._replay.runs else None
        layer = self._showing.layer_of(scene, busy=desk.busy, of_old=self._replay.runs or past is not None)
        camera = self._showing.camera_of(layer, desk.viewpoint)
        sight = self._showing.sight(desk, layer, camera, viewport, time.monotonic(), past)
        if sight is not None:
            self._follow(desk.see(sight, node_tools.now_ns(self)))
        self._items.scene, self._hands = scene, scene.hands
        items = self._detail.items(len(scene.cloud), now_s)
        status = Status(self._safe_count, len(self._asking), self._notes.text(now_s))
        look_of, neighbours_of, told = self._items.look_of, self._items.neighbours_of, self._past.told(scene, viewport)
        desk.has_bar, desk.is_back = told.bar is not None, past is not None
        panels = self._dressing.panels(desk, scene, viewport, status, look_of, neighbours_of, told)
        tool, lit = tool_of(desk, scene), self._lit.of(desk, scene)
        trail = self._past.trail(desk.item, scene.placement)
        self._screen.show(Show(layer, camera, items, tool, lit, panels, scene.hands, trail))
        return items, time.perf_counter() - began_s

    def _then(self, scene: Scene, now_s: float) -> Scene:
        """Return the scene to show: that of now, or an earlier one. What oneself holds stands elsewhere."""
        others = {author: tool for author, tool in scene.desks.items() if author != self._settings.author}
        newest = scene.cloud
        scene = self._past.scene(replace(scene, desks=others))
        share = self._replay.share(now_s)
        if share is None:
            return scene
        self._say(f"time-lapse: {100 * share:.0f} %", 0.5)
        return replace(scene, cloud=looked_like(self._past.timeline.frames, share, newest), ghost=None)

    def _note_frame(self, drawn: tuple[int, float], polled_s: float, now_s: float) -> None:
        items, prepared_s = drawn
        took_s = prepared_s + polled_s
        if not self._detail.at_rest(now_s):
            self._detail.note_frame(items, took_s)
        self._pacing.note(took_s, now_s)

    def _say(self, text: str, seconds: float = NOTE_S) -> None:
        self._notes.say(text, time.monotonic(), seconds)

    # What comes of it

    def _tell_tool(self, tool: HeldTool) -> None:
        """Tell what the mouse holds, if that has changed."""
        if tool != self._told:
            self._told = tool
            self._tool_out.publish(conversions.tool_to_msg(tool, node_tools.now_ns(self)))

    def _follow(self, outcome: Outcome) -> None:
        if outcome.preview is not None:
            self._selection_out.publish(conversions.selection_to_msg(outcome.preview))
        for report in outcome.reports:
            self._gestures_out.publish(conversions.gesture_to_msg(report))
            if report.phase is Phase.BEGIN:
                self._notes.clear()
        for event, end in outcome.commits:
            layer = self._showing.layer
            self._lit.submit(event, layer.scene.colors() if layer is not None else {})
            self._asking.mark(event, end)
            outcome.note = self._past.told_of(event) or outcome.note
        for wish in outcome.wishes:
            self._grant(wish)
        if outcome.note:
            self._say(outcome.note)

    def _grant(self, wish: Wish) -> None:
        if wish.end is not None:
            ask(self._asking, wish, wish.end, self._desk.choose)
        elif wish.kind is Kind.FORCES:
            self._inbox.toggle_forces()
        elif wish.kind is Kind.CUES:
            self._inbox.toggle_cues()
        elif wish.kind is Kind.PROPOSE:
            self._questions.propose(self._settings.accept_from, self._offer)
        elif wish.kind is Kind.WHAT_IF:
            self._what_if.toggle(self._happenings.book, self._happenings.names)
        elif wish.kind is Kind.FORK:
            self._fork()
        elif wish.kind is Kind.NEXT_BRANCH:
            self._what_if.next()
        elif wish.kind is Kind.TIMELAPSE:
            self._past.looking.leap(Leap.NOW)
            self._replay.toggle(time.monotonic())
        elif wish.kind in (Kind.LEAP, Kind.SCRUB):
            self._go_to(wish)
        elif wish.kind is Kind.SOUND:
            self._questions.sound(int(wish.value))
        elif wish.kind is Kind.PICTURE:
            self._say(keep_picture(self._directory, self._screen.keep))
        elif wish.kind is Kind.QUIT:
            self._left = True

    def _go_to(self, wish: Wish) -> None:
        """Look at another time."""
        if self._replay.runs:
            self._replay.toggle(time.monotonic())
        if wish.kind is Kind.LEAP:
            self._past.looking.leap(Leap(str(wish.value)))
        else:
            self._past.looking.scrub(float(wish.value))

    def _fork(self) -> None:
        """Ask for a branch from the moment on that is looked at, and come back to now once it is there."""
        looking = self._past.looking
        if looking.frame is None:
            self._say("this is now: go back in time first")
            return
        progress = looking.frame.progress
        then = Then(looking.at_ns, progress.step, progress.branch)
        self._what_if.fork(self._happenings.book, then, lambda: looking.leap(Leap.NOW))

    def _report(self, report: Report) -> None:
        """Tell what has come of a gesture, now that others have answered."""
        self._gestures_out.publish(conversions.gesture_to_msg(report))
        self._lit.answered(report.gesture_id)
        if report.phase is Phase.CANCEL:
            self._say(report.detail)
            self.get_logger().info(f"{report.name} cancelled: {report.detail}")

    def _offer(self, proposal: Proposal) -> None:
        self._desk.offer(proposal)
        if self._desk.proposal is None:
            self._say(f"no prediction is {100 * self._settings.accept_from:.0f} % sure yet")
        self._items.changes += 1

    def _leave(self) -> None:
        """Close the window, and look no more: that is how a person leaves."""
        self._left = True
        self._timer.cancel()
        self._tell_tool(HeldTool(side=Side.MOUSE, author=self._settings.author))
        self._screen.close()
        self._inbox.leave()
        self.get_logger().info("the window was closed; the person leaves")

    def _probe(self) -> Health:
        waiting = len(self._asking)
        if self._left:
            return Health("the person has left", values={"waiting marks": waiting})
        level = DiagnosticStatus.WARN if waiting else DiagnosticStatus.OK
        text = f"{waiting} marks wait for the journal" if waiting else "a window"
        return Health(
            text, level, {"waiting marks": waiting, "safe labels": self._safe_count, "sent shapes": self._screen.sent}
        )

    def close(self) -> None:
        """Say so if marks are lost with this process."""
        self._speaker.stop()
        self._remembering.stop()
        if not self._left:
            self._screen.close()
        if len(self._asking):
            self.get_logger().error(f"{len(self._asking)} marks were never acknowledged by the journal")


def main() -> int:
    """Run the node."""
    return run_node(Desktop)
