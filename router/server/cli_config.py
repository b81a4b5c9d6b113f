"""The commands about settings: ``fairline config show``, ``schema`` and ``reference``.

Owns: their arguments and output. Does not know: what a setting does.
"""

import os
import sys
from typing import Literal

import msgspec
from cyclopts import App

from router.server.cli_settings import HERE, Config
from router.server.settings import read
from router.server.showing import show

__all__ = ["config"]


config = App(name="config", help="What can be set, and what is.", help_format="plaintext")


@config.command(
    name="show", help_epilogue="Example:  fairline config show --config fairline.toml --sources"
)
def show_all(*, config: Config = HERE, sources: bool = False, json: bool = False) -> None:
    """Prints every setting in force, defaults too; secrets by their names alone.

    Args:
        config: A TOML file; repeat it to merge several.
        sources: Say where each comes from: file and line, variable, or default.
        json: One JSON object a line.
    """
    for one in show(*read(config, os.environ)):
        if json:
            sys.stdout.write(f"{msgspec.json.encode(one).decode()}\n")
            continue
        line = f"{one.key} = {msgspec.json.encode(one.value).decode()}"
        sys.stdout.write(f"{line:<60}  # {one.source}\n" if sources else f"{line}\n")


@config.command(help_epilogue="Example:  fairline config schema > fairline.schema.json")
def schema(part: Literal["settings", "policy"] = "settings", /) -> None:
    """Prints the JSON Schema of the settings or of a policy, for editors and checks.

    Args:
        part: Of a whole file, or of the policy that policy.set takes.
    """
    from router.documents import settings_schema as made  # loads what documents need

    document = made.policy_schema() if part == "policy" else made.settings_schema()
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n")


@config.command(help_epilogue="Example:  fairline config reference > settings.md")
def reference() -> None:
    """Prints the page of all settings, as Markdown."""
    from router.documents.settings_reference import settings_reference

    sys.stdout.write(settings_reference())
