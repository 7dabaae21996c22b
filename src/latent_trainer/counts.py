"""The numbers that training keeps about itself."""

from dataclasses import dataclass, field


@dataclass
class Counts:
    """All of them; what further steps depend on, and what is told of earlier ones."""

    steps: int = 0
    """That were made."""
    skipped: int = 0
    """Steps that were tried and not made."""
    skipped_in_a_row: int = 0
    returns: int = 0
    """To an earlier network."""
    returns_in_a_row: int = 0
    returned_at: int = 0
    """Steps made when it last went back."""
    setback: str = ""
    """What made it go back, for a while after that."""
    rate_share: float = 1.0
    """Of the learning rate: less after going back."""
    usual_loss: float = 0.0
    kept_step: int = 0
    """The network to go back to is that of this step."""
    labels_changed_at: int = 0
    """Steps made when labels last changed."""
    losses: dict[str, float] = field(default_factory=dict)
    """Running mean of each term, weighted."""
