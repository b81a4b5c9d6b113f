"""Short scenarios of load, and what the generator sees of the scripted server under them."""

from typing import Any

import msgspec
import trio

from loadtest.generator import Generator, Job
from loadtest.notes import Offer, Sheet, Stint, Visit, now
from loadtest.running import Outcome
from loadtest.sampling import Sample
from loadtest.scenario import Scenario
from loadtest.verdicts import Seen
from tests.helpers.scripted_server import KID, SECRET, Flaw, scripted_server

BASIC: dict[str, Any] = {
    "name": "short",
    "load": {"seconds": 1.0, "warm_up": 0.0, "drain": 3.0, "processes": 1},
    "arrivals": {"rate": 30.0},
    "lines": [{"id": "shop", "patience": 30.0, "talk": 0.1, "messages": 0}],
    "desks": [{"id": "all", "count": 12, "accepts_after": 0.02}],
}


def scenario(**changes: Any) -> Scenario:  # noqa: ANN401 - of any part
    """The basic one with other parts; parts that are tables are merged."""
    parts = {
        name: {**BASIC[name], **value} if isinstance(BASIC.get(name), dict) else value
        for name, value in changes.items()
    }
    return msgspec.convert({**BASIC, **parts}, Scenario)


async def live(chosen: Scenario, flaw: Flaw = Flaw.NONE) -> tuple[Sheet, Seen]:
    """One process of the generator against the scripted server."""
    async with scripted_server(flaw=flaw) as server, trio.open_nursery() as nursery:
        job = Job(chosen, 0, (server.url,), "t", ((KID, SECRET),), "")
        generator = Generator(job, nursery, look_within_s=0.3)
        await generator.connect()
        await generator.live(now() + 0.05, trio.lowlevel.checkpoint)
        nursery.cancel_scope.cancel()
    sheet = generator.notes.sheet
    sheet.errors = dict(generator.notes.faults.counts)
    return sheet, Seen(sheet.visits, sheet.offers, sheet.stints, now())


def seen_of(
    visits: list[Visit], offers: list[Offer] | None = None, stints: list[Stint] | None = None
) -> Seen:
    """A run that was over long after all of it."""
    return Seen(visits, offers or [], stints or [], 1_000.0)


def visit(number: int, **fields: Any) -> Visit:  # noqa: ANN401 - of any field
    """A visit that was served by ``ann`` without a flaw, a second after the one before it."""
    at = 10.0 + number
    facts: dict[str, Any] = {
        "number": number,
        "type": "0.shop",
        "line": "shop",
        "due": at,
        "sent": at,
        "patience": 9.0,
        "id": f"c{number}",
        "acknowledged": at + 0.01,
        "assigned": at + 0.5,
        "agent": "ann",
        "ended": at + 0.9,
        "ended_pos": 100 * number + 90,
        "reason": "agent",
    }
    return Visit(**{**facts, **fields})


def offer(number: int, **fields: Any) -> Offer:  # noqa: ANN401 - of any field
    """The accepted offer of that visit."""
    facts: dict[str, Any] = {
        "id": f"o{number}",
        "agent": "ann",
        "conversation": f"c{number}",
        "pos": 100 * number + 10,
        "at": 10.02 + number,
        "not_before": 1.0,
        "answer": "accept",
        "outcome": "accepted",
        "ended_pos": 100 * number + 50,
    }
    return Offer(**{**facts, **fields})


def stint(number: int, **fields: Any) -> Stint:  # noqa: ANN401 - of any field
    """The agent's side of that visit."""
    facts: dict[str, Any] = {
        "agent": "ann",
        "conversation": f"c{number}",
        "pos": 100 * number + 50,
        "at": 10.5 + number,
        "until": 10.9 + number,
        "has_seen_end": True,
    }
    return Stint(**{**facts, **fields})


def outcome(chosen: Scenario, sheet: Sheet, samples: list[Sample] | None = None) -> Outcome:
    """A run that began at 10 on the machine's clock."""
    return Outcome(chosen, 10.0, 40.0, 100.0, 50.0, [sheet], samples or [])
