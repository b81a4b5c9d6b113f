"""Who is there: connections that come and go, grace, and what agents declare."""

import msgspec
import pytest

from router.commands import (
    AcceptTerms,
    Connect,
    EndOutage,
    LoseNode,
    ReportActivity,
    SetAgentPresence,
    SetPolicy,
    SetPresence,
    Tick,
)
from router.errors import Refusal
from router.events import (
    AgentChanged,
    AuditRecorded,
    ConnectionReplaced,
    ConversationEnded,
    ConversationQueued,
    ConversationUpdated,
    CustomerChanged,
    OfferEnded,
)
from router.ids import CustomerId, OfferId, PersonKey
from router.policy import Terms
from tests.helpers.playbook import given
from tests.helpers.worlds import SIMPLE, Scene, agent, customer, ids, of_kind, service, supervisor


def test_what_is_held_costs_what_the_policy_in_force_says() -> None:
    """The old cost was taken and the new one given back: an assertion stopped the core."""
    scene = Scene()
    scene.sign_in("ann")
    scene.ask("c")
    scene.accept("ann")
    scene.answered(SetPolicy(msgspec.structs.replace(SIMPLE, cost={"chat": 3})))
    assert scene.agent("ann").load_cost == 3
    scene.end("ann", "c")
    assert (scene.agent("ann").load, scene.agent("ann").load_cost) == ({}, 0)


def test_a_customer_whose_session_is_over_stays_shown_as_gone() -> None:
    """What a service asked for goes on without its customer; at the end of the grace they were
    shown as there again, and their return was told nobody."""
    scene = Scene()
    scene.sign_in("ann")
    scene.arrive(customer("c"))
    scene.answered(scene.request(service(), "c", customer="c"))
    scene.accept("ann")
    scene.leave(customer("c"))
    scene.to(200_000)
    assert scene.customer("c").gone_shown
    scene.arrive(customer("c"))
    scene.leave(customer("c"), goodbye=True)
    told = [(at, event.here) for at, event in scene.seen(CustomerChanged)]
    assert told == [(45_000, False), (200_000, True), (200_000, False)]


def loads(scene: Scene) -> None:
    """Ann serves one and is asked for another."""
    scene.sign_in("ann")
    scene.ask("c")
    scene.accept("ann")
    scene.ask("d")


TWO = msgspec.structs.replace(SIMPLE, capacity={"chat": 2, "total": 2})


def test_the_agents_timeline_after_the_last_device_is_lost() -> None:
    scene = Scene(TWO)
    loads(scene)
    scene.see("ann")
    scene.leave(agent("ann"))
    with given(scene) as play:
        play.to(4_999)
        play.to(5_000)
        play.tells(OfferEnded(OfferId("o2"), ids("d")[1], ids("ann")[0], "undelivered"))
        play.tells(queued("d", scene.start_ms, "returned"))
        play.to(29_999)
        assert scene.agent("ann").seen_show() == "available"
        play.to(30_000)
        ann = scene.agent("ann")
        assert (ann.seen_show(), ann.seen_reason()) == ("offline", "timeout")
        play.to(119_999)
        assert scene.status("c") == "active"
        play.to(120_000)
        play.tells(queued("c", scene.start_ms, "returned"))
        play.tells(
            ConversationUpdated(
                ids("c")[1],
                (("status", "waiting"), ("queue", "q"), ("why", "returned")),
                (PersonKey("customer:c"), PersonKey("agent:ann")),
            )
        )
    assert not scene.agent("ann").is_signed_in


def test_the_customers_timeline_after_the_last_device_is_lost() -> None:
    scene = Scene(TWO)
    scene.sign_in("ann")
    scene.ask("c", "talk")
    scene.accept("ann")
    scene.ask("c", "more")
    scene.leave(customer("c"))
    assert scene.offered("ann") == "more"
    with given(scene) as play:
        play.to(4_000)
        play.tells(OfferEnded(OfferId("o2"), ids("more")[1], ids("ann")[0], "undelivered"))
        play.tells(queued("more", scene.start_ms, "returned", "c"))
        play.to(44_999)
        assert scene.conversation("more").parked
        play.to(45_000)
        readers = (PersonKey("agent:ann"),)
        play.tells(CustomerChanged(ids("c")[2], ids("talk")[1], here=False, readers=readers))
        play.to(119_999)
        play.to(120_000)
        both = (PersonKey("customer:c"), PersonKey("agent:ann"))
        play.tells(ended("talk", "customer_lost", both, handled_ms=120_000))
        play.tells(ended("more", "abandoned", (PersonKey("customer:c"),), waited_ms=120_000))


def queued(name: str, key_ms: int, cause: str, customer_id: str = "") -> ConversationQueued:
    whose = CustomerId(customer_id or name)
    return ConversationQueued(ids(name)[1], whose, "q", "waiting", key_ms, cause)


def ended(
    name: str, reason: str, readers: tuple[PersonKey, ...], waited_ms: int = 0, handled_ms: int = 0
) -> ConversationEnded:
    return ConversationEnded(ids(name)[1], ids("c")[2], "q", reason, waited_ms, handled_ms, readers)


@pytest.mark.parametrize(("grace_ms", "moved_ms"), [(3_000, 3_000), (40_000, 5_000)])
def test_with_a_shorter_grace_the_later_rows_happen_at_its_end(
    grace_ms: int, moved_ms: int
) -> None:
    scene = Scene(msgspec.structs.replace(TWO, grace_ms=grace_ms))
    loads(scene)
    scene.see("ann")
    scene.leave(agent("ann"))
    scene.leave(customer("c"))
    scene.to(grace_ms - 1)
    assert scene.agent("ann").is_signed_in
    scene.to(grace_ms)
    assert scene.outcomes()[1:] == [(moved_ms, "ann", "undelivered")]
    assert not scene.agent("ann").is_signed_in
    assert scene.agent("ann").reason == "timeout"
    assert (scene.status("c"), scene.status("d")) == ("abandoned", "waiting")


def test_a_goodbye_skips_every_grace() -> None:
    scene = Scene(TWO)
    loads(scene)
    scene.leave(agent("ann"), goodbye=True)
    assert scene.agent("ann").seen_show() == "offline"
    assert scene.agent("ann").reason == "signed_out"
    assert (scene.status("c"), scene.status("d")) == ("waiting", "waiting")
    scene.leave(customer("c"), goodbye=True)
    assert scene.conversation("c").ended_reason == "abandoned"


def test_a_lost_node_gives_its_people_the_grace() -> None:
    scene = Scene(TWO)
    scene.sign_in("ann")
    scene.arrive(agent("bob"))
    scene.answered(Connect(agent("bob", "2"), life="n2"))
    scene.answered(LoseNode("n1"))
    assert (scene.agent("ann").reach, scene.agent("bob").reach) == ("lapsing", "reachable")
    assert scene.agent("ann").seen_show() == "available"
    assert scene.router.lives() == ("n2",)


def test_two_tabs_make_no_presence_noise() -> None:
    scene = Scene()
    scene.sign_in("ann")
    scene.answered(Connect(agent("ann", "2"), life="n1"))
    shown = len([e for _, e in scene.seen(AgentChanged) if e.before != e.show])
    scene.leave(agent("ann"))
    assert scene.agent("ann").reach == "reachable"
    assert len([e for _, e in scene.seen(AgentChanged) if e.before != e.show]) == shown


def test_connecting_never_makes_anybody_available() -> None:
    scene = Scene()
    scene.sign_in("ann")
    scene.leave(agent("ann"))
    scene.to(60_000)
    scene.arrive(agent("ann"))
    assert scene.agent("ann").show == "available"
    scene.leave(agent("ann"))
    scene.to(180_000)
    scene.arrive(agent("ann"))
    assert scene.agent("ann").show == "away"


def test_a_reconnect_keeps_the_idle_place() -> None:
    """Theory M7: idle order follows work, not connections."""
    scene = Scene()
    scene.sign_in("ann")
    scene.to(1_000)
    scene.sign_in("bob")
    scene.to(2_000)
    scene.leave(agent("ann"))
    scene.arrive(agent("ann"))
    scene.ask("c")
    assert scene.offered("ann") == "c"


def test_the_same_page_replaces_its_connection() -> None:
    scene = Scene()
    scene.answered(Connect(agent("ann"), device="page"))
    events = scene.do(Connect(agent("ann", "2"), device="page"))
    assert of_kind(events, ConnectionReplaced) == [
        ConnectionReplaced(PersonKey("agent:ann"), agent("ann").connection)
    ]
    assert list(scene.agent("ann").devices) == ["ann/2"]


def test_an_outage_starts_graces_over_and_moves_deadlines() -> None:
    scene = Scene(TWO)
    loads(scene)
    scene.see("ann")
    scene.to(10_000)
    scene.leave(customer("c"))
    scene.to(15_000)
    scene.do(Tick())
    scene.skip_to(15_000 + 60_000)
    scene.do(Tick())
    assert scene.outcomes() == [(0, "ann", "accepted")]
    scene.to(79_999)
    assert scene.offered("ann") == "d"
    scene.to(80_000)
    assert scene.outcomes()[1:] == [(80_000, "ann", "expired")]
    scene.to(75_000 + 119_999)
    assert scene.status("c") == "active"
    scene.to(75_000 + 120_000)
    assert scene.conversation("c").ended_reason == "customer_lost"


@pytest.mark.parametrize("away_ms", [500, 4_500, 100_000])
def test_an_outage_that_is_named_counts_for_nothing_however_short(away_ms: int) -> None:
    """A restart of 4.5 s used to cost an agent the offer, and one of 100 s a customer the chat."""
    scene = Scene(TWO)
    loads(scene)
    scene.see("ann")
    scene.to(10_000)
    scene.leave(customer("c"))
    scene.leave(agent("ann"))
    scene.skip_to(10_000 + away_ms)
    scene.do(EndOutage())
    scene.to(10_000 + away_ms + 4_999)
    assert scene.offered("ann") == "d"
    scene.to(10_000 + away_ms + 5_000)
    assert scene.offered("ann") == ""
    scene.arrive(agent("ann"))
    scene.to(10_000 + away_ms + 119_999)
    assert scene.status("c") == "active"
    scene.to(10_000 + away_ms + 120_000)
    assert scene.conversation("c").ended_reason == "customer_lost"


@pytest.mark.parametrize(("late_ms", "is_outage"), [(2_000, False), (2_001, True)])
def test_two_seconds_late_is_no_outage_yet(late_ms: int, is_outage: bool) -> None:
    scene = Scene()
    scene.sign_in("ann")
    scene.ask("c")
    scene.skip_to(4_000 + late_ms)
    scene.do(Tick())
    assert (scene.offered("ann") == "c") is is_outage


def test_until_puts_the_show_before_back_in_force() -> None:
    scene = Scene()
    scene.sign_in("ann")
    scene.answered(SetPresence(agent("ann"), show="busy", reason="lunch", until_ms=5_000))
    scene.ask("c")
    scene.to(4_999)
    assert scene.offered("ann") == ""
    scene.to(5_000)
    assert (scene.agent("ann").show, scene.offered("ann")) == ("available", "c")


def test_what_is_declared_meanwhile_ends_the_until() -> None:
    scene = Scene()
    scene.sign_in("ann")
    scene.answered(SetPresence(agent("ann"), show="busy", until_ms=5_000))
    scene.answered(SetPresence(agent("ann"), show="dnd"))
    scene.to(60_000)
    assert scene.agent("ann").show == "dnd"


def test_next_takes_no_new_offers_and_follows_the_last_conversation() -> None:
    scene = Scene(TWO)
    scene.sign_in("ann")
    scene.ask("c")
    scene.accept("ann")
    scene.answered(SetPresence(agent("ann"), show="available", next="away"))
    scene.ask("d")
    assert (scene.offered("ann"), scene.agent("ann").show) == ("", "available")
    scene.end("ann", "c")
    assert (scene.offered("ann"), scene.agent("ann").show) == ("", "away")


def test_leaving_available_revokes_the_pending_offer() -> None:
    scene = Scene()
    scene.sign_in("ann", "bob")
    scene.ask("c")
    scene.answered(SetPresence(agent("ann"), show="away"))
    assert scene.outcomes() == [(0, "ann", "revoked")]
    assert scene.offered("bob") == "c"


def test_an_agent_accepts_the_terms_before_being_available() -> None:
    scene = Scene(msgspec.structs.replace(SIMPLE, terms=Terms("house", 3)))
    scene.arrive(agent("ann"))
    refusal = scene.refused(SetPresence(agent("ann")))
    assert (refusal.code, refusal.terms) == (Refusal.CONSENT_REQUIRED, ("house", 3))
    scene.answered(SetPresence(agent("ann"), show="busy"))
    scene.answered(AcceptTerms(agent("ann"), "house", 3))
    scene.answered(SetPresence(agent("ann")))


def test_a_supervisor_sets_a_show_and_it_is_written_down() -> None:
    scene = Scene()
    command = SetAgentPresence(supervisor(), ids("ann")[0], "dnd", "meeting")
    assert scene.refused(command).code is Refusal.NOT_FOUND
    scene.sign_in("ann")
    events = scene.do(command)
    assert scene.agent("ann").show == "dnd"
    assert of_kind(events, AuditRecorded) == [
        AuditRecorded(PersonKey("supervisor:sue"), "agent.presence", "agent:ann", "meeting")
    ]
    scene.leave(agent("ann"), goodbye=True)
    assert scene.refused(command).code is Refusal.INVALID_TRANSITION


def test_activity_never_raises_availability() -> None:
    scene = Scene()
    scene.arrive(agent("ann"))
    scene.to(9_000)
    scene.answered(ReportActivity(agent("ann"), idle_ms=4_000))
    device = scene.agent("ann").devices["ann/1"]
    assert (device.idle_since_ms, scene.agent("ann").show) == (scene.start_ms + 5_000, "away")


def test_who_comes_back_within_the_grace_is_shown_with_their_own_reason_again() -> None:
    scene = Scene()
    scene.sign_in("ann")
    scene.answered(SetPresence(agent("ann"), show="busy", reason="training"))
    scene.leave(agent("ann"))
    scene.to(31_000)
    ann = scene.agent("ann")
    assert (ann.seen_show(), ann.seen_reason()) == ("offline", "timeout")
    scene.arrive(agent("ann"))
    assert (ann.seen_show(), ann.seen_reason()) == ("busy", "training")
