"""The command ``fairline secret``: fresh secrets, each in a file of its own.

Owns: the files. Does not know: which setting reads one (any ``..._file`` key can).

Invariant (tests/server/test_cli_secret.py): a file that is there is never changed, so it can be run
before each start; what is written is read by its owner alone, and is there whole or not at all.
"""

import os
import secrets
import sys
import tempfile
from pathlib import Path

from router.errors import SettingsError

__all__ = ["secret"]

BYTES = 32


def secret(file: Path, /, *files: Path) -> None:
    """Writes a fresh secret into each file that is not there yet; never overwrites one.

    In the settings secret_file = "secrets/main" reads it, as does any other key with _file.

    Args:
        file: Where to; its folder is made too.
        files: Further ones, each with a secret of its own.
    """
    for one in (file, *files):
        try:
            is_new = not one.is_file()  # else its folder may well be read-only
            if is_new:
                one.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                _write(one)
        except FileExistsError as error:
            if not one.is_file():
                in_the_way = error.filename2 or error.filename
                sentence = f"{in_the_way} is in the way; name another"
                raise SettingsError(sentence, file=str(one)) from None
            is_new = False
        except OSError as error:
            raise SettingsError(f"cannot be written: {error.strerror}", file=str(one)) from None
        sys.stdout.write(f"Wrote {one}.\n" if is_new else f"{one} is there already.\n")


def _write(file: Path) -> None:
    """Writes beside it first, for a disk that is full would leave a file without a secret.

    Raises:
        FileExistsError: somebody was quicker.
        OSError: it cannot be written.
    """
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.") as beside:
        beside.write(f"{secrets.token_urlsafe(BYTES)}\n".encode())
        beside.flush()
        os.fsync(beside.fileno())
        os.link(beside.name, file)  # unlike a rename it overwrites nothing
