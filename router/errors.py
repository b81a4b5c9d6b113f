"""The exceptions of the package, sorted by whose fault they are.

Owns: the tree of exceptions.
Does not know: who raises or catches them.
Invariants: every message is one or more sentences that an operator can act upon.
"""

__all__ = [
    "JournalCorrupt",
    "JournalLocked",
    "JournalUnavailable",
    "JournalVersion",
    "RouterError",
    "StorageError",
]


class RouterError(Exception):
    """The root of the tree; never raised itself."""


class StorageError(RouterError):
    """The world's fault: what is kept can no longer be written or trusted.

    Raised itself by a journal that is broken for good (a failed write or sync): the process must
    end, because only a restart reads what truly is on the disk.
    """


class JournalCorrupt(StorageError):  # noqa: N818 - the contract names it so
    """The journal is damaged before its end; starting would silently lose commands.

    Attributes:
        segment: The damaged file.
        offset: The byte in it at which trust ends.
        mend: What the operator can do, a sentence.
    """

    def __init__(self, *, segment: str, offset: int, problem: str, mend: str) -> None:
        super().__init__(f"{segment}, byte {offset}: {problem} {mend}")
        self.segment = segment
        self.offset = offset
        self.mend = mend


class JournalUnavailable(StorageError):  # noqa: N818 - the contract names it so
    """The commands certainly did not go in, nothing else is wrong; the caller may ask again."""


class JournalLocked(StorageError):  # noqa: N818 - the contract names it so
    """Another process holds the journal's folder."""


class JournalVersion(StorageError):  # noqa: N818 - the contract names it so
    """The journal was written for another version of the core, which would decide otherwise."""
