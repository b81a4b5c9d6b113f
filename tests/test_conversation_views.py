"""A conversation as one reader may see it."""

import pytest

from router.commands import EndConversation, SendMessage
from router.conversation_views import customer_card, queue_name, state_of
from router.ids import ConversationId, PersonKey
from router.policy import Policy, Queue
from tests.helpers.worlds import Scene, agent

TALK = ConversationId("c")
ANN, CUSTOMER = PersonKey("agent:ann"), PersonKey("customer:c")
RULED = Policy(
    queues=(
        Queue(
            id="q",
            name="Bills",
            wrap_up="optional",
            wrap_up_ms=9_000,
            reply_within_ms=5_000,
        ),
    ),
    capacity={"chat": 1, "total": 1},
)


def talking() -> Scene:
    scene = Scene(RULED)
    scene.sign_in("ann", "bob")
    scene.ask("c", body="hello")
    scene.accept("ann")
    return scene


def test_notes_and_the_agents_duties_are_not_the_customers_to_see() -> None:
    scene = talking()
    scene.answered(SendMessage(agent("ann"), TALK, "n", "a note", "note"))
    seen = {key: state_of(scene.world, scene.conversation("c"), key, {}) for key in (ANN, CUSTOMER)}
    assert [one.kind for one in seen[ANN].messages] == ["text", "note"]
    assert [one.kind for one in seen[CUSTOMER].messages] == ["text"]
    assert seen[ANN].reply is not None
    assert seen[ANN].wrap_up_optional
    assert seen[CUSTOMER].reply is None
    assert not seen[CUSTOMER].wrap_up_optional
    assert (seen[ANN].agent, seen[ANN].customer) != (None, None)
    assert seen[CUSTOMER].customer is None


@pytest.mark.parametrize(("reader", "status"), [(ANN, "wrap_up"), (CUSTOMER, "ended")])
def test_the_wrap_up_is_the_staffs(reader: PersonKey, status: str) -> None:
    scene = talking()
    scene.answered(EndConversation(agent("ann"), TALK, wrap_up=True))
    told = state_of(scene.world, scene.conversation("c"), reader, {})
    assert (told.status, told.wrap_up is not None) == (status, status == "wrap_up")


def test_a_card_names_the_customer_as_staff_know_them() -> None:
    scene = talking()
    assert customer_card(scene.world, scene.conversation("c")).id == "c"
    assert (queue_name(scene.world, "q"), queue_name(scene.world, "gone")) == ("Bills", "")
