"""Seeded crowds: policies, and people who do anything at any time, sensible or not."""

import random
from collections.abc import Callable, Iterator
from typing import Any

from router.commands import (
    AcceptOffer,
    Actor,
    AssignConversation,
    CancelConversation,
    Claims,
    CloseQueue,
    Command,
    CompleteWrapUp,
    Connect,
    DeclineOffer,
    Disconnect,
    EndConversation,
    EndOutage,
    LoseNode,
    OpenQueue,
    RateConversation,
    ReportActivity,
    RequestConversation,
    ResumeConversation,
    SeeOffer,
    SendMessage,
    SetAgentPresence,
    SetAgentSkills,
    SetPolicy,
    SetPresence,
    SetPriority,
    SnoozeConversation,
    Tick,
    TransferConversation,
)
from router.core import Router
from router.ids import AgentId, ConversationId, CustomerId, OfferId
from router.policy import (
    AgentEntry,
    LanguageWish,
    Policy,
    Queue,
    SkillNeed,
    SoftStart,
    Step,
    Weights,
)
from tests.helpers.worlds import START_MS, agent, customer, service, supervisor

SHOWS = (*("available",) * 12, "busy", "away", "dnd", "offline")
SKILLS = ("bills", "lamps")
LANGUAGES = ("en", "fr")


def a_policy(rng: random.Random, agents: int = 4) -> Policy:
    """Some policy: two queues with steps, agents of different skills, any of the options."""
    queues = (
        Queue(
            id="one",
            channels=("chat", "email"),
            needs=(SkillNeed("bills", rng.choice((10, 50))),),
            steps=(
                Step(after_ms=7_000, needs=(SkillNeed("bills", 5),)),
                Step(after_ms=rng.choice((9_000, 70_000)), needs=(), any_language=True),
            ),
            **_wrap_up(rng),
            wait_max_ms=rng.choice((0, 0, 90_000)),
            waiting_max=rng.choice((4, 1_000)),
            overflow=rng.choice(("", "two")),
            defer_ms=20_000,
            prefer_agent_ms=rng.choice((0, 8_000)),
            prefer_agent=rng.choice(("named", "last")),
            class_share_max=rng.choice((1000, 1000, 50)),
            reply_within_ms=rng.choice((0, 5_000)),
            no_reply=rng.choice(("flag", "requeue")),
            on_close=rng.choice(("keep", "end")),
        ),
        Queue(
            id="two",
            channels=("chat",),
            assign=rng.choice(("offer", "direct")),
            waiting_max=rng.choice((2, 50)),
        ),
    )
    return Policy(
        queues=queues,
        agents=tuple(_entry(rng, f"a{n}") for n in range(agents)),
        grace_ms=rng.choice((3_000, 40_000, 120_000)),
        one_place=rng.choice(("assigned", "assigned", "ended")),
        cost=rng.choice(({}, {"email": 2})),
        interrupts=rng.choice(((), ("chat",))),
        missed_offers_max=rng.choice((1, 2)),
        score_band=rng.choice((0, 100)),
        transfer_wait_ms=6_000,
        weights=rng.choice((Weights(), Weights(relation=3, topic=2))),
        passed_over_max=rng.choice((0, 1, 3)),
        quiet_ms=rng.choice((0, 0, 4_000)),
        quiet_share=rng.choice((0, 500)),
        soft_start=rng.choice((SoftStart(), SoftStart(offers=2, per_ms=3_000))),
    )


def _wrap_up(rng: random.Random) -> dict[str, Any]:
    mode = rng.choice(("timed", "timed", "fixed", "free", "optional"))
    least_ms = {"timed": rng.choice((0, 3_000)), "free": 0}
    return {"wrap_up": mode, "wrap_up_ms": least_ms.get(mode, 3_000)}


def _entry(rng: random.Random, name: str) -> AgentEntry:
    skills = {skill: rng.choice((5, 30, 80, 100)) for skill in SKILLS if rng.random() < 0.7}
    languages = {tag: rng.choice((20, 100)) for tag in LANGUAGES if rng.random() < 0.7}
    total = rng.choice((1, 2, 3))
    capacity = {"chat": rng.choice((1, 2)), "email": 1, "total": total}
    return AgentEntry(id=name, skills=skills, languages=languages, capacity=capacity)


class Crowd:
    """People of one tenant: ``command`` gives what somebody does next, and when."""

    def __init__(self, seed: int, policy: Policy, customers: int = 6) -> None:
        self.rng = random.Random(seed)
        self.policy = policy
        self.now_ms = START_MS
        self.agents = [entry.id for entry in policy.agents]
        self.customers = [f"c{n}" for n in range(customers)]
        self.count = 0
        self.asked: list[RequestConversation | TransferConversation] = []
        self.acts: dict[Callable[[Router], Command], float] = {
            self._connect: 12,
            self._disconnect: 4,
            self._presence: 16,
            self._see: 14,
            self._accept: 16,
            self._decline: 5,
            self._request: 24,
            self._cancel: 4,
            self._end: 16,
            self._wrap_up: 6,
            self._transfer: 6,
            self._send: 6,
            self._snooze: 3,
            self._resume: 2,
            self._assign: 3,
            self._priority: 3,
            self._lose_node: 0.3,
            self._end_outage: 0.3,
            self._again: 2,
            self._by_hand: 1,
            self._skills: 2,
            self._activity: 1,
            self._hours: 1,
            self._rate: 3,
        }

    def beginning(self) -> Iterator[tuple[Command, int]]:
        """The policy, and everybody there."""
        yield SetPolicy(self.policy), self.now_ms
        for name in self.agents:
            yield Connect(agent(name), life="n1"), self.now_ms
            yield SetPresence(agent(name)), self.now_ms
        for name in self.customers:
            yield Connect(customer(name), life="n2", claims=self._claims()), self.now_ms

    def command(self, router: Router) -> tuple[Command, int]:
        """What happens next; a Tick where a deadline comes first, nearly always."""
        step = self.rng.choice((0, 1, 20, 100, 300, 300, 900, 2_500, 9_000))
        due_ms = router.next_deadline_ms()
        if due_ms is not None and due_ms <= self.now_ms + step:
            if self.rng.random() < 0.97:
                self.now_ms = max(self.now_ms, due_ms)
                return Tick(), self.now_ms
            late = 2_000 if self.rng.random() < 0.7 else 9_000
            self.now_ms = max(self.now_ms, due_ms + self.rng.randrange(late))
        else:
            self.now_ms += step
        act = self.rng.choices(list(self.acts), list(self.acts.values()))[0]
        answers = (self._see, self._accept, self._decline)
        if act in answers and not router.world.offers.pending and self.rng.random() < 0.9:
            act = self.rng.choice((self._request, self._presence, self._connect, self._end))
        return act(router), self.now_ms

    def _agent(self) -> Actor:
        return agent(self.rng.choice(self.agents), self.rng.choice("112"))

    def _customer(self) -> Actor:
        return customer(self.rng.choice(self.customers), self.rng.choice("112"))

    def _claims(self) -> Claims:
        rng = self.rng
        return Claims(
            klass=rng.choice(("", "", "gold", "urgent", "unknown")),
            account=rng.choice(("", "", "", "", "a", "b")),
            verified=rng.random() < 0.2,
            attributes=rng.choice(
                ({}, {"owner": "a1"}, {"email": "A@x"}, {"phone": "1", "email": "a@x "})
            ),
        )

    def _conversation(self, router: Router, *statuses: str) -> ConversationId:
        """One that is there, mostly in one of these states; or one that is not."""
        all_of = list(router.world.conversations)
        fitting = [one.id for one in all_of if not statuses or one.status in statuses]
        if self.rng.random() < 0.1 or not fitting:
            fitting = [one.id for one in all_of]
        return ConversationId(self.rng.choice(fitting) if fitting else "none")

    def _owner(self, router: Router, name: str) -> Actor:
        """Mostly its customer."""
        one = router.world.conversations.by_id.get(name)
        if one is None or self.rng.random() < 0.1:
            return self._customer()
        return customer(one.customer)

    def _server(self, router: Router, name: str) -> Actor:
        """Mostly its agent."""
        one = router.world.conversations.by_id.get(name)
        if one is None or not one.agent or self.rng.random() < 0.1:
            return self._agent()
        return agent(one.agent)

    def _connect(self, _: Router) -> Command:
        if self.rng.random() < 0.6:
            return Connect(self._agent(), life=self.rng.choice(("n1", "n2")))
        life = self.rng.choice(("n1", "n2"))
        return Connect(self._customer(), life=life, claims=self._claims())

    def _disconnect(self, _: Router) -> Command:
        person = self._agent() if self.rng.random() < 0.5 else self._customer()
        return Disconnect(person, leave=self.rng.random() < 0.08)

    def _presence(self, _: Router) -> Command:
        return SetPresence(
            self._agent(),
            show=self.rng.choice(SHOWS),  # type: ignore[arg-type]
            until_ms=self.rng.choice((None, None, None, 4_000)),
            next=self.rng.choice((None, None, None, "busy", "offline")),
            channels=self.rng.choice((None, None, {"chat": False}, {"chat": True})),
        )

    def _offer(self, router: Router) -> tuple[Actor, OfferId]:
        pending = list(router.world.offers.pending.values())
        if pending and self.rng.random() < 0.95:
            offer = self.rng.choice(pending)
            return agent(offer.agent), OfferId(offer.id)
        late = self.rng.randint(1, router.world.offers.made_count + 1)
        return self._agent(), OfferId(f"o{late}")

    def _see(self, router: Router) -> Command:
        return SeeOffer(*self._offer(router))

    def _accept(self, router: Router) -> Command:
        return AcceptOffer(*self._offer(router))

    def _decline(self, router: Router) -> Command:
        return DeclineOffer(*self._offer(router))

    def _request(self, router: Router) -> Command:
        self.count += 1
        rng = self.rng
        for_one = rng.random() < 0.2
        command = RequestConversation(
            service() if for_one else self._customer(),
            ConversationId(f"v{self.count}"),
            f"op{self.count}",
            channel=rng.choice(("chat",) * 8 + ("email",) * 4 + ("fax",)),
            queue=rng.choice(("", "one", "one") * 4 + ("two", "none")),
            topic=rng.choice(("x", "y", "z")),
            languages=rng.choice(
                (None, (LanguageWish("en"),), (LanguageWish("fr", 50), LanguageWish("en")))
            ),
            needs=rng.choice(((), (SkillNeed("lamps", 30),))),
            agent=AgentId(rng.choice(self.agents)) if rng.random() < 0.2 else None,
            avoid=(AgentId(rng.choice(self.agents)),) if rng.random() < 0.1 else (),
            reopens=self._conversation(router, "closed") if rng.random() < 0.1 else None,
            body=rng.choice(("", "hello")),
            customer=CustomerId(rng.choice(self.customers)) if for_one else None,
            priority=rng.choice(("", "gold", "none")) if for_one else "",
            deferrable=for_one and rng.random() < 0.5,
        )
        self.asked.append(command)
        return command

    def _again(self, router: Router) -> Command:
        """A command with an op once more."""
        return self.rng.choice(self.asked) if self.asked else self._request(router)

    def _cancel(self, router: Router) -> Command:
        name = self._conversation(router, "waiting", "held", "offered")
        return CancelConversation(self._owner(router, name), name)

    def _end(self, router: Router) -> Command:
        name = self._conversation(router, "active")
        if self.rng.random() < 0.2:
            return EndConversation(self._owner(router, name), name)
        wrap_up = self.rng.random() < 0.5
        return EndConversation(self._server(router, name), name, wrap_up=wrap_up)

    def _wrap_up(self, router: Router) -> Command:
        name = self._conversation(router, "wrap_up")
        return CompleteWrapUp(self._server(router, name), name)

    def _transfer(self, router: Router) -> Command:
        name = self._conversation(router, "active")
        self.count += 1
        to_agent = AgentId(self.rng.choice(self.agents)) if self.rng.random() < 0.4 else None
        skill = self.rng.choice((*SKILLS, "none")) if self.rng.random() < 0.4 else ""
        queue = self.rng.choice(("one", "two", "none"))
        command = TransferConversation(
            self._server(router, name),
            name,
            f"op{self.count}",
            queue="" if to_agent or (skill and self.rng.random() < 0.6) else queue,
            agent=to_agent,
            skill="" if to_agent else skill,
            level=self.rng.choice((1, 60)),
        )
        self.asked.append(command)
        return command

    def _snooze(self, router: Router) -> Command:
        name = self._conversation(router, "active")
        for_ms = self.rng.choice((None, 2_000, 15_000, 9_000_000_000))
        return SnoozeConversation(self._server(router, name), name, for_ms)

    def _resume(self, router: Router) -> Command:
        name = self._conversation(router, "snoozed")
        one = router.world.conversations.by_id.get(name)
        asleep = one is not None and one.status == "snoozed" and self.rng.random() < 0.9
        by = agent(one.last_agent) if asleep and one is not None else self._agent()
        return ResumeConversation(by, name)

    def _send(self, router: Router) -> Command:
        self.count += 1
        name = self._conversation(router)
        mine = self.rng.random() < 0.5
        by = self._owner(router, name) if mine else self._server(router, name)
        return SendMessage(by, name, f"op{self.count}", "hello")

    def _assign(self, router: Router) -> Command:
        name = self._conversation(router)
        by = self.rng.choice((supervisor(), service()))
        return AssignConversation(by, name, AgentId(self.rng.choice(self.agents)))

    def _priority(self, router: Router) -> Command:
        name = self._conversation(router, "waiting", "held")
        return SetPriority(supervisor(), name, self.rng.choice(("regular", "gold", "urgent", "no")))

    def _by_hand(self, _: Router) -> Command:
        show = self.rng.choice(SHOWS)
        return SetAgentPresence(supervisor(), AgentId(self.rng.choice(self.agents)), show)  # type: ignore[arg-type]

    def _skills(self, _: Router) -> Command:
        rng = self.rng
        skills = {skill: rng.choice((0, 20, 90)) for skill in SKILLS if rng.random() < 0.7}
        languages = {tag: rng.choice((0, 60)) for tag in LANGUAGES if rng.random() < 0.7}
        return SetAgentSkills(
            supervisor(),
            AgentId(rng.choice(self.agents)),
            skills=skills if rng.random() < 0.7 else None,
            languages=languages if rng.random() < 0.4 else None,
            clear=rng.random() < 0.4,
        )

    def _activity(self, _: Router) -> Command:
        return ReportActivity(self._agent(), idle_ms=0)

    def _rate(self, router: Router) -> Command:
        name = self._conversation(router, "active", "wrap_up", "closed")
        return RateConversation(self._owner(router, name), name, self.rng.randrange(7))

    def _hours(self, _: Router) -> Command:
        return self.rng.choice((OpenQueue, OpenQueue, CloseQueue))(self.rng.choice(("one", "two")))

    def _end_outage(self, _: Router) -> Command:
        return EndOutage()

    def _lose_node(self, _: Router) -> Command:
        return LoseNode(self.rng.choice(("n1", "n2")))
