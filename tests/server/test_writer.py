"""From the outbox into a real socket."""

import json

import trio
import trio.testing

from router.outgoing import Beat
from router.server.flow import Flow
from router.server.outbox import Pool
from router.server.socket import Socket
from router.server.writer import Writer
from router.wire import Encoding, Packet
from tests.helpers.echo_server import EchoApp, running_echo
from tests.helpers.raw import TEXT, upgraded


def writer_of(socket: Socket, flow: Flow, pool: Pool) -> Writer:
    return Writer(
        socket,
        Encoding.JSON,
        flow=flow,
        pool=pool,
        fall_behind=lambda: None,
        fail=lambda: None,
    )


async def test_a_reader_who_comes_late_gets_all_in_order_and_the_last_word_last() -> None:
    pool = Pool()

    async def say(socket: Socket) -> None:
        flow = Flow()
        writer = writer_of(socket, flow, pool)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(flow.run)
            for number in range(500):
                packet = Packet(Beat(at=number))
                packet.encoded(Encoding.JSON)
                packet._encoded[Encoding.JSON] += b" " * 1_000
                writer.outbox.put(packet)
            writer.close(Packet(Beat(at=-1)))
            writer.outbox.put(Packet(Beat(at=-2)))
            with trio.fail_after(10):
                await writer.wait_written()
            nursery.cancel_scope.cancel()
        await socket.receive()

    async with running_echo(EchoApp(serve_socket=say)) as server, upgraded(server.port) as client:
        await trio.testing.wait_all_tasks_blocked(0.05)
        heard: list[int] = []
        with trio.fail_after(10):
            while not heard or heard[-1] != -1:
                opcode, payload = await client.read_frame()
                assert opcode == TEXT
                value = json.loads(payload)
                heard += [each["at"] for each in (value if isinstance(value, list) else [value])]
    assert heard == [*range(500), -1]
    assert pool.held == 0


async def test_what_nobody_takes_any_more_is_given_up(nursery: trio.Nursery) -> None:
    pool = Pool()
    is_written = trio.Event()
    flow = Flow()
    nursery.start_soon(flow.run)

    async def say(socket: Socket) -> None:
        writer = writer_of(socket, flow, pool)
        for number in range(400):
            packet = Packet(Beat(at=number))
            packet._encoded[Encoding.JSON] = b"x" * 2_000
            writer.outbox.put(packet)
        await trio.testing.wait_all_tasks_blocked(0.05)
        await writer.wait_written()
        is_written.set()

    async with running_echo(EchoApp(serve_socket=say)) as server:
        async with upgraded(server.port) as client:
            await trio.testing.wait_all_tasks_blocked(0.2)
            client.reset()
        with trio.fail_after(5):
            await is_written.wait()
    assert pool.held == 0
