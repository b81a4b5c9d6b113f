"""Who is there: connections that come and go, grace, and what agents declare.

Owns: the loss timelines of agents and customers, sign-in and sign-out, declared presence with its
``until`` and ``next``. Does not know: sockets, heartbeats, or how a lost agent's conversations
find another one.

Invariants: an agent is in the pool exactly while signed in (not ``offline``, not unreachable); a
customer who is away keeps the place; nobody is shown ``offline`` before their time.

    after the last device is lost    agent                          customer
    at once                          no new offers                  kept in line, not asked
    5 s                              pending offer moves on
    30 s                             shown offline
    45 s                                                            shown gone
    grace_ms                         signed out, work goes on       place and conversations end

With a shorter grace the later rows happen at its end.
"""

from router.closing import abandon, end, read_answers
from router.commands import Connect, Disconnect, ReportActivity, SetAgentPresence, SetPresence
from router.errors import Refusal, Refused
from router.events import AuditRecorded, ConnectionReplaced, CustomerChanged
from router.guests import leave_all
from router.holding import link_account
from router.ids import ConnectionId, ConversationId, CustomerId
from router.placing import park, unpark, want_nobody
from router.presence import Agent, Customer, Device, Person, Staff
from router.serving import orphan_all, revoke_pending, undeliver
from router.soft_start import begin, stop
from router.states import ConversationState, Reachability, Show
from router.world import World

__all__ = [
    "agent_grace_over",
    "agent_offer_overdue",
    "agent_shown_offline",
    "check_next",
    "connect",
    "customer_grace_over",
    "customer_shown_gone",
    "disconnect",
    "lose_node",
    "owed_terms",
    "report_activity",
    "restart_graces",
    "review_agents",
    "set_agent_presence",
    "set_presence",
    "shun_over",
    "until_over",
]

OFFER_MOVES_MS = 5_000
SHOWN_OFFLINE_MS = 30_000
SHOWN_GONE_MS = 45_000
CHANNELS_MAX = 32


def connect(world: World, command: Connect) -> None:
    """A device is there, or its token was refreshed."""
    by = command.by
    person = world.people.meet(by.role, by.id)
    idle_since_ms = world.now_ms - command.idle_ms if command.idle_ms else None
    device = Device(by.connection, command.life, command.device, command.view, idle_since_ms)
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
        _keep_in_pool(world, agent)
    world.touch(agent)


def _keep_in_pool(world: World, agent: Agent) -> None:
    """Brings the pool in line with whether the agent is signed in."""
    if agent.is_signed_in:
        world.pool.sign_in(agent.id, agent.profile, world.flexibility(agent.profile))
    else:
        _wait_no_longer(world, agent)
        world.pool.sign_out(agent.id)
    for queue in world.queues:
        world.move(queue, "agents")


def _wait_no_longer(world: World, agent: Agent) -> None:
    """Whoever was kept for this agent, unasked, is for everybody now; who asked waits the time."""
    if not world.pool.knows(agent.id):
        return
    for lane in list(world.pool.lanes_for(agent.id)):
        if lane.key[2].agent == agent.id:
            for place in list(lane):
                conversation = world.conversations.by_id[place[2]]
                if conversation.waits_for_last:
                    want_nobody(world, conversation)


def review_agents(world: World) -> None:
    """After a change of policy: the directory and what agents may hold may have changed."""
    for agent in world.people.agents.values():
        entry = world.directory.get(agent.id)
        agent.capacity = dict(entry.capacity) if entry is not None else {}
        agent.load_cost = sum(count * world.cost(name) for name, count in agent.load.items())
        if agent.is_signed_in:
            _keep_in_pool(world, agent)
            world.touch(agent)


def _customer_is_there(world: World, customer: Customer, command: Connect) -> None:
    claims = command.claims
    link_account(world, customer, claims.account)
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
        _detach(world, person, command.by.connection, leave=command.leave)


def _detach(world: World, person: Person, connection: str, *, leave: bool) -> None:
    if not person.detach(connection, world.now_ms, leave=leave):
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
    now_ms, grace_ms = world.now_ms, world.policy.grace_ms
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
    agent.reason = "timeout"
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
        for kind in ("agent_offer", "agent_offline", "agent_grace", "agent_until"):
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
        _keep_in_pool(world, person)
        world.touch(person)
    elif isinstance(person, Customer):
        for kind in ("customer_gone", "customer_grace"):
            world.timers.cancel(kind, person.id)
        _end_all(world, person)
        if not person.gone_shown:
            customer_shown_gone(world, person.id)


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
    """Remembers since when a device is idle; availability never rises by it."""
    person = world.people.get(command.by.role, command.by.id)
    device = person.devices.get(command.by.connection) if person is not None else None
    if device is not None:
        device.view = command.view
        device.idle_since_ms = world.now_ms - command.idle_ms if command.idle_ms else None


def owed_terms(world: World, person: Person, brand: str = "") -> tuple[str, int] | None:
    """The terms that the person must accept first, as (id, version), or None."""
    policy = world.policy
    terms = policy.terms
    if person.role == "agent" and policy.agent_terms.id:
        terms = policy.agent_terms
    for entry in policy.brands:
        if entry.id == brand and entry.terms.id:
            terms = entry.terms
    if not terms.id or person.accepted_terms.get(terms.id, -1) >= terms.version:
        return None
    return terms.id, terms.version


def set_presence(world: World, command: SetPresence) -> None:
    """The agent declares a show.

    Raises:
        Refused: CONSENT_REQUIRED before the terms are accepted; LIMIT_EXCEEDED for too many
            channels.
    """
    agent = world.agent(command.by.id)
    if Show.AVAILABLE in (command.show, command.next):
        owed = owed_terms(world, agent)
        if owed is not None:
            raise Refused(Refusal.CONSENT_REQUIRED, "accept the terms first", terms=owed)
    if len({*agent.channels, *(command.channels or ())}) > CHANNELS_MAX:
        raise Refused(Refusal.LIMIT_EXCEEDED, f"channels: at most {CHANNELS_MAX}")
    _declare(world, agent, Show(command.show), command.reason)
    agent.channels.update(command.channels or {})
    if command.until_ms is not None and agent.after_until is not None:
        agent.until_ms = world.now_ms + command.until_ms
        world.timers.set("agent_until", agent.id, agent.until_ms)
    else:
        agent.after_until = None
    if command.next is not None:
        agent.next_show = Show(command.next)


def set_agent_presence(world: World, command: SetAgentPresence) -> None:
    """A supervisor sets an agent's show; audited.

    Raises:
        Refused: NOT_FOUND, or INVALID_TRANSITION for an agent who is not there.
    """
    agent = world.agent(command.agent)
    if agent.reach is Reachability.UNREACHABLE:
        raise Refused(Refusal.INVALID_TRANSITION, f"{agent.id} is not signed in")
    _declare(world, agent, Show(command.show), command.reason or "supervisor")
    agent.after_until = None
    world.emit(AuditRecorded(command.by.key, "agent.presence", f"agent:{agent.id}", command.reason))


def _declare(world: World, agent: Agent, show: Show, reason: str) -> None:
    before = agent.show
    agent.declare(show, reason, world.now_ms)
    agent.after_until = before
    agent.missed_count = 0
    world.timers.cancel("agent_until", agent.id)
    if show is not Show.AVAILABLE:
        revoke_pending(world, agent)
    if show is Show.OFFLINE:
        leave_all(world, agent.key)
    if Show.OFFLINE in (before, show) and before is not show:
        (stop if show is Show.OFFLINE else begin)(world, agent)
        _keep_in_pool(world, agent)
    world.touch(agent)


def until_over(world: World, agent_id: str) -> None:
    """``until_ms`` has passed: the show before is in force again."""
    agent = world.people.agents[agent_id]
    if agent.after_until is not None:
        _declare(world, agent, agent.after_until, "until")
        agent.after_until = None


def check_next(world: World, agent: Agent) -> None:
    """Puts ``next`` in force once the agent holds nothing."""
    if agent.next_show is not None and not agent.load:
        _declare(world, agent, agent.next_show, agent.reason)
        agent.after_until = None


def shun_over(world: World, agent_id: str) -> None:
    """The agent is asked again after an undelivered offer."""
    agent = world.people.agents[agent_id]
    agent.shunned = False
    world.touch(agent)
