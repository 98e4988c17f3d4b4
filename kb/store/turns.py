"""Let writers of one process take turns in the order in which they came."""

from __future__ import annotations

import threading
import time


class Turns:
    """A lock that serves a waiting thread before the one that has just let go.

    A plain lock starves whoever logs one answer while an import takes and frees it again and again.
    """

    def __init__(self) -> None:
        self._first_in_line = threading.Lock()
        self._at_work = threading.Lock()

    def begin(self, patience: float) -> bool:
        """Wait for the turn, at most `patience` seconds; say whether it came."""
        deadline = time.monotonic() + patience
        if not self._first_in_line.acquire(timeout=patience):
            return False
        try:
            return self._at_work.acquire(timeout=max(0.0, deadline - time.monotonic()))
        finally:
            self._first_in_line.release()

    def end(self) -> None:
        """Give the turn away."""
        self._at_work.release()
