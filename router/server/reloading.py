"""Newer settings for a running node: when to read them, and what a restart is needed for.

Owns: what the signals mean, which settings only a start reads, the log's words about both.
Does not know: files, or how a policy is put in force.

Reading, checking and comparing take a second with ten thousand agents, so they have a thread.

Invariants (tests/server/test_reloading.py): settings with a mistake change nothing, and every
mistake of them is in the log; no value of a key that only a start reads is, for it may be a secret;
settings count as right once every policy of them took effect; a stop waits for nothing of this.
"""

import signal
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import NamedTuple, Protocol

import msgspec
import structlog
import trio

from router.changes import changes
from router.errors import Refused, SettingsError
from router.policy import Policy
from router.server.settings import Settings, SettingsErrors

__all__ = ["Changing", "unchangeable", "wait_to_stop"]

_LOG = structlog.get_logger("fairline.app")


class Changing(Protocol):
    """A node that can go on with newer settings."""

    settings: Settings
    """What it was started with."""

    def policies(self) -> Mapping[str, Policy]:
        """The policy in force, by tenant."""

    async def put_in_force(self, tenant: str, policy: Policy) -> None:
        """Has a tenant's policy take effect.

        Raises:
            Refused: it did not, or nobody knows.
        """

    def reloaded(self, *, is_right: bool) -> None:
        """Newer settings were read, and are in force or not."""


class _Newer(NamedTuple):
    """What newer settings ask for: other policies, and by key what waits for a restart."""

    policies: dict[str, Policy]
    waiting: list[str]


async def wait_to_stop(
    signals: AsyncIterator[int], node: Changing, reload: Callable[[], Settings] | None
) -> None:
    """Waits for a signal to stop; at each SIGHUP before, ``reload()`` is put in force.

    One after the other; those that come meanwhile are one.
    """
    asked, asks = trio.open_memory_channel[None](1)
    async with trio.open_nursery() as nursery:
        if reload is not None:
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
    asks: trio.MemoryReceiveChannel[None], node: Changing, reload: Callable[[], Settings]
) -> None:
    async for _ in asks:
        node.reloaded(is_right=await _reload(node, reload))


async def _reload(node: Changing, reload: Callable[[], Settings]) -> bool:
    """Whether the settings are right, and what of them can be is in force."""
    in_force = node.policies()

    def read() -> _Newer:
        newer = reload()
        policies = {
            name: tenant.policy
            for name, tenant in newer.tenants.items()
            if name in in_force and in_force[name] != tenant.policy
        }
        return _Newer(policies, list(unchangeable(node.settings, newer)))

    try:
        newer = await trio.to_thread.run_sync(read, abandon_on_cancel=True)
    except SettingsError as error:
        found = error.errors if isinstance(error, SettingsErrors) else (error,)
        for one in found:
            _LOG.error(
                "settings.refused", file=one.file, line=one.line, key=one.key, error=str(one)
            )
        return False
    is_right = True
    for name, policy in newer.policies.items():
        try:
            await node.put_in_force(name, policy)
        except Refused as refused:
            is_right = False
            _LOG.error("settings.not_in_force", tenant=name, error=refused.message)
    if newer.waiting:
        setting = ", ".join(newer.waiting)
        _LOG.warning("settings.need_restart", setting=setting, count=len(newer.waiting))
    if is_right:
        _LOG.info("settings.reloaded")
    return is_right


def unchangeable(old: Settings, new: Settings) -> Iterator[str]:
    """The keys that differ and that only a start reads."""
    for change in changes(old.server, new.server):
        yield f"server.{change.path}"
    for name in sorted(old.tenants.keys() | new.tenants.keys()):
        before, after = old.tenants.get(name), new.tenants.get(name)
        if before is None or after is None:
            yield f"tenants.{name}"
            continue
        for change in changes(before, msgspec.structs.replace(after, policy=before.policy)):
            yield f"tenants.{name}.{change.path}"
