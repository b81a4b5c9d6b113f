"""Who is there and who waits, against a look at everybody."""

import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from router.commands import (
    AcceptOffer,
    Actor,
    Claims,
    Command,
    Connect,
    DeclineOffer,
    Disconnect,
    RequestConversation,
    SetPolicy,
    SetPresence,
    Tick,
)
from router.core import Router
from router.ids import ConnectionId, ConversationId, OfferId
from router.placing import requirement_of
from router.policy import LanguageWish, Policy, Queue, SkillNeed
from router.server import floor_figures
from router.server.floor_figures import FloorFigures
from router.skills import Requirement, meets
from router.states import Reachability, Show

POLICY = Policy(
    queues=(
        Queue(id="plain", channels=("chat",)),
        Queue(id="both", channels=("chat", "mail"), needs=(SkillNeed("sql", 20),)),
    ),
    capacity={"chat": 2, "mail": 1, "total": 2},
    grace_ms=60_000,
)
Shown = dict[tuple[str, ...], float]

AGENTS = [f"a{number}" for number in range(6)]
agents = st.sampled_from(AGENTS)
queues = st.sampled_from(["plain", "both"])
skills = st.sampled_from([{}, {"sql": 10}, {"sql": 50}])
languages = st.sampled_from([{"en": 90}, {"de": 90}, {"en": 40, "de": 40}])
moves = st.one_of(
    st.tuples(st.just("come"), agents, skills, languages),
    st.tuples(st.just("show"), agents, st.sampled_from(["available", "available", "busy"])),
    st.tuples(st.just("lose"), agents),
    st.tuples(st.just("accept"), agents),
    st.tuples(st.just("decline"), agents),
    st.tuples(st.just("ask"), queues, st.sampled_from(["chat", "mail"]), st.sampled_from("ed ")),
    st.tuples(st.just("wait"), st.integers(1, 30_000)),
)


class House:
    """One tenant, driven by moves."""

    def __init__(self) -> None:
        self.router = Router("acme")
        self.now_ms = 1_000
        self.count = 0
        self.do(SetPolicy(policy=POLICY))

    def do(self, command: Command) -> None:
        self.now_ms += 10
        self.router.apply(command, self.now_ms)

    def move(self, kind: str, *facts: object) -> None:
        world = self.router.world
        if kind == "wait":
            self.now_ms += int(str(facts[0]))
            self.do(Tick())
        elif kind == "ask":
            self.ask(*map(str, facts))
        elif kind == "come":
            name, able, spoken = facts
            claims = Claims(skills=able, languages=spoken)  # type: ignore[arg-type]
            self.do(Connect(by=who("agent", str(name)), life="n", claims=claims))
        elif kind in ("accept", "decline"):
            answer = AcceptOffer if kind == "accept" else DeclineOffer
            agent = world.people.agents.get(str(facts[0]))
            if agent is not None and agent.offer:
                self.do(answer(by=who("agent", agent.id), offer=OfferId(agent.offer)))
        elif kind == "lose":
            self.do(Disconnect(by=who("agent", str(facts[0]))))
        else:
            self.do(SetPresence(by=who("agent", str(facts[0])), show=facts[1]))  # type: ignore[arg-type]

    def ask(self, queue: str, channel: str, wish: str) -> None:
        self.count += 1
        by = who("customer", f"c{self.count}")
        self.do(Connect(by=by, life="n"))
        wishes = {"e": (LanguageWish("en", 50),), "d": (LanguageWish("de", 30),)}.get(wish)
        chat = ConversationId(f"c{self.count}")
        self.do(
            RequestConversation(
                by=by,
                conversation=chat,
                op="r",
                channel=channel,
                queue=queue,
                languages=wishes or (),
            )
        )

    def ask_again(self, customer: str) -> None:
        """Somebody who asked already asks about something else, which is held behind the first."""
        self.count += 1
        self.do(
            RequestConversation(
                by=who("customer", customer),
                conversation=ConversationId(f"c{self.count}"),
                op="again",
                channel="chat",
                queue="plain",
                topic="another",
            )
        )

    def shown(self) -> Shown:
        figures = FloorFigures()
        trio.run(figures.look, {"acme": self.router}, (), self.now_ms)
        return {
            (sample.name.removeprefix("fairline_"), *(v for k, v in sample.labels.items())): value
            for family in figures.collect()
            for sample in family.samples
            for value in (sample.value,)
        }


def who(role: str, name: str) -> Actor:
    return Actor(role, name, ConnectionId(f"{role}-{name}"))


def looked_at(house: House) -> Shown:
    """The same figures by asking everybody about everything."""
    world = house.router.world
    everybody = list(world.people.agents.values())
    found: Shown = {}
    for show in Show:
        if show is not Show.OFFLINE:
            seen = sum(agent.seen_show() is show for agent in everybody)
            found["agents", "acme", show] = seen
    for queue in POLICY.queues:
        line = [
            one for one in world.conversations if one.queue == queue.id and one.id in world.line
        ]
        asked = [(requirement_of(world, one), {one.channel}, one.declined) for one in line] or [
            (_needs_of(queue), set(queue.channels), {})
        ]
        eligible = free = barred = 0
        for agent in everybody:
            mine = [
                (channels, declined.get(agent.id, 0) > world.now_ms)
                for need, channels, declined in asked
                if meets(agent.profile, need)
            ]
            if agent.is_at_work and mine:
                eligible += 1
                open_for = set(world.pool.channels_for(agent.id))
                theirs = [has_declined for channels, has_declined in mine if open_for & channels]
                free += not all(theirs)
                barred += bool(theirs) and all(theirs)
        found["queue_eligible_agents", "acme", queue.id] = eligible
        found["queue_free_agents", "acme", queue.id] = free
        if free or not barred:
            found["queue_declined_by_all", "acme", queue.id] = 0
        elif len(line) == 1:
            found["queue_declined_by_all", "acme", queue.id] = 1
        waiting = [one for one in line if one.status == "waiting"]
        found["queue_waiting", "acme", queue.id] = len(waiting)
    lost = sum(agent.reach is Reachability.LAPSING for agent in everybody)
    found["sessions_in_grace", "acme", "agent"] = lost
    found["agent_slots", "acme", "offered"] = sum(bool(agent.offer) for agent in everybody)
    held = sum(sum(agent.load.values()) for agent in everybody)
    found["agent_slots", "acme", "used"] = held - found["agent_slots", "acme", "offered"]
    return found


def _needs_of(queue: Queue) -> Requirement:
    return Requirement(needs=tuple((need.skill, need.level) for need in queue.needs))


@given(st.lists(moves, max_size=40))
@settings(max_examples=60, deadline=None)
def test_the_figures_agree_with_a_look_at_everybody(played: list[tuple[str, object]]) -> None:
    house = House()
    for move in played:
        house.move(*move)
        shown = house.shown()
        wanted = looked_at(house)
        assert {key: shown[key] for key in wanted} == wanted


def test_a_state_that_nobody_is_in_any_more_is_shown_as_nought() -> None:
    house = House()
    house.move("come", "a0", {}, {"en": 90})
    house.move("show", "a0", "available")
    figures = FloorFigures()
    for show, count in (("available", 1.0), ("busy", 0.0)):
        trio.run(figures.look, {"acme": house.router}, (), house.now_ms)
        shown = {
            one.labels["show"]: one.value
            for family in figures.collect()
            if family.name == "fairline_agents"
            for one in family.samples
        }
        assert shown["available"] == count
        assert shown["busy"] == 1 - count
        house.move("show", "a0", show if show == "busy" else "busy")


def test_free_room_and_the_age_of_a_line_are_told() -> None:
    house = House()
    house.move("ask", "plain", "chat", " ")
    house.move("wait", 5_000)
    house.move("come", "a0", {}, {"en": 90})
    shown = house.shown()
    assert shown["queue_oldest_wait_seconds", "acme", "plain"] > 5
    assert shown["queue_oldest_wait_seconds", "acme", "both"] == 0
    assert shown["agent_slots", "acme", "free"] == 0
    house.move("show", "a0", "available")
    shown = house.shown()
    assert shown["agent_slots", "acme", "offered"] == 1
    assert shown["agent_slots", "acme", "free"] == 1
    assert shown["queue_open", "acme", "plain"] == 1


def test_who_has_no_room_on_the_channel_that_waits_is_not_free_for_it() -> None:
    house = House()
    house.move("come", "a0", {"sql": 50}, {"en": 90})
    house.move("show", "a0", "available")
    house.move("ask", "both", "mail", " ")
    house.move("accept", "a0")
    house.move("ask", "both", "mail", " ")
    assert house.router.world.pool.channels_for("a0") == ("chat",)
    shown = house.shown()
    assert shown["queue_waiting", "acme", "both"] == 1
    assert shown["queue_eligible_agents", "acme", "both"] == 1
    assert shown["queue_free_agents", "acme", "both"] == 0
    assert shown["queue_free_agents", "acme", "plain"] == 1


def test_who_declined_all_that_waits_is_not_free_for_it_until_they_may_be_asked_again() -> None:
    house = House()
    for name in ("a0", "a1"):
        house.move("come", name, {}, {"en": 90})
        house.move("show", name, "available")
    house.move("ask", "plain", "chat", " ")
    (first,) = (one.agent for one in house.router.world.offers.pending.values())
    house.move("decline", first)
    assert house.shown()["queue_declined_by_all", "acme", "plain"] == 0
    house.move("decline", "a1" if first == "a0" else "a0")
    shown = house.shown()
    assert shown["queue_waiting", "acme", "plain"] == 1
    assert shown["queue_eligible_agents", "acme", "plain"] == 2
    assert shown["queue_free_agents", "acme", "plain"] == 0
    assert shown["queue_declined_by_all", "acme", "plain"] == 1
    assert shown["queue_free_agents", "acme", "both"] == 0
    house.move("wait", 60_000)
    shown = house.shown()
    assert shown["queue_offered", "acme", "plain"] == 1
    assert shown["queue_declined_by_all", "acme", "plain"] == 0


def test_a_lane_longer_than_the_look_counts_as_open_to_all() -> None:
    house = House()
    house.move("come", "a0", {}, {"en": 90})
    house.move("show", "a0", "available")
    for count in range(floor_figures.REFUSALS_LOOKED_AT + 1):
        house.move("ask", "plain", "chat", " ")
        house.move("decline", "a0")
        waiting = count + 1
        if waiting in (1, floor_figures.REFUSALS_LOOKED_AT):
            assert house.shown()["queue_declined_by_all", "acme", "plain"] == waiting
    shown = house.shown()
    assert shown["queue_free_agents", "acme", "plain"] == 1
    assert shown["queue_declined_by_all", "acme", "plain"] == 0


async def test_the_loop_turns_while_many_are_looked_at() -> None:
    house = House()
    size = 3 * floor_figures.AT_ONCE
    for number in range(size):
        house.move("come", f"b{number}", {}, {"en": 90})
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(count)
        await FloorFigures().look({"acme": house.router}, (), house.now_ms)
        nursery.cancel_scope.cancel()
    assert turns >= 4
