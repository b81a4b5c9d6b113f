"""The commands on webhooks: ``fairline webhooks show``, ``test``, ``deliveries``, ``replay``.

Owns: their arguments and output. Does not know: how anything is delivered; it asks the server.
"""

import os
import sys
from datetime import UTC, datetime
from typing import Annotated, Literal
from urllib.parse import quote, urlencode

import msgspec
from cyclopts import App, Parameter

from router.errors import SettingsError
from router.server.asking_server import Asked, ask_server
from router.server.cli_archive import instant_ms
from router.server.cli_settings import HERE, Config
from router.server.settings import load

__all__ = ["webhooks"]


webhooks = App(
    name="webhooks", help="Other systems that are told what happens.", help_format="plaintext"
)


@webhooks.command(
    name="show", help_epilogue="Example:  fairline webhooks show --config fairline.toml"
)
def show(*, config: Config = HERE, tenant: str = "", json: bool = False) -> None:
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
    hooks = msgspec.json.decode(asked.text, type=Hooks).webhooks
    if not hooks:
        sys.stderr.write("this tenant has no webhooks; [[tenants.NAME.webhooks]] names them\n")
    for one in hooks:
        wrong = f"  {one.failures} failures, the last: {one.error}" if one.error else ""
        sys.stdout.write(f"{one.id:<24} {one.waiting:>8} waiting{wrong}\n")


@webhooks.command(
    name="replay",
    help_epilogue="Example:  fairline webhooks replay crm --config fairline.toml"
    " --from 2026-01-31T12:00",
)
def replay(
    hook: str,
    /,
    *,
    config: Config = HERE,
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


@webhooks.command(
    name="test", help_epilogue="Example:  fairline webhooks test crm --config fairline.toml"
)
def send_test(hook: str, /, *, config: Config = HERE, tenant: str = "") -> None:
    """Has the server send a hook an event that says nothing; exit code 1 where it was not taken.

    Args:
        hook: Its id.
        config: Settings of the running server, with a key that can sign.
        tenant: Whose; not needed where there is one tenant.
    """
    from router.server.hook_sending import Tried  # loads what speaks HTTP

    path = f"/v1/webhooks/{quote(hook, safe='')}/test"
    asked = ask_server(load(config, os.environ), tenant, "POST", path)
    _check(asked)
    tried = msgspec.json.decode(asked.text, type=Tried)
    if tried.error:
        raise SettingsError(f"{hook} did not take it: {tried.error}")
    sys.stdout.write(f"{hook} answered {tried.status} in {tried.took_ms} ms.\n")


@webhooks.command(
    name="deliveries",
    help_epilogue="Example:  fairline webhooks deliveries crm --config fairline.toml"
    " --status failed",
)
def deliveries(
    hook: str,
    /,
    *,
    config: Config = HERE,
    status: Literal["", "waiting", "failed", "delivered"] = "",
    tenant: str = "",
    limit: int = 100,
    json: bool = False,
) -> None:
    """Prints what was and is to be delivered to a hook in the last seven days, the newest first.

    Args:
        hook: Its id.
        config: Settings of the running server, with a key that can sign.
        status: waiting, failed (not taken so far, or given up) or delivered; all if not given.
        tenant: Whose; not needed where there is one tenant.
        limit: The newest so many, 1 to 500.
        json: One JSON object a line, with the event.
    """
    from router.server.hook_calls import Deliveries  # loads what speaks HTTP

    query = urlencode({"status": status, "limit": limit})
    path = f"/v1/webhooks/{quote(hook, safe='')}/deliveries?{query}"
    asked = ask_server(load(config, os.environ), tenant, "GET", path)
    _check(asked)
    for one in msgspec.json.decode(asked.text, type=Deliveries).deliveries:
        if json:
            sys.stdout.write(f"{msgspec.json.encode(one).decode()}\n")
            continue
        when = datetime.fromtimestamp(one.at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
        sys.stdout.write(
            f"{when}  {one.type:<26} {one.status:<9} {one.attempts:>3} tries  {one.id}\n"
        )


def _check(asked: Asked) -> None:
    if asked.status != 200:
        raise SettingsError(f"the server answered {asked.status}: {asked.text}")
