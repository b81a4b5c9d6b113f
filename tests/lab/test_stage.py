"""The stage: planned people, the core's decisions, exact times."""

from collections.abc import Iterator

from msgspec import structs

from router.commands import RequestConversation
from router.ids import ConversationId, CustomerId
from router.lab.book import Visit
from router.lab.stage import SERVICE, AgentPlan, Stage
from router.lab.watch import Watch
from router.policy import AgentEntry, Policy, Queue, SkillNeed, Step

MINUTE = 60_000
RULES = Policy(
    queues=(Queue(id="help", assign="direct"),),
    capacity={"chat": 1, "total": 1},
)


def visit(
    name: str,
    at_ms: int,
    *,
    customer: str = "",
    queue: str = "help",
    klass: str = "",
    topic: str = "",
    **others: object,
) -> Visit:
    request = RequestConversation(
        by=SERVICE,
        conversation=ConversationId(name),
        op=name,
        channel="chat",
        queue=queue,
        customer=CustomerId(customer or f"customer of {name}"),
        priority=klass,
        topic=topic,
    )
    made = Visit(kind="people", at_ms=at_ms, request=request, service_ms=MINUTE)
    return structs.replace(made, **others)


def agent(name: str, **others: object) -> AgentPlan:
    return structs.replace(AgentPlan(entry=AgentEntry(id=name)), **others)


def play(rules: Policy, agents: list[AgentPlan], *visits: Visit) -> tuple[Stage, list[Visit]]:
    stage = Stage(rules, agents, Watch(0, 100 * MINUTE))
    coming: Iterator[Visit] = iter(visits)
    stage.run(coming)
    return stage, list(visits)


def test_one_agent_serves_one_after_the_other() -> None:
    _, (first, second) = play(
        RULES, [agent("ann")], visit("one", 1000), visit("two", 2000, service_ms=5000)
    )
    assert (first.answered_ms, first.ended_ms, first.outcome) == (1000, 61_000, "served")
    assert (second.answered_ms, second.ended_ms, second.waited_ms) == (61_000, 66_000, 59_000)
    assert second.agent == "ann"


def test_whoever_loses_patience_leaves_and_waits_no_more() -> None:
    _, (_, second) = play(
        RULES, [agent("ann")], visit("one", 1000), visit("two", 2000, patience_ms=30_000)
    )
    assert (second.outcome, second.answered_ms, second.waited_ms) == ("left", -1, 30_000)


def test_a_fast_agent_needs_less_time() -> None:
    _, (only,) = play(RULES, [agent("ann", speed=2.0)], visit("one", 1000))
    assert only.ended_ms == 31_000


def test_an_agent_who_is_asked_takes_their_time() -> None:
    rules = structs.replace(RULES, queues=(Queue(id="help"),))
    _, (only,) = play(rules, [agent("ann", answer_ms=lambda: 7_000)], visit("one", 1000))
    assert only.answered_ms == 8_000
    _, (at_once,) = play(rules, [agent("ann")], visit("one", 1000))
    assert at_once.answered_ms == 1000


def test_an_offer_that_nobody_answers_goes_to_the_next() -> None:
    rules = structs.replace(RULES, queues=(Queue(id="help"),))
    slow = agent("ann", answer_ms=lambda: 90_000)
    _, (only,) = play(rules, [slow, agent("bob")], visit("one", 1000))
    assert (only.answered_ms, only.agent) == (21_000, "bob")


def test_who_goes_finishes_and_takes_nothing_more() -> None:
    shift = agent("ann", shifts=((0, 10_000), (200_000, None)))
    _, (first, second) = play(RULES, [shift], visit("one", 1000), visit("two", 2000))
    assert first.ended_ms == 61_000
    assert second.answered_ms == 200_000


def test_a_full_queue_refuses_and_a_same_wish_joins() -> None:
    rules = structs.replace(RULES, queues=(Queue(id="help", assign="direct", waiting_max=1),))
    one, two, three = visit("one", 1000), visit("two", 2000), visit("three", 3000)
    again = visit("again", 2500, customer=two.customer)
    stage, _ = play(rules, [agent("ann")], one, two, again, three)
    assert [each.outcome for each in (one, two, again, three)] == [
        "served",
        "served",
        "joined",
        "refused",
    ]
    assert list(stage.book.visits) == ["one", "two", "again", "three"]


def test_a_held_conversation_stands_from_its_promotion() -> None:
    busy, first = visit("busy", 0), visit("first", 1000)
    held = visit("held", 2000, customer=first.customer, topic="more")
    other = visit("other", 3000)
    play(RULES, [agent("ann")], busy, first, held, other)
    assert (first.answered_ms, held.start_ms) == (60_000, 60_000)
    assert (other.answered_ms, held.answered_ms) == (120_000, 180_000)
    assert held.waited_ms == 178_000


def test_a_step_is_taken_at_its_own_instant() -> None:
    queue = Queue(
        id="help",
        assign="direct",
        needs=(SkillNeed("x"), SkillNeed("y")),
        steps=(Step(after_ms=30_000, needs=(SkillNeed("x"),)),),
    )
    rules = structs.replace(RULES, queues=(queue,))
    half = agent("ann", entry=AgentEntry(id="ann", skills={"x": 50}))
    _, (only, late) = play(rules, [half], visit("one", 1000), visit("late", 900_000))
    assert only.answered_ms == 31_000
    assert late.answered_ms == 930_000


def test_a_wrap_up_holds_the_agent() -> None:
    rules = structs.replace(RULES, queues=(Queue(id="help", assign="direct", wrap_up_ms=15_000),))
    _, (first, second) = play(rules, [agent("ann")], visit("one", 0), visit("two", 1000))
    assert first.ended_ms == 60_000
    assert second.answered_ms == 75_000


def test_a_wrap_up_may_be_completed_early() -> None:
    rules = structs.replace(RULES, queues=(Queue(id="help", assign="direct", wrap_up_ms=15_000),))
    early = visit("one", 0, wrap_up_ms=4_000)
    _, (_, second) = play(rules, [agent("ann")], early, visit("two", 1000))
    assert second.answered_ms == 64_000


def test_an_agent_ends_a_free_wrap_up_by_themselves_and_skips_one_that_is_optional() -> None:
    free = structs.replace(RULES, queues=(Queue(id="help", assign="direct", wrap_up="free"),))
    taken = visit("one", 0, wrap_up_ms=4_000)
    _, (_, second, third) = play(
        free, [agent("ann")], taken, visit("two", 1000), visit("three", 2000)
    )
    assert (second.answered_ms, third.answered_ms) == (64_000, 124_000)
    queue = Queue(id="help", assign="direct", wrap_up="optional", wrap_up_ms=15_000)
    optional = structs.replace(RULES, queues=(queue,))
    again = visit("one", 0, wrap_up_ms=4_000)
    _, (_, second, third) = play(
        optional, [agent("ann")], again, visit("two", 1000), visit("three", 2000)
    )
    assert (second.answered_ms, third.answered_ms) == (64_000, 124_000)


def test_nothing_that_happens_looks_like_an_outage() -> None:
    """A rule for outages that applied would move the wrap-up by the hours between the visits."""
    rules = structs.replace(RULES, queues=(Queue(id="help", assign="direct", wrap_up_ms=15_000),))
    visits = [visit(f"v{number}", number * 3_600_000) for number in range(5)]
    stage, played = play(rules, [agent("ann")], *visits)
    assert all(each.waited_ms == 0 for each in played)
    assert stage.router.next_deadline_ms() is not None  # of the last to be forgotten
    assert len(stage.router.world.conversations.by_id) == 1
