"""Newer settings for a running node: when to read them, and what a restart is needed for.

Owns: what the signals mean, which settings only a start reads, the log's words about both.
Does not know: files, or how policies are put in force (``filed``).

Reading, checking and comparing take a second with ten thousand agents, so they have a thread.

Invariants (tests/server/test_reloading.py): settings with a mistake change nothing, and every
mistake of them is in the log; no value of a key that only a start reads is, for it may be a secret;
the node knows the names of such keys until newer settings no longer differ;
settings count as right once every policy of them took effect, and else none of them did; a policy
that was set by hand stays where its file says what it said; a tenant that newer files leave out
goes on whole until a start, its webhooks too; a stop waits for nothing of this.
"""

import signal
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec
import structlog
import trio

from router.changes import changes
from router.errors import SettingsError, StorageError
from router.policy import Policy
from router.server.filed import Ruled, put_in_force, standings, warn_of_differences
from router.server.sections import Webhook
from router.server.settings import Settings, SettingsErrors

__all__ = ["Changing", "tell_refused", "unchangeable", "wait_to_stop"]

_LOG = structlog.get_logger("fairline.app")


class Changing(Ruled, Protocol):
    """A node that can go on with newer settings."""

    settings: Settings
    """What it was started with."""

    async def renew_certificate(self) -> bool:
        """Serves the certificate that the files have now; False where they have none."""

    async def change_hooks(self, hooks: Mapping[str, Sequence[Webhook]]) -> None:
        """Goes on with these; a tenant not named keeps its own.

        Raises:
            StorageError: What they need cannot be opened; nothing changed.
        """

    def leave_to_start(self, keys: Sequence[str]) -> None:
        """The keys of newer settings that differ and that only a start reads; all others count."""

    def reloaded(self, *, is_right: bool) -> None:
        """Newer settings were read, and are in force or not; so was the certificate."""


class _Newer(NamedTuple):
    """What newer settings ask for: policies that are news, and by key what waits for a restart."""

    told: dict[str, Policy]
    news: dict[str, Policy]
    hooks: Mapping[str, Sequence[Webhook]]
    waiting: list[str]


async def wait_to_stop(
    signals: AsyncIterator[int], node: Changing, reload: Callable[[], Settings] | None
) -> None:
    """Waits for a signal to stop; at each SIGHUP before, ``reload()`` is put in force.

    The certificate is read anew first, whatever becomes of the settings. One after the other; those
    that come meanwhile are one.
    """
    asked, asks = trio.open_memory_channel[None](1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_reload_when_asked, asks, node, reload)
        async for number in signals:
            if number != signal.SIGHUP:
                break
            try:
                asked.send_nowait(None)
            except trio.WouldBlock:
                continue
        nursery.cancel_scope.cancel()


async def _reload_when_asked(
    asks: trio.MemoryReceiveChannel[None],
    node: Changing,
    reload: Callable[[], Settings] | None,
) -> None:
    async for _ in asks:
        is_right = await node.renew_certificate()
        if reload is not None:
            is_right = await _reload(node, reload) and is_right
        node.reloaded(is_right=is_right)


async def _reload(node: Changing, reload: Callable[[], Settings]) -> bool:
    """Whether the settings are right, and what of them can be is in force."""
    standing = standings(node)

    def read() -> _Newer:
        newer = reload()
        served = node.settings.tenants
        told = {name: one.policy for name, one in newer.tenants.items() if name in served}
        news = {name: policy for name, policy in told.items() if standing[name].filed != policy}
        hooks = {name: one.webhooks for name, one in newer.tenants.items() if name in served}
        return _Newer(told, news, hooks, list(unchangeable(node.settings, newer)))

    try:
        newer = await trio.to_thread.run_sync(read, abandon_on_cancel=True)
    except SettingsError as error:
        tell_refused(error)
        return False
    except Exception as error:
        # Reading changes nothing, and no fault of ours in it may end a node that serves.
        _LOG.exception("settings.unreadable", error=repr(error))
        return False
    wrong = await put_in_force(node, newer.news)
    for name, why in wrong.items():
        _LOG.error("settings.not_in_force", tenant=name, error=why)
    is_right = not wrong and await _have_hooks(node, newer.hooks)
    node.leave_to_start(newer.waiting)
    if newer.waiting:
        setting = ", ".join(newer.waiting)
        _LOG.warning("settings.need_restart", setting=setting, count=len(newer.waiting))
    if not is_right:
        return False
    warn_of_differences(node, newer.told)
    _LOG.info("settings.reloaded")
    return True


def tell_refused(error: SettingsError) -> None:
    """Says in the log what is wrong with newer settings, each mistake on a line."""
    for one in error.errors if isinstance(error, SettingsErrors) else (error,):
        _LOG.error("settings.refused", file=one.file, line=one.line, key=one.key, error=str(one))


async def _have_hooks(node: Changing, hooks: Mapping[str, Sequence[Webhook]]) -> bool:
    try:
        await node.change_hooks(hooks)
    except StorageError as error:
        _LOG.error("settings.not_in_force", key="tenants.*.webhooks", error=str(error))
        return False
    return True


def unchangeable(old: Settings, new: Settings) -> Iterator[str]:
    """The keys that differ and that only a start reads."""
    for change in changes(old.server, new.server):
        yield f"server.{change.path}"
    for name in sorted(old.tenants.keys() | new.tenants.keys()):
        before, after = old.tenants.get(name), new.tenants.get(name)
        if before is None or after is None:
            yield f"tenants.{name}"
            continue
        changed = msgspec.structs.replace(after, policy=before.policy, webhooks=before.webhooks)
        for change in changes(before, changed):
            yield f"tenants.{name}.{change.path}"
