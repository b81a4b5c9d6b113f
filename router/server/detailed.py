"""One line for each agent, for who looks into one: ``/metrics/detailed``.

Owns: those series. Does not know: the page that everybody scrapes (``metrics``), who may ask.

Invariants (tests/server/test_detailed.py): the loop is held up for ``AT_ONCE`` agents at most; an
id is written so that no name can break a line; nothing but ids is told of anybody.

It grows with the agents, so it is for a look now and then, not for a scrape of every house.
"""

from collections.abc import Mapping

import trio

from router.core import Router
from router.presence import Agent
from router.world import World

__all__ = ["AT_ONCE", "detailed_page"]

AT_ONCE = 250
_HEAD = {
    "agent_info": "What the agent is shown as.",
    "agent_slots": "What the agent holds, is offered, and could hold besides.",
    "agent_conversations": "Conversations in hand, wrap-up included.",
    "agent_connections": "Devices that are connected.",
    "agent_missed_offers": "Offers in a row that were not answered.",
    "agent_state_since_seconds": "When the agent last changed what is shown.",
}


async def detailed_page(routers: Mapping[str, Router]) -> bytes:
    """All agents who are not offline, in Prometheus' text format."""
    lines: dict[str, list[str]] = {name: [] for name in _HEAD}
    for tenant, router in list(routers.items()):
        for count, agent in enumerate(list(router.world.people.agents.values()), start=1):
            if agent.is_signed_in:
                _add(lines, router.world, f'tenant="{tenant}",agent="{_escaped(agent.id)}"', agent)
            if count % AT_ONCE == 0:
                await trio.lowlevel.checkpoint()
    await trio.lowlevel.checkpoint()
    text: list[str] = []
    for name, said in _HEAD.items():
        text += [f"# HELP fairline_{name} {said}", f"# TYPE fairline_{name} gauge", *lines[name]]
    return ("\n".join(text) + "\n").encode()


def _add(lines: dict[str, list[str]], world: World, who: str, agent: Agent) -> None:
    held, offered = -(-agent.held_total() // 1000), int(bool(agent.offer))
    free = agent.capacity_of("total", world.in_force.capacity) - held if agent.is_at_work else 0
    told: tuple[tuple[str, str, float], ...] = (
        ("agent_info", f',show="{agent.seen_show()}"', 1),
        ("agent_slots", ',state="used"', max(held - offered, 0)),
        ("agent_slots", ',state="offered"', offered),
        ("agent_slots", ',state="free"', max(free, 0)),
        ("agent_conversations", "", len(agent.serving)),
        ("agent_connections", "", len(agent.devices)),
        ("agent_missed_offers", "", agent.missed_count),
        ("agent_state_since_seconds", "", agent.since_ms / 1000),
    )
    for name, label, value in told:
        lines[name].append(f"fairline_{name}{{{who}{label}}} {value}")


def _escaped(name: str) -> str:
    return name.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
