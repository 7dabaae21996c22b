"""What is shown at the moment. No thread, no clock, no ROS."""

from dataclasses import dataclass, replace

from latent_trainer.glide import Glide
from latent_trainer.marks import Marks
from latent_trainer.training import Encoded
from latent_trainer.worker import Snapshot, State


@dataclass
class Shown:
    """The cloud as it is shown, and the marks in force. Lives on the executor's thread."""

    marks: Marks
    snapshot: Snapshot | None = None
    """The newest; None before there is one."""
    glide: Glide | None = None
    """Where the items are seen; None before the first cloud."""
    published_ns: int = 0
    """Stamp of the newest cloud."""

    def use_marks(self, marks: Marks) -> None:
        """Take in new marks: what is taken for a retired category is taken for nothing from now on."""
        self.marks = marks
        if self.snapshot is not None:
            self.take_snapshot(self.snapshot)

    def take_snapshot(self, snapshot: Snapshot) -> Snapshot:
        """Show what the network says now, but for retired categories: it may not know yet that one is. Return that."""
        self.snapshot = replace(snapshot, encoded=snapshot.encoded.without(self.marks.retired))
        return self.snapshot

    def encoded(self, now_s: float) -> Encoded | None:
        """Return the items as they are seen at `now_s`, monotonic seconds; None before the first cloud."""
        if self.snapshot is None or self.glide is None:
            return None
        return replace(self.snapshot.encoded, positions=self.glide.at(now_s))

    def take_fault(self, fault: Snapshot) -> None:
        """Keep what was last seen of the items: a fault says nothing about them."""
        before = self.snapshot
        self.snapshot = (
            fault if before is None else replace(before, state=State.FAULT, text=fault.text, steps_per_s=0.0)
        )

    @property
    def fault(self) -> str:
        """Why training has ended; empty: it has not."""
        return self.snapshot.text if self.snapshot is not None and self.snapshot.state is State.FAULT else ""
