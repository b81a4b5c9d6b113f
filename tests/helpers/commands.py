"""A command of ``fairline``, called in the test's own process."""

import pytest

from router.server.cli import main

__all__ = ["Ended"]


class Ended:
    """What a command left behind: exit code, stdout, stderr."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *arguments: str) -> None:
        self.code: object = 0
        try:
            main(arguments)
        except SystemExit as left:
            self.code = left.code
        self.out, self.err = capsys.readouterr()
