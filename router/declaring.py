"""What is declared of an agent's presence: claims by source, their ends, and idleness.

Owns: which claim is in force and which lie beneath, ``until`` and ``next``, the lowering of an
agent whose devices are all idle. Does not know: connections, grace, or who finds another agent.

Invariants (tests/test_declaring.py): the claim in force is never weaker than one beneath; every
claim beneath that outlives the one in force has a deadline or is the agent's own; opening a device
never makes anybody available; ``offline`` ends all claims, for nobody is held at work.

    system      a supervisor's word, missed offers; with a time the agent's own word waits beneath
    manual      the agent's own word
    external    a calendar or a phone, by a service, always for a time
    automatic   the sign-in; the lowering while all devices are idle

When a claim ends the strongest one beneath is in force again. Idleness is a fact about devices: it
lowers ``available`` to ``away`` whatever claimed it, until somebody touches one of them.
"""

from router.commands import SetAgentPresence, SetPresence
from router.errors import Refusal, Refused
from router.events import AuditRecorded
from router.guests import leave_all
from router.placing import want_nobody
from router.presence import Agent, Claim, Person
from router.serving import revoke_pending
from router.soft_start import begin, stop
from router.states import Reachability, Show
from router.world import World

__all__ = [
    "act",
    "check_next",
    "go_idle",
    "keep_in_pool",
    "owed_terms",
    "plan_idle",
    "review",
    "set_agent_presence",
    "set_presence",
    "until_over",
]

CHANNELS_MAX = 32
STRENGTH = {"system": 3, "manual": 2, "external": 1, "automatic": 0, "": 0}


def keep_in_pool(world: World, agent: Agent) -> None:
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
        if lane.agent == agent.id:
            for place in list(lane):
                conversation = world.conversations.by_id[place[2]]
                if conversation.waits_for_last:
                    want_nobody(world, conversation)


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
    """The agent declares a show; while a supervisor's holds for a time, it waits beneath.

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
    agent.channels.update(command.channels or {})
    if _is_held(agent) and Show(command.show) is not Show.OFFLINE:
        until_ms = None if command.until_ms is None else world.now_ms + command.until_ms
        claim = Claim(Show(command.show), command.reason, until_ms)
        agent.beneath["manual"] = claim
        world.touch(agent)
        return
    if agent.source == "external":
        _lay_beneath(agent)
    _declare(world, agent, Show(command.show), command.reason, "manual")
    if command.until_ms is not None and agent.after_until is not None:
        _limit(world, agent, world.now_ms + command.until_ms)
    else:
        agent.after_until = None
    if command.next is not None:
        agent.next_show = Show(command.next)


def _is_held(agent: Agent) -> bool:
    return agent.source == "system" and agent.until_ms is not None


def set_agent_presence(world: World, command: SetAgentPresence) -> None:
    """A supervisor sets an agent's show, or a service tells of a calendar; audited.

    Raises:
        Refused: NOT_FOUND; INVALID_TRANSITION for an agent who is not there; BAD_REQUEST for a
            service's claim without an end, or that would sign out.
    """
    agent = world.agent(command.agent)
    if agent.reach is Reachability.UNREACHABLE:
        raise Refused(Refusal.INVALID_TRANSITION, f"{agent.id} is not signed in")
    if command.source == "external":
        _claim_external(world, agent, command)
    else:
        if command.until_ms is not None:
            _lay_beneath(agent)
        _declare(world, agent, Show(command.show), command.reason or "supervisor", "system")
        agent.after_until = None
        if command.until_ms is not None and agent.show is not Show.OFFLINE:
            _limit(world, agent, world.now_ms + command.until_ms)
    world.emit(AuditRecorded(command.by.key, "agent.presence", f"agent:{agent.id}", command.reason))


def _claim_external(world: World, agent: Agent, command: SetAgentPresence) -> None:
    if command.until_ms is None:
        raise Refused(Refusal.BAD_REQUEST, "until_ms: an external claim has an end")
    if Show.OFFLINE in (command.show, agent.show):
        raise Refused(Refusal.BAD_REQUEST, "show: an external claim neither signs in nor out")
    until_ms = world.now_ms + command.until_ms
    if agent.is_idle or STRENGTH[agent.source] > STRENGTH["external"]:
        agent.beneath["external"] = Claim(Show(command.show), command.reason, until_ms)
        return
    if agent.source != "external":
        _lay_beneath(agent)
    _declare(world, agent, Show(command.show), command.reason or "external", "external")
    agent.after_until = None
    _limit(world, agent, until_ms)


def _lay_beneath(agent: Agent) -> None:
    """The claim in force makes room for another one, and waits."""
    if agent.is_idle or agent.show is Show.OFFLINE:
        return
    claim = Claim(agent.show, agent.reason, agent.until_ms, agent.after_until)
    agent.beneath[agent.source or "automatic"] = claim


def _limit(world: World, agent: Agent, until_ms: int) -> None:
    agent.until_ms = until_ms
    world.timers.set("agent_until", agent.id, until_ms)


def _declare(world: World, agent: Agent, show: Show, reason: str, source: str) -> None:
    before = agent.show
    agent.declare(show, reason, world.now_ms)
    agent.source = source
    agent.is_idle = False
    agent.beneath.pop(source, None)
    agent.after_until = before
    agent.missed_count = 0
    world.timers.cancel("agent_until", agent.id)
    if show is not Show.AVAILABLE:
        revoke_pending(world, agent)
    if show is Show.OFFLINE:
        agent.source = ""
        agent.beneath.clear()
        leave_all(world, agent.key)
    if Show.OFFLINE in (before, show) and before is not show:
        (stop if show is Show.OFFLINE else begin)(world, agent)
        keep_in_pool(world, agent)
    plan_idle(world, agent)
    world.touch(agent)


def until_over(world: World, agent_id: str) -> None:
    """``until_ms`` has passed: what lay beneath, or the show before, is in force again."""
    agent = world.people.agents[agent_id]
    before = agent.after_until
    if agent.source != "manual" or before is None or "external" in agent.beneath:
        _fall_back(world, agent, before)
    else:
        _declare(world, agent, before, "until", "manual")
        agent.after_until = None


def _fall_back(world: World, agent: Agent, before: Show | None) -> None:
    """Puts the strongest claim beneath in force that is not over; the one now in force ends."""
    for source in sorted(agent.beneath, key=STRENGTH.__getitem__, reverse=True):
        claim = agent.beneath.pop(source)
        is_over = claim.until_ms is not None and claim.until_ms <= world.now_ms
        if is_over and claim.after is None:
            continue
        show = claim.show if claim.after is None or not is_over else claim.after
        _declare(world, agent, show, "until" if is_over else claim.reason, source)
        agent.after_until = None if is_over else claim.after
        if claim.until_ms is not None and not is_over:
            _limit(world, agent, claim.until_ms)
        return
    _declare(world, agent, before or Show.AWAY, "until", "manual" if before else "automatic")
    agent.after_until = None


def check_next(world: World, agent: Agent) -> None:
    """Puts ``next`` in force once the agent holds nothing."""
    if agent.next_show is not None and not agent.load:
        _declare(world, agent, agent.next_show, agent.reason, "manual")
        agent.after_until = None


def plan_idle(world: World, agent: Agent) -> None:
    """Sets when the agent is away for idleness, as things are."""
    idle_away_ms = world.policy.idle_away_ms
    is_open = bool(idle_away_ms) and agent.show is Show.AVAILABLE
    since_ms = agent.idle_since() if is_open else None
    if since_ms is None:
        world.timers.cancel("agent_idle", agent.id)
        return
    due_ms = max(since_ms, agent.since_ms) + idle_away_ms
    world.timers.set("agent_idle", agent.id, max(due_ms, world.now_ms))


def go_idle(world: World, agent_id: str) -> None:
    """Nobody touched any of the agent's devices for so long: lowered to ``away``."""
    agent = world.people.agents[agent_id]
    if agent.show is not Show.AVAILABLE or agent.idle_since() is None or agent.next_show:
        return
    _lay_beneath(agent)
    _declare(world, agent, Show.AWAY, "idle", "automatic")
    agent.after_until = None
    agent.is_idle = True


def act(world: World, agent: Agent, connection: str) -> None:
    """The agent touched this device: what idleness lowered is in force again."""
    device = agent.devices.get(connection)
    if device is None:
        return
    device.idle_since_ms = None
    if agent.is_idle:
        _fall_back(world, agent, None)
    plan_idle(world, agent)


def review(world: World) -> None:
    """After a change of policy: idleness is planned anew; without it nobody stays lowered."""
    for agent in world.people.agents.values():
        if agent.is_idle and not world.policy.idle_away_ms:
            _fall_back(world, agent, None)
        plan_idle(world, agent)
