"""The arguments of a session, `name:=value`, the same for the launch file and for the bare-machine runner."""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, get_type_hints

from latentvr_common.errors import InputError
from latentvr_common.parameters import checked, meaning_of, parameter


@dataclass(frozen=True)
class Arguments:
    """What a person may say about a session."""

    dataset: str = parameter(
        "digits", "digits, fashion_mnist, a .npz file, a directory of IDX files or a directory of images."
    )
    max_items: int = parameter(0, "Use at most so many items; 0: all.", unit="items", at_least=0, at_most=2**31 - 1)
    seed: int = parameter(0, "Seed of every random choice.", at_least=0, at_most=2**31 - 1)
    hands: str = parameter(
        "auto",
        "Whose hands: a simulated person's, those that an OpenXR runtime sees, or nobody's. auto: a simulated "
        "person's, with view:=desktop nobody's.",
        choices=("auto", "scripted", "openxr", "none"),
    )
    xr_runtime: str = parameter(
        "active",
        "With hands:=openxr: the active runtime of this machine, or Monado without a headset, whose hands are the "
        "simulated person's.",
        choices=("active", "monado"),
    )
    graphics: str = parameter(
        "auto",
        "With hands:=openxr, how to draw in the headset: by X11, by EGL, or not at all.",
        choices=("auto", "glx", "egl", "headless"),
    )
    resolution: float = parameter(
        1.0,
        "With hands:=openxr, pixels along each edge of a picture: a share of what the runtime recommends.",
        at_least=0.1,
        at_most=4.0,
    )
    forces: bool = parameter(False, "Show the forces on some items, in the window and in the headset.")
    cues: bool = parameter(False, "Show beacons where a mark would teach the most, in the window and in the headset.")
    markers: bool = parameter(False, "Send hands, brush and selection as markers too, for RViz and Foxglove.")
    gestures: int = parameter(20, "Gestures that the simulated person makes.", at_least=0, at_most=100_000)
    purity: float = parameter(0.9, "Share of right items in its marks.", at_least=0.1, at_most=1.0)
    policy: str = parameter(
        "teach",
        "What it goes by when it chooses what to mark.",
        choices=("teach", "random", "coverage", "uncertainty", "corrections"),
    )
    pace: float = parameter(1.0, "Its speed; 1 is a person's.", at_least=0.1, at_most=20.0)
    wins: str = parameter(
        "newest", "Whose marks hold where authors disagree: newest, the newest mark; or the name of an author."
    )
    categories: str = parameter("", "Names of categories, with commas; empty: the dataset's own, or 1 to 8.")
    view: str = parameter(
        "auto",
        "auto: a window if there is a display, else pictures only. desktop: a window to label in with mouse and keys.",
        choices=("auto", "window", "desktop", "headless", "off"),
    )
    record: bool = parameter(True, "Record the session as a bag.")
    directory: str = parameter("", "Where the session's files go; empty: sessions/<time>-<dataset>.")
    labels_copy: str = parameter("", "A file for a second copy of all labels, such as on another disk; empty: none.")
    resume: str = parameter(
        "",
        "Directory of a session to go on with, from where it ended or was killed; arguments that are not given are as "
        "they were.",
    )
    settle_s: float = parameter(10.0, "Training after the person has left.", unit="s", at_least=0.0, at_most=86400.0)
    duration_s: float = parameter(0.0, "End after this time at the latest; 0: no end.", unit="s", at_least=0.0)
    threads: int = parameter(
        0, "Threads of training; 0: one less than the cores it may use, at most 8.", at_least=0, at_most=256
    )
    device: str = parameter("auto", "Where to train.", choices=("auto", "cpu", "cuda"))
    paused: bool = parameter(False, "Start with training paused.")
    restarts: int = parameter(
        5, "A process that fails is started again, so many times within two minutes; 0: never.", at_least=0, at_most=100
    )


def whose_hands(arguments: Arguments) -> str:
    """Return whose hands take part: "scripted", "openxr" or "none"."""
    if arguments.hands == "auto":
        return "none" if has_desktop(arguments) else "scripted"
    return arguments.hands


def has_desktop(arguments: Arguments) -> bool:
    """Tell whether a person labels with mouse and keys."""
    return arguments.view == "desktop"


def has_simulated_person(arguments: Arguments) -> bool:
    """Tell whether a simulated person takes part."""
    return whose_hands(arguments) == "scripted" or has_monado(arguments)


def has_monado(arguments: Arguments) -> bool:
    """Tell whether the session brings an OpenXR runtime along."""
    return whose_hands(arguments) == "openxr" and arguments.xr_runtime == "monado"


def defaults() -> dict[str, str]:
    """Return every argument's name and its default as text."""
    return {field.name: _as_text(field.default) for field in dataclasses.fields(Arguments)}


def describe(name: str) -> str:
    """Return the meaning, range or choices, and unit of an argument in one line."""
    meaning = meaning_of(next(f for f in dataclasses.fields(Arguments) if f.name == name))
    limits = meaning.limits()
    return f"{meaning.describe()} {limits[0].upper()}{limits[1:]}." if limits else meaning.describe()


def parse(words: Iterable[str]) -> Arguments:
    """Turn words `name:=value` into arguments. Raises InputError, naming the word and what was expected."""
    texts: dict[str, str] = {}
    for word in words:
        name, assigned, value = word.partition(":=")
        if not assigned or not name:
            raise InputError(f"argument {word!r}: expected name:=value; known names: {_known()}")
        if name in texts:
            raise InputError(f"argument {name} is given twice")
        texts[name] = value
    return from_texts(texts)


def from_texts(texts: Mapping[str, str]) -> Arguments:
    """Turn values given as text into arguments; names left out keep their default. Raises InputError."""
    hints = get_type_hints(Arguments)
    for name in texts:
        if name not in hints:
            near = get_close_matches(name, hints, 1)
            meant = f" (did you mean {near[0]}?)" if near else ""
            raise InputError(f"argument {name} is not known{meant}; known names: {_known()}")
    return checked(Arguments(**{name: _value(name, text, hints[name]) for name, text in texts.items()}))


def _known() -> str:
    return ", ".join(defaults())


def _value(name: str, text: str, hint: type) -> Any:
    if hint is bool:
        if text.lower() not in ("true", "false"):
            raise InputError(f"argument {name} is {text!r}, expected true or false")
        return text.lower() == "true"
    try:
        return hint(text)
    except ValueError:
        expected = {int: "an integer", float: "a number"}[hint]
        raise InputError(f"argument {name} is {text!r}, expected {expected}") from None


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
