"""What the core reports, brought to those who should hear it."""

from typing import Literal

import trio
import trio.testing

from router import outgoing
from router.commands import Claims, Connect, LoseNode, SetPresence
from router.errors import CloseCode
from router.ids import ConversationId, PersonKey
from tests.helpers.cores import actor, request
from tests.helpers.hubs import Audience


def show(agent: str, shown: Literal["available", "away"]) -> SetPresence:
    return SetPresence(by=actor(f"agent:{agent}"), show=shown)


async def test_an_offer_goes_to_all_devices_of_its_agent_and_to_nobody_else() -> None:
    crowd = Audience()
    crowd.join("agent:alice", "desk")
    crowd.join("agent:alice", "phone")
    crowd.join("agent:bob")
    crowd.join("customer:carl")
    crowd.do(show("alice", "available"))
    await crowd.got("desk")
    await crowd.got("phone")
    await crowd.got("x-bob")
    crowd.do(request("customer:carl"))
    for device in ("desk", "phone"):
        kinds = [message["t"] for message in await crowd.got(device)]
        assert kinds.count("offer.new") == 1
    assert await crowd.got("x-bob") == []


async def test_events_come_in_the_order_of_their_positions() -> None:
    crowd = Audience()
    crowd.join("agent:alice")
    crowd.join("customer:carl")
    crowd.do(show("alice", "available"))
    crowd.do(request("customer:carl"))
    crowd.do(show("alice", "away"))
    positions = [message["pos"] for message in await crowd.got("x-alice")]
    assert len(positions) > 3
    assert positions == sorted(positions)


async def test_a_connection_that_is_gone_gets_nothing() -> None:
    crowd = Audience()
    link = crowd.join("agent:alice")
    await crowd.got("x-alice")
    crowd.leave("x-alice")
    crowd.do(show("alice", "available"))
    assert len(link.outbox) == 0
    assert len(crowd.hub.links) == 0


async def test_a_replaced_connection_is_closed() -> None:
    crowd = Audience()
    crowd.join("agent:alice", "old")
    crowd.do(Connect(by=actor("agent:alice", "first"), life="n1", device="desk", claims=Claims()))
    crowd.links["first"] = crowd.links["old"]
    crowd.hub.links.remove(crowd.links["old"])
    crowd.links["old"].connection = actor("agent:alice", "first").connection
    crowd.hub.links.add(crowd.links["old"])
    crowd.do(Connect(by=actor("agent:alice", "second"), life="n1", device="desk", claims=Claims()))
    assert crowd.hung == [("old", CloseCode.REPLACED)]


async def test_the_end_of_this_life_closes_all_sockets_and_that_of_another_none() -> None:
    crowd = Audience()
    crowd.join("agent:alice")
    crowd.join("customer:carl")
    crowd.do(LoseNode(life="n0"))
    assert crowd.hung == []
    crowd.do(LoseNode(life="n1"))
    assert crowd.hung == [("x-alice", CloseCode.REBALANCE), ("x-carl", CloseCode.REBALANCE)]


async def test_a_tenant_can_be_sent_away_for_the_whole_truth() -> None:
    crowd = Audience()
    crowd.join("agent:alice")
    crowd.hub.send_away("other")
    assert crowd.hung == []
    crowd.hub.send_away("acme")
    assert crowd.hung == [("x-alice", CloseCode.SERVER_ERROR)]


async def test_coalesced_work_that_failed_begins_again(
    autojump_clock: trio.testing.MockClock,
) -> None:
    crowd = Audience()
    crowd.join("agent:alice")
    sofia = crowd.join("supervisor:sofia")
    crowd.hub.topics.subscribe(sofia, "agents", "full", 1)
    told = crowd.hub.topics._told.pop(("acme", "agents"))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(crowd.hub.run)
        crowd.do(show("alice", "available"))
        await trio.sleep(1)
        crowd.hub.topics._told["acme", "agents"] = told
        crowd.do(show("alice", "away"))
        crowd.do(show("alice", "available"))
        await trio.sleep(3)
        nursery.cancel_scope.cancel()
    presence = [message for message in await crowd.got("x-sofia") if message["t"] == "presence"]
    assert presence[-1]["set"][0]["show"] == "available"


async def test_a_hint_goes_to_whom_it_is_for() -> None:
    crowd = Audience()
    crowd.join("agent:alice")
    crowd.join("customer:carl")
    await crowd.got("x-alice")
    by = outgoing.Person(id="carl", role="customer")
    hint = outgoing.Typing(conversation=ConversationId("c1"), by=by, on=True)
    crowd.hub.send("acme", (PersonKey("agent:alice"),), hint)
    (typing,) = await crowd.got("x-alice")
    assert typing["t"] == "typing"
    assert await crowd.got("x-carl") == []
