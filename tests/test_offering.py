"""The matching step: who is asked next, and what giving work means."""

import pytest

from router.commands import RateConversation, SetPresence
from router.events import ConversationAssigned, OfferMade
from router.ids import ConversationId
from router.policy import AgentEntry, Policy, Queue, SkillNeed, Step
from tests.helpers.worlds import SIMPLE, Scene, agent, customer, needs, service, skilled, wishes


def test_nobody_waits_less_than_nothing() -> None:
    """A deferrable conversation that is served before its start had waited minus 8 hours."""
    scene = Scene()
    scene.sign_in("ann")
    scene.answered(scene.request(service(), "mail", customer="c", deferrable=True))
    scene.accept("ann")
    assert [event.waited_ms for _, event in scene.seen(ConversationAssigned)] == [0]


def test_a_head_start_of_90_s_is_just_that() -> None:
    """Theory E4 without its per-customer pace: V comes at 80 and 120 s with keys -10 and 30."""
    scene = Scene()
    for at_s, name, claims in (
        (0, "L", ""), (10, "A", ""), (70, "B", ""), (80, "V", "urgent"), (120, "W", "urgent"),
        (130, "C", ""),
    ):  # fmt: skip
        scene.to(at_s * 1_000)
        scene.arrive(customer(name), klass=claims)
        scene.ask(name)
    keys = [scene.conversation(name).key_ms - scene.start_ms for name in "LABVWC"]
    assert keys == [0, 10_000, 70_000, -10_000, 30_000, 130_000]
    scene.to(200_000)
    scene.sign_in("ann")
    assert scene.serve_all("ann") == ["V", "L", "A", "W", "B", "C"]


def test_one_place_per_customer_serves_everybody_once_before_anybody_twice() -> None:
    """Theory E5 with the agent freed at 200, 201, 202 ... s."""
    scene = Scene()
    for at_s, name in ((0, "L"), (10, "A"), (70, "B"), (130, "C")):
        scene.to(at_s * 1_000)
        scene.ask(name, f"{name}1")
    for number in range(2, 6):
        scene.ask("L", f"L{number}")
    served = []
    scene.to(200_000)
    scene.sign_in("ann")
    for second in range(201, 209):
        served.append(scene.offered("ann"))
        scene.accept("ann")
        scene.to(second * 1_000)
        scene.end("ann", served[-1])
    assert served == ["L1", "A1", "B1", "C1", "L2", "L3", "L4", "L5"]


RINGS = Policy(
    queues=(
        Queue(
            id="q",
            needs=(SkillNeed("x", 10), SkillNeed("y", 10)),
            steps=(Step(after_ms=30_000, needs=needs(x=10)),),
        ),
    ),
    agents=(skilled("outer", x=80), skilled("inner", x=80, y=80)),
)


def test_a_step_opens_at_exactly_its_time() -> None:
    """Theory D3: only an agent of the outer ring is idle, and gets it at 30 s."""
    scene = Scene(RINGS)
    scene.sign_in("outer")
    scene.ask("c")
    scene.to(29_999)
    assert scene.offers() == []
    scene.to(30_000)
    assert scene.offers() == [(30_000, "c", "outer")]
    assert scene.conversation("c").key_ms == scene.start_ms


def test_an_inner_agent_who_frees_up_a_second_before_gets_it() -> None:
    scene = Scene(RINGS)
    scene.sign_in("outer")
    scene.ask("c")
    scene.to(29_000)
    scene.sign_in("inner")
    assert scene.offers() == [(29_000, "c", "inner")]


def test_the_oldest_whom_the_free_agent_may_take_is_offered() -> None:
    """G4: a conversation that no free agent can serve delays nobody else."""
    scene = Scene(RINGS)
    scene.ask("c")
    scene.to(1)
    scene.ask("d", queue="q")
    scene.to(30_000)
    scene.sign_in("outer")
    assert scene.offers() == [(30_000, "c", "outer")]
    scene.sign_in("inner")
    assert scene.offers()[1:] == [(30_000, "d", "inner")]


def test_equally_good_agents_are_asked_by_load_flexibility_and_idle_time() -> None:
    policy = Policy(
        queues=(Queue(id="q"), Queue(id="r", needs=needs(x=10))),
        agents=(
            skilled("busy", 3),
            skilled("able", 3, x=50),
            skilled("late", 3),
            skilled("first", 3),
        ),
    )
    scene = Scene(policy)
    scene.sign_in("busy")
    scene.ask("one", queue="q")
    scene.accept("busy")
    scene.sign_in("able", "first")
    scene.to(1)
    scene.sign_in("late")
    asked = []
    for name in "cdef":
        scene.ask(name, queue="q")
        asked.append(scene.offers()[-1][2])
    assert asked == ["first", "late", "able", "busy"]
    why = [event.why[-1] for _, event in scene.seen(OfferMade)][2:]
    assert why == ["least_flexible", "least_loaded", "best_match"]


def test_the_agent_whom_the_customer_knows_is_preferred_until_a_bad_rating() -> None:
    scene = Scene(SIMPLE)
    scene.sign_in("ann")
    scene.ask("c")
    scene.accept("ann")
    scene.end("ann", "c")
    scene.sign_in("bob")
    scene.to(1_000)
    scene.ask("c", "again")
    assert scene.offered("ann") == "again"
    scene.accept("ann")
    scene.end("ann", "again")
    for name in ("c", "again"):
        scene.answered(RateConversation(customer("c"), ConversationId(name), 1))
    scene.to(2_000)
    scene.ask("c", "third")
    assert scene.offered("bob") == "third"


def test_a_better_language_is_worth_more_than_the_idle_place() -> None:
    policy = Policy(
        queues=(Queue(id="q"),),
        agents=(skilled("poor", languages="fr:20"), skilled("good", languages="fr:100 en:100")),
    )
    scene = Scene(policy)
    scene.sign_in("poor", "good")
    scene.ask("c", languages=wishes("fr", "en"))
    assert scene.offered("good") == "c"


def test_a_thousand_agents_ready_at_once_get_a_conversation_each() -> None:
    """Theory M6, with 60: nobody twice, nobody left, the smallest keys first."""
    scene = Scene()
    names = [f"c{number}" for number in range(60)]
    for name in names:
        scene.ask(name)
    for number in range(40):
        scene.sign_in(f"a{number}")
    offers = scene.offers()
    assert [conversation for _, conversation, _ in offers] == names[:40]
    assert len({name for *_, name in offers}) == 40


@pytest.mark.parametrize("size", [1, 2])
def test_room_is_counted_by_channel_and_in_all(size: int) -> None:
    entry = AgentEntry(id="ann", capacity={"chat": 2, "email": 1, "total": size})
    policy = Policy(queues=(Queue(id="q", channels=("chat", "email")),), agents=(entry,))
    scene = Scene(policy)
    scene.sign_in("ann")
    scene.ask("c", channel="email")
    scene.accept("ann")
    scene.ask("d", channel="email")
    assert scene.offered("ann") == ""
    scene.ask("e", channel="chat")
    assert scene.offered("ann") == ("e" if size == 2 else "")


def test_an_interrupting_channel_comes_although_the_total_is_used_up() -> None:
    entry = AgentEntry(id="ann", capacity={"chat": 1, "voice": 1, "total": 1})
    queue = Queue(id="q", channels=("chat", "voice"))
    scene = Scene(Policy(queues=(queue,), agents=(entry,), interrupts=("voice",)))
    scene.sign_in("ann")
    scene.ask("c", channel="chat")
    scene.accept("ann")
    scene.ask("d", channel="voice")
    assert scene.offered("ann") == "d"


def test_a_channel_switched_off_brings_no_offers() -> None:
    scene = Scene()
    scene.sign_in("ann")
    scene.answered(SetPresence(agent("ann"), channels={"chat": False}))
    scene.ask("c")
    assert scene.offered("ann") == ""
    scene.answered(SetPresence(agent("ann"), channels={"chat": True}))
    assert scene.offered("ann") == "c"


def test_two_agents_who_are_freed_at_once_are_both_asked() -> None:
    """Both look at the same smallest key; whoever does not get it must look again."""
    scene = Scene()
    scene.sign_in("ann", "bob")
    for name in ("one", "two"):
        scene.ask("c", name)
        scene.accept("ann" if scene.offered("ann") else "bob")
    for name in ("d", "e"):
        scene.to(1_000)
        scene.ask(name)
    scene.leave(customer("c"), goodbye=True)
    assert sorted(scene.offered(name) for name in ("ann", "bob")) == ["d", "e"]
