"""The commands on a running server: ``fairline reload``, ``drain`` and ``upgrade``.

Owns: their arguments, output and exit codes, how long they wait. Does not know: which process the
server is (``signalling``), what an upgrade would meet (``upgrading``).
"""

import os
import signal
import sys
import time
from collections.abc import Callable

import msgspec

from router.errors import SettingsError
from router.server.asking_server import ask, own_pages
from router.server.cli_settings import HERE, Config
from router.server.readiness import LEFT_TO_START, Check
from router.server.settings import Settings, load
from router.server.signalling import server_of, tell

__all__ = ["drain", "reload", "upgrade"]

FAILED = 1
LOOK_S = 0.25
RELOAD_S = 30.0


def reload(*, config: Config = HERE, json: bool = False) -> None:
    """Checks the settings and has the running server of this machine put their policies in force.

    Names the changed keys that only a start reads; they are no mistake. Nothing is sent where the
    settings have one. Exit code 1 where the server did not take them, or its figures could not be
    read and so nobody knows; its log says why.

    Args:
        config: The settings that the server was started with.
        json: Print one JSON object.
    """
    settings = load(config, os.environ)
    before = _reloaded(settings)
    pid = tell(settings, signal.SIGHUP)
    if before is None:
        where = own_pages(settings.server).url
        sentence = f"process {pid} was told, but whether it took them is not known: its figures"
        raise SettingsError(f"{sentence} cannot be read at {where}; its log says it")

    def is_over() -> bool:
        now = _reloaded(settings)
        return now is not None and now != before

    is_told = _wait(is_over, RELOAD_S)
    after = _reloaded(settings)
    if not is_told or after is None or not after[0]:
        raise SettingsError(f"process {pid} did not take them; its log says why")
    left = _left_to_start(settings)
    if json:
        _say(msgspec.json.encode(_Taken(pid, left)).decode())
        return
    _say(f"Process {pid} has them; its log says what is in force now.")
    if left:
        _say("Only a start reads these, which differ from what it was started with:")
        for key in left:
            _say(f"  {key}")


def drain(*, config: Config = HERE, within: float = 60.0) -> None:
    """Has the running server of this machine let nobody in, send everybody away, and end.

    Everybody is told when to come again, and nothing that was answered is lost. Exit code 1 where
    it is not over in time; it goes on then.

    Args:
        config: The settings that the server was started with.
        within: So many seconds it may take.
    """
    settings = load(config, os.environ)
    pid = tell(settings, signal.SIGTERM)
    if not _wait(lambda: server_of(settings) != pid, within):
        raise SettingsError(f"process {pid} still drains; look again, or ask for it again to hurry")
    _say(f"Process {pid} drained and ended.")


def upgrade(*, config: Config = HERE, json: bool = False) -> None:
    """Says what this version will meet and do at its first start on the data of an older one.

    Reads settings, journal, snapshots and archive, changes nothing, and may run beside the older
    server. There is no step to take: a start does it all. Exit code 1 where it would not start.

    Args:
        config: Settings whose server.data holds the data.
        json: Print one JSON object.
    """
    from router.server.upgrading import outlook  # loads the core

    found = outlook(load(config, os.environ))
    if json:
        _say(msgspec.json.encode(found).decode())
    else:
        for line in found.lines():
            _say(line)
    if found.problems:
        sys.exit(FAILED)


def _reloaded(settings: Settings) -> tuple[bool, str] | None:
    """Whether the newest settings were right, and when the server last had right ones."""
    try:
        page = ask(own_pages(settings.server), "GET", "/metrics").text
    except SettingsError:
        return None
    told = dict(line.split(" ", 1) for line in page.splitlines() if line.startswith(_RELOAD))
    if len(told) != len(_RELOAD):
        return None
    return float(told[_RELOAD[0]]) > 0, told[_RELOAD[1]]


def _left_to_start(settings: Settings) -> list[str] | None:
    """Keys that differ from what the server was started with; None where it does not tell."""
    try:
        answer = ask(own_pages(settings.server), "GET", "/readyz?json")
        check = msgspec.json.decode(answer.text, type=_Ready).checks.get("settings")
    except (SettingsError, msgspec.DecodeError):
        return None
    if check is None:  # an older server
        return None
    return check.detail.removeprefix(LEFT_TO_START).split(", ") if check.detail else []


class _Ready(msgspec.Struct, frozen=True):
    """What of ``/readyz?json`` is read here."""

    checks: dict[str, Check]


class _Taken(msgspec.Struct, frozen=True):
    """What ``reload --json`` prints where the server took them."""

    process: int
    left_to_start: list[str] | None


_RELOAD = ("fairline_config_reload_success", "fairline_config_reload_timestamp_seconds")


def _wait(is_over: Callable[[], bool], seconds: float) -> bool:
    """Looks again and again; whether it was over in time."""
    end = time.monotonic() + seconds
    while not is_over():
        if time.monotonic() > end:
            return False
        time.sleep(LOOK_S)
    return True


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
