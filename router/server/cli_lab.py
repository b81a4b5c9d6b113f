"""The laboratory's commands: ``fairline simulate`` and ``replay``.

Owns: their arguments and help. Does not know: how anything is played or computed.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from router.errors import SettingsError
from router.journal.redis_address import address_of
from router.server.cli_settings import HERE, Config
from router.server.settings import Settings, load
from router.suggestions import did_you_mean

if TYPE_CHECKING:
    from router.journal.base import Record

__all__ = ["replay", "simulate", "tenant_of"]

Levels = Annotated[tuple[str, ...], Parameter(negative=())]
Seeds = Annotated[tuple[int, ...], Parameter(negative=())]


def simulate(
    scenario: Path, /, *, seeds: Seeds = (), out: Path | None = None, json: bool = False
) -> None:
    """Runs arrivals through the core in virtual time and prints what came of it.

    Args:
        scenario: A TOML file; config/scenarios has examples.
        seeds: Play these seeds instead of the scenario's; repeat it for several.
        out: Draw waits, line and work of the first run into this SVG file.
        json: Print figures for machines.
    """
    from router.lab.simulate import run_simulate  # loads the laboratory

    _say(run_simulate(scenario, seeds=seeds, out=out, as_json=json))


def replay(
    *,
    config: Config = HERE,
    policy: Path | None = None,
    more: int = 0,
    skills: Levels = (),
    languages: Levels = (),
    tenant: str = "",
    json: bool = False,
) -> None:
    """Plays a recorded journal again: what would another policy, or more agents, have changed?

    The journal is only read, also beside the server that writes it.

    Args:
        config: Settings that say where the journal is.
        policy: A file with the keys of a policy, or with settings that have one for the tenant.
        more: So many agents more, there all the time.
        skills: What they can do, as billing=80; repeat it for several.
        languages: What they speak, as de=100; repeat it for several.
        tenant: Whose conversations; not needed where there is one tenant.
        json: Print figures for machines.
    """
    from router.lab.files import read_policy  # loads the laboratory
    from router.lab.whatif import More, run_replay

    settings = load(config, os.environ)
    name = tenant_of(settings, tenant)
    other = read_policy(policy, name) if policy is not None else None
    added = More(more, _levels("skills", skills), _levels("languages", languages))
    records = _recorded(settings)
    _say(run_replay(records, name, other, more=added if more > 0 else None, as_json=json))


def _recorded(settings: Settings) -> "Iterator[Record]":
    """All that the journal of these settings has.

    Raises:
        SettingsError: it keeps nothing.
    """
    from router.core import CORE_VERSION

    server = settings.server
    if server.journal == "memory":
        raise SettingsError('"memory" keeps nothing to be replayed', key="server.journal")
    if server.journal == "redis":
        from router.journal.redis_reading import read_whole

        return read_whole(address_of(server.redis_url), core_version=CORE_VERSION)
    from router.journal.readonly import read_folder

    return read_folder(Path(server.data) / "journal", core_version=CORE_VERSION)


def _levels(key: str, named: Levels) -> dict[str, int]:
    """Pairs of an id and a level, as ``billing=80``.

    Raises:
        SettingsError: one is none.
    """
    found = {}
    for one in named:
        name, _, level = one.partition("=")
        if not name or not level.isdecimal() or int(level) > 100:
            raise SettingsError(
                f"{one!r}: write ID=LEVEL, with a level of 0 to 100", key=f"--{key}"
            )
        found[name] = int(level)
    return found


def tenant_of(settings: Settings, name: str) -> str:
    """The tenant that is named, or the only one.

    Raises:
        SettingsError: there is none of that name, or several and none is named.
    """
    known = list(settings.tenants)
    if not name and len(known) == 1:
        return known[0]
    if not name and known:
        raise SettingsError(f"whose? add --tenant with one of {', '.join(known)}", key="--tenant")
    if name not in settings.tenants:
        hint = did_you_mean(name, known)
        raise SettingsError(f"there is no tenant {name!r} in the settings{hint}", key="--tenant")
    return name


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
