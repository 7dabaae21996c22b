"""Entries of the trace of training."""

import numpy as np
from latentvr import msg

from latentvr_common.checks.training import check_trace_entry, has_parent
from latentvr_common.conversions.basics import header
from latentvr_common.trace import Place, Said, TraceEntry, What
from latentvr_common.voices import NEWEST


def trace_entry_to_msg(entry: TraceEntry, stamp_ns: int) -> msg.TraceEntry:
    """An entry of the trace to its message."""
    parent = entry.parent or Place("", 0)
    return msg.TraceEntry(
        header=header("", stamp_ns),
        run=entry.place.run,
        number=entry.place.number,
        kind=int(entry.what),
        parent_run=parent.run,
        parent_number=parent.number,
        attempts=entry.attempts,
        steps=entry.steps,
        epoch=entry.epoch,
        label_seq=entry.said.seq,
        without=list(entry.said.without),
        retired=list(entry.said.retired),
        wins=entry.said.wins,
        labels_digest=entry.labels_digest,
        weights_digest=entry.weights_digest,
        latents_digest=entry.latents_digest,
        losses=entry.losses.astype(np.float32),
        norms=entry.norms.astype(np.float32),
        text=entry.text,
    )


def trace_entry_from_msg(message: msg.TraceEntry) -> TraceEntry:
    """A message to an entry of the trace."""
    check_trace_entry(message)
    what = What(message.kind)
    return TraceEntry(
        what,
        Place(message.run, message.number),
        message.attempts,
        message.steps,
        message.epoch,
        Place(message.parent_run, message.parent_number) if has_parent(what) else None,
        Said(message.label_seq, tuple(message.without), tuple(message.retired), message.wins or NEWEST),
        message.labels_digest,
        message.weights_digest,
        message.latents_digest,
        np.asarray(message.losses, dtype=np.float32),
        np.asarray(message.norms, dtype=np.float32),
        message.text,
    )
