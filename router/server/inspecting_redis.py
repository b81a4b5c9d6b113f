"""What an operator asks of a journal in Redis: show it, verify it, leave a command out.

Owns: the order of a proof, what it found. Does not know: the command line, how commands are shown
(``inspecting``), how entries lie in Redis.

Invariants (tests/server/test_inspecting_redis.py): nothing in Redis changes but by ``skip``; a node
may serve meanwhile, but not during that.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing

import msgspec
from msgspec import Struct, field

from router.commands import SkipCommand, Underway
from router.core import CORE_VERSION
from router.errors import JournalCorrupt, JournalLocked, StorageError
from router.journal.base import Record
from router.journal.redis_address import RedisAddress
from router.journal.redis_layout import ORIGIN, POSITIONS, EntryId, StreamPlace
from router.journal.redis_link import Link
from router.journal.redis_owner import Seen, claim
from router.journal.redis_reading import extent_of, read_store
from router.journal.redis_snapshots import RedisSnapshots
from router.journal.redis_stream import RedisJournal
from router.journal.snapshot_store import Snapshot
from router.server.clock import Clock
from router.server.replica import Plan, Replica, StartOver

__all__ = ["StoreVerified", "read_records", "skip", "verify"]

LIFE = "operator"


class StoreVerified(Struct):
    """What a verification of a journal in Redis found."""

    address: str
    entries: int = 0
    positions: dict[str, int] = field(default_factory=dict)
    snapshots: list[str] = field(default_factory=list)
    """The keys of those that are whole."""
    proved: list[str] = field(default_factory=list)
    """Those to whose very state a replay led."""
    replayed: int = 0
    problems: list[str] = field(default_factory=list)


def read_records(
    address: RedisAddress, *, tenant: str | None = None, after: int = 0
) -> Iterator[Record]:
    """Every command that is kept behind a position of its tenant, in order.

    Raises:
        JournalCorrupt: something is damaged or missing.
        JournalVersion: it was written for another version of the core.
        StorageError: there is no journal, or Redis gives no answer.
    """
    for entry in read_store(address, core_version=CORE_VERSION):
        for record in entry.records:
            if tenant in (None, record.tenant) and record.position > after:
                yield record


def verify(address: RedisAddress) -> StoreVerified:
    """Reads every entry, then proves each snapshot by a replay from the one before it.

    Raises:
        StorageError: there is no journal, or Redis gives no answer.
    """
    beginning, last = extent_of(address)
    found = StoreVerified(address.shown)
    snapshots = _snapshots(address, found)
    base = None
    if beginning.id != ORIGIN:
        covered = [one for one in snapshots.values() if one.place.id >= beginning.id]
        base = covered[0] if covered else None
        if base is None:
            found.problems.append(
                f"{address.shown}: the journal begins behind entry {beginning.id}, and no snapshot"
                " that can be read covers what was before. Do not restart the node that serves."
            )
            return found
    plan = Plan()
    while True:
        try:
            _replay(address, snapshots, base, plan, found)
        except StartOver as broken:
            if plan.is_hopeless(broken):
                found.problems.append(
                    f"command {broken.position} of {broken.tenant} is to be left out, and what was"
                    " before it is gone. The snapshots behind it are what counts."
                )
                return found
            plan.learn(broken)
        except StorageError as error:
            found.problems.append(str(error))
            return found
        else:
            break
    found.entries = last.sequence
    _compare_positions(address, found)
    return found


def _snapshots(address: RedisAddress, found: StoreVerified) -> dict[EntryId, Snapshot[StreamPlace]]:
    """Those that are whole, the oldest first; the others are problems."""
    store = RedisSnapshots(Link(address))
    whole = {}
    for member in reversed(store.members()):
        try:
            snapshot = store.read(member)
        except JournalCorrupt as error:
            if member in store.members():  # else it has just been put away
                found.problems.append(str(error))
            continue
        if snapshot.core_version == CORE_VERSION:
            whole[member] = snapshot
            found.snapshots.append(snapshot.name)
    return whole


def _replay(
    address: RedisAddress,
    snapshots: Mapping[EntryId, Snapshot[StreamPlace]],
    base: Snapshot[StreamPlace] | None,
    plan: Plan,
    found: StoreVerified,
) -> None:
    replica = Replica(base, plan.skipped)
    found.replayed, found.proved, found.positions = 0, [], {}
    if base is not None:
        found.positions = dict(base.positions)
        _compare(replica, base, found)
    place = None if base is None else base.place
    for entry in read_store(address, core_version=CORE_VERSION, place=place):
        for record in entry.records:
            replica.apply(record)
            found.positions[record.tenant] = record.position
        found.replayed += len(entry.records)
        if entry.id in snapshots:
            _compare(replica, snapshots[entry.id], found)


def _compare(replica: Replica, snapshot: Snapshot[StreamPlace], found: StoreVerified) -> None:
    if whose := replica.differing(snapshot):
        found.problems.append(
            f"{snapshot.name}: a replay leads to another state of"
            f" {whose}. Keep a copy of Redis for whoever looks for the"
            " cause."
        )
    else:
        found.proved.append(snapshot.name)


def _compare_positions(address: RedisAddress, found: StoreVerified) -> None:
    """What the store says of each tenant's last command, beside what was read."""
    with closing(Link(address)) as link:
        (pairs,) = link.call(("HGETALL", POSITIONS))
    told = {
        tenant.decode(): int(position)
        for tenant, position in zip(pairs[::2], pairs[1::2], strict=True)
    }
    for tenant, position in found.positions.items():
        if told.get(tenant, 0) < position:  # a node that serves may have gone on since
            found.problems.append(
                f"{address.shown}: {tenant} has {position} commands, and the store says"
                f" {told.get(tenant, 0)}. Keep a copy of Redis: this is a bug."
            )


async def skip(address: RedisAddress, partitions: int, tenant: str, position: int) -> None:
    """Appends that a command is to be left out; the next start does so.

    Raises:
        JournalLocked: a node serves from this Redis: it must be stopped.
        SettingsError: the store has another number of partitions.
        StorageError: there is no such command, or Redis does not take it.
    """
    extent_of(address)

    def told(seen: Seen) -> None:
        if seen.is_serving:
            raise JournalLocked(f"{address.shown}: {seen.node} serves; stop it first.")

    owned = await claim(
        address, partitions=partitions, core_version=CORE_VERSION, node=LIFE, told=told
    )
    journal = RedisJournal(owned, wall_ms=Clock().wall_ms)
    try:
        end = journal.end.get(tenant, 0)
        if not 0 < position <= end:
            raise StorageError(f"{tenant} has commands 1 to {end}; there is no {position}.")
        payload = msgspec.msgpack.encode(Underway(LIFE, position, SkipCommand(position=position)))
        await journal.append([(tenant, payload)], 0)
    finally:
        await journal.aclose()
