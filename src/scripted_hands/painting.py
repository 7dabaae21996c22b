"""The person in the cloud: pinches until the brush answers, and paints. Pure."""

from dataclasses import replace

from latentvr_common import rotations
from scripted_hands.actor import ANSWER_S, Actor, Script
from scripted_hands.anatomy import OPEN, PINCHED
from scripted_hands.motion import HandPosture, Move, Posture, length_of
from scripted_hands.planning import Plan
from scripted_hands.postures import LEVEL, REST

BRUSH = "pinch_brush"
_COMMIT_S = 10.0
_SHORTEST_S = 0.15


def paint(actor: Actor, plan: Plan) -> Script:
    """Go the way of `plan` with pinched fingers."""
    way = actor.placement.stage_from_latent(plan.way) - rotations.rotate(LEVEL, actor.body.pinch_point)
    ready = HandPosture(way[0], LEVEL, OPEN)
    yield actor.to(Posture(REST.left, ready), actor.radius_m)
    yield from _close_fingers(actor)
    if not actor.heard(BRUSH, "begin"):
        actor.trouble = "the brush does not answer"
        yield actor.fingers(OPEN)
        return
    end = Posture(REST.left, replace(actor.posture.right, wrist=way[-1]))
    pace = actor.parameters.pace
    yield Move(actor.posture, end, max(_SHORTEST_S / pace, length_of(way) / (actor.parameters.stroke_m_s * pace)), way)
    yield actor.fingers(OPEN)
    yield actor.until(lambda: actor.heard(BRUSH, "end", "cancel"), _COMMIT_S)
    if actor.heard(BRUSH, "end"):
        actor.trouble = ""
    else:
        cancelled = (a.detail for a in actor.answers if a.phase == "cancel")
        actor.trouble = next(cancelled, "the mark is not acknowledged")


def was_interrupted(actor: Actor) -> bool:
    """Tell whether the last stroke began and was cancelled, as far as the person has noticed."""
    return actor.heard(BRUSH, "begin") and actor.heard(BRUSH, "cancel")


def _close_fingers(actor: Actor) -> Script:
    actor.answers.clear()
    yield actor.fingers(PINCHED)
    yield actor.until(lambda: actor.heard(BRUSH, "begin", "cancel"), ANSWER_S)
