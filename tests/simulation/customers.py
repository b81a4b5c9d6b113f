"""What customers do: ask, talk, wait, leave, come back, shout.

Owns: their habits. Does not know: the protocol's framing, what must hold.
"""

import itertools

import trio

from tests.simulation.device import Device
from tests.simulation.habits import habit, misfortune, pause

__all__ = ["customer", "loud_customer"]


async def customer(device: Device) -> None:
    """An ordinary customer."""
    while True:
        await pause(device, 0.6)
        await misfortune(device)
        act = habit(device, ((_ask, 5), (_say, 6), (_read, 1), (_leave_line, 1), (_end, 1)))
        await act(device)


async def loud_customer(device: Device) -> None:
    """A customer who tries everything to be served earlier."""
    while True:
        await pause(device, 2.5)
        await misfortune(device)
        act = habit(device, ((_ask, 6), (_say, 3), (_leave_line, 3), (_history, 1)))
        device.around.note("shout of a loud customer")
        await act(device)


async def _ask(device: Device) -> None:
    chance = device.chance
    if chance.random() < 0.15 and device.person.ops:
        op = chance.choice(list(device.person.ops))
        device.around.note("op repeated")
    else:
        op = device.person.new_op(
            "conversation.request",
            channel="chat",
            queue=chance.choice(("one", "two", "")),
            topic=chance.choice(("x", "y")),
            languages=chance.choice(([], [{"tag": "fr", "level": 40}], [{"tag": "en"}])),
            body=chance.choice(("", "hello")),
        )
    await device.do(op)


async def _say(device: Device) -> None:
    for name in itertools.islice(device.view.conversations, 1):
        body = "hurry up " * device.chance.choice((1, 1, 1, 60))
        await device.do(device.person.new_op("message.send", conversation=name, body=body))


async def _read(device: Device) -> None:
    for name, known in itertools.islice(device.view.conversations.items(), 1):
        if not known.is_partial:
            await device.ask("message.read", conversation=name, seq=known.seq)


async def _leave_line(device: Device) -> None:
    for name, known in list(device.view.conversations.items()):
        if known.status in ("waiting", "held", "offered") and device.chance.random() < 0.5:
            await device.ask("conversation.cancel", conversation=name)


async def _end(device: Device) -> None:
    for name, known in list(device.view.conversations.items()):
        if known.status == "active" and device.chance.random() < 0.5:
            await device.ask("conversation.end", conversation=name)
            await device.ask("rate", conversation=name, score=device.chance.randint(1, 5))


async def _history(device: Device) -> None:
    for name in itertools.islice(device.view.conversations, 1):
        await device.ask("history", conversation=name)
    await trio.lowlevel.checkpoint()
