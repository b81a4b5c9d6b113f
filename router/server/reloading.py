"""Newer settings for a running node: when to read them, and what a restart is needed for.

Owns: what the signals mean, and which settings only a start reads.
Does not know: files, or how a policy is put in force.
"""

import signal
from collections.abc import AsyncIterator, Callable, Iterator

import msgspec
import structlog

from router.errors import SettingsError
from router.server.settings import Settings

__all__ = ["unchangeable", "wait_to_stop"]

_LOG = structlog.get_logger("fairline.app")


async def wait_to_stop(
    signals: AsyncIterator[int],
    apply: Callable[[Settings], list[str]],
    reload: Callable[[], Settings] | None,
) -> None:
    """Waits for a signal to stop; at each SIGHUP before, ``reload()`` is put in force."""
    async for number in signals:
        if number != signal.SIGHUP:
            return
        if reload is None:
            continue
        try:
            newer = reload()
        except SettingsError as error:
            _LOG.error("settings.refused", error=str(error))
        else:
            for setting in apply(newer):
                _LOG.warning("settings.need_restart", setting=setting)
            _LOG.info("settings.reloaded")


def unchangeable(old: Settings, new: Settings) -> Iterator[str]:
    """The settings that differ and that only a start reads."""
    if new.server != old.server:
        yield "server"
    for name in sorted(old.tenants.keys() | new.tenants.keys()):
        before, after = old.tenants.get(name), new.tenants.get(name)
        same_policy = after and before and msgspec.structs.replace(after, policy=before.policy)
        if same_policy != before or before is None:
            yield f"tenants.{name}"
