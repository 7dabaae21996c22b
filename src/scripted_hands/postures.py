"""Where the simulated person's eyes are, and how they hold their hands."""

import numpy as np

from latentvr_common import rotations
from scripted_hands.anatomy import OPEN
from scripted_hands.motion import HandPosture, Posture

HEAD = np.array([0.0, 1.6, 0.05])
"""Where the eyes are, metres, frame stage."""

PALM_UP = rotations.about_axis(np.array([0.0, 0.0, 1.0]), np.pi)
"""Rotation of a hand whose palm faces up."""
POKE_DOWN = rotations.about_axis(np.array([1.0, 0.0, 0.0]), -0.9)
"""Rotation of a hand whose index finger pokes at what lies below it."""
LEVEL = rotations.about_axis(np.array([1.0, 0.0, 0.0]), 0.25)
"""Rotation of a hand at rest, and of one that paints."""
REST = Posture(
    HandPosture(np.array([-0.22, 0.95, -0.18]), LEVEL, OPEN), HandPosture(np.array([0.22, 0.95, -0.18]), LEVEL, OPEN)
)
"""How both hands are held at rest."""
PALETTE_HAND = HandPosture(np.array([-0.24, 0.98, -0.26]), PALM_UP, OPEN)
"""How the left hand is held to see its palette."""
