"""Events of the core as messages of the wire, each with the person whom it is for."""

from collections.abc import Iterable

from router import outgoing
from router.commands import (
    AssignConversation,
    Connect,
    JoinConversation,
    ReadMessages,
    SendMessage,
    SetPresence,
    TransferConversation,
)
from router.deliveries import Delivery, deliveries
from router.events import Event
from router.ids import ConversationId
from tests.helpers.worlds import Scene, agent, customer, ids, service, supervisor

TALK = ConversationId("c")


def told(scene: Scene, events: Iterable[Event]) -> list[Delivery]:
    return [one for event in events for one in deliveries(scene.router, event, scene.now_ms)]


def to_whom(sent: list[Delivery]) -> list[tuple[str, str]]:
    """(person, message) of each, but for the agents' own presence."""
    return [
        (one.to, type(one.message).__name__)
        for one in sent
        if not isinstance(one.message, outgoing.PresenceSelf)
    ]


def test_an_offer_goes_to_its_agent_and_an_end_too() -> None:
    scene = Scene()
    scene.sign_in("ann")
    scene.arrive(customer("c"))
    sent = told(scene, scene.do(scene.request(customer("c"), "c")))
    assert to_whom(sent)[-1] == ("agent:ann", "OfferNew")
    ended = told(scene, scene.do(SetPresence(agent("ann"), show="away")))
    assert to_whom(ended) == [("agent:ann", "OfferEnded")]


def test_an_assignment_tells_each_who_the_other_is() -> None:
    scene = Scene()
    scene.sign_in("ann")
    scene.ask("c", body="hello")
    sent = told(scene, scene.accept("ann"))
    assigned = [
        one.message for one in sent if isinstance(one.message, outgoing.ConversationAssigned)
    ]
    assert [message.agent is None for message in assigned] == [False, True]
    assert [message.customer is None for message in assigned] == [True, False]
    state = assigned[1].state
    assert state is not None
    assert [message.body for message in state.messages] == ["hello"]


def test_a_customers_other_devices_hear_of_what_one_of_them_asked_for() -> None:
    scene = Scene()
    scene.arrive(customer("c"), customer("c", "2"))
    sent = told(scene, scene.do(scene.request(customer("c"), "c", body="my lamp")))
    assert to_whom(sent) == [
        ("customer:c", "ConversationRequested"),
        ("customer:c", "MessageSent"),
    ]
    assert {one.not_to for one in sent} == {"c/1"}
    (asked, said) = (one.message for one in sent)
    assert isinstance(asked, outgoing.ConversationRequested)
    assert (asked.state.status, asked.state.seq, asked.state.messages) == ("waiting", 1, ())
    assert asked.state.position == 1
    assert isinstance(said, outgoing.MessageSent)
    assert (said.seq, said.body) == (1, "my lamp")


def test_a_customer_hears_of_what_a_service_asked_for_them() -> None:
    scene = Scene()
    scene.arrive(customer("c"))
    sent = told(scene, scene.do(scene.request(service(), "mail", customer="c")))
    assert to_whom(sent) == [("customer:c", "ConversationRequested")]
    joined = told(scene, scene.do(scene.request(service(), "v2", customer="c", topic="mail")))
    assert to_whom(joined) == []


def test_a_message_goes_to_all_but_the_connection_that_sent_it() -> None:
    scene = Scene()
    scene.sign_in("ann")
    scene.ask("c")
    scene.accept("ann")
    sent = told(scene, scene.do(SendMessage(customer("c"), TALK, "m", "hello")))
    assert to_whom(sent) == [("customer:c", "MessageSent"), ("agent:ann", "MessageSent")]
    assert {one.not_to for one in sent} == {"c/1"}
    read = told(scene, scene.do(ReadMessages(agent("ann"), TALK, 1)))
    assert to_whom(read) == [("customer:c", "MessageRead"), ("agent:ann", "MessageRead")]


def test_nothing_of_who_listens_or_of_notes_is_delivered_to_the_customer() -> None:
    scene = Scene()
    scene.arrive(supervisor())
    scene.sign_in("ann")
    scene.ask("c")
    scene.accept("ann")
    commands = (
        JoinConversation(supervisor(), TALK, "whisper"),
        SendMessage(supervisor(), TALK, "n", "offer a discount", "note"),
        SendMessage(agent("ann"), TALK, "o", "thanks", "note"),
        ReadMessages(supervisor(), TALK, 0),
    )
    sent = [one for command in commands for one in told(scene, scene.do(command))]
    assert sent
    assert "customer:c" not in {one.to for one in sent}


def test_a_transfer_and_an_end_are_told_to_all_who_took_part() -> None:
    scene = Scene()
    scene.sign_in("ann")
    scene.ask("c")
    scene.accept("ann")
    passed = told(scene, scene.do(TransferConversation(agent("ann"), TALK, "t", "q")))
    assert to_whom(passed) == [
        ("customer:c", "ConversationUpdated"),
        ("agent:ann", "ConversationUpdated"),
    ]
    scene.sign_in("bob")
    scene.accept("bob")
    ended = told(scene, scene.end("bob", "c"))
    assert to_whom(ended) == [
        ("customer:c", "ConversationEnded"),
        ("agent:bob", "ConversationEnded"),
    ]


def test_a_held_conversation_that_is_promoted_is_told_to_its_customer() -> None:
    scene = Scene()
    scene.sign_in("ann")
    scene.ask("c", "one")
    scene.ask("c", "two")
    sent = told(scene, scene.accept("ann"))
    updates = [one for one in sent if isinstance(one.message, outgoing.ConversationUpdated)]
    assert [(one.to, one.message.why) for one in updates] == [("customer:c", "promoted")]  # type: ignore[union-attr]


def test_whom_a_customer_left_is_told() -> None:
    scene = Scene()
    scene.sign_in("ann")
    scene.ask("c")
    scene.accept("ann")
    scene.leave(customer("c"))
    gone = [one for one in told(scene, scene.to(45_000)) if one.to == "agent:ann"]
    assert [getattr(one.message, "here", None) for one in gone] == [False]
    back = told(scene, scene.do(Connect(customer("c"), life="n1")))
    assert [getattr(one.message, "here", None) for one in back] == [True]


def test_an_agent_whose_conversation_was_given_away_learns_to_whom() -> None:
    scene = Scene()
    scene.arrive(supervisor())
    scene.sign_in("ann", "bob")
    scene.ask("c")
    scene.accept("ann")
    events = scene.do(AssignConversation(supervisor(), ids("c")[1], ids("bob")[0]))
    (update,) = (
        one.message
        for one in told(scene, events)
        if one.to == "agent:ann" and isinstance(one.message, outgoing.ConversationUpdated)
    )
    assert update.agent is not None
    assert (update.conversation, update.agent.id, update.why) == ("c", "bob", "assigned")
