"""What customers ask for: requests, terms, and how they want to be reached."""

import msgspec
import pytest

from router.commands import AcceptTerms, ContactWish, SendMessage, SetContact, SetPresence
from router.errors import Refusal
from router.events import MessageAdded
from router.ids import ConversationId
from router.policy import Brand, Policy, Queue, Terms
from tests.helpers.watched import Watched
from tests.helpers.worlds import SIMPLE, Scene, agent, customer, service, skilled, wishes


def test_what_may_wait_and_what_may_not_do_not_join() -> None:
    """Asking to chat joined the message of yesterday, and with it a place 8 hours later."""
    scene = Scene()
    first = scene.request(service(), "message", customer="c", deferrable=True, topic="lamps")
    scene.answered(first)
    asked = scene.ask("c", "chat", topic="lamps")
    assert scene.refused(AcceptTerms(customer("c"), "unknown", 0)).code is Refusal.NOT_FOUND
    assert (asked.conversation, asked.joined, asked.status) == ("chat", False, "waiting")


def test_terms_of_the_future_cannot_be_accepted() -> None:
    """Whoever accepted version 99 would never have been asked again."""
    scene = Scene(Policy(queues=(Queue(id="q"),), terms=Terms("house", 2)))
    scene.arrive(customer("c"))
    future = scene.refused(AcceptTerms(customer("c"), "house", 99))
    assert future.code is Refusal.NOT_FOUND
    scene.answered(AcceptTerms(customer("c"), "house", 1))
    owed = scene.refused(scene.request(customer("c"), "c"))
    assert (owed.code, owed.terms) == (Refusal.CONSENT_REQUIRED, ("house", 2))
    scene.answered(AcceptTerms(customer("c"), "house", 2))
    scene.ask("c")


FULL = Policy(
    queues=(
        Queue(id="q", waiting_max=1, overflow="more"),
        Queue(id="more", waiting_max=1),
        Queue(id="mail", channels=("email",), waiting_max=0, overflow="leave_message"),
    )
)


def test_a_full_queue_overflows_and_then_says_what_else_there_is() -> None:
    scene = Scene(FULL)
    for name in ("c", "d"):
        scene.ask(name, queue="q")
    assert [scene.conversation(name).queue for name in ("c", "d")] == ["q", "more"]
    scene.arrive(customer("e"))
    closed = scene.refused(scene.request(customer("e"), "e", queue="q"))
    assert (closed.code, closed.fallback) == (Refusal.CLOSED, "more")
    mail = scene.refused(scene.request(customer("e"), "e", queue="mail", channel="email"))
    assert (mail.code, mail.fallback) == (Refusal.CLOSED, "leave_message")
    scene.cancel("c")
    scene.ask("e", queue="q")


def test_the_same_request_joins_the_one_in_line_and_its_body_is_a_message_there() -> None:
    scene = Scene()
    scene.ask("c", "first", topic="lamps", body="hello")
    asked = scene.ask("c", "second", topic="lamps", body="anybody?")
    assert (asked.conversation, asked.joined) == ("first", True)
    assert [event.seq for _, event in scene.seen(MessageAdded)] == [1, 2]
    assert "second" not in scene.world.conversations.by_id


def test_an_op_gives_the_first_answer_again_and_does_nothing_twice() -> None:
    scene = Scene()
    scene.arrive(customer("c"))
    command = scene.request(customer("c"), "c")
    first = scene.answered(command)
    scene.cancel("c")
    other_id = msgspec.structs.replace(command, conversation=ConversationId("other"))
    assert scene.answered(other_id) == first
    assert list(scene.world.conversations.by_id) == ["c"]
    changed = msgspec.structs.replace(command, topic="else")
    assert scene.refused(changed).code is Refusal.CONFLICT


def test_consent_is_asked_before_the_first_conversation_and_by_brand() -> None:
    brand = Brand(id="pro", queues=("q",), terms=Terms("pro", 1))
    policy = msgspec.structs.replace(SIMPLE, terms=Terms("house", 2), brands=(brand,))
    scene = Scene(policy)
    scene.arrive(customer("c"))
    owed = scene.refused(scene.request(customer("c"), "c"))
    assert (owed.code, owed.terms) == (Refusal.CONSENT_REQUIRED, ("house", 2))
    scene.answered(AcceptTerms(customer("c"), "house", 2))
    scene.ask("c")
    owed = scene.refused(scene.request(customer("c"), "d", brand="pro"))
    assert (owed.code, owed.terms) == (Refusal.CONSENT_REQUIRED, ("pro", 1))
    assert scene.refused(AcceptTerms(customer("c"), "none", 1)).code is Refusal.NOT_FOUND


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"queue": "none"}, Refusal.NOT_FOUND),
        ({"channel": "fax"}, Refusal.BAD_REQUEST),
        ({"queue": "q", "channel": "fax"}, Refusal.BAD_REQUEST),
        ({"brand": "none"}, Refusal.NOT_FOUND),
        ({"priority": "none"}, Refusal.BAD_REQUEST),
    ],
)
def test_a_request_for_what_does_not_exist_is_refused(
    fields: dict[str, str], code: Refusal
) -> None:
    scene = Scene()
    scene.arrive(customer("c"))
    assert scene.refused(scene.request(customer("c"), "c", **fields)).code is code
    assert scene.customer("c").open == []


def test_a_service_names_its_customer_who_need_not_be_there() -> None:
    scene = Scene()
    scene.sign_in("ann")
    nobody = scene.refused(scene.request(service(), "c"))
    assert nobody.code is Refusal.BAD_REQUEST
    scene.answered(scene.request(service(), "c", customer="c", priority="gold"))
    assert scene.offered("ann") == "c"
    assert scene.conversation("c").key_ms == scene.start_ms - 30_000


def test_one_customer_has_at_most_50_conversations_open() -> None:
    scene = Scene()
    for number in range(50):
        scene.ask("c", f"v{number}")
    refusal = scene.refused(scene.request(customer("c"), "v50"))
    assert refusal.code is Refusal.LIMIT_EXCEEDED


def test_languages_come_from_the_request_then_the_hello_then_the_token() -> None:
    scene = Scene()
    scene.arrive(customer("c"), languages={"de": 90})
    scene.answered(scene.request(customer("c"), "token"))
    scene.answered(SetContact(customer("c"), (ContactWish("chat", 1),), ("fr", "en")))
    scene.answered(scene.request(customer("c"), "wished"))
    scene.answered(scene.request(customer("c"), "asked", languages=wishes("it")))
    assert [scene.conversation(name).own_languages for name in ("token", "wished", "asked")] == [
        (("de", 1),),
        (("fr", 1), ("en", 1)),
        (("it", 1),),
    ]
    assert scene.customer("c").contact == (("chat", 1, ""),)


def test_the_agent_asked_for_is_waited_for_alone_and_then_any_will_do() -> None:
    queue = Queue(id="q", prefer_agent_ms=8_000)
    scene = Scene(msgspec.structs.replace(SIMPLE, queues=(queue,)))
    scene.sign_in("ann", "bob")
    scene.ask("x", agent="ann")
    scene.accept("ann")
    scene.ask("c", agent="ann")
    scene.to(7_999)
    assert scene.offered("bob") == ""
    scene.to(8_000)
    assert scene.offered("bob") == "c"


def test_what_is_reopened_prefers_who_served_it() -> None:
    scene = Scene(msgspec.structs.replace(SIMPLE, agents=(skilled("ann"), skilled("bob"))))
    scene.sign_in("ann", "bob")
    scene.ask("c")
    scene.accept("ann")
    scene.end("ann", "c")
    assert scene.agent("ann").idle_order > scene.agent("bob").idle_order
    scene.ask("c", "again", reopens="c")
    assert scene.offered("ann") == "again"


def test_what_is_not_over_cannot_be_reopened_and_what_is_forgotten_prefers_nobody() -> None:
    scene = Watched()
    scene.ask("c")
    scene.ask("d")
    goes_on = scene.request(customer("c"), "c2", reopens="c")
    assert scene.refused_in_vain(goes_on) == Refusal.BAD_REQUEST
    for name in ("d", "never"):
        assert scene.ask("c", f"after {name}", reopens=name).status == "held"


def test_messages_may_be_sent_while_waiting() -> None:
    scene = Scene()
    scene.ask("c", body="hello")
    sent = scene.answered(SendMessage(customer("c"), ConversationId("c"), "m", "still here"))
    assert sent.seq == 2


LAST = msgspec.structs.replace(
    SIMPLE, queues=(Queue(id="q", prefer_agent_ms=8_000, prefer_agent="last"),)
)


def served_by_ann(policy: Policy = LAST) -> Scene:
    """Ann served c and is busy with x now; Bob is free."""
    scene = Scene(policy)
    scene.sign_in("ann")
    scene.ask("c", "before")
    scene.accept("ann")
    scene.end("ann", "before")
    scene.ask("x")
    scene.accept("ann")
    scene.sign_in("bob")
    return scene


def test_the_last_agent_is_waited_for_where_the_queue_says_so() -> None:
    scene = served_by_ann()
    scene.ask("c", "again")
    scene.to(7_999)
    assert scene.offered("bob") == ""
    scene.end("ann", "x")
    assert scene.offered("ann") == "again"


def test_the_wait_for_the_last_agent_is_short_and_delays_nobody() -> None:
    scene = served_by_ann()
    scene.ask("c", "again")
    scene.ask("d")
    assert scene.offered("bob") == "d"
    scene.accept("bob")
    scene.end("bob", "d")
    scene.to(8_000)
    assert scene.offered("bob") == "again"


def test_nothing_sticks_to_an_agent_who_is_absent_or_leaves() -> None:
    scene = served_by_ann()
    scene.leave(agent("ann"), goodbye=True)
    scene.accept("bob")
    scene.end("bob", "x")
    scene.ask("c", "again", reopens="before")
    assert scene.offered("bob") == "again"
    scene = served_by_ann()
    scene.ask("c", "again", reopens="before")
    assert scene.offered("bob") == ""
    scene.do(SetPresence(agent("ann"), "offline"))
    assert scene.offered("bob") == "again"


def test_only_a_named_agent_is_waited_for_by_default() -> None:
    queue = msgspec.structs.replace(LAST.queues[0], prefer_agent="named")
    scene = served_by_ann(msgspec.structs.replace(LAST, queues=(queue,)))
    scene.ask("c", "again")
    assert scene.offered("bob") == "again"
