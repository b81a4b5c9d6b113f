"""Hypothesis looks for the shortest story in which the core and the naive router differ."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from router.commands import (
    AcceptOffer,
    CancelConversation,
    Command,
    Connect,
    DeclineOffer,
    Disconnect,
    EndConversation,
    RequestConversation,
    SeeOffer,
    SetPolicy,
    SetPresence,
    Show,
    Tick,
    TransferConversation,
)
from router.core import Router
from router.ids import AgentId, ConversationId, OfferId
from router.policy import Policy, Queue, SkillNeed, Step
from tests.helpers.checks import check_line, check_work
from tests.helpers.model import Model
from tests.helpers.traces import state_of_core, state_of_model, traced
from tests.helpers.worlds import START_MS, agent, customer, needs, skilled

POLICY = Policy(
    queues=(
        Queue(
            id="one",
            needs=(SkillNeed("x", 50),),
            steps=(Step(after_ms=6_000, needs=needs(x=10)),),
            wrap_up_ms=1_000,
        ),
        Queue(id="two", wait_max_ms=20_000),
    ),
    agents=(skilled("a", x=80), skilled("b", 2, x=20), skilled("c")),
    grace_ms=8_000,
    transfer_wait_ms=4_000,
)
AGENTS = st.sampled_from(["a", "b", "c"])
CUSTOMERS = st.sampled_from(["k", "l", "m"])
SHOWS: st.SearchStrategy[Show] = st.sampled_from(["available", "available", "busy", "offline"])
NUMBERS = st.integers(1, 6)


class Story(RuleBasedStateMachine):
    """Everything is done by both; numbers count back from the newest."""

    def __init__(self) -> None:
        super().__init__()
        self.router, self.model = Router("tenant"), Model(POLICY)
        self.now_ms = START_MS
        self.count = 0

    def both(self, command: Command) -> None:
        events = traced(self.router.apply(command, self.now_ms))
        assert events == self.model.apply(command, self.now_ms), command

    @initialize()
    def everybody_is_there(self) -> None:
        self.router.apply(SetPolicy(POLICY), self.now_ms)
        self.model.position += 1
        for name in "abc":
            self.both(Connect(agent(name)))
        for name in "klm":
            self.both(Connect(customer(name)))

    def conversation(self, back: int) -> ConversationId:
        names = list(self.router.world.conversations.by_id)
        return ConversationId(names[-back] if back <= len(names) else "none")

    def offer(self, name: str) -> OfferId:
        pending = self.router.world.people.agents[name].offer
        return OfferId(pending or "o1")

    @rule(name=AGENTS, show=SHOWS)
    def declare(self, name: str, show: Show) -> None:
        self.both(SetPresence(agent(name), show=show))

    @rule(name=CUSTOMERS, queue=st.sampled_from(["one", "two"]), topic=st.sampled_from("xy"))
    def ask(self, name: str, queue: str, topic: str) -> None:
        self.count += 1
        one = ConversationId(f"v{self.count}")
        self.both(RequestConversation(customer(name), one, one, "chat", queue, topic))

    @rule(name=AGENTS, kind=st.sampled_from([SeeOffer, AcceptOffer, AcceptOffer, DeclineOffer]))
    def answer(
        self, name: str, kind: type[SeeOffer] | type[AcceptOffer] | type[DeclineOffer]
    ) -> None:
        self.both(kind(agent(name), self.offer(name)))

    @rule(name=AGENTS, back=NUMBERS)
    def end(self, name: str, back: int) -> None:
        self.both(EndConversation(agent(name), self.conversation(back)))

    @rule(name=AGENTS, back=NUMBERS, to=st.sampled_from(["one", "two", "a", "b"]))
    def pass_on(self, name: str, back: int, to: str) -> None:
        self.count += 1
        queue, agent_id = (to, None) if len(to) > 1 else ("", AgentId(to))
        one = self.conversation(back)
        self.both(TransferConversation(agent(name), one, f"t{self.count}", queue, agent_id))

    @rule(name=CUSTOMERS, back=NUMBERS)
    def cancel(self, name: str, back: int) -> None:
        self.both(CancelConversation(customer(name), self.conversation(back)))

    @rule(name=st.one_of(AGENTS.map(agent), CUSTOMERS.map(customer)), leave=st.booleans())
    def come_and_go(self, name: object, leave: bool) -> None:
        assert isinstance(name, type(agent("a")))
        person = self.router.world.people.by_key(name.key)
        if person is not None and person.devices:
            self.both(Disconnect(name, leave=leave))
        else:
            self.both(Connect(name))

    @rule(times=st.integers(1, 3))
    def wait(self, times: int) -> None:
        for _ in range(times):
            due_ms = self.router.next_deadline_ms()
            self.now_ms = self.now_ms + 500 if due_ms is None else max(self.now_ms, due_ms)
            self.both(Tick())

    @invariant()
    def both_hold_the_same(self) -> None:
        assert state_of_core(self.router) == state_of_model(self.model)

    @invariant()
    def the_line_never_stalls_and_nobody_is_lost(self) -> None:
        check_line(self.router)
        check_work(self.router)


TestStory = Story.TestCase
TestStory.settings = settings(
    max_examples=60, stateful_step_count=60, deadline=None, derandomize=True
)
