"""The page of commands beside the command line."""

import re
from collections.abc import Iterator

import pytest
from cyclopts import App

from router.documents.cli_reference import cli_reference
from router.server.cli import app

PAGE = cli_reference(app)


def commands(of: App, above: str) -> Iterator[tuple[str, App]]:
    for name in of:
        if not name.startswith("-"):
            yield f"{above} {name}", of[name]
            yield from commands(of[name], f"{above} {name}")


def test_every_command_has_its_section_and_no_other() -> None:
    told = re.findall(r"^#{2,} (fairline .+)$", PAGE, re.MULTILINE)
    assert sorted(told) == sorted(name for name, _ in commands(app, "fairline"))


@pytest.mark.parametrize("name", [name for name, _ in commands(app, "fairline")])
def test_each_option_and_the_example_of_a_command_stand_there(name: str) -> None:
    command = dict(commands(app, "fairline"))[name]
    heading = re.search(rf"^#+ {re.escape(name)}$", PAGE, re.MULTILINE)
    assert heading is not None
    section = re.split(r"^#+ fairline ", PAGE[heading.end() :], maxsplit=1, flags=re.MULTILINE)[0]
    if command.default_command is not None:
        for argument in command.assemble_argument_collection():
            shown = argument.name if argument.name.startswith("--") else argument.name.upper()
            assert f"`{shown}" in section, shown
    if command.help_epilogue:
        assert str(command.help_epilogue).removeprefix("Example:").strip() in section


def test_a_command_that_is_gone_goes_from_the_page() -> None:
    other = App(name="fairline", help_format="plaintext")

    @other.command
    def brew(*, cups: int = 1) -> None:
        """Makes tea.

        Args:
            cups: So many.
        """

    page = cli_reference(other)
    assert "## fairline brew" in page
    assert "* `--cups INT`: So many. *[default: 1]*" in page
    assert "fairline serve" not in page
