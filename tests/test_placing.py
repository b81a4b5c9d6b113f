"""The line's side of every consequence: joining, coming back, steps, held ones, refusals."""

from router.policy import Policy, Queue
from tests.helpers.worlds import SIMPLE, Scene, skilled

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
