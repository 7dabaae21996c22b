"""Hands as they were recorded, in small files: positions in tenths of a millimetre, rotations in 1/32767."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from latentvr_common.gestures import ToolKind
from latentvr_common.hands import Hand, Hands

DIRECTORY = Path(__file__).parents[1] / "data" / "gestures"
_UNITS_A_M = 10_000.0
_FULL = 32_767.0


@dataclass(frozen=True)
class Recording:
    """One gesture from beginning to end."""

    name: str
    kind: ToolKind
    """What the hands must hold."""
    hands: Sequence[Hands]


def save(path: Path, recording: Recording) -> None:
    """Write it."""
    both = [(hands.left, hands.right) for hands in recording.hands]

    def of_all(field: str) -> np.ndarray:
        return np.array([[getattr(hand, field) for hand in pair] for pair in both])

    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        path,
        name=np.array(recording.name),
        kind=np.array(int(recording.kind)),
        stamps_ns=np.array([hands.stamp_ns for hands in recording.hands]),
        tracked=of_all("tracked"),
        positions=np.round(of_all("positions") * _UNITS_A_M).astype(np.int16),
        quats_xyzw=np.round(of_all("quats_xyzw") * _FULL).astype(np.int16),
        radii=of_all("radii").max(axis=0).astype(np.float32),
        validity=of_all("validity"),
    )


def load(path: Path) -> Recording:
    """Read it."""
    with np.load(path, allow_pickle=False) as file:
        found = {name: file[name] for name in file.files}
    stream = []
    for i, stamp_ns in enumerate(found["stamps_ns"].tolist()):
        left, right = (
            Hand(
                bool(found["tracked"][i, side]),
                found["positions"][i, side] / _UNITS_A_M,
                found["quats_xyzw"][i, side] / _FULL,
                found["radii"][side].astype(float),
                found["validity"][i, side],
            )
            for side in (0, 1)
        )
        stream.append(Hands(stamp_ns, left, right))
    return Recording(str(found["name"]), ToolKind(int(found["kind"])), stream)
