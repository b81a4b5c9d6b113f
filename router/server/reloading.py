"""Newer settings for a running node: when to read them, and what a restart is needed for.

Owns: what the signals mean, which settings only a start reads, the log's words about both.
Does not know: files, or how a policy is put in force.

Invariants (tests/server/test_reloading.py): settings with a mistake change nothing, and every
mistake of them is in the log; no value of a key that only a start reads is, for it may be a secret.
"""

import signal
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Protocol

import msgspec
import structlog

from router.changes import changes
from router.errors import SettingsError
from router.server.settings import Settings, SettingsErrors

__all__ = ["Changing", "unchangeable", "wait_to_stop"]

_LOG = structlog.get_logger("fairline.app")


class Changing(Protocol):
    """A node that can go on with newer settings."""

    def reload(self, settings: Settings) -> list[str]:
        """Puts in force what can be, and returns what needs a restart."""

    def reloaded(self, *, is_right: bool) -> None:
        """Newer settings were read."""


async def wait_to_stop(
    signals: AsyncIterator[int], node: Changing, reload: Callable[[], Settings] | None
) -> None:
    """Waits for a signal to stop; at each SIGHUP before, ``reload()`` is put in force."""
    async for number in signals:
        if number != signal.SIGHUP:
            return
        if reload is not None:
            _reload(node, reload)


def _reload(node: Changing, reload: Callable[[], Settings]) -> None:
    try:
        newer = reload()
    except SettingsError as error:
        found = error.errors if isinstance(error, SettingsErrors) else (error,)
        for one in found:
            _LOG.error(
                "settings.refused", file=one.file, line=one.line, key=one.key, error=str(one)
            )
        node.reloaded(is_right=False)
        return
    waiting = node.reload(newer)
    if waiting:
        _LOG.warning("settings.need_restart", setting=", ".join(waiting), count=len(waiting))
    _LOG.info("settings.reloaded")
    node.reloaded(is_right=True)


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
