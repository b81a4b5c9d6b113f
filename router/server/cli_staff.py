"""The command ``fairline staff``: seats by half hour, and a plan made of the archive.

Owns: its arguments and help, and which file is written. Does not know: how anything is computed,
or what the archive's tables are.
"""

import os
import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from router.archive.reading import FOLDER_NAME, Reader
from router.errors import SettingsError
from router.server.cli_lab import tenant_of
from router.server.cli_settings import MaybeConfig
from router.server.settings import Settings, load
from router.server.zones import has_zone

__all__ = ["staff"]

Flag = Annotated[bool, Parameter(negative=())]
Seeds = Annotated[tuple[int, ...], Parameter(negative=())]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Weekdays = Annotated[tuple[Weekday, ...], Parameter(negative=())]


def staff(
    plan: Path,
    /,
    *,
    config: MaybeConfig = None,
    tenant: str = "",
    verify: Flag = False,
    seeds: Seeds = (1, 2, 3, 4, 5, 6, 7, 8),
    rounds: int = 10,
    out: Path | None = None,
    json: Flag = False,
    from_archive: Flag = False,
    weekday: Weekdays = (),
    since: str = "",
    until: str = "",
    zone: str = "",
) -> None:
    """Prints the agents needed by skill and half hour, or writes a plan of what was recorded.

    Args:
        plan: A TOML file of arrival curves; config/staffing.toml is an example.
        config: Settings with the policy under which days are played, and the people in it.
        tenant: Whose policy and archive; not needed where there is one tenant.
        verify: Play whole days with these agents, and correct them until the target is met;
            without settings each skill is a house of its own.
        seeds: The seeds of those days.
        rounds: Correct at most so often; 0 plays the days and changes nothing.
        out: Draw load, agents and level of the day into this SVG file.
        json: Print figures for machines.
        from_archive: Write PLAN, a new file, from the archive of the settings: arrivals, handling
            times and patience of an average day, to be edited.
        weekday: Of these days alone; repeat it for several.
        since: Of days from this date on, as 2026-01-31.
        until: Of days up to this date, without it.
        zone: By the clocks of this zone; that of the queues' hours if left out, or UTC.
    """
    from router.lab.staff import run_staff  # loads the laboratory

    settings = load(config, os.environ) if config else None
    name = tenant_of(settings, tenant) if settings is not None else ""
    if from_archive:
        if settings is None:
            raise SettingsError("name the settings whose archive is read", key="--config")
        days = (weekday, _date("--since", since), _date("--until", until), zone)
        _say(_learn(plan, settings, name, *days))
        return
    if weekday or since or until or zone:
        raise SettingsError("choose days only together with --from-archive", key="--weekday")
    policy = settings.tenants[name].policy if settings is not None else None
    text = run_staff(
        plan,
        policy=policy,
        verified=verify or policy is not None,
        seeds=seeds,
        rounds=max(0, rounds),
        out=out,
        as_json=json,
        show=_show_round,
    )
    _say(text)


def _learn(
    plan: Path,
    settings: Settings,
    tenant: str,
    weekdays: tuple[str, ...],
    since: date | None,
    until: date | None,
    zone: str,
) -> str:
    """Writes the plan, and says what to do with it."""
    from router.lab.curves import WEEKDAYS, Chosen, plan_text, zone_of  # loads the laboratory

    policy = settings.tenants[tenant].policy
    if settings.server.journal == "memory":
        raise SettingsError('"memory" keeps nothing', key="server.journal")
    if zone and not has_zone(zone):
        raise SettingsError(
            f"{zone!r} is no time zone; write for example Europe/Berlin", key="--zone"
        )
    chosen = Chosen(
        zone=zone or zone_of(policy),
        weekdays=tuple(map(WEEKDAYS.index, weekdays)) or tuple(range(7)),
        since=since,
        until=until,
    )
    stays = Reader(Path(settings.server.data) / FOLDER_NAME, tenant).stays()
    text = plan_text(stays, policy, chosen, title=f"What came to {tenant}")
    try:
        with plan.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise SettingsError("is there already; name a new file", file=str(plan)) from None
    except OSError as error:
        raise SettingsError(f"cannot be written: {error.strerror}", file=str(plan)) from None
    head = text.splitlines()[0].removeprefix("# ")
    return f"{plan}: {head}\nEdit it, then:  fairline staff {plan} --config ..."


def _date(key: str, text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise SettingsError(f"{text!r} is no date; write for example 2026-01-31", key=key) from None


def _show_round(number: int, short: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"round {number}: {short} slots are short\n")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
