"""The middle of the naive router (``model.py``): the life of each conversation."""

from dataclasses import replace

from router import commands as c
from tests.helpers.model_line import IN_LINE, MINUTE, Conversation, ModelLine, Offer, Person, Trace
from tests.helpers.model_room import Meeting

__all__ = ["ModelWork", "No"]


class No(Exception):
    """A refusal: its code, and the outcome of an offer that is gone."""

    def __init__(self, code: int, outcome: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.outcome = outcome


class ModelWork(ModelLine):
    """What people do with conversations, and what follows for the line."""

    def _to_the_back(self, agent: Person) -> None:
        agent.idle = (self.now, self.next("idle"))

    def _agent(self, name: str) -> Person:
        if name not in self.agents:
            raise No(103)
        return self.agents[name]

    def _refuse(self, one: Conversation, agent: str) -> None:
        one.declined[agent] = self.now + MINUTE
        self.on_refusal(one.name)

    def on_refusal(self, name: str) -> None:
        later = [due for due in self.conversations[name].declined.values() if due > self.now]
        if later:
            self.set("refusal", name, min(later))

    def _close_offer(self, offer: Offer, outcome: str) -> Conversation:
        one = self.conversations[offer.conversation]
        offer.outcome, one.offer = outcome, ""
        self.cancel(offer.name, "offer_seen", "offer_expire")
        self.trace.append(("offer_ended", offer.name, outcome))
        return one

    def _end_offer(self, offer: Offer, outcome: str) -> None:
        one = self._close_offer(offer, outcome)
        if outcome != "withdrawn":
            one.status = "waiting"
            self._say_queued(one, "returned")

    # -- the line

    def _say_queued(self, one: Conversation, cause: str) -> None:
        self.trace.append(("queued", one.name, one.status, one.queue, one.key, cause))

    def _head_start(self, klass: str) -> int:
        return min(self.policy.classes.get(klass, 0), self.policy.head_start_max_ms)

    def _enqueue(self, one: Conversation, cause: str, *, fresh: bool = True) -> None:
        queue = self.queue(one.queue)
        if fresh:
            one.step, one.joined = 0, self.now
        self._set_step(one)
        if queue.wait_max_ms:
            self.set("wait_max", one.name, self.now + queue.wait_max_ms)
        if one.own_alone:
            self.set("transfer_wait", one.name, self.now + self.policy.transfer_wait_ms)
        self._say_queued(one, cause)

    def _set_step(self, one: Conversation) -> None:
        steps = self.queue(one.queue).steps
        if one.step < len(steps):
            self.set("step", one.name, max(self.now, one.joined + steps[one.step].after_ms))

    def on_step(self, name: str) -> None:
        one = self.conversations[name]
        one.step += 1
        one.declined.clear()
        self._set_step(one)

    def on_wait_max(self, name: str) -> None:
        self._abandon(self.conversations[name], "expired")

    def on_transfer_wait(self, name: str) -> None:
        one = self.conversations[name]
        one.only, one.waits_for_last = "", False
        if one.own_alone and any(self.signed_in(a) and self.could(a, one) for a in self.agents):
            self.set("transfer_wait", name, self.now + self.policy.transfer_wait_ms)
        elif one.own_alone:
            one.own_alone, one.needs = False, {}

    def _left(self, agent: str) -> None:
        """The agent signed out: who waits for whom they were served by last waits no longer."""
        for one in self.conversations.values():
            if one.waits_for_last and one.only == agent and self.is_asked(one):
                self.cancel(one.name, "transfer_wait")
                self.on_transfer_wait(one.name)

    def _leave_line(self, one: Conversation) -> None:
        self.cancel(one.name, "step", "wait_max", "transfer_wait", "keep_room")
        one.passed.clear()

    def _first(self, customer: str, deferrable: bool) -> Conversation | None:
        mine = [one for one in self.theirs(customer) if one.deferrable == deferrable]
        in_line = [one for one in mine if one.status in IN_LINE]
        served = [one for one in in_line if self._could_anybody(one)]
        return next(iter([*served, *in_line]), None)

    def _holder(self, held: Conversation) -> Conversation | None:
        first = self._first(held.customer, held.deferrable)
        if first and (self._could_anybody(first) or not self._could_anybody(held)):
            return first
        if self.policy.one_place == "ended":
            for one in self.theirs(held.customer):
                if one.status == "active" and one.deferrable == held.deferrable:
                    return one
        return None

    def _could_anybody(self, one: Conversation) -> bool:
        """Whether somebody signed in could serve it, now or at a later step."""
        last = len(self.queue(one.queue).steps)
        later = [replace(one, step=step) for step in range(one.step, last + 1)]
        agents = [agent for agent in self.agents if self.signed_in(agent)]
        return bool(one.only) or any(self.could(a, at) for a in agents for at in later)

    def review_held(self) -> None:
        for one in sorted(self.conversations.values(), key=lambda one: (one.arrived, one.place)):
            if one.status == "held":
                self._promote(one.customer, one.deferrable)

    def _lend(self, first: Conversation, held: Conversation) -> None:
        key = max(first.start, held.start) - self._head_start(held.klass)
        first.key = min(first.key, key)

    def _promote(self, customer: str, deferrable: bool) -> None:
        held = [
            one
            for one in self.theirs(customer)
            if one.status == "held" and one.deferrable == deferrable
        ]
        for one in held:
            if self._holder(one) is None:
                self._promote_one(one)

    def _promote_one(self, one: Conversation) -> None:
        one.status, one.place = "waiting", self.position
        one.start = self.now + (self.queue(one.queue).defer_ms if one.deferrable else 0)
        one.key = one.start - self._head_start(one.klass)
        self._enqueue(one, "promoted")
        for other in self.theirs(one.customer):
            if other.status == "held" and other.deferrable == one.deferrable:
                self._lend(one, other)

    # -- ends

    def _give(self, one: Conversation, agent: str) -> None:
        one.status, one.order = "active", self.next("assignment")
        one.agent = one.last_agent = agent
        one.assigned, one.only, one.waits_for_last = self.now, "", False
        one.heard = self.now
        if self.policy.quiet_ms:
            self.set("quiet", one.name, self.now + self.policy.quiet_ms)
        self.agents[agent].missed = 0
        self._to_the_back(self.agents[agent])
        waited = max(0, self.now - one.start)
        self.trace.append(("assigned", one.name, f"a{one.order}", agent, waited))
        self._expect_answer(one)
        if self.policy.one_place == "assigned":
            self._promote(one.customer, one.deferrable)

    def _take_from_agent(self, one: Conversation) -> None:
        met = self.customers[one.customer].met
        met[:] = [meeting for meeting in met if meeting.conversation != one.name][-19:]
        passed_on = not one.reason
        met.append(Meeting(one.name, one.agent, self.now, one.topic, passed_on, one.rating))
        self._to_the_back(self.agents[one.agent])
        one.agent = ""
        self.cancel(one.name, "wrap_up")
        self._stop_clocks(one)

    def _abandon(self, one: Conversation, reason: str) -> None:
        if one.status not in ("held", *IN_LINE):
            raise No(115)
        if one.offer:
            self._end_offer(self.offers[one.offer], "withdrawn")
        one.status = "expired" if reason == "expired" else "abandoned"
        self._leave_line(one)
        self._close(one, reason)

    def _close(self, one: Conversation, reason: str) -> None:
        one.reason = reason
        self.trace.append(("ended", one.name, reason))
        self._promote(one.customer, one.deferrable)
        self._forget_later(one)

    def _forget_later(self, one: Conversation) -> None:
        self.cancel(one.name, "refusal")
        self.set("forget", one.name, self.now + 600_000)

    def on_forget(self, name: str) -> None:
        del self.conversations[name]
        self.trace.append(("forgotten", name))

    def _end(self, one: Conversation, reason: str, *, skips: bool = False) -> None:
        if one.status == "snoozed":
            self.cancel(one.name, "snooze")
            one.status = "closed"
            self._close(one, reason)
            return
        if one.status != "active":
            raise No(115)
        mode, wrap_up = self.queue(one.queue).wrap_up, self.queue(one.queue).wrap_up_ms
        if (mode != "free" and not wrap_up) or (mode == "optional" and skips):
            one.reason = reason
            self._take_from_agent(one)
            one.status = "closed"
            self._close(one, reason)
            return
        one.status, one.reason = "wrap_up", reason
        self._stop_clocks(one)
        if mode != "free":
            self.set("wrap_up", one.name, self.now + wrap_up)
        self.trace += [("ended", one.name, reason), ("wrap_up", one.name, one.agent)]
        self._promote(one.customer, one.deferrable)

    def on_wrap_up(self, name: str) -> None:
        self._complete(self.conversations[name])

    def _complete(self, one: Conversation) -> None:
        self._take_from_agent(one)
        one.status = "closed"
        self.trace.append(("ended", one.name, one.reason))
        self._forget_later(one)

    # -- commands

    def _theirs(self, by: c.Actor, conversation: str) -> Conversation:
        one = self.conversations.get(conversation)
        if one is None or (by.role == "customer" and one.customer != by.id):
            raise No(103)
        is_kept = one.reason or one.status == "snoozed"
        served = one.agent or (one.last_agent if is_kept else "")
        if by.role == "agent" and served != by.id:
            raise No(102)
        return one

    def do_cancel_conversation(self, command: c.CancelConversation) -> None:
        one = self._theirs(command.by, command.conversation)
        if one.reason != "cancelled":
            self._abandon(one, "cancelled")

    def do_end_conversation(self, command: c.EndConversation) -> None:
        one = self._theirs(command.by, command.conversation)
        is_customer = command.by.role == "customer"
        reason = "customer" if is_customer else "agent"
        if one.reason == reason:
            return
        if is_customer and one.status in ("held", *IN_LINE):
            self._abandon(one, "cancelled")
        else:
            self._end(one, reason, skips=not is_customer and not command.wrap_up)

    def do_complete_wrap_up(self, command: c.CompleteWrapUp) -> None:
        one = self._theirs(command.by, command.conversation)
        if one.status == "closed":
            return
        if one.status != "wrap_up":
            raise No(115)
        if self.queue(one.queue).wrap_up != "fixed":
            self._complete(one)

    def do_assign_conversation(self, command: c.AssignConversation) -> None:
        one = self._theirs(command.by, command.conversation)
        self._agent(command.agent)
        if one.status not in ("held", "active", "snoozed", *IN_LINE) or one.agent == command.agent:
            raise No(115)
        if not self.signed_in(command.agent):
            raise No(115)
        offer = self.offers[one.offer] if one.offer else None
        if offer is not None and offer.agent == command.agent:
            self._close_offer(offer, "revoked")
        elif not self.has_room(command.agent, one.channel):
            raise No(114)
        elif offer is not None:
            self._end_offer(offer, "taken" if command.by.role == "service" else "revoked")
        self._give_by_hand(one, command.agent)

    def _give_by_hand(self, one: Conversation, agent: str) -> None:
        if one.agent:
            self._take_from_agent(one)
        self.cancel(one.name, "snooze")
        self._leave_line(one)
        self._give(one, agent)

    def do_set_priority(self, command: c.SetPriority) -> None:
        one = self._theirs(command.by, command.conversation)
        if command.priority not in self.policy.classes:
            raise No(105)
        if one.status not in ("held", *IN_LINE):
            raise No(115)
        one.klass = command.priority
        one.key = min(one.key, one.start - self._head_start(one.klass))
        first = self._first(one.customer, one.deferrable)
        if one.status == "held" and first is not None and first.status in IN_LINE:
            self._lend(first, one)

    def do_rate_conversation(self, command: c.RateConversation) -> None:
        one = self._theirs(command.by, command.conversation)
        if not 1 <= command.score <= 5:
            raise No(105)
        one.rating = command.score
        for meeting in self.customers[one.customer].met:
            if meeting.conversation == one.name:
                meeting.rating = command.score

    def do_send_message(self, command: c.SendMessage) -> Trace:
        one = self._theirs(command.by, command.conversation)
        if one.reason:
            raise No(115)
        self._add_message(one, by_customer=command.by.role == "customer")
        if command.by.role == "customer" and one.status == "snoozed":
            self.on_snooze(one.name)
        return "seq", one.seq

    def on_snooze(self, name: str) -> None:
        """Back in line, for the agent who had it alone where that agent is free."""
        one = self.conversations[name]
        self.cancel(name, "snooze")
        last = one.last_agent
        one.declined.pop(last, None)
        one.status, one.preferred = "waiting", last
        free = last not in one.avoid and self.is_free(last, one.channel)
        one.only = last if free else ""
        one.joined += self.now - one.assigned
        self._enqueue(one, "returned", fresh=False)
        if free:
            self.set("transfer_wait", name, self.now + self.policy.transfer_wait_ms)

    def _add_message(self, one: Conversation, *, by_customer: bool) -> None:
        one.seq += 1
        self.trace.append(("message", one.name, one.seq))
        one.heard = self.now
        if one.quiet:
            one.quiet = False
            self.set("quiet", one.name, self.now + self.policy.quiet_ms)
        if by_customer:
            one.unanswered = self.now if one.unanswered is None else one.unanswered
            self._expect_answer(one)
        else:
            one.unanswered, one.overdue = None, False
            self.cancel(one.name, "no_reply")

    # -- clocks of an active conversation

    def on_quiet(self, name: str) -> None:
        one = self.conversations[name]
        due = one.heard + self.policy.quiet_ms
        if due > self.now:
            self.set("quiet", name, due)
        else:
            one.quiet = True

    def _stop_clocks(self, one: Conversation) -> None:
        self.cancel(one.name, "quiet", "no_reply")
        one.quiet = one.overdue = False

    def _expect_answer(self, one: Conversation) -> None:
        within = self.queue(one.queue).reply_within_ms
        runs = ("no_reply", one.name) in self.timers or one.overdue
        if within and one.unanswered is not None and one.status == "active" and not runs:
            self.set("no_reply", one.name, self.now + within)

    def on_no_reply(self, name: str) -> None:
        one = self.conversations[name]
        assert one.unanswered is not None
        agent, one.overdue = one.agent, True
        requeued = self.queue(one.queue).no_reply == "requeue"
        self.trace.append(("missed", name, agent, self.now - one.unanswered, requeued))
        if requeued:
            self._send_back(one)
            self._refuse(one, agent)

    def _send_back(self, one: Conversation) -> None:
        """Back in line with its key, and with its steps where they were."""
        self._take_from_agent(one)
        one.status = "waiting"
        one.joined += self.now - one.assigned
        self._enqueue(one, "returned", fresh=False)
