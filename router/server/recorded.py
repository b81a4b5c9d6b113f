"""A command, read out of the journal's record of it.

Owns: the decoding, and the sentence for a command that this release does not know.
Does not know: what becomes of the command.

Invariant (tests/server/test_recorded.py): what cannot be decoded is never a bare error of the
codec: the journal's checksums are right by then, so it was written so, by another release.
"""

import msgspec

from router import __version__
from router.commands import Underway
from router.core import CORE_VERSION
from router.errors import JournalVersion
from router.journal.base import Record

__all__ = ["underway_of"]

_decode = msgspec.msgpack.Decoder(Underway).decode
NAME_MAX = 40


def underway_of(record: Record) -> Underway:
    """The command of a record, and who sent it.

    Raises:
        JournalVersion: Another release wrote it, and this one does not know such a command.
    """
    try:
        return _decode(record.payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:  # ValidationError is the first
        raise JournalVersion(_sentence(record, error)) from error


def _sentence(record: Record, error: Exception) -> str:
    name = _name_of(record.payload)
    wrong = f"knows no such command ({error})"
    if name is not None and "at `$[2].c`" in str(error):
        wrong = f"knows no command {name!r}"
    elif name is not None:
        wrong = f"cannot read this command {name!r} ({error})"
    return (
        f"{record.tenant}, command {record.position}: this Fairline ({__version__}, core version"
        f" {CORE_VERSION}) {wrong}. A newer release wrote it: start that one again, or go back to"
        " a backup that was made before the upgrade. Nothing in the journal was changed."
    )


def _name_of(payload: bytes) -> str | None:
    """How whoever wrote it calls the command; None where there is no name."""
    try:
        _, _, command = msgspec.msgpack.decode(payload)
        name = command["c"]
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, TypeError, KeyError):
        return None
    return name[:NAME_MAX] if isinstance(name, str) else None
