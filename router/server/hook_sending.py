"""Brings one delivery after another to a hook, and tries again what it did not take.

Owns: when a delivery is tried, what its answer means, when it is given up.
Does not know: events, the journal, how deliveries are kept (``hook_store``).

Invariants (tests/server/test_hook_sending.py): only the URL of the settings is ever asked, and
redirects are not followed; a hook that is down is asked seldom and one event at a time; an event
that a hook refuses keeps no other from it; whatever an address or an answer is, it ends one try;
nothing is sent while what came of the last round is not on the disk; no hook has another's
connections, and none is sent what a receiver said before.
"""

import random
import secrets
from collections.abc import Callable, Iterable
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING

import msgspec
import structlog
import trio

from router.errors import StorageError
from router.server.hook_signing import key_of, signed_headers
from router.server.hook_store import Delivery, HookKey, HookStore, Standing
from router.server.sections import Webhook

if TYPE_CHECKING:  # a quarter of a start's imports, for those who have hooks
    import ssl

    import httpx

__all__ = ["TRIES_MAX", "Hooked", "Pace", "Sender", "Tried"]

LOOK_S = 60.0
CONNECTIONS = 8
TRY_S = 10.0
ANSWER_BYTES = 4096
ANSWER_S = 1.0
"""Of an answer no more than that is read; the head alone counts."""
TRIES_MAX = 33
"""With the delays of ``Pace`` that is about a day for an event that a hook does not take."""
GONE = 410
_PASSING = {408, 409, 425, 429}
"""Answers of the 4xx band that may be others the next time."""

_LOG = structlog.get_logger("fairline.webhooks")


class Pace(msgspec.Struct, frozen=True):
    """How long to wait after a failure: twice as long each time, up to a most.

    ``delay_max_ms`` is for one event, ``pause_max_ms`` for a hook that does not answer at all.
    """

    first_ms: int = 2_000
    delay_max_ms: int = 3_600_000
    pause_max_ms: int = 300_000


class _Round:
    """What came of some tries at the same time."""

    def __init__(self) -> None:
        self.over: list[tuple[Delivery, str]] = []
        self.later: list[tuple[Delivery, int]] = []
        self.is_up = False
        self.is_down = False
        self.asked_ms = 0


RESULTS = ("delivered", "failed", "gave_up")
"""What becomes of a try."""


class Hooked:
    """One hook, and how it goes with it."""

    def __init__(self, key: HookKey, hook: Webhook, place: int) -> None:
        self.key = key
        self.hook = hook
        self.keys = _keys(hook)
        self.place = place
        """Everything up to here is in the store or in the line."""
        self.standing = Standing(0, None)
        self._looking = trio.Lock()
        self.dropped_count = 0
        self.tries = dict.fromkeys(RESULTS, 0)
        """By what became of them; there before the first, whose rise would not be seen else."""
        self.failures = 0
        """Rounds in a row that say that the hook is down."""
        self.paused_until_ms = 0
        self.last_error = ""
        self.unsettled: _Round | None = None
        """What came of the last round, while the disk does not take it."""
        self.unstored = 0
        """Failures of the disk in a row."""
        self.wake = trio.Event()
        self.ended = trio.CancelScope()
        """Cancelled when the hook is told nothing any more."""
        self.client: httpx.AsyncClient | None = None
        self.connected = trio.Event()

    async def look(self, store: HookStore) -> None:
        """Sees how it stands; one look at a time, so that an older one never comes after a newer.

        Raises:
            StorageError: it cannot be read.
        """
        async with self._looking:
            self.standing = await trio.to_thread.run_sync(store.standing, self.key)

    def change(self, hook: Webhook) -> None:
        """Goes on with another address, other secrets, other events; a pause ends."""
        self.hook = hook
        self.keys = _keys(hook)
        self.failures = 0
        self.paused_until_ms = 0
        self.wake.set()


def _keys(hook: Webhook) -> list[bytes]:
    return [key_of(secret) for secret in (hook.secret, hook.secret_before) if secret]


def _trust() -> "ssl.SSLContext":
    """The certificates that count; loads httpx, too, which takes as long as they do."""
    import httpx

    return httpx.create_ssl_context(trust_env=False)


class Tried(msgspec.Struct, frozen=True):
    """What a receiver answered: its status, 0 where none came, and what went wrong."""

    status: int
    took_ms: int
    error: str


class Sender:
    """Delivers what lies in a store.

    Args:
        store: Where deliveries lie.
        wall_ms: The time.
        pace: How long to wait after a failure.
    """

    def __init__(self, store: HookStore, *, wall_ms: Callable[[], int], pace: Pace) -> None:
        self.store = store
        self._wall_ms = wall_ms
        self._pace = pace
        self._random = random.Random()  # noqa: S311 - spreads tries
        self._nursery: trio.Nursery | None = None
        self._verify: ssl.SSLContext | None = None
        self._verifying = trio.Lock()

    async def run(self, hooks: Iterable[Hooked]) -> None:
        """Delivers what is due to each hook, for ever; to those that ``begin`` later, too."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            for hooked in hooks:
                self.begin(hooked)
            await trio.sleep_forever()

    def begin(self, hooked: Hooked) -> None:
        """Delivers to one more hook, until it is ``ended``."""
        assert self._nursery is not None, "settings are read anew while it runs"
        self._nursery.start_soon(self._keep, hooked)

    async def _keep(self, hooked: Hooked) -> None:
        with hooked.ended:
            async with self._verifying:
                if self._verify is None:  # costly, so there is one for all, and with the first hook
                    self._verify = await trio.to_thread.run_sync(_trust)
            import httpx

            async with httpx.AsyncClient(
                verify=self._verify,
                timeout=TRY_S,
                trust_env=False,
                follow_redirects=False,
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # takes none
                limits=httpx.Limits(max_connections=CONNECTIONS),
            ) as client:
                hooked.client = client
                hooked.connected.set()
                await self._serve(client, hooked)

    async def test(self, hooked: Hooked, body: bytes) -> Tried:
        """Sends something at once, once, signed as everything is, that is kept nowhere."""
        await hooked.connected.wait()
        assert hooked.client is not None, "it is there before anybody hears of it"
        began_s = trio.current_time()
        id_ = f"evt_test_{secrets.token_hex(12)}"
        status, error, _ = await self._post(hooked.client, hooked, id_, body)
        took_ms = round((trio.current_time() - began_s) * 1000)
        return Tried(status, took_ms, "" if 200 <= status < 300 else error)

    async def _serve(self, client: "httpx.AsyncClient", hooked: Hooked) -> None:
        """Delivers what is due to one hook, for ever."""
        while True:
            hooked.wake = trio.Event()
            try:
                await self._settle(hooked)
                await self._deliver(client, hooked)
                await hooked.look(self.store)
                due_ms = await trio.to_thread.run_sync(self.store.next_due_ms, hooked.key)
            except StorageError as error:
                _LOG.error("webhooks.not_stored", error=str(error), hook=hooked.key.hook)
                hooked.last_error = "the file of what is to be delivered cannot be used"
                pause_ms = self._delay_ms(hooked.unstored, self._pace.pause_max_ms)
                hooked.unstored += 1
                await trio.sleep(pause_ms / 1000)
                continue
            hooked.unstored = 0
            wait_s = LOOK_S
            if due_ms is not None:
                wait_s = max(max(due_ms, hooked.paused_until_ms) - self._wall_ms(), 0) / 1000
            with trio.move_on_after(wait_s):
                await hooked.wake.wait()
                await trio.sleep(max(hooked.paused_until_ms - self._wall_ms(), 0) / 1000)

    async def _deliver(self, client: "httpx.AsyncClient", hooked: Hooked) -> None:
        """Tries what is due, some at a time; the first alone where the last try failed."""
        now_ms = self._wall_ms()
        if now_ms < hooked.paused_until_ms:
            return
        limit = 1 if hooked.failures else CONNECTIONS
        due = await trio.to_thread.run_sync(self.store.due, hooked.key, now_ms, limit)
        tried = _Round()
        async with trio.open_nursery() as nursery:
            for delivery in due:
                nursery.start_soon(self._try, client, hooked, delivery, tried)
        if tried.is_up:
            hooked.failures = 0
        elif tried.is_down:  # once for the round, however many were under way
            hooked.failures += 1
            most_ms = self._pace.pause_max_ms
            pause_ms = self._delay_ms(hooked.failures - 1, most_ms)
            hooked.paused_until_ms = self._wall_ms() + max(pause_ms, min(tried.asked_ms, most_ms))
        hooked.unsettled = tried
        await self._settle(hooked)

    async def _settle(self, hooked: Hooked) -> None:
        """Puts down what came of the last round; until it is, the same would be sent again."""
        tried = hooked.unsettled
        if tried is None:
            return
        if tried.over:
            await trio.to_thread.run_sync(self.store.settle, tried.over, self._wall_ms())
            tried.over = []
        if tried.later:
            await trio.to_thread.run_sync(self.store.postpone, tried.later)
        hooked.unsettled = None

    async def _try(
        self, client: "httpx.AsyncClient", hooked: Hooked, delivery: Delivery, tried: _Round
    ) -> None:
        id_ = self.store.event_id(delivery)
        status, error, asked_ms = await self._post(client, hooked, id_, delivery.body)
        names = {"tenant": delivery.key.tenant, "hook": delivery.key.hook}
        if 200 <= status < 300:
            tried.is_up = True
            hooked.last_error = ""
            tried.over.append((delivery, "delivered"))
            hooked.tries["delivered"] += 1
            return
        hooked.last_error = error
        if status not in range(400, 500) or status in _PASSING:
            tried.is_down = True
            tried.asked_ms = max(tried.asked_ms, asked_ms)
        else:
            tried.is_up = True
        if status == GONE or delivery.attempts + 1 >= TRIES_MAX:
            tried.over.append((delivery, "gave_up"))
            hooked.tries["gave_up"] += 1
            _LOG.error("webhook.gave_up", error=error, **names)
            return
        due_ms = self._wall_ms() + self._delay_ms(delivery.attempts, self._pace.delay_max_ms)
        tried.later.append((delivery, due_ms))
        hooked.tries["failed"] += 1
        _LOG.warning("webhook.failed", attempt=delivery.attempts + 1, error=error, **names)

    def _delay_ms(self, failures: int, most_ms: int) -> int:
        """Twice as long each time, between the half and the whole of it."""
        whole_ms = min(self._pace.first_ms * 2 ** min(failures, 30), most_ms)
        return int(whole_ms * self._random.uniform(0.5, 1.0))

    async def _post(
        self, client: "httpx.AsyncClient", hooked: Hooked, id_: str, body: bytes
    ) -> tuple[int, str, int]:
        """One try: the status (0: no answer), what went wrong, how long to wait if it said so."""
        headers = signed_headers(id_, self._wall_ms() // 1000, body, hooked.keys)
        headers |= {"content-type": "application/json", "user-agent": "fairline"}
        status, after = 0, ""
        try:
            with trio.fail_after(TRY_S):
                async with client.stream(
                    "POST", hooked.hook.url, content=body, headers=headers
                ) as answer:
                    status, after = answer.status_code, answer.headers.get("retry-after", "")
                    await _read_away(answer)
        except Exception as error:  # whatever an address or an answer leads to, it is one try
            if not status:
                return 0, type(error).__name__, 0
        asked_ms = int(after) * 1000 if after.isdecimal() and len(after) < 6 else 0
        if 300 <= status < 400:
            return status, f"{status}: redirects are not followed; name the address itself", 0
        return status, f"answered {status}", asked_ms


async def _read_away(answer: "httpx.Response") -> None:
    """Reads a short answer to its end, so that the connection can be used again."""
    if int(answer.headers.get("content-length", "0")) > ANSWER_BYTES:
        return
    size = 0
    with trio.move_on_after(ANSWER_S) as patience:
        async for piece in answer.aiter_raw():
            size += len(piece)
            if size > ANSWER_BYTES:
                patience.cancel()  # ends the generators within, which a return would leave open
