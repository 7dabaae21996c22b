"""Beacons as ribbons of light. Where they stand is in latentvr_common/beacon_lights.py."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from latentvr_common.beacon_lights import Light
from latentvr_common.beacons import COLORS
from xr_bridge.drawing.ribbons import RIBBON

_AT_PLACE, _AT_HEAD = 0.25, 0.9
"""Opacity of a column: little where the items are, for it is not to hide them."""
_RING = 0.7


def beacon_ribbons(lights: Sequence[Light]) -> npt.NDArray[np.void]:
    """Return the ribbons (K,), RIBBON: of each light its column, then its ring."""
    return np.concatenate([np.zeros(0, RIBBON), *(_ribbons(light) for light in lights)])


def _ribbons(light: Light) -> npt.NDArray[np.void]:
    found = np.zeros(1 + len(light.ring), RIBBON)
    found["color"] = np.array(COLORS[light.beacon.why]) / 255
    found["start"] = [light.foot, *light.ring]
    found["end"] = [light.head, *np.roll(light.ring, -1, axis=0)]
    found["opacity"] = _RING
    found["opacity"][0] = _AT_PLACE, _AT_HEAD
    return found
