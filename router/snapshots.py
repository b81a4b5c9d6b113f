"""A tenant's whole state as a stream of MessagePack objects, and back.

Owns: which parts of the world are state and which are derived. Does not know: files.

Invariant: ``fill`` of what ``dump`` gave leads to a world that dumps the same bytes and decides
the same (tests/test_snapshots.py); what is derived (lanes, pool, counts by queue) is built anew.

Each object is a pair of a kind and a value. ``msgpack`` reads the stream, for it finds the ends of
objects in bytes that are cut anywhere; ``msgspec`` puts them into Structs and checks them.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgpack
import msgspec

from router.conversations import Conversation
from router.offers import Offer
from router.placing import stand_after_restore
from router.policy import Policy
from router.presence import Agent, Customer, Staff
from router.remembered import Remembered
from router.room import review
from router.skills import shared
from router.states import ConversationState
from router.world import World

__all__ = ["dump", "fill", "load"]

Packed = Any
"""What a stream holds before it is converted and checked."""

OBJECT_BYTES_MAX = 512 * 1024 * 1024


def dump(world: World) -> Iterator[bytes]:
    """Everything that is state, in a fixed order."""
    pack = msgspec.msgpack.Encoder().encode
    people = world.people
    yield pack(("policy", world.policy))
    counts = (people.idle_count, world.offers.made_count, world.assignment_count)
    yield pack(("counts", counts))
    for agent in people.agents.values():
        yield pack(("agent", agent))
    for customer in people.customers.values():
        yield pack(("customer", customer))
    for staff in people.staff.values():
        yield pack(("staff", staff))
    for conversation in world.conversations:
        yield pack(("conversation", conversation))
    for offer in world.offers.pending.values():
        yield pack(("offer", offer))
    yield pack(("ended_offers", world.offers.ended))
    yield pack(("assignments", world.assignments.packed))
    for person, answers in world.ops.by_person.items():
        yield pack(("ops", (person, answers)))
    yield pack(("resting", list(people.resting)))
    closed = (list(world.closed_queues), list(world.closed_brands))
    yield pack(("closed", closed))
    yield pack(("arrivals", world.arrivals))
    yield pack(("looks", world.looks))
    yield pack(("timers", world.timers.entries()))
    yield pack(("end", None))


def load(chunks: Iterable[bytes]) -> Iterator[Packed]:
    """The objects of a stream whose bytes come in chunks that are cut anywhere."""
    unpacker = msgpack.Unpacker(
        raw=False, strict_map_key=False, use_list=True, max_buffer_size=OBJECT_BYTES_MAX
    )
    for chunk in chunks:
        unpacker.feed(chunk)
        yield from unpacker


def fill(world: World, objects: Iterable[Packed]) -> None:
    """Fills an empty world from what ``dump`` gave."""
    ended = False
    for kind, value in objects:
        if kind == "end":
            ended = True
        else:
            _take(world, kind, value)
    assert ended, "the snapshot is cut short"
    _derive(world)


def _take(world: World, kind: str, value: Packed) -> None:
    people = world.people
    match kind:
        case "agent":
            agent = msgspec.convert(value, Agent)
            agent.profile = shared(agent.profile)
            people.agents[agent.id] = agent
        case "customer":
            customer = msgspec.convert(value, Customer)
            people.customers[customer.id] = customer
        case "staff":
            staff = msgspec.convert(value, Staff)
            people.staff[staff.key] = staff
        case "conversation":
            world.conversations.add(msgspec.convert(value, Conversation))
        case "offer":
            offer = msgspec.convert(value, Offer)
            world.offers.pending[offer.id] = offer
        case _:
            _take_one(world, kind, value)


def _take_one(world: World, kind: str, value: Packed) -> None:
    match kind:
        case "policy":
            world.put_policy(msgspec.convert(value, Policy))
        case "counts":
            world.people.idle_count, world.offers.made_count, world.assignment_count = value
        case "ended_offers":
            world.offers.ended = {
                name: (agent, outcome) for name, (agent, outcome) in value.items()
            }
        case "assignments":
            world.assignments.packed = value
        case "ops":
            person, answers = value
            world.ops.by_person[person] = msgspec.convert(answers, dict[str, Remembered])
        case "resting":
            world.people.resting = dict.fromkeys(value)
        case "timers":
            world.timers.restore((kind, owner, due_ms) for kind, owner, due_ms in value)
        case _:
            _take_queues(world, kind, value)


def _take_queues(world: World, kind: str, value: Packed) -> None:
    match kind:
        case "arrivals":
            world.arrivals = value
        case "looks":
            world.looks = value
        case "closed":
            world.closed_queues, world.closed_brands = map(dict.fromkeys, value)
        case _:
            raise AssertionError(f"a snapshot holds {kind!r}, which this version does not know")


def _derive(world: World) -> None:
    for agent in world.people.agents.values():
        if agent.is_signed_in:
            world.pool.sign_in(agent.id, agent.profile, world.flexibility(agent.profile))
            world.refresh(agent)
    world.reviewed_generation = world.pool.generation
    for customer in world.people.customers.values():
        world.people.link(customer, customer.account, customer.proven_contact)
    for conversation in world.conversations:
        _derive_conversation(world, conversation)
    world.ops.restore(world.ops.by_person)
    review(world)


def _derive_conversation(world: World, conversation: Conversation) -> None:
    conversations = world.conversations
    active = conversations.active_by_queue
    for key in conversation.message_ops:
        conversations.op_home[key] = conversation.id
    for person in (*conversation.joined, *conversation.invited):
        conversations.note_guest(person, conversation.id)
    if conversation.status is ConversationState.HELD:
        conversations.held[conversation.id] = None
    elif conversation.status is ConversationState.ACTIVE:
        active[conversation.queue] = active.get(conversation.queue, 0) + 1
    elif conversation.is_in_line:
        stand_after_restore(world, conversation)
