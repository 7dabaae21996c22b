"""Writes checkpoints beside training, which does not wait for the disk."""

import threading
import time

from latent_trainer.checkpoints import Checkpoint, Checkpoints
from latentvr_common.newest import Newest


class Saver:
    """A thread that writes the newest checkpoint it was given; one that comes too soon after another is left out."""

    def __init__(self, checkpoints: Checkpoints) -> None:
        self._checkpoints = checkpoints
        self._newest: Newest[Checkpoint] = Newest()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)
        self.saved_s = 0.0
        """When the newest was durable, monotonic seconds; 0: none is."""
        self.fault = ""
        """Why the newest is not; empty: it is."""
        self._thread.start()

    def put(self, checkpoint: Checkpoint) -> None:
        """Have it written soon. Any thread."""
        self._newest.put(checkpoint)
        self._wake.set()

    def stop(self, timeout_s: float) -> bool:
        """Write what was given, and end; return whether that was done within `timeout_s`."""
        self._stopping.set()
        self._wake.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            stopping = self._stopping.is_set()
            checkpoint = self._newest.take()
            if checkpoint is not None:
                self._write(checkpoint)
            if stopping:
                return

    def _write(self, checkpoint: Checkpoint) -> None:
        try:
            self._checkpoints.write(checkpoint)
            self.saved_s, self.fault = time.monotonic(), ""
        except Exception as error:  # Whatever it is, training goes on and labels are safe.
            self.fault = f"the checkpoint at step {checkpoint.attempts} cannot be written: {error}"
