"""Short replays of the invented log against the scripted server."""

from loadtest.day import DayPlan, plan_day
from loadtest.log import Call
from loadtest.replay import Outcome, Settings, replay
from loadtest.report import HEAD_START_S
from loadtest.tokens import Key
from tests.helpers.bank_logs import DAY, UNTIL_S, twenty_calls, with_long_shifts
from tests.helpers.scripted_server import KID, SECRET, Flaw, ScriptedServer, scripted_server

SPEED = 2000.0
KEY = Key(KID, SECRET)


def settings(url: str, *, speed: float = SPEED, reaction_s: float = 1.0) -> Settings:
    """Settings for a server on loopback, with short waits before and after."""
    return Settings(
        url=url,
        tenant="bank",
        key=KEY,
        speed=speed,
        reaction_s=reaction_s,
        drain_s=0.5,
        lead_s=0.1,
    )


async def run_day(
    calls: list[Call] | None = None,
    *,
    flaw: Flaw = Flaw.NONE,
    speed: float = SPEED,
    reaction_s: float = 1.0,
    has_long_shifts: bool = True,
) -> tuple[DayPlan, Outcome, ScriptedServer]:
    """Replays the calls, or the twenty, against a server with or without a flaw."""
    calls = twenty_calls() if calls is None else calls
    log = with_long_shifts(calls) if has_long_shifts else calls
    plan = plan_day(log, DAY, seed=1, until_s=UNTIL_S)
    async with scripted_server(head_start_s=HEAD_START_S / speed, flaw=flaw) as server:
        chosen = settings(server.url, speed=speed, reaction_s=reaction_s)
        outcome = await replay(plan, chosen)
    return plan, outcome, server
