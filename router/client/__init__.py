"""Fairline from a Python program: bots, bridges and back ends, on trio or asyncio.

Owns: the list of what is public. Does not know: how any of it works.

    async with connect("https://chat.example", role="service", token=TOKEN, name="bot") as fairline:
        events = fairline.events()
        reply = await fairline.command("conversation.request", channel="chat", customer="c-1")
        async for event in events:
            ...

Needs the extra: ``pip install fairline[client]``.
"""

from router.client.connection import Fairline, Stopped, connect
from router.client.pending import Refused

__all__ = ["Fairline", "Refused", "Stopped", "connect"]
