"""The size of the sphere brush."""

import numpy as np

RADIUS_M = 0.045
"""Radius when a session begins, metres."""
SMALLEST_M = 0.01
LARGEST_M = 0.2
STEP = 1.3
"""One poke on "larger" or "smaller" changes the radius by this factor."""


def resized(radius_m: float, larger: bool) -> float:
    """Return the next larger or smaller radius, metres."""
    return float(np.clip(radius_m * STEP if larger else radius_m / STEP, SMALLEST_M, LARGEST_M))
