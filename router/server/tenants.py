"""The cores of this node, and how one of them gets over a command that breaks it.

Owns: one ``Router`` for each tenant and the running hash over its events, which positions are
skipped, which skips the journal does not know of yet.
Does not know: who submitted a command, or what its events are for.

Invariants (tests/server/test_tenants.py): an exception in one tenant's core leaves the others
alone; after any rebuild a core is where a replay of the journal would have it; no command is tried
more than twice.

A broken invariant leaves a core in no known state, so it is thrown away and made anew from a
snapshot and the journal. What fails again is left out: ``SkipCommand`` is applied in its place, and
is appended too, so that another node or a later, better version leaves out the same.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from time import perf_counter
from typing import Any

import structlog
import trio

from router.commands import Command, SkipCommand
from router.core import Router
from router.errors import JournalCorrupt
from router.events import Event
from router.journal.base import Journal, Record
from router.server.recorded import underway_of
from router.server.replica import SHOWN_EVERY, Core, running_hash
from router.server.restoring import NOTHING, Start

__all__ = ["Tenants"]

_LOG = structlog.get_logger("fairline.tenants")
_EVERYTHING = 2**62

Base = Callable[[str, int], Core | None]
Show = Callable[[str, int, int], None]


class Tenants:
    """The cores, by tenant; ``routers`` keeps its identity, a rebuilt core is put into it.

    Args:
        names: The tenants.
        make: Makes a new core.
        start: What a snapshot had of them.
        base: Unpacks one tenant as it was before a position, if a snapshot has it.
        show: Told a tenant, a position and the running hash, every ``SHOWN_EVERY`` commands.
    """

    def __init__(
        self,
        names: Iterable[str],
        make: Callable[[str], Router] = Router,
        *,
        start: Start[Any] = NOTHING,
        base: Base | None = None,
        show: Show | None = None,
    ) -> None:
        self._make = make
        self._base = base
        self._show = show
        self.start: Mapping[str, int] = start.positions
        """Up to where the journal need not be replayed."""
        self.routers = {name: make(name) for name in names}
        self.owed: dict[tuple[str, int], None] = {}
        """Positions that were skipped here and of which the journal has no ``SkipCommand`` yet."""
        self.took_s = 0.0
        """How long the core took for the last command."""
        self._skipped: dict[str, set[int]] = {name: set() for name in self.routers}
        self._events_crcs = dict.fromkeys(self.routers, 0)
        for name, core in start.cores.items():
            self._begin(name, core)

    def apply(self, record: Record, command: Command) -> Sequence[Event] | None:
        """Applies a command; None where it broke the core, which must then be rebuilt."""
        router = self.routers[record.tenant]
        if record.position in self._skipped[record.tenant]:
            command = SkipCommand(position=record.position)
        began_s = perf_counter()
        try:
            events = router.apply(command, record.now_ms)
        except Exception:
            _LOG.exception("core.broke", tenant=record.tenant, position=record.position)
            return None
        self.took_s = perf_counter() - began_s
        assert router.position == record.position, (router.position, record.position)
        crc = self._events_crcs[record.tenant] = running_hash(
            self._events_crcs[record.tenant], events
        )
        if self._show is not None and record.position % SHOWN_EVERY == 0:
            self._show(record.tenant, record.position, crc)
        return events

    async def follower(self, journal: Journal, tenant: str, position: int) -> "Tenants":
        """A second core of a tenant, as it was at a position or somewhere before.

        It leaves out what this one left out; ``start`` says what it need not read.
        """
        core = None
        if self._base is not None:
            core = await trio.to_thread.run_sync(self._base, tenant, position + 1)
        follower = Tenants([tenant], self._make)
        if core is not None:
            follower._begin(tenant, core)
        follower._skipped[tenant] |= self._skipped[tenant]
        follower.start = self._beside(journal, tenant, follower.routers[tenant].position)
        return follower

    def _beside(self, journal: Journal, tenant: str, position: int) -> dict[str, int]:
        """What to leave out of a journal to read one tenant's alone, from a position on."""
        others = dict.fromkeys((*journal.end, *self.start, *self.routers), _EVERYTHING)
        return others | {tenant: position}

    def _begin(self, tenant: str, core: Core) -> None:
        self.routers[tenant] = core.router
        self._events_crcs[tenant] = core.events_crc
        self._skipped[tenant] |= set(core.skipped)

    async def rebuild(
        self, journal: Journal, record: Record, *, without: int | None = None
    ) -> None:
        """Makes the tenant's core anew, as it was before ``record``.

        Raises:
            JournalCorrupt: what would be needed is gone; the core is as it was.
        """
        tenant = record.tenant
        limit = record.position if without is None else without
        core = self._base(tenant, limit) if self._base is not None else None
        if core is None:
            core = Core(self._make(tenant), 0, ())
        before = Core(self.routers[tenant], self._events_crcs[tenant], ())
        self._begin(tenant, core)
        if core.router.position == record.position - 1:
            return
        try:
            await self._replay(journal, record)
        except JournalCorrupt:
            self._begin(tenant, before)
            raise

    async def _replay(self, journal: Journal, record: Record) -> None:
        """Applies what the tenant's core has not got of the commands before ``record``."""
        tenant = record.tenant
        others = self._beside(journal, tenant, self.routers[tenant].position)
        async with aclosing(journal.read(others)) as batches:
            async for batch in batches:
                for known in batch:
                    if known.tenant != tenant:
                        continue
                    command = underway_of(known).command
                    applied = self.apply(known, command)
                    assert applied is not None, "what was applied once breaks the core now"
                    if known.position == record.position - 1:
                        return

    async def skip_here(self, journal: Journal, record: Record) -> Sequence[Event]:
        """Goes on without the command of ``record``, which broke the core twice.

        Returns:
            What the time that passed brought about.
        """
        self._skipped[record.tenant].add(record.position)
        self.owed[record.tenant, record.position] = None
        await self.rebuild(journal, record)
        skipped = self.apply(record, SkipCommand(position=record.position))
        assert skipped is not None, "nothing is done in place of a skipped command"
        return skipped

    async def skip(self, journal: Journal, record: Record, position: int) -> None:
        """Learns from the journal that ``position`` is to be left out, as of ``record``.

        Where it was applied here all the same (an operator's skip, or a version of the core that
        can do it), the core is made anew without it.
        """
        self.owed.pop((record.tenant, position), None)
        if position in self._skipped[record.tenant] or not 0 < position < record.position:
            return
        self._skipped[record.tenant].add(position)
        try:
            await self.rebuild(journal, record, without=position)
        except JournalCorrupt as error:
            _LOG.error("core.skip_too_late", tenant=record.tenant, error=str(error))
