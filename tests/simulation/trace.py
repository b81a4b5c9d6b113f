"""The story of a run in short lines, and its hash.

Owns: the lines. Does not know: who writes them.
Invariant: the same lines give the same hash, and nothing that differs between two runs of a seed
is written here.
"""

import hashlib
from collections import deque

import trio

__all__ = ["Trace"]

KEPT = 100_000


class Trace:
    """Keeps the last lines, hashes all."""

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=8)
        self._began = trio.current_time()
        self.last: deque[str] = deque(maxlen=KEPT)
        self.count = 0

    def write(self, text: str) -> None:
        """Add a line, with the virtual time since the beginning."""
        line = f"{trio.current_time() - self._began:9.3f} {text}"
        self._hash.update(line.encode() + b"\n")
        self.last.append(line)
        self.count += 1

    @property
    def hash(self) -> str:
        """A hash over all lines so far."""
        return self._hash.hexdigest()
