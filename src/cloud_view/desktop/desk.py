"""Mouse and keys to marks, views and wishes: the state machine. Pure, over inputs and what is seen.

One thing at a time: while the left button marks, the camera stays; while the camera turns, nothing is marked.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cloud_view.desktop import keys
from cloud_view.desktop.inputs import CTRL, SHIFT, SPACE, Button, Input, Key, Moved, Pressed, Released, Wheel
from cloud_view.desktop.keys import Command
from cloud_view.desktop.marks import Aim, Boxing, Flooding, Mark, Painting, Sight
from cloud_view.desktop.outcome import Kind, Outcome, Proposal, Wish
from cloud_view.desktop.viewpoint import Viewpoint
from latentvr_common import brush, palette
from latentvr_common.cloud import NONE
from latentvr_common.gestures import DWELL, POKE, Phase, Preview, Report
from latentvr_common.labels import Category, LabelEvent
from latentvr_common.labels import Kind as EntryKind
from latentvr_common.selecting.counts import label_counts

FloatArray = npt.NDArray[np.floating]

PAGE = 10
"""Categories that number keys reach at once."""
SPEEDS = (0.1, 0.25, 0.5, 1.0)
ACCEPT = "accept"
"""What an entry made of accepted predictions says that it comes from."""
_WHEEL = 1.12
_TURN_PX = 24.0
_ITEM_REACH_PX = 14.0
_TOOLS: dict[Command, type[Mark]] = {Command.BRUSH: Painting, Command.BOX: Boxing, Command.DENSITY: Flooding}


@dataclass(frozen=True)
class Hand:
    """What the mouse holds."""

    tool: type[Mark] = Painting
    category: int = NONE
    erases: bool = False
    radius_m: float = brush.RADIUS_M
    page: int = 0

    @property
    def marks_with(self) -> int:
        """The category that a mark gives; -1: none is chosen, or it erases."""
        return NONE if self.erases else self.category


def _new_id() -> str:
    return str(uuid.uuid4())


class Desk:
    """One person at mouse and keys."""

    def __init__(self, author: str, new_id: Callable[[], str] = _new_id) -> None:
        """`author` of the marks; `new_id` names gestures and entries."""
        self._author = author
        self._new_id = new_id
        self._stamp_ns = 0
        self._mouse = (0.0, 0.0)
        self._drags: Button | None = None
        self._down: set[str] = set()
        self._ahead_m: float | None = None
        self._look: Report | None = None
        self._categories: Sequence[Category] = ()
        self._out = Outcome()
        self.hand = Hand()
        self.viewpoint = Viewpoint()
        self.sight: Sight | None = None
        self.mark: Mark | None = None
        self.brush: FloatArray | None = None
        """Where the brush is (3,), metres, frame stage; None: nowhere."""
        self.help = True
        """Whether help is open: at first it is."""
        self.looks = False
        """Whether the item under the mouse is to be shown."""
        self.item: int | None = None
        """That item."""
        self.name: str | None = None
        """Of a new category, as far as it is typed; None: none is."""
        self.proposal: Proposal | None = None
        """What is to be accepted, or not; its sample is to be shown."""
        self.paused = False
        self.speed = SPEEDS[-1]

    @property
    def busy(self) -> bool:
        """Whether a button is down."""
        return self._drags is not None or self.mark is not None

    @property
    def turns(self) -> bool:
        """Whether the cloud is being turned or moved."""
        return self._drags is not None

    # What is seen and heard

    def see(self, sight: Sight, stamp_ns: int) -> Outcome:
        """Take in what is shown now: a mark that is being made goes on in it."""
        self._begin(stamp_ns)
        self.sight = sight
        if self.mark is not None and self.mark.item_count != len(sight.frame.cloud):
            self._cancel("the cloud was replaced by another")
        self._point()
        # Who has just come, or has lost the last one, is told too.
        self._preview_again()
        return self._out

    def set_categories(self, categories: Sequence[Category]) -> None:
        """Take in the list of categories; one that is retired is no longer painted."""
        self._categories = tuple(categories)
        known = any(c.id == self.hand.category for c in self._offered())
        if not known and self.hand.category != NONE:
            self.hand = replace(self.hand, category=NONE)
        if self.hand.page >= self.pages():
            self.hand = replace(self.hand, page=0)

    def choose(self, category: int) -> None:
        """Hold `category`, which has just been added: the list of categories may not tell of it yet."""
        offered = [c.id for c in self._offered() if c.id != category] + [category]
        page = sorted(offered).index(category) // PAGE
        self.hand = replace(self.hand, category=category, erases=False, page=page)

    def offer(self, proposal: Proposal) -> None:
        """Show what could be accepted."""
        self.proposal = proposal if len(proposal.ids) else None

    def _offered(self) -> list[Category]:
        return [c for c in self._categories if not c.retired]

    def pages(self) -> int:
        """Return how many pages of categories there are, 1 or more."""
        return max(1, -(-len(self._offered()) // PAGE))

    def page(self) -> list[Category]:
        """Return the categories that number keys choose now, at most ten."""
        return self._offered()[self.hand.page * PAGE : (self.hand.page + 1) * PAGE]

    # Inputs

    def take(self, given: Input, stamp_ns: int) -> Outcome:
        """Take in what mouse or keyboard did at `stamp_ns`, ROS time."""
        self._begin(stamp_ns)
        if isinstance(given, Moved):
            self._move(given)
        elif isinstance(given, Pressed):
            self._press(given.button)
        elif isinstance(given, Released):
            self._release(given.button)
        elif isinstance(given, Wheel):
            self._turn(given.steps)
        else:
            self._key(given)
        return self._out

    def _begin(self, stamp_ns: int) -> None:
        self._out, self._stamp_ns = Outcome(), stamp_ns

    def _move(self, to: Moved) -> None:
        (x, y), self._mouse = self._mouse, (to.x, to.y)
        right, down = to.x - x, to.y - y
        height = self.sight.picker.viewport.height if self.sight is not None else 0
        if self._drags is Button.RIGHT:
            self.viewpoint = self.viewpoint.turned(right, down)
        elif self._drags is Button.MIDDLE and height:
            self.viewpoint = self.viewpoint.moved(right, down, height)
        else:
            self._point()

    def _press(self, button: Button) -> None:
        if self.busy:
            return
        if button is Button.LEFT and SPACE not in self._down:
            self._begin_mark()
        else:
            aside = button is Button.MIDDLE or (button is Button.RIGHT and SHIFT in self._down)
            self._drags = Button.MIDDLE if aside else Button.RIGHT

    def _release(self, button: Button) -> None:
        if self.mark is not None and button is Button.LEFT:
            self._end_mark(self.mark)
        elif self.mark is None:
            self._drags = None
            self._point()

    def _turn(self, steps: float) -> None:
        if CTRL in self._down or SHIFT in self._down:
            if self.mark is None:
                self.viewpoint = self.viewpoint.nearer(steps)
            return
        if self.mark is None or not self.mark.turn_wheel(steps):
            radius = float(np.clip(self.hand.radius_m * _WHEEL**steps, brush.SMALLEST_M, brush.LARGEST_M))
            self.hand = replace(self.hand, radius_m=radius)
        self._point()

    # Marks

    def _begin_mark(self) -> None:
        reason = self._why_not()
        gesture_id = self._new_id()
        if reason or self.sight is None or self._ahead_m is None:
            self._out.note = reason
            place = self.brush if self.brush is not None else np.zeros(3)
            self._out.reports.append(self._report(gesture_id, self.hand.tool.name, Phase.CANCEL, place, detail=reason))
            return
        self.mark = self.hand.tool(gesture_id, self.sight, self._ahead_m)
        self.help = False
        self._follow(self.mark, Phase.BEGIN)

    def _why_not(self) -> str:
        if self.sight is None or not len(self.sight.frame.cloud):
            return "there is no cloud yet"
        if self.hand.marks_with == NONE and not self.hand.erases:
            return "no category chosen: press its number"
        return "" if self._ahead_m is not None else "nothing is there"

    def _follow(self, mark: Mark, phase: Phase) -> None:
        if self.sight is None:
            return
        before = mark.ids
        mark.follow(self.sight, Aim(*self._mouse, self.hand.radius_m, SHIFT in self._down))
        self.brush = mark.position
        self._out.reports.append(self._report_of(mark, phase))
        if mark.ids is not before:
            counts = label_counts(self.sight.frame.labels[mark.ids])
            self._out.preview = Preview(
                mark.gesture_id, self._stamp_ns, mark.stamp_ns, self.hand.marks_with, mark.region, mark.ids, counts
            )

    def _end_mark(self, mark: Mark) -> None:
        if not len(mark.ids):
            self._cancel("no item in it")
            return
        if isinstance(mark, Painting):
            mark.finish()
        self.mark = None
        event = LabelEvent(
            mark.gesture_id,
            EntryKind.ERASE if self.hand.erases else EntryKind.ASSIGN,
            self.hand.marks_with,
            mark.ids,
            author=self._author,
            cloud_stamp_ns=mark.stamp_ns,
            epoch=mark.epoch,
            region=mark.region,
            gesture=mark.name,
        )
        self._out.commits.append((event, self._report_of(mark, Phase.END)))

    def _cancel(self, reason: str) -> None:
        mark, self.mark = self.mark, None
        if mark is not None:
            self._out.reports.append(self._report_of(mark, Phase.CANCEL, reason))
            self._out.note = reason

    def _point(self) -> None:
        """Have the brush, and the look at items, follow the mouse."""
        sight = self.sight
        if sight is None or self._drags is not None:
            return
        if self.mark is not None:
            self._follow(self.mark, Phase.UPDATE)
            return
        ahead = sight.picker.rest(*self._mouse, self.hand.radius_m)
        self._ahead_m = ahead if ahead is not None else self._ahead_m
        self.brush = sight.picker.place(*self._mouse, self._ahead_m) if self._ahead_m is not None else None
        if self.looks:
            self._look_at(sight.picker.item(*self._mouse, _ITEM_REACH_PX))

    # Looking

    def _look_at(self, item: int | None) -> None:
        """Look at `item`; where there is none, at what was looked at before."""
        if item is None or item == self.item or self.brush is None:
            return
        self._look_away()
        self.item = item
        report = self._report(self._new_id(), DWELL, Phase.BEGIN, self.brush)
        self._look = replace(report, item=item)
        self._out.reports.append(self._look)

    def _look_away(self) -> None:
        look, self._look, self.item = self._look, None, None
        if look is not None:
            self._out.reports.append(replace(look, phase=Phase.END, stamp_ns=self._stamp_ns))

    # Keys

    def _key(self, key: Key) -> None:
        if key.name in (SHIFT, CTRL, SPACE):
            (self._down.add if key.down else self._down.discard)(key.name)
        if not key.down:
            return
        if self.name is not None:
            self._type(self.name, key)
            return
        digit = keys.digit_of(key)
        if digit is not None:
            self._choose(digit)
            return
        command = keys.command_of(key)
        if command is not None and not (key.held and command not in _REPEATED):
            self._do(command)

    def _type(self, name: str, key: Key) -> None:
        if key.name == "escape":
            self.name = None
        elif key.name == "backspace":
            self.name = name[:-1]
        elif key.name == "enter":
            self.name = None
            wanted = name.strip() or self._unused_name()
            self._out.wishes.append(Wish(Kind.NEW, wanted, self._press_report(palette.NEW)))
        elif len(name) < _LONGEST_NAME:
            self.name = name + keys.typed(key)

    def _unused_name(self) -> str:
        taken, number = {c.name for c in self._categories}, len(self._categories) + 1
        while f"category {number}" in taken:
            number += 1
        return f"category {number}"

    def _choose(self, digit: int) -> None:
        page = self.page()
        if digit >= len(page):
            self._out.note = f"no category has the number {(digit + 1) % 10}"
            return
        self.hand = replace(self.hand, category=page[digit].id, erases=False)
        self._out.reports.append(self._press_report(palette.category_action(page[digit].id)))
        self._preview_again()

    def _preview_again(self) -> None:
        """Show what is being marked in the colour that it would get now."""
        mark, sight = self.mark, self.sight
        if mark is not None and sight is not None:
            counts = label_counts(sight.frame.labels[mark.ids])
            self._out.preview = Preview(
                mark.gesture_id, self._stamp_ns, mark.stamp_ns, self.hand.marks_with, mark.region, mark.ids, counts
            )

    def _do(self, command: Command) -> None:
        if command is Command.CANCEL:
            self._step_out()
        elif command in (Command.ACCEPT, Command.CONFIRM):
            self._accept(command)
        elif command in _TOOLS and self.mark is None:
            self.hand = replace(self.hand, tool=_TOOLS[command])
        elif command in _VIEWS and self.mark is None:
            self.viewpoint = _VIEWS[command](self.viewpoint)
        elif command in _SIMPLE:
            self._out.wishes.append(Wish(_SIMPLE[command]))
        elif command in (Command.UNDO, Command.REDO):
            self._step(command)
        elif command in (Command.PAUSE, Command.SLOWER, Command.FASTER):
            self._pace(command)
        else:
            self._toggle(command)

    def _toggle(self, command: Command) -> None:
        if command is Command.HELP:
            self.help = not self.help
        elif command is Command.NEW:
            self.name = ""
        elif command is Command.ERASE:
            self.hand = replace(self.hand, erases=not self.hand.erases)
            self._out.reports.append(self._press_report(palette.ERASE))
            self._preview_again()
        elif command in (Command.NEXT_PAGE, Command.PREVIOUS_PAGE):
            step = 1 if command is Command.NEXT_PAGE else -1
            self.hand = replace(self.hand, page=(self.hand.page + step) % self.pages())
        elif command is Command.LOOK:
            self.looks = not self.looks
            if self.looks:
                self._point()
            else:
                self._look_away()
        elif command is Command.SOUND:
            self._listen()

    def _listen(self) -> None:
        item = self.item
        if item is None and self.sight is not None:
            item = self.sight.picker.item(*self._mouse, _ITEM_REACH_PX)
        if item is None:
            self._out.note = "no item is under the mouse"
        else:
            self._out.wishes.append(Wish(Kind.SOUND, item))

    def _step_out(self) -> None:
        """Take back the mark that is being made, or else close what is open, the newest first."""
        if self.mark is not None:
            self._cancel("taken back with escape")
        elif self.proposal is not None:
            self.proposal = None
        elif self.help:
            self.help = False
        elif self.looks:
            self.looks = False
            self._look_away()

    def _step(self, command: Command) -> None:
        if self.mark is not None:
            return
        undoes = command is Command.UNDO
        end = self._press_report(palette.UNDO if undoes else palette.REDO)
        self._out.wishes.append(Wish(Kind.UNDO if undoes else Kind.REDO, end=end))

    def _pace(self, command: Command) -> None:
        if command is Command.PAUSE:
            end = self._press_report(palette.PAUSE)
            self._out.wishes.append(Wish(Kind.PAUSE, not self.paused, end))
            return
        place = SPEEDS.index(self.speed) + (1 if command is Command.FASTER else -1)
        self.speed = SPEEDS[min(max(place, 0), len(SPEEDS) - 1)]
        self._out.wishes.append(Wish(Kind.SPEED, self.speed, self._press_report(f"speed:{self.speed}")))

    # What the network is sure of

    def _accept(self, command: Command) -> None:
        proposal = self.proposal
        if proposal is None:
            if command is Command.ACCEPT and self.mark is None:
                self._out.wishes.append(Wish(Kind.PROPOSE))
            return
        self.proposal = None
        for category in np.unique(proposal.categories):
            ids = proposal.ids[proposal.categories == category]
            event = LabelEvent(
                self._new_id(),
                EntryKind.ASSIGN,
                int(category),
                ids,
                author=self._author,
                cloud_stamp_ns=proposal.cloud_stamp_ns,
                epoch=proposal.epoch,
                gesture=ACCEPT,
            )
            end = replace(self._press_report(ACCEPT), samples=len(ids), category=int(category))
            self._out.commits.append((event, replace(end, gesture_id=event.event_id)))

    # Reports

    def _press_report(self, action: str) -> Report:
        place = self.brush if self.brush is not None else np.zeros(3)
        return self._report(self._new_id(), POKE, Phase.END, place, detail=action)

    def _report_of(self, mark: Mark, phase: Phase, detail: str = "") -> Report:
        report = self._report(mark.gesture_id, mark.name, phase, mark.position, detail=detail)
        return replace(report, samples=len(mark.ids))

    def _report(self, gesture_id: str, name: str, phase: Phase, place: FloatArray, *, detail: str = "") -> Report:
        hand = self.hand
        return Report(gesture_id, name, phase, self._stamp_ns, place, hand.radius_m, hand.marks_with, detail=detail)


_LONGEST_NAME = 40
_REPEATED = frozenset(
    {
        *(Command.LEFT, Command.RIGHT, Command.UP, Command.DOWN),
        *(Command.NEARER, Command.FARTHER, Command.UNDO, Command.REDO),
    }
)
"""Commands that go on while their key is held."""
_VIEWS: dict[Command, Callable[[Viewpoint], Viewpoint]] = {
    Command.WHOLE: lambda view: replace(view, distance=Viewpoint().distance, shift=np.zeros(3)),
    Command.NEARER: lambda view: view.nearer(1),
    Command.FARTHER: lambda view: view.nearer(-1),
    Command.LEFT: lambda view: view.turned(-_TURN_PX, 0),
    Command.RIGHT: lambda view: view.turned(_TURN_PX, 0),
    Command.UP: lambda view: view.turned(0, -_TURN_PX),
    Command.DOWN: lambda view: view.turned(0, _TURN_PX),
}
_SIMPLE = {
    Command.FORCES: Kind.FORCES,
    Command.CUES: Kind.CUES,
    Command.TIMELAPSE: Kind.TIMELAPSE,
    Command.PICTURE: Kind.PICTURE,
    Command.QUIT: Kind.QUIT,
}
