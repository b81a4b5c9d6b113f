"""The commands on webhooks: ``fairline webhooks show`` and ``replay``.

Owns: their arguments and output. Does not know: how anything is delivered; it asks the server.
"""

import os
import sys
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import msgspec
from cyclopts import App, Parameter

from router.errors import SettingsError
from router.server.asking_server import Asked, ask_server
from router.server.cli_archive import instant_ms
from router.server.settings import load

__all__ = ["register"]

Config = Annotated[list[Path], Parameter(name=["--config", "-c"], negative=())]


def register(app: App) -> None:
    """Adds the commands to ``fairline``."""
    webhooks = App(
        name="webhooks", help="Other systems that are told what happens.", help_format="plaintext"
    )
    for command, line in (
        (show, "fairline webhooks show --config fairline.toml"),
        (replay, "fairline webhooks replay crm --config fairline.toml --from 2026-01-31T12:00"),
    ):
        webhooks.command(help_epilogue=f"Example:  {line}")(command)
    app.command(webhooks)


def show(*, config: Config, tenant: str = "", json: bool = False) -> None:
    """Prints how each hook stands: what waits, since when, what went wrong last.

    Args:
        config: Settings of the running server, with a key that can sign.
        tenant: Whose; not needed where there is one tenant.
        json: Print one JSON object.
    """
    from router.server.hook_calls import Hooks  # loads what speaks HTTP

    asked = ask_server(load(config, os.environ), tenant, "GET", "/v1/webhooks")
    _check(asked)
    if json:
        sys.stdout.write(f"{asked.text}\n")
        return
    for one in msgspec.json.decode(asked.text, type=Hooks).webhooks:
        wrong = f"  {one.failures} failures, the last: {one.error}" if one.error else ""
        sys.stdout.write(f"{one.id:<24} {one.waiting:>8} waiting{wrong}\n")


def replay(
    hook: str,
    /,
    *,
    config: Config,
    from_: Annotated[str, Parameter(name="--from")],
    tenant: str = "",
) -> None:
    """Has events of the last seven days delivered to a hook once more.

    Args:
        hook: Its id.
        config: Settings of the running server, with a key that can sign.
        from_: From this time on: 2026-01-31, or 2026-01-31T12:00, in UTC.
        tenant: Whose; not needed where there is one tenant.
    """
    from router.server.hook_calls import Replay, Replayed  # loads what speaks HTTP

    body = msgspec.json.encode(Replay(from_at=instant_ms(from_)))
    path = f"/v1/webhooks/{quote(hook, safe='')}/replay"
    asked = ask_server(load(config, os.environ), tenant, "POST", path, body)
    _check(asked)
    count = msgspec.json.decode(asked.text, type=Replayed).events
    sys.stdout.write(f"{count} events are delivered to {hook} once more.\n")


def _check(asked: Asked) -> None:
    if asked.status != 200:
        raise SettingsError(f"the server answered {asked.status}: {asked.text}")
