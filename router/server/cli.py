"""The command ``fairline``: reads arguments, starts things, and says plainly what went wrong.

Owns: commands, their help, exit codes. Does not know: how anything is done.

Invariants: an operator's mistake ends in sentences on stderr and exit code 1, a wrong command line
in exit code 2, never in a traceback; the package does not run with assertions switched off.
"""

import importlib
import inspect
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

import router
from router.errors import RouterError, SettingsError
from router.server import (
    cli_archive,
    cli_check,
    cli_config,
    cli_doctor,
    cli_init,
    cli_policy,
    cli_runbook,
    cli_running,
    cli_secret,
    cli_shell,
    cli_staff,
    cli_token,
    cli_top,
    cli_webhooks,
)
from router.server import settings as settings_module
from router.server.cli_journal import register as register_journal
from router.server.cli_lab import register
from router.server.collecting import looking_seldom
from router.server.settings import Settings, load

__all__ = ["app", "main"]

FAILED = 1
INTERRUPTED = 130

Config = Annotated[
    list[Path],
    Parameter(
        name=["--config", "-c"], negative=(), help="A TOML file; repeat it to merge several."
    ),
]

app = App(
    name="fairline",
    help="Fairline: presence and routing for contact centres.",
    version=f"fairline {router.__version__}",
    help_format="plaintext",
)
register(app)
cli_staff.register(app)
cli_archive.register(app)
cli_check.register(app)
cli_init.register(app)
register_journal(app)
cli_doctor.register(app)
cli_config.register(app)
cli_policy.register(app)
cli_secret.register(app)
cli_token.register(app)
cli_running.register(app)
cli_shell.register(app)
cli_webhooks.register(app)
cli_top.register(app)
cli_runbook.register(app)


def _example(line: str) -> str:
    return f"Example:  {line}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command and ends the process with its exit code."""
    if not __debug__:
        _fail("fairline does not run with python -O: its assertions guard the journal")
    try:
        app(arguments, backend="trio", result_action="return_value")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # whoever read what is printed, such as head, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except RouterError as error:
        _fail(_sentence(error))
    except BaseExceptionGroup as group:
        _fail_in_group(group)


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
    if isinstance(error, settings_module.SettingsErrors):
        return str(error)
    if isinstance(error, SettingsError):
        return ": ".join(part for part in (error.file, error.key, str(error)) if part)
    return str(error) or type(error).__name__


@app.command(help_epilogue=_example("fairline serve --config fairline.toml"))
async def serve(*, config: Config) -> None:
    """Runs a node until SIGTERM, which drains it; SIGHUP loads the policy anew."""
    settings = _load(config)
    for warning in settings_module.warnings(settings):
        print(f"fairline: {warning}", file=sys.stderr)
    from router.server.running import serve as run  # loads the whole server

    with looking_seldom():
        await run(settings, reload=partial(_load, config))


@app.command(help_epilogue=_example("fairline demo --port 8080"))
async def demo(*, port: int = 8080) -> None:
    """Runs a shop with the widget, agent desktop, wallboard and scripted people, and prints links.

    Needs nothing installed or configured, keeps nothing when it ends, and answers this machine
    alone.
    """
    if not 0 <= port <= 65_535:
        raise SettingsError("the port must be a number from 0 to 65535", key="--port")
    from router.server.demo import run  # loads the whole server

    with looking_seldom():
        await run(port)


@app.command(help_epilogue=_example("fairline bench core --json"))
def bench(
    part: Literal[
        "core", "journal", "gateway", "archive", "idle", "slow", "storm", "soak", "scrape"
    ]
    | None = None,
    /,
    *,
    folder: Path = Path(),
    connections: int | None = None,
    minutes: float | None = None,
    restart: bool = False,
    json: bool = False,
) -> None:
    """Runs the benchmarks, each with its ratio against a reference.

    Args:
        part: One of them; the first three where none is named.
        folder: Where the disk to be measured is mounted; what is written there goes afterwards.
        connections: How many "idle" holds; 10,000 if not given.
        minutes: How long "soak" lasts; 10 if not given.
        restart: With journal: time a start behind a million commands instead; takes minutes.
        json: Print figures for machines.
    """
    size = {"connections": connections, "minutes": minutes, "restart": restart or None}
    given = {name: value for name, value in size.items() if value is not None}
    for name in (part,) if part else ("core", "journal", "gateway", "archive"):
        run: Callable[..., None] = importlib.import_module(f"router.bench.{name}").run
        foreign = given.keys() - inspect.signature(run).parameters.keys()
        if foreign:
            raise SettingsError(f"{name} has no such size", key=f"--{min(foreign)}")
        run(folder, json=json, **given)


def _load(files: Sequence[Path]) -> Settings:
    return load(files, os.environ)
