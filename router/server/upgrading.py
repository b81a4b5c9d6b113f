"""What this version would meet and do at its first start on somebody's data.

Owns: the rehearsal of that start in memory, and its report. Does not know: the command line.

Invariants (tests/server/test_upgrading.py): no byte of the data changes, and a server may run
meanwhile; what a start would refuse is a problem here, in the same words.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from msgspec import Struct, field

from router import __version__
from router.archive.reading import FOLDER_NAME, file_of
from router.archive.schema import STEPS, check
from router.core import CORE_VERSION
from router.errors import SettingsError, StorageError
from router.journal.base import Record
from router.journal.cursor import Cursor
from router.journal.readonly import PinnedOps
from router.journal.redis_address import address_of
from router.journal.segments import Place, Recovered, recover
from router.journal.snapshot_files import newest
from router.journal.snapshot_store import Snapshot
from router.server.inspecting import pinned
from router.server.replica import Plan, Replica, StartOver
from router.server.settings import Settings
from router.server.signalling import server_of

__all__ = ["Outlook", "outlook"]


class Outlook(Struct):
    """What a start would find: ``notes`` are what it does, ``problems`` why it would not start."""

    version: str = __version__
    core_version: int = CORE_VERSION
    commands: int = 0
    replayed: int = 0
    """Commands that no snapshot has."""
    snapshot: str = ""
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """The report for people."""
        yield f"Fairline {self.version}, core version {self.core_version}"
        if self.commands:
            behind = f"behind {self.snapshot}" if self.snapshot else "from the beginning"
            replayed = f"a start replays {self.replayed} {behind}"
            yield f"{self.commands} commands in the journal; {replayed}"
        yield from self.notes
        yield from (f"PROBLEM: {problem}" for problem in self.problems)
        yield "It would not start." if self.problems else "It would start; nothing was changed."


def outlook(settings: Settings) -> Outlook:
    """Looks at the data of these settings as a start would."""
    found = Outlook()
    if settings.server.journal == "memory":
        found.notes.append("nothing is kept: there is nothing to upgrade")
        return found
    _note_server(settings, found)
    rehearse = _rehearse_redis if settings.server.journal == "redis" else _rehearse
    try:
        rehearse(settings, found)
    except StorageError as error:
        found.problems.append(str(error))
    for tenant in settings.tenants:
        _look_at_archive(Path(settings.server.data) / FOLDER_NAME, tenant, found)
    return found


def _note_server(settings: Settings, found: Outlook) -> None:
    try:
        pid = server_of(settings)
    except SettingsError:
        return
    if pid is not None:
        found.notes.append(f"process {pid} serves these data: end it first (fairline drain)")


def _rehearse(settings: Settings, found: Outlook) -> None:
    """Does in memory what a start does: the snapshot, and what comes behind it.

    Raises:
        StorageError: as a start would.
    """
    folder = Path(settings.server.data) / "journal"
    if not any(folder.glob("*.segment")):
        found.notes.append(f"{folder}: no journal yet; a start begins one")
        return
    ops = pinned(folder)
    try:
        recovered = recover(ops, folder, CORE_VERSION)
        assert recovered is not None, "whoever pins a journal has seen a segment"
        snapshot = newest(ops, folder, CORE_VERSION)
        records = partial(_behind, ops, recovered, snapshot)
        found.commands = sum(recovered.positions.values())
        found.replayed = sum(1 for _ in records())
        found.snapshot = "" if snapshot is None else Path(snapshot.name).name
        _note_policies(settings, _replayed(snapshot, records), found)
    finally:
        ops.release()


def _rehearse_redis(settings: Settings, found: Outlook) -> None:
    """The same of a journal in Redis.

    Raises:
        StorageError: as a start would, and where Redis gives no answer.
    """
    from router.journal.redis_link import Link  # a journal in a folder does without
    from router.journal.redis_reading import is_begun, read_store, read_whole
    from router.journal.redis_snapshots import RedisSnapshots

    address = address_of(settings.server.redis_url)
    if not is_begun(address):
        found.notes.append(f"{address.shown}: no journal yet; a start begins one")
        return
    snapshot = RedisSnapshots(Link(address)).newest(CORE_VERSION)

    def records() -> Iterator[Record]:
        if snapshot is None:
            yield from read_whole(address, core_version=CORE_VERSION)
            return
        for entry in read_store(address, core_version=CORE_VERSION, place=snapshot.place):
            yield from entry.records

    found.replayed = sum(1 for _ in records())
    found.commands = found.replayed
    if snapshot is not None:
        found.snapshot = snapshot.name
        found.commands += sum(snapshot.positions.values())
    _note_policies(settings, _replayed(snapshot, records), found)


def _replayed(snapshot: Snapshot[Any] | None, records: Callable[[], Iterator[Record]]) -> Replica:
    """The cores, without what the journal says to leave out and what breaks them twice."""
    plan = Plan()
    while True:
        replica = Replica(snapshot, plan.skipped)
        try:
            for record in records():
                replica.apply(record)
        except StartOver as broken:
            if plan.is_hopeless(broken):
                raise StorageError(
                    f"{broken.tenant}, command {broken.position}: the core breaks over it, even"
                    " where it is left out. Keep the journal: this is a bug."
                ) from broken
            plan.learn(broken)
        else:
            return replica


def _note_policies(settings: Settings, replica: Replica, found: Outlook) -> None:
    for name, tenant in settings.tenants.items():
        router = replica.routers.get(name)
        if router is None:
            found.notes.append(f"{name}: new; the file's policy is put in force")
        elif router.world.filed_policy == tenant.policy:
            if router.policy != tenant.policy:
                found.notes.append(f"{name}: the policy that was set by hand stays in force")
        elif router.policy != tenant.policy:
            news = "the file's policy is put in force, over what is now (fairline policy diff)"
            found.notes.append(f"{name}: {news}")


def _behind(
    ops: PinnedOps, recovered: Recovered, snapshot: Snapshot[Place] | None
) -> Iterator[Record]:
    begin = dict(recovered.segments[0].positions)
    if snapshot is not None:
        begin |= snapshot.positions
    cursor = Cursor(ops, lambda: recovered.segments, after=begin, core_version=CORE_VERSION)
    while cursor.sequence <= recovered.sequence:
        for entry in cursor.read(recovered.sequence):
            for record in entry.records:
                if record.position > begin.get(record.tenant, 0):
                    yield record


def _look_at_archive(folder: Path, tenant: str, found: Outlook) -> None:
    file = file_of(folder, tenant)
    if not file.is_file():
        return
    address = f"file:{quote(str(file.absolute()))}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True)) as connection:
            version = check(connection, file, tenant)
    except (StorageError, sqlite3.Error) as error:
        found.problems.append(str(error))
        return
    if version < len(STEPS):
        found.notes.append(f"{tenant}: the archive goes from version {version} to {len(STEPS)}")
