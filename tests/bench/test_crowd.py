import pytest
import trio

from router.bench.crowd import Gone, Member, join, raise_file_limit
from tests.helpers.nodes import open_node, token


async def test_a_member_says_hello_asks_and_is_told_the_end() -> None:
    async with open_node() as node:
        member = await join(node.port, "alice")
        with trio.fail_after(5):
            welcome = await member.hello(token("agent", "alice"), "agent")
            assert (welcome["t"], member.welcome) == ("welcome", welcome)
            assert (await member.ask("presence.set", show="busy"))["ok"]
            await member.say("bye")
            assert await end_of(member) == 1000
        await member.leave()


async def end_of(member: Member) -> int:
    """Reads to the end; its code."""
    try:
        while True:
            await member.skip()
    except Gone as gone:
        return gone.code


async def test_who_is_refused_or_finds_nobody_is_gone_with_the_status() -> None:
    async with open_node() as node:
        with pytest.raises(Gone) as gone:
            await join(node.port, "x", subprotocol="unknown")
        assert gone.value.code == 400
    with pytest.raises(Gone) as gone:
        await join(1, "x")
    assert gone.value.code == 1006


def test_the_limit_of_files_goes_as_far_as_the_system_lets_it() -> None:
    assert raise_file_limit() >= 256
