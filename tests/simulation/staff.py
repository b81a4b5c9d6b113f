"""What agents and supervisors do: offers taken, declined, ignored; work, transfers, breaks.

Owns: their habits. Does not know: the protocol's framing, what must hold.
"""

import trio

from tests.simulation.device import Device
from tests.simulation.habits import habit, misfortune, pause

__all__ = ["agent", "supervisor"]


async def agent(device: Device) -> None:
    """An agent at work."""
    while True:
        await pause(device, 1.2)
        await misfortune(device)
        if device.view.offers:
            await habit(device, ((_accept, 10), (_decline, 2), (_see, 2), (_ignore, 2)))(device)
        elif device.view.presence.get("show") != "available":
            await _be(device, "available")
        else:
            acts = ((_say, 4), (_finish, 5), (_pass_on, 1), (_note, 1), (_break, 1), (_ignore, 2))
            await habit(device, acts)(device)


async def supervisor(device: Device) -> None:
    """A supervisor who looks and sometimes acts."""
    while True:
        await pause(device, 0.2)
        act = habit(device, ((_explain, 2), (_give, 2), (_raise, 1), (_put_aside, 1)))
        await act(device)


async def _ignore(_: Device) -> None:
    await trio.lowlevel.checkpoint()


async def _be(device: Device, show: str) -> None:
    if show == "offline":
        device.person.leave()
    await device.ask("presence.set", show=show)


async def _break(device: Device) -> None:
    await _be(device, device.chance.choice(("busy", "away", "dnd", "offline")))


async def _accept(device: Device) -> None:
    for offer in list(device.view.offers):
        if device.chance.random() < 0.7:
            await device.ask("offer.seen", offer=offer)
        await device.ask("offer.accept", offer=offer)


async def _decline(device: Device) -> None:
    for offer in list(device.view.offers):
        await device.ask("offer.decline", offer=offer)


async def _see(device: Device) -> None:
    device.around.note("offer seen and ignored")
    for offer in list(device.view.offers):
        await device.ask("offer.seen", offer=offer)


async def _say(device: Device) -> None:
    name = _some(device, "active")
    if name:
        await device.do(device.person.new_op("message.send", conversation=name, body="well"))


async def _note(device: Device) -> None:
    name = _some(device, "active", "wrap_up")
    if name:
        op = device.person.new_op("message.send", conversation=name, body="hm", kind="note")
        await device.do(op)


async def _finish(device: Device) -> None:
    name = _some(device, "active")
    if name and device.chance.random() < 0.5:
        await device.ask("conversation.end", conversation=name)
    name = _some(device, "wrap_up")
    if name:
        await device.ask("wrapup.complete", conversation=name)


async def _pass_on(device: Device) -> None:
    name = _some(device, "active")
    to = device.chance.choice(({"queue": "one"}, {"queue": "two"}, {"agent": "ann"}))
    if name:
        op = device.person.new_op("conversation.transfer", conversation=name, to=to)
        await device.do(op)
        if device.chance.random() < 0.3:
            device.around.note("op repeated")
            await device.do(op)


async def _explain(device: Device) -> None:
    name = _someones(device)
    if name:
        await device.ask("explain", conversation=name)


async def _give(device: Device) -> None:
    name = _someones(device)
    if name:
        agent = device.chance.choice(("ann", "bob", "eva"))
        await device.ask("conversation.assign", conversation=name, agent=agent)


async def _raise(device: Device) -> None:
    name = _someones(device)
    if name:
        await device.ask("conversation.priority", conversation=name, priority="gold")


async def _put_aside(device: Device) -> None:
    await device.ask("agent.presence", agent="ann", show="busy", reason="a word")


def _some(device: Device, *statuses: str) -> str:
    names = [n for n, known in device.view.conversations.items() if known.status in statuses]
    return device.chance.choice(names) if names else ""


def _someones(device: Device) -> str:
    """A conversation that is open, as a supervisor sees on a screen."""
    names = list(device.around.watch.book(device.person.tenant).open)
    return device.chance.choice(names) if names else ""
