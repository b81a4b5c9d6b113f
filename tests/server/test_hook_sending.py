"""Deliveries to a real HTTP server that is well, ill, or somewhere else."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest
import trio

from router.server.clock import Clock
from router.server.hook_sending import TRIES_MAX, Hooked, Pace, Sender
from router.server.hook_store import Delivery, HookKey, HookStore
from router.server.sections import Webhook
from tests.helpers.nodes import PATIENCE_S
from tests.helpers.receivers import Posted, Receiver, receiver
from tests.server.test_hook_signing import SECRET, documented_verify

PACE = Pace(first_ms=20, delay_max_ms=60, pause_max_ms=60)


class Sending:
    """A sender at work, with what it is told to send."""

    def __init__(self) -> None:
        self.store = HookStore(None)
        self.clock = Clock()
        self.sender = Sender(self.store, wall_ms=self.clock.wall_ms, pace=PACE)
        self.hooked: dict[str, Hooked] = {}

    def hook(self, name: str, url: str) -> Hooked:
        hook = Webhook(id=name, url=url, secret=SECRET)
        hooked = self.hooked[name] = Hooked(HookKey("acme", name), hook, 0)
        return hooked

    def put(self, hooked: Hooked, *positions: int) -> None:
        now_ms = self.clock.wall_ms()
        some = [
            Delivery(hooked.key, number, 0, now_ms, "offer.made", "", b'{"type":"%d"}' % number)
            for number in positions
        ]
        self.store.add(some, {})
        hooked.wake.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        with trio.fail_after(PATIENCE_S):
            while not holds():  # noqa: ASYNC110 - the other side is a thread
                await trio.sleep(0.005)

    def waiting(self, hooked: Hooked) -> int:
        return self.store.standing(hooked.key).waiting


@asynccontextmanager
async def sending(*receivers: tuple[str, str]) -> AsyncIterator[Sending]:
    made = Sending()
    for name, url in receivers:
        made.hook(name, url)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(made.sender.run, list(made.hooked.values()))
        yield made
        nursery.cancel_scope.cancel()


async def test_events_are_posted_signed_as_the_page_says() -> None:
    with receiver() as crm:
        async with sending(("crm", crm.url)) as made:
            hooked = made.hooked["crm"]
            made.put(hooked, *range(1, 31))
            await made.until(lambda: made.waiting(hooked) == 0)
        verify = documented_verify()
        for posted in crm.posted:
            verify(posted.headers, posted.body, SECRET)
            assert posted.path == "/hook"
            assert posted.headers["content-type"] == "application/json"
        assert sorted(int(kind) for kind in crm.kinds()) == list(range(1, 31))
        assert len({posted.headers["webhook-id"] for posted in crm.posted}) == 30
        assert hooked.tries == {"delivered": 30, "failed": 0, "gave_up": 0}


async def test_what_failed_comes_again_under_the_same_id_until_it_is_taken() -> None:
    with receiver() as crm, receiver() as elsewhere:
        answers = iter([500, 302, 307, 429, 204])
        crm.answer = lambda _: (next(answers), {"location": elsewhere.url})
        async with sending(("crm", crm.url)) as made:
            hooked = made.hooked["crm"]
            made.put(hooked, 1)
            await made.until(lambda: made.waiting(hooked) == 0)
            assert hooked.failures == 0
            assert hooked.last_error == ""
        assert len(crm.posted) == 5
        assert elsewhere.posted == []  # nobody followed
        assert len({posted.headers["webhook-id"] for posted in crm.posted}) == 1


async def test_a_hook_that_is_down_is_asked_one_at_a_time_and_harms_no_other() -> None:
    with receiver() as crm, receiver() as well:
        under_way: list[int] = []

        def answer(_: Posted) -> tuple[int, dict[str, str]]:
            under_way.append(len(under_way))
            return 503, {"retry-after": "0"}

        crm.answer = answer
        async with sending(("crm", crm.url), ("well", well.url)) as made:
            down, fine = made.hooked["crm"], made.hooked["well"]
            made.put(down, *range(1, 101))
            made.put(fine, *range(1, 101))
            await made.until(lambda: made.waiting(fine) == 0)
            await made.until(lambda: down.failures >= 12)
            # At first eight at a time, which is one failure; then, each after a pause, one.
            assert len(crm.posted) <= 8 + down.failures
            assert down.last_error == "answered 503"
            crm.answer = lambda _: (200, {})
            await made.until(lambda: made.waiting(down) == 0)
        ids = [posted.headers["webhook-id"] for posted in crm.posted]
        assert len(set(ids)) == 100


async def test_where_nobody_listens_events_wait() -> None:
    with receiver() as crm:
        port = int(crm.url.rsplit(":", 1)[1].split("/")[0])
        url = crm.url
    async with sending(("crm", url)) as made:
        hooked = made.hooked["crm"]
        made.put(hooked, 1, 2, 3)
        await made.until(lambda: hooked.failures >= 2)
        assert hooked.last_error == "ConnectError"
        assert made.waiting(hooked) == 3
        with receiver(port) as crm:
            await made.until(lambda: made.waiting(hooked) == 0)
            assert sorted(crm.kinds()) == ["1", "2", "3"]


async def test_an_event_that_is_refused_keeps_no_other_and_is_given_up_in_the_end() -> None:
    with receiver() as crm:

        def answer(posted: Posted) -> tuple[int, dict[str, str]]:
            return (400 if posted.event["type"] == "1" else 200), {}

        crm.answer = answer
        async with sending(("crm", crm.url)) as made:
            hooked = made.hooked["crm"]
            made.put(hooked, 1, 2, 3)
            await made.until(lambda: made.waiting(hooked) == 1)
            assert hooked.failures == 0
            await made.until(lambda: made.waiting(hooked) == 0)
        assert crm.kinds().count("1") == TRIES_MAX
        assert crm.kinds().count("2") == crm.kinds().count("3") == 1


@pytest.mark.parametrize("location", ["mailto:x@y", "http://xn--/", "http://[", "http://a:b/"])
async def test_a_redirect_to_an_address_that_is_none_is_a_try_that_failed(location: str) -> None:
    with receiver() as crm, receiver() as well:
        answers = iter([302, 200])
        crm.answer = lambda _: (next(answers), {"location": location})
        async with sending(("crm", crm.url), ("well", well.url)) as made:
            made.put(made.hooked["crm"], 1)
            await made.until(lambda: made.waiting(made.hooked["crm"]) == 0)
            made.put(made.hooked["well"], 1)
            await made.until(lambda: made.waiting(made.hooked["well"]) == 0)
        assert len(crm.posted) == 2


@pytest.mark.parametrize("host", ["xn--", "a..b", "a" * 64 + ".example"])
async def test_a_host_that_cannot_be_one_harms_no_other(host: str) -> None:
    with receiver() as well:
        async with sending(("bad", f"http://{host}/"), ("well", well.url)) as made:
            bad, fine = made.hooked["bad"], made.hooked["well"]
            made.put(bad, 1)
            await made.until(lambda: bad.failures >= 2)
            assert bad.last_error
            made.put(fine, 1)
            await made.until(lambda: made.waiting(fine) == 0)
            assert made.waiting(bad) == 1


async def test_a_disk_that_takes_nothing_has_nothing_sent_twice() -> None:
    with receiver() as crm:
        async with sending(("crm", crm.url)) as made:
            hooked = made.hooked["crm"]

            def answer(_: Posted) -> tuple[int, dict[str, str]]:
                made.store._connection.execute("PRAGMA query_only = ON")
                return 200, {}

            crm.answer = answer
            made.put(hooked, 1)
            await made.until(lambda: hooked.unstored >= 4)
            assert len(crm.posted) == 1
            assert "cannot be used" in hooked.last_error
            made.store._connection.execute("PRAGMA query_only = OFF")
            await made.until(lambda: made.waiting(hooked) == 0)
        assert len(crm.posted) == 1


async def test_a_disk_that_cannot_be_read_is_asked_again_later() -> None:
    with receiver() as crm:
        async with sending(("crm", crm.url)) as made:
            hooked = made.hooked["crm"]
            made.put(hooked, 1)
            await made.until(lambda: made.waiting(hooked) == 0)
            run = made.store._connection.execute
            run("ALTER TABLE deliveries RENAME TO elsewhere")
            hooked.wake.set()
            await made.until(lambda: hooked.unstored >= 3)
            run("ALTER TABLE elsewhere RENAME TO deliveries")
            made.put(hooked, 2)
            await made.until(lambda: made.waiting(hooked) == 0)
            assert hooked.last_error == ""
        assert crm.kinds() == ["1", "2"]


async def test_no_receiver_gets_a_cookie() -> None:
    with receiver() as crm, receiver() as other:
        crm.answer = lambda _: (200, {"set-cookie": "who=acme; Path=/"})
        async with sending(("crm", crm.url), ("other", other.url)) as made:
            for name in ("crm", "crm", "other"):
                made.put(made.hooked[name], len(crm.posted) + 1)
                await made.until(lambda name=name: made.waiting(made.hooked[name]) == 0)  # type: ignore[misc]
        for posted in (*crm.posted, *other.posted):
            assert "cookie" not in posted.headers
        assert len(crm.posted) == 2


async def test_hooks_that_hang_leave_others_their_connections() -> None:
    held = trio.Event()
    open_now: list[int] = []

    async def hang(stream: trio.SocketStream) -> None:
        async with stream:
            open_now.append(1)
            if len(open_now) >= 13 * 8:
                held.set()
            await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1", backlog=200)
        nursery.start_soon(trio.serve_listeners, hang, [listener])
        port = listener.socket.getsockname()[1]
        hanging = [(f"slow{number}", f"http://127.0.0.1:{port}/") for number in range(13)]
        with receiver() as well:
            async with sending(*hanging, ("well", well.url)) as made:
                for name, _ in hanging:
                    made.put(made.hooked[name], *range(1, 9))
                with trio.move_on_after(PATIENCE_S / 2):  # a pool of 100 never holds them all
                    await held.wait()
                made.put(made.hooked["well"], 1)
                await made.until(lambda: made.waiting(made.hooked["well"]) == 0)
                assert len(open_now) == 13 * 8
        nursery.cancel_scope.cancel()


SHORT = [b"content-length: 2\r\n\r\nok", b"transfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"]
LONG = [
    b"content-length: 9999999\r\n\r\n" + b"x" * 9_999,
    b"transfer-encoding: chunked\r\n\r\n" + (b"ffff\r\n" + b"x" * 0xFFFF + b"\r\n") * 9,
]


async def connections_for(rest: bytes) -> int:
    """How many connections three deliveries take, one after another, to one who answers so."""
    visitors: list[int] = []

    async def serve(stream: trio.SocketStream) -> None:
        visitors.append(1)
        async with stream:
            with suppress(trio.BrokenResourceError):
                asked = b""
                while piece := await stream.receive_some():
                    asked += piece
                    if not asked.endswith(b"}"):
                        continue
                    asked = b""
                    await stream.send_all(b"HTTP/1.1 200 OK\r\n" + rest)

    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, serve, [listener])
        port = listener.socket.getsockname()[1]
        async with sending(("crm", f"http://127.0.0.1:{port}/")) as made:
            hooked = made.hooked["crm"]
            for number in (1, 2, 3):
                made.put(hooked, number)
                await made.until(lambda: made.waiting(hooked) == 0)
        nursery.cancel_scope.cancel()
    return len(visitors)


@pytest.mark.parametrize("rest", SHORT)
async def test_a_connection_is_used_again_after_a_short_answer(rest: bytes) -> None:
    assert await connections_for(rest) == 1


@pytest.mark.parametrize("rest", LONG)
async def test_a_long_answer_is_not_read_and_counts_nevertheless(rest: bytes) -> None:
    assert await connections_for(rest) == 3


async def test_gone_is_gone_at_once() -> None:
    with receiver() as crm:
        crm.answer = lambda _: (410, {})
        async with sending(("crm", crm.url)) as made:
            hooked = made.hooked["crm"]
            made.put(hooked, 1)
            await made.until(lambda: made.waiting(hooked) == 0)
        assert len(crm.posted) == 1


async def test_a_receiver_that_never_ends_its_answer_holds_nobody_up() -> None:
    """The head of an answer is what counts."""

    async def drip(stream: trio.SocketStream) -> None:
        async with stream:
            await stream.receive_some()
            await stream.send_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, drip, [listener])
        port = listener.socket.getsockname()[1]
        async with sending(("slow", f"http://127.0.0.1:{port}/")) as made:
            hooked = made.hooked["slow"]
            made.put(hooked, 1, 2)
            await made.until(lambda: made.waiting(hooked) == 0)
        nursery.cancel_scope.cancel()


def test_delays_double_up_to_a_most_and_are_spread() -> None:
    sender = Sender(HookStore(None), wall_ms=Clock().wall_ms, pace=Pace())
    for failures in range(40):
        whole_ms = min(2_000 * 2**failures, 3_600_000)
        seen = {sender._delay_ms(failures, 3_600_000) for _ in range(50)}
        assert whole_ms / 2 <= min(seen) <= max(seen) <= whole_ms
        assert len(seen) > 20


def test_a_receiver_is_kept_in_a_type() -> None:
    assert Receiver().kinds() == []
