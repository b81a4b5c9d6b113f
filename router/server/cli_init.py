"""The command ``fairline init``: a centre's first files.

Owns: its arguments and output, and the order in which things are written. Does not know: what is in
the settings (``starter``) or in the files beside them (``operating``).

Invariant (tests/server/test_cli_init.py): where anything is in the way, nothing is written.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from router.server.operating import Place, chosen, refuse_existing, write_operating
from router.server.settings import ServerSettings, load
from router.server.starter import FILE_NAME, write_starter

__all__ = ["init"]

SERVICE_DATA = "/var/lib/fairline"
"""Where a service of systemd keeps what it must not lose."""

COMPOSE_PAGES = "http://127.0.0.1:9100/runbooks"
"""Where compose lets this machine reach the runbooks."""


def init(
    folder: Path,
    /,
    *,
    beside: Annotated[str, Parameter(name="--with")] = "",
    site: str = "chat.example",
    runbooks: str = "",
) -> None:
    """Writes a commented fairline.toml with fresh keys into a folder; never overwrites one.

    With --with it also writes what runs beside the server, with this centre's addresses and paths
    filled in. A fairline.toml that is there already then stays as it is, and says them; compose
    and kubernetes bring settings of their own.

    Args:
        folder: Where to; made where there is none.
        beside: systemd, caddy, nginx, prometheus, grafana, compose, kubernetes, examples: any of
            them, by commas.
        site: The name of the site, for the proxies and the ingress.
        runbooks: The address before the names of runbooks in alerts; the server's own if not given.
    """
    kinds = chosen(beside)
    file = folder / FILE_NAME
    refuse_existing(folder, kinds)
    brings_settings = bool(kinds) and not set(kinds) - {"compose", "kubernetes", "examples"}
    if not kinds or not (file.exists() or brings_settings):
        write_starter(
            folder,
            data=SERVICE_DATA if "systemd" in kinds else "data",
            has_proxy=bool({"caddy", "nginx"} & set(kinds)),
        )
        _say(f"Wrote {file}. Next: fairline serve --config {file}")
        _say(f"An agent's token: fairline token --config {file} --role agent --sub alice")
    server = load([file], os.environ).server if file.exists() else ServerSettings()
    if "compose" in kinds and "prometheus" not in kinds:
        runbooks = runbooks or COMPOSE_PAGES
    place = Place(file, server, site, runbooks)
    for written in write_operating(folder, kinds, place):
        _say(f"Wrote {written}")


def _say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
