"""What webhooks are posted, for OpenAPI: the one thing that this server calls, not answers.

Owns: what the document says of them. Does not know: when an event is told, or to whom.

Invariant (tests/documents/test_openapi_hooks.py): it has every event that may be told, and what is
told is as it stands there.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from router.documents.wording import describe
from router.server.hook_events import DATA
from router.server.service_figures import OUTCOMES

__all__ = ["STRUCTS", "describe_data", "envelopes", "webhooks"]

STRUCTS = tuple(dict.fromkeys(DATA.values()))
"""Whose schemas the document needs."""

_ENVELOPE: Mapping[str, tuple[str, str]] = {
    "tenant": ("string", "The name after `[tenants.` in the settings."),
    "position": ("integer", "Counts the commands of the tenant."),
    "place": ("integer", "Counts the events of one command."),
    "at": ("integer", "When it happened, in ms since 1970 UTC."),
}
_FIELDS: Mapping[str, str] = {
    "agent": "The agent's id.",
    "attempt": "How often it was offered.",
    "before": "What they were shown as.",
    "cause": "`requested`, `promoted`, `returned`, `transferred` or `step`.",
    "channel": "`chat`, `voice`, `email` or what else the queue takes.",
    "code": "What the agent noted at the end; may be empty.",
    "conversation": "The conversation's id.",
    "customer": "The customer's id.",
    "handled_ms": "From the first acceptance to the end.",
    "offer": "The offer's id.",
    "outcome": f"{', '.join(f'`{word}`' for word in OUTCOMES)}.",
    "queue": "The queue that it is or was in.",
    "reason": "Why.",
    "requeued": "It went back in line.",
    "score": "5 is best.",
    "show": "`available`, `busy`, `away`, `dnd` or `offline`.",
    "status": "`held`, `waiting` or `offered`.",
    "topic": "What it is about.",
    "waited_ms": "How long the customer waited.",
    "wrap_up_ms": "How long the wrap-up may last.",
}
_HEADERS: Mapping[str, str] = {
    "webhook-id": "The same at every try: what you have had you can leave out.",
    "webhook-timestamp": "Of this try, in seconds since 1970 UTC; refuse an old one.",
    "webhook-signature": "`v1,` and the signature, once for each secret; see Standard Webhooks.",
}
_ANSWERS: Mapping[str, str] = {
    "2XX": "You have it. Answer within ten seconds, before the work.",
    "410": "You do not want it: it is given up at once.",
    "4XX": "It is tried again for about a day, and the others go on.",
    "5XX": "All of them wait, at most five minutes at a time.",
}


def webhooks() -> dict[str, Any]:
    """By the name of each event what is posted."""
    return {kind: {"post": _posted(kind)} for kind in DATA}


def envelopes() -> dict[str, Any]:
    """The schema of each body, by its name."""
    return {_name(kind): _envelope(kind) for kind in DATA}


def describe_data(components: Mapping[str, Any]) -> None:
    """Gives each field of what an event carries its sentence."""
    for struct in STRUCTS:
        properties = components[struct.__name__]["properties"]
        for field in msgspec.structs.fields(struct):
            describe(properties, field.encode_name, _FIELDS[field.encode_name])


def _posted(kind: str) -> dict[str, Any]:
    body = {"schema": {"$ref": f"#/components/schemas/{_name(kind)}"}}
    return {
        "operationId": f"hook_{kind.replace('.', '_')}",
        "summary": _says(kind),
        "security": [],
        "parameters": [
            {
                "name": name,
                "in": "header",
                "required": True,
                "description": says,
                "schema": {"type": "string"},
            }
            for name, says in _HEADERS.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": body}},
        "responses": {code: {"description": says} for code, says in _ANSWERS.items()},
    }


def _envelope(kind: str) -> dict[str, Any]:
    fields: dict[str, Any] = {
        name: {"type": of, "description": says} for name, (of, says) in _ENVELOPE.items()
    }
    data = {"$ref": f"#/components/schemas/{DATA[kind].__name__}"}
    return {
        "title": _name(kind),
        "description": _says(kind),
        "type": "object",
        "properties": {"type": {"enum": [kind]}, **fields, "data": data},
        "required": ["type", *fields, "data"],
    }


def _says(kind: str) -> str:
    if kind == "webhook.test":
        return "Somebody tries the hook."
    if kind == "policy.changed":
        return "Another policy is in force; `GET /v1/policy` has it."
    return " ".join((DATA[kind].__doc__ or "").split())


def _name(kind: str) -> str:
    """``conversation.wrap_up`` is ``HookConversationWrapUp``."""
    return "".join(["Hook", *(word.title() for word in kind.replace("_", ".").split("."))])
