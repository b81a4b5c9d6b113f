"""A place that grows says why, for every cause, in the customer's queue or in one beside it."""

from collections.abc import Callable

import msgspec
import pytest

from router.commands import SetPriority
from router.events import Event, LineMoved
from router.ids import ConversationId
from router.policy import Policy, Queue, Step
from router.views import place, queues_beside
from tests.helpers.watched import Watched
from tests.helpers.worlds import agent, customer, needs, of_kind, skilled, supervisor

STEPPED = Queue(id="q", steps=(Step(after_ms=30_000, needs=()),), needs=needs(rockets=1))
TWO = Policy(
    queues=(Queue(id="q"), Queue(id="beside"), msgspec.structs.replace(STEPPED, id="steps")),
    agents=(skilled("ann"), skilled("rob", rockets=50)),
    capacity={"chat": 1, "total": 1},
)


def waiting() -> Watched:
    """Ann serves x; c waits in q behind first, and vip has a head start when it comes."""
    scene = Watched(TWO)
    scene.arrive(supervisor())
    scene.sign_in("ann")
    scene.ask("x")
    scene.accept("ann")
    scene.ask("first")
    scene.to(1_000)
    scene.ask("c")
    scene.to(2_000)
    return scene


def head_start(scene: Watched, queue: str) -> list[Event]:
    scene.arrive(customer("vip"), klass="gold")
    return scene.do(scene.request(customer("vip"), "vip", queue=queue))


def raised(scene: Watched, queue: str) -> list[Event]:
    scene.ask("late", queue=queue)
    return scene.do(SetPriority(supervisor(), ConversationId("late"), "urgent"))


CAUSES: list[tuple[Callable[[Watched, str], list[Event]], str]] = [
    (head_start, "priority"),
    (raised, "priority"),
]


def told(scene: Watched, events: list[Event], queue: str = "q") -> set[str]:
    """What the customers of a queue may be told as the reason."""
    moved = of_kind(events, LineMoved)
    return {one.cause for one in moved if queue in queues_beside(scene.router, one.queue)} - {""}


def ahead(scene: Watched, name: str = "c") -> int:
    shown = place(scene.router, name)
    assert shown is not None
    return shown.ahead


@pytest.mark.parametrize(("cause", "why"), CAUSES)
@pytest.mark.parametrize("queue", ["q", "beside"])
def test_a_head_start_is_the_reason_whoever_gave_it_and_wherever_it_stands(
    cause: Callable[[Watched, str], list[Event]], why: str, queue: str
) -> None:
    scene = waiting()
    events = cause(scene, queue)
    assert ahead(scene) == 2
    assert told(scene, events) == {why}


def test_somebody_back_in_line_is_the_reason() -> None:
    scene = waiting()
    scene.leave(customer("first"))
    before, count = ahead(scene), len(scene.log)
    scene.arrive(customer("first"))
    assert (before, ahead(scene)) == (0, 1)
    assert told(scene, [event for _, event in scene.log[count:]]) == {"returned"}


def test_a_declined_offer_is_somebody_back_in_line() -> None:
    scene = waiting()
    scene.end("ann", "x")
    assert (scene.offered("ann"), ahead(scene)) == ("first", 0)
    events = scene.decline("ann")
    assert scene.offered("ann") == "c"
    assert "returned" in told(scene, events)


def test_a_wider_step_is_the_reason_in_the_queues_beside_too() -> None:
    scene = Watched(TWO)
    scene.sign_in("ann")
    scene.ask("x")
    scene.accept("ann")
    scene.ask("rocket", queue="steps")
    scene.to(1_000)
    scene.ask("c")
    assert ahead(scene) == 0
    events = scene.to(30_000)
    assert ahead(scene) == 1
    assert told(scene, events) == {"step"}


def test_an_agent_who_serves_both_lines_is_the_reason() -> None:
    scene = Watched(TWO)
    scene.sign_in("ann")
    scene.ask("x")
    scene.accept("ann")
    scene.ask("rocket", queue="steps")
    scene.to(1_000)
    scene.ask("c")
    assert ahead(scene) == 0
    scene.arrive(agent("rob"))
    assert ahead(scene) == 1
    assert told(scene, [event for _, event in scene.log]) == {"agents"}


def test_who_asks_without_a_head_start_makes_no_place_grow() -> None:
    scene = waiting()
    scene.arrive(customer("late"))
    events = scene.do(scene.request(customer("late"), "late"))
    assert (ahead(scene), told(scene, events)) == (1, set())
