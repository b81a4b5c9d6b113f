"""What happens to everybody: pauses for thought, lost connections, slow reading.

Owns: the faults that strike from the client's side. Does not know: what anybody wants.
"""

from collections.abc import Awaitable, Callable, Sequence

import trio

from tests.simulation.device import Device

__all__ = ["habit", "misfortune", "pause"]

Act = Callable[[Device], Awaitable[None]]


async def pause(device: Device, per_s: float) -> None:
    """Think for a while; while all are to be quiet, do nothing."""
    await trio.sleep(device.chance.expovariate(per_s))
    await device.around.may_act.wait()


def habit(device: Device, choices: Sequence[tuple[Act, int]]) -> Act:
    """Choose what to do next."""
    acts, weights = zip(*choices, strict=True)
    act: Act = device.chance.choices(acts, weights)[0]
    return act


async def misfortune(device: Device) -> None:
    """Now and then something happens to the connection."""
    kind = device.chance.choices(
        ("", "cut", "silent", "hang up", "slow", "bye", "leave"), (100, 4, 2, 3, 3, 1, 1)
    )[0]
    peer = device.peer
    if not kind or peer is None:
        return
    device.around.note(f"client: {kind}")
    match kind:
        case "cut":
            peer.line.cut()
        case "silent":
            device.fall_silent()
        case "hang up":
            await peer.hang_up()
        case "slow":
            device.is_slow = True
        case _:
            if kind == "leave":
                device.person.leave()
            await device.ask("bye", leave=kind == "leave")
    await trio.lowlevel.checkpoint()
