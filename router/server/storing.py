"""Opens what the settings name to keep commands in, with what a start takes from it.

Owns: the choice of a journal, the order of snapshot and journal at a start, the close.
Does not know: who reads or writes, what is kept.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import structlog
import trio

from router.archive.base import Archive
from router.core import CORE_VERSION
from router.errors import SettingsError, StorageError
from router.journal.base import Journal
from router.journal.file import FileJournal
from router.journal.memory import MemoryJournal
from router.journal.snapshot_files import FileSnapshots
from router.journal.snapshot_store import P
from router.server.archiving import check_order, open_archive
from router.server.clock import Clock
from router.server.hidden import HIDDEN
from router.server.hook_store import FILE_NAME as HOOKS_FILE
from router.server.hook_store import HookStore
from router.server.metrics import Metrics
from router.server.restoring import NOTHING, Snapshots, Start
from router.server.sections import Webhook
from router.server.settings import ServerSettings, Settings
from router.server.snapshotting import Snapshotting, Terms
from router.server.webhooks import check_heard, needed, pass_over

__all__ = ["Kept", "journal_folder", "opened", "snapshotting"]

CLOSE_S = 5.0
_EVERYTHING = 2**62
_LOG = structlog.get_logger("fairline.app")


class Kept(NamedTuple):
    """An open journal, where its snapshots lie, and the archive behind it."""

    journal: Journal
    start: Start[Any] = NOTHING
    snapshots: Snapshots[Any] | None = None
    archive: Archive | None = None
    hooks: HookStore | None = None


def journal_folder(server: ServerSettings) -> Path:
    """Where a file journal and its snapshots lie."""
    return Path(server.data) / "journal"


@asynccontextmanager
async def opened(settings: Settings, clock: Clock) -> AsyncIterator[Kept]:
    """The journal that the settings name, and the archive behind it, closed whatever happens.

    The start begins at a snapshot that is not newer than the archive.

    Raises:
        SettingsError: This version has no such journal.
        StorageError: It cannot be opened.
    """
    async with open_archive(settings) as archive, _open_hooks(settings) as hooks:
        match settings.server.journal:
            case "memory":
                kept = Kept(MemoryJournal(clock.wall_ms), hooks=hooks)
            case "file":
                assert archive is not None, "an archive goes with a journal in a folder"
                kept = await _open_file(settings, clock, archive, hooks)
            case _:
                raise SettingsError(
                    'this version keeps its journal in a folder: write journal = "file"',
                    key="server.journal",
                )
        try:
            yield kept
        finally:
            with trio.CancelScope(shield=True), trio.move_on_after(CLOSE_S):
                await kept.journal.aclose()


@asynccontextmanager
async def _open_hooks(settings: Settings) -> AsyncIterator[HookStore]:
    is_for_later = not any(tenant.webhooks for tenant in settings.tenants.values())
    is_kept = settings.server.journal != "memory"
    file = Path(settings.server.data) / HOOKS_FILE if is_kept else None
    store = await trio.to_thread.run_sync(partial(HookStore, file, later=is_for_later))
    try:
        yield store
    finally:
        store.close()


async def _open_file(
    settings: Settings, clock: Clock, archive: Archive, hooks: HookStore | None
) -> Kept:
    folder = journal_folder(settings.server)
    snapshots = Snapshots(FileSnapshots(folder))
    began_ms = clock.steady_ms()
    try:
        told = _told(settings, hooks)
        start = await trio.to_thread.run_sync(
            _start, snapshots, tuple(settings.tenants), archive, told()
        )
        if hooks is not None:
            pass_over(hooks, _hooks_of(settings), start.positions)
    except OSError as error:
        raise StorageError(f"{folder}: the snapshots cannot be read: {error}.") from error
    journal = await FileJournal.open(
        folder, wall_ms=clock.wall_ms, core_version=CORE_VERSION, place=start.place
    )
    try:
        check_order(archive, journal, settings.tenants)
        if hooks is not None:
            check_heard(hooks, _hooks_of(settings), journal.end)
    except StorageError:
        await journal.aclose()
        raise
    journal.holds.add("archive", partial(_archived, archive, journal, tuple(settings.tenants)))
    if hooks is not None:
        done = dict.fromkeys(journal.end, _EVERYTHING)
        hooks.listening = {
            name: [one.id for one in some] for name, some in _hooks_of(settings).items()
        }
        journal.holds.add("webhooks", lambda: done | needed(hooks, hooks.listening))
    left = sum(journal.end.values()) - sum(start.positions.values())
    took_ms = clock.steady_ms() - began_ms
    _LOG.info("journal.opened", path=str(folder), took_ms=took_ms, replay_count=left)
    return Kept(journal, start, snapshots, archive, hooks)


def _hooks_of(settings: Settings) -> Mapping[str, Sequence[Webhook]]:
    return {name: tenant.webhooks for name, tenant in settings.tenants.items()}


def _told(settings: Settings, hooks: HookStore | None) -> Callable[[], dict[str, int]]:
    """Says up to where the hooks need nothing of the journal; they began, or need nothing yet."""
    if hooks is None:
        return dict
    ids = {name: [one.id for one in some] for name, some in _hooks_of(settings).items()}
    return partial(needed, hooks, ids)


def _start(
    snapshots: Snapshots[P],
    tenants: Sequence[str],
    archive: Archive,
    told: Mapping[str, int] = MappingProxyType({}),
) -> Start[P]:
    """The newest snapshot from which all is replayed that archive or webhooks have not got.

    Where there is none such, and the journal begins later, what lies between is lost to the
    archive: it was made anew, or lay on another disk. Better that than no start.
    """
    done = {tenant: archive.position(tenant) for tenant in tenants}
    done |= {tenant: min(place, done[tenant]) for tenant, place in told.items()}
    start = snapshots.start((*tenants, HIDDEN), done)
    for tenant in tenants:
        position = start.positions.get(tenant, 0)
        if position > archive.position(tenant):
            _LOG.error(
                "archive.gap",
                tenant=tenant,
                from_position=archive.position(tenant) + 1,
                to_position=position,
            )
            archive.write(tenant, [], position)
    return start


def _archived(archive: Archive, journal: Journal, tenants: Sequence[str]) -> Mapping[str, int]:
    """Up to where the archive needs nothing of the journal; of others it never needs anything."""
    done = dict.fromkeys(journal.end, _EVERYTHING)
    return done | {tenant: archive.position(tenant) for tenant in tenants}


def snapshotting(
    server: ServerSettings, kept: Kept | None, metrics: Metrics
) -> Snapshotting[Any] | None:
    """The keeper of a file journal's snapshots; None for other journals."""
    if kept is None or not isinstance(kept.journal, FileJournal):
        return None
    journal = kept.journal
    terms = Terms(
        commands=server.snapshot_commands,
        span_ms=server.snapshot_ms,
        is_trimming=server.journal_keep == "needed",
        archive=Path(server.journal_archive) if server.journal_archive else None,
    )
    return Snapshotting(
        str(journal.folder),
        FileSnapshots(journal.folder),
        journal,
        terms,
        alarm=partial(metrics.violated, "digest"),
        count=metrics.count,
    )
