"""Mouse and keys to marks, views and wishes: the state machine. Pure, over inputs and what is seen.

One thing at a time: while the left button marks, the camera stays; while the camera turns, nothing is marked.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from cloud_view.desktop import keys, shelf
from cloud_view.desktop.commands import ASKED, LEAPS, REPEATED, TOOLS, VIEWS
from cloud_view.desktop.hand import Hand
from cloud_view.desktop.inputs import CTRL, SHIFT, SPACE, Button, Input, Key, Moved, Pressed, Released, Wheel
from cloud_view.desktop.keys import Command
from cloud_view.desktop.looking import Looking
from cloud_view.desktop.marking import Marking
from cloud_view.desktop.marks import Aim, Mark, Sight
from cloud_view.desktop.moment import Moment
from cloud_view.desktop.naming import edited
from cloud_view.desktop.outcome import Kind, Outcome, Wish
from cloud_view.desktop.panels import LINE_HEIGHT
from cloud_view.desktop.timeline_bar import is_on_bar, share_at
from cloud_view.desktop.viewpoint import Viewpoint
from latentvr_common import palette
from latentvr_common.cloud import NONE
from latentvr_common.gestures import ACCEPT, Report, Tool
from latentvr_common.labels import Category
from latentvr_common.proposal import Proposal
from latentvr_common.timeline.timeline import Leap

FloatArray = npt.NDArray[np.floating]

SPEEDS = (0.1, 0.25, 0.5, 1.0)
_ITEM_REACH_PX = 14.0


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
        self._scrubs = False
        self._down: set[str] = set()
        self._ahead_m: float | None = None
        self._marking = Marking(author)
        self._looking = Looking()
        self._categories: Sequence[Category] = ()
        self._out = Outcome()
        self.hand = Hand()
        self.viewpoint = Viewpoint()
        self.sight: Sight | None = None
        self.brush: FloatArray | None = None
        """Where the brush is (3,), metres, frame stage; None: nowhere."""
        self.help = True
        """Whether help is open: at first it is."""
        self.name: str | None = None
        """Of a new category, as far as it is typed; None: none is."""
        self.proposal: Proposal | None = None
        """What is to be accepted, or not; its sample is to be shown."""
        self.paused = False
        self.has_bar = False
        """Whether there is a timeline to go back on."""
        self.is_back = False
        """Whether what is seen is of the past."""
        self.speed = SPEEDS[-1]

    @property
    def mark(self) -> Mark | None:
        """The mark that is being made."""
        return self._marking.mark

    @property
    def item(self) -> int | None:
        """The item that is looked at."""
        return self._looking.item

    @property
    def busy(self) -> bool:
        """Whether a button is down."""
        return self._drags is not None or self._scrubs or self.mark is not None

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
            self._marking.cancel("the cloud was replaced by another", self._now, self._out)
        self._point()
        # Who has just come, or has lost the last one, is told too.
        self._marking.preview(self._now, self._out)
        return self._out

    def set_categories(self, categories: Sequence[Category]) -> None:
        """Take in the list of categories; one that is retired is no longer painted."""
        self._categories = tuple(categories)
        if self.hand.category not in (NONE, *(c.id for c in shelf.offered(categories))):
            self.hand = replace(self.hand, category=NONE)
        if self.hand.page >= self.pages():
            self.hand = replace(self.hand, page=0)

    def choose(self, category: int) -> None:
        """Hold `category`, which has just been added: the list of categories may not tell of it yet."""
        page = shelf.page_with(category, self._categories)
        self.hand = replace(self.hand, category=category, erases=False, page=page)

    def offer(self, proposal: Proposal) -> None:
        """Show what could be accepted."""
        self.proposal = proposal if len(proposal) else None

    def told(self) -> Tool:
        """Return what the mouse holds, as others are told of it."""
        return self.hand.told(self._author, paused=self.paused)

    def pages(self) -> int:
        """Return how many pages of categories there are, 1 or more."""
        return shelf.pages(self._categories)

    def page(self) -> list[Category]:
        """Return the categories that number keys choose now, at most ten."""
        return shelf.page(self._categories, self.hand.page)

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

    @property
    def _now(self) -> Moment:
        place = self.brush if self.brush is not None else np.zeros(3)
        aim = Aim(*self._mouse, self.hand.radius_m, SHIFT in self._down)
        return Moment(self._stamp_ns, self.hand, self.sight, aim, place)

    def _move(self, to: Moved) -> None:
        (x, y), self._mouse = self._mouse, (to.x, to.y)
        right, down = to.x - x, to.y - y
        height = self.sight.picker.viewport.height if self.sight is not None else 0
        if self._scrubs:
            self._scrub()
        elif self._drags is Button.RIGHT:
            self.viewpoint = self.viewpoint.turned(right, down)
        elif self._drags is Button.MIDDLE and height:
            self.viewpoint = self.viewpoint.moved(right, down, height)
        else:
            self._point()

    def _press(self, button: Button) -> None:
        if self.busy:
            return
        if button is Button.LEFT and self._is_on_bar():
            self._scrubs = True
            self._scrub()
        elif button is Button.LEFT and SPACE not in self._down:
            self._marking.begin(self._new_id(), self._ahead_m, self._now, self._out)
            if self.mark is not None:
                self.help, self.brush = False, self.mark.position
        else:
            aside = button is Button.MIDDLE or (button is Button.RIGHT and SHIFT in self._down)
            self._drags = Button.MIDDLE if aside else Button.RIGHT

    def _release(self, button: Button) -> None:
        if self.mark is not None and button is Button.LEFT:
            self._marking.end(self._now, self._out)
        elif self._scrubs:
            self._scrubs = button is not Button.LEFT
        elif self.mark is None:
            self._drags = None
            self._point()

    def _is_on_bar(self) -> bool:
        return (
            self.has_bar
            and self.sight is not None
            and is_on_bar(self.sight.picker.viewport, self._mouse[1], LINE_HEIGHT)
        )

    def _scrub(self) -> None:
        """Go to where on the timeline the mouse is."""
        if self.sight is not None:
            self._out.wishes.append(Wish(Kind.SCRUB, share_at(self.sight.picker.viewport, self._mouse[0])))

    def _turn(self, steps: float) -> None:
        if CTRL in self._down or SHIFT in self._down:
            if self.mark is None:
                self.viewpoint = self.viewpoint.nearer(steps)
            return
        if self.mark is None or not self.mark.turn_wheel(steps):
            self.hand = self.hand.sized(steps)
        self._point()

    def _point(self) -> None:
        """Have the brush, and the look at items, follow the mouse."""
        sight = self.sight
        if sight is None or self._drags is not None:
            return
        if self.mark is not None:
            self._marking.follow(self._now, self._out)
            self.brush = self.mark.position
            return
        if self._is_on_bar():
            self.brush = None  # There the mouse goes through time, and marks nothing.
            return
        ahead = sight.picker.rest(*self._mouse, self.hand.radius_m)
        self._ahead_m = ahead if ahead is not None else self._ahead_m
        self.brush = sight.picker.place(*self._mouse, self._ahead_m) if self._ahead_m is not None else None
        if self._looking.wanted and self.brush is not None:
            self._looking.look_at(self._item_there(), self._new_id(), self._now, self._out)

    def _item_there(self) -> int | None:
        """Return the item under the mouse; None: none is."""
        return self.sight.picker.item(*self._mouse, _ITEM_REACH_PX) if self.sight is not None else None

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
        if command is not None and not (key.held and command not in REPEATED):
            self._do(command)

    def _type(self, name: str, key: Key) -> None:
        if key.name == "escape":
            self.name = None
        elif key.name == "enter":
            self.name = None
            wanted = name.strip() or shelf.unused_name(self._categories)
            self._out.wishes.append(Wish(Kind.NEW, wanted, self._pressed(palette.NEW)))
        else:
            self.name = edited(name, key)

    def _choose(self, digit: int) -> None:
        page = self.page()
        if digit >= len(page):
            self._out.note = f"no category has the number {(digit + 1) % 10}"
            return
        self.hand = replace(self.hand, category=page[digit].id, erases=False)
        self._out.reports.append(self._pressed(palette.category_action(page[digit].id)))
        self._marking.preview(self._now, self._out)

    def _do(self, command: Command) -> None:
        if command is Command.CANCEL:
            self._step_out()
        elif command in (Command.ACCEPT, Command.CONFIRM):
            self._accept(command)
        elif command in TOOLS and self.mark is None:
            self.hand = replace(self.hand, tool=TOOLS[command])
        elif command in VIEWS and self.mark is None:
            self.viewpoint = VIEWS[command](self.viewpoint)
        elif command in LEAPS:
            if self.mark is None:
                self._out.wishes.append(Wish(Kind.LEAP, LEAPS[command]))
        elif command in ASKED:
            self._out.wishes.append(Wish(ASKED[command]))
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
            self._out.reports.append(self._pressed(palette.ERASE))
            self._marking.preview(self._now, self._out)
        elif command in (Command.NEXT_PAGE, Command.PREVIOUS_PAGE):
            step = 1 if command is Command.NEXT_PAGE else -1
            self.hand = replace(self.hand, page=(self.hand.page + step) % self.pages())
        elif command is Command.LOOK:
            self._look(not self._looking.wanted)
        elif command is Command.SOUND:
            self._listen()

    def _look(self, wanted: bool) -> None:
        """Begin to look at the item under the mouse, or end."""
        self._looking.wanted = wanted
        if wanted:
            self._point()
        else:
            self._looking.look_away(self._now, self._out)

    def _listen(self) -> None:
        item = self.item if self.item is not None else self._item_there()
        if item is None:
            self._out.note = "no item is under the mouse"
        else:
            self._out.wishes.append(Wish(Kind.SOUND, item))

    def _step_out(self) -> None:
        """Take back the mark that is being made, or else close what is open, the newest first."""
        if self.mark is not None:
            self._marking.cancel("taken back with escape", self._now, self._out)
        elif self.proposal is not None:
            self.proposal = None
        elif self.help:
            self.help = False
        elif self._looking.wanted:
            self._look(False)
        elif self.is_back:
            self._out.wishes.append(Wish(Kind.LEAP, Leap.NOW))

    def _step(self, command: Command) -> None:
        if self.mark is not None:
            return
        undoes = command is Command.UNDO
        end = self._pressed(palette.UNDO if undoes else palette.REDO)
        self._out.wishes.append(Wish(Kind.UNDO if undoes else Kind.REDO, end=end))

    def _pace(self, command: Command) -> None:
        if command is Command.PAUSE:
            self._out.wishes.append(Wish(Kind.PAUSE, not self.paused, self._pressed(palette.PAUSE)))
            return
        place = SPEEDS.index(self.speed) + (1 if command is Command.FASTER else -1)
        self.speed = SPEEDS[min(max(place, 0), len(SPEEDS) - 1)]
        self._out.wishes.append(Wish(Kind.SPEED, self.speed, self._pressed(f"speed:{self.speed}")))

    def _pressed(self, action: str) -> Report:
        return self._now.press(self._new_id(), action)

    # What the network is sure of

    def _accept(self, command: Command) -> None:
        proposal = self.proposal
        if proposal is None:
            if command is Command.ACCEPT and self.mark is None:
                self._out.wishes.append(Wish(Kind.PROPOSE))
            return
        self.proposal = None
        for event in proposal.entries(self._author, self._new_id):
            end = replace(self._pressed(ACCEPT), samples=len(event.sample_ids), category=event.category)
            self._out.commits.append((event, replace(end, gesture_id=event.event_id)))
