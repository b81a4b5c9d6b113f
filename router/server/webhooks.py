"""Tells other systems what happened, at least once, behind everybody's back.

Owns: what waits to be put on the disk, and that it gets there. Does not know: which events there
are (``hook_events``), where deliveries lie (``hook_store``), how one is made (``hook_sending``).

Invariants (tests/server/test_webhooks.py): ``take`` waits for nothing, and nobody waits for a hook;
what happened before a crash is delivered after it; what waits is bounded.

    engine ── take ──▶ line in memory ── every BATCH_S ──▶ store (one transaction with the place)
    store ── due ──▶ POST, CONNECTIONS at a time ──▶ 2xx: over; else later, TRIES_MAX times

The place in the store holds the journal, as the archive's does; it is never far behind, for a hook
that is down fills the store and not the journal.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress

import msgspec
import structlog
import trio
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from router.errors import StorageError
from router.events import CustomerErased, Event
from router.journal.base import Record
from router.server.hook_events import told_of
from router.server.hook_sending import Hooked, Pace, Sender, Tried
from router.server.hook_store import Delivery, HookKey, HookStore
from router.server.sections import Webhook
from router.server.tenants import Tenants

__all__ = ["HookFigures", "Webhooks", "check_heard", "needed", "pass_over"]

BATCH_S = 0.25
PROGRESS_S = 2.0
RETRY_S = 1.0
LINE_MAX = 50_000
"""Deliveries that may wait for the disk; more are dropped and counted."""
WAITING_MAX = 200_000
"""Deliveries that may wait for one hook; more are dropped and counted.

What is delivered once more is not among them: it is on the disk anyhow, and must crowd out nothing.
"""
KEPT_MS = 7 * 86_400_000
"""What is over can be replayed for so long."""
SWEEP_S = 60.0
_LOG = structlog.get_logger("fairline.webhooks")


_PACE = Pace()


class Webhooks:
    """All hooks of a node; one of the engine's ``Effects``.

    Args:
        hooks: By tenant, as the settings have them.
        store: Where deliveries lie.
        tenants: The cores.
        ends: Where each tenant's journal ended when it was opened: what a new hook begins behind.
        wall_ms: The time.
        pace: How long to wait after a failure.
    """

    def __init__(
        self,
        hooks: Mapping[str, Sequence[Webhook]],
        store: HookStore,
        tenants: Tenants,
        *,
        ends: Mapping[str, int],
        wall_ms: Callable[[], int],
        pace: Pace = _PACE,
    ) -> None:
        self._sender = Sender(store, wall_ms=wall_ms, pace=pace)
        self.store = store
        self._tenants = tenants
        self._wall_ms = wall_ms
        self._line: deque[Delivery] = deque()
        self._erased: list[tuple[str, str]] = []
        self._wake = trio.Event()
        self.is_failing = False
        """Whether the disk takes nothing at present."""
        self._writing = trio.Lock()
        self._drained = trio.lowlevel.ParkingLot()
        self.hooked: dict[str, list[Hooked]] = {
            tenant: [self._begin(tenant, hook, ends.get(tenant, 0)) for hook in some]
            for tenant, some in hooks.items()
        }

    def _begin(self, tenant: str, hook: Webhook, end: int) -> Hooked:
        key = HookKey(tenant, hook.id)
        place = self.store.place(key)
        if place is None:
            self.store.add((), {key: end})
            place = end
        hooked = Hooked(key, hook, place)
        hooked.standing = self.store.standing(key)
        return hooked

    async def change(self, hooks: Mapping[str, Sequence[Webhook]]) -> None:
        """Goes on with other hooks: new ones begin with what happens from now on.

        A tenant that is not named keeps its hooks; one that shall have none is named with none.
        One that is gone is told nothing any more; what waits for it stays on the disk, and is
        delivered where it comes back. One that changed goes on with what waits for it.

        Raises:
            StorageError: there is no file for the first of all, or not the journal's; nothing
                changed.
        """
        await trio.to_thread.run_sync(self._make_ready, hooks)
        before = {one.key: one for one in self.all()}
        kept = {name: [one.hook for one in some] for name, some in self.hooked.items()}
        hooks = {**kept, **hooks}
        wanted = {HookKey(name, hook.id): hook for name, some in hooks.items() for hook in some}
        begun = {
            key: Hooked(key, hook, self._tenants.routers[key.tenant].position)
            for key, hook in wanted.items()
            if key not in before
        }
        # Another dict, not another content: a thread may be counting. And all at once, for what
        # happens from here on is told to these.
        self.hooked = _by_tenant((begun.get(key) or before[key]) for key in wanted)
        self.store.listening = {name: [hook.id for hook in some] for name, some in hooks.items()}
        for key, hook in wanted.items():
            if key in before and before[key].hook != hook:
                before[key].change(hook)
                _LOG.info("webhook.changed", tenant=key.tenant, hook=key.hook)
        for key, one in before.items():
            if key not in wanted:
                one.ended.cancel()
                _LOG.info("webhook.ended", tenant=key.tenant, hook=key.hook)
        for key, one in begun.items():
            self._sender.begin(one)
            _LOG.info("webhook.begun", tenant=key.tenant, hook=key.hook)
        await self._write_line()  # where they begin; tried again by whoever writes, if it fails

    def _make_ready(self, hooks: Mapping[str, Sequence[Webhook]]) -> None:
        fresh = {
            name: [hook for hook in some if self.of(name, hook.id) is None]
            for name, some in hooks.items()
        }
        if any(fresh.values()):
            self.store.begin()
            ends = {name: self._tenants.routers[name].position for name in fresh}
            check_heard(self.store, fresh, ends)

    async def test(self, hooked: Hooked) -> Tried:
        """Sends a hook an event that says nothing, at once; what it answers."""
        where = {"tenant": hooked.key.tenant, "position": 0, "place": 0}
        said = {"type": "webhook.test", **where, "at": self._wall_ms(), "data": {}}
        return await self._sender.test(hooked, msgspec.json.encode(said))

    def all(self) -> Iterable[Hooked]:
        """Every hook."""
        return (hooked for some in self.hooked.values() for hooked in some)

    def of(self, tenant: str, hook: str) -> Hooked | None:
        """A hook by its id."""
        found = (one for one in self.hooked.get(tenant, ()) if one.key.hook == hook)
        return next(found, None)

    # -- the engine's side -------------------------------------------------------------------

    def take(self, record: Record, events: Sequence[Event]) -> None:
        """See ``hearers.Effects``."""
        hooked = [one for one in self.hooked.get(record.tenant, ()) if one.place < record.position]
        if not hooked:
            return
        world = self._tenants.routers[record.tenant].world
        for place, event in enumerate(events):
            told = told_of(world, event)
            if told is None:
                continue
            where = {"tenant": record.tenant, "position": record.position, "place": place}
            said = {"type": told.kind, **where, "at": record.now_ms, "data": told.data}
            body = msgspec.json.encode(said)
            for one in hooked:
                if not one.hook.events or told.kind in one.hook.events:
                    when = (record.position, place, record.now_ms)
                    self._put(one, Delivery(one.key, *when, told.kind, told.customer, body))
            if type(event) is CustomerErased:
                self._erased.append((record.tenant, event.customer))
        for one in hooked:
            one.place = record.position

    def _put(self, hooked: Hooked, delivery: Delivery) -> None:
        if len(self._line) >= LINE_MAX or hooked.standing.fresh >= WAITING_MAX:
            hooked.dropped_count += 1
            _LOG.error("webhook.dropped", tenant=hooked.key.tenant, hook=hooked.key.hook)
            return
        self._line.append(delivery)
        self._wake.set()

    async def keep_up(self) -> None:
        """See ``hearers.Effects``; a replay is not held up by a disk that takes nothing."""
        while len(self._line) > LINE_MAX // 2 and not self.is_failing:
            await self._drained.park()

    # -- onto the disk -----------------------------------------------------------------------

    async def run(self) -> None:
        """Writes, delivers and forgets, for ever."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._write)
            nursery.start_soon(self._sweep)
            nursery.start_soon(self._sender.run, list(self.all()))

    async def end(self) -> None:
        """Writes what still waits for the disk; what does not fit is in the journal."""
        await self._write_line()

    async def _write(self) -> None:
        while True:
            with trio.move_on_after(PROGRESS_S):
                await self._wake.wait()
                await trio.sleep(BATCH_S)
            self._wake = trio.Event()
            if not await self._write_line():
                await trio.sleep(RETRY_S)
                self._wake.set()

    async def _write_line(self) -> bool:
        """Puts everything in the line into the store; whether that went well."""
        async with self._writing:
            return await self._write_next()

    async def _write_next(self) -> bool:
        some = list(self._line)
        places = {one.key: one.place for one in self.all()}
        erased, self._erased = self._erased, []
        if not places and not some and not erased:
            return True
        try:
            await trio.to_thread.run_sync(self.store.add, some, places, erased)
        except StorageError as error:
            self._erased[:0] = erased
            _LOG.error("webhooks.not_written", error=str(error), count=len(some))
            self.is_failing = True
            self._drained.unpark_all()
            return False
        self.is_failing = False
        for _ in some:
            self._line.popleft()
        self._drained.unpark_all()
        for key in dict.fromkeys(delivery.key for delivery in some):
            hooked = self.of(*key)
            if hooked is not None:  # else the settings have it no more
                # Whoever delivers looks, too, but not while it waits for a hook that is down.
                with suppress(StorageError):
                    await hooked.look(self.store)
                hooked.wake.set()
        return True

    async def _sweep(self) -> None:
        while True:
            try:
                await trio.to_thread.run_sync(self.store.prune, self._wall_ms() - KEPT_MS)
            except StorageError as error:
                _LOG.error("webhooks.not_pruned", error=str(error))
            await trio.sleep(SWEEP_S)


def _by_tenant(hooks: Iterable[Hooked]) -> dict[str, list[Hooked]]:
    found: dict[str, list[Hooked]] = {}
    for one in hooks:
        found.setdefault(one.key.tenant, []).append(one)
    return found


class HookFigures(Collector):
    """What waits for each hook, for Prometheus; names of hooks are the settings'."""

    def __init__(self, webhooks: Webhooks, wall_ms: Callable[[], int]) -> None:
        self._webhooks = webhooks
        self._wall_ms = wall_ms

    def collect(self) -> Iterable[Metric]:
        """See ``Collector``; may be called in a thread."""
        labels = ["tenant", "hook"]
        waiting = GaugeMetricFamily("fairline_webhook_waiting", "Events to deliver.", labels=labels)
        oldest = GaugeMetricFamily(
            "fairline_webhook_oldest_seconds", "The age of the oldest of them.", labels=labels
        )
        # There from the start, at 0: an alert sees no first event in a series that begins with it.
        dropped = CounterMetricFamily(
            "fairline_webhook_dropped", "Events that no room was left for.", labels=labels
        )
        tries = CounterMetricFamily(
            "fairline_webhook_tries",
            "Deliveries, by what became of them.",
            labels=[*labels, "result"],
        )
        for hooked in self._webhooks.all():
            standing = hooked.standing
            since_ms = standing.oldest_at_ms
            age_s = 0.0 if since_ms is None else (self._wall_ms() - since_ms) / 1000
            waiting.add_metric(list(hooked.key), standing.waiting)
            oldest.add_metric(list(hooked.key), max(age_s, 0.0))
            dropped.add_metric(list(hooked.key), hooked.dropped_count)
            for result, count in hooked.tries.items():
                tries.add_metric([*hooked.key, result], count)
        return waiting, oldest, dropped, tries


def needed(store: HookStore, hooks: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Up to where the journal is not needed any more, for each tenant with hooks that began."""
    found: dict[str, int] = {}
    for tenant, some in hooks.items():
        places = (store.place(HookKey(tenant, hook)) for hook in some)
        begun = [place for place in places if place is not None]
        if begun:
            found[tenant] = min(begun)
    return found


def pass_over(
    store: HookStore, hooks: Mapping[str, Sequence[Webhook]], start: Mapping[str, int]
) -> None:
    """Goes on behind a start that begins later than a hook had heard: what lies between is lost."""
    for tenant, some in hooks.items():
        for key in (HookKey(tenant, hook.id) for hook in some):
            place, begins = store.place(key), start.get(tenant, 0)
            if place is not None and place < begins:
                _LOG.error("webhooks.gap", tenant=tenant, from_position=place, to_position=begins)
                store.add((), {key: begins})


def check_heard(
    store: HookStore, hooks: Mapping[str, Sequence[Webhook]], ends: Mapping[str, int]
) -> None:
    """Sees to it that no hook has heard of more than there is; else it would be told nothing.

    Raises:
        StorageError: one has.
    """
    for tenant, some in hooks.items():
        for key in (HookKey(tenant, hook.id) for hook in some):
            place, end = store.place(key), ends.get(tenant, 0)
            if place is not None and place > end:
                raise StorageError(
                    f"{tenant}: the webhook {key.hook} has heard of {place} commands and the"
                    f" journal has {end}, so they do not belong together. Put back the journal that"
                    f" does, or move {store.name} away, with what lies beside it under that name:"
                    " then every webhook begins with what happens from now on, and what waited in"
                    " it is not delivered."
                )
