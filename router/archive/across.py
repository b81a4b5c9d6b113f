"""A page of all that was said with one customer, from what the core has and what is kept.

Owns: the order of conversations, and the seam. Does not know: who asks, threads.

Invariants (tests/archive/test_across.py): going back page by page gives every message once and in
order, wherever each conversation lies; what the core has is taken from there, though the archive
may have it too.

A page ends in one conversation, before a message of it, and goes on into those that arrived before.
"""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from router.archive.base import Archive, Asked
from router.cards import Message as Shown
from router.conversations import Message
from router.paging import PAGE_BYTES_MAX, Before, newest, shown, visible, weight

__all__ = ["Live", "Wanted", "page_of_customer"]


class Live(NamedTuple):
    """A conversation that the core has, as it was when it was asked."""

    asked: Asked
    agent: str
    queue: str
    messages: Sequence[Message]


class Wanted(NamedTuple):
    """Which page: the newest, or that before a message of ``conversation``.

    ``notes``: with those of staff. ``hidden``: agents whose conversations are left out.
    ``confidential``: queues whose conversations are left out, but for those that ``reader`` served.
    """

    customer: str
    limit: int
    notes: bool
    hidden: frozenset[str] = frozenset()
    conversation: str | None = None
    before: Before = Before()
    confidential: frozenset[str] = frozenset()
    reader: str = ""

    def may_read(self, agent: str, queue: str) -> bool:
        """Whether what this agent had in this queue is for whoever asks."""
        if agent in self.hidden:
            return False
        return queue not in self.confidential or (agent == self.reader and bool(agent))


def page_of_customer(
    archive: Archive | None, tenant: str, live: Sequence[Live], wanted: Wanted
) -> tuple[list[Shown], bool] | None:
    """The page in the order of time, and whether there is more; None where it ends nowhere.

    Raises:
        ArchiveUnavailable: it cannot be read.
    """
    by_id = {one.asked.conversation: one for one in live}
    end = _end(archive, tenant, by_id, wanted)
    if wanted.conversation is not None and end is None:
        return None
    page: list[Shown] = []
    byte_left = PAGE_BYTES_MAX
    for name in _names(archive, tenant, by_id, wanted, end):
        room = wanted.limit - len(page)
        if room <= 0 or byte_left <= 0:
            return page, True
        before = wanted.before if name == wanted.conversation else Before()
        found = _messages(archive, tenant, by_id.get(name), name, before, wanted)
        chosen, more = newest(found, room, byte_left)
        page = [*(shown(message, name) for message in chosen), *page]
        if more:
            return page, True
        byte_left -= sum(map(weight, chosen))
    return page, False


def _end(
    archive: Archive | None, tenant: str, live: dict[str, Live], wanted: Wanted
) -> Asked | None:
    """The place in the order of the conversation in which the page ends, if it is theirs."""
    name = wanted.conversation
    if name is None:
        return None
    if name in live:
        one = live[name]
        return one.asked if wanted.may_read(one.agent, one.queue) else None
    filed = archive.conversation(tenant, name) if archive is not None else None
    if filed is None or filed.customer != wanted.customer:
        return None
    if not wanted.may_read(filed.agent, filed.queue):
        return None
    return Asked(filed.arrived_at, filed.conversation)


def _names(
    archive: Archive | None,
    tenant: str,
    live: dict[str, Live],
    wanted: Wanted,
    end: Asked | None,
) -> Iterator[str]:
    """The customer's conversations from the end backwards, those that may be read."""
    here = sorted(
        (
            (one.asked, one.agent, one.queue)
            for one in live.values()
            if end is None or one.asked < end
        ),
        reverse=True,
    )
    if wanted.conversation is not None:
        yield wanted.conversation
    kept = _kept(archive, tenant, live, wanted, end) if archive is not None else ()
    for asked, agent, queue in heapq.merge(here, kept, reverse=True):
        if wanted.may_read(agent, queue):
            yield asked.conversation


def _kept(
    archive: Archive, tenant: str, live: dict[str, Live], wanted: Wanted, end: Asked | None
) -> Iterator[tuple[Asked, str, str]]:
    """What the archive alone has, asked for as it is needed: much may be passed over."""
    count = wanted.limit + 1 + len(live)
    while True:
        found = archive.conversations_of(tenant, wanted.customer, end, count, notes=wanted.notes)
        for one in found:
            end = Asked(one.arrived_at, one.conversation)
            if one.conversation not in live:
                yield end, one.agent, one.queue
        if len(found) < count:
            return


def _messages(
    archive: Archive | None,
    tenant: str,
    live: Live | None,
    name: str,
    before: Before,
    wanted: Wanted,
) -> Iterable[Message]:
    """What was said before the bound, the newest first, and one more than fits."""
    if live is not None:
        return visible(live.messages, before, notes=wanted.notes)
    assert archive is not None, "a name is of the core or of the archive"
    return archive.messages(tenant, name, before, wanted.limit + 1, notes=wanted.notes)
