"""Presence topics and boards."""

from typing import Any

import pytest
import trio
import trio.testing

from router.commands import Claims, Connect, Disconnect, SetPresence
from router.errors import Refusal, Refused
from router.server.links import Link
from router.server.topics import FEW_AGAIN, MEMBERS_MAX
from tests.helpers.cores import actor, request
from tests.helpers.hubs import Audience


class Floor(Audience):
    """Two agents and a supervisor who listens."""

    def __init__(self) -> None:
        super().__init__()
        self.join("agent:alice")
        self.join("agent:bob")
        self.sofia = self.join("supervisor:sofia")

    def listen(self, topic: str, mode: str = "full", link: Link | None = None) -> Any:  # noqa: ANN401
        return self.hub.topics.subscribe(link or self.sofia, topic, mode, 7)

    def show(self, agent: str, shown: str) -> None:
        self.do(SetPresence(by=actor(f"agent:{agent}"), show=shown))  # type: ignore[arg-type]

    async def flushed(self, connection: str = "x-sofia") -> list[dict[str, Any]]:
        await self.hub.topics.flush_presence()
        await self.hub.topics.flush_board()
        return await self.got(connection)


async def test_a_snapshot_and_the_changes_after_it_give_the_present_state() -> None:
    floor = Floor()
    reply = floor.listen("agents")
    assert reply.topic == "agents"
    known = {entry.id: entry.show for entry in reply.set}
    assert known == {"alice": "away", "bob": "away"}
    floor.show("alice", "available")
    floor.show("alice", "busy")
    (presence,) = await floor.flushed()
    assert [(entry["id"], entry["show"]) for entry in presence["set"]] == [("alice", "busy")]
    assert presence["pos"] == floor.core.router.position
    floor.do(Disconnect(by=actor("agent:bob"), leave=True))
    (presence,) = await floor.flushed()
    assert [entry["id"] for entry in presence["gone"]] == ["bob"]
    assert presence["gone"][0]["reason"] != ""
    assert await floor.flushed() == []


async def test_a_team_topic_holds_its_own_agents_alone() -> None:
    floor = Floor()
    assert [entry.id for entry in floor.listen("team:floor").set] == ["alice"]
    floor.show("bob", "busy")
    assert await floor.flushed() == []


async def test_counts_say_how_many_and_not_who() -> None:
    floor = Floor()
    reply = floor.listen("agents", "counts")
    assert [(entry.show, entry.count) for entry in reply.agents] == [("away", 2)]
    assert reply.set is None
    floor.show("alice", "available")
    (board,) = await floor.flushed()
    assert board["t"] == "board"
    assert board["agents"] == [{"show": "available", "count": 1}, {"show": "away", "count": 1}]


async def test_the_skills_come_alone_and_follow_who_signs_in() -> None:
    floor = Floor()
    reply = floor.listen("skills")
    assert (reply.queues, reply.agents) == ((), ())
    known = {one.skill: (one.here, one.available) for one in reply.skills}
    assert known == {}
    claims = Claims(skills={"lamps": 40})
    floor.do(Connect(by=actor("agent:alice"), life="n1", claims=claims))
    floor.show("alice", "available")
    (board,) = await floor.flushed()
    assert board["topic"] == "skills"
    assert [(one["skill"], one["here"], one["available"]) for one in board["skills"]] == [
        ("lamps", 1, 1)
    ]


async def test_the_queues_come_without_the_agents() -> None:
    floor = Floor()
    floor.listen("queues")
    floor.join("customer:carl")
    floor.do(request("customer:carl"))
    (board,) = await floor.flushed()
    assert (board["topic"], board["agents"]) == ("queues", [])
    assert sum(row["waiting"] for row in board["queues"]) == 1


async def test_counts_are_told_where_they_changed() -> None:
    floor = Floor()
    floor.listen("agents", "counts")
    floor.show("alice", "busy")
    await floor.flushed()
    floor.do(SetPresence(by=actor("agent:alice"), show="busy", reason="lunch"))
    assert await floor.flushed() == []


async def test_a_crowded_topic_tells_counts_until_it_is_small_again() -> None:
    floor = Floor()
    (small, large) = (floor.join("supervisor:early"), floor.join("supervisor:late"))
    assert floor.listen("agents", link=small).mode == "full"
    crowd = [f"agent:x{number}" for number in range(MEMBERS_MAX - 1)]
    for name in crowd:
        floor.join(name)
    (told,) = await floor.flushed("x-early")
    assert (told["t"], told["mode"]) == ("board", "counts")
    assert told["agents"] == [{"show": "away", "count": MEMBERS_MAX + 1}]
    late = floor.listen("agents", link=large)
    assert (late.mode, late.set, late.agents[0].count) == ("counts", None, MEMBERS_MAX + 1)
    for name in crowd[: MEMBERS_MAX + 1 - FEW_AGAIN]:
        floor.do(Disconnect(by=actor(name), leave=True))
    for connection in ("x-early", "x-late"):
        (told,) = await floor.flushed(connection)
        assert (told["t"], told["whole"]) == ("presence", True)
        assert len(told["set"]) == FEW_AGAIN
    floor.show("alice", "busy")
    (told,) = await floor.flushed("x-early")
    assert [entry["id"] for entry in told["set"]] == ["alice"]
    assert "whole" not in told


async def test_who_begins_in_a_crowded_topic_begins_with_counts() -> None:
    floor = Floor()
    for number in range(MEMBERS_MAX):
        floor.join(f"agent:x{number}")
    floor.hub.topics.begin(floor.sofia, ["agents"])
    (told,) = await floor.got("x-sofia")
    assert (told["t"], told["topic"], told["mode"]) == ("board", "agents", "counts")


async def test_who_changes_teams_is_gone_from_the_former() -> None:
    floor = Floor()
    floor.listen("team:floor")
    floor.do(
        Connect(by=actor("agent:alice"), life="n1", claims=Claims(name="alice", teams=("night",)))
    )
    (told,) = await floor.flushed()
    assert ([entry["id"] for entry in told["gone"]], told["set"]) == (["alice"], [])


async def test_changes_that_were_not_sent_yet_are_merged() -> None:
    floor = Floor()
    floor.listen("agents")
    floor.show("alice", "available")
    await floor.hub.topics.flush_presence()
    floor.show("bob", "busy")
    await floor.hub.topics.flush_presence()
    floor.show("alice", "dnd")
    (presence,) = await floor.flushed()
    assert {entry["id"]: entry["show"] for entry in presence["set"]} == {
        "alice": "dnd",
        "bob": "busy",
    }


async def test_the_board_has_all_queues_and_a_queue_topic_its_own() -> None:
    floor = Floor()
    reply = floor.listen("board")
    assert {figures.queue for figures in reply.queues} == {"support", "billing"}
    own = floor.listen("queue:billing")
    assert [figures.queue for figures in own.queues] == ["billing"]
    floor.join("customer:carl")
    floor.do(request("customer:carl", queue="billing"))
    messages = {message["topic"]: message for message in await floor.flushed()}
    assert set(messages) == {"board", "queue:billing"}
    (billing,) = messages["queue:billing"]["queues"]
    assert billing["waiting"] == 1


async def test_a_queue_that_is_not_there_cannot_be_listened_to() -> None:
    floor = Floor()
    with pytest.raises(Refused) as caught:
        floor.listen("queue:none")
    assert caught.value.code is Refusal.NOT_FOUND
    assert floor.sofia.topics == {}


async def test_who_unsubscribes_or_leaves_hears_nothing_more() -> None:
    floor = Floor()
    floor.listen("agents")
    floor.listen("board")
    floor.show("alice", "available")
    await floor.hub.topics.flush_presence()
    floor.hub.topics.unsubscribe(floor.sofia, "agents")
    assert [message["topic"] for message in await floor.flushed()] == ["board"]
    floor.leave("x-sofia")
    assert floor.hub.topics._listeners == {}
    assert floor.hub.topics._told == {}


async def test_topics_of_hello_begin_with_a_snapshot_event() -> None:
    floor = Floor()
    floor.hub.topics.begin(floor.sofia, ["agents", "board", "queue:none"])
    messages = {message["topic"]: message for message in await floor.got("x-sofia")}
    assert {entry["id"] for entry in messages["agents"]["set"]} == {"alice", "bob"}
    assert {figures["queue"] for figures in messages["board"]["queues"]} == {"support", "billing"}
    assert set(messages) == {"agents", "board"}


async def test_figures_come_at_most_once_a_second(autojump_clock: trio.testing.MockClock) -> None:
    floor = Floor()
    floor.listen("board")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(floor.hub.run)
        count = 0
        began = trio.current_time()
        for number in range(100):
            floor.show("alice", "busy" if number % 2 else "away")
            await trio.sleep(0.05)
            count += len(await floor.got("x-sofia"))
        assert 4 <= count <= trio.current_time() - began + 1
        nursery.cancel_scope.cancel()


async def test_while_the_node_is_behind_topics_wait_and_say_so_and_offers_do_not(
    autojump_clock: trio.testing.MockClock,
) -> None:
    floor = Floor()
    floor.listen("agents")
    floor.listen("board")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(floor.hub.run)
        await trio.sleep(5)
        await floor.got("x-sofia")
        behind = floor.core.router.position
        floor.hub.strain.note(1.0, trio.current_time())
        await trio.testing.wait_all_tasks_blocked()
        floor.show("alice", "available")
        floor.join("customer:carl")
        floor.do(request("customer:carl"))
        await trio.sleep(2)
        told = await floor.got("x-sofia")
        assert [(each["t"], each["topic"], each["stale"], each["pos"]) for each in told] == [
            ("topic.stale", "agents", True, behind),
            ("topic.stale", "board", True, behind),
        ]
        assert "offer.new" in [each["t"] for each in await floor.got("x-alice")]
        await trio.sleep(5)
        told = await floor.got("x-sofia")
        assert [each["stale"] for each in told if each["t"] == "topic.stale"] == [False, False]
        (presence,) = [each for each in told if each["t"] == "presence"]
        assert [entry["id"] for entry in presence["set"]] == ["alice"]
        assert [each["topic"] for each in told if each["t"] == "board"] == ["board"]
        nursery.cancel_scope.cancel()


async def test_a_board_on_which_nothing_happens_is_told_again_every_two_seconds(
    autojump_clock: trio.testing.MockClock,
) -> None:
    floor = Floor()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(floor.hub.run)
        await trio.sleep(1)
        floor.listen("board")
        reached = []
        for _ in range(4):
            await trio.sleep(2.1)
            reached += [told["topic"] for told in await floor.got("x-sofia")]
        assert reached == ["board"] * 4
        floor.hub.topics.unsubscribe(floor.sofia, "board")
        await trio.sleep(60)
        assert await floor.got("x-sofia") == []
        nursery.cancel_scope.cancel()
