"""The commands that are servers: ``fairline serve`` and ``demo``.

Owns: their arguments. Does not know: how anything is served; ``running`` and ``demo`` do.
"""

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from router.errors import SettingsError
from router.server.cli_settings import HERE, Config
from router.server.settings import Settings, load

__all__ = ["demo", "serve"]


async def serve(*, config: Config = HERE) -> None:
    """Runs a node until SIGTERM, which drains it; SIGHUP loads the policy anew.

    Where it listens is ``server.bind`` of the settings, or the variable FAIRLINE_SERVER__BIND, such
    as 127.0.0.1:9000.

    Args:
        config: A TOML file; repeat it to merge several.
    """
    settings = _load(config)
    from router.server.collecting import looking_seldom

    with looking_seldom():
        from router.server.running import serve as run  # loads the whole server

        await run(settings, reload=partial(_load, config))


async def demo(*, port: int = 8080) -> None:
    """Runs a shop with the widget, agent desktop, wallboard and scripted people, and prints links.

    Needs nothing installed or configured, keeps nothing when it ends, and answers this machine
    alone.
    """
    if not 0 <= port <= 65_535:
        raise SettingsError("the port must be a number from 0 to 65535", key="--port")
    from router.server.collecting import looking_seldom

    with looking_seldom():
        from router.server.demo import run  # loads the whole server

        await run(port)


def _load(files: Sequence[Path]) -> Settings:
    return load(files, os.environ)
