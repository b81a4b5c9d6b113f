"""A recorded journal as behaviour: who asked when, how patient, how long served, who was there.

Owns: following a tenant's commands through a core of its own, and turning what happened into plans
for the stage. Does not know: another policy, or what a difference means.

Invariants: the following router is given exactly the recorded commands at their recorded times; a
plan is made of the record alone, nothing is drawn.

What the mapping assumes, and where it flatters or hides:

* A customer who left unserved (cancelled, lost, ran into the longest wait) has exactly that
  patience. One who was served would have waited for ever, so a worse policy shows too few who
  leave and too long waits.
* A service takes as long whoever gives it, from the first assignment to the end, transfers
  included and without the time for which it was put aside, which is not played. Who was never
  served would have needed the median of their queue.
* A wrap-up that was completed early would be completed as early.
* An agent is there whenever they were shown available, may do what they could do when they last
  signed in, and takes every offer after the median of their recorded times; declines and missed
  offers are not played again.
* Customers keep their connection; messages, ratings, changes of class and assignments by hand do
  not happen.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from statistics import median_low

from msgspec import Struct, field, structs

from router.commands import (
    Command,
    RequestConversation,
    SkipCommand,
)
from router.conversations import Conversation
from router.core import Router
from router.errors import SettingsError
from router.events import (
    AgentChanged,
    CommandAnswered,
    CommandRefused,
    ConversationEnded,
    Event,
    OfferEnded,
    OfferMade,
    WrapUpStarted,
)
from router.ids import ConversationId, CustomerId
from router.journal.base import Record
from router.lab.book import Book, Visit
from router.lab.stage import SERVICE, AgentPlan
from router.lab.watch import Watch
from router.policy import AgentEntry, LanguageWish, Policy
from router.server.recorded import underway_of

__all__ = ["Recorded", "follow"]

Timed = tuple[int, Command]


class Recorded(Struct):
    """What a record shows, and the plans that are made of it."""

    policy: Policy
    """In force at the end of the record."""
    begins_ms: int
    ends_ms: int
    visits: list[Visit]
    watch: Watch
    agents: list[AgentPlan]
    changed_policy: bool
    """Whether another policy was in force before."""

    def plans(self, policy: Policy) -> Iterator[Visit]:
        """The visits as they will be played, with nothing of what became of them.

        A class that the policy does not know is that of everybody.
        """
        usual = _usual_services(self.visits)
        for visit in sorted(self.visits, key=lambda visit: visit.at_ms):
            request = visit.request
            if request.priority not in policy.classes:
                request = structs.replace(request, priority="")
            yield Visit(
                kind=visit.kind,
                at_ms=visit.at_ms,
                request=request,
                service_ms=visit.service_ms or usual.get(visit.queue, 0),
                patience_ms=visit.patience_ms,
                wrap_up_ms=visit.wrap_up_ms,
            )


class _Shift(Struct):
    spans: list[tuple[int, int | None]] = field(default_factory=list)
    since_ms: int | None = None
    answers_ms: list[int] = field(default_factory=list)


def follow(records: Iterable[Record], tenant: str) -> Recorded:
    """Follows the tenant's commands of a journal.

    Raises:
        SettingsError: where the tenant has none.
    """
    commands = _commands(records, tenant)
    if not commands:
        raise SettingsError(f"the journal has no commands of tenant {tenant!r}")
    follower = _Follower(commands[0][0], commands[-1][0] + 1)
    for now_ms, command in commands:
        follower.apply(command, now_ms)
    return follower.finish()


def _commands(records: Iterable[Record], tenant: str) -> list[Timed]:
    """The commands, without those that the server skipped."""
    found: list[Timed] = []
    skipped: list[SkipCommand] = []
    for record in records:
        if record.tenant == tenant:
            command = underway_of(record).command
            found.append((record.now_ms, command))
            if isinstance(command, SkipCommand):
                skipped.append(command)
    for skip in skipped:
        at = skip.position - 1
        if 0 <= at < len(found):
            found[at] = (found[at][0], skip)
    return found


class _Follower:
    """A router that hears the record, and what is noted beside it."""

    def __init__(self, begins_ms: int, ends_ms: int) -> None:
        self._router = Router("record")
        self._watch = Watch(begins_ms, ends_ms)
        self._watch.router = self._router
        self._book = Book(self._router, self._watch)
        self._shifts: dict[str, _Shift] = defaultdict(_Shift)
        self._offered_ms: dict[str, int] = {}
        self._wrapping_ms: dict[str, int] = {}
        self._policy_count = 0

    def apply(self, command: Command, now_ms: int) -> None:
        """Applies a recorded command and notes what came of it."""
        visit = None
        if isinstance(command, RequestConversation):
            visit = Visit(kind="", at_ms=now_ms, request=command)
            self._book.visits.setdefault(visit.id, visit)
        before = self._router.policy
        events = self._router.apply(command, now_ms)
        self._policy_count += self._router.policy != before
        for event in events:
            self._book.note(event, now_ms)
            self._note(event, now_ms)
        if visit is not None and self._book.visits[visit.id] is visit:
            self._asked(visit, events)

    def _asked(self, visit: Visit, events: list[Event]) -> None:
        """Keeps what was truly asked for; a repeated or refused request is no visit."""
        conversation = self._router.world.conversations.by_id.get(visit.id)
        answer = next(
            (one for one in events if isinstance(one, CommandAnswered | CommandRefused)), None
        )
        if conversation is not None:
            visit.request = _as_service(visit.request, conversation)
            visit.kind = conversation.queue
        elif isinstance(answer, CommandAnswered):
            del self._book.visits[visit.id]  # joined, or answered again: nothing new stands
        else:
            queue = visit.request.queue or self._router.policy.queues[0].id
            by = visit.request.customer or CustomerId(visit.request.by.id)
            visit.request = structs.replace(visit.request, by=SERVICE, customer=by, queue=queue)
            visit.kind = queue
            self._book.close(visit, "refused", self._router.now_ms)

    def _note(self, event: Event, now_ms: int) -> None:
        match event:
            case OfferMade():
                self._offered_ms[event.offer] = now_ms
            case OfferEnded():
                asked_ms = self._offered_ms.pop(event.offer, now_ms)
                if event.outcome == "accepted":
                    self._shifts[event.agent].answers_ms.append(now_ms - asked_ms)
            case AgentChanged():
                self._shown(event, now_ms)
            case WrapUpStarted():
                self._wrapping_ms[event.conversation] = now_ms
            case ConversationEnded():
                self._over(event, now_ms)

    def _shown(self, event: AgentChanged, now_ms: int) -> None:
        shift = self._shifts[event.agent]
        is_there = event.show == "available"
        if is_there and shift.since_ms is None:
            shift.since_ms = now_ms
            self._watch.signed_in(event.agent, now_ms)
        elif not is_there and shift.since_ms is not None:
            shift.spans.append((shift.since_ms, now_ms))
            shift.since_ms = None
            self._watch.signed_out(event.agent, now_ms)

    def _over(self, event: ConversationEnded, now_ms: int) -> None:
        visit = self._book.visits[event.conversation]
        wrapping_ms = self._wrapping_ms.pop(event.conversation, None)
        if wrapping_ms is not None and wrapping_ms < now_ms:
            visit.wrap_up_ms = now_ms - wrapping_ms
        if visit.outcome == "served":
            visit.service_ms = visit.ended_ms - visit.answered_ms - visit.aside_ms
        elif visit.outcome:
            visit.patience_ms = visit.ended_ms - visit.at_ms

    def finish(self) -> Recorded:
        """What the whole record shows."""
        watch = self._watch
        for visit in self._book.visits.values():
            if visit.answered_ms >= 0 and not visit.outcome:
                visit.service_ms = watch.ends_ms - visit.answered_ms
        return Recorded(
            policy=self._router.policy,
            begins_ms=watch.begins_ms,
            ends_ms=watch.ends_ms,
            visits=list(self._book.visits.values()),
            watch=watch,
            agents=[self._agent(name) for name in self._shifts],
            changed_policy=self._policy_count > 1,
        )

    def _agent(self, name: str) -> AgentPlan:
        shift = self._shifts[name]
        profile = self._router.world.people.agents[name].profile
        known = self._router.world.directory.get(name)
        spans = list(shift.spans)
        if shift.since_ms is not None:
            spans.append((shift.since_ms, None))
        usual_ms = median_low(shift.answers_ms) if shift.answers_ms else 0
        return AgentPlan(
            entry=AgentEntry(
                id=name,
                skills=dict(profile.skills),
                languages=dict(profile.languages),
                brands=profile.brands,
                capacity=dict(known.capacity) if known is not None else {},
            ),
            shifts=tuple(spans),
            answer_ms=(lambda: usual_ms) if usual_ms else None,
        )


def _as_service(request: RequestConversation, conversation: Conversation) -> RequestConversation:
    """The same request as a service would make it, with what the core knew of the customer."""
    return structs.replace(
        request,
        by=SERVICE,
        op=conversation.id,
        conversation=ConversationId(conversation.id),
        customer=CustomerId(conversation.customer),
        queue=conversation.queue,
        languages=tuple(LanguageWish(tag, least) for tag, least in conversation.own_languages),
        priority=conversation.klass,
        body="",
        deferrable=conversation.deferrable,
    )


def _usual_services(visits: Iterable[Visit]) -> dict[str, int]:
    """The median service of each queue."""
    by_queue: dict[str, list[int]] = defaultdict(list)
    for visit in visits:
        if visit.outcome == "served":
            by_queue[visit.queue].append(visit.service_ms)
    return {queue: median_low(services) for queue, services in by_queue.items()}
