"""The asking part of the naive router (``model.py``): what becomes of a request."""

from router import commands as c
from router.policy import Queue
from tests.helpers.model_line import IN_LINE, Conversation, Person, Trace
from tests.helpers.model_passing import ModelPassing
from tests.helpers.model_work import No

__all__ = ["ModelAsking"]


class ModelAsking(ModelPassing):
    """Into which queue a request may come, and what it becomes there."""

    def do_request_conversation(self, command: c.RequestConversation) -> Trace:
        customer = command.by.id if command.by.role == "customer" else command.customer
        assert customer is not None
        if command.reopens in [one.name for one in self.open_of(customer)]:
            raise No(105)
        queue = self._queue_for(command)
        same = self._same(customer, queue, command)
        if same is not None:
            if command.body:
                self._add_message(same, by_customer=True)
            return same.name, True
        if len(list(self.open_of(customer))) >= 50:
            raise No(106)
        person = self.customers.get(customer, Person(customer))
        own = (
            person.klass if person.klass in self.policy.classes else next(iter(self.policy.classes))
        )
        one = self._admitted(command, queue, person, command.priority or own)
        self.customers[customer] = person
        self.arrivals.setdefault(one.queue, []).append(self._head_start(one.klass) > 0)
        if one.only:
            wait = self.queue(one.queue).prefer_agent_ms
            self.set("transfer_wait", one.name, self.now + wait)
        first = self._holder(one)
        self.conversations[one.name] = one
        self._place(one, first)
        if command.body:
            self._add_message(one, by_customer=True)
        return one.name, False

    def _place(self, one: Conversation, first: Conversation | None) -> None:
        """In line, or held behind the customer's first."""
        if first is None:
            self._enqueue(one, "requested")
            return
        one.status = "held"
        self._say_queued(one, "requested")
        if first.status in IN_LINE:
            self._lend(first, one)

    def _same(
        self, customer: str, queue: Queue, command: c.RequestConversation
    ) -> Conversation | None:
        """What the customer has in line, or held, that asks for the same."""
        asked = (queue.id, command.channel, command.topic, command.deferrable)
        for one in self.open_of(customer):
            same = (one.queue, one.channel, one.topic, one.deferrable) == asked
            if same and one.status in ("held", *IN_LINE):
                return one
        return None

    def _queue_for(self, command: c.RequestConversation) -> Queue:
        for queue in self.policy.queues:
            if queue.id == command.queue or not command.queue:
                if command.channel in queue.channels:
                    return queue
                if command.queue:
                    raise No(105)
        raise No(103 if command.queue else 105)

    def _admitted(
        self, command: c.RequestConversation, queue: Queue, person: Person, klass: str
    ) -> Conversation:
        """In a queue that has room, or in which it would be offered at once."""
        others = [other for other in self.policy.queues if other.id == queue.overflow]
        for asked in (queue, *others):
            if asked.id in self.closed and not command.deferrable:
                continue
            waiting = [
                c
                for c in self.conversations.values()
                if c.status in IN_LINE and c.queue == asked.id
            ]
            is_full = len(waiting) >= asked.waiting_max
            if command.priority not in ("", *self.policy.classes):
                raise No(105)
            one = self._new(command, person.name, asked, klass)
            is_here = bool(person.here) or not one.needs_presence
            is_first = is_here and self._holder(one) is None
            at_once = is_first and any(self.may_take(a, one) for a in self.agents)
            if not is_full or at_once:
                return one
        raise No(120)

    def _new(
        self, command: c.RequestConversation, customer: str, queue: Queue, klass: str
    ) -> Conversation:
        carried = sum(self.arrivals.get(queue.id, [])[-99:])
        if self._head_start(klass) and 10 * (carried + 1) > queue.class_share_max:
            klass = next(iter(self.policy.classes))
        start = self.now + (queue.defer_ms if command.deferrable else 0)
        one = Conversation(
            name=command.conversation,
            customer=customer,
            queue=queue.id,
            channel=command.channel,
            topic=command.topic,
            klass=klass,
            arrived=self.now,
            start=start,
            key=start - self._head_start(klass),
            place=self.position,
            needs={need.skill: need.level for need in command.needs},
            languages=[(wish.tag, wish.level) for wish in command.languages or ()],
            avoid=tuple(command.avoid),
            needs_presence=command.by.role == "customer" and not command.deferrable,
            deferrable=command.deferrable,
            joined=self.now,
            preferred=command.agent or self._who_served(customer, command.reopens),
        )
        if queue.prefer_agent_ms:
            self._wait_for_one(one, queue, command)
        return one

    def _wait_for_one(
        self, one: Conversation, queue: Queue, command: c.RequestConversation
    ) -> None:
        """The agent for whom alone it waits at first: named, or who served the customer last."""
        if command.agent:
            one.only = command.agent if command.agent in self.agents else ""
        elif queue.prefer_agent == "last":
            met = self.customers.get(one.customer, Person(one.customer)).met
            last = one.preferred or (met[-1].agent if met else "")
            if last in self.agents and self.signed_in(last) and last not in one.avoid:
                one.only, one.waits_for_last = last, True

    def _who_served(self, customer: str, conversation: str | None) -> str:
        met = self.customers.get(customer, Person(customer)).met
        return next((one.agent for one in met if one.conversation == conversation), "")

    def do_open_queue(self, command: c.OpenQueue) -> None:
        self.closed = [queue for queue in self.closed if queue != command.queue]

    def do_close_queue(self, command: c.CloseQueue) -> None:
        queue = self.queue(command.queue)
        if queue.id in self.closed:
            return
        self.closed.append(queue.id)
        waiting = [
            one
            for one in self.conversations.values()
            if one.queue == queue.id and one.status in ("held", "waiting") and not one.deferrable
        ]
        if queue.on_close == "end":
            for one in sorted(waiting, key=lambda one: one.status != "held"):
                self._abandon(one, "expired")
