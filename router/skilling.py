"""What agents can do, set by hand: at once, through reconnects and restarts, until taken back.

Owns: what a supervisor puts in the place of the token's and the directory's word. Does not know:
tokens, how a profile is matched, or who may do it (``router.rights``).

Invariants (tests/test_skilling.py): a part that is set wins over every later token until it is
taken back, and then the newest token counts; the line is as if the agent had always been so; what
the agent serves or is being offered stays; every change is audited.
"""

from router.commands import SetAgentSkills
from router.declaring import keep_in_pool
from router.errors import Refusal, Refused
from router.events import AgentSkillsSet, AuditRecorded
from router.ids import AgentId
from router.presence import Agent
from router.relations import watches
from router.skills import Profile, SkillLevels, levels
from router.world import World

__all__ = ["as_listed", "kept", "profile_with", "set_skills"]


def set_skills(world: World, command: SetAgentSkills) -> None:
    """A supervisor, or a service, sets what an agent can do, or takes that back.

    Raises:
        Refused: NOT_FOUND for an agent who is neither known nor in the directory; FORBIDDEN for
            one of other teams; BAD_REQUEST where nothing is said.
    """
    _check(world, command)
    agent = _known(world, command.agent)
    profile = _take(agent, command)
    if profile != agent.profile:
        agent.profile = profile
        if agent.is_signed_in:
            keep_in_pool(world, agent)
            world.touch(agent)
    by = command.by.key
    world.emit(AgentSkillsSet(AgentId(agent.id), by, command.reason))
    what = "; ".join(filter(None, (command.reason, _in_words(command))))
    world.emit(AuditRecorded(by, "agent.skills", f"agent:{agent.id}", what))


def _check(world: World, command: SetAgentSkills) -> None:
    if command.agent not in world.directory:
        world.agent(command.agent)
    if command.by.role == "supervisor" and not watches(world, command.by, command.agent):
        raise Refused(Refusal.FORBIDDEN, "this agent is not of your teams")
    if not command.clear and command.skills is None and command.languages is None:
        raise Refused(Refusal.BAD_REQUEST, "skills: name skills or languages, or clear")


def _take(agent: Agent, command: SetAgentSkills) -> Profile:
    """Notes what is set by hand from now on; returns what the agent can do with it."""
    claimed = agent.profile if agent.claimed is None else agent.claimed
    if command.clear:
        agent.set_skills = agent.set_languages = None
    if command.skills is not None:
        agent.set_skills = kept(command.skills)
    if command.languages is not None:
        agent.set_languages = kept(command.languages)
    is_set = agent.set_skills is not None or agent.set_languages is not None
    agent.claimed = claimed if is_set else None
    return profile_with(claimed, agent.set_skills, agent.set_languages)


def profile_with(
    claimed: Profile, skills: SkillLevels | None, languages: SkillLevels | None
) -> Profile:
    """A profile with what was set by hand in the place of its parts."""
    return Profile(
        claimed.skills if skills is None else skills,
        claimed.languages if languages is None else languages,
        claimed.brands,
    )


def as_listed(world: World, name: str) -> Agent:
    """An agent of the directory as they would be on their first day; nobody meets them by this.

    Raises:
        Refused: NOT_FOUND, where the directory does not have them.
    """
    entry = world.directory.get(name)
    if entry is None:
        raise Refused(Refusal.NOT_FOUND, f"there is no agent {name!r}")
    agent = Agent(name, "agent")
    agent.name, agent.teams = entry.name, entry.teams
    agent.profile = world.directory_profile(name, None, None, None)
    return agent


def _known(world: World, name: str) -> Agent:
    """The agent; one of the directory who was never here is made known."""
    agents = world.people.agents
    known = agents.get(name)
    if known is None:
        known = agents[name] = as_listed(world, name)
    return known


def kept(table: dict[str, int]) -> SkillLevels:
    """What a table of skills or of languages leaves an agent; level 0 takes one away."""
    return levels({name: level for name, level in table.items() if level})


def _in_words(command: SetAgentSkills) -> str:
    if command.clear and command.skills is None and command.languages is None:
        return "as the token says"
    named = (("skills", command.skills), ("languages", command.languages))
    told = []
    for part, known in named:
        if known is not None:
            pairs = " ".join(f"{name}={level}" for name, level in sorted(known.items()))
            told.append(f"{part} {pairs or 'none'}")
    return ", ".join(told)
