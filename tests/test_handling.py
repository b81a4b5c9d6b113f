"""What people do with a conversation that is there: end it, pass it on, join it, judge it."""

from router.commands import RateConversation, SetPriority
from router.errors import Refusal
from router.ids import ConversationId
from tests.helpers.worlds import Scene, customer, supervisor


def test_priority_for_a_held_conversation_is_lent_to_the_first() -> None:
    scene = Scene()
    scene.ask("c", "first")
    scene.to(1_000)
    scene.ask("c", "second")
    scene.answered(SetPriority(supervisor(), ConversationId("second"), "gold", "known to us"))
    assert scene.conversation("first").key_ms == scene.start_ms + 1_000 - 30_000


def test_a_rating_out_of_range_is_refused() -> None:
    """It was kept, and the customer's next request stopped the core."""
    scene = Scene()
    scene.sign_in("ann")
    scene.ask("c")
    scene.accept("ann")
    scene.end("ann", "c")
    for score in (0, 6):
        command = RateConversation(customer("c"), ConversationId("c"), score)
        assert scene.refused(command).code is Refusal.BAD_REQUEST
    scene.answered(RateConversation(customer("c"), ConversationId("c"), 5))
    scene.ask("c", "again")
    assert scene.offered("ann") == "again"
