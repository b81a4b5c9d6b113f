"""Messages that customers leave while a queue is closed or full, from the request to the answer."""

from router.commands import CloseQueue, OpenQueue, SendMessage, SetPresence
from router.core import Router
from router.errors import Refusal
from router.ids import ConversationId
from router.outgoing import ConversationState
from router.policy import Policy, Queue
from router.views import welcome_state
from tests.helpers.watched import Watched
from tests.helpers.worlds import agent, customer

ALWAYS = "Mon-Sun 00:00-24:00 UTC"
HOUR, DAY = 3_600_000, 86_400_000
OFFICE = Policy(
    queues=(
        Queue(
            id="q",
            hours=ALWAYS,
            overflow="leave_message",
            waiting_max=1,
            wait_max_ms=HOUR,
            messages_max=2,
            wrap_up_ms=5_000,
        ),
    ),
    capacity={"chat": 1, "total": 1},
)


def closed() -> Watched:
    scene = Watched(OFFICE)
    scene.answered(CloseQueue("q"))
    scene.arrive(customer("c"))
    return scene


def leave_message(
    scene: Watched, name: str = "c", body: str = "my lamp flickers"
) -> ConversationId:
    scene.arrive(customer(name))
    scene.op_count += 1
    asked = scene.answered(
        scene.wire(
            customer(name), "conversation.request", op=f"op{scene.op_count}", queue="q",
            brand="", agent=None, avoid=[], needs=[], languages=[], body=body, deferrable=True,
        )
    )  # fmt: skip
    assert asked.conversation is not None
    return asked.conversation


def seen_by_customer(router: Router, now_ms: int, seen: dict[str, int]) -> list[ConversationState]:
    return list(welcome_state(router, customer("c").key, seen, now_ms).conversations)


def test_a_message_is_taken_where_asking_was_answered_with_that() -> None:
    scene = closed()
    refusal = scene.refused(scene.request(customer("c"), "chat", queue="q"))
    assert (refusal.code, refusal.fallback) == (Refusal.CLOSED, "leave_message")
    message = scene.conversation(leave_message(scene))
    assert message.is_message
    assert message.key_ms == scene.now_ms + OFFICE.queues[0].defer_ms


def test_an_open_queue_takes_no_messages_for_they_would_be_a_second_line() -> None:
    scene = Watched(OFFICE)
    scene.arrive(customer("c"))
    message = scene.request(customer("c"), "m", queue="q", body="hi", deferrable=True)
    assert scene.refused_in_vain(message) == Refusal.FORBIDDEN


def test_a_message_needs_words_and_a_queue_holds_so_many() -> None:
    scene = closed()
    silent = scene.request(customer("c"), "m", queue="q", deferrable=True)
    assert scene.refused_in_vain(silent) == Refusal.BAD_REQUEST
    leave_message(scene, "c")
    leave_message(scene, "d")
    scene.arrive(customer("e"))
    third = scene.request(customer("e"), "m", queue="q", body="hi", deferrable=True)
    assert scene.refused_in_vain(third) == Refusal.CLOSED


def test_messages_of_the_night_do_not_fill_the_line_of_the_morning() -> None:
    scene = closed()
    left = [leave_message(scene, "c"), leave_message(scene, "d")]
    scene.reborn()
    scene.answered(OpenQueue("q"))
    scene.ask("live")
    scene.sign_in("ann")
    assert scene.offered("ann") == "live"
    scene.accept("ann")
    for one in left:
        assert scene.status(one) == "waiting"
    scene.cancel("c", left[0])
    assert scene.world.conversations.messages_by_queue["q"] == 1


def test_a_message_outlives_its_customers_session_and_the_longest_wait() -> None:
    scene = closed()
    left = leave_message(scene)
    scene.leave(customer("c"), goodbye=True)
    scene.to(10 * HOUR)
    assert scene.status(left) == "waiting"
    scene.sign_in("ann")
    assert scene.offered("ann") == left


def answered(scene: Watched) -> ConversationId:
    """A message that was answered and ended while its customer was away."""
    left = leave_message(scene)
    scene.leave(customer("c"), goodbye=True)
    scene.to(10 * HOUR)
    scene.sign_in("ann")
    scene.accept("ann")
    scene.answered(SendMessage(agent("ann"), left, "m1", "take the other switch"))
    scene.end("ann", left)
    scene.answered(SetPresence(agent("ann"), "away"))
    return left


def test_an_answer_waits_for_the_customers_return() -> None:
    scene = closed()
    left = answered(scene)
    scene.reborn()
    scene.to(3 * DAY)
    assert scene.status(left) == "closed"
    scene.arrive(customer("c"))
    (state,) = seen_by_customer(scene.router, scene.now_ms, {})
    assert (state.conversation, state.status) == (left, "ended")
    assert [one.body for one in state.messages] == ["my lamp flickers", "take the other switch"]


def test_what_was_shown_is_forgotten_like_any_other_however_often_they_come_back() -> None:
    scene = closed()
    left = answered(scene)
    scene.to(DAY)
    for minute in range(10):
        scene.to(DAY + minute * 60_000)
        scene.leave(customer("c"))
        scene.arrive(customer("c"))
        assert len(seen_by_customer(scene.router, scene.now_ms, {left: 1})) == 1
    scene.to(DAY + 600_000)
    assert left not in scene.world.conversations.by_id
    assert scene.customer("c").answered == []


def test_an_answer_that_nobody_fetches_is_forgotten_after_a_week() -> None:
    scene = closed()
    left = answered(scene)
    scene.to(10 * HOUR + 7 * DAY)
    assert left in scene.world.conversations.by_id
    scene.to(10 * HOUR + 7 * DAY + 60_000)
    assert left not in scene.world.conversations.by_id


def test_who_comes_back_while_the_agent_still_works_on_it_sees_the_end_too() -> None:
    scene = closed()
    left = leave_message(scene)
    scene.leave(customer("c"), goodbye=True)
    scene.sign_in("ann")
    scene.accept("ann")
    scene.answered(SendMessage(agent("ann"), left, "m1", "done"))
    scene.end("ann", left)
    scene.arrive(customer("c"))
    (state,) = seen_by_customer(scene.router, scene.now_ms, {})
    assert (state.conversation, state.status) == (left, "ended")
    scene.to(5_000)
    assert scene.status(left) == "closed"
    scene.to(605_000)
    assert left not in scene.world.conversations.by_id


def test_a_customer_who_is_there_talks_like_in_any_conversation() -> None:
    scene = closed()
    left = leave_message(scene)
    scene.sign_in("ann")
    scene.accept("ann")
    scene.answered(SendMessage(customer("c"), left, "m1", "still there"))
    scene.end("ann", left)
    assert scene.customer("c").answered == []
