"""What the core reported, counted by word."""

import pytest
from msgspec.structs import replace

from router.commands import (
    Actor,
    Claims,
    Command,
    Connect,
    Disconnect,
    SetAgentPresence,
    SetPolicy,
    SetPresence,
    Tick,
)
from router.errors import Refusal
from router.events import (
    AgentChanged,
    AgentFlapped,
    CommandRefused,
    ConversationAssigned,
    ConversationEnded,
    ConversationForgotten,
    ConversationQueued,
    Event,
    OfferEnded,
    OfferMade,
    Overtaken,
)
from router.ids import AgentId, ConnectionId, ConversationId, CustomerId, OfferId
from router.server.happened import CAUSES, VIOLATIONS, Happened
from router.server.hidden import HIDDEN
from router.states import Show
from tests.helpers.cores import POLICY, Core, actor, connect
from tests.helpers.hubs import Audience

CHAT, CARL, ANN = ConversationId("c1"), CustomerId("carl"), AgentId("ann")
BY_ANN = Actor("agent", "ann", ConnectionId("k"))
BY_SUE = Actor("supervisor", "sue", ConnectionId("s"))
BY_BOT = Actor("service", "wfm", ConnectionId("b"))

Shown = dict[tuple[str, ...], float]


def shown(happened: Happened) -> Shown:
    """Every sample by its name and the values of its labels, in the order of their names."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in happened.collect()
        for sample in family.samples
    }


def told(*events: Event, command: Command | None = None, tenant: str = "acme") -> Shown:
    happened = Happened(lambda: 0.0003)
    happened.applied(tenant, command or Tick(), events)
    return shown(happened)


def ended(*, wrap_up: bool = False, handled_ms: int = 2_000) -> ConversationEnded:
    return ConversationEnded(CHAT, CARL, "q", "agent", 1_500, handled_ms, (), wrap_up)


def offered(overtaken: Overtaken | None = None) -> OfferMade:
    return OfferMade(OfferId("o"), CHAT, ANN, 20_000, 1, (), False, overtaken)


def test_what_a_policy_names_is_there_before_anything_happened() -> None:
    happened, crowd = Happened(), Audience()
    assert not [name for name in shown(happened) if "acme" in name]
    happened.prepare({"acme": crowd.core.router})
    found = shown(happened)
    for kind in VIOLATIONS:
        assert found["fairline_invariant_violations_total", kind] == 0
    for cause in CAUSES:
        for show in Show:
            assert found["fairline_presence_changes_total", cause, "acme", show] == 0
    for outcome in ("answered", "left"):
        assert found["fairline_wait_seconds_count", outcome, "support", "acme"] == 0
    assert found["fairline_requeues_total", "returned", "support", "acme"] == 0
    assert found["fairline_presence_flaps_total", "acme"] == 0
    assert found["fairline_commands_total", "ok", "AcceptOffer"] == 0
    assert found["fairline_offer_response_seconds_count", "declined", "acme"] == 0


def test_commands_are_counted_by_what_became_of_them() -> None:
    found = told(CommandRefused(Refusal.OFFER_GONE, "gone"))
    assert found["fairline_commands_total", "offer_gone", "Tick"] == 1
    assert found["fairline_commands_total", "ok", "Tick"] == 0


def test_waits_services_and_returns_are_counted_by_queue() -> None:
    queued = [
        ConversationQueued(CHAT, CARL, "q", "waiting", 1, cause)
        for cause in ("requested", "returned", "step", "transferred")
    ]
    assigned = ConversationAssigned(CHAT, "a", ANN, CARL, "q", 90_000)
    found = told(*queued, assigned, ended(), ended(handled_ms=0))
    assert found["fairline_requeues_total", "returned", "q", "acme"] == 1
    assert found["fairline_requeues_total", "transferred", "q", "acme"] == 1
    assert ("fairline_requeues_total", "requested", "q", "acme") not in found
    assert found["fairline_wait_seconds_sum", "answered", "q", "acme"] == 90
    assert found["fairline_wait_seconds_sum", "left", "q", "acme"] == 1.5
    assert found["fairline_handle_seconds_sum", "q", "acme"] == 2
    assert found["fairline_conversations_ended_total", "agent"] == 2


def test_a_wrap_up_counts_once_and_leaves_nothing() -> None:
    happened = Happened()
    happened.applied("acme", Tick(), [ended(wrap_up=True)])
    happened.applied("acme", Tick(), [ended()])
    happened.applied("acme", Tick(), [ended(wrap_up=True), ConversationForgotten(CHAT)])
    found = shown(happened)
    assert found["fairline_wrapup_seconds_count", "q", "acme"] == 1
    assert found["fairline_conversations_ended_total", "agent"] == 1
    assert not happened._wrapping


def test_an_offer_counts_from_its_making_to_the_answer() -> None:
    happened = Happened(lambda: 0.0003)
    for outcome in ("accepted", "revoked", "declined", "accepted"):
        happened.applied("acme", Tick(), [offered()])
        happened.applied("acme", Tick(), [OfferEnded(OfferId("o"), CHAT, ANN, outcome)])
    happened.applied("acme", Tick(), [OfferEnded(OfferId("older"), CHAT, ANN, "accepted")])
    found = shown(happened)
    assert found["fairline_offer_response_seconds_count", "accepted", "acme"] == 2
    assert found["fairline_offer_response_seconds_count", "declined", "acme"] == 1
    assert found["fairline_route_decision_seconds_count",] == 4
    assert found["fairline_route_decision_seconds_sum",] == pytest.approx(0.0012)
    assert not happened._offered


def test_an_offer_that_passes_somebody_over_who_could_be_taken_is_a_violation() -> None:
    found = told(offered(Overtaken(by_class=1, not_taken=2, violations=3)))
    assert found["fairline_invariant_violations_total", "order"] == 3


@pytest.mark.parametrize(
    ("command", "reason", "cause"),
    [
        (SetPresence(by=BY_ANN, show="busy"), "lunch", "user"),
        (SetPresence(by=Actor("agent", "bob", ConnectionId("b")), show="busy"), "idle", "timeout"),
        (SetAgentPresence(by=BY_SUE, agent=ANN, show="away"), "supervisor", "supervisor"),
        (SetAgentPresence(by=BY_BOT, agent=ANN, show="away"), "external", "external"),
        (Connect(by=BY_ANN, life="l", device="", claims=Claims()), "", "connect"),
        (Disconnect(by=BY_ANN, leave=True), "signed_out", "user"),
        (Disconnect(by=BY_ANN), "timeout", "disconnect"),
        (Tick(), "timeout", "disconnect"),
        (Tick(), "signed_out", "disconnect"),
        (Tick(), "missed", "missed"),
        (Tick(), "until", "timeout"),
        (Tick(), "whatever", "other"),
    ],
)
def test_why_an_agent_is_shown_as_something_else(command: Command, reason: str, cause: str) -> None:
    same = AgentChanged(ANN, "busy", "busy", reason)
    found = told(AgentChanged(ANN, "available", "busy", reason), same, command=command)
    changes = {name: value for name, value in found.items() if "changes" in name[0] and value}
    assert changes == {("fairline_presence_changes_total", cause, "acme", "busy"): 1}


def test_nobody_sees_what_a_doctor_plays() -> None:
    assert told(AgentFlapped(ANN, 4, 1), tenant=HIDDEN) == told(command=Tick(), tenant=HIDDEN)
    assert told(AgentFlapped(ANN, 4, 1))["fairline_presence_flaps_total", "acme"] == 1


def flaps_after(*commands: Command, losses_max: int = 0) -> float:
    """What is counted of a core that carries these out, several times over."""
    happened, core = Happened(), Core()
    core.do(SetPolicy(policy=replace(POLICY, flap_losses_max=losses_max)))
    happened.prepare({"acme": core.router})
    for command in commands:
        happened.applied("acme", command, core.do(command))
    return shown(happened)["fairline_presence_flaps_total", "acme"]


def again(person: str, connection: str = "", *, leave: bool = False) -> list[Command]:
    """Somebody's device comes, and is gone."""
    gone = Disconnect(by=actor(person, connection), leave=leave)
    return [connect(person, connection), gone]


def test_losses_of_an_agent_are_counted_from_the_fourth_on_where_the_policy_counts_none() -> None:
    assert flaps_after(*again("agent:ann") * 3) == 0
    assert flaps_after(*again("agent:ann") * 5) == 2


def test_where_the_policy_counts_its_own_count_is_the_only_one() -> None:
    assert flaps_after(*again("agent:ann") * 5, losses_max=2) == 3
    assert flaps_after(*again("agent:ann") * 5, losses_max=9) == 0


def test_a_goodbye_a_second_device_and_customers_are_no_losses() -> None:
    assert flaps_after(*again("agent:ann", leave=True) * 9) == 0
    assert flaps_after(connect("agent:ann"), *again("agent:ann", "other") * 9) == 0
    assert flaps_after(*again("customer:ann") * 9) == 0
    assert flaps_after(*again("supervisor:sue") * 9) == 0


def test_batches_are_counted() -> None:
    happened = Happened()
    happened.batch(3)
    happened.poisoned()
    found = shown(happened)
    assert found["fairline_journal_batch_commands_sum",] == 3
    assert found["fairline_invariant_violations_total", "command"] == 1


def test_a_wait_is_an_example_where_its_conversation_is_traced() -> None:
    happened = Happened(trace_of=lambda tenant, name: f"{tenant}-{name}-trace")
    happened.applied("acme", Tick(), [ended(handled_ms=0)])
    (series,) = [
        sample
        for family in happened.collect()
        for sample in family.samples
        if sample.exemplar is not None
    ]
    assert series.name == "fairline_wait_seconds_bucket"
    assert series.labels["outcome"] == "left"
    assert series.exemplar is not None
    assert series.exemplar.labels == {"trace_id": f"acme-{CHAT}-trace"}
    assert series.exemplar.value == 1.5
