"""One conversation by a client that shares nothing with the server: asyncio and ``websockets``.

Usage: ``python asyncio_chat.py PORT AGENT_TOKEN CUSTOMER_TOKEN``; prints what each side got.
"""

import asyncio
import json
import sys
from typing import Any

import msgpack
import websockets

MSGPACK = websockets.Subprotocol("fairline.v1.msgpack")
JSON = websockets.Subprotocol("fairline.v1.json")


class Side:
    """An agent with MessagePack, or a customer with JSON."""

    def __init__(self, socket: websockets.ClientConnection, *, is_text: bool) -> None:
        self.socket = socket
        self.is_text = is_text
        self.number = 0

    async def send(self, kind: str, **fields: object) -> int:
        self.number += 1
        message = {"t": kind, "id": self.number, **fields}
        await self.socket.send(json.dumps(message) if self.is_text else msgpack.packb(message))
        return self.number

    async def until(self, kind: str, **fields: object) -> dict[str, Any]:
        while True:
            frame = await asyncio.wait_for(self.socket.recv(), 10)
            message = json.loads(frame) if self.is_text else msgpack.unpackb(frame)
            if message["t"] == kind and fields.items() <= message.items():
                return dict(message)

    async def ok(self, kind: str, **fields: object) -> dict[str, Any]:
        return await self.until("reply", id=await self.send(kind, **fields), ok=True)


async def talk(port: int, agent_token: str, customer_token: str) -> list[str]:
    url = f"ws://127.0.0.1:{port}/v1/socket"
    async with (
        websockets.connect(
            url, subprotocols=[websockets.Subprotocol("fairline.v1.msgpack")]
        ) as agent_socket,
        websockets.connect(
            url, subprotocols=[websockets.Subprotocol("fairline.v1.json")]
        ) as customer_socket,
    ):
        agent = Side(agent_socket, is_text=False)
        customer = Side(customer_socket, is_text=True)
        await agent.send("hello", token=agent_token, role="agent", client={"name": "t"})
        await agent.until("welcome")
        await customer.send("hello", token=customer_token, role="customer", client={"name": "t"})
        await customer.until("welcome")
        await agent.ok("presence.set", show="available")
        asked = await customer.ok("conversation.request", op="r", channel="chat", body="Hello?")
        chat = asked["conversation"]
        offer = await agent.until("offer.new", conversation=chat)
        await agent.ok("offer.accept", offer=offer["offer"])
        await customer.until("conversation.assigned", conversation=chat)
        await agent.ok("message.send", conversation=chat, op="m", body="Grüß Gott ✓")
        message = await customer.until("message", conversation=chat)
        await agent.ok("conversation.end", conversation=chat)
        ended = await customer.until("conversation.ended", conversation=chat)
        await customer.ok("bye", leave=True)
        await customer_socket.wait_closed()
        return [message["body"], ended["reason"], str(customer_socket.close_code)]


if __name__ == "__main__":
    said = asyncio.run(talk(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
    sys.stdout.write(json.dumps(said))
