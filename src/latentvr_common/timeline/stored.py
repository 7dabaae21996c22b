"""A timeline as files, for another process: clouds as arrays that are read only where they are looked at."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np

from latentvr_common.scene import Progress, State
from latentvr_common.timeline.events import Event, What
from latentvr_common.timeline.keyframes import Keyframe
from latentvr_common.timeline.timeline import Timeline

_ARRAYS = ("positions", "rgb", "label", "predicted", "confidence")
_TOLD = "told.json"


def store(timeline: Timeline, directory: Path) -> None:
    """Write it into `directory`, which is empty. Raises OSError."""
    frames = timeline.frames.all
    for name in _ARRAYS if frames else ():
        np.save(directory / f"{name}.npy", np.stack([getattr(frame, name) for frame in frames]), allow_pickle=False)
    told = {
        "frames": [[frame.stamp_ns, _plain(frame.progress)] for frame in frames],
        "events": [{**_plain(event), "what": event.what.name} for event in timeline.events.all],
    }
    (directory / _TOLD).write_text(json.dumps(told))


def _plain(thing: Any) -> dict[str, Any]:
    return dataclasses.asdict(thing)


def stored_in(directory: Path, budget_bytes: int) -> Timeline:
    """Return what `store` has written. The files may then be deleted. Raises OSError, ValueError."""
    told = json.loads((directory / _TOLD).read_text())
    timeline = Timeline(budget_bytes)
    if told["frames"]:
        every = [np.load(directory / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in _ARRAYS]
        timeline.frames.fill(
            [
                Keyframe(stamp_ns, Progress(**{**progress, "state": State(progress["state"])}), *arrays)
                for (stamp_ns, progress), *arrays in zip(told["frames"], *every, strict=True)
            ]
        )
    timeline.events.add([Event(**{**event, "what": What[event["what"]]}) for event in told["events"]])
    return timeline
