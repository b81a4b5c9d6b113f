"""The page of all commands, from the command line itself.

Owns: the page's head, and that each command's example is in it. Does not know: any command;
cyclopts has the words.

Invariant (tests/documents/test_cli_reference.py): every command and every option is in it;
``docs/reference/cli.md`` is what this makes.
"""

import re
from collections.abc import Iterator

from cyclopts import App

__all__ = ["cli_reference"]

_HEAD = """\
# Every command

This page is made from the command line, and a test compares the two; `fairline COMMAND --help` says
the same. A mistake of yours ends in a sentence and exit code 1, a wrong command line in 2.
Settings can come from several files (`--config` again) and from the
[environment](settings.md); a command that is given no `--config` reads `fairline.toml` in the
folder it is run in.
"""
_NO = re.compile(r", --no-[\w-]+`")
_NOTHING = re.compile(r' \*\[default: (?:""|\(\)|False)\]\*')
_USAGE = re.compile(r"\n\n```console\n(?P<line>.*)\n```\n")


def cli_reference(app: App) -> str:
    """The page, as Markdown."""
    told = app.generate_docs(output_format="markdown", usage_name="fairline")
    told = "## fairline " + _NOTHING.sub("", _NO.sub("`", told)).partition("\n## fairline ")[2]
    for name, example in _examples(app, "fairline"):
        told = _with_usage(told, name, example)
    return f"{_HEAD}\n{told.strip()}\n"


def _examples(app: App, above: str) -> Iterator[tuple[str, str]]:
    """Each command by its whole name, with its example; empty for none."""
    for name in app:
        if name.startswith("-"):
            continue
        command = app[name]
        yield f"{above} {name}", str(command.help_epilogue or "").removeprefix("Example:").strip()
        yield from _examples(command, f"{above} {name}")


def _with_usage(page: str, name: str, example: str) -> str:
    """Puts a command's example below what it is called like."""
    heading = re.search(rf"^#+ {re.escape(name)}$", page, re.MULTILINE)
    assert heading is not None, f"{name} has a heading"
    usage = _USAGE.match(page, heading.end())
    if usage is None:  # nothing can be called by this name alone
        return page
    # cyclopts puts in between how this very process was started: python -m, or a script's name.
    operands = re.search(r"(?:--\w|[A-Z\[]).*", usage["line"])
    shown = f"\n\n```console\n{name}{f' {operands[0]}' if operands else ''}\n```\n"
    shown += f"\n<!-- parsed -->\n```sh\n{example}\n```\n" if example else ""
    return page[: usage.start()] + shown + page[usage.end() :]
