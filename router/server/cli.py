"""The command ``fairline``: reads arguments, starts things, and says plainly what went wrong.

Owns: which commands there are and where, exit codes. Does not know: how anything is done.

Invariants: an operator's mistake ends in sentences on stderr and exit code 1, a wrong command line
in exit code 2, never in a traceback; the package does not run with assertions switched off
(tests/server/test_cli.py); a command loads nothing that it has no use for
(tests/server/test_cli_loading.py).

Commands are named by where they are, and cyclopts loads the one that is called. All of them are
loaded where all are listed: ``--help``, ``completion``, the page of the reference.
"""

import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError, UnusedCliTokensError

import router
from router.errors import RouterError, SettingsError
from router.server import cli_shell

__all__ = ["app", "main"]

FAILED = 1
WRONG_CALL = 2
INTERRUPTED = 130

_COMMANDS = (
    ("cli_serve:serve", "serve --config fairline.toml"),
    ("cli_serve:demo", "demo --port 8080"),
    ("cli_bench:bench", "bench core --json"),
    ("cli_lab:simulate", "simulate config/scenarios/small-shop.toml --out shop.svg"),
    ("cli_lab:replay", "replay --config fairline.toml --more 2 --languages de=100"),
    ("cli_staff:staff", "staff config/staffing.toml --config fairline.toml --out staff.svg"),
    (
        "cli_archive:audit",
        "audit --config fairline.toml --actor agent:alice --since 2026-01-01",
    ),
    ("cli_check:check", "check --config fairline.toml"),
    ("cli_init:init", "init my-centre --with prometheus,grafana"),
    ("cli_doctor:doctor", "doctor --config fairline.toml"),
    ("cli_secret:secret", "secret secrets/main secrets/identity"),
    (
        "cli_token:token",
        "token --config fairline.toml --tenant main --role agent --sub alice "
        "skills.support=80 languages.en=100 name=Alice",
    ),
    ("cli_running:reload", "reload --config fairline.toml"),
    ("cli_running:drain", "drain --config fairline.toml"),
    ("cli_running:upgrade", "upgrade --config fairline.toml"),
    ("cli_top:top", "top --config fairline.toml"),
    ("cli_runbook:runbook", "runbook node-down"),
)
"""Functions, each with its example; its name is the command's."""

_GROUPS = (
    "cli_archive:archive",
    "cli_config:config",
    "cli_journal:journal",
    "cli_policy:policy",
    "cli_webhooks:webhooks",
)
"""Commands that have commands of their own."""

app = App(
    name="fairline",
    help="Fairline: presence and routing for contact centres.",
    version=f"fairline {router.__version__}",
    help_format="plaintext",
)
for _where, _example in _COMMANDS:
    app.command(f"router.server.{_where}", help_epilogue=f"Example:  fairline {_example}")
for _where in _GROUPS:
    app.command(f"router.server.{_where}")
cli_shell.register(app)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command and ends the process with its exit code."""
    if not __debug__:
        _fail("fairline does not run with python -O: its assertions guard the journal")
    words = sys.argv[1:] if arguments is None else arguments
    if not words or words[0] in app.help_flags:
        app.resolved_commands()  # the list has a sentence of each
    try:
        app(
            words,
            backend="trio",
            result_action="return_value",
            verbose=False,
            print_error=False,
            exit_on_error=False,
        )
    except CycloptsError as error:
        _refuse(error)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # whoever read what is printed, such as head, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except RouterError as error:
        _fail(_sentence(error))
    except BaseExceptionGroup as group:
        _fail_in_group(group)


def _refuse(error: CycloptsError) -> None:
    """Says what is wrong with the command line, and which command shows how it is right."""
    sentence = str(error)
    if isinstance(error, UnusedCliTokensError) and error.unused_tokens:
        word = error.unused_tokens[0]
        sentence = f"{word!r} is one word too many."
        if word.endswith(".toml") and "config" in getattr(error.target, "__annotations__", ()):
            sentence = f"Settings are named by an option: --config {word}"
    called = " ".join(["fairline", *(error.command_chain or ()), "--help"])
    print(f"fairline: {sentence}\nSee: {called}", file=sys.stderr)
    sys.exit(WRONG_CALL)


def _fail(sentence: str) -> None:
    print(f"fairline: {sentence}" if "\n" not in sentence else sentence, file=sys.stderr)
    sys.exit(FAILED)


def _fail_in_group(group: BaseExceptionGroup[BaseException]) -> None:
    """Shows what an operator can mend as sentences; anything else is our fault and is raised."""
    mendable, rest = group.split((RouterError, KeyboardInterrupt, OSError))
    if mendable is None or rest is not None:
        raise group
    causes = _leaves(mendable)
    if all(isinstance(cause, KeyboardInterrupt) for cause in causes):
        sys.exit(INTERRUPTED)
    _fail("\n".join(dict.fromkeys(_sentence(cause) for cause in causes)))


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in _leaves(inner)]
    return [error]


def _sentence(error: BaseException) -> str:
    from router.server.settings import SettingsErrors  # --version does without

    if isinstance(error, SettingsErrors):
        return str(error)
    if isinstance(error, SettingsError):
        return ": ".join(part for part in (error.file, error.key, str(error)) if part)
    return str(error) or type(error).__name__
