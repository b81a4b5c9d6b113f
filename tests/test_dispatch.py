"""Every command and every timer has its part."""

import re
from pathlib import Path
from typing import get_args

import msgpack

from router.commands import Actor, Command, SendMessage, SetPolicy
from router.core import Router
from router.dispatch import COMMANDS, TIMERS
from router.errors import Refusal
from router.events import Answer, CommandAnswered, CommandRefused
from router.policy import Policy, Queue
from router.snapshots import dump

ROUTER = Path(__file__).parents[1] / "router"


def test_every_command_but_messages_is_in_the_table() -> None:
    """Messages are remembered with their conversation, so the core carries them out itself."""
    assert set(COMMANDS) == set(get_args(Command)) - {SendMessage}


def test_every_timer_that_is_set_anywhere_means_something() -> None:
    kinds = {
        kind
        for file in ROUTER.glob("*.py")
        for kind in re.findall(r'timers\.set\(\s*"(\w+)"', file.read_text("utf-8"))
    }
    assert kinds == set(TIMERS)


# -- policies ----------------------------------------------------------------------------------

FIRST = Policy(queues=(Queue(id="q"),))
SECOND = Policy(queues=(Queue(id="q"),), grace_ms=5_000)
BY = Actor(role="service", id="shop")


def after(*commands: SetPolicy) -> Router:
    router = Router("tenant")
    for command in commands:
        router.apply(command, 1)
    return router


def again(router: Router) -> Router:
    return Router.restore([b"".join(router.snapshot())])


def test_what_a_file_said_is_remembered_beside_what_is_in_force() -> None:
    told = SetPolicy(policy=FIRST, from_file=True)
    for router in (after(told), again(after(told))):
        assert (router.policy, router.world.filed_policy, router.world.policy_at) == (
            FIRST, FIRST, 1,
        )  # fmt: skip
    by_hand = SetPolicy(policy=SECOND, by=BY)
    for router in (after(told, by_hand), again(after(told, by_hand))):
        assert (router.policy, router.world.filed_policy, router.world.policy_at) == (
            SECOND, FIRST, 2,
        )  # fmt: skip


def test_a_file_that_says_what_is_in_force_already_changes_nothing_but_that_it_says_so() -> None:
    router = after(SetPolicy(policy=FIRST, by=BY))
    assert router.apply(SetPolicy(policy=FIRST, from_file=True), 1) == [CommandAnswered(Answer())]
    assert router.world.filed_policy == FIRST


def test_a_state_of_which_no_node_told_a_file_is_what_it_always_was() -> None:
    """Old journals lead to the digests of before, and old snapshots mean the same."""
    router = after(SetPolicy(policy=FIRST), SetPolicy(policy=SECOND, by=BY))
    world = router.world
    assert (world.filed_policy, world.policy_at) == (None, 0)
    kinds = [msgpack.unpackb(chunk)[0] for chunk in dump(world)]
    assert kinds[:2] == ["policy", "counts"]
    assert "filed" not in kinds


def test_a_policy_goes_only_over_the_one_that_it_was_made_of() -> None:
    router = after(SetPolicy(policy=FIRST, from_file=True))
    before = router.digest()
    (refused,) = router.apply(SetPolicy(policy=SECOND, by=BY, over=9), 1)
    assert isinstance(refused, CommandRefused)
    assert (refused.code, router.digest()) == (Refusal.CONFLICT, before)
    router.apply(SetPolicy(policy=SECOND, by=BY, over=1), 1)
    assert (router.policy, router.world.policy_at) == (SECOND, 3)
