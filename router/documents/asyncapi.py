"""AsyncAPI 3 of the socket, from the Structs that it speaks.

Owns: the document. Does not know: how a message is answered.

Invariant (tests/documents/test_asyncapi.py): the official parser accepts it; it has every message
of both directions.
"""

from typing import Any, get_args

from router import __version__, incoming, outgoing
from router.documents.protocol_reference import parts as protocol_parts
from router.documents.settings_words import WORDS
from router.documents.wire_schema import wire_schema
from router.documents.wording import add_words, portable

__all__ = ["asyncapi"]

_DIRECTIONS = {"incoming": incoming.Incoming, "outgoing": outgoing.Outgoing}


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
        "channels": {
            "socket": {
                "address": "/v1/socket",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
            }
        },
        "operations": {
            "sendToServer": _operation("send", "incoming"),
            "receiveFromServer": _operation("receive", "outgoing"),
        },
        "components": {"messages": messages, "schemas": schemas},
    }


def _operation(action: str, direction: str) -> dict[str, Any]:
    names = [_key(direction, message.__name__) for message in get_args(_DIRECTIONS[direction])]
    return {
        "action": action,
        "channel": {"$ref": "#/channels/socket"},
        "messages": [{"$ref": f"#/channels/socket/messages/{name}"} for name in names],
    }


def _messages(direction: str) -> dict[str, Any]:
    found = {}
    for message in get_args(_DIRECTIONS[direction]):
        key = _key(direction, message.__name__)
        words = (message.__doc__ or "").strip().splitlines()
        found[key] = {
            "name": message.__struct_config__.tag,
            "title": message.__struct_config__.tag,
            "summary": words[0] if words else "",
            "payload": {"$ref": f"#/components/schemas/{key}"},
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
    if isinstance(part, dict):
        return {
            name: f"#/components/schemas/{_key(direction, value.rsplit('/', 1)[1])}"
            if name == "$ref"
            else _marked(value, direction)
            for name, value in part.items()
        }
    return [_marked(one, direction) for one in part] if isinstance(part, list) else part


def _key(direction: str, name: str) -> str:
    return f"{'ToServer' if direction == 'incoming' else 'FromServer'}.{name}"
