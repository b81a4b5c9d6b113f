"""Out of the journal: at once where that needs no waiting, in order in any case."""

import random
from collections.abc import Sequence

import msgspec
import pytest
import trio
import trio.testing

from router.commands import Command, RequestConversation, SetPresence
from router.errors import Refusal, Refused
from router.events import CommandAnswered, Event
from router.journal.base import Record
from router.server import applying
from router.server.clock import Clock
from tests.helpers.cores import actor, connect, request
from tests.helpers.machines import POISON, Machine, Memo, machine

NAMES = ("customer:carl", "customer:dora", "agent:alice", "agent:bob")


def still_clock() -> Clock:
    """Time stands, so that two runs differ in nothing else."""
    return Clock(wall_ns=lambda: 10**18, steady_ns=lambda: 0)


def poison(op: str) -> RequestConversation:
    return msgspec.structs.replace(request("customer:carl", op), topic=POISON)


def together(made: Machine, commands: Sequence[tuple[str, Command]]) -> list[Memo]:
    """All of them in one batch."""
    made.engine.hold()
    memos = [
        made.submit(command, str(count), tenant) for count, (tenant, command) in enumerate(commands)
    ]
    made.engine.release()
    return memos


async def settled(made: Machine) -> None:
    with trio.fail_after(30):
        await trio.testing.wait_all_tasks_blocked()
        while made.engine.waiting_since_ms() is not None:
            await trio.testing.wait_all_tasks_blocked()


async def test_what_one_turn_brings_is_applied_in_that_very_turn() -> None:
    async with machine() as made:
        await trio.testing.wait_all_tasks_blocked()
        before = made.router.position
        memos = together(made, [("acme", connect(name)) for name in NAMES])
        assert made.router.position == before + len(NAMES)
        assert all(isinstance(memo.outcomes[0], CommandAnswered) for memo in memos)


async def test_more_than_a_turn_should_take_is_left_to_the_task_that_gives_way() -> None:
    count = applying.SLICE_NOW + 1
    async with machine() as made:
        await trio.testing.wait_all_tasks_blocked()
        before = made.router.position
        memos = together(made, [("acme", connect(f"customer:c{n}")) for n in range(count)])
        assert made.router.position == before
        await settled(made)
        assert made.router.position == before + count
        assert all(memo.applied_count == 1 for memo in memos)


async def test_behind_a_command_that_breaks_its_core_all_goes_on_in_order() -> None:
    commands: list[tuple[str, Command]] = [
        ("acme", connect("customer:carl")),
        ("acme", poison("r1")),
        ("other", connect("customer:carl")),
        ("acme", connect("customer:dora")),
    ]
    async with machine() as made:
        await trio.testing.wait_all_tasks_blocked()
        memos = together(made, commands)
        assert [len(memo.outcomes) for memo in memos] == [1, 0, 0, 0]
        await settled(made)
        outcomes = [memo.outcomes[0] for memo in memos]
        assert isinstance(outcomes[1], Refused)
        assert outcomes[1].code is Refusal.INTERNAL
        assert all(isinstance(outcomes[n], CommandAnswered) for n in (0, 2, 3))
        applied = [each for each in made.heard if each.startswith("applied")]
        assert applied == ["applied 0", "applied 2", "applied 3"]
        assert made.poisoned_count == 1


@pytest.mark.parametrize("seed", range(12))
async def test_applied_at_once_or_by_the_task_everybody_hears_the_same(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    rounds = [[_any(chance, n) for _ in range(chance.randint(1, 12))] for n in range(25)]
    assert any(command.topic == POISON for each in rounds for command in _requests(each))

    async def heard() -> tuple[list[str], list[tuple[str, Event, int]], list[str]]:
        async with machine(clock=still_clock()) as made:
            for each in rounds:
                together(made, each)
                await settled(made)
            digests = [made.tenants.routers[name].digest() for name in ("acme", "other")]
            return made.heard, made.published, digests

    at_once = await heard()
    monkeypatch.setattr(applying, "SLICE_NOW", 0)
    assert at_once == await heard()


def _any(chance: random.Random, turn: int) -> tuple[str, Command]:
    tenant, name = chance.choice(("acme", "other")), chance.choice(NAMES)
    op = f"r{turn}.{chance.randrange(10**6)}"
    made: list[Command] = [
        connect(name),
        request(chance.choice(NAMES[:2]), op),
        SetPresence(by=actor(NAMES[2]), show="available"),
        poison(op),
    ]
    return tenant, chance.choices(made, (6, 6, 3, 1))[0]


def _requests(batch: Sequence[tuple[str, Command]]) -> list[RequestConversation]:
    return [command for _, command in batch if isinstance(command, RequestConversation)]


async def test_a_flaw_of_our_own_ends_the_node_and_not_whoever_brought_the_command() -> None:
    def broken(record: Record, command: Command) -> None:
        raise ZeroDivisionError

    async def lived() -> None:
        async with machine() as made:
            await trio.testing.wait_all_tasks_blocked()
            made.tenants.apply = broken  # type: ignore[method-assign]
            together(made, [("acme", connect("customer:dora"))])  # does not raise
            await trio.sleep_forever()

    with pytest.raises(BaseExceptionGroup) as caught:
        await lived()
    assert caught.value.subgroup(ZeroDivisionError) is not None
