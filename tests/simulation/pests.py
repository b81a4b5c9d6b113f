"""Those who do not keep to the protocol: garbage, half a hello, floods, foreign tokens.

Owns: their tricks. Does not know: what the server should answer; it must live on.
"""

import random

import trio

from tests.helpers import raw
from tests.simulation.device import Surroundings
from tests.simulation.peer import Gone, Message, Peer

__all__ = ["pest"]

REPLIES_MAX = 2_000


async def pest(around: Surroundings, chance: random.Random) -> None:
    """Come with another trick every few seconds, for ever."""
    while True:
        await trio.sleep(chance.expovariate(0.4))
        await around.may_act.wait()
        try:
            line = around.network.connect()
        except ConnectionRefusedError:
            continue
        peer = Peer(line, chance.choice(("json", "msgpack")), is_mute=chance.random() < 0.2)
        trick = chance.choice((_noise, _no_hello, _bad_frames, _bad_token, _huge, _half_head))
        around.note(f"pest: {trick.__name__.strip('_')}")
        try:
            with trio.move_on_after(chance.choice((2, 15))):
                await trick(peer, around, chance)
                for _ in range(REPLIES_MAX):
                    await peer.receive()
        except (Gone, ValueError):
            pass
        finally:
            await peer.hang_up()


async def _noise(peer: Peer, _: Surroundings, chance: random.Random) -> None:
    await peer.send_bytes(chance.randbytes(chance.randint(1, 3_000)))


async def _half_head(peer: Peer, _: Surroundings, chance: random.Random) -> None:
    head = raw.head()
    await peer.send_bytes(head[: chance.randint(1, len(head) - 1)])


async def _no_hello(peer: Peer, _: Surroundings, chance: random.Random) -> None:
    await peer.upgrade()
    if chance.random() < 0.5:
        await peer.send({"t": "offer.accept", "id": 1, "offer": "o1"})


async def _bad_frames(peer: Peer, _: Surroundings, chance: random.Random) -> None:
    await peer.upgrade()
    for _number in range(chance.randint(1, 5)):
        await peer.send_bytes(
            raw.frame(chance.randbytes(chance.randint(0, 200)), chance.randint(0, 15))
        )


async def _bad_token(peer: Peer, around: Surroundings, chance: random.Random) -> None:
    await peer.upgrade()
    token = around.token("acme", "agent", "ann")
    place = chance.randrange(len(token) - 4)
    spoilt = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
    await peer.send({"t": "hello", "id": 1, "token": spoilt, "role": "agent"})


async def _huge(peer: Peer, around: Surroundings, chance: random.Random) -> None:
    await peer.upgrade()
    hello: Message = {
        "t": "hello",
        "id": 1,
        "token": around.token("globex", "customer", "x"),
        "role": "customer",
        "client": {"name": "x" * 70_000 if chance.random() < 0.5 else "x"},
    }
    await peer.send(hello)
    for number in range(2, 60):
        await peer.send({"t": "rate", "id": number, "conversation": "none", "score": 9})
