"""From an offer to an agent's loss: every consequence on the agents' side."""

from router.policy import Policy, Queue, SkillNeed, Step
from tests.helpers.worlds import Scene, agent, needs, skilled

STEPPED = Policy(
    queues=(
        Queue(
            id="q",
            needs=(SkillNeed("x", 50),),
            steps=(Step(after_ms=30_000, needs=needs(x=10)), Step(after_ms=60_000, needs=())),
        ),
    ),
    agents=(skilled("ann", x=80), skilled("bob", x=20)),
    capacity={"chat": 1, "total": 1},
)


def test_a_conversation_that_lost_its_agent_goes_on_with_its_steps() -> None:
    """It began at the first step again, as if it were a transfer; 40 s of waiting were lost."""
    scene = Scene(STEPPED)
    scene.ask("c")
    scene.to(40_000)
    scene.sign_in("ann")
    scene.accept("ann")
    scene.to(100_000)
    scene.leave(agent("ann"), goodbye=True)
    assert scene.conversation("c").step == 1
    scene.to(119_999)
    assert scene.conversation("c").step == 1
    scene.to(120_000)
    assert scene.conversation("c").step == 2


def test_a_declined_offer_breaks_a_row_of_missed_ones() -> None:
    """Two missed offers in a row make an agent away; one who declines in between is there."""
    scene = Scene()
    scene.sign_in("ann")
    for number in range(3):
        scene.ask(f"c{number}")
    scene.see("ann")
    scene.to(20_000)
    assert scene.offered("ann") == "c1"
    scene.decline("ann")
    assert scene.offered("ann") == "c2"
    scene.see("ann")
    scene.to(40_000)
    assert scene.agent("ann").show == "available"
