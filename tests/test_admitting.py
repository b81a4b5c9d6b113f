"""Into which queue a request may come."""

import pytest

from router.commands import CloseBrand, CloseQueue
from router.errors import Refusal
from router.ids import AgentId
from router.policy import Brand, Policy, Queue
from router.rules import Rule, Then, When
from tests.helpers.watched import Watched
from tests.helpers.worlds import customer, needs, service, skilled

ALWAYS = "Mon-Sun 00:00-24:00 UTC"
SHOP = Policy(
    queues=(
        Queue(id="sales", hours=ALWAYS, overflow="support", waiting_max=2),
        Queue(id="support", hours=ALWAYS, waiting_max=1),
        Queue(id="post", hours=ALWAYS, overflow="leave_message", waiting_max=1, messages_max=1),
        Queue(id="night", hours=ALWAYS, overflow="post"),
    ),
    brands=(Brand(id="pro", queues=("sales", "post"), hours=ALWAYS),),
)


def scene() -> Watched:
    made = Watched(SHOP)
    made.arrive(customer("c"))
    return made


def ask(made: Watched, queue: str, **fields: object) -> tuple[int, str | None]:
    made.count += 1
    command = made.request(customer("c"), f"v{made.count}", queue=queue, **fields)
    before = made.router.digest()
    refusal = made.refused(command)
    assert made.router.digest() == before
    return int(refusal.code), refusal.fallback


@pytest.mark.parametrize(
    ("closed", "asked", "fallback"),
    [
        (["support"], "support", ""),
        (["sales", "support"], "sales", "support"),
        (["post"], "post", "leave_message"),
        (["night", "post"], "night", "leave_message"),
    ],
)
def test_a_closed_queue_says_what_is_left_to_the_customer(
    closed: list[str], asked: str, fallback: str
) -> None:
    made = scene()
    for queue in closed:
        made.answered(CloseQueue(queue))
    made.reborn()
    assert ask(made, asked) == (Refusal.CLOSED, fallback)


def test_a_closed_or_full_queue_overflows_into_one_that_is_open_and_has_room() -> None:
    made = scene()
    made.answered(CloseQueue("sales"))
    made.ask("d", "one", queue="sales")
    assert made.conversation("one").queue == "support"
    assert ask(made, "sales") == (Refusal.CLOSED, "support")


def test_a_closed_brand_overflows_nowhere() -> None:
    made = scene()
    made.answered(CloseBrand("pro"))
    assert ask(made, "sales", brand="pro") == (Refusal.CLOSED, "")
    assert ask(made, "post", brand="pro") == (Refusal.CLOSED, "leave_message")
    made.ask("c", "without", queue="sales")
    assert made.status("without") == "waiting"


def test_a_service_may_bring_what_can_wait_to_a_closed_queue_and_nothing_else() -> None:
    made = scene()
    made.answered(CloseQueue("support"))
    mail = made.request(service(), "mail", queue="support", customer="d", deferrable=True)
    made.answered(mail)
    assert made.status("mail") == "waiting"
    chat = made.request(service(), "chat", queue="support", customer="d", topic="x")
    assert made.refused_in_vain(chat) == Refusal.CLOSED


FULL = Policy(
    queues=(
        Queue(id="q", waiting_max=1, overflow="later", prefer_agent_ms=9_000),
        Queue(id="later", waiting_max=0),
    ),
    agents=(skilled("ann", 2, lamps=50), skilled("bob", bills=50)),
)


def full() -> Watched:
    """One waits for bob, who is away; ann has nothing to do."""
    made = Watched(FULL)
    made.sign_in("ann")
    made.arrive(customer("c"))
    made.ask("b", queue="q", needs=needs(bills=30))
    assert made.status("b") == "waiting"
    return made


def test_a_full_line_refuses_nobody_whom_a_free_agent_can_take_at_once() -> None:
    made = full()
    made.ask("c", queue="q", needs=needs(lamps=30))
    assert (made.offered("ann"), made.status("c")) == ("c", "offered")
    assert ask(made, "q", needs=needs(lamps=30)) == (Refusal.CLOSED, "later")


def test_a_full_line_refuses_whoever_would_have_to_wait() -> None:
    made = full()
    assert ask(made, "q", needs=needs(bills=30)) == (Refusal.CLOSED, "later")
    assert ask(made, "q", avoid=(AgentId("ann"),)) == (Refusal.CLOSED, "later")
    made.sign_in("bob")
    made.decline("bob")
    second = made.request(customer("b"), "held", queue="q", needs=needs(lamps=30))
    assert made.refused_in_vain(second) == Refusal.CLOSED


def test_where_the_named_agent_is_busy_a_full_line_overflows_to_others() -> None:
    made = full()
    made.ask("d", queue="q", needs=needs(lamps=30), agent=AgentId("bob"))
    assert made.conversation("d").queue == "q"
    made = full()
    made.sign_in("bob")
    made.ask("d", queue="q", needs=needs(lamps=30), agent=AgentId("bob"))
    assert (made.conversation("d").queue, made.offered("ann")) == ("later", "d")


def test_a_queue_without_a_line_takes_what_can_be_taken_at_once() -> None:
    made = full()
    made.ask("c", queue="later")
    assert made.conversation("c").queue == "later"
    assert made.offered("ann") == "c"


MEMBERS = Policy(
    queues=(Queue(id="members", verified_only=True), Queue(id="public")),
    rules=(Rule(id="up", when=When(topic=("club",)), then=Then(queue="members")),),
)


def test_a_queue_for_the_verified_is_asked_for_by_nobody_else() -> None:
    made = Watched(MEMBERS)
    made.arrive(customer("guest"))
    made.arrive(customer("member"), verified=True)
    for fields in ({"queue": "members"}, {"queue": "public", "topic": "club"}):
        code = made.refused_in_vain(made.request(customer("guest"), "no", **fields))
        assert code == Refusal.FORBIDDEN
    made.ask("member", "theirs", queue="members")
    made.ask("guest", "first that takes them")
    made.answered(made.request(service(), "asked for", queue="members", customer="guest"))
    queues = [made.conversation(name).queue for name in ("theirs", "first that takes them")]
    assert queues == ["members", "public"]
    assert made.conversation("asked for").queue == "members"
