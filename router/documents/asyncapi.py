"""AsyncAPI 3 of the socket, from the Structs that it speaks; a client's point of view.

Owns: the document. Does not know: how a message is answered.

Invariants (tests/documents/test_asyncapi.py): the official parser accepts it; it has every message
of both directions with an example, and for every command what answers it.
"""

from collections.abc import Mapping
from typing import Any, get_args

from router import __version__, incoming, outgoing
from router.documents import examples
from router.documents.protocol_reference import parts as protocol_parts
from router.documents.settings_words import WORDS
from router.documents.wire_schema import wire_schema
from router.documents.wording import add_words, portable

__all__ = ["asyncapi"]

_DIRECTIONS = {"incoming": incoming.Incoming, "outgoing": outgoing.Outgoing}
_EXAMPLES = {"incoming": examples.TO_SERVER, "outgoing": examples.FROM_SERVER}
_SOCKET = {"$ref": "#/channels/socket"}
_ANSWERS: Mapping[str, tuple[str, ...]] = {"hello": ("Welcome", "Reply"), "activity": ()}
"""What answers a command, where that is not a reply alone."""


def asyncapi() -> dict[str, Any]:
    """The document, ready to be encoded as JSON."""
    messages: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for direction in _DIRECTIONS:
        schemas |= _schemas(direction)
        messages |= _messages(direction)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Fairline's socket",
            "version": __version__,
            "description": (
                "WebSocket at /v1/socket, subprotocols fairline.v1.json and fairline.v1.msgpack. "
                "A client sends hello first; every command but activity gets one reply."
            ),
        },
        "defaultContentType": "application/json",
        "servers": {
            "tls": _server("wss", "chat.example"),
            "plain": _server("ws", "127.0.0.1:8080"),
        },
        "channels": {
            "socket": {
                "address": "/v1/socket",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
                "bindings": {"ws": {"method": "GET", "query": _QUERY, "bindingVersion": "0.1.0"}},
            }
        },
        "operations": _commands() | {"events": _events()},
        "components": {
            "messages": messages,
            "schemas": schemas,
            "securitySchemes": {"token": _TOKEN},
        },
    }


_TOKEN = {
    "type": "apiKey",
    "in": "password",
    "description": "A JWT as `token` of `hello`; never in the address or a header of the upgrade.",
}
_QUERY = {
    "type": "object",
    "properties": {
        "tenant": {"type": "string", "description": "Whose list of origins counts (balancers)."}
    },
}


def _server(protocol: str, host: str) -> dict[str, Any]:
    return {
        "host": "{host}",
        "protocol": protocol,
        "variables": {"host": {"default": host, "description": "Where your server is."}},
        "security": [{"$ref": "#/components/securitySchemes/token"}],
    }


def _commands() -> dict[str, Any]:
    """One operation for each message to the server, with what answers it."""
    found: dict[str, Any] = {}
    for message in get_args(incoming.Incoming):
        tag = str(message.__struct_config__.tag)
        found[tag] = {
            "action": "send",
            "channel": _SOCKET,
            "summary": _summary(message),
            "messages": [_listed("incoming", message.__name__)],
        }
        answers = _ANSWERS.get(tag, ("Reply",))
        if answers:
            listed = [_listed("outgoing", name) for name in answers]
            found[tag]["reply"] = {"channel": _SOCKET, "messages": listed}
    return found


def _events() -> dict[str, Any]:
    """Everything that comes from the server unasked."""
    named = [one.__name__ for one in get_args(outgoing.Outgoing)]
    events = [name for name in named if name not in ("Reply", "Welcome")]
    return {
        "action": "receive",
        "channel": _SOCKET,
        "summary": "What happens, in the journal's order.",
        "messages": [_listed("outgoing", name) for name in events],
    }


def _listed(direction: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/channels/socket/messages/{_key(direction, name)}"}


def _summary(message: type) -> str:
    return ((message.__doc__ or "").strip().splitlines() or [""])[0]


def _messages(direction: str) -> dict[str, Any]:
    found = {}
    for message in get_args(_DIRECTIONS[direction]):
        key, tag = _key(direction, message.__name__), str(message.__struct_config__.tag)
        numbered = {"id": 2} if direction == "incoming" and tag != "activity" else {}
        found[key] = {
            "name": tag,
            "title": tag,
            "summary": _summary(message),
            "payload": {"$ref": f"#/components/schemas/{key}"},
            "examples": [{"payload": {"t": tag, **numbered, **_EXAMPLES[direction][tag]}}],
        }
    return found


def _schemas(direction: str) -> dict[str, Any]:
    """The direction's schemas, their names marked by it: both have a ``Typing``."""
    parts = wire_schema(direction)["$defs"]
    add_words(parts, (*get_args(_DIRECTIONS[direction]), *protocol_parts(), *WORDS))
    return {
        _key(direction, name): _marked(portable(part), direction) for name, part in parts.items()
    }


def _marked(part: Any, direction: str) -> Any:  # noqa: ANN401 - JSON
    """With the names as they are here, and without OpenAPI's way to tell the arms of a union."""
    if isinstance(part, dict):
        return {
            name: f"#/components/schemas/{_key(direction, value.rsplit('/', 1)[1])}"
            if name == "$ref"
            else _marked(value, direction)
            for name, value in part.items()
            if name != "discriminator" or "propertyName" not in value
        }
    return [_marked(one, direction) for one in part] if isinstance(part, list) else part


def _key(direction: str, name: str) -> str:
    return f"{'ToServer' if direction == 'incoming' else 'FromServer'}.{name}"
