"""What services are asked for, as far as it can be told without the state of who answers."""

from typing import Any

import numpy as np

from latentvr_common.checks import need
from latentvr_common.checks.refusal import RefusedError

FARTHEST_PLACE = 10.0
"""The cloud fills a ball of radius 1: the decoder has nothing to say of places farther away than this."""
OPERATIONS = range(6)
"""Operations of SetCategories."""
PAUSE, RESUME, STEP, SPEED = range(4)
"""Commands of SetTraining."""
BEGIN, SWITCH, LIST = range(3)
"""Operations of Branch."""
LARGEST_AUDIT = 100_000
MOST_WITHOUT = 100_000


def check_nothing(_: Any) -> None:
    """What has no field cannot be wrong."""


def check_get_labels(request: Any) -> None:
    """A place that can be in the journal."""
    need.number("after_seq", request.after_seq, 0, need.LARGEST_NUMBER)


def check_step_history(request: Any) -> None:
    """Names of an author and of a step, as far as they are short; what they must be is the journal's rule."""
    need.text("author", request.author, need.LONGEST_NAME)
    need.text("event_id", request.event_id, need.LONGEST_NAME)


def check_set_categories(request: Any) -> None:
    """An operation; whether it can be done is the journal's rule."""
    expected = "0 add, 1 rename, 2 recolor, 3 retire, 4 merge, 5 restore"
    need.one_of("operation", request.operation, OPERATIONS, expected)
    need.text("event_id", request.event_id, need.LONGEST_NAME)


def check_decode_place(request: Any) -> None:
    """A place in the reach of the decoder."""
    place = np.array([request.position.x, request.position.y, request.position.z])
    if not (np.abs(place) <= FARTHEST_PLACE).all() or not np.linalg.norm(place) <= FARTHEST_PLACE:
        where = ", ".join(f"{value:.3g}" for value in place)
        text = f"position is ({where}), expected finite numbers within {FARTHEST_PLACE:.0f} latent units of the origin"
        raise RefusedError(text, "position")


def check_propose_labels(request: Any) -> None:
    """A share, and a category or all of them."""
    if not 0.0 <= request.threshold <= 1.0:
        raise RefusedError(f"threshold is {request.threshold:g}, expected 0 to 1", "threshold")
    need.number("audit_size", request.audit_size, 0, LARGEST_AUDIT)


def check_set_training(request: Any) -> None:
    """A command, and what it needs."""
    known = request.command in (PAUSE, RESUME, STEP, SPEED)
    steps = request.command != STEP or request.steps > 0
    speed = request.command != SPEED or 0 < request.speed <= 1
    if not (known and steps and speed):
        text = (
            f"command {request.command} with steps {request.steps} and speed {request.speed}, expected 0 pause, "
            "1 resume, 2 step with steps of 1 or more, 3 speed above 0 and up to 1"
        )
        raise RefusedError(text, "command")


def check_branch(request: Any) -> None:
    """An operation on a branch; whether there is such a branch is for the trainer to say."""
    need.one_of("op", request.op, (BEGIN, SWITCH, LIST), "0 begin, 1 switch or 2 list")
    need.text("name", request.name, need.LONGEST_TEXT)
    need.at_most("without", request.without, MOST_WITHOUT)
