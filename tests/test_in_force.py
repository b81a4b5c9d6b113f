"""What is worked out of a policy is what the policy says, whatever it says."""

import random

import pytest

from router.in_force import InForce
from router.policy import Policy, Queue, SkillNeed, Step
from router.world import World
from tests.helpers.crowd import a_policy


@pytest.mark.parametrize("seed", range(12))
def test_every_value_is_the_policys(seed: int) -> None:
    policy = a_policy(random.Random(seed))
    laid_out = InForce(policy)
    same = set(laid_out.__slots__) & set(policy.__struct_fields__) - {"queues"}
    assert len(same) > 8
    assert {name: getattr(laid_out, name) for name in same} == {
        name: getattr(policy, name) for name in same
    }
    weights = policy.weights
    assert laid_out.shares == tuple(getattr(weights, name) for name in weights.__struct_fields__)
    assert laid_out.holds_until_assigned is (policy.one_place == "assigned")
    assert laid_out.soft_start_ms == policy.soft_start.per_ms
    for queue in policy.queues:
        found = laid_out.queue(queue.id)
        assert found.is_direct is (queue.assign == "direct")
        assert found.has_steps is bool(queue.steps)
        assert found.needs == tuple((need.skill, need.level) for need in queue.needs)
        times = (found.wait_max_ms, found.wrap_up_ms, found.reply_within_ms)
        assert times == (queue.wait_max_ms, queue.wrap_up_ms, queue.reply_within_ms)


def test_a_queue_that_the_policy_does_not_know_asks_for_nothing() -> None:
    needs = (SkillNeed("lamps", 20),)
    queue = Queue(id="q", wrap_up_ms=5, assign="direct", needs=needs, steps=(Step(after_ms=1),))
    laid_out = InForce(Policy(queues=(queue,)))
    assert laid_out.queue("q").is_direct
    unknown = laid_out.queue("gone")
    asked = (unknown.is_direct, unknown.has_steps, unknown.needs, unknown.wrap_up_ms)
    assert not any(asked)


def test_another_policy_is_laid_out_anew() -> None:
    world = World("tenant")
    assert world.in_force.offer_seen_ms == Policy().offer_seen_ms
    world.put_policy(Policy(offer_seen_ms=777))
    assert world.in_force.offer_seen_ms == 777
