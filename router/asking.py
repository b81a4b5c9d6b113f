"""What customers ask for: requests, terms, and how they want to be reached.

Owns: which request becomes a new conversation, which joins the one in line and which is refused;
consent and contact wishes. Does not know: how a place is given or an agent found.

Invariant: everything is checked before anything changes.
"""

from typing import Final

from router.admitting import admit, check_proof, is_admitted, is_message, queue_for
from router.asked import Asked
from router.classing import class_for, note_arrival
from router.commands import AcceptTerms, RequestConversation, SetContact
from router.context import Ruled, apply_rules, note_classes, put_in_force
from router.conversations import Conversation
from router.declaring import owed_terms
from router.errors import Refusal, Refused
from router.events import Answer, AuditRecorded, ConversationRequested
from router.forgetting import greet
from router.holding import hold_or_enqueue, is_held
from router.ids import ConversationId, CustomerId, PersonKey
from router.placing import may_be_offered
from router.policy import Queue
from router.presence import Customer
from router.saying import add_message
from router.skills import SkillLevels, level_of, levels
from router.states import ConversationState
from router.world import World

__all__ = ["accept_terms", "request", "set_contact"]

OPEN_MAX: Final = 50
"""Conversations that one customer may have open at once."""

_Answer: Final = Answer
_ConversationRequested: Final = ConversationRequested
"""What is final is not looked up by name where the core is compiled."""


def request(world: World, command: RequestConversation) -> Answer:
    """A conversation is asked for.

    Raises:
        Refused: CONSENT_REQUIRED, NOT_FOUND (queue, brand, agent), BAD_REQUEST (channel, class,
            what it goes on is not over), CLOSED (the queue is closed or full), FORBIDDEN (no
            message is taken, or customers who are not verified), LIMIT_EXCEEDED.
    """
    asked = Asked(command)
    customer_id = asked.customer
    if not customer_id:
        raise Refused(Refusal.BAD_REQUEST, "customer: a service says for whom it asks")
    known = world.people.customers.get(customer_id)
    _check(world, known, asked)
    ruled = apply_rules(world, known, queue_for(world, known, asked), asked)
    queue = ruled.queue
    check_proof(queue, known, asked)
    if known is not None:
        same = _same_in_line(world, known, queue.id, asked)
        if same is not None:
            return _join_first(world, same, asked)
        if len(known.open) >= OPEN_MAX:
            raise Refused(Refusal.LIMIT_EXCEEDED, f"at most {OPEN_MAX} conversations are open")
    if not is_admitted(world, queue, asked):
        queue = _admit(world, known, queue, ruled)
    classes = class_for(world, known, queue, asked)
    customer = world.people.meet("customer", customer_id)
    assert isinstance(customer, Customer)
    greet(world, customer)
    conversation, reasons = _draft(world, customer, queue, classes, ruled)
    world.conversations.add(conversation)
    if conversation.wanted_agent:
        world.timers.set("transfer_wait", conversation.id, world.now_ms + queue.prefer_agent_ms)
    note_classes(world, conversation, reasons)
    note_arrival(world, conversation, classes[0], asked)
    world.emit(
        _ConversationRequested(asked.conversation, CustomerId(customer.id), asked.connection)
    )
    hold_or_enqueue(world, conversation)
    if asked.body:
        by = asked.connection
        add_message(world, conversation, customer.key, by, asked.body, "text")
    return _Answer(ConversationId(conversation.id))


def _check(world: World, known: Customer | None, asked: Asked) -> None:
    """Refuses for the sake of the terms, or of the conversation that this one goes on.

    What is not remembered any longer, or never was of this customer, is no mistake: then nobody
    is preferred, and nothing is told of other people's conversations.
    """
    if asked.by_customer:
        assert known is not None, "a customer asks before being connected"
        owed = owed_terms(world, known, asked.brand)
        if owed is not None:
            raise Refused(Refusal.CONSENT_REQUIRED, "accept the terms first", terms=owed)
    if known is not None and asked.reopens in known.open:
        raise Refused(Refusal.BAD_REQUEST, "reopens: this conversation is not over")


def _draft(
    world: World, customer: Customer, queue: Queue, classes: tuple[str, str], ruled: Ruled
) -> tuple[Conversation, list[str]]:
    """What the request would become in this queue, and the classes that rules gave it."""
    conversation = _new(world, customer, queue, classes[0], ruled.asked)
    conversation.capped_class = classes[1]
    return conversation, put_in_force(world, conversation, ruled.effects)


def _admit(world: World, known: Customer | None, queue: Queue, ruled: Ruled) -> Queue:
    """Apart, for a function that makes another one keeps all that it has where both find it."""
    return admit(world, queue, ruled.asked, lambda one: _is_taken_at_once(world, known, one, ruled))


def _is_taken_at_once(world: World, known: Customer | None, queue: Queue, ruled: Ruled) -> bool:
    """Whether somebody who is free would be asked for it in this same asked."""
    customer = known or Customer("", "customer")
    classes = class_for(world, known, queue, ruled.asked)
    draft, _ = _draft(world, customer, queue, classes, ruled)
    return not is_held(world, customer, draft) and may_be_offered(world, customer, draft)


def _same_in_line(
    world: World, customer: Customer, queue: str, asked: Asked
) -> Conversation | None:
    """The customer's conversation in line, or held, that asks for the same."""
    for name in customer.open:
        other = world.conversations.by_id[name]
        wanted = (queue, asked.channel, asked.topic, asked.deferrable)
        same = (other.queue, other.channel, other.topic, other.deferrable) == wanted
        if same and (other.is_in_line or other.status is ConversationState.HELD):
            return other
    return None


def _join_first(world: World, same: Conversation, asked: Asked) -> Answer:
    if asked.body:
        same.check_room()
        by = PersonKey(f"customer:{same.customer}")
        add_message(world, same, by, asked.connection, asked.body, "text")
    return Answer(conversation=ConversationId(same.id), joined=True)


def _needs_of(asked: Asked) -> SkillLevels:
    needs = asked.needs
    if not needs:
        return ()
    if len(needs) == 1:  # nearly always
        need = needs[0]
        return level_of(need.skill, need.level)
    found: dict[str, int] = {}
    for need in needs:
        skill, level = need.skill, need.level
        if level > found.get(skill, 0):
            found[skill] = level
    return levels(found) if found else ()


def _languages_for(customer: Customer, asked: Asked) -> SkillLevels:
    if asked.languages is not None:
        return tuple((wish.tag, wish.level) for wish in asked.languages)
    if customer.languages:
        return tuple((tag, 1) for tag in customer.languages)
    if not customer.language_levels:
        return ()
    return tuple((tag, 1) for tag in customer.language_levels)


def _new(world: World, customer: Customer, queue: Queue, klass: str, asked: Asked) -> Conversation:
    now_ms = world.now_ms
    start_ms = now_ms + (queue.defer_ms if asked.deferrable else 0)
    conversation = Conversation(
        id=asked.conversation,
        customer=customer.id,
        queue=queue.id,
        channel=asked.channel,
        arrived_ms=now_ms,
        start_ms=start_ms,
        key_ms=start_ms - world.head_start_ms(klass),
        place=world.position,
        joined_line_ms=now_ms,
    )
    conversation.topic = asked.topic
    conversation.brand = asked.brand
    conversation.klass = klass
    conversation.own_needs = _needs_of(asked)
    conversation.own_languages = _languages_for(customer, asked)
    if asked.attributes:
        conversation.attributes = dict(asked.attributes)
    conversation.avoid = asked.avoid
    conversation.preferred_agent = asked.agent or _agent_of(customer, asked.reopens)
    conversation.needs_presence = asked.by_customer and not asked.deferrable
    conversation.deferrable = asked.deferrable
    conversation.is_message = is_message(asked)
    wanted = _waited_for(world, customer, queue, asked)
    if wanted:
        conversation.wanted_agent = wanted
        conversation.waits_for_last = not asked.agent
    return conversation


def _waited_for(world: World, customer: Customer, queue: Queue, asked: Asked) -> str:
    """The agent for whom alone it waits at first: the one named, or who served the customer last.

    A customer who names nobody never waits for somebody who is not signed in.
    """
    if not queue.prefer_agent_ms:
        return ""
    if asked.agent:
        return asked.agent if asked.agent in world.people.agents else ""
    if queue.prefer_agent != "last":
        return ""
    last = customer.met[-1].agent if customer.met else ""
    wanted = _agent_of(customer, asked.reopens) or last
    return wanted if world.pool.knows(wanted) and wanted not in asked.avoid else ""


def _agent_of(customer: Customer, reopens: str) -> str:
    """Who served the conversation that this one goes on, if that is remembered."""
    for meeting in customer.met:
        if meeting.conversation == reopens:
            return meeting.agent
    return ""


def set_contact(world: World, command: SetContact) -> None:
    """How the customer wants to be reached."""
    customer = world.people.customers[command.by.id]
    customer.contact = tuple((wish.channel, wish.prio, wish.hours) for wish in command.prefs)
    if command.languages is not None:
        customer.languages = command.languages


def accept_terms(world: World, command: AcceptTerms) -> None:
    """The person accepted a version of the terms.

    Raises:
        Refused: NOT_FOUND, where the policy has no such terms.
    """
    newest = -1
    policy = world.policy
    for terms in (policy.terms, policy.agent_terms, *(brand.terms for brand in policy.brands)):
        if terms.id == command.terms:
            newest = max(newest, terms.version)
    if not command.terms or command.version > newest:
        message = f"there are no terms {command.terms!r} of version {command.version}"
        raise Refused(Refusal.NOT_FOUND, message)
    person = world.people.by_key(command.by.key)
    assert person is not None, "somebody accepts before being connected"
    accepted = person.accepted_terms
    accepted[command.terms] = max(command.version, accepted.get(command.terms, 0))
    world.emit(AuditRecorded(command.by.key, "consent", command.terms, str(command.version)))
