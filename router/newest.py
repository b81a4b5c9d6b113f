"""Which key of a dict is the oldest, for dicts of which only the newest entries are kept.

Owns: the order of the keys once it is asked for. Does not know: what the dict holds, or its bound.

Invariant (tests/test_newest.py): the oldest key is the one that ``next(iter(kept))`` gives. A dict
finds that one by passing over all that was deleted before it, so always deleting the first of ten
thousand takes as long as all the rest of a decision.
"""

from collections import deque
from typing import Any

__all__ = ["Newest"]


class Newest:
    """The keys of one dict, the oldest first; made of the dict when it is first too long."""

    __slots__ = ("_keys",)

    def __init__(self) -> None:
        self._keys: deque[str] = deque()

    def note(self, key: str) -> None:
        """A key has come to the end of the dict."""
        if self._keys:
            self._keys.append(key)

    def drop_oldest(self, kept: dict[str, Any]) -> None:
        """Deletes the oldest entry of the dict, which must be the one that is noted here."""
        if not self._keys:
            self._keys.extend(kept)
        del kept[self._keys.popleft()]

    def forget(self, key: str) -> None:
        """A key, one of the oldest, was deleted by somebody else."""
        if self._keys:
            self._keys.remove(key)
