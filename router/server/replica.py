"""Cores that follow a journal by themselves: what a snapshot, a proof and a measurement apply to.

Owns: one core for each tenant that the journal names, in settings or not; the running hash over
events; which commands are left out.
Does not know: where records come from, threads, whose journal it is.

Invariants (tests/server/test_replica.py): after the same records a replica is where the live cores
are, with the same digest and the same running hash; a command that breaks a core twice is left out,
as the live node does.

The running hash is a checksum over all events of a tenant, in order, going on from snapshot to
snapshot. It is cheap enough for every command, and two nodes that once differed differ ever after.
"""

import gc
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import msgspec

from router import __version__
from router.commands import Command, SkipCommand
from router.core import CORE_VERSION, Router
from router.errors import SnapshotVersion
from router.events import Event
from router.journal.base import Record
from router.journal.snapshot_store import P, Part, Snapshot, SnapshotStore, State
from router.server.recorded import underway_of

__all__ = ["SHOWN_EVERY", "Core", "Plan", "Replica", "StartOver", "restore_core", "running_hash"]

SHOWN_EVERY = 10_000
"""So many commands of a tenant lie between two showings of its running hash."""

_encode_events = msgspec.msgpack.Encoder().encode


def running_hash(before: int, events: Sequence[Event]) -> int:
    """The hash over all events so far, once these are added."""
    return zlib.crc32(_encode_events(events), before)


class Core(NamedTuple):
    """A core as a snapshot had it."""

    router: Router
    events_crc: int
    skipped: tuple[int, ...]


def restore_core(snapshot: Snapshot[Any], tenant: str) -> Core:
    """Unpacks one tenant of a snapshot.

    Raises:
        SnapshotVersion: A newer release wrote it, and this one cannot read it.
    """
    state = snapshot.states[tenant]
    try:
        with _without_collector():
            router = Router.restore(snapshot.chunks(tenant))
    except SnapshotVersion as error:
        raise SnapshotVersion(_sentence(snapshot, state, error)) from error
    assert router.position == state.position, (tenant, router.position, state.position)
    return Core(router, state.events_crc, state.skipped)


def _sentence(snapshot: Snapshot[Any], state: State, error: SnapshotVersion) -> str:
    """For whoever went back to an older release; every byte is as it was written by then."""
    writer = f"Fairline {state.release}" if state.release else "Another release"
    return (
        f"{snapshot.name}, tenant {state.tenant}: this Fairline ({__version__}, core version"
        f" {CORE_VERSION}) {error}. {writer} wrote this snapshot: start that one again, or go back"
        " to a backup that was made before the upgrade. Nothing was changed."
    )


@contextmanager
def _without_collector() -> Iterator[None]:
    """All that is made stays, so looking for garbage meanwhile would be a third of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
        # What was restored lives as long as the core: no later collection need look at it, which
        # else costs more than the replay of what comes behind it.
        gc.freeze()


class StartOver(Exception):
    """The cores are in no known state, or hold what is to be left out.

    Attributes:
        tenant: Whose core.
        position: Begin before it.
        is_named: The journal says that it is to be left out; else the core broke over it.
    """

    def __init__(self, tenant: str, position: int, *, is_named: bool) -> None:
        super().__init__(tenant, position)
        self.tenant = tenant
        self.position = position
        self.is_named = is_named


class Plan:
    """What a replica that must start over has learnt: where to begin, and what to leave out."""

    def __init__(self) -> None:
        self.before: dict[str, int] = {}
        self.skipped: set[tuple[str, int]] = set()
        self._broken: set[tuple[str, int]] = set()

    def is_hopeless(self, found: StartOver) -> bool:
        """Whether the same was left out already, and the cores stumble over it all the same."""
        return (found.tenant, found.position) in self.skipped

    def learn(self, found: StartOver) -> None:
        """Leaves out what the journal names, and what broke a core for the second time."""
        place = (found.tenant, found.position)
        self.before[found.tenant] = min(found.position, self.before.get(*place))
        if found.is_named or place in self._broken:
            self.skipped.add(place)
        self._broken.add(place)


class Replica:
    """The cores, by tenant.

    Args:
        snapshot: Where they begin; with nothing if not given.
        skipped: Positions to leave out besides those that the snapshot knows of.
    """

    def __init__(
        self, snapshot: Snapshot[Any] | None = None, skipped: Iterable[tuple[str, int]] = ()
    ) -> None:
        self.routers: dict[str, Router] = {}
        self.events_crcs: dict[str, int] = {}
        self.skipped: dict[str, set[int]] = {}
        self.shown: list[tuple[str, int, int]] = []
        """Tenant, position and running hash, every so often; whoever shows them empties it."""
        if snapshot is not None:
            for tenant in snapshot.states:
                core = restore_core(snapshot, tenant)
                self.routers[tenant] = core.router
                self.events_crcs[tenant] = core.events_crc
                self.skipped[tenant] = set(core.skipped)
        for tenant, position in skipped:
            self.skipped.setdefault(tenant, set()).add(position)

    def apply(self, record: Record) -> None:
        """Applies what the journal has next.

        Raises:
            StartOver: the core broke, or the journal says to leave out what was applied.
            JournalVersion: this release does not know the command.
        """
        tenant, position = record.tenant, record.position
        router = self.routers.get(tenant)
        if router is None:
            router = self.routers[tenant] = Router(tenant)
        skipped = self.skipped.setdefault(tenant, set())
        command: Command = underway_of(record).command
        if isinstance(command, SkipCommand):
            self._check_skip(record, command.position)
        if position in skipped:
            command = SkipCommand(position=position)
        try:
            events = router.apply(command, record.now_ms)
        except Exception as error:
            raise StartOver(tenant, position, is_named=False) from error
        crc = running_hash(self.events_crcs.get(tenant, 0), events)
        self.events_crcs[tenant] = crc
        if position % SHOWN_EVERY == 0:
            self.shown.append((tenant, position, crc))

    def _check_skip(self, record: Record, position: int) -> None:
        if 0 < position < record.position and position not in self.skipped[record.tenant]:
            raise StartOver(record.tenant, position, is_named=True)

    def write(self, snapshots: SnapshotStore[P], place: P) -> tuple[str, Sequence[State]]:
        """Writes a snapshot of all cores, which are at the place; see ``SnapshotStore``."""
        assert self.positions == dict(place.positions), "a snapshot of another place"
        return snapshots.write(place, CORE_VERSION, map(self._part, self.routers))

    def differing(self, snapshot: Snapshot[Any]) -> str:
        """Whose cores are not as the snapshot has them, in words; nothing where all are."""
        routers = self.routers
        wrong = [
            tenant
            for tenant, state in snapshot.states.items()
            if tenant not in routers or routers[tenant].digest() != state.digest
        ]
        if wrong or len(routers) != len(snapshot.states):
            return ", ".join(wrong) or "all tenants"
        return ""

    @property
    def positions(self) -> Mapping[str, int]:
        """How many commands of each tenant were applied."""
        return {tenant: router.position for tenant, router in self.routers.items()}

    def _part(self, tenant: str) -> Part:
        router = self.routers[tenant]
        skipped = tuple(sorted(self.skipped[tenant]))
        crc = self.events_crcs.get(tenant, 0)
        chunks = router.snapshot()
        return Part(tenant, router.position, crc, skipped, chunks, __version__)
