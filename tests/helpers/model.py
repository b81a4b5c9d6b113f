"""A router that is too simple to be wrong: everything is found by looking at everybody.

``Model.apply`` has the contract of ``Router.apply`` and reports plain tuples; ``traces.traced``
makes the same of the core's events. Where the two differ, one of them is wrong about the design.
This half has time, people and offers; ``model_asking`` requests, ``model_work``
conversations, ``model_line`` the matching.
"""

import re

import msgspec

from router import commands as c
from router.policy import Policy
from tests.helpers.model_asking import ModelAsking
from tests.helpers.model_line import IN_LINE, Offer, Person, Trace
from tests.helpers.model_work import No

__all__ = ["Model"]

Answer = c.SeeOffer | c.AcceptOffer | c.DeclineOffer


def _method(command: c.Command) -> str:
    """``do_accept_offer`` for ``AcceptOffer``."""
    return "do" + re.sub(r"([A-Z])", r"_\1", type(command).__name__).lower()


class Model(ModelAsking):
    """The naive router; commands are methods ``do_<name>``, deadlines of ``on_<kind>``."""

    def __init__(self, policy: Policy) -> None:
        super().__init__(policy)
        self.ops: dict[tuple[str, str], tuple[bytes, Trace]] = {}

    def apply(self, command: c.Command, now: int) -> list[Trace]:
        self.position += 1
        self.trace = []
        self._pass_time(now, nobody_was_there=isinstance(command, c.EndOutage))
        before = len(self.trace)
        try:
            answer = self._once(command)
        except No as no:
            return [*self.trace, ("refused", no.code, no.outcome)]
        self.trace.insert(before, ("done", *answer))
        return self.trace

    def _once(self, command: c.Command) -> Trace:
        self._must_be_here(command)
        if not isinstance(command, c.RequestConversation | c.TransferConversation):
            answer = self._act(command)
            return answer or ()
        content = msgspec.json.encode((command, type(command).__name__))
        if isinstance(command, c.RequestConversation):
            content = content.replace(command.conversation.encode(), b"")
        content = content.replace(command.by.connection.encode(), b"")
        known = self.ops.get((command.by.key, command.op))
        if known is not None:
            if known[0] != content:
                raise No(111)
            return known[1]
        answer = self._act(command)
        assert answer is not None
        one = self.conversations[answer[0]]
        answer = (*answer, one.status, self.ahead(one))
        self.ops[command.by.key, command.op] = (content, answer)
        return answer

    def _act(self, command: c.Command) -> Trace | None:
        answer: Trace | None = getattr(self, _method(command))(command)
        by = getattr(command, "by", None)
        if by is not None and by.role == "agent" and not isinstance(command, c.Disconnect):
            agent = self.agents.get(by.id)
            if agent is not None and agent.shunned and agent.here:
                self.cancel(agent.name, "agent_shunned")
                agent.shunned = False
        self._settle()
        return answer

    def _must_be_here(self, command: c.Command) -> None:
        by = getattr(command, "by", None)
        free = c.Connect | c.Disconnect
        if by is None or by.role not in ("agent", "customer") or isinstance(command, free):
            return
        person = (self.agents if by.role == "agent" else self.customers).get(by.id)
        if person is None or not (person.here or person.lapsing):
            raise No(101)

    def _settle(self) -> None:
        for person in self.agents.values():
            if person.next is not None and not self.load(person.name):
                self._declare(person, person.next)
        self.review_held()
        self.match()

    # -- time

    def _pass_time(self, now: int, *, nobody_was_there: bool) -> None:
        late = self.timers and now - min(self.timers.values())[0] > 2_000
        if late or nobody_was_there:
            self._outage(now)
        while self.timers:
            (kind, owner), (due, _) = min(self.timers.items(), key=lambda item: item[1])
            if due > now:
                break
            del self.timers[kind, owner]
            self.now = max(self.now, due)
            getattr(self, f"on_{kind}")(owner)
            self._settle()
        self.now = now

    def _outage(self, now: int) -> None:
        lost = now - self.now
        self.timers = {key: (due + lost, order) for key, (due, order) in self.timers.items()}
        for one in self.conversations.values():
            one.declined = {a: t + lost if t > self.now else t for a, t in one.declined.items()}
            if one.status in IN_LINE:
                one.joined += lost
            if one.status == "active":
                one.heard += lost
        self.now = now
        for role, people in (("agent", self.agents), ("customer", self.customers)):
            for person in people.values():
                if person.lapsing:
                    self._start_grace(role, person)

    # -- people

    def do_tick(self, _: c.Tick) -> None:
        pass

    def do_end_outage(self, _: c.EndOutage) -> None:
        pass

    def do_report_activity(self, _: c.ReportActivity) -> None:
        pass

    def do_connect(self, command: c.Connect) -> None:
        by = command.by
        people = self.agents if by.role == "agent" else self.customers
        if by.role not in ("agent", "customer"):
            return
        person = people.setdefault(by.id, Person(by.id))
        was_away = not person.here and not person.lapsing
        person.here[by.connection] = command.life
        person.lapsing = False
        if by.role == "customer":
            self._prove(person, command.claims)
            person.klass = command.claims.klass
            person.owner = command.claims.attributes.get(self.policy.relation_attribute, "")
            self.cancel(by.id, "customer_gone", "customer_grace")
            if person.known_gone:
                person.known_gone = False
                self._tell(person, here=True)
            return
        person.known_gone = False
        self.cancel(by.id, "agent_offer", "agent_offline", "agent_grace")
        if person.show == "offline" and was_away:
            person.show = "away"
            person.soft = self.policy.soft_start.offers
            self._to_the_back(person)

    def _prove(self, customer: Person, claims: c.Claims) -> None:
        """The account and the verified address; ``review_held`` sees to all whom that concerns."""
        customer.account = claims.account or customer.account
        if claims.verified:
            for name in self.policy.contact_attributes:
                if claims.attributes.get(name):
                    customer.contact = f"{name}:{claims.attributes[name].strip().lower()}"
                    break

    def _tell(self, customer: Person, *, here: bool) -> None:
        for one in self.open_of(customer.name):
            if one.agent:
                self.trace.append(("customer", one.name, here))

    def do_disconnect(self, command: c.Disconnect) -> None:
        by = command.by
        people = self.agents if by.role == "agent" else self.customers
        person = people.get(by.id)
        if person is not None and by.connection in person.here:
            self._detach(by.role, person, by.connection, leave=command.leave)

    def _detach(self, role: str, person: Person, connection: str, *, leave: bool) -> None:
        del person.here[connection]
        if person.here:
            return
        if leave:
            self._over(role, person)
        else:
            person.lapsing = True
            self._start_grace(role, person)

    def do_lose_node(self, command: c.LoseNode) -> None:
        for role, people in (("agent", self.agents), ("customer", self.customers)):
            for person in people.values():
                for connection, life in list(person.here.items()):
                    if life == command.life:
                        self._detach(role, person, connection, leave=False)

    def _start_grace(self, role: str, person: Person) -> None:
        grace = self.policy.grace_ms
        rows = {
            "agent": (("agent_offer", 5_000), ("agent_offline", 30_000), ("agent_grace", grace)),
            "customer": (("customer_gone", 45_000), ("customer_grace", grace)),
        }
        for kind, after in rows[role]:
            self.set(kind, person.name, self.now + min(after, grace))

    def on_agent_offer(self, name: str) -> None:
        for offer in self._pending(name):
            self._undeliver(offer)

    def _pending(self, agent: str) -> list[Offer]:
        return [o for o in self.offers.values() if o.agent == agent and o.outcome == "pending"]

    def on_agent_offline(self, name: str) -> None:
        self.agents[name].known_gone = True

    def on_agent_grace(self, name: str) -> None:
        self._over("agent", self.agents[name])

    def on_customer_gone(self, name: str) -> None:
        self.customers[name].known_gone = True
        self._tell(self.customers[name], here=False)

    def on_customer_grace(self, name: str) -> None:
        self._over("customer", self.customers[name])

    def _over(self, role: str, person: Person) -> None:
        person.lapsing = False
        if role == "agent":
            self.cancel(person.name, "agent_offer", "agent_offline", "agent_grace", "agent_until")
            self.on_agent_offer(person.name)
            person.show, person.next, person.back_to, person.known_gone = (
                "offline",
                None,
                None,
                False,
            )
            self._stop_pace(person)
            self._orphan_all(person)
            self._left(person.name)
            return
        self.cancel(person.name, "customer_gone", "customer_grace")
        mine = [one for one in self.open_of(person.name) if one.needs_presence]
        for one in sorted(mine, key=lambda one: one.status != "held"):
            if one.status == "active":
                self._end(one, "customer_lost")
            else:
                self._abandon(one, "abandoned")
        if not person.known_gone:
            person.known_gone = True
            self._tell(person, here=False)

    def _orphan_all(self, agent: Person) -> None:
        mine = [one for one in self.conversations.values() if one.agent == agent.name]
        for one in sorted(mine, key=lambda one: one.order):
            if one.status == "wrap_up":
                self._complete(one)
            else:
                self._send_back(one)

    def do_set_presence(self, command: c.SetPresence) -> None:
        agent = self._agent(command.by.id)
        before = agent.show
        self._declare(agent, command.show)
        agent.channels.update(command.channels or {})
        if command.until_ms is not None:
            agent.back_to = before
            self.set("agent_until", agent.name, self.now + command.until_ms)
        agent.next = command.next

    def do_set_agent_presence(self, command: c.SetAgentPresence) -> None:
        agent = self._agent(command.agent)
        if not agent.here and not agent.lapsing:
            raise No(115)
        self._declare(agent, command.show)

    def _stop_pace(self, agent: Person) -> None:
        agent.soft, agent.paced = 0, False
        self.cancel(agent.name, "agent_pace")

    def on_agent_pace(self, name: str) -> None:
        self.agents[name].paced = False

    def _declare(self, agent: Person, show: str) -> None:
        before = agent.show
        agent.show, agent.next, agent.back_to, agent.missed = show, None, None, 0
        self.cancel(agent.name, "agent_until")
        if show != "available":
            for offer in self._pending(agent.name):
                self._end_offer(offer, "revoked")
        if before != "offline" and show == "offline":
            self._stop_pace(agent)
            self._left(agent.name)
        elif before == "offline" and show != "offline":
            agent.soft = self.policy.soft_start.offers

    def on_agent_until(self, name: str) -> None:
        agent = self.agents[name]
        if agent.back_to:
            self._declare(agent, agent.back_to)

    def on_agent_shunned(self, name: str) -> None:
        self.agents[name].shunned = False

    # -- offers

    def _offer_of(self, command: Answer) -> Offer:
        offer = self.offers.get(command.offer)
        if offer is None or offer.agent != command.by.id:
            raise No(103)
        if offer.outcome != "pending":
            raise No(113, offer.outcome)
        return offer

    def _took_effect(self, command: Answer, outcome: str) -> bool:
        offer = self.offers.get(command.offer)
        return offer is not None and (offer.agent, offer.outcome) == (command.by.id, outcome)

    def do_see_offer(self, command: c.SeeOffer) -> None:
        offer = self._offer_of(command)
        if self.queue(self.conversations[offer.conversation].queue).assign == "direct":
            self._accept(offer)
        offer.seen = True
        self.cancel(offer.name, "offer_seen")

    def do_accept_offer(self, command: c.AcceptOffer) -> None:
        if not self._took_effect(command, "accepted"):
            self._accept(self._offer_of(command))

    def _accept(self, offer: Offer) -> None:
        one = self._close_offer(offer, "accepted")
        self._leave_line(one)
        self._give(one, offer.agent)

    def do_decline_offer(self, command: c.DeclineOffer) -> None:
        if self._took_effect(command, "declined"):
            return
        offer = self._offer_of(command)
        if self.queue(self.conversations[offer.conversation].queue).assign == "direct":
            raise No(115)
        self._refuse(self.conversations[offer.conversation], offer.agent)
        self._to_the_back(self.agents[offer.agent])
        self.agents[offer.agent].missed = 0
        self._end_offer(offer, "declined")

    def on_offer_seen(self, name: str) -> None:
        self._undeliver(self.offers[name])

    def on_offer_expire(self, name: str) -> None:
        offer = self.offers[name]
        if not offer.seen:
            self._undeliver(offer)
            return
        agent = self.agents[offer.agent]
        self._refuse(self.conversations[offer.conversation], offer.agent)
        self._to_the_back(agent)
        agent.missed += 1
        if agent.missed >= self.policy.missed_offers_max:
            agent.show, agent.next, agent.back_to, agent.missed = "away", None, None, 0
            self.cancel(agent.name, "agent_until")
        self._end_offer(offer, "expired")

    def _undeliver(self, offer: Offer) -> None:
        self.agents[offer.agent].shunned = True
        self.set("agent_shunned", offer.agent, self.now + 30_000)
        self._end_offer(offer, "undelivered")
