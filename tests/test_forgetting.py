"""Customers who are gone for long."""

import msgspec

from router.commands import Claims, Connect, SetPolicy
from router.ids import PersonKey
from router.policy import Policy, Queue
from tests.helpers.watched import Watched
from tests.helpers.worlds import customer, service

TWO = Policy(queues=(Queue(id="q"),), capacity={"chat": 1, "total": 1}, customers_max=2)


def known(scene: Watched) -> list[str]:
    return list(scene.world.people.customers)


def visit(scene: Watched, *names: str) -> None:
    for name in names:
        scene.arrive(customer(name))
        scene.leave(customer(name), goodbye=True)


def test_who_was_gone_for_longest_is_forgotten_first() -> None:
    scene = Watched(TWO)
    visit(scene, "a", "b", "a", "c")
    assert known(scene) == ["a", "c"]
    scene.reborn()
    visit(scene, "d")
    assert known(scene) == ["c", "d"]


def test_nobody_is_forgotten_who_is_there_or_may_come_back() -> None:
    scene = Watched(TWO)
    scene.arrive(customer("here"))
    scene.arrive(customer("lapsing"))
    scene.leave(customer("lapsing"))
    scene.ask("waits")
    visit(scene, "x")
    assert known(scene) == ["here", "lapsing", "waits"]
    scene.to(130_000)
    visit(scene, "y")
    assert known(scene) == ["here", "waits"]


def test_a_conversation_that_is_remembered_keeps_its_customer() -> None:
    scene = Watched(TWO)
    scene.ask("a")
    scene.leave(customer("a"), goodbye=True)
    mail = scene.request(service(), "mail", customer="b", deferrable=True)
    scene.answered(mail)
    visit(scene, "c")
    assert known(scene) == ["a", "b"]
    scene.to(600_000)
    visit(scene, "d")
    assert known(scene) == ["b", "d"]


def test_with_a_customer_goes_what_they_were_answered_and_who_they_were_one_with() -> None:
    scene = Watched(TWO)
    scene.answered(Connect(customer("a"), claims=Claims(account="A-1")))
    scene.ask("a")
    scene.cancel("a")
    scene.leave(customer("a"), goodbye=True)
    assert PersonKey("customer:a") in scene.world.ops.by_person
    scene.to(600_000)
    visit(scene, "b", "c")
    assert known(scene) == ["b", "c"]
    assert scene.world.ops.by_person == {}
    scene.answered(Connect(customer("other"), claims=Claims(account="A-1")))
    alone = scene.customer("other")
    assert scene.world.people.same_as(alone) == [alone]
    scene.ask("a", "again")
    assert scene.customer("a").met == []


def test_another_policy_forgets_at_once_whom_it_does_not_keep() -> None:
    scene = Watched(msgspec.structs.replace(TWO, customers_max=9))
    visit(scene, "a", "b", "c")
    scene.do(SetPolicy(TWO))
    assert known(scene) == ["b", "c"]


def test_a_million_visitors_leave_no_more_than_the_bound_behind() -> None:
    """A thousand of them, here; without the bound every one stayed for ever."""
    scene = Watched(TWO)
    for number in range(1_000):
        visit(scene, f"c{number}")
    assert known(scene) == ["c998", "c999"]
    assert len(scene.world.people.resting) == 2
