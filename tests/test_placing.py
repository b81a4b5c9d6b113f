"""The line's side of every consequence: joining, coming back, steps, held ones, refusals."""

from router.policy import Policy, Queue
from router.queue import EMPTY_LANES_MAX
from tests.helpers.worlds import Scene, needs, service, skilled


def test_too_many_empty_lanes_do_not_take_the_new_one_with_them() -> None:
    """Conversations that each ask for something else leave empty lanes behind; when these were
    dropped, the lane just made went too, and the next look into the line failed."""
    scene = Scene()
    scene.sign_in("ann")
    for number in range(EMPTY_LANES_MAX + 3):
        scene.ask("c", f"v{number}", needs=needs(**{f"skill{number}": 10}))
        scene.cancel("c", f"v{number}")
    scene.ask("c", "last", needs=needs(rare=10))
    scene.ask("d")
    assert scene.status("last") == "waiting"
    assert scene.offered("ann") == "d"
    assert len(scene.world.line.lanes) < EMPTY_LANES_MAX


def test_promoted_ones_stand_where_their_promotion_put_them() -> None:
    """Theory E5: five at once by one customer, others later; the held ones lent their early
    arrival to the promoted one, and so the loud customer was served five times in a row."""
    scene = Scene()
    for number in range(1, 6):
        scene.ask("L", f"L{number}")
    for at_s, name in ((10, "A"), (70, "B"), (130, "C")):
        scene.to(at_s * 1000)
        scene.ask(name)
    scene.to(200_000)
    scene.sign_in("ann")
    served = scene.serve_all("ann")
    assert served == ["L1", "A", "B", "C", "L2", "L3", "L4", "L5"]
    assert scene.conversation("L2").key_ms == scene.start_ms + 200_000


def test_a_second_deferrable_conversation_brings_the_first_no_sooner() -> None:
    """The held one's arrival, without its queue's 8 hours, was lent to the first."""
    scene = Scene()
    for name in ("m1", "m2"):
        scene.answered(scene.request(service(), name, customer="c", deferrable=True))
    first = scene.conversation("m1")
    assert (scene.status("m2"), first.key_ms - scene.start_ms) == ("held", 28_800_000)


THREE = Policy(
    queues=(Queue(id="q"),),
    agents=(skilled("ann"), skilled("bob"), skilled("cy")),
    capacity={"chat": 1, "total": 1},
)


def test_a_second_refusal_sets_no_timer_in_the_past() -> None:
    """The first refusal's minute was over when the second came; its end as a deadline looked like
    an outage to the next command, which moved everybody's deadlines and started graces over."""
    scene = Scene(THREE)
    scene.sign_in("ann")
    scene.ask("c")
    scene.decline("ann")
    scene.to(70_000)
    scene.sign_in("bob")
    assert scene.offered("bob") == "c"
    scene.decline("bob")
    due_ms = scene.router.next_deadline_ms()
    assert due_ms is not None
    assert due_ms >= scene.now_ms
