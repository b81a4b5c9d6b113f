"""Queues and brands that open and close."""

import msgspec
import pytest

from router import outgoing
from router.commands import (
    CloseBrand,
    CloseQueue,
    Command,
    OpenBrand,
    OpenQueue,
    SetPolicy,
    TransferConversation,
)
from router.errors import Refusal
from router.events import OpeningChanged
from router.ids import ConversationId
from router.policy import Brand, Policy, Queue
from router.views import queue_figures
from tests.helpers.watched import Watched
from tests.helpers.worlds import agent, customer, service

ALWAYS = "Mon-Sun 00:00-24:00 UTC"
KEEP = Policy(
    queues=(Queue(id="q", hours=ALWAYS), Queue(id="other", hours=ALWAYS)),
    brands=(Brand(id="pro", hours=ALWAYS),),
    capacity={"chat": 1, "total": 1},
)
END = msgspec.structs.replace(KEEP, queues=(Queue(id="q", hours=ALWAYS, on_close="end"),))


def test_closing_twice_is_closing_once_and_opening_brings_it_back() -> None:
    scene = Watched(KEEP)
    for command in (CloseQueue("q"), CloseQueue("q"), CloseBrand("pro"), CloseBrand("pro")):
        scene.answered(command)
    scene.reborn()
    assert [row.closed for row in queue_figures(scene.router, scene.now_ms)] == [True, False]
    for name in ("first", "second"):
        scene.answered(OpenQueue("q"))
        scene.answered(OpenBrand("pro"))
        assert not scene.world.closed_queues, name
    changes = [(e.queue, e.brand, e.is_open) for _, e in scene.seen(OpeningChanged)]
    assert changes == [("q", "", False), ("", "pro", False), ("q", "", True), ("", "pro", True)]
    scene.ask("c", queue="q", brand="pro")


@pytest.mark.parametrize("command", [CloseQueue("none"), CloseBrand("none")])
def test_what_is_not_there_cannot_be_closed(command: Command) -> None:
    assert Watched(KEEP).refused_in_vain(command) == Refusal.NOT_FOUND


def test_who_waits_at_closing_time_is_served_where_the_queue_keeps_them() -> None:
    scene = Watched(KEEP)
    scene.ask("c")
    scene.answered(CloseQueue("q"))
    scene.reborn()
    scene.sign_in("ann")
    assert scene.offered("ann") == "c"


def test_at_closing_time_who_waits_is_sent_away_and_who_is_served_stays() -> None:
    """Who is offered at that moment is about to be served; what may wait waits on."""
    scene = Watched(END)
    scene.sign_in("ann", "bob")
    for name in ("active", "offered", "late"):
        scene.ask(name)
        if name == "active":
            scene.accept("ann")
    scene.ask("late", "held")
    mail = scene.request(service(), "mail", customer="d", deferrable=True)
    scene.answered(mail)
    scene.to(3_000)
    scene.answered(CloseQueue("q"))
    found = {name: scene.status(name) for name in ("active", "offered", "late", "held", "mail")}
    assert found == {
        "active": "active",
        "offered": "offered",
        "late": "expired",
        "held": "expired",
        "mail": "waiting",
    }
    told = scene.heard_by(customer("late"), outgoing.ConversationEnded)
    assert [one.reason for one in told] == ["expired", "expired"]
    scene.reborn()
    scene.to(700_000)
    assert set(scene.world.conversations.by_id) >= {"active", "mail"}


def test_nothing_is_transferred_into_a_closed_queue() -> None:
    scene = Watched(KEEP)
    scene.sign_in("ann")
    scene.ask("c", queue="q")
    scene.accept("ann")
    scene.answered(CloseQueue("other"))
    command = TransferConversation(agent("ann"), ConversationId("c"), "t1", queue="other")
    assert scene.refused_in_vain(command) == Refusal.CLOSED
    scene.answered(OpenQueue("other"))
    scene.answered(command)


def test_a_policy_without_hours_opens_what_was_closed() -> None:
    scene = Watched(KEEP)
    scene.answered(CloseQueue("q"))
    scene.answered(CloseBrand("pro"))
    scene.do(SetPolicy(Policy(queues=(Queue(id="q"),))))
    assert not scene.world.closed_queues
    assert not scene.world.closed_brands
    scene.ask("c")
