"""The command ``fairline secret``: fresh secrets, each in a file of its own.

Owns: the files. Does not know: which setting reads one (any ``..._file`` key can).

Invariant (tests/server/test_cli_secret.py): a file that is there is never changed, so it can be run
before each start; what is written is read by its owner alone.
"""

import secrets
import sys
from pathlib import Path

from cyclopts import App

from router.errors import SettingsError

__all__ = ["register"]

BYTES = 32


def register(app: App) -> None:
    """Adds the command to ``fairline``."""
    example = "Example:  fairline secret secrets/main secrets/identity"
    app.command(help_epilogue=example)(secret)


def secret(file: Path, /, *files: Path) -> None:
    """Writes a fresh secret into each file that is not there yet; never overwrites one.

    In the settings secret_file = "secrets/main" reads it, as does any other key with _file.

    Args:
        file: Where to; its folder is made too.
        files: Further ones, each with a secret of its own.
    """
    for one in (file, *files):
        try:
            one.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            one.touch(mode=0o600, exist_ok=False)
            one.write_text(f"{secrets.token_urlsafe(BYTES)}\n", encoding="utf-8")
        except FileExistsError as error:
            if not one.is_file():
                sentence = f"{error.filename} is in the way; name another"
                raise SettingsError(sentence, file=str(one)) from None
            sys.stdout.write(f"{one} is there already.\n")
        except OSError as error:
            raise SettingsError(f"cannot be written: {error.strerror}", file=str(one)) from None
        else:
            sys.stdout.write(f"Wrote {one}.\n")
