"""What every archive promises, whatever keeps it.

Owns: the facts that are kept, in which form they come and go, and the protocol.
Does not know: SQLite, threads, trio, the journal, who may read what.

The promises in prose, checked by ``tests/archive/test_sqlite.py`` against a model:

* Behind the journal. A fact is told apart by its tenant, its journal position and its place among
  the events of that position. ``write`` takes facts in the order of their positions and notes in
  the same transaction how far it is; whatever is at or before that is not taken again.
* All or nothing. A ``write`` that raises left nothing behind; the same facts may come again.
* Tenants never meet: each has its own store, and nothing is asked without naming one.
* An ended conversation is whole: all that was said in it comes with it, in its order.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from msgspec import Struct

from router.archive.pages import Page, PageQuery, Place
from router.conversations import Conversation, Message
from router.figures import FirstWait
from router.paging import Before

__all__ = [
    "Archive",
    "Asked",
    "Assigned",
    "AuditQuery",
    "Audited",
    "Erased",
    "Fact",
    "Filed",
    "Happened",
    "Keep",
    "Rated",
    "Seen",
    "Stay",
]


class Assigned(NamedTuple):
    """A conversation was given to an agent; ``decision`` is the core's packed reason, if kept."""

    assignment: str
    conversation: str
    agent: str
    customer: str
    queue: str
    waited_ms: int
    decision: bytes | None


class Rated(NamedTuple):
    """A customer's rating of a conversation; a later one counts."""

    conversation: str
    customer: str
    agent: str
    score: int
    comment: str


class Audited(NamedTuple):
    """Somebody did, or looked at, what is written down."""

    actor: str
    action: str
    target: str
    purpose: str


class Erased(NamedTuple):
    """All that is kept of a customer up to here goes, but the audit."""

    customer: str


Happened = Conversation | Assigned | Rated | Audited | Erased
"""What a fact says; a conversation that is over for good says itself, and never changes again."""


class Fact(NamedTuple):
    """One thing to be kept, and its place."""

    position: int
    place: int
    at_ms: int
    what: Happened


class Filed(Struct, frozen=True):
    """An ended conversation, without what was said in it."""

    conversation: str
    customer: str
    agent: str
    queue: str
    channel: str
    topic: str
    arrived_at: int
    assigned_at: int | None
    ended_at: int
    reason: str
    code: str
    seq: int
    note_seq: int


class Stay(NamedTuple):
    """When a conversation came, was first given to an agent, and ended; and why it did.

    ``deferrable``: it waited without its customer (a message that was left, an e-mail); None where
    an older release wrote it, which did not keep that.
    """

    queue: str
    channel: str
    klass: str
    arrived_at: int
    assigned_at: int | None
    ended_at: int
    reason: str
    deferrable: bool | None


class Asked(NamedTuple):
    """Before which conversation, in the order of arrival, a page of a customer's begins."""

    arrived_at: int
    conversation: str


class AuditQuery(Struct, frozen=True):
    """Which lines of the audit trail; an empty text or 0 is no condition.

    ``since`` counts in, ``until`` does not. Lines come the newest first, those before ``before``.
    """

    actor: str = ""
    target: str = ""
    action: str = ""
    since: int = 0
    until: int = 0
    before: int = 0
    limit: int = 100


class Seen(Struct, frozen=True):
    """One line of the audit trail; ``entry`` counts them, ``position`` is the journal's."""

    entry: int
    at: int
    actor: str
    action: str
    target: str
    purpose: str
    position: int


class Keep(Struct, frozen=True):
    """What may go: whatever is older than these instants; 0 keeps it."""

    transcripts_before: int = 0
    assignments_before: int = 0
    audit_before: int = 0
    queues: Mapping[str, int] = {}
    """By queue, what goes for ``transcripts_before`` there."""


class Archive(Protocol):
    """What is kept of ended conversations, for all tenants; blocking, called from threads."""

    def position(self, tenant: str) -> int:
        """How far it is: what happened up to there needs no journal any more.

        Known at once, without the disk, and durable.
        """

    def write(self, tenant: str, facts: Sequence[Fact], position: int) -> None:
        """Keeps what is new of the facts, and notes that all up to ``position`` is kept.

        Raises:
            ArchiveUnavailable: nothing was kept; try again later.
        """

    def prune(self, tenant: str, keep: Keep, count_max: int) -> int:
        """Deletes at most so many rows that may go; how many went.

        Raises:
            ArchiveUnavailable: nothing went.
        """

    def conversation(self, tenant: str, conversation: str) -> Filed | None:
        """An ended conversation, or None.

        Raises:
            ArchiveUnavailable: it cannot be read now; so do the following.
        """

    def conversations_of(
        self, tenant: str, customer: str, before: Asked | None, limit: int, *, notes: bool
    ) -> list[Filed]:
        """A customer's in which anything was said, the newest arrival first."""

    def messages(
        self, tenant: str, conversation: str, before: Before, limit: int, *, notes: bool
    ) -> list[Message]:
        """What was said before the bound, the newest first; notes only where asked for."""

    def audit(self, tenant: str, query: AuditQuery) -> list[Seen]:
        """Lines of the audit trail, the newest first."""

    def first_waits(self, tenant: str, since_ms: int, position: int) -> list[FirstWait]:
        """What became of first waits since then, as of a position, in the order of time.

        Who left had waited since arrival; a wait that began later is not told apart.
        """

    def rows(self, tenant: str, kind: str, query: PageQuery) -> Iterator[dict[str, object]]:
        """All that is asked for of a kind as rows, the oldest first; ``limit`` at a time."""

    def page(self, tenant: str, kind: str, query: PageQuery, after: Place) -> Page:
        """Rows of a kind behind a place, the oldest first.

        Raises:
            ValueError: the place is none of this kind.
        """

    def close(self) -> None:
        """Lets go of everything."""
