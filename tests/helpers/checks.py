"""What must hold always (design, section 9), found by looking at everybody after a command.

``mirror`` copies who there is into the naive router, so that "may this agent take this now" is
answered without the core's lanes, masks and marks.
"""

from collections.abc import Iterable

from router.conversations import Conversation
from router.core import Router
from router.events import Event, MessageAdded, OfferMade
from router.states import ConversationState, Reachability
from tests.helpers.model_line import Conversation as Copy
from tests.helpers.model_line import ModelLine, Offer, Person

__all__ = ["check_line", "check_messages", "check_offers", "check_people", "check_work", "mirror"]


def mirror(router: Router) -> ModelLine:
    """Everybody and everything, as the naive router holds it."""
    world = router.world
    model = ModelLine(world.policy)
    model.now = world.now_ms
    for agent in world.people.agents.values():
        model.agents[agent.id] = Person(
            agent.id,
            here=dict.fromkeys(agent.devices, ""),
            lapsing=agent.reach is Reachability.LAPSING,
            show=agent.show,
            next=agent.next_show,
            channels=dict(agent.channels),
            shunned=agent.shunned,
            paced=agent.is_paced,
        )
        parts = {"skills": agent.set_skills, "languages": agent.set_languages}
        model.by_hand[agent.id] = {
            part: dict(levels) for part, levels in parts.items() if levels is not None
        }
    for customer in world.people.customers.values():
        model.customers[customer.id] = Person(
            customer.id,
            here=dict.fromkeys(customer.devices, ""),
            account=customer.account,
            contact=customer.proven_contact,
        )
    for one in world.conversations:
        model.conversations[one.id] = _copy(one)
    for offer in world.offers.pending.values():
        model.offers[offer.id] = Offer(offer.id, offer.conversation, offer.agent)
    return model


def _copy(one: Conversation) -> Copy:
    return Copy(
        name=one.id,
        customer=one.customer,
        queue=one.queue,
        channel=one.channel,
        topic=one.topic,
        klass=one.klass,
        arrived=one.arrived_ms,
        start=one.start_ms,
        key=one.key_ms,
        place=one.place,
        needs=dict(one.own_needs),
        own_alone=one.own_alone,
        languages=list(one.own_languages),
        avoid=one.avoid,
        needs_presence=one.needs_presence,
        deferrable=one.deferrable,
        status=str(one.status),
        step=one.step,
        agent=one.agent,
        only=one.wanted_agent,
        offer=one.offer,
        declined=dict(one.declined),
        reason=one.ended_reason,
        passed=dict(one.passed),
        quiet=one.is_quiet,
    )


def check_line(router: Router) -> None:
    """Nobody who could be offered to somebody waits, and nobody is ahead of more than allowed."""
    model = mirror(router)
    most_ms = router.policy.head_start_max_ms
    for one in model.conversations.values():
        if one.status in ("waiting", "offered", "held"):
            assert one.start - most_ms <= one.key <= one.start, f"{one.name} has no fair key"
        if model.is_asked(one):
            able = [agent for agent in model.agents if model.may_take(agent, one)]
            assert not able, f"{one.name} waits, and {able} may take it"


def check_offers(router: Router, events: Iterable[Event]) -> None:
    """G1, G2 and G4: no smaller key waits that the asked agent may take instead."""
    for event in events:
        if not isinstance(event, OfferMade) or event.offer not in router.world.offers.pending:
            continue
        model = mirror(router)
        offered = model.conversations[event.conversation]
        del model.offers[event.offer]
        offered.offer, offered.status = "", "waiting"
        for other in model.conversations.values():
            if (other.key, other.place, other.name) < (offered.key, offered.place, offered.name):
                passed = model.is_asked(other) and model.may_take(event.agent, other)
                assert not passed, (
                    f"{offered.name} was offered to {event.agent} before {other.name}"
                )


def check_work(router: Router) -> None:
    """Nobody is lost, nobody is booked twice, and nothing can stick."""
    world = router.world
    for one in world.conversations:
        state = one.status
        assert (one.id in world.line) == (state is ConversationState.WAITING and not one.parked)
        assert (state is ConversationState.OFFERED) == bool(one.offer)
        served = state in (ConversationState.ACTIVE, ConversationState.WRAP_UP)
        serving = [a.id for a in world.people.agents.values() if one.id in a.serving]
        assert serving == ([one.agent] if served else [])
        assert (one.id in world.customer_of(one).open) == (not one.ended_reason)
        if state is ConversationState.OFFERED:
            assert world.offers.pending[one.offer].conversation == one.id
            assert world.timers.due_ms("offer_expire", one.offer) is not None
        asleep = state is ConversationState.SNOOZED
        assert asleep == (world.timers.due_ms("snooze", one.id) is not None)
        assert asleep == (one.id in world.conversations.put_aside_by(one.last_agent))
        if state is ConversationState.WRAP_UP:
            assert world.timers.due_ms("wrap_up", one.id) == one.wrap_up_due_ms
        if one.parked and state is ConversationState.WAITING:
            assert world.customer_of(one).reach is Reachability.LAPSING, f"{one.id} waits for ever"
    pending = [(o.agent, o.conversation) for o in world.offers.pending.values()]
    assert len({agent for agent, _ in pending}) == len(pending)
    assert len({conversation for _, conversation in pending}) == len(pending)


def check_people(router: Router, before: dict[str, int]) -> dict[str, int]:
    """The ledger is the sum of what is held; it grows within capacity alone; returns it."""
    model, world = mirror(router), router.world
    loads = {}
    for agent in world.people.agents.values():
        held = {one.channel for one in model.conversations.values()}
        counted = {channel: model.load(agent.id, channel) for channel in sorted(held)}
        assert agent.load == {name: count for name, count in counted.items() if count}
        assert agent.load_cost == model.load(agent.id)
        loads[agent.id] = sum(agent.load.values())
        if loads[agent.id] > before.get(agent.id, 0) and not world.policy.interrupts:
            most = 1000 * agent.capacity_of("total", world.policy.capacity)
            assert agent.held_total() == model.held(agent.id) <= most
        assert world.pool.knows(agent.id) == agent.is_signed_in
        if agent.reach is Reachability.LAPSING:
            assert world.timers.due_ms("agent_grace", agent.id) is not None
    return loads


def check_messages(numbers: dict[tuple[str, str], int], events: Iterable[Event]) -> None:
    """Numbers have no hole and no repeat."""
    for event in events:
        if isinstance(event, MessageAdded):
            key = (event.conversation, event.kind)
            assert event.seq == numbers.get(key, 0) + 1, event
            numbers[key] = event.seq
