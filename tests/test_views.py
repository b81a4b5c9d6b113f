"""What people may see: the core's state as messages of the wire."""

import pytest

from router import outgoing, views
from router.commands import (
    JoinConversation,
    RateConversation,
    SendMessage,
    TransferConversation,
)
from router.errors import Refusal, Refused
from router.ids import ConversationId, PersonKey
from router.paging import Before
from router.policy import Policy, Queue
from tests.helpers.watched import Watched
from tests.helpers.worlds import SIMPLE, Scene, agent, customer, skilled, supervisor

TALK = ConversationId("c")
C = PersonKey("customer:c")
ANN = PersonKey("agent:ann")
SUE = PersonKey("supervisor:sue")


def talking() -> Scene:
    """Ann serves c; three messages and a note were sent."""
    scene = Scene()
    scene.arrive(supervisor())
    scene.sign_in("ann")
    scene.ask("c", body="one")
    scene.accept("ann")
    scene.answered(SendMessage(agent("ann"), TALK, "m2", "two"))
    scene.answered(SendMessage(agent("ann"), TALK, "n1", "careful", "note"))
    scene.answered(SendMessage(customer("c"), TALK, "m3", "three"))
    return scene


def bodies(scene: Scene, person: PersonKey, seen: int = 0) -> list[str]:
    state = views.welcome_state(scene.router, person, {"c": seen}, scene.now_ms)
    return [message.body for message in state.conversations[0].messages]


def test_a_customer_never_sees_notes() -> None:
    scene = talking()
    assert bodies(scene, ANN) == ["one", "two", "careful", "three"]
    assert bodies(scene, C) == ["one", "two", "three"]
    shown, more = views.history(scene.router, customer("c"), "c", Before(), 10)
    assert ([message.body for message in shown], more) == (["one", "two", "three"], False)


def test_only_what_was_not_seen_comes_again() -> None:
    assert bodies(talking(), C, seen=2) == ["three"]
    assert bodies(talking(), C, seen=3) == []


def test_a_read_changes_nothing() -> None:
    scene = talking()
    before = scene.router.digest()
    for person in (C, ANN, SUE):
        views.welcome_state(scene.router, person, {}, scene.now_ms)
        views.you(scene.router, person)
    views.queue_figures(scene.router, scene.now_ms)
    views.agents_by_show(scene.router)
    assert scene.router.digest() == before


def test_history_is_paged_from_the_newest_and_is_not_for_strangers() -> None:
    scene = talking()
    shown, more = views.history(scene.router, customer("c"), "c", Before(), 2)
    assert ([message.seq for message in shown], more) == ([2, 3], True)
    shown, more = views.history(scene.router, customer("c"), "c", Before(2), 2)
    assert ([message.seq for message in shown], more) == ([1], False)
    scene.arrive(customer("d"))
    with pytest.raises(Refused) as caught:
        views.history(scene.router, customer("d"), "c", Before(), 2)
    assert caught.value.code is Refusal.NOT_FOUND


def test_an_agent_who_is_asked_sees_the_card_and_no_messages() -> None:
    scene = Scene()
    scene.sign_in("ann")
    scene.arrive(customer("c"), name="Cleo", verified=True)
    scene.ask("c", body="secret")
    state = views.welcome_state(scene.router, ANN, {}, scene.now_ms + 5_000)
    assert state.conversations == ()
    offer = state.offers[0]
    assert (offer.conversation, offer.expires_ms, offer.attempt) == ("c", 15_000, 1)
    assert (offer.customer.name, offer.customer.verified) == ("Cleo", True)
    with pytest.raises(Refused) as caught:
        views.history(scene.router, agent("ann"), "c", Before(), 2)
    assert caught.value.code is Refusal.FORBIDDEN


def test_cards_carry_the_name_of_the_queue() -> None:
    scene = Watched(Policy(queues=(Queue(id="q", name="Lamps"), Queue(id="b"))))
    scene.sign_in("ann")
    scene.ask("c", queue="q")
    (offer,) = scene.heard_by(agent("ann"), outgoing.OfferNew)
    assert (offer.queue, offer.queue_name) == ("q", "Lamps")
    state = views.welcome_state(scene.router, customer("c").key, {}, scene.now_ms)
    assert [one.queue_name for one in state.conversations] == ["Lamps"]
    assert [row.name for row in views.queue_figures(scene.router, scene.now_ms)] == ["Lamps", ""]
    scene.accept("ann")
    scene.answered(TransferConversation(agent("ann"), ConversationId("c"), "t", "q"))
    told = scene.heard_by(customer("c", "2"), outgoing.ConversationUpdated)
    assert [(one.queue, one.queue_name) for one in told] == [("q", "Lamps")]


@pytest.mark.parametrize(
    ("preview", "begins"),
    [(0, ""), (4, "My…"), (16, "My bill is wron…"), (17, "My bill is wrong.")],
)
def test_an_offer_begins_as_its_queue_says(preview: int, begins: str) -> None:
    scene = Watched(Policy(queues=(Queue(id="q", offer_preview=preview), Queue(id="b"))))
    scene.sign_in("ann")
    scene.ask("c", queue="q", body="My bill is wrong.")
    here = ConversationId("c")
    scene.answered(SendMessage(customer("c"), here, "m", "Hello?", "text"))
    (offer,) = scene.heard_by(agent("ann"), outgoing.OfferNew)
    assert offer.begins == begins
    scene.accept("ann")
    scene.answered(SendMessage(agent("ann"), here, "n", "Look at this", "note"))
    scene.answered(TransferConversation(agent("ann"), here, "t", "b"))
    scene.sign_in("bob")
    (passed_on,) = scene.heard_by(agent("bob"), outgoing.OfferNew)
    assert (passed_on.queue, passed_on.begins) == ("b", "")  # its own rule


def test_what_is_over_comes_once_more_for_whoever_names_it() -> None:
    scene = talking()
    scene.end("ann", "c")
    state = views.welcome_state(scene.router, C, {"c": 3, "other": 1}, scene.now_ms)
    told = [(one.conversation, one.status, one.reason) for one in state.conversations]
    assert told == [("c", "ended", "agent")]
    assert views.welcome_state(scene.router, C, {}, scene.now_ms).conversations == ()
    scene.arrive(customer("d"))
    stranger = views.welcome_state(scene.router, PersonKey("customer:d"), {"c": 3}, scene.now_ms)
    assert stranger.conversations == ()


def test_a_place_in_line_is_what_is_ahead_and_one() -> None:
    scene = Scene()
    for name in ("c", "d"):
        scene.ask(name)
    shown = views.place(scene.router, "d")
    assert shown is not None
    assert (shown.position, shown.ahead) == (2, 1)
    assert views.place(scene.router, "none") is None
    assert list(views.waiting_of(scene.router, C)) == ["c"]
    scene.cancel("c")
    assert views.place(scene.router, "c") is None


def test_the_wallboard_counts_and_names_nobody() -> None:
    scene = Scene()
    scene.sign_in("ann", "bob")
    scene.ask("c")
    scene.accept("ann")
    for name in ("d", "e"):
        scene.to(1_000)
        scene.ask(name)
    scene.to(3_000)
    (row,) = views.queue_figures(scene.router, scene.now_ms)
    assert (row.queue, row.waiting, row.offered, row.active, row.oldest_ms) == ("q", 1, 1, 1, 2_000)
    assert [(one.show, one.count) for one in views.agents_by_show(scene.router)] == [
        ("available", 2)
    ]


def test_a_presence_topic_holds_who_is_not_offline() -> None:
    scene = Scene()
    scene.arrive(agent("ann"), name="Ann", teams=("day",))
    scene.arrive(agent("bob"), name="Bob", teams=("night",))
    everybody = [one.id for one in views.presence_entries(scene.router, "agents")]
    assert everybody == ["ann", "bob"]
    assert [one.name for one in views.presence_entries(scene.router, "team:day")] == ["Ann"]
    scene.leave(agent("ann"), goodbye=True)
    assert views.presence_entries(scene.router, "team:day") == ()


def test_an_agent_sees_the_own_room_and_load() -> None:
    scene = talking()
    own = views.presence_self(scene.router, "ann")
    assert (own.show, own.effective, own.why_not) == ("available", "available", None)
    assert (own.capacity, own.load) == ({"chat": 1, "total": 1}, {"chat": 1, "total": 1})
    assert own.channels == {"chat": True}


def test_a_supervisor_sees_figures_and_what_they_joined() -> None:
    scene = talking()
    scene.answered(JoinConversation(supervisor(), TALK, "monitor"))
    state = views.welcome_state(scene.router, SUE, {}, scene.now_ms)
    assert [one.conversation for one in state.conversations] == ["c"]
    assert state.queues is not None
    assert [row.active for row in state.queues] == [1]


def test_who_is_typing_is_told_to_the_others() -> None:
    scene = talking()
    assert views.typing_readers(scene.router, customer("c"), "c") == (ANN,)
    assert views.typing_readers(scene.router, agent("ann"), "c") == (C,)
    scene.end("ann", "c")
    with pytest.raises(Refused) as caught:
        views.typing_readers(scene.router, agent("ann"), "c")
    assert caught.value.code is Refusal.INVALID_TRANSITION


def test_the_customer_does_not_see_a_listener_type() -> None:
    scene = talking()
    scene.answered(JoinConversation(supervisor(), TALK, "monitor"))
    assert views.typing_readers(scene.router, supervisor(), "c") == (ANN,)
    scene.answered(JoinConversation(supervisor(), TALK, "barge"))
    assert views.typing_readers(scene.router, supervisor(), "c") == (C, ANN)


def test_too_long_a_transcript_gives_the_newest_and_says_so() -> None:
    scene = talking()
    for number in range(250):
        scene.answered(SendMessage(customer("c"), TALK, f"x{number}", "hello"))
    state = views.welcome_state(scene.router, C, {}, scene.now_ms).conversations[0]
    assert (len(state.messages), state.more, state.messages[-1].seq) == (200, True, 253)


def test_people_are_named_as_they_are_known() -> None:
    scene = Scene(SIMPLE)
    scene.arrive(agent("ann"), name="Ann", skills={"x": 5}, languages={"en": 100}, license="L1")
    card = views.agent_card(scene.world, "ann")
    assert (card.name, card.languages, card.license) == ("Ann", ("en",), "L1")
    known = views.you(scene.router, ANN)
    assert (known.name, known.skills, known.languages) == ("Ann", {"x": 5}, ("en",))
    assert views.named(scene.world, C).name == ""
    assert skilled("ann").id == known.id


def test_a_conversation_that_was_rated_stays_as_it_was_seen() -> None:
    scene = talking()
    scene.end("ann", "c")
    scene.answered(RateConversation(customer("c"), TALK, 5))
    assert bodies(scene, C, seen=1) == ["two", "three"]
