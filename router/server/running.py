"""How a node starts and stops.

Owns: the order of a start (journal, doors, replay, everybody in) and of an end (doors, what is
under way, journal), the signals.
Does not know: what any part does. Prints nothing; the log has a line for each step.

Invariants (tests/server/test_running.py): while the journal is replayed the doors answer and let
nobody in; a signal to stop is heard then, too, and one to reload waits until it is over.

The doors stand in a nursery inside that of the machine, so whatever ends the server, connections
are gone before the engine is. They open before the replay: whoever asks hears how far it is, and an
address that is taken is known before minutes of work.
"""

import os
import secrets
import signal
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import NamedTuple

import structlog
import trio

from router.journal.redis_address import address_of
from router.server import http, logs
from router.server.announcing import Announcing
from router.server.app import Node
from router.server.clock import Clock
from router.server.collecting import short_collections
from router.server.doorways import open_door
from router.server.filed import warn_of_differences
from router.server.redis_watch import RedisWatch
from router.server.reloading import wait_to_stop
from router.server.settings import Settings, warnings
from router.server.standby import wait_for_turn
from router.server.storing import claimed, opened

__all__ = ["Addresses", "new_life", "run", "serve"]

END_S = 5.0
_LOG = structlog.get_logger("fairline.app")


class Addresses(NamedTuple):
    """Where a started server listens."""

    public: tuple[str, int]
    ops: tuple[str, int] | None


async def serve(
    settings: Settings,
    *,
    reload: Callable[[], Settings] | None = None,
    desk: http.DemoDesk | None = None,
    task_status: trio.TaskStatus[Addresses] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Runs a node until SIGTERM or SIGINT, which drain it; SIGHUP puts ``reload()`` in force.

    A second SIGTERM or SIGINT ends the drain at once.

    Raises:
        SettingsError: The settings cannot be served.
        StorageError: The journal cannot be opened, or broke for good.
    """
    clock = Clock()
    logs.configure(settings.server.log, clock, node=settings.server.node)
    for sentence in warnings(settings):
        _LOG.warning("settings.doubtful", error=sentence)
    owned = watch = None
    if settings.server.journal == "redis":
        watch = RedisWatch(address_of(settings.server.redis_url), settings.server)
        claim = partial(claimed, settings, watch.count, took=watch.took)
        turn = await wait_for_turn(settings, watch, claim, reload)
        if turn is None:
            _LOG.info("server.stopped")
            return
        owned, settings = turn
        watch.owns = lambda: turn.claimed.is_owner
    async with opened(settings, clock, owned) as kept:
        node = Node(
            settings,
            kept.journal,
            clock,
            life=new_life(),
            desk=desk,
            archive=kept.archive,
            kept=kept,
            watch=watch,
        )
        del kept  # the cores that a snapshot began are the node's now
        async with short_collections():
            await run(node, reload=reload, task_status=task_status)
    logs.tell_silences(is_end=True)
    _LOG.info("server.stopped")


async def run(
    node: Node,
    *,
    reload: Callable[[], Settings] | None = None,
    task_status: trio.TaskStatus[Addresses] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Runs a node on a journal that is open, as ``serve`` does."""
    manager = Announcing(os.environ)
    async with trio.open_nursery() as machine:
        if node.archiving is not None:
            machine.start_soon(node.archiving.run)
        machine.start_soon(node.webhooks.run)
        machine.start_soon(node.node_figures.measure_lag)
        if node.redis_watch is not None:
            machine.start_soon(node.redis_watch.run)
            machine.start_soon(manager.feed_the_watchdog)  # who stood by counts as started already
        machine.start_soon(logs.keep_telling)
        with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
            async with trio.open_nursery() as doors:
                addresses = await _open_doors(node, doors)
                await _start(node, machine, signals, manager)
                _LOG.info("server.listening", address=addresses[0][0], port=addresses[0][1])
                manager.say("READY=1", "STATUS=serving")
                if node.redis_watch is None:
                    machine.start_soon(manager.feed_the_watchdog)
                task_status.started(addresses)
                await wait_to_stop(signals, node, reload)
                _LOG.info("server.draining")
                manager.say("STOPPING=1", "STATUS=draining")
                doors.start_soon(_stop_at_once, signals, doors.cancel_scope)
                await node.gateway.drain()
                doors.cancel_scope.cancel()
        await _end(node)
        machine.cancel_scope.cancel()


async def _open_doors(node: Node, doors: trio.Nursery) -> Addresses:
    """Answers from now on; people are let in once the node has started."""
    server = node.settings.server
    shared = doors, node.metrics.count, node.certificate
    doors.start_soon(node.gateway.run)
    public = await open_door(server, "bind", node.receive, *shared)
    if not server.ops_bind:
        return Addresses(public, None)
    return Addresses(public, await open_door(server, "ops_bind", node.serve_ops, *shared))


async def _start(
    node: Node, machine: trio.Nursery, signals: AsyncIterator[int], manager: Announcing
) -> None:
    """Replays the journal and sets everything going; a signal to stop ends the machine."""
    later: list[int] = []
    async with trio.open_nursery() as meanwhile:
        meanwhile.start_soon(_heed_early, signals, machine.cancel_scope, later)
        meanwhile.start_soon(node.starting.report)
        meanwhile.start_soon(manager.say_how_far, node.starting.reason)
        await machine.start(node.engine.run)
        meanwhile.cancel_scope.cancel()
    told = {name: tenant.policy for name, tenant in node.settings.tenants.items()}
    warn_of_differences(node, told)
    machine.start_soon(node.openings.run)
    if node.snapshotting is not None:
        machine.start_soon(node.snapshotting.run)
    machine.start_soon(node.hub.run)
    machine.start_soon(node.hub.keep_on, node.measure_evenness)
    node.starting.end()
    for number in later[:1]:
        signal.raise_signal(number)


async def _heed_early(
    signals: AsyncIterator[int], machine: trio.CancelScope, later: list[int]
) -> None:
    """Ends a start at a signal to stop: nobody is in, and the journal has everything."""
    async for number in signals:
        if number != signal.SIGHUP:
            machine.cancel()
            return
        later.append(number)


async def _end(node: Node) -> None:
    with trio.move_on_after(END_S):
        await node.engine.end()
    if node.archiving is not None:
        await node.archiving.end()
    await node.webhooks.end()
    if node.traces is not None:
        await trio.to_thread.run_sync(node.traces.close)


async def _stop_at_once(signals: AsyncIterator[int], doors: trio.CancelScope) -> None:
    """Cuts the drain short at a second signal; what is in the journal's queue still goes in."""
    async for number in signals:
        if number != signal.SIGHUP:
            _LOG.warning("server.hurried")
            doors.cancel()
            return


def new_life() -> str:
    """A fresh id for this start of a node."""
    return secrets.token_hex(8)
