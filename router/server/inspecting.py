"""What an operator asks of a journal's folder: show it, verify it, copy it.

Owns: the words of the answers, which texts are left out, the proof by replay.
Does not know: the command line, settings.

Invariants (tests/server/test_inspecting.py): nothing in the folder changes; a server may run
meanwhile; without being asked for, no word that a person wrote is shown.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from router.core import CORE_VERSION
from router.errors import StorageError
from router.journal.base import Record
from router.journal.checking import Checked, check_journal
from router.journal.cursor import Cursor
from router.journal.readonly import PinnedOps
from router.journal.segments import Place, recover
from router.journal.snapshot_store import Snapshot
from router.server.recorded import underway_of
from router.server.replica import Plan, Replica, StartOver

__all__ = ["Verified", "as_object", "as_text", "pinned", "read_records", "verify"]

PEOPLES_WORDS = frozenset({"body", "comment", "contact", "note"})
"""Fields that people fill; shown as their length."""
TEXT_MAX = 80


def pinned(folder: Path) -> PinnedOps:
    """The files of a journal as they are now.

    Raises:
        StorageError: There is none, or it cannot be read.
    """
    try:
        ops = PinnedOps(folder)
    except OSError as error:
        raise StorageError(f"{folder}: the journal cannot be read: {error.strerror}.") from error
    if not any(name.endswith(".segment") for name in ops.names(folder)):
        raise StorageError(f"{folder}: there is no journal here.")
    return ops


def read_records(
    ops: PinnedOps, folder: Path, *, tenant: str | None, after: int
) -> Iterator[Record]:
    """Every command that is kept behind a position of its tenant, in order.

    Raises:
        JournalCorrupt: Something durable is damaged.
        JournalVersion: It was written for another version of the core.
    """
    found = recover(ops, folder, CORE_VERSION)
    assert found is not None, "whoever pins a journal has seen a segment"
    first = dict(found.segments[0].positions)
    wanted = found.positions if tenant is None else {tenant: after}
    begin = first | {name: max(after, first.get(name, 0)) for name in wanted}
    cursor = Cursor(ops, lambda: found.segments, after=begin, core_version=CORE_VERSION)
    while cursor.sequence <= found.sequence:
        for entry in cursor.read(found.sequence):
            for record in entry.records:
                is_wanted = tenant is None or record.tenant == tenant
                if is_wanted and record.position > begin.get(record.tenant, 0):
                    yield record


def as_object(record: Record, *, bodies: bool) -> dict[str, Any]:
    """A command for machines.

    Raises:
        JournalVersion: This release does not know it.
    """
    underway = underway_of(record)
    command = msgspec.to_builtins(underway.command)
    name = command.pop("c")
    return {
        "tenant": record.tenant,
        "position": record.position,
        "at_ms": record.now_ms,
        "life": underway.life,
        "command": name,
        "fields": command if bodies else _without_words(command),
    }


def _without_words(value: Any) -> Any:  # noqa: ANN401 - whatever a command holds
    if isinstance(value, Mapping):
        return {
            name: _length(each) if name in PEOPLES_WORDS and each else _without_words(each)
            for name, each in value.items()
        }
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_without_words(each) for each in value]
    return value


def _length(value: object) -> str:
    return f"({len(value)} characters)" if isinstance(value, str) else "(not shown)"


def as_text(record: Record, *, bodies: bool) -> str:
    """A command for people, on one line."""
    shown = as_object(record, bodies=bodies)
    fields = shown["fields"]
    by = fields.pop("by", None)
    at = datetime.fromtimestamp(record.now_ms / 1000, UTC).isoformat(timespec="milliseconds")
    head = [f"{record.tenant} {record.position}", at.replace("+00:00", "Z"), shown["command"]]
    if by is not None:
        head.append(f"by {by['role']} {by['id']}")
    texts = [f"{name}={_short(value)}" for name, value in fields.items() if value not in ("", None)]
    return "  ".join([*head, *texts])


def _short(value: object) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    text = " ".join(text.split()) if isinstance(value, str) else text
    return text if len(text) <= TEXT_MAX else f"{text[:TEXT_MAX]}... ({len(text)} characters)"


class Verified(NamedTuple):
    """What a verification found."""

    checked: Checked
    replayed_count: int
    proved: list[str]
    """Snapshots to whose very state a replay led."""
    problems: list[str]


def verify(ops: PinnedOps, folder: Path) -> Verified:
    """Checks every byte, then proves each snapshot by a replay from the one before it."""
    checked = check_journal(ops, folder, CORE_VERSION)
    problems = [str(error) for error in checked.problems]
    if problems or not checked.segments:
        return Verified(checked, 0, [], problems)
    plan = Plan()
    while True:
        proof = _Proof(checked, plan)
        try:
            proof.run(ops)
        except StartOver as found:
            if plan.is_hopeless(found):
                return Verified(checked, proof.count, proof.proved, [_stuck(folder, found)])
            plan.learn(found)
        except StorageError as error:
            return Verified(checked, proof.count, proof.proved, [str(error)])
        else:
            return Verified(checked, proof.count, proof.proved, proof.problems)


def _stuck(folder: Path, found: StartOver) -> str:
    return (
        f"{folder}: command {found.position} of {found.tenant} is to be left out, and what was"
        " before it is gone. Nothing to mend: the snapshots behind it are what counts."
    )


class _Proof:
    """One replay: from the journal's start, or where that is gone, from the oldest snapshot."""

    def __init__(self, checked: Checked, plan: Plan) -> None:
        self._checked = checked
        self._snapshots = {each.place.sequence: each for each in checked.snapshots}
        base = None
        if checked.segments[0].header.first_sequence > 1:
            base = checked.snapshots[0] if checked.snapshots else None
        self._base = base
        self._replica = Replica(base, plan.skipped)
        self.count = 0
        self.proved: list[str] = []
        self.problems: list[str] = []

    def run(self, ops: PinnedOps) -> None:
        """Replays everything that is kept."""
        base = self._base
        if base is not None:
            self._compare(base)
        cursor = Cursor(
            ops,
            lambda: self._checked.segments,
            after={} if base is None else base.positions,
            core_version=CORE_VERSION,
            place=None if base is None else base.place,
        )
        while cursor.sequence <= self._checked.sequence:
            for entry in cursor.read(self._checked.sequence):
                for record in entry.records:
                    self._replica.apply(record)
                self.count += len(entry.records)
                if entry.sequence in self._snapshots:
                    self._compare(self._snapshots[entry.sequence])

    def _compare(self, snapshot: Snapshot[Place]) -> None:
        if whose := self._replica.differing(snapshot):
            self.problems.append(
                f"{snapshot.name}, byte 0: A replay leads to another state of"
                f" {whose}. Remove this file, and keep it with the"
                " journal for whoever looks for the cause."
            )
        else:
            self.proved.append(Path(snapshot.name).name)
