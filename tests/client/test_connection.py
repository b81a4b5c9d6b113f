"""The Python library against a real node on loopback, on trio and on asyncio."""

from contextlib import AbstractAsyncContextManager
from functools import partial

import anyio
import msgspec
import pytest
import trio

from router.client import Fairline, Refused, Stopped, connect
from router.outgoing import ConversationAssigned, MessageSent, OfferNew, Welcome
from tests.helpers.nodes import RunningNode, open_node, token

PATIENCE_S = 20.0


def _connect(node: RunningNode, role: str, who: str) -> AbstractAsyncContextManager[Fairline]:
    origin = f"http://127.0.0.1:{node.port}"
    return connect(origin, role=role, token=token(role, who), name="test")


async def _conversation(node: RunningNode) -> list[str]:
    """An agent's bot answers a customer's first message; returns what the customer read."""
    read = []
    with anyio.fail_after(PATIENCE_S):
        async with (
            _connect(node, "agent", "alice") as agent,
            _connect(node, "customer", "c-1") as customer,
        ):
            await agent.wait_online()
            await agent.command("presence.set", show="available")
            async with anyio.create_task_group() as group:
                group.start_soon(_serve, agent)
                events = customer.events()
                assert isinstance(await anext(events), Welcome)
                await customer.command("conversation.request", channel="chat", body="Hello")
                async for event in events:
                    if isinstance(event, MessageSent):
                        read.append(event.body)
                        break
                group.cancel_scope.cancel()
    return read


async def _serve(agent: Fairline) -> None:
    async for event in agent.events():
        if isinstance(event, OfferNew):
            await agent.command("offer.accept", offer=event.offer)
        elif isinstance(event, ConversationAssigned):
            conversation = event.conversation
            await agent.command("message.send", conversation=conversation, body="Good day")


async def test_a_bot_serves_a_customer_on_trio() -> None:
    async with open_node() as node:
        assert await _conversation(node) == ["Good day"]


async def test_a_bot_serves_a_customer_on_asyncio() -> None:
    async with open_node() as node:
        work = partial(anyio.run, _conversation, node, backend="asyncio")
        assert await trio.to_thread.run_sync(work) == ["Good day"]


async def test_a_refusal_names_the_field() -> None:
    async with open_node() as node, _connect(node, "customer", "c-1") as customer:
        await customer.wait_online()
        with pytest.raises(Refused, match="105 bad_request") as caught:
            await customer.command("message.send", conversation="none")
        assert caught.value.code == 105


async def test_what_was_sent_during_an_outage_arrives_once() -> None:
    async with open_node() as node, _connect(node, "customer", "c-1") as customer:
        with trio.fail_after(PATIENCE_S):
            await customer.wait_online()
            request = partial(customer.command, "conversation.request", channel="chat")
            conversation = (await request(op="one")).conversation
            events = customer.events()
            await anext(events)
            for link in list(node.node.hub.links):
                link.hang(4101)
            reply = await customer.command(
                "message.send", conversation=conversation, body="Still here", op="two"
            )
            again = await customer.command(
                "message.send", conversation=conversation, body="Still here", op="two"
            )
            assert (reply.seq, again.seq) == (1, 1)
            assert (await request(op="one")).conversation == conversation
            async for event in events:
                if isinstance(event, Welcome):
                    break
    assert isinstance(event, Welcome)
    assert [one.conversation for one in event.state.conversations] == [conversation]


async def test_a_token_that_is_not_accepted_stops_it_for_good() -> None:
    async with open_node() as node:
        origin = f"http://127.0.0.1:{node.port}"
        async with connect(origin, role="agent", token="rubbish", name="test") as fairline:
            with trio.fail_after(PATIENCE_S), pytest.raises(Stopped, match="101"):
                await fairline.wait_online()
            with pytest.raises(Stopped):
                await fairline.command("presence.set", show="away")


async def _leave_with_an_error() -> None:
    async with open_node() as node:
        with pytest.raises(Refused, match="105 bad_request: channel"):
            async with _connect(node, "customer", "c-1") as fairline:
                await fairline.command("conversation.request", channel="carrier pigeon")
        with pytest.raises(Stopped, match="101"):
            async with connect(
                f"http://127.0.0.1:{node.port}", role="agent", token="rubbish", name="test"
            ) as fairline:
                await anext(fairline.events())


async def test_errors_leave_the_block_as_they_are_on_trio() -> None:
    with trio.fail_after(PATIENCE_S):
        await _leave_with_an_error()


def test_errors_leave_the_block_as_they_are_on_asyncio() -> None:
    async def bare() -> None:
        with pytest.raises(ValueError, match="mine"):
            async with connect("http://127.0.0.1:9", role="agent", token="a.b.c", name="test"):
                raise ValueError("mine")

    anyio.run(bare, backend="asyncio")


async def test_a_server_that_is_not_there_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    async with connect("http://127.0.0.1:9", role="agent", token="a.b.c", name="test") as fairline:
        with trio.fail_after(PATIENCE_S):
            while fairline._failures < 2:
                await trio.lowlevel.checkpoint()
    (line,) = [one.message for one in caplog.records if one.name == "fairline.client"]
    assert line.startswith("no connection to 127.0.0.1 (")


async def test_a_token_function_is_asked_again_for_a_new_connection() -> None:
    asked = []

    async def provide(fresh: bool) -> str:
        asked.append(fresh)
        return token("customer", "c-9")

    async with open_node() as node:
        origin = f"http://127.0.0.1:{node.port}"
        async with connect(origin, role="customer", token=provide, name="test") as fairline:
            with trio.fail_after(PATIENCE_S):
                welcome = await fairline.wait_online()
    assert asked == [False]
    assert msgspec.to_builtins(welcome.you)["id"] == "c-9"
