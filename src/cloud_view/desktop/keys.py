"""Which key does what: the one list, from which help is written too."""

from dataclasses import dataclass
from enum import Enum, auto

from cloud_view.desktop.inputs import Key


class Command(Enum):
    """What a key asks for. Number keys, which choose a category, are not among them."""

    ERASE = auto()
    BRUSH = auto()
    BOX = auto()
    DENSITY = auto()
    NEXT_PAGE = auto()
    PREVIOUS_PAGE = auto()
    NEW = auto()
    UNDO = auto()
    REDO = auto()
    CANCEL = auto()
    LOOK = auto()
    SOUND = auto()
    ACCEPT = auto()
    CONFIRM = auto()
    PAUSE = auto()
    SLOWER = auto()
    FASTER = auto()
    WHAT_IF = auto()
    FORK = auto()
    NEXT_BRANCH = auto()
    FORCES = auto()
    CUES = auto()
    TIMELAPSE = auto()
    PICTURE = auto()
    WHOLE = auto()
    NEARER = auto()
    FARTHER = auto()
    LEFT = auto()
    RIGHT = auto()
    UP = auto()
    DOWN = auto()
    EARLIER_EVENT = auto()
    LATER_EVENT = auto()
    EARLIER = auto()
    LATER = auto()
    BEGINNING = auto()
    NOW = auto()
    HELP = auto()
    QUIT = auto()


@dataclass(frozen=True)
class Binding:
    """One command and its keys: each "u", "ctrl+z" or "shift+tab". `shown`, `says`: in help; empty: not there."""

    command: Command
    keys: tuple[str, ...]
    shown: str = ""
    says: str = ""


GROUPS: tuple[tuple[str, tuple[Binding, ...]], ...] = (
    (
        "mark",
        (
            Binding(Command.BRUSH, ("b",), "b", "brush: a ball that paints"),
            Binding(Command.BOX, ("x",), "x", "box: drag it open, wheel for its depth"),
            Binding(Command.DENSITY, ("d",), "d", "dense region: drag down for more of it"),
            Binding(Command.ERASE, ("e",), "e", "erase instead of marking"),
            Binding(Command.NEXT_PAGE, ("tab",), "tab", "more categories"),
            Binding(Command.PREVIOUS_PAGE, ("shift+tab",)),
            Binding(Command.NEW, ("n",), "n", "new category"),
            Binding(Command.CANCEL, ("escape",), "esc", "take back what is being marked; close"),
            Binding(Command.UNDO, ("u", "ctrl+z"), "u, ctrl+z", "undo"),
            Binding(Command.REDO, ("y", "ctrl+y", "ctrl+shift+z"), "y, ctrl+y", "redo"),
            Binding(Command.ACCEPT, ("a",), "a", "accept what the network is sure of"),
            Binding(Command.CONFIRM, ("enter",)),
        ),
    ),
    (
        "look",
        (
            Binding(Command.LOOK, ("i",), "i", "the item under the mouse"),
            Binding(Command.SOUND, ("s",), "s", "its sound"),
            Binding(Command.FORCES, ("f",), "f", "forces"),
            Binding(Command.CUES, ("c",), "c", "where a mark would teach the most"),
            Binding(Command.PICTURE, ("k",), "k", "keep a picture of the window"),
            Binding(Command.NEARER, ("plus",), "+  -", "nearer, farther; also ctrl and wheel"),
            Binding(Command.FARTHER, ("minus",)),
            Binding(Command.LEFT, ("left",), "arrows", "turn the cloud"),
            Binding(Command.RIGHT, ("right",)),
            Binding(Command.UP, ("up",)),
            Binding(Command.DOWN, ("down",)),
            Binding(Command.WHOLE, ("v",), "v", "the whole cloud again"),
        ),
    ),
    (
        "session",
        (
            Binding(Command.PAUSE, ("p",), "p", "pause training, go on"),
            Binding(Command.SLOWER, ("comma",), "comma, dot", "train slower, faster"),
            Binding(Command.FASTER, ("period",)),
            Binding(Command.WHAT_IF, ("w",), "w", "what if? without your newest mark; back"),
            Binding(Command.NEXT_BRANCH, ("shift+w",), "shift+w", "the next branch of training"),
            Binding(Command.HELP, ("h",), "h", "this help"),
            Binding(Command.QUIT, ("ctrl+q",), "ctrl+q", "end the session, write results"),
        ),
    ),
    (
        "go back in time",
        (
            Binding(Command.EARLIER_EVENT, ("bracketleft", "pageup"), "[  ]", "earlier, later event; page up, down"),
            Binding(Command.LATER_EVENT, ("bracketright", "pagedown")),
            Binding(Command.EARLIER, ("shift+left",), "shift+left", "earlier cloud; shift+right: later"),
            Binding(Command.LATER, ("shift+right",)),
            Binding(Command.BEGINNING, ("home",), "home, end", "the oldest cloud; back to now, also esc"),
            Binding(Command.NOW, ("end",)),
            Binding(Command.FORK, ("g",), "g", "go on from there, without later marks"),
            Binding(Command.TIMELAPSE, ("t",), "t", "time-lapse: how the cloud came to be"),
        ),
    ),
)
MOUSE: tuple[tuple[str, str], ...] = (
    ("left drag", "mark with the tool"),
    ("shift", "held meanwhile: take away from it"),
    ("wheel", "size of the brush"),
    ("right drag", "turn the cloud; also space and drag"),
    ("middle drag", "move it; also shift and right drag"),
    ("timeline", "drag along it to go back in time"),
    ("1 to 9, 0", "choose a category, also while marking"),
)
"""What the mouse does, and number keys, for help."""

_COMMANDS = {key: binding.command for _, bindings in GROUPS for binding in bindings for key in binding.keys}


def command_of(key: Key) -> Command | None:
    """Return what `key`, which went down, asks for; None: nothing."""
    chord = ("ctrl+" if key.ctrl else "") + ("shift+" if key.shift else "") + key.name
    # On some keyboards + needs shift.
    return _COMMANDS.get(chord) or (_COMMANDS.get(key.name) if key.shift and not key.ctrl else None)


def digit_of(key: Key) -> int | None:
    """Return which category of the page a number key chooses, from 0; None: it is no number key."""
    if key.ctrl or not (len(key.name) == 1 and key.name.isdigit()):
        return None
    return (int(key.name) - 1) % 10


_TYPED = {"space": " ", "minus": "-", "period": ".", "comma": ",", "apostrophe": "'", "slash": "/"}


def typed(key: Key) -> str:
    """Return the character that `key` writes; empty: none."""
    if key.ctrl:
        return ""
    character = key.name if len(key.name) == 1 else _TYPED.get(key.name, "")
    return character.upper() if key.shift else character
