"""Opens and closes queues and brands on time: hours become commands in the journal.

Owns: when to look, and which commands are due. Does not know: what a closed queue does with people
(``router.opening``), or what a time zone is (``router.server.zones``).

Invariants (tests/server/test_openings.py): a command is sent only where the core's word differs
from the hours', so every node may do this; a zone that this machine does not know changes nothing.
"""

from collections.abc import Callable, Iterator, Mapping

import structlog
import trio

from router.commands import CloseBrand, CloseQueue, Command, OpenBrand, OpenQueue
from router.core import Router
from router.hours import Hours, HoursError, read_hours
from router.server.zones import has_zone, is_open, next_change_ms

__all__ = ["LOOK_MS", "Openings"]

LOOK_MS = 10_000
"""A look at least this often: policies change, wall clocks jump, and clocks are put back."""

_LOG = structlog.get_logger("fairline.openings")


class Openings:
    """The door-keeper of one node's tenants.

    Args:
        routers: The cores by tenant.
        submit: Puts a command on its way.
        now_ms: The journal's time.
    """

    def __init__(
        self,
        routers: Mapping[str, Router],
        submit: Callable[[str, Command], None],
        now_ms: Callable[[], int],
    ) -> None:
        self._routers = routers
        self._submit = submit
        self._now_ms = now_ms
        self._read: dict[str, Hours | None] = {}

    async def run(self) -> None:
        """Opens and closes on time, for ever."""
        while True:
            until_next_ms = self.look()
            await trio.sleep(until_next_ms / 1000)

    def look(self) -> int:
        """Sends what is due; returns for how many ms nothing more will be."""
        now_ms = self._now_ms()
        until_ms = now_ms + LOOK_MS
        for tenant, router in self._routers.items():
            for hours, is_closed, opening, closing in self._doors(router):
                if is_open(hours, now_ms) is is_closed:
                    self._submit(tenant, opening if is_closed else closing)
                until_ms = min(until_ms, next_change_ms(hours, now_ms))
        return until_ms - now_ms

    def _doors(self, router: Router) -> Iterator[tuple[Hours, bool, Command, Command]]:
        """What has hours: whether it is closed, and the commands to open and to close it."""
        world = router.world
        for queue in router.policy.queues:
            hours = self._known(queue.hours)
            if hours is not None:
                name = queue.id
                yield hours, name in world.closed_queues, OpenQueue(name), CloseQueue(name)
        for brand in router.policy.brands:
            hours = self._known(brand.hours)
            if hours is not None:
                name = brand.id
                yield hours, name in world.closed_brands, OpenBrand(name), CloseBrand(name)

    def _known(self, text: str) -> Hours | None:
        if text not in self._read:
            self._read[text] = _read(text)
        return self._read[text]


def _read(text: str) -> Hours | None:
    """The hours, or None where there are none or this machine cannot tell the time there."""
    if not text:
        return None
    try:
        hours = read_hours(text)
    except HoursError as error:
        _LOG.error("openings.bad_hours", error=str(error))
        return None
    if not has_zone(hours.zone):
        _LOG.error("openings.unknown_zone", zone=hours.zone)
        return None
    return hours
