"""The command ``fairline completion``: what a shell needs to complete the others.

Owns: its argument. Does not know: what is in the script (``cyclopts`` makes it of the commands).
"""

import sys
from functools import partial
from typing import Literal

from cyclopts import App

__all__ = ["register"]


def register(app: App) -> None:
    """Adds the command to ``fairline``."""
    example = "Example:  fairline completion bash > /etc/bash_completion.d/fairline"
    app.command(name="completion", help_epilogue=example)(partial(completion, app))


def completion(app: App, shell: Literal["bash", "zsh", "fish"], /) -> None:
    """Prints a script that has the shell complete commands and options; changes no file."""
    sys.stdout.write(app.generate_completion(prog_name="fairline", shell=shell))
