"""The person at the palette: pokes until it answers. Pure."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from latentvr_common import palette, rotations
from scripted_hands.actor import ANSWER_S, Actor, Script
from scripted_hands.anatomy import POINTING
from scripted_hands.motion import HandPosture, Posture
from scripted_hands.postures import PALETTE_HAND, POKE_DOWN, REST

FloatArray = npt.NDArray[np.floating]

_ABOVE_M = 0.045
_BELOW_M = 0.010
_TRIES = 4
_SAME_SIZE = 0.01
_MOST_SIZES = 12


def is_set(actor: Actor, category: int, radius_m: float) -> bool:
    """Tell whether the brush paints `category` and has that size."""
    return actor.category == category and _is_brush(actor, radius_m)


def _is_brush(actor: Actor, radius_m: float) -> bool:
    return abs(actor.radius_m / radius_m - 1.0) < _SAME_SIZE


def set_brush(actor: Actor, category: int, radius_m: float) -> Script:
    """Poke the palette until it paints `category` with a brush of `radius_m`, or does not answer."""
    yield actor.to(Posture(PALETTE_HAND, actor.posture.right))
    for _ in range(_MOST_SIZES):
        if _is_brush(actor, radius_m):
            break
        action = palette.LARGER if radius_m > actor.radius_m else palette.SMALLER
        yield from _poke(actor, action, _size_changes(actor))
    if actor.category != category:
        yield from _turn_to(actor, palette.page_of(category, actor.categories))
        yield from _poke(actor, palette.category_action(category), lambda: actor.category == category)
    yield actor.to(Posture(REST.left, actor.posture.right))


def _turn_to(actor: Actor, page: int) -> Script:
    for _ in range(palette.pages(actor.categories)):
        if actor.page == page:
            return
        yield from _poke(actor, palette.MORE, _page_turns(actor))


def _page_turns(actor: Actor) -> Callable[[], bool]:
    before = actor.page
    return lambda: actor.page != before


def has_button(actor: Actor, action: str) -> bool:
    """Tell whether the palette has a button for `action`."""
    return any(button.action == action for button in palette.buttons(actor.categories, actor.page))


def press(actor: Actor, action: str) -> Script:
    """Poke the button for `action` once, until the palette answers or does not."""
    yield actor.to(Posture(PALETTE_HAND, actor.posture.right))
    actor.answers.clear()
    yield from _poke(actor, action, lambda: any(a.name == "poke" and a.detail == action for a in actor.answers))
    yield actor.to(Posture(REST.left, actor.posture.right))


def _size_changes(actor: Actor) -> Callable[[], bool]:
    before = actor.radius_m
    return lambda: actor.radius_m != before


def _poke(actor: Actor, action: str, is_taken: Callable[[], bool]) -> Script:
    for _ in range(_TRIES):
        spot = _button_spot(actor, action)
        if spot is None or is_taken():
            return
        above, below = _finger_at(actor, spot(_ABOVE_M)), _finger_at(actor, spot(-_BELOW_M))
        yield actor.to(Posture(PALETTE_HAND, above), palette.BUTTON_M)
        actor.answers.clear()
        yield actor.to(Posture(PALETTE_HAND, below), palette.BUTTON_M)
        yield actor.until(lambda: actor.heard("poke", "end"), ANSWER_S)
        yield actor.to(Posture(PALETTE_HAND, above), palette.BUTTON_M)


def _button_spot(actor: Actor, action: str) -> Callable[[float], FloatArray] | None:
    """Return a function from the height above the button's centre to the place (3,) in the stage, metres."""
    pose = palette.palette_pose(actor.body.palm_of(PALETTE_HAND, left=True))
    button = next((b for b in palette.buttons(actor.categories, actor.page) if b.action == action), None)
    if pose is None or button is None:
        return None
    center = button.center
    return lambda height_m: pose.stage_from_palette(center, height_m)


def _finger_at(actor: Actor, place: FloatArray) -> HandPosture:
    return HandPosture(place - rotations.rotate(POKE_DOWN, actor.body.finger_tip), POKE_DOWN, POINTING)
