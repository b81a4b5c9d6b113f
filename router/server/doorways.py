"""The addresses of a node, opened and served.

Owns: what stands before every visitor: the listener, TLS, limits, trusted proxies.
Does not know: what a visitor wants.
"""

from collections.abc import Sequence
from functools import partial

import structlog
import trio

from router.server.admission import Admission
from router.server.certificates import Certificate, TlsListener
from router.server.counters import Count
from router.server.front import FrontLimits, Handler, connections_possible, serve_front
from router.server.listening import listen
from router.server.proxies import Proxies, network
from router.server.settings import ServerSettings

__all__ = ["open_door"]

_LOG = structlog.get_logger("fairline.app")


async def open_door(
    server: ServerSettings,
    key: str,
    handler: Handler,
    doors: trio.Nursery,
    count: Count,
    certificate: Certificate | None = None,
) -> tuple[str, int]:
    """Opens the address under ``key`` and serves it, over TLS with a certificate; says where.

    Raises:
        SettingsError: It cannot be opened.
    """
    listeners: Sequence[trio.abc.Listener[trio.abc.Stream]]
    listeners = opened = await listen(getattr(server, key), f"server.{key}")
    if certificate is not None:
        listeners = [TlsListener(one, certificate) for one in opened]
    named = opened[0].socket.getsockname()
    limits = FrontLimits(connections_max=min(server.connections_max, connections_possible()))
    if limits.connections_max < server.connections_max:
        _LOG.warning("server.few_files", limit=limits.connections_max)
    await doors.start(
        partial(
            serve_front,
            listeners,
            limits,
            Admission(),
            handler,
            count,
            proxies=Proxies([network(text) for text in server.proxies]),
        )
    )
    return str(named[0]), int(named[1])
