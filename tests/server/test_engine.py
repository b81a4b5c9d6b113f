"""The one writer: order, durability, time, and what goes wrong."""

import msgspec
import pytest
import trio
import trio.testing

from router.commands import (
    Disconnect,
    EndOutage,
    LoseNode,
    RequestConversation,
    SetPolicy,
    SetPresence,
    Tick,
    Underway,
)
from router.errors import Refusal, Refused
from router.events import CommandAnswered, CommandRefused, OfferEnded, PolicyChanged
from router.journal.memory import MemoryJournal, MemoryStore
from router.server import appending
from router.server.clock import Clock
from tests.helpers.cores import POLICY, actor, connect, request
from tests.helpers.machines import POISON, Machine, machine


def poison(op: str = "r9") -> RequestConversation:
    return msgspec.structs.replace(request("customer:carl", op), topic=POISON)


def virtual_clock() -> Clock:
    """A clock that follows trio's, so that a jump of the one is a jump of the other."""
    return Clock(
        wall_ns=lambda: 10**18 + int(trio.current_time() * 1e9),
        steady_ns=lambda: int(trio.current_time() * 1e9),
    )


# -- starting ----------------------------------------------------------------------------------


async def test_a_start_puts_the_configured_policy_in_force() -> None:
    async with machine() as made:
        assert made.engine.is_live
        assert made.router.policy == POLICY
        assert [type(command) for command in made.commands] == [SetPolicy, SetPolicy]


async def test_a_second_start_changes_no_policy_that_is_in_force() -> None:
    store = MemoryStore()
    async with machine(store):
        pass
    async with machine(store, life="n2") as made:
        assert made.commands == []
        assert made.router.position == 1


async def test_a_policy_that_was_set_by_hand_outlives_a_restart_but_no_new_file() -> None:
    store = MemoryStore()
    by_hand = msgspec.structs.replace(POLICY, grace_ms=5_000)
    newer = msgspec.structs.replace(POLICY, grace_ms=9_000)
    async with machine(store) as made:
        await made.do(SetPolicy(policy=by_hand, by=actor("service:shop")))
    async with machine(store, life="n2") as made:
        assert (made.commands, made.router.policy) == ([], by_hand)
    async with machine(store, life="n3", policy=newer) as made:
        assert made.router.policy == newer
    async with machine(store, life="n4", policy=newer) as made:
        assert (made.commands, made.router.policy) == ([], newer)


async def test_a_journal_of_before_files_were_remembered_gets_the_file_s_policy_once() -> None:
    store = MemoryStore()
    journal = MemoryJournal(lambda: 1_000, store)
    old = [SetPolicy(policy=POLICY), SetPolicy(policy=POLICY, by=actor("service:shop"))]
    payloads = [msgspec.msgpack.encode(Underway("n0", 1, command)) for command in old]
    await journal.append([("acme", payload) for payload in payloads], 1_000)
    async with machine(store) as made:
        told, _ = made.commands
        assert told == SetPolicy(policy=POLICY, from_file=True)
        assert [type(event) for _, event, _ in made.published] == [PolicyChanged]  # of "other"
    async with machine(store, life="n2") as made:
        assert made.commands == []


async def test_a_start_replays_and_tells_nobody() -> None:
    store = MemoryStore()
    async with machine(store) as made:
        await made.do(connect("customer:carl"))
        await made.do(request("customer:carl"))
        digest = made.router.digest()
    async with machine(store, life="n2") as made:
        # The life before is over: its people lost their connections.
        assert made.commands == [LoseNode(life="n1")]
        assert [tenant for tenant, *_ in made.published] == ["acme"] * len(made.published)
        assert made.router.position == 4
        assert made.router.digest() != digest


async def test_a_start_says_first_that_the_time_away_does_not_count(
    autojump_clock: trio.testing.MockClock,
) -> None:
    store, clock = MemoryStore(), virtual_clock()
    async with machine(store, clock=clock) as made:
        await made.do(connect("agent:alice"))
        await made.do(SetPresence(actor("agent:alice")))
        await made.do(connect("customer:carl"))
        await made.do(request("customer:carl"))
        (before,) = made.router.world.offers.pending.values()
        left_ms = before.due_ms - made.router.now_ms
    autojump_clock.jump(3.0)
    async with machine(store, life="n2", clock=clock) as made:
        assert made.commands == [EndOutage(), LoseNode(life="n1")]
        (offer,) = made.router.world.offers.pending.values()
        assert offer.due_ms - made.router.now_ms == left_ms
        assert offer.due_ms == before.due_ms + 3_000


async def test_quiet_time_before_an_end_is_no_outage(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """An agent is away for an hour; nobody says a word; the server restarts after most of it."""
    store, clock = MemoryStore(), virtual_clock()
    async with machine(store, clock=clock) as made:
        await made.do(connect("agent:alice"))
        away = SetPresence(actor("agent:alice"), show="away", until_ms=3_600_000)
        began_ms = made.engine.now_ms()
        await made.do(away)
        await trio.sleep(3_000)
        assert 40 <= sum(isinstance(command, Tick) for command in made.commands) <= 60
        await trio.sleep(30)
        await made.engine.end()
    autojump_clock.jump(10.0)
    async with machine(store, life="n2", clock=clock) as made:
        due_ms = min(
            due_ms
            for kind, *_, due_ms in made.router.world.timers.entries()
            if kind == "agent_until"
        )
        assert 3_610_000 <= due_ms - began_ms <= 3_610_200


async def test_replay_reaches_the_state_that_was_live() -> None:
    store = MemoryStore()
    async with machine(store) as made:
        await made.do(connect("agent:alice"))
        await made.do(connect("customer:carl"))
        await made.do(request("customer:carl"))
        live = {name: each.digest() for name, each in made.tenants.routers.items()}
    async with machine(store, life="n1") as made:
        assert {name: each.digest() for name, each in made.tenants.routers.items()} == live


# -- order -------------------------------------------------------------------------------------


async def test_a_reply_comes_before_the_events_of_its_command_and_after_earlier_ones() -> None:
    async with machine() as made:
        await made.do(connect("customer:carl"))
        made.heard.clear()
        first = made.submit(request("customer:carl", "r1"), "first")
        second = made.submit(connect("customer:dora"), "second")
        with trio.fail_after(5):
            await second.done.wait()
        assert first.applied_count == second.applied_count == 1
        assert made.heard[0] == "settle first"
        assert "ConversationQueued" in made.heard
        assert made.heard.index("applied first") < made.heard.index("settle second")
        assert made.heard.index("ConversationQueued") < made.heard.index("applied first")


async def test_what_the_core_refuses_is_told_once() -> None:
    async with machine() as made:
        await made.do(connect("customer:carl"))
        outcome = await made.do(request("customer:carl", queue="none"))
        assert isinstance(outcome, CommandRefused)
        assert outcome.code is Refusal.NOT_FOUND


async def test_commands_that_came_meanwhile_go_in_together() -> None:
    async with machine() as made:
        await made.do(connect("customer:carl"))
        made.journal.is_cut = True
        memos = [made.submit(request("customer:carl", f"r{number}")) for number in range(50)]
        await trio.testing.wait_all_tasks_blocked()
        memos += [made.submit(request("customer:carl", f"q{number}")) for number in range(50)]
        assert made.engine.waiting_since_ms() is not None
        made.journal.mend()
        with trio.fail_after(5):
            await memos[-1].done.wait()
        assert made.batches[-2:] == [50, 50]
        assert all(len(memo.outcomes) == 1 for memo in memos)
        await trio.testing.wait_all_tasks_blocked()
        assert made.engine.waiting_since_ms() is None


async def test_a_group_is_bounded_in_bytes() -> None:
    async with machine() as made:
        await made.do(connect("customer:carl"))
        large = msgspec.structs.replace(request("customer:carl"), body="x" * 8_000)
        memos = [
            made.submit(msgspec.structs.replace(large, op=f"r{number}")) for number in range(300)
        ]
        with trio.fail_after(5):
            await memos[-1].done.wait()
        assert max(made.batches) < 300
        assert sum(made.batches) == 300 + 3


# -- the journal away --------------------------------------------------------------------------


async def test_what_certainly_did_not_go_in_is_refused_and_may_be_tried_again() -> None:
    async with machine() as made:
        made.journal.is_full = True
        outcome = await made.do(connect("customer:carl"))
        assert isinstance(outcome, Refused)
        assert outcome.code is Refusal.OVERLOADED
        made.journal.is_full = False
        assert isinstance(await made.do(connect("customer:carl")), CommandAnswered)


async def test_a_flaw_in_the_answer_that_nothing_went_in_ends_nobody_else() -> None:
    async with machine() as made:
        made.journal.is_full = made.is_deaf = True
        made.submit(connect("customer:carl"), "carl")
        await trio.testing.wait_all_tasks_blocked()
        assert made.heard[-2:] == ["settle raised", "failed carl"]
        made.journal.is_full = made.is_deaf = False
        assert isinstance(await made.do(connect("customer:carl")), CommandAnswered)


async def test_what_nobody_waits_for_goes_in_once_there_is_room() -> None:
    """The end of a connection: nobody would ask again, and the person would never be gone."""
    async with machine() as made:
        await made.do(connect("customer:carl"))
        made.journal.is_full = True
        made.engine.submit("acme", Disconnect(by=actor("customer:carl")))
        assert isinstance(await made.do(connect("customer:dora")), Refused)
        made.journal.is_full = False
        await made.do(connect("customer:dora"))
        assert [type(command).__name__ for command in made.commands].count("Disconnect") == 1


async def test_nobody_hears_of_a_command_whose_fate_is_unknown() -> None:
    async with machine() as made:
        made.journal.is_cut = True
        memo = made.submit(connect("customer:carl"))
        await trio.testing.wait_all_tasks_blocked()
        assert memo.outcomes == []
        made.journal.mend()
        with trio.fail_after(5):
            await memo.done.wait()
        assert isinstance(memo.outcomes[0], CommandAnswered)


async def test_a_backlog_that_is_full_refuses_at_once() -> None:
    async with machine() as made:
        made.journal.is_cut = True
        for _ in range(appending.BACKLOG_MAX):
            made.engine.submit("acme", Tick())
        await trio.testing.wait_all_tasks_blocked()
        for _ in range(appending.BACKLOG_MAX):
            made.engine.submit("acme", Tick())
        memo = made.submit(connect("customer:carl"))
        (outcome,) = memo.outcomes
        assert isinstance(outcome, Refused)
        assert outcome.code is Refusal.OVERLOADED


async def test_what_nobody_waits_for_goes_into_a_full_backlog_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A time that is not said, or an end, would never be said again."""
    async with machine() as made:
        await made.do(connect("customer:carl"))
        monkeypatch.setattr(appending, "BACKLOG_MAX", 0)
        made.engine.submit("acme", Disconnect(by=actor("customer:carl")))
        await trio.testing.wait_all_tasks_blocked()
        assert isinstance(made.commands[-1], Disconnect)


# -- time --------------------------------------------------------------------------------------


async def test_deadlines_fire_when_nothing_else_happens(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with machine(clock=virtual_clock()) as made:
        for person in ("agent:alice", "customer:carl"):
            await made.do(connect(person))
        await made.do(SetPresence(by=actor("agent:alice"), show="available"))
        began = trio.current_time()
        await made.do(request("customer:carl"))
        # Nobody saw the offer: it is over after offer_seen_ms, which is 4 s.
        await trio.sleep_until(began + 3.9)
        assert not any(isinstance(event, OfferEnded) for _, event, _ in made.published)
        await trio.sleep_until(began + 4.1)
        (ended,) = [event for _, event, _ in made.published if isinstance(event, OfferEnded)]
        assert ended.outcome == "undelivered"
        ticks = [command for command in made.commands if isinstance(command, Tick)]
        assert 1 <= len(ticks) <= 3


async def test_time_is_never_behind_a_stamp_that_was_read() -> None:
    wall = [5_000_000]
    clock = Clock(wall_ns=lambda: wall[0] * 1_000_000, steady_ns=lambda: 0)
    store = MemoryStore()
    store.stamp_ms = 9_000_000
    async with machine(store, clock=clock) as made:
        await made.do(connect("customer:carl"))
        assert made.engine.now_ms() == 9_000_000


async def test_ticks_go_on_after_the_journal_was_away(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with machine(clock=virtual_clock()) as made:
        await made.do(connect("customer:carl"))
        await made.do(request("customer:carl"))
        leave = connect("customer:carl")
        await made.do(Disconnect(by=leave.by))
        made.journal.is_full = True
        await trio.sleep(130)
        made.journal.is_full = False
        before = made.router.position
        await trio.sleep(130)
        assert made.router.position > before


# -- poison ------------------------------------------------------------------------------------


async def poisoned(made: Machine) -> str:
    """A conversation before, poison, one after; the digest."""
    await made.do(connect("customer:carl"))
    await made.do(connect("customer:dora"))
    await made.do(request("customer:carl"))
    outcome = await made.do(poison())
    assert isinstance(outcome, Refused)
    assert outcome.code is Refusal.INTERNAL
    after = await made.do(request("customer:dora"))
    assert isinstance(after, CommandAnswered)
    while made.engine.waiting_since_ms() is not None:
        await trio.testing.wait_all_tasks_blocked()
    return made.router.digest()


async def test_a_command_that_breaks_the_core_is_skipped_and_stops_nobody_else() -> None:
    async with machine() as made:
        await made.do(connect("customer:eve"), tenant="other")
        await poisoned(made)
        assert made.poisoned_count == 1
        assert made.tenants.owed == {}
        assert isinstance(await made.do(request("customer:eve"), tenant="other"), CommandAnswered)
        assert isinstance(await made.do(connect("customer:fay")), CommandAnswered)


async def test_a_replay_leaves_out_the_same_command_and_reaches_the_same_state() -> None:
    store = MemoryStore()
    async with machine(store) as made:
        digest = await poisoned(made)
        position = made.router.position
    async with machine(store, life="n1") as made:
        assert (made.router.position, made.router.digest()) == (position, digest)
        assert made.commands == []


async def test_a_flaw_in_what_people_see_ends_nothing() -> None:
    async with machine() as made:
        await made.do(connect("customer:carl"))
        made.is_deaf = True
        memo = made.submit(request("customer:carl"), "first")
        with trio.fail_after(5):
            await memo.done.wait()
            while made.engine.waiting_since_ms() is not None or not made.sent_away:
                await trio.testing.wait_all_tasks_blocked()
        assert "failed first" in made.heard
        assert set(made.sent_away) == {"acme"}
        made.is_deaf = False
        assert isinstance(await made.do(connect("customer:dora")), CommandAnswered)


async def test_an_end_waits_for_what_is_under_way_and_leaves_people_where_they_are() -> None:
    store = MemoryStore()
    async with machine(store) as made:
        made.submit(connect("customer:carl"))
        with trio.fail_after(5):
            await made.engine.end()
        assert made.router.lives() == ("n1",), "their grace begins when the next life does"
