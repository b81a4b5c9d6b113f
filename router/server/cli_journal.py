"""The operator's commands on a journal: ``fairline journal show, verify, backup, skip``.

Owns: their arguments, help, output and exit codes. Does not know: how anything is read or proved.
"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from cyclopts import App

from router.errors import SettingsError
from router.journal.redis_address import address_of
from router.server.cli_lab import tenant_of
from router.server.cli_settings import HERE, Config
from router.server.settings import Settings, load
from router.suggestions import did_you_mean

if TYPE_CHECKING:
    from router.journal.base import Record

__all__ = ["journal"]

FAILED = 1


journal = App(
    name="journal",
    help="Shows, verifies, copies and mends the journal.",
    help_format="plaintext",
)


@journal.command(
    help_epilogue="Example:  fairline journal show --config fairline.toml --after 1200 --limit 20"
)
def show(
    *,
    config: Config = HERE,
    tenant: str = "",
    after: int = 0,
    limit: int = 100,
    bodies: bool = False,
    json: bool = False,
) -> None:
    """Prints commands as the journal has them, one a line, without what people wrote.

    Args:
        config: Settings that say where the journal is; repeat it to merge several files.
        tenant: Only this tenant's commands.
        after: Begin behind this position of each tenant.
        limit: So many lines at most; 0 for all.
        bodies: Show messages, notes, comments and contacts, too.
        json: Print one object a line for machines.
    """
    settings = _kept(config)
    if tenant and tenant not in settings.tenants:
        hint = did_you_mean(tenant, settings.tenants)
        raise SettingsError(f"there is no tenant {tenant!r} in the settings{hint}", key="--tenant")
    _be_silent()
    with ExitStack() as stack:
        records = _records(stack, settings, tenant or None, after)
        _show(records, limit, bodies=bodies, json=json)


def _records(
    stack: ExitStack, settings: Settings, tenant: str | None, after: int
) -> "Iterator[Record]":
    """What is kept behind a position, from wherever it lies; readable as long as the stack is."""
    if settings.server.journal == "redis":
        from router.server.inspecting_redis import read_records

        return read_records(address_of(settings.server.redis_url), tenant=tenant, after=after)
    from router.server import inspecting

    folder = _folder(settings)
    ops = inspecting.pinned(folder)
    stack.callback(ops.release)
    return inspecting.read_records(ops, folder, tenant=tenant, after=after)


def _show(records: "Iterator[Record]", limit: int, *, bodies: bool, json: bool) -> None:
    from router.server import inspecting

    for count, record in enumerate(records, start=1):
        if json:
            _say(msgspec.json.encode(inspecting.as_object(record, bodies=bodies)).decode())
        else:
            _say(inspecting.as_text(record, bodies=bodies))
        if count == limit:
            break


@journal.command(help_epilogue="Example:  fairline journal verify --config fairline.toml")
def verify(*, config: Config = HERE, json: bool = False) -> None:
    """Checks every byte, the order and the snapshots; exit code 0, or 1 with what is wrong.

    Each snapshot is compared with what a replay leads to, which takes as long as a replay.

    Args:
        config: Settings that say where the journal is; repeat it to merge several files.
        json: Print an object for machines.
    """
    settings = _kept(config)
    _be_silent()
    if settings.server.journal == "redis":
        _verify_redis(settings, json=json)
        return
    from router.server import inspecting  # loads the core

    folder = _folder(settings)
    ops = inspecting.pinned(folder)
    found = inspecting.verify(ops, folder)
    ops.release()
    checked = found.checked
    if json:
        report = {
            "folder": str(folder),
            "segments": len(checked.segments),
            "entries": checked.sequence,
            "positions": checked.positions,
            "snapshots": [Path(each.name).name for each in checked.snapshots],
            "proved": found.proved,
            "replayed": found.replayed_count,
            "problems": found.problems,
        }
        _say(msgspec.json.encode(report).decode())
    else:
        _say(
            f"{folder}: {_count(len(checked.segments), 'segment')},"
            f" {_count(checked.sequence, 'entry')}; commands: {_commands(checked.positions)}"
        )
        for snapshot in checked.snapshots:
            name = Path(snapshot.name).name
            proof = "as replayed" if name in found.proved else "not proved"
            _say(f"{name}: behind entry {snapshot.place.sequence}, {proof}")
        _conclude(found.replayed_count, found.problems)
    if found.problems:
        sys.exit(FAILED)


def _verify_redis(settings: Settings, *, json: bool) -> None:
    from router.server.inspecting_redis import verify as verified

    found = verified(address_of(settings.server.redis_url))
    if json:
        _say(msgspec.json.encode(found).decode())
    else:
        _say(
            f"{found.address}: {_count(found.entries, 'entry')};"
            f" commands: {_commands(found.positions)}"
        )
        for name in found.snapshots:
            _say(f"{name}: {'as replayed' if name in found.proved else 'not proved'}")
        _conclude(found.replayed, found.problems)
    if found.problems:
        sys.exit(FAILED)


def _conclude(replayed_count: int, problems: Sequence[str]) -> None:
    _say(f"replayed: {_count(replayed_count, 'command')}")
    for problem in problems:
        _say(problem)
    _say("fine" if not problems else _count(len(problems), "problem"))


@journal.command(
    help_epilogue="Example:  fairline journal backup /backups/monday --config fairline.toml"
)
def backup(target: Path, /, *, config: Config = HERE) -> None:
    """Copies the data folder, archive included, so that a server can start from the copy.

    The copy has every command that was answered before the backup began. To go on from it, let
    server.data name it.

    Args:
        target: A folder that is not there yet, or empty.
        config: Settings whose server.data is copied; repeat it to merge several files.
    """
    settings = _kept(config)
    if settings.server.journal == "redis":
        raise SettingsError(
            "a journal in Redis is copied as Redis is: a dump (BGSAVE), its folder while it is"
            " stopped, or a replica; copy server.data as well, for the archive is there",
            key="server.journal",
        )
    from router.server.backing_up import back_up  # loads the core

    _be_silent()
    copied = back_up(Path(settings.server.data), target)
    _say(
        f"{target}: {_count(copied.segment_count, 'segment')},"
        f" {_count(copied.snapshot_count, 'snapshot')}, {copied.byte_count:,} bytes;"
        f" commands: {_commands(copied.positions)}. A start takes it: set server.data to it."
    )


@journal.command(
    help_epilogue="Example:  fairline journal skip 1234 --tenant main --config fairline.toml"
)
async def skip(position: int, /, *, config: Config = HERE, tenant: str = "") -> None:
    """Leaves out one command for good, from the next start on; stop the server first.

    For a command that keeps the core from going on. What followed from it is undone: agents and
    customers find things as if it had never been sent.

    Args:
        position: The command's position, as `fairline journal show` prints it.
        config: Settings that say where the journal is; repeat it to merge several files.
        tenant: Whose command; not needed where there is one tenant.
    """
    settings = _kept(config)
    name = tenant_of(settings, tenant)
    _be_silent()
    if settings.server.journal == "redis":
        from router.server.inspecting_redis import skip as append_there  # loads the core

        server = settings.server
        await append_there(address_of(server.redis_url), server.partitions, name, position)
    else:
        from router.server.skipping import skip as append  # loads the core

        await append(_folder(settings), name, position)
    _say(f"{name} {position}: left out from the next start on")


def _kept(config: list[Path]) -> Settings:
    """Settings whose journal outlives its server."""
    settings = load(config, os.environ)
    if settings.server.journal == "memory":
        raise SettingsError('"memory" keeps nothing', key="server.journal")
    return settings


def _folder(settings: Settings) -> Path:
    return Path(settings.server.data) / "journal"


def _commands(positions: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in positions.items()) or "none"


def _count(count: int, noun: str) -> str:
    plural = {"entry": "entries"}.get(noun, f"{noun}s")
    return f"{count:,} {noun if count == 1 else plural}"


def _be_silent() -> None:
    """A torn end that is only looked at is no event, and standard output is for answers."""
    import structlog  # --help does without

    def drop(_logger: object, _method: str, _line: object) -> str:
        raise structlog.DropEvent

    structlog.configure(processors=[drop])


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
