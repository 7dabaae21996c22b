"""What would live at a place in the latent space."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """What the trainer says of one place."""

    png: bytes
    """What the decoder makes of it; empty: items are no pictures."""
    text: str
    """The first values of what the decoder makes of it; empty: items are pictures."""
    support: int
    """Items within `reach`; 0: the place is empty, and the decoder guesses beyond what it has seen."""
    reach: float
    """Latent units."""
    nearest: int
    """Row number of the nearest item."""
    distance: float
    """From the place to that item, latent units."""
    predicted: int
    """Category id by a vote of the nearest items, -1 none."""
    share: float
    """Of that category in the vote, 0 to 1."""
