"""Opens what the settings name to keep commands in, with what a start takes from it.

Owns: the choice of a journal, the order of snapshot and journal at a start, the close.
Does not know: who reads or writes, what is kept.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import structlog
import trio

from router.archive.base import Archive
from router.archive.reading import FOLDER_NAME as ARCHIVE_NAME
from router.core import CORE_VERSION
from router.errors import ArchiveLocked, StorageError
from router.journal.base import Journal
from router.journal.file import FileJournal
from router.journal.memory import MemoryJournal
from router.journal.redis_address import address_of
from router.journal.redis_key import shared_key
from router.journal.redis_layout import StreamPlace
from router.journal.redis_link import Link, Took
from router.journal.redis_owner import Claim, Seen, claim
from router.journal.redis_reading import store_id_of
from router.journal.redis_snapshots import RedisSnapshots
from router.journal.redis_stream import RedisJournal
from router.journal.segments import Place
from router.journal.snapshot_files import FileSnapshots
from router.journal.snapshot_store import P, SnapshotStore
from router.server.archiving import check_order, open_archive
from router.server.clock import Clock
from router.server.hidden import HIDDEN
from router.server.hook_store import FILE_NAME as HOOKS_FILE
from router.server.hook_store import HookStore
from router.server.metrics import Metrics
from router.server.restoring import NOTHING, Snapshots, Start
from router.server.setting_back import (
    agreed,
    ahead_of,
    check_store,
    goes_with,
    note_lives,
    note_standby,
    note_store,
    noted_lives,
    set_archive_back,
    set_hooks_back,
)
from router.server.settings import ServerSettings, Settings
from router.server.snapshotter import LIFE_VARIABLE, URL_VARIABLE
from router.server.snapshotting import Snapshotting, Terms
from router.server.visitors import visitor_key
from router.server.webhooks import check_heard, needed, pass_over

__all__ = ["Kept", "claimed", "journal_folder", "opened", "snapshotting"]

CLOSE_S = 5.0
RELEASE_S = 10.0
"""How long a node waits that owns the journal for whoever has the archive still open."""
AGAIN_S = 0.1
_EVERYTHING = 2**62
_LOG = structlog.get_logger("fairline.app")


class Kept(NamedTuple):
    """An open journal, where its snapshots lie, and the archive behind it."""

    journal: Journal
    start: Start[Any] = NOTHING
    snapshots: Snapshots[Any] | None = None
    archive: Archive | None = None
    hooks: HookStore | None = None
    key: bytes | None = None
    """Signs tokens of visitors on all nodes of this journal; None: the folder has it."""


def journal_folder(server: ServerSettings) -> Path:
    """Where a file journal and its snapshots lie."""
    return Path(server.data) / "journal"


async def claimed(
    settings: Settings,
    count: Callable[[str], None],
    told: Callable[[str], None],
    took: Took = lambda *_: None,
) -> Claim:
    """Owns the journal in Redis that the settings name; waits while another node does.

    Args:
        settings: Of the node.
        count: Hears the names of the journal's figures.
        told: Hears which node serves meanwhile; nothing while one that is silent is watched.
        took: Hears what each exchange with Redis took.

    A node that waits notes in its folder by which store it does. One whose folder goes with another
    store neither waits nor claims this one: who comes next finds it as it was.

    Raises:
        SettingsError: It cannot be this node's with these settings.
        StorageError: Redis does not answer, or refuses, or is not the store that the folder goes
            with.
    """
    server = settings.server
    address, folder = address_of(server.redis_url), Path(server.data)

    def check(store: str) -> None:
        check_store(folder, store, settings.tenants, address.shown)

    def stand_by(seen: Seen) -> None:
        if seen.store:
            check(seen.store)
            note_standby(folder, seen.store, address.shown)
        told(seen.node if seen.is_serving else "")

    return await claim(
        address,
        partitions=server.partitions,
        core_version=CORE_VERSION,
        node=server.node,
        is_replicated=server.durability == "replicated",
        told=stand_by,
        accept=check,
        count=count,
        took=took,
    )


@asynccontextmanager
async def opened(
    settings: Settings, clock: Clock, owned: Claim | None = None
) -> AsyncIterator[Kept]:
    """The journal that the settings name, and the archive behind it, closed whatever happens.

    The start begins at a snapshot that is not newer than the archive.

    Args:
        settings: Of the node.
        clock: Stamps what is appended.
        owned: For a journal in Redis: that this life owns it. Closed here; archive and webhooks
            are opened behind it, for a node that stands by may share their folder.

    Raises:
        StorageError: It cannot be opened.
    """
    async with AsyncExitStack() as stack:
        if owned is not None:
            stack.push_async_callback(owned.aclose)
        yield await stack.enter_async_context(_opened(settings, clock, owned))


@asynccontextmanager
async def _opened(settings: Settings, clock: Clock, owned: Claim | None) -> AsyncIterator[Kept]:
    ends = None if owned is None else await _own_ends(settings.server, owned)
    async with (
        _open_archive(settings, ends) as archive,
        _open_hooks(settings, ends) as hooks,
    ):
        if settings.server.journal == "memory":
            kept = Kept(MemoryJournal(clock.wall_ms), hooks=hooks)
        elif settings.server.journal == "file":
            assert archive is not None, "an archive goes with a journal in a folder"
            kept = await _open_file(settings, clock, archive, hooks)
        else:
            assert archive is not None, "an archive goes with a journal that lasts"
            assert owned is not None, "a journal in Redis is claimed first"
            kept = await _open_redis(settings, clock, archive, hooks, owned)
        try:
            yield kept
        finally:
            with trio.CancelScope(shield=True), trio.move_on_after(CLOSE_S):
                await kept.journal.aclose()


async def _own_ends(server: ServerSettings, owned: Claim) -> Mapping[str, int] | None:
    """Up to where the folder's files may be of this journal; None where they are of another one."""
    folder = Path(server.data)
    store = await trio.to_thread.run_sync(store_id_of, owned.address)
    if not goes_with(folder, store):
        return None
    noted, kept = noted_lives(folder), owned.kept
    ends = agreed(noted, kept.lives, kept.positions)
    if ends is None and noted:
        _LOG.warning("archive.not_compared", path=str(folder))
    return kept.positions if ends is None else ends


@asynccontextmanager
async def _open_archive(
    settings: Settings, ends: Mapping[str, int] | None
) -> AsyncIterator[Archive | None]:
    """The archive; beside a Redis that lost its end, without what is lost.

    Waits for a node that gave the journal in Redis up just now: its files are let go last.
    """
    patient_s = RELEASE_S if settings.server.journal == "redis" else 0.0
    end_s = trio.current_time() + patient_s
    async with AsyncExitStack() as stack:
        archive = await _entered(stack, settings, end_s)
        if archive is not None and ends is not None:
            ahead = ahead_of(archive, settings.tenants, ends)
            if ahead:
                await stack.aclose()
                folder = Path(settings.server.data) / ARCHIVE_NAME
                await trio.to_thread.run_sync(set_archive_back, folder, ahead, ends)
                archive = await _entered(stack, settings, end_s)
        yield archive


async def _entered(stack: AsyncExitStack, settings: Settings, end_s: float) -> Archive | None:
    while True:
        try:
            return await stack.enter_async_context(open_archive(settings))
        except ArchiveLocked:
            if trio.current_time() >= end_s:
                raise
        await trio.sleep(AGAIN_S)


@asynccontextmanager
async def _open_hooks(
    settings: Settings, ends: Mapping[str, int] | None
) -> AsyncIterator[HookStore]:
    is_for_later = not any(tenant.webhooks for tenant in settings.tenants.values())
    is_kept = settings.server.journal != "memory"
    file = Path(settings.server.data) / HOOKS_FILE if is_kept else None
    if file is not None and ends is not None:
        await trio.to_thread.run_sync(set_hooks_back, file, ends)
    store = await trio.to_thread.run_sync(partial(HookStore, file, later=is_for_later))
    try:
        yield store
    finally:
        store.close()


async def _open_file(settings: Settings, clock: Clock, archive: Archive, hooks: HookStore) -> Kept:
    folder = journal_folder(settings.server)
    store = FileSnapshots(folder)

    async def open_at(place: Place | None) -> FileJournal:
        return await FileJournal.open(
            folder, wall_ms=clock.wall_ms, core_version=CORE_VERSION, place=place
        )

    return await _open_behind(store, open_at, settings, clock, archive, hooks)


async def _open_redis(
    settings: Settings,
    clock: Clock,
    archive: Archive,
    hooks: HookStore,
    owned: Claim,
) -> Kept:
    store = RedisSnapshots(Link(owned.address, kind="snapshot", took=owned.took))

    async def open_at(place: StreamPlace | None) -> RedisJournal:
        return RedisJournal(owned, wall_ms=clock.wall_ms, place=place)

    folder = Path(settings.server.data)
    store_id = await trio.to_thread.run_sync(store_id_of, owned.address)
    check_store(folder, store_id, settings.tenants, store.where, archive.position)
    kept = await _open_behind(store, open_at, settings, clock, archive, hooks)
    key = await trio.to_thread.run_sync(_settle, folder, owned)
    return kept._replace(key=key)


def _settle(folder: Path, owned: Claim) -> bytes:
    """Has the folder go with this Redis from now on; the key for tokens of visitors.

    Raises:
        StorageError: the folder cannot be written, or Redis does not say.
    """
    store = store_id_of(owned.address)
    try:
        note_lives(folder, owned.kept.lives)
        note_store(folder, store)
        key = visitor_key(folder)
    except OSError as error:
        raise StorageError(f"{folder} cannot be written: {error}.") from error
    return shared_key(owned.address, key)


async def _open_behind(
    store: SnapshotStore[P],
    open_at: Callable[[P | None], Awaitable[FileJournal | RedisJournal]],
    settings: Settings,
    clock: Clock,
    archive: Archive,
    hooks: HookStore,
) -> Kept:
    """The journal behind the snapshot from which the start begins."""
    snapshots = Snapshots(store)
    began_ms = clock.steady_ms()
    called = {name: tenant.webhooks for name, tenant in settings.tenants.items()}
    hooks.listening = {name: [one.id for one in some] for name, some in called.items()}
    try:
        told = needed(hooks, hooks.listening)
        start = await trio.to_thread.run_sync(
            _start, snapshots, tuple(settings.tenants), archive, told
        )
        pass_over(hooks, called, start.positions)
    except OSError as error:
        raise StorageError(f"{store.where}: the snapshots cannot be read: {error}.") from error
    journal = await open_at(start.place)
    try:
        check_order(archive, journal, settings.tenants)
        check_heard(hooks, called, journal.end)
    except StorageError:
        await journal.aclose()
        raise
    journal.holds.add("archive", partial(_archived, archive, journal, tuple(settings.tenants)))
    done = _nothing_needed(journal, settings.tenants)
    journal.holds.add("webhooks", lambda: done | needed(hooks, hooks.listening))
    left = sum(journal.end.values()) - sum(start.positions.values())
    took_ms = clock.steady_ms() - began_ms
    _LOG.info("journal.opened", path=store.where, took_ms=took_ms, replay_count=left)
    return Kept(journal, start, snapshots, archive, hooks)


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
    done = _nothing_needed(journal, tenants)
    return done | {tenant: archive.position(tenant) for tenant in tenants}


def _nothing_needed(journal: Journal, tenants: Iterable[str]) -> dict[str, int]:
    """For everybody who has commands, or will in this life."""
    return dict.fromkeys((*journal.end, *tenants, HIDDEN), _EVERYTHING)


def snapshotting(
    server: ServerSettings, kept: Kept | None, metrics: Metrics
) -> Snapshotting[Any] | None:
    """The keeper of a journal's snapshots; None for one that keeps nothing."""
    if kept is None:
        return None
    terms = Terms(
        commands=server.snapshot_commands,
        span_ms=server.snapshot_ms,
        is_trimming=server.journal_keep == "needed",
        archive=Path(server.journal_archive) if server.journal_archive else None,
    )
    alarm = partial(metrics.violated, "digest")
    match kept.journal:
        case FileJournal() as journal:
            folder = journal.folder
            return Snapshotting(
                str(folder),
                FileSnapshots(folder),
                journal,
                terms,
                alarm=alarm,
                count=metrics.count,
            )
        case RedisJournal() as journal:
            address = address_of(server.redis_url)
            return Snapshotting(
                address.shown,
                RedisSnapshots(Link(address, kind="snapshot", took=journal.took), journal.life),
                journal,
                terms,
                alarm=alarm,
                count=metrics.count,
                secrets={URL_VARIABLE: server.redis_url, LIFE_VARIABLE: journal.life},
            )
        case _:
            return None
