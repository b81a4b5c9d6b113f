"""From an offer to an agent's loss: every consequence on the agents' side."""

import msgspec
import pytest

from router.actors import Actor
from router.commands import (
    AcceptOffer,
    AssignConversation,
    DeclineOffer,
    SeeOffer,
    SetPresence,
    TransferConversation,
)
from router.errors import Refusal
from router.events import AuditRecorded, OfferMade
from router.ids import AgentId, ConversationId, OfferId
from router.policy import Policy, Queue, SkillNeed, Step
from tests.helpers.worlds import (
    SIMPLE,
    Scene,
    agent,
    ids,
    needs,
    of_kind,
    service,
    skilled,
    supervisor,
)

STEPPED = Policy(
    queues=(
        Queue(
            id="q",
            needs=(SkillNeed("x", 50),),
            steps=(Step(after_ms=30_000, needs=needs(x=10)), Step(after_ms=60_000, needs=())),
        ),
    ),
    agents=(skilled("ann", x=80), skilled("bob", x=20)),
    capacity={"chat": 1, "total": 1},
)


def test_a_conversation_that_lost_its_agent_goes_on_with_its_steps() -> None:
    """It began at the first step again, as if it were a transfer; 40 s of waiting were lost."""
    scene = Scene(STEPPED)
    scene.ask("c")
    scene.to(40_000)
    scene.sign_in("ann")
    scene.accept("ann")
    scene.to(100_000)
    scene.leave(agent("ann"), goodbye=True)
    assert scene.conversation("c").step == 1
    scene.to(119_999)
    assert scene.conversation("c").step == 1
    scene.to(120_000)
    assert scene.conversation("c").step == 2


def test_a_declined_offer_breaks_a_row_of_missed_ones() -> None:
    """Two missed offers in a row make an agent away; one who declines in between is there."""
    scene = Scene()
    scene.sign_in("ann")
    for number in range(3):
        scene.ask(f"c{number}")
    scene.see("ann")
    scene.to(20_000)
    assert scene.offered("ann") == "c1"
    scene.decline("ann")
    assert scene.offered("ann") == "c2"
    scene.see("ann")
    scene.to(40_000)
    assert scene.agent("ann").show == "available"


TWO_QUEUES = Policy(
    queues=(
        Queue(id="q"),
        Queue(id="bills", needs=(SkillNeed("bills", 50),)),
        Queue(id="mail", channels=("email",)),
    ),
    agents=(skilled("ann"), skilled("bob", bills=80), skilled("cy", bills=60)),
)


def test_a_late_accept_is_told_what_became_of_the_offer() -> None:
    scene = Scene()
    scene.sign_in("ann")
    scene.ask("c")
    scene.to(4_000)
    late = scene.refused(AcceptOffer(agent("ann"), OfferId("o1")))
    assert (late.code, late.outcome) == (Refusal.OFFER_GONE, "undelivered")
    none = scene.refused(AcceptOffer(agent("ann"), OfferId("o9")))
    assert (none.code, none.outcome) == (Refusal.NOT_FOUND, None)


def test_an_offer_is_nobody_elses_to_answer() -> None:
    scene = Scene()
    scene.sign_in("ann")
    scene.ask("c")
    scene.arrive(agent("bob"))
    for command in (AcceptOffer, DeclineOffer, SeeOffer):
        refusal = scene.refused(command(agent("bob"), scene.offer_of("ann")))
        assert refusal.code is Refusal.NOT_FOUND
    assert scene.offered("ann") == "c"


@pytest.mark.parametrize("command", [AcceptOffer, DeclineOffer])
def test_an_answer_given_twice_is_fine(command: type[AcceptOffer] | type[DeclineOffer]) -> None:
    scene = Scene()
    scene.sign_in("ann")
    scene.ask("c")
    scene.answered(command(agent("ann"), OfferId("o1")))
    before = scene.router.digest()
    scene.answered(command(agent("ann"), OfferId("o1")))
    assert scene.router.digest() == before


def test_an_offer_not_seen_moves_on_after_4_s_without_penalty() -> None:
    scene = Scene()
    scene.sign_in("ann", "bob")
    scene.ask("c")
    idle = scene.agent("ann").idle_order
    scene.to(3_999)
    assert scene.offered("ann") == "c"
    scene.to(4_000)
    assert scene.outcomes() == [(4_000, "ann", "undelivered")]
    assert scene.offered("bob") == "c"
    assert (scene.agent("ann").idle_order, scene.agent("ann").missed_count) == (idle, 0)


@pytest.mark.parametrize(("speaks_at", "asked_at"), [(10_000, 10_000), (None, 34_000)])
def test_after_undelivered_an_agent_is_asked_again_in_30_s_or_once_heard(
    speaks_at: int | None, asked_at: int
) -> None:
    scene = Scene()
    scene.sign_in("ann")
    scene.ask("c")
    if speaks_at is not None:
        scene.to(speaks_at)
        scene.answered(SetPresence(agent("ann")))
    scene.to(40_000)
    assert scene.offers()[1] == (asked_at, "c", "ann")


def test_two_missed_offers_in_a_row_make_an_agent_away() -> None:
    scene = Scene()
    scene.sign_in("ann")
    scene.ask("c")
    scene.ask("d")
    for at_ms in (20_000, 40_000):
        scene.see("ann")
        scene.to(at_ms)
    assert [outcome for *_, outcome in scene.outcomes()] == ["expired", "expired"]
    assert (scene.agent("ann").show, scene.agent("ann").reason) == ("away", "missed")


def test_a_missed_offer_sends_the_agent_to_the_back() -> None:
    """Theory M4: who does not answer must not be the first to be asked next."""
    scene = Scene()
    scene.sign_in("ann", "bob")
    scene.ask("c")
    scene.see("ann")
    scene.to(20_000)
    assert scene.offered("bob") == "c"
    scene.answered(DeclineOffer(agent("bob"), scene.offer_of("bob")))
    scene.ask("d")
    assert scene.offered("ann") == "d"


def test_a_decliner_is_asked_again_after_a_minute() -> None:
    scene = Scene()
    scene.sign_in("ann")
    scene.ask("c")
    scene.decline("ann")
    scene.to(59_999)
    assert scene.offered("ann") == ""
    scene.to(60_000)
    assert scene.offers() == [(0, "c", "ann"), (60_000, "c", "ann")]


def test_a_decliner_is_asked_after_all_others() -> None:
    scene = Scene()
    scene.sign_in("ann")
    scene.ask("c")
    scene.decline("ann")
    scene.answered(SetPresence(agent("ann"), show="busy"))
    scene.to(70_000)
    scene.sign_in("bob")
    scene.answered(SetPresence(agent("bob"), show="busy"))
    scene.leave(agent("ann"))
    scene.do(SetPresence(agent("ann")))
    scene.answered(SetPresence(agent("bob")))
    assert scene.offered("bob") == "c"


def test_a_direct_assignment_is_accepted_by_being_seen_and_cannot_be_declined() -> None:
    scene = Scene(msgspec.structs.replace(SIMPLE, queues=(Queue(id="q", assign="direct"),)))
    scene.sign_in("ann")
    scene.ask("c")
    assert [event.auto for _, event in scene.seen(OfferMade)] == [True]
    refusal = scene.refused(DeclineOffer(agent("ann"), OfferId("o1")))
    assert refusal.code is Refusal.INVALID_TRANSITION
    scene.see("ann")
    assert (scene.status("c"), scene.outcomes()) == ("active", [(0, "ann", "accepted")])


def test_a_direct_assignment_that_nobody_sees_moves_on() -> None:
    scene = Scene(msgspec.structs.replace(SIMPLE, queues=(Queue(id="q", assign="direct"),)))
    scene.sign_in("ann", "bob")
    scene.ask("c")
    scene.to(4_000)
    assert (scene.outcomes(), scene.offered("bob")) == ([(4_000, "ann", "undelivered")], "c")


def test_a_transfer_to_an_agent_waits_for_that_agent_alone_and_then_for_any() -> None:
    scene = Scene(TWO_QUEUES)
    scene.sign_in("ann", "bob", "cy")
    scene.ask("c")
    scene.accept("ann")
    scene.answered(SetPresence(agent("bob"), show="busy"))
    scene.to(1_000)
    scene.answered(TransferConversation(agent("ann"), ids("c")[1], "t", agent=ids("bob")[0]))
    assert scene.conversation("c").key_ms == scene.start_ms
    scene.to(60_999)
    assert scene.offers()[1:] == []
    scene.to(61_000)
    assert scene.offers()[1:] == [(61_000, "c", "cy")]


def test_a_transfer_to_an_agent_who_frees_up_in_time_goes_there() -> None:
    scene = Scene(TWO_QUEUES)
    scene.sign_in("ann", "bob")
    scene.ask("c")
    scene.accept("ann")
    scene.answered(SetPresence(agent("bob"), show="busy"))
    scene.answered(TransferConversation(agent("ann"), ids("c")[1], "t", agent=ids("bob")[0]))
    scene.to(30_000)
    scene.answered(SetPresence(agent("bob")))
    assert scene.offered("bob") == "c"


def test_a_transfer_goes_back_to_who_gave_it_away_a_moment_ago() -> None:
    """Both were free, and for a minute neither was asked: who is named is not refused any more."""
    scene = Scene(TWO_QUEUES)
    scene.sign_in("ann", "bob")
    scene.ask("c")
    scene.accept("ann")
    scene.answered(TransferConversation(agent("ann"), ids("c")[1], "t", agent=ids("bob")[0]))
    scene.accept("bob")
    scene.answered(TransferConversation(agent("bob"), ids("c")[1], "u", agent=ids("ann")[0]))
    assert scene.offered("ann") == "c"


def test_a_transfer_to_a_queue_asks_for_what_that_queue_needs() -> None:
    scene = Scene(TWO_QUEUES)
    scene.sign_in("ann", "cy")
    scene.ask("c", queue="q", avoid=("cy",))
    scene.accept("ann")
    scene.sign_in("bob")
    scene.answered(TransferConversation(agent("ann"), ids("c")[1], "t", "bills"))
    assert scene.offered("bob") == "c"
    assert scene.conversation("c").queue == "bills"


@pytest.mark.parametrize(
    ("queue", "to", "code"),
    [
        ("none", None, Refusal.NOT_FOUND),
        ("mail", None, Refusal.BAD_REQUEST),
        ("", "ann", Refusal.BAD_REQUEST),
        ("", "nobody", Refusal.NOT_FOUND),
    ],
)
def test_a_transfer_to_nowhere_is_refused(queue: str, to: str | None, code: Refusal) -> None:
    scene = Scene(TWO_QUEUES)
    scene.sign_in("ann")
    scene.ask("c")
    scene.accept("ann")
    agent_id = None if to is None else ids(to)[0]
    command = TransferConversation(agent("ann"), ids("c")[1], "t", queue, agent_id)
    assert scene.refused(command).code is code
    assert scene.status("c") == "active"


def test_the_giver_is_not_asked_again_for_what_was_passed_on() -> None:
    scene = Scene(TWO_QUEUES)
    scene.sign_in("bob")
    scene.ask("c", queue="bills")
    scene.accept("bob")
    scene.answered(TransferConversation(agent("bob"), ids("c")[1], "t", "bills"))
    assert scene.offered("bob") == ""
    scene.to(60_000)
    assert scene.offered("bob") == "c"


def test_assignment_by_hand_needs_room_and_is_written_down() -> None:
    scene = Scene()
    scene.arrive(supervisor())
    scene.sign_in("ann")
    scene.ask("c")
    scene.accept("ann")
    scene.ask("d")
    full = scene.refused(AssignConversation(supervisor(), ids("d")[1], ids("ann")[0]))
    assert full.code is Refusal.CAPACITY_FULL
    absent = AssignConversation(supervisor(), ids("d")[1], ids("bob")[0])
    assert scene.refused(absent).code is Refusal.NOT_FOUND
    scene.arrive(agent("bob"))
    events = scene.do(absent)
    assert (scene.status("d"), scene.conversation("d").agent) == ("active", "bob")
    assert [event.action for event in of_kind(events, AuditRecorded)] == ["assign"]
    again = scene.refused(absent)
    assert again.code is Refusal.INVALID_TRANSITION


@pytest.mark.parametrize(
    ("by", "outcome"), [(supervisor(), "revoked"), (service(), "taken")], ids=["hand", "first"]
)
def test_an_offer_given_to_another_says_whether_it_was_taken_back_or_taken(
    by: Actor, outcome: str
) -> None:
    scene = Scene()
    scene.sign_in("ann")
    scene.ask("c")
    offer = scene.offer_of("ann")
    scene.sign_in("bob")
    scene.answered(AssignConversation(by, ConversationId("c"), AgentId("bob")))
    assert scene.outcomes() == [(0, "ann", outcome)]
    assert scene.assigned() == [("c", "bob")]
    late = scene.refused(AcceptOffer(agent("ann"), offer))
    assert (late.code, late.outcome) == (Refusal.OFFER_GONE, outcome)


def test_assignment_by_hand_takes_it_from_whoever_has_it() -> None:
    scene = Scene()
    scene.arrive(supervisor())
    scene.sign_in("ann", "bob")
    scene.ask("c")
    scene.answered(AssignConversation(supervisor(), ids("c")[1], ids("bob")[0]))
    assert scene.outcomes() == [(0, "ann", "revoked")]
    scene.answered(AssignConversation(supervisor(), ids("c")[1], ids("ann")[0]))
    assert scene.assigned() == [("c", "bob"), ("c", "ann")]
    assert (scene.agent("bob").load, scene.agent("ann").load) == ({}, {"chat": 1})


def test_a_transfer_may_be_to_an_agent_of_the_directory_who_is_not_there() -> None:
    """Nobody takes it for ``transfer_wait_ms``; then it is the queue's again."""
    scene = Scene(TWO_QUEUES)
    scene.sign_in("ann", "bob")
    scene.ask("c")
    taker, other = ("ann", "bob") if scene.offered("ann") else ("bob", "ann")
    scene.accept(taker)
    absent = next(one.id for one in TWO_QUEUES.agents if one.id not in ("ann", "bob"))
    scene.answered(TransferConversation(agent(taker), ids("c")[1], "t", "", ids(absent)[0]))
    assert (scene.offered("ann"), scene.offered("bob")) == ("", "")
    scene.to(60_000)
    assert scene.offered(other) == "c"


def _for_skill(by: str, skill: str, queue: str = "", level: int = 1) -> TransferConversation:
    return TransferConversation(
        agent(by), ids("c")[1], f"t {skill} {queue}", queue, skill=skill, level=level
    )


def test_a_transfer_for_a_skill_goes_to_who_has_it_whatever_the_queue_asks() -> None:
    """Ann gives a chat of the open queue to a specialist: bob at 80, while cy at 60 is too weak."""
    scene = Scene(TWO_QUEUES)
    scene.sign_in("ann")
    scene.ask("c", queue="q")
    scene.accept("ann")
    refused = scene.refused(_for_skill("ann", "bills"))
    assert (refused.code, "skill 'bills'" in refused.message) == (Refusal.NOT_FOUND, True)
    scene.sign_in("cy", "bob")
    scene.answered(_for_skill("ann", "bills", level=70))
    assert scene.offered("bob") == "c"
    assert scene.conversation("c").queue == "q"


def test_what_waits_for_a_skill_keeps_waiting_for_it_as_long_as_somebody_has_it() -> None:
    scene = Scene(TWO_QUEUES)
    scene.sign_in("ann", "bob", "cy")
    scene.answered(SetPresence(agent("bob"), "busy"))
    scene.answered(SetPresence(agent("cy"), "busy"))
    scene.ask("c", queue="bills", needs=needs(bills=70))
    scene.answered(AssignConversation(supervisor(), ids("c")[1], ids("ann")[0]))
    scene.answered(_for_skill("ann", "bills", queue="q"))
    scene.to(150_000)
    assert (scene.status("c"), scene.offered("ann")) == ("waiting", "")
    scene.leave(agent("bob"), goodbye=True)
    scene.answered(SetPresence(agent("cy")))
    assert scene.offered("cy") == "c"  # any level does now


def test_a_skill_that_left_the_house_is_given_up_for_what_the_queue_asks() -> None:
    scene = Scene(TWO_QUEUES)
    scene.sign_in("ann", "bob")
    scene.answered(SetPresence(agent("bob"), "busy"))
    scene.ask("c", queue="q")
    scene.accept("ann")
    scene.answered(_for_skill("ann", "bills"))
    scene.leave(agent("bob"), goodbye=True)
    scene.to(59_999)
    assert scene.offered("ann") == ""
    scene.to(60_000)
    assert scene.offered("ann") == "c"
