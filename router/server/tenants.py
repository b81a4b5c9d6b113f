"""The cores of this node, and how one of them gets over a command that breaks it.

Owns: one ``Router`` for each tenant, which positions are skipped, which skips the journal does not
know of yet.
Does not know: who submitted a command, or what its events are for.

Invariants (tests/server/test_tenants.py): an exception in one tenant's core leaves the others
alone; after any rebuild a core is where a replay of the journal would have it; no command is tried
more than twice.

A broken invariant leaves a core in no known state, so it is thrown away and made anew from the
journal. What fails again is left out: ``SkipCommand`` is applied in its place, and is appended too,
so that another node or a later, better version leaves out the same.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing

import msgspec
import structlog

from router.commands import Command, SkipCommand, Underway
from router.core import Router
from router.events import Event
from router.journal.base import Journal, Record

__all__ = ["Tenants"]

_LOG = structlog.get_logger("fairline.tenants")
_EVERYTHING = 2**62


class Tenants:
    """The cores, by tenant; ``routers`` keeps its identity, a rebuilt core is put into it."""

    def __init__(self, names: Iterable[str], make: Callable[[str], Router] = Router) -> None:
        self._make = make
        self.routers = {name: make(name) for name in names}
        self.owed: dict[tuple[str, int], None] = {}
        """Positions that were skipped here and of which the journal has no ``SkipCommand`` yet."""
        self._skipped: dict[str, set[int]] = {name: set() for name in self.routers}
        self._decoder = msgspec.msgpack.Decoder(Underway)

    def apply(self, record: Record, command: Command) -> Sequence[Event] | None:
        """Applies a command; None where it broke the core, which must then be rebuilt."""
        router = self.routers[record.tenant]
        if record.position in self._skipped[record.tenant]:
            command = SkipCommand(position=record.position)
        try:
            events = router.apply(command, record.now_ms)
        except Exception:
            _LOG.exception("core.broke", tenant=record.tenant, position=record.position)
            return None
        assert router.position == record.position, (router.position, record.position)
        return events

    async def rebuild(self, journal: Journal, record: Record) -> None:
        """Makes the tenant's core anew, as it was before ``record``."""
        tenant = record.tenant
        self.routers[tenant] = self._make(tenant)
        others = dict.fromkeys(journal.end, _EVERYTHING) | dict.fromkeys(self.routers, _EVERYTHING)
        others[tenant] = 0
        async with aclosing(journal.read(others)) as batches:
            if record.position == 1:
                return
            async for batch in batches:
                for known in batch:
                    if known.tenant != tenant:
                        continue
                    if known.position >= record.position:
                        return
                    command = self._decoder.decode(known.payload).command
                    applied = self.apply(known, command)
                    assert applied is not None, "what was applied once breaks the core now"
                    if known.position == record.position - 1:
                        return

    async def skip_here(self, journal: Journal, record: Record) -> None:
        """Goes on without the command of ``record``, which broke the core twice."""
        self._skipped[record.tenant].add(record.position)
        self.owed[record.tenant, record.position] = None
        await self.rebuild(journal, record)
        skipped = self.apply(record, SkipCommand(position=record.position))
        assert skipped is not None, "nothing is done in place of a skipped command"

    async def skip(self, journal: Journal, record: Record, position: int) -> None:
        """Learns from the journal that ``position`` is to be left out, as of ``record``.

        Where it was applied here all the same (an operator's skip, or a version of the core that
        can do it), the core is made anew without it.
        """
        self.owed.pop((record.tenant, position), None)
        if position in self._skipped[record.tenant] or not 0 < position < record.position:
            return
        self._skipped[record.tenant].add(position)
        await self.rebuild(journal, record)
