"""The command ``fairline top``: the lines, the agents and the nodes, live in a terminal.

Owns: its arguments and exit code. Does not know: how a figure is made or drawn.
"""

import os
import sys
from typing import Annotated

from cyclopts import Parameter

from router.errors import SettingsError
from router.server.asking_server import own_pages
from router.server.cli_settings import MaybeConfig, found_here
from router.server.settings import load

__all__ = ["top"]

EVERY_MIN_S = 1.0
"""A page of metrics is kept so long by the server."""
FAILED = 1

Urls = Annotated[list[str] | None, Parameter(name="--url", negative=())]


async def top(
    *,
    config: MaybeConfig = None,
    url: Urls = None,
    every: float = 2.0,
    once: bool = False,
    json: bool = False,
) -> None:
    """Shows lines, agents and nodes as they are, until Ctrl-C.

    Needs no token: it reads what Prometheus reads. Without a terminal it prints once.

    Args:
        config: Settings of a node on this machine.
        url: Where /metrics is, such as http://node1:9100; repeat it for several nodes.
        every: Seconds between two looks; rates are of that time.
        once: Look twice, print, and end; exit code 1 where no node answers.
        json: One JSON object a look.
    """
    if every < EVERY_MIN_S:
        raise SettingsError("a second at least", key="--every")
    files = config or found_here()
    urls = list(url) if url else [own_pages(load(files, os.environ).server).url] if files else []
    if not urls:
        raise SettingsError("name a node: --config FILE, or --url http://host:port")
    from router.server.top_board import show_top  # loads what draws

    is_once = once or not (json or sys.stdout.isatty())
    if not await show_top(urls, every, once=is_once, json=json):
        sys.exit(FAILED)
