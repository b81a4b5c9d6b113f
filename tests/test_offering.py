"""The matching step: who is asked next, and what giving work means."""

from router.events import ConversationAssigned
from tests.helpers.worlds import Scene, service


def test_nobody_waits_less_than_nothing() -> None:
    """A deferrable conversation that is served before its start had waited minus 8 hours."""
    scene = Scene()
    scene.sign_in("ann")
    scene.answered(scene.request(service(), "mail", customer="c", deferrable=True))
    scene.accept("ann")
    assert [event.waited_ms for _, event in scene.seen(ConversationAssigned)] == [0]
