"""What mouse and keyboard did, as data. Places are pixels of the window, from its left top corner."""

from dataclasses import dataclass
from enum import Enum


class Button(Enum):
    """Of the mouse."""

    LEFT = 0
    RIGHT = 1
    MIDDLE = 2


@dataclass(frozen=True)
class Moved:
    """The mouse is now there."""

    x: float
    y: float


@dataclass(frozen=True)
class Pressed:
    """A button went down where the mouse is."""

    button: Button


@dataclass(frozen=True)
class Released:
    """A button came up where the mouse is."""

    button: Button


@dataclass(frozen=True)
class Wheel:
    """The wheel turned by so many notches; away from the person is positive."""

    steps: float


@dataclass(frozen=True)
class Key:
    """A key went down, or came up. `name`: "a", "7", "comma", "escape"."""

    name: str
    down: bool = True
    shift: bool = False
    ctrl: bool = False
    held: bool = False
    """It is down for a while already, and repeats."""


Input = Moved | Pressed | Released | Wheel | Key

SHIFT, CTRL, SPACE = "shift", "ctrl", "space"
_NAMED = {
    32: SPACE,
    39: "apostrophe",
    44: "comma",
    45: "minus",
    46: "period",
    47: "slash",
    59: "semicolon",
    61: "plus",
    91: "bracketleft",
    93: "bracketright",
    256: "escape",
    257: "enter",
    258: "tab",
    259: "backspace",
    261: "delete",
    262: "right",
    263: "left",
    264: "down",
    265: "up",
    266: "pageup",
    267: "pagedown",
    268: "home",
    269: "end",
    333: "minus",
    334: "plus",
    335: "enter",
    340: SHIFT,
    341: CTRL,
    344: SHIFT,
    345: CTRL,
}
KEY_NAMES: dict[int, str] = {
    **{ord(letter.upper()): letter for letter in "abcdefghijklmnopqrstuvwxyz"},
    **{ord(digit): digit for digit in "0123456789"},
    **{320 + digit: str(digit) for digit in range(10)},
    **_NAMED,
}
"""What the keys of an American keyboard are called here, by their codes in GLFW, which Open3D's windows come from."""
ALL_KEYS = (*range(32, 97), *range(256, 349))
"""Codes of all keys: most of those that mean nothing here mean something to Open3D."""
