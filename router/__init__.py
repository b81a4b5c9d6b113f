"""Fairline: presence and routing for contact centres.

A module directly under ``router/`` is pure: it decides, and neither reads a clock nor touches a
file or a socket. ``router.core`` composes these parts into one deterministic state machine for
each tenant: ``Router.apply(command, now_ms)`` returns events.

A package below ``router/`` may touch the world. ``router.journal`` puts commands into one durable
order, ``router.server`` holds the sockets and drives the core, ``router.web`` is what browsers get.

Start reading at ``router/core.py`` for what Fairline decides, and at ``router/server/app.py`` for
how a running server is put together (``router/server/running.py``: how it starts and stops).
"""

__version__ = "0.1.0"
