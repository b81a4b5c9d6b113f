"""Who is there: connections that come and go, grace, and what agents declare."""

import msgspec

from router.commands import SetPolicy
from tests.helpers.worlds import SIMPLE, Scene


def test_what_is_held_costs_what_the_policy_in_force_says() -> None:
    """The old cost was taken and the new one given back: an assertion stopped the core."""
    scene = Scene()
    scene.sign_in("ann")
    scene.ask("c")
    scene.accept("ann")
    scene.answered(SetPolicy(msgspec.structs.replace(SIMPLE, cost={"chat": 3})))
    assert scene.agent("ann").load_cost == 3
    scene.end("ann", "c")
    assert (scene.agent("ann").load, scene.agent("ann").load_cost) == ({}, 0)
