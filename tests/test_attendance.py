"""Who is there: connections that come and go, grace, and what agents declare."""

import msgspec

from router.commands import SetPolicy
from router.events import CustomerChanged
from tests.helpers.worlds import SIMPLE, Scene, customer, service


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


def test_a_customer_whose_session_is_over_stays_shown_as_gone() -> None:
    """What a service asked for goes on without its customer; at the end of the grace they were
    shown as there again, and their return was told nobody."""
    scene = Scene()
    scene.sign_in("ann")
    scene.arrive(customer("c"))
    scene.answered(scene.request(service(), "c", customer="c"))
    scene.accept("ann")
    scene.leave(customer("c"))
    scene.to(200_000)
    assert scene.customer("c").gone_shown
    scene.arrive(customer("c"))
    scene.leave(customer("c"), goodbye=True)
    told = [(at, event.here) for at, event in scene.seen(CustomerChanged)]
    assert told == [(45_000, False), (200_000, True), (200_000, False)]
