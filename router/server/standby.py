"""A node that waits until another one, which serves from the same Redis, has ended.

Owns: what its doors say meanwhile, which signals are heard, with which settings it goes on.
Does not know: how it is found out that the other one has ended.

Invariants (tests/server/test_standby.py): a node that waits is alive and not ready, says whom it
waits for, lets nobody in and opens nothing that the other one has open; a signal to stop ends the
wait; it goes on with the settings that its files have then, and where those are wrong, with those
that it began with.
"""

import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Generic, NamedTuple, TypeVar

import msgspec
import trio
from starlette.types import ASGIApp

from router.core import Router
from router.errors import SettingsError
from router.server.announcing import Announcing
from router.server.asgi import HttpLimits, serve_http
from router.server.certificates import Certificate, certificate_of
from router.server.doorways import open_door
from router.server.metrics import Metrics
from router.server.node_figures import NodeFigures, Strains
from router.server.ops_pages import NOT_YET, RETRY_AFTER_S, ops_app, starting_app
from router.server.readiness import Check
from router.server.redis_watch import RedisWatch
from router.server.reloading import tell_refused
from router.server.settings import Settings
from router.server.visit import Visit

__all__ = ["Claim", "Standby", "Told", "Turn", "wait_for_turn"]

T = TypeVar("T")

Told = Callable[[str], None]
"""Hears whom a claim waits for: the name of a node that serves; empty while one is only missed."""
Claim = Callable[[Told], Awaitable[T]]
"""Returns once this node may write; has ``Told`` hear, again and again, why it may not yet."""


class Turn(NamedTuple, Generic[T]):
    """A node whose turn it is."""

    claimed: T
    settings: Settings


class Standby:
    """A node that waits; the ``Watched`` of its pages, and their ``Ready``."""

    def __init__(
        self, settings: Settings, watch: RedisWatch, certificate: Certificate | None
    ) -> None:
        self.serving = ""
        """The node that serves; empty while the end of one is being made sure of."""
        self.metrics = Metrics()
        self.figures = NodeFigures(
            settings.server,
            self._strains,
            lambda: None if certificate is None else certificate.expires_s,
        )
        self.metrics.watch(self.figures)
        self.metrics.add(watch)
        self.readiness = self
        self.served: Mapping[str, Router] = {}
        self._public = starting_app(self, has_ops=not settings.server.ops_bind)
        self._ops = ops_app(self)

    def checks(self) -> Mapping[str, Check]:
        """See ``ops_pages.Ready``."""
        why = f"{self.serving} serves" if self.serving else "making sure that nobody serves"
        return {"standby": Check(ok=False, detail=why)}

    async def render_metrics(self, *, is_open: bool = False) -> bytes:
        """See ``ops_pages.Watched``; a node without cores has no figures of tenants."""
        return await self.metrics.page({}, (), 0, is_open=is_open)

    def _strains(self) -> Strains:
        is_standby = bool(self.serving)
        return Strains(
            is_ready=False,
            is_draining=False,
            oldest_s=0.0,
            overdue_s=0.0,
            replay=(0, 0),
            is_standby=is_standby,
        )

    async def receive(self, visit: Visit) -> None:
        """Serves one visitor of the public address: nobody is let in."""
        if visit.head.is_upgrade:
            await visit.refuse(503, NOT_YET, ("retry-after", RETRY_AFTER_S))
        else:
            await _answer(visit, self._public)

    async def serve_ops(self, visit: Visit) -> None:
        """Serves one visitor of the second address."""
        await _answer(visit, self._ops)


async def _answer(visit: Visit, app: ASGIApp) -> None:
    await serve_http(visit, app, HttpLimits())  # type: ignore[arg-type]


async def wait_for_turn(
    settings: Settings,
    watch: RedisWatch,
    claim: Claim[T],
    reload: Callable[[], Settings] | None = None,
) -> Turn[T] | None:
    """Claims the journal, and meanwhile answers whoever asks; None where a signal came first.

    Raises:
        SettingsError, StorageError: it cannot be claimed, or an address cannot be opened.
    """
    found: list[T] = []
    certificate = certificate_of(settings.server)
    standby = Standby(settings, watch, certificate)
    waits = trio.Event()
    manager = Announcing(os.environ)

    def told(node: str) -> None:
        if node and node != standby.serving:
            manager.say("READY=1", f"STATUS=stands by: {node} serves")
        standby.serving = node
        waits.set()

    with _no_hangup(), trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_heed, signals, nursery.cancel_scope)
            nursery.start_soon(watch.run)
            nursery.start_soon(standby.figures.measure_lag)
            nursery.start_soon(manager.feed_the_watchdog)
            nursery.start_soon(_open_doors, standby, settings, certificate, waits)
            found.append(await claim(told))
            nursery.cancel_scope.cancel()
    if not found:
        return None
    if waits.is_set() and reload is not None:
        settings = await _newer(settings, reload)
    return Turn(found[0], settings)


@contextmanager
def _no_hangup() -> Iterator[None]:
    """SIGHUP does nothing: the settings are read when the wait is over anyway."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


async def _heed(signals: AsyncIterator[int], wait: trio.CancelScope) -> None:
    async for _ in signals:
        wait.cancel()
        return


async def _open_doors(
    standby: Standby, settings: Settings, certificate: Certificate | None, waits: trio.Event
) -> None:
    """Opens the addresses as soon as there is something to wait for."""
    await waits.wait()
    server = settings.server
    async with trio.open_nursery() as doors:
        shared = doors, standby.metrics.count, certificate
        await open_door(server, "bind", standby.receive, *shared)
        if server.ops_bind:
            await open_door(server, "ops_bind", standby.serve_ops, *shared)


async def _newer(settings: Settings, reload: Callable[[], Settings]) -> Settings:
    """What the files say now of those who are served; of the server itself, what it began with."""
    try:
        newer = await trio.to_thread.run_sync(reload)
    except SettingsError as error:
        tell_refused(error)
        return settings
    return msgspec.structs.replace(settings, tenants=newer.tenants)
