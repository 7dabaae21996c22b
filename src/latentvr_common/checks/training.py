"""The messages Epoch and TraceEntry, and what the headset does: XrState."""

import math
from typing import Any

from latentvr_common.checks import need
from latentvr_common.checks.refusal import RefusedError
from latentvr_common.scene import State
from latentvr_common.trace import BEGINNINGS, What

MOST_TERMS = 100
LAST_XR_STATE = 8
LONGEST_RECIPE = 1_000_000
"""Characters of what decides how training begins, as JSON."""
_DIGEST = 64
"""Characters of a SHA-256 in hex."""
_SHARES = ("accuracy", "confidence", "space_used", "ece", "ece_truth", "agreement", "ghost_accuracy")


def check_epoch(message: Any) -> None:
    """Where training stands: numbers that can be, or NaN where they are not known."""
    need.header("epoch", message.header)
    need.one_of("epoch: state", message.state, list(State), "0 to 3")
    need.text("epoch: text", message.text, need.LONGEST_TEXT)
    need.text("epoch: branch", message.branch, need.LONGEST_NAME)
    for field in ("labelled", "conflicts"):
        need.number(f"epoch: {field}", getattr(message, field), 0, message.items)
    for field in _SHARES:
        need.share_if_known(f"epoch: {field}", getattr(message, field))
    if not math.isnan(message.separation):
        need.number("epoch: separation", message.separation, 0, math.inf)
    for field in ("steps_per_s", "cloud_rate_hz"):
        need.number(f"epoch: {field}", getattr(message, field), 0, 1e9)
    _check_terms(message)


def _check_terms(message: Any) -> None:
    if len(message.terms) != len(message.losses):
        text = f"epoch has {len(message.terms)} terms and {len(message.losses)} losses, expected as many"
        raise RefusedError(text, "epoch: losses")
    need.at_most("epoch: terms", message.terms, MOST_TERMS)
    for term in message.terms:
        need.text("epoch: terms", term, need.LONGEST_NAME)
    if not all(map(math.isfinite, message.losses)):
        raise RefusedError("epoch: losses hold values that are not finite", "epoch: losses")


def check_trace_entry(message: Any) -> None:
    """An entry of the trace. Losses may be anything: a step whose loss is not sound is told, too."""
    need.header("trace", message.header)
    _check_place(message)
    place = f"trace entry {message.number} of run {message.run!r}"
    if len(message.losses) != len(message.norms):
        text = f"{place} has {len(message.losses)} losses and {len(message.norms)} norms, expected as many"
        raise RefusedError(text, "trace: norms")
    need.rising("trace: without", message.without)
    need.rising("trace: retired", message.retired)
    need.text("trace: wins", message.wins, need.LONGEST_NAME)
    need.text("trace: text", message.text, LONGEST_RECIPE)
    for field in ("labels_digest", "weights_digest", "latents_digest"):
        need.text(f"trace: {field}", getattr(message, field), _DIGEST)


def _check_place(message: Any) -> None:
    need.text("trace: run", message.run, need.LONGEST_NAME)
    need.text("trace: parent_run", message.parent_run, need.LONGEST_NAME)
    place = f"trace entry {message.number} of run {message.run!r}"
    if message.kind not in list(What):
        raise RefusedError(f"{place}: kind is {message.kind}, expected 0 to {max(What)}", "trace: kind")
    what = What(message.kind)
    if (what in BEGINNINGS) != (message.number == 0):
        text = f"{place}: kind is {what.name}, expected a run to begin with entry 0, and only with that"
        raise RefusedError(text, "trace: number")
    if bool(message.parent_run) != has_parent(what) or message.parent_run == message.run:
        text = f"{place}: parent_run is {message.parent_run!r}, expected another run for RESUME and BRANCH only"
        raise RefusedError(text, "trace: parent_run")


def has_parent(what: What) -> bool:
    """Tell whether such an entry begins a run that leaves another one."""
    return what in (What.RESUME, What.BRANCH)


def check_xr_state(message: Any) -> None:
    """What the OpenXR session is doing."""
    need.header("xr_state", message.header)
    need.number("xr_state: state", message.state, 0, LAST_XR_STATE)
    need.text("xr_state: text", message.text, need.LONGEST_TEXT)
    need.text("xr_state: runtime", message.runtime, need.LONGEST_TEXT)
