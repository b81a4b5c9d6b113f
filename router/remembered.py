"""The record of one answer that is kept under the ``op`` of its command.

Owns: its fields, which are kept in rows. Does not know: whose it is, or for how long it is kept
(``router.ops``).
"""

from msgspec import Struct

from router.events import Answer

__all__ = ["Remembered"]


class Remembered(Struct, frozen=True, array_like=True, gc=False):
    """One answer: what was asked, what was said, and when."""

    fingerprint: int
    answer: Answer
    at_ms: int
