"""The commands on policies: ``fairline policy pull`` and ``diff``.

Owns: their arguments, whom they ask, exit codes. Does not know: how a policy is written
(``policy_text``) or compared (``router.changes``).
"""

import os
import sys
from pathlib import Path

import msgspec
from cyclopts import App

from router.changes import CHANGES_MAX, Change, changes, spoken
from router.errors import SettingsError
from router.policy import Policy
from router.server.asking_server import Server, address_given, ask, own_server, token_given
from router.server.cli_lab import tenant_of
from router.server.cli_settings import HERE, Config, MaybeConfig, found_here
from router.server.policy_text import policy_toml
from router.server.settings import Settings, load

__all__ = ["policy"]

DIFFERENT = 1
MEND = "name a token: --token-file, or the variable FAIRLINE_TOKEN"


policy = App(
    name="policy",
    help="The policy in force, and what the settings' file says instead.",
    help_format="plaintext",
)


class Differences(msgspec.Struct, frozen=True):
    """What ``diff --json`` prints; ``old`` is the file's value, ``new`` the one in force."""

    changes: tuple[Change, ...]


@policy.command(help_epilogue="Example:  fairline policy pull --config fairline.toml > policy.toml")
def pull(
    *,
    config: MaybeConfig = None,
    tenant: str = "",
    url: str = "",
    token_file: Path | None = None,
    ca_file: Path | None = None,
    json: bool = False,
) -> None:
    """Prints the policy in force, as TOML for the settings' file; defaults are left out.

    With --url alone it stands without the tenant's name, as ``fairline replay --policy`` takes it.

    Args:
        config: Settings of the running server, with a key that can sign.
        tenant: Whose; not needed where there is one tenant.
        url: Where the server is, such as https://chat.example; else server.bind.
        token_file: A token of a service or supervisor, in place of a key; or the variable
            FAIRLINE_TOKEN.
        ca_file: A certificate (PEM) to trust.
        json: Print it as JSON, defaults too, as ``PUT /v1/policy`` takes it.
    """
    files = config or ([] if url else found_here())
    settings = load(files, os.environ) if files else None
    found = _in_force(_server(settings, tenant, url, token_file, ca_file))
    if json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(found)).decode() + "\n")
        return
    name = tenant_of(settings, tenant) if settings is not None else tenant
    sys.stdout.write(policy_toml(found, name))


@policy.command(help_epilogue="Example:  fairline policy diff --config fairline.toml")
def diff(
    *,
    config: Config = HERE,
    tenant: str = "",
    url: str = "",
    token_file: Path | None = None,
    ca_file: Path | None = None,
    json: bool = False,
) -> None:
    """Prints where the policy in force differs from the file's; exit code 1 where it does.

    A policy that was set by hand stays in force until the file says something new: see what a
    file would undo before a SIGHUP or a restart puts it in force.

    Args:
        config: Settings of the running server; a key that can sign, unless a token is named.
        tenant: Whose; not needed where there is one tenant.
        url: Where the server is, such as https://chat.example; else server.bind.
        token_file: A token of a service or supervisor, in place of a key; or the variable
            FAIRLINE_TOKEN.
        ca_file: A certificate (PEM) to trust.
        json: Print one JSON object.
    """
    settings = load(config, os.environ)
    filed = settings.tenants[tenant_of(settings, tenant)].policy
    found = changes(filed, _in_force(_server(settings, tenant, url, token_file, ca_file)))
    if json:
        sys.stdout.write(msgspec.json.encode(Differences(found)).decode() + "\n")
    else:
        sys.stdout.writelines(f"{spoken((one,))}\n" for one in found)
        if len(found) == CHANGES_MAX:
            sys.stdout.write("... and perhaps more\n")
    if found:
        sys.exit(DIFFERENT)


def _server(
    settings: Settings | None, tenant: str, url: str, token_file: Path | None, ca_file: Path | None
) -> Server:
    """Whom to ask, with which token.

    Raises:
        SettingsError: it is not said, or there is no token.
    """
    token = token_given(token_file)
    if url:
        url = address_given(url, "--url")
    if settings is None:
        if not (url and token):
            raise SettingsError("name whom to ask: --config FILE, or --url and --token-file")
        return Server(url, token, ca_file)
    if token and url:
        return Server(url, token, ca_file)
    own = own_server(settings, tenant, mend=MEND, token=token)
    return own._replace(url=url, ca_file=ca_file, checks_host=True) if url else own


def _in_force(server: Server) -> Policy:
    asked = ask(server, "GET", "/v1/policy")
    if asked.status != 200:
        raise SettingsError(f"the server answered {asked.status}: {asked.text}")
    try:
        return msgspec.json.decode(asked.text, type=Policy)
    except msgspec.DecodeError as error:
        raise SettingsError(f"the server is of another version: {error}") from None
