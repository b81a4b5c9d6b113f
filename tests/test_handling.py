"""What people do with a conversation that is there: end it, pass it on, join it, judge it."""

from router.commands import SetPriority
from router.ids import ConversationId
from tests.helpers.worlds import Scene, supervisor


def test_priority_for_a_held_conversation_is_lent_to_the_first() -> None:
    scene = Scene()
    scene.ask("c", "first")
    scene.to(1_000)
    scene.ask("c", "second")
    scene.answered(SetPriority(supervisor(), ConversationId("second"), "gold", "known to us"))
    assert scene.conversation("first").key_ms == scene.start_ms + 1_000 - 30_000
