"""Writes checkpoints beside training, which does not wait for the disk."""

import threading
import time

from latent_trainer.checkpoints import Checkpoint, Checkpoints


class Saver:
    """A thread that writes the newest checkpoint of each branch that it was given.

    One that comes too soon after another of its branch is left out. One that could not be written is tried again, with
    the next that comes.
    """

    def __init__(self, checkpoints: Checkpoints) -> None:
        self._checkpoints = checkpoints
        self._lock = threading.Lock()
        self._waiting: dict[str, Checkpoint] = {}
        """By branch, in the order in which they came: that of the branch that is trained last."""
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)
        self.saved_s = 0.0
        """When one was durable last, monotonic seconds; 0: none is."""
        self.fault = ""
        """Why one is not; empty: all are."""
        self._thread.start()

    def put(self, checkpoint: Checkpoint) -> None:
        """Have it written soon. Any thread."""
        with self._lock:
            self._waiting.pop(checkpoint.branch.name, None)
            self._waiting[checkpoint.branch.name] = checkpoint
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
            self._write_waiting()
            if stopping:
                return

    def _write_waiting(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        failed, fault = {}, ""
        for name, checkpoint in waiting.items():
            try:
                self._checkpoints.write(checkpoint)
                self.saved_s = time.monotonic()
            except Exception as error:  # Whatever it is, training goes on and labels are safe.
                failed[name] = checkpoint
                fault = f"the checkpoint at step {checkpoint.attempts} cannot be written: {error}"
        self.fault = fault
        with self._lock:
            self._waiting = {n: c for n, c in failed.items() if n not in self._waiting} | self._waiting
