"""An archive in dicts, for those who need one, and as the model of the one on the disk.

Owns: the model, switches for its faults, facts that are easy to make.
Does not know: SQLite, trio.
"""

import threading
from collections.abc import Iterator, Sequence

from router.archive.base import (
    Asked,
    Assigned,
    Audited,
    AuditQuery,
    Erased,
    Fact,
    Filed,
    Keep,
    Rated,
    Seen,
)
from router.archive.pages import Page, PageQuery, Place
from router.conversations import Conversation, Message
from router.errors import ArchiveUnavailable
from router.figures import FirstWait
from router.ids import PersonKey
from router.paging import Before, visible
from router.states import ConversationState

__all__ = ["DictArchive", "conversation", "filed", "message", "talk"]


class DictArchive:
    """Keeps facts as they are; ``is_full`` refuses everything, ``gate`` holds writers up."""

    def __init__(self, *tenants: str) -> None:
        self.facts: dict[str, list[Fact]] = {name: [] for name in tenants or ("acme",)}
        self.positions = dict.fromkeys(self.facts, 0)
        self.is_full = False
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.write_count = 0

    def position(self, tenant: str) -> int:
        return self.positions[tenant]

    def write(self, tenant: str, facts: Sequence[Fact], position: int) -> None:
        self.entered.set()
        assert self.gate.wait(10), "the test opens the gate"
        self._check()
        self.write_count += 1
        for fact in facts:
            if self.positions[tenant] < fact.position <= position:
                self._put(self.facts[tenant], fact)
        self.positions[tenant] = max(position, self.positions[tenant])

    def _put(self, kept: list[Fact], fact: Fact) -> None:
        what = fact.what
        if isinstance(what, Erased):
            kept[:] = [one for one in kept if getattr(one.what, "customer", "") != what.customer]
            return
        if isinstance(what, Rated):
            kept[:] = [
                one
                for one in kept
                if not (isinstance(one.what, Rated) and one.what.conversation == what.conversation)
            ]
        kept.append(fact)

    def prune(self, tenant: str, keep: Keep, count_max: int) -> int:
        kept = self.facts[tenant]
        stays = [fact for fact in kept if not _may_go(fact, keep)]
        count = len(kept) - len(stays)
        kept[:] = stays
        return count

    def conversation(self, tenant: str, conversation: str) -> Filed | None:
        self._check()
        found = self._ended(tenant).get(conversation)
        return None if found is None else filed(found)

    def conversations_of(
        self, tenant: str, customer: str, before: Asked | None, limit: int, *, notes: bool
    ) -> list[Filed]:
        self._check()
        theirs = [one for one in self._ended(tenant).values() if one.customer == customer]
        theirs = [one for one in theirs if one.seq or (notes and one.note_seq)]
        if before is not None:
            theirs = [one for one in theirs if (one.arrived_ms, one.id) < before]
        theirs.sort(key=lambda one: (one.arrived_ms, one.id), reverse=True)
        return [filed(one) for one in theirs[:limit]]

    def messages(
        self, tenant: str, conversation: str, before: Before, limit: int, *, notes: bool
    ) -> list[Message]:
        self._check()
        found = self._ended(tenant).get(conversation)
        said = found.messages if found is not None else []
        return list(visible(said, before, notes=notes))[:limit]

    def audit(self, tenant: str, query: AuditQuery) -> list[Seen]:
        self._check()
        lines = [fact for fact in self.facts[tenant] if isinstance(fact.what, Audited)]
        seen = [
            Seen(number, fact.at_ms, *_four(fact), fact.position)
            for number, fact in enumerate(lines, start=1)
        ]
        return [line for line in reversed(seen) if _is_asked(line, query)][: query.limit]

    def first_waits(self, tenant: str, since_ms: int, position: int) -> list[FirstWait]:
        self._check()
        taken: dict[str, FirstWait] = {}
        left: dict[str, FirstWait] = {}
        for fact in self.facts[tenant]:
            what = fact.what
            if fact.position > position:
                continue
            if isinstance(what, Assigned):
                wait = FirstWait(what.queue, fact.at_ms, what.waited_ms, what.customer, "accepted")
                taken.setdefault(what.conversation, wait)
            elif isinstance(what, Conversation) and what.first_assigned_at_ms is None:
                ended_ms = what.ended_at_ms or fact.at_ms
                waited_ms = ended_ms - what.arrived_ms
                reason = what.ended_reason
                left[what.id] = FirstWait(what.queue, ended_ms, waited_ms, what.customer, reason)
        found = [wait for wait in (*taken.values(), *left.values()) if wait.at_ms >= since_ms]
        return sorted(found, key=lambda wait: wait.at_ms)

    def rows(self, tenant: str, kind: str, query: PageQuery) -> Iterator[dict[str, object]]:
        raise NotImplementedError("nobody exports the model")

    def page(self, tenant: str, kind: str, query: PageQuery, after: Place) -> Page:
        raise NotImplementedError("nobody pages through the model")

    def close(self) -> None:
        """Nothing is open."""

    def _ended(self, tenant: str) -> dict[str, Conversation]:
        whats = [fact.what for fact in self.facts[tenant]]
        return {one.id: one for one in whats if isinstance(one, Conversation)}

    def _check(self) -> None:
        if self.is_full:
            raise ArchiveUnavailable("the disk is full")


def _may_go(fact: Fact, keep: Keep) -> bool:
    what = fact.what
    if isinstance(what, Conversation):
        before = keep.queues.get(what.queue, keep.transcripts_before)
        return (what.ended_at_ms or 0) < before
    if isinstance(what, Assigned):
        return fact.at_ms < keep.assignments_before
    if isinstance(what, Rated):
        return fact.at_ms < keep.transcripts_before
    return fact.at_ms < keep.audit_before


def _four(fact: Fact) -> Audited:
    assert isinstance(fact.what, Audited)
    return fact.what


def _is_asked(line: Seen, query: AuditQuery) -> bool:
    return (
        query.actor in ("", line.actor)
        and query.target in ("", line.target)
        and query.action in ("", line.action)
        and (not query.since or line.at >= query.since)
        and (not query.until or line.at < query.until)
        and (not query.before or line.entry < query.before)
    )


def filed(one: Conversation) -> Filed:
    """What an archive says of a conversation."""
    return Filed(
        one.id,
        one.customer,
        one.agent or one.last_agent,
        one.queue,
        one.channel,
        one.topic,
        one.arrived_ms,
        one.first_assigned_at_ms,
        one.ended_at_ms or 0,
        one.ended_reason,
        one.wrap_up_code,
        one.seq,
        one.note_seq,
    )


def conversation(
    name: str, customer: str = "carl", *, at_ms: int = 1_000, queue: str = "support"
) -> Conversation:
    """An ended conversation of alice's in which nothing was said."""
    ended = Conversation(
        id=name,
        customer=customer,
        queue=queue,
        channel="chat",
        arrived_ms=at_ms,
        start_ms=at_ms,
        key_ms=at_ms,
        place=1,
        joined_line_ms=at_ms,
    )
    ended.status = ConversationState.CLOSED
    ended.last_agent = "alice"
    ended.first_assigned_at_ms = at_ms + 10
    ended.ended_at_ms = at_ms + 100
    ended.ended_reason = "agent"
    return ended


def talk(name: str, kinds: str, customer: str = "carl", **facts: object) -> Conversation:
    """An ended conversation; ``ttn`` is two texts and a note."""
    one = conversation(name, customer, **facts)  # type: ignore[arg-type]
    for place, letter in enumerate(kinds):
        kind = "note" if letter == "n" else "text"
        author = PersonKey("agent:alice" if place % 2 else f"customer:{customer}")
        one.add(author, "A name", f"{name} {place} é\u0000😀", kind, 1_000 + place)
    return one


def message(seq: int, kind: str = "text", body: str = "hello") -> Message:
    return Message(seq, PersonKey("agent:alice"), "Alice", body, kind, 1_000 + seq)
