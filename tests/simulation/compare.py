"""Holds what clients believe against what the core would tell them now.

Owns: when the two may be compared, and in what they must agree.
Does not know: how either came about.
"""

from typing import Any

import msgspec
import trio

from router import views
from router.ids import PersonKey
from router.server.app import Node
from router.server.links import Link
from tests.simulation.device import Device
from tests.simulation.view import Known
from tests.simulation.watch import Violation

__all__ = ["Comparison"]

Told = dict[str, Any]
HALF_DEAD_S = 1.0


class Comparison:
    """What is compared, and what was odd the last time."""

    def __init__(self) -> None:
        self.count = 0
        """Devices compared so far."""
        self._half_dead: dict[tuple[str, str], float] = {}

    def run(self, node: Node, devices: list[Device], *, has_settled: bool) -> None:
        """Compare all devices that have taken everything they were sent.

        Args:
            node: The server.
            devices: Everybody's.
            has_settled: Whether what is coalesced was sent too.

        Raises:
            Violation: a client believes something else than the truth.
        """
        links = {str(link.connection): link for link in node.hub.links}
        for device in devices:
            link = links.get(device.session)
            if link is None or not _has_everything(device, link):
                continue
            router = node.tenants.routers[device.person.tenant]
            state = views.welcome_state(router, PersonKey(device.person.key), {}, router.now_ms)
            told = msgspec.to_builtins(state)
            _compare_conversations(device, told, has_settled=has_settled)
            if device.person.role == "agent":
                _compare_agent(device, told)
            self.count += 1

    def look_at_connections(self, node: Node) -> None:
        """Nobody stays half dead: whom the core holds for connected is connected here.

        A connection that was hung up on before its welcome has a moment to end; a drain leaves all
        of them to the next start.

        Raises:
            Violation: somebody is.
        """
        if node.gateway.is_draining:
            return
        held = {
            (tenant, str(device))
            for tenant, router in node.tenants.routers.items()
            for person in router.world.people.everybody()
            for device in person.devices
        }
        here = {str(one._session.connection) for one in node.gateway._connections}
        odd = {(tenant, device) for tenant, device in held if device not in here}
        now = trio.current_time()
        self._half_dead = {one: self._half_dead.get(one, now) for one in sorted(odd)}
        stale = [one for one, since in self._half_dead.items() if now - since > HALF_DEAD_S]
        if stale and node.engine.waiting_since_ms() is None:
            raise Violation(f"connected in the core alone: {stale}")


def _has_everything(device: Device, link: Link) -> bool:
    peer = device.peer
    is_sent = peer is not None and peer.is_idle and not peer.line.is_silent
    return is_sent and not device.is_slow and not len(link.outbox)


def _compare_conversations(device: Device, told: Told, *, has_settled: bool) -> None:
    """A conversation that another device asked for may be unknown, and its beginning too."""
    if device.person.role == "supervisor":
        return
    view = device.view
    truth = {one["conversation"]: one for one in told["conversations"] if one["status"] != "ended"}
    for name, known in view.conversations.items():
        if name not in truth and not known.is_unsure:
            raise Violation(f"{device.name} believes in {name}, which is over or not theirs")
    has_others = len(device.person.devices) > 1 and device.person.role == "customer"
    for name, one in truth.items():
        believed = view.conversations.get(name)
        if believed is None and not has_others:
            raise Violation(f"{device.name} does not know of {name}: {one['status']}")
        if believed is not None and not believed.is_partial:
            _compare_one(device, believed, one, has_settled=has_settled)


def _compare_one(device: Device, believed: Known, one: Told, *, has_settled: bool) -> None:
    name = one["conversation"]
    found = (_plain(believed.status or one["status"]), believed.seq)
    if found != (_plain(one["status"]), one["seq"]):
        raise Violation(f"{device.name} believes {name} is {found}, the core {one}")
    if has_settled and one.get("position") and believed.position != one["position"]:
        raise Violation(
            f"{device.name} believes to be {believed.position} with {name},"
            f" the core says {one['position']}"
        )


def _compare_agent(device: Device, told: Told) -> None:
    offers = {offer["offer"]: offer["conversation"] for offer in told["offers"]}
    if device.view.offers != offers:
        raise Violation(f"{device.name} believes in offers {device.view.offers}, the core {offers}")
    for field in ("show", "effective", "load", "capacity", "reason"):
        if device.view.presence.get(field) != told["presence"].get(field):
            raise Violation(
                f"{device.name} believes {field} is {device.view.presence.get(field)},"
                f" the core says {told['presence'].get(field)}"
            )


def _plain(status: str) -> str:
    """A customer is not told whether somebody is being asked."""
    return "waiting" if status == "offered" else status
