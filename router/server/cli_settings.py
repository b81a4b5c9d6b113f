"""The option ``--config``: which settings a command reads.

Owns: its names, and where settings are looked for when it is not given. Does not know: what stands
in them.

Invariant (tests/server/test_cli_settings.py): without ``--config`` a command reads the file of the
folder it is run in, the one that ``fairline init .`` writes, and says so where there is none.
"""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from router.server.starter import FILE_NAME

__all__ = ["HERE", "Config", "MaybeConfig", "found_here"]

HERE = [Path(FILE_NAME)]
"""What a command reads that was told nothing: the file ``init`` writes, in this folder."""

Config = Annotated[
    list[Path],
    Parameter(name=["--config", "-c"], negative=(), show_default=lambda _: "fairline.toml"),
]
"""Of a command that cannot do without settings; its default is ``HERE``."""

MaybeConfig = Annotated[list[Path] | None, Parameter(name=["--config", "-c"], negative=())]
"""Of a command that takes an address in their place."""


def found_here() -> list[Path]:
    """The settings of this folder, or none: for commands that do without them."""
    return HERE if HERE[0].exists() else []
