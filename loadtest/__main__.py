"""The command line of the load generator: ``python -m loadtest run`` and others.

Owns: arguments, exit codes, the line of progress.
Does not know: anything about the run itself.
Invariants (tests/loadtest/test_main.py, test_running.py): exit code 0 is a run without error or
violation, 1 one with them, 2 a wrong call, 130 one that was interrupted, of which nothing is left
running.
"""

import argparse
import json
import secrets
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import trio

from loadtest.day import DayPlan, plan_day
from loadtest.log import LogError, read_log
from loadtest.replay import Progress, Settings, replay
from loadtest.report import report_on
from loadtest.run_command import add_arguments, execute
from loadtest.scenario import ScenarioError, load
from loadtest.scenario_settings import settings_text
from loadtest.server_config import server_config
from loadtest.standard import add_standard, run_standard
from loadtest.tokens import Key, KeyUnusableError, read_key

__all__ = ["main", "progress_line"]

INTERRUPTED = 130
"""As a shell has it after Ctrl-C."""
PLAIN_EVERY = 20
"""Without a terminal every so manieth look is a line of its own (one look is 0.5 s)."""

EXAMPLE = """\
examples; run starts a server of its own, or takes one that is there, as replay does:
  python -m loadtest run loadtest/scenarios/steady.toml --out report.html
  python -m loadtest settings loadtest/scenarios/steady.toml > steady-server.toml
  fairline serve --config steady-server.toml
  python -m loadtest loadtest/scenarios/steady.toml \
      --url ws://127.0.0.1:8080/v1/socket --key-file steady-server.toml
  python -m loadtest config LOG.csv.gz --day 1999-02-03 --speed 60 > bank.toml
  fairline serve --config bank.toml
  python -m loadtest replay LOG.csv.gz --day 1999-02-03 --speed 60 \\
      --url ws://127.0.0.1:8080/v1/socket --key-file bank.toml
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m loadtest",
        description="Drives a server with arrivals of a scenario, or of a recorded day.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    add_arguments(commands.add_parser("run", help="run a scenario and judge it"))
    settings = commands.add_parser("settings", help="print a server configuration for a scenario")
    settings.add_argument("scenario", type=Path, metavar="SCENARIO.toml")
    settings.add_argument("--port", type=int, default=8080)
    add_standard(commands.add_parser("standard", help="run all benchmarks, short, in one table"))
    run = commands.add_parser("replay", help="replay a day through real sockets")
    config = commands.add_parser("config", help="print a server configuration for a replay")
    for command in (run, config):
        command.add_argument("log", type=Path, metavar="LOG", help="call log, .csv or .csv.gz")
        command.add_argument("--day", required=True, help="date in the log, YYYY-MM-DD")
        command.add_argument("--speed", type=_speed, required=True, help="day seconds per second")
        command.add_argument("--tenant", default="bank")
        command.add_argument("--queue", default="bank")
        command.add_argument("--secret", help="the tenant's HS256 secret, at least 32 bytes")
        command.add_argument("--kid", default="main", help="the key's id")
        command.add_argument("--seed", type=int, default=1, help="of patience and service times")
        command.add_argument("--since", type=_clock_time, default=0.0, metavar="HH:MM")
        command.add_argument("--until", type=_clock_time, default=float("inf"), metavar="HH:MM")
    run.add_argument("--url", required=True, help="ws://HOST:PORT/v1/socket")
    run.add_argument("--key-file", type=Path, help="the secret, or the server's .toml")
    run.add_argument("--reaction", type=float, default=1.0, help="agents' reaction in day seconds")
    run.add_argument("--report-json", type=Path, metavar="OUT")
    config.add_argument("--bind", default="127.0.0.1:8080")
    return parser


def _speed(text: str) -> float:
    speed = float(text)
    if not 0 < speed < float("inf"):
        raise argparse.ArgumentTypeError("a speed is a number above 0")
    return speed


def _clock_time(text: str) -> float:
    """Seconds after midnight of HH:MM; 24:00 and later belong to the night after."""
    hours, colon, minutes = text.partition(":")
    if not (colon and hours.isdecimal() and minutes.isdecimal() and int(minutes) < 60):
        raise argparse.ArgumentTypeError(f"{text!r} is no HH:MM")
    return int(hours) * 3600.0 + int(minutes) * 60.0


def progress_line(progress: Progress) -> str:
    """One line: the day's clock and the counts."""
    minutes, seconds = divmod(max(0, int(progress.day_s)), 60)
    clock = f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
    return (
        f"{clock} arrived {progress.arrived}/{progress.of} waiting {progress.in_line} "
        f"in service {progress.in_service} served {progress.served} "
        f"abandoned {progress.abandoned} errors {progress.errors}"
    )


def _shower(stream: TextIO) -> Callable[[Progress], None]:
    """Shows progress in place on a terminal, and now and then as a line elsewhere."""
    looks = 0

    def show(progress: Progress) -> None:
        nonlocal looks
        looks += 1
        if stream.isatty():
            stream.write(f"\r\x1b[K{progress_line(progress)}")
        elif looks % PLAIN_EVERY == 0:
            stream.write(f"{progress_line(progress)}\n")
        stream.flush()

    return show


def _key(arguments: argparse.Namespace) -> Key:
    """The key to sign with.

    Raises:
        KeyUnusableError: none was named, or it cannot be used.
    """
    if arguments.secret is not None:
        return Key(kid=arguments.kid, secret=arguments.secret)
    if arguments.key_file is None:
        raise KeyUnusableError("name the tenant's key: --key-file FILE, or --secret TEXT")
    return read_key(arguments.key_file, tenant=arguments.tenant, kid=arguments.kid)


def _plan(arguments: argparse.Namespace) -> DayPlan:
    return plan_day(
        read_log(arguments.log),
        arguments.day,
        seed=arguments.seed,
        since_s=arguments.since,
        until_s=arguments.until,
    )


def _print_config(arguments: argparse.Namespace) -> int:
    secret = secrets.token_urlsafe(48) if arguments.secret is None else arguments.secret
    text = server_config(
        _plan(arguments).agents,
        Key(kid=arguments.kid, secret=secret),
        tenant=arguments.tenant,
        queue=arguments.queue,
        bind=arguments.bind,
        speed=arguments.speed,
    )
    print(text, end="")
    return 0


def _print_settings(arguments: argparse.Namespace) -> int:
    scenario = load(arguments.scenario)
    keys = [("main", secrets.token_urlsafe(48)) for _ in range(scenario.load.tenants)]
    print(settings_text(scenario, keys, port=arguments.port, folder=Path()), end="")
    return 0


def _replay(arguments: argparse.Namespace) -> int:
    plan = _plan(arguments)
    settings = Settings(
        url=arguments.url,
        tenant=arguments.tenant,
        key=_key(arguments),
        speed=arguments.speed,
        queue=arguments.queue,
        reaction_s=arguments.reaction,
    )
    outcome = trio.run(replay, plan, settings, _shower(sys.stderr))
    if sys.stderr.isatty():
        print(file=sys.stderr)
    report = report_on(plan, outcome, arguments.speed)
    print(report.table())
    if arguments.report_json is not None:
        text = json.dumps({**report.figures, "has_failed": report.has_failed}, indent=2)
        arguments.report_json.write_text(text + "\n", "utf-8")
    return int(report.has_failed)


@contextmanager
def _politely() -> Iterator[None]:
    """A request to end (SIGTERM, as ``timeout`` sends it) ends all that was started, as Ctrl-C."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield  # nobody but the main thread may mind signals
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def main(words: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    given = list(sys.argv[1:] if words is None else words)
    if given and given[0].endswith(".toml"):
        given.insert(0, "run")
    arguments = _parser().parse_args(given)
    commands = {
        "run": execute,
        "standard": run_standard,
        "replay": _replay,
        "config": _print_config,
        "settings": _print_settings,
    }
    command = commands[arguments.command]
    try:
        with _politely():
            return command(arguments)
    except KeyboardInterrupt:
        print("loadtest: interrupted; all that it started is ended", file=sys.stderr)
        return INTERRUPTED
    except (LogError, KeyUnusableError, ScenarioError, ValueError, OSError) as error:
        print(f"loadtest: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
