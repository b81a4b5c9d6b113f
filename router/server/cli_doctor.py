"""The command ``fairline doctor``.

Owns: its arguments and exit code. Does not know: what is looked at.

Exit code 0: nothing failed (warnings and skipped steps are printed); 1: something failed.
"""

import sys
from pathlib import Path

from router.server.cli_settings import MaybeConfig, found_here

__all__ = ["doctor"]

FAILED = 1


async def doctor(
    *,
    config: MaybeConfig = None,
    url: str = "",
    ops_url: str = "",
    tenant: str = "",
    token_file: Path | None = None,
    ca_file: Path | None = None,
    json: bool = False,
) -> None:
    """Examines a running server, with a conversation played through from end to end.

    That conversation is held where nobody sees it: no queue, agent, figure or alert of yours hears
    of it. Exit code 0 where nothing failed, else 1.

    Args:
        config: Settings of the server: its addresses, and a key that can sign.
        url: Where the server is, such as https://chat.example; else server.bind.
        ops_url: Where its /livez, /readyz and /metrics are, if server.ops_bind is set.
        tenant: Whose token to make, and whose lines to look at; else any, and all.
        token_file: A token of a service or supervisor, in place of a key; or the variable
            FAIRLINE_TOKEN.
        ca_file: A certificate (PEM) to trust.
        json: Print one JSON object for machines.
    """
    from router.server.doctor_run import Wanted, run_doctor  # loads what speaks HTTP

    found = config or (() if url else found_here())
    wanted = Wanted(found, url, ops_url, tenant, token_file, ca_file)
    if not await run_doctor(wanted, json=json):
        sys.exit(FAILED)
