"""Who is there: connections that come and go, and the grace.

Owns: the loss timelines of agents and customers, sign-in and sign-out, flapping connections.
Does not know: sockets, heartbeats, what is declared, or how a lost agent's conversations find
another one.

Invariants: an agent is in the pool exactly while signed in (not ``offline``, not unreachable); a
customer who is away keeps the place; nobody is shown ``offline`` before their time.

    after the last device is lost    agent                          customer
    at once                          no new offers                  kept in line, not asked
    5 s                              pending offer moves on
    30 s                             shown offline
    45 s                                                            shown gone
    grace_ms                         signed out, work goes on       place and conversations end

With a shorter grace the later rows happen at its end. An agent who was lost more than
``flap_losses_max`` times in five minutes has twice the grace, and supervisors are told.
"""

from router.closing import abandon, end, read_answers
from router.commands import Claims, Connect, Disconnect, ReportActivity
from router.declaring import act, keep_in_pool, plan_idle
from router.events import AgentFlapped, ConnectionReplaced, CustomerChanged
from router.forgetting import greet, let_rest
from router.guests import leave_all
from router.holding import link_identity
from router.ids import AgentId, ConnectionId, ConversationId, CustomerId
from router.placing import park, unpark
from router.presence import Agent, Customer, Device, Person, Staff
from router.serving import orphan_all, undeliver
from router.skilling import profile_with
from router.soft_start import begin, stop
from router.states import ConversationState, Reachability, Show
from router.world import World

__all__ = [
    "agent_grace_over",
    "agent_offer_overdue",
    "agent_shown_offline",
    "connect",
    "customer_grace_over",
    "customer_shown_gone",
    "disconnect",
    "lose_node",
    "report_activity",
    "restart_graces",
    "review_agents",
    "shun_over",
]

OFFER_MOVES_MS = 5_000
SHOWN_OFFLINE_MS = 30_000
SHOWN_GONE_MS = 45_000
FLAP_MS = 300_000


def connect(world: World, command: Connect) -> None:
    """A device is there, or its token was refreshed."""
    by = command.by
    person = world.people.meet(by.role, by.id)
    idle_since_ms = world.now_ms - command.idle_ms if command.idle_ms else None
    device = Device(by.connection, command.life, command.device, command.view, idle_since_ms)
    known = person.devices.get(by.connection)
    if known is not None:
        device.view, device.idle_since_ms = known.view, known.idle_since_ms
    was = person.reach
    replaced = person.attach(device)
    if replaced is not None:
        world.emit(ConnectionReplaced(person.key, ConnectionId(replaced)))
    person.name = command.claims.name or person.name
    person.teams = command.claims.teams or ()
    world.timers.cancel("guest_grace", person.key)
    if isinstance(person, Agent):
        _agent_is_there(world, person, command, was)
    elif isinstance(person, Customer):
        _customer_is_there(world, person, command)


def _agent_is_there(world: World, agent: Agent, command: Connect, was: Reachability) -> None:
    claims = command.claims
    entry = world.directory.get(agent.id)
    if entry is not None:
        agent.name = claims.name or entry.name
        agent.teams = entry.teams if claims.teams is None else claims.teams
        agent.capacity = dict(entry.capacity)
    agent.license = claims.license or (entry.license if entry is not None else "")
    profile = world.directory_profile(agent.id, claims.skills, claims.languages, claims.brands)
    if agent.claimed is not None:
        agent.claimed = profile
        profile = profile_with(profile, agent.set_skills, agent.set_languages)
    changed = profile != agent.profile
    agent.profile = profile
    agent.away_shown = False
    for kind in ("agent_offer", "agent_offline", "agent_grace"):
        world.timers.cancel(kind, agent.id)
    if agent.show is Show.OFFLINE and was is Reachability.UNREACHABLE:
        agent.trigger("sign_in", "", world.now_ms)
        begin(world, agent)
        world.people.to_the_back(agent, world.now_ms)
    if changed or not world.pool.knows(agent.id):
        keep_in_pool(world, agent)
    plan_idle(world, agent)
    world.touch(agent)


def _proven_contact(world: World, claims: Claims) -> str:
    """The first address of a verified customer that the policy counts as theirs alone."""
    if claims.verified:
        for name in world.policy.contact_attributes:
            address = claims.attributes.get(name, "").strip().lower()
            if address:
                return f"{name}:{address}"
    return ""


def review_agents(world: World) -> None:
    """After a change of policy: the directory and what agents may hold may have changed."""
    for agent in world.people.agents.values():
        entry = world.directory.get(agent.id)
        agent.capacity = dict(entry.capacity) if entry is not None else {}
        agent.load_cost = sum(count * world.cost(name) for name, count in agent.load.items())
        if agent.is_signed_in:
            keep_in_pool(world, agent)
            world.touch(agent)


def _customer_is_there(world: World, customer: Customer, command: Connect) -> None:
    claims = command.claims
    greet(world, customer)
    link_identity(world, customer, claims.account, _proven_contact(world, claims))
    customer.klass = claims.klass
    customer.attributes = dict(claims.attributes)
    customer.verified = claims.verified
    customer.language_levels = claims.languages
    if command.languages:
        customer.languages = command.languages
    for kind in ("customer_gone", "customer_grace"):
        world.timers.cancel(kind, customer.id)
    for name in customer.open:
        unpark(world, world.conversations.by_id[name])
    read_answers(world, customer)
    if customer.gone_shown:
        customer.gone_shown = False
        _tell_agents(world, customer, here=True)


def _tell_agents(world: World, customer: Customer, *, here: bool) -> None:
    for name in customer.open:
        conversation = world.conversations.by_id[name]
        readers = tuple(conversation.staff())
        if readers:
            world.emit(
                CustomerChanged(CustomerId(customer.id), ConversationId(name), here, readers)
            )


def disconnect(world: World, command: Disconnect) -> None:
    """A device is gone; one that is not known is gone already."""
    person = world.people.get(command.by.role, command.by.id)
    if person is not None and command.by.connection in person.devices:
        if isinstance(person, Agent) and not command.leave and len(person.devices) == 1:
            _note_loss(world, person)
        _detach(world, person, command.by.connection, leave=command.leave)


def _note_loss(world: World, agent: Agent) -> None:
    """The last device is lost, and not by a node's fault: whoever flaps gets more grace."""
    most = world.policy.flap_losses_max
    if most:
        since_ms = world.now_ms - FLAP_MS
        agent.losses = [at_ms for at_ms in agent.losses[-most:] if at_ms > since_ms]
        agent.losses.append(world.now_ms)
        if len(agent.losses) > most:
            grace_ms = _grace_ms(world, agent)
            world.emit(AgentFlapped(AgentId(agent.id), len(agent.losses), grace_ms))


def _grace_ms(world: World, person: Person) -> int:
    most = world.policy.flap_losses_max
    flaps = most and isinstance(person, Agent) and len(person.losses) > most
    return world.policy.grace_ms * (2 if flaps else 1)


def _detach(world: World, person: Person, connection: str, *, leave: bool) -> None:
    if not person.detach(connection, world.now_ms, leave=leave):
        if isinstance(person, Agent):
            plan_idle(world, person)
        return
    if isinstance(person, Staff):
        _lose_staff(world, person, leave=leave)
        return
    if leave:
        _over(world, person)
    else:
        _start_grace(world, person)


def _lose_staff(world: World, person: Staff, *, leave: bool) -> None:
    """Nothing is kept for staff but what they joined, for as long as for anybody."""
    if person.reach is Reachability.LAPSING:
        person.run_out()
    if leave:
        leave_all(world, person.key)
    elif world.conversations.visited_by(person.key):
        world.timers.set("guest_grace", person.key, world.now_ms + world.policy.grace_ms)


def _start_grace(world: World, person: Person) -> None:
    now_ms, grace_ms = world.now_ms, _grace_ms(world, person)
    if isinstance(person, Agent):
        world.timers.set("agent_offer", person.id, now_ms + min(OFFER_MOVES_MS, grace_ms))
        world.timers.set("agent_offline", person.id, now_ms + min(SHOWN_OFFLINE_MS, grace_ms))
        world.timers.set("agent_grace", person.id, now_ms + grace_ms)
        world.touch(person)
    elif isinstance(person, Customer):
        world.timers.set("customer_gone", person.id, now_ms + min(SHOWN_GONE_MS, grace_ms))
        world.timers.set("customer_grace", person.id, now_ms + grace_ms)
        for name in person.open:
            park(world, world.conversations.by_id[name])


def restart_graces(world: World) -> None:
    """After an outage: everybody who is away has the whole grace again."""
    for person in world.people.everybody():
        if person.reach is Reachability.LAPSING:
            _start_grace(world, person)


def lose_node(world: World, life: str) -> None:
    """A node life is over: all its connections are lost, each person's grace starts."""
    for person in world.people.everybody():
        lost = [device.connection for device in person.devices.values() if device.life == life]
        for connection in lost:
            _detach(world, person, connection, leave=False)


def agent_offer_overdue(world: World, agent_id: str) -> None:
    """5 s after the loss: a pending offer goes to the next agent."""
    agent = world.people.agents[agent_id]
    if agent.offer:
        undeliver(world, agent.offer)


def agent_shown_offline(world: World, agent_id: str) -> None:
    """30 s after the loss: others see ``offline``."""
    agent = world.people.agents[agent_id]
    agent.away_shown = True
    world.touch(agent)


def agent_grace_over(world: World, agent_id: str) -> None:
    """The agent's grace is over."""
    agent = world.people.agents[agent_id]
    agent.run_out()
    _over(world, agent)


def customer_shown_gone(world: World, customer_id: str) -> None:
    """45 s after the loss: the customer's agent is told."""
    customer = world.people.customers[customer_id]
    customer.gone_shown = True
    _tell_agents(world, customer, here=False)


def customer_grace_over(world: World, customer_id: str) -> None:
    """The customer's grace is over."""
    customer = world.people.customers[customer_id]
    customer.run_out()
    _over(world, customer)


def _over(world: World, person: Person) -> None:
    """The person is unreachable now: the session ends."""
    if isinstance(person, Agent):
        for kind in ("agent_offer", "agent_offline", "agent_grace", "agent_until", "agent_idle"):
            world.timers.cancel(kind, person.id)
        if person.offer:
            undeliver(world, person.offer)
        reason = "timeout" if person.away_shown else "signed_out"
        if person.show is not Show.OFFLINE:
            person.trigger("sign_out", reason, world.now_ms)
        person.away_shown = False
        leave_all(world, person.key)
        stop(world, person)
        orphan_all(world, person)
        keep_in_pool(world, person)
        world.touch(person)
    elif isinstance(person, Customer):
        for kind in ("customer_gone", "customer_grace"):
            world.timers.cancel(kind, person.id)
        _end_all(world, person)
        if not person.gone_shown:
            customer_shown_gone(world, person.id)
        let_rest(world, person)


def _end_all(world: World, customer: Customer) -> None:
    """What needs the customer's presence ends; held ones first, so that none is promoted now."""
    theirs = [world.conversations.by_id[name] for name in customer.open]
    ended = [conversation for conversation in theirs if conversation.needs_presence]
    ended.sort(key=lambda conversation: conversation.status is not ConversationState.HELD)
    for conversation in ended:
        if conversation.status is ConversationState.ACTIVE:
            end(world, conversation, "customer_lost")
        else:
            abandon(world, conversation, "abandoned")


def report_activity(world: World, command: ReportActivity) -> None:
    """Remembers since when a device is idle; a touch ends what idleness lowered."""
    person = world.people.get(command.by.role, command.by.id)
    device = person.devices.get(command.by.connection) if person is not None else None
    if device is not None:
        device.view = command.view
        device.idle_since_ms = world.now_ms - command.idle_ms if command.idle_ms else None
    if isinstance(person, Agent):
        if command.idle_ms:
            plan_idle(world, person)
        else:
            act(world, person, command.by.connection)


def shun_over(world: World, agent_id: str) -> None:
    """The agent is asked again after an undelivered offer."""
    agent = world.people.agents[agent_id]
    agent.shunned = False
    world.touch(agent)
