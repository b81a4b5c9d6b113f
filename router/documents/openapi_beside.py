"""The paths beside the table of commands, for OpenAPI: audit, erasure, webhooks, rehearsals.

Owns: what the document says of them. Does not know: how any is served.

Invariant (tests/documents/test_openapi_beside.py): the document names every path that can be
called, and no other.
"""

from typing import Any, NamedTuple

import msgspec

from router.server.asked_for import INSTANTS
from router.server.exports import (
    ArchivePage,
    ArchiveQuery,
    ExportQuery,
    TranscriptPage,
    TranscriptQuery,
)
from router.server.hook_calls import Deliveries, DeliveriesQuery, Hooks, Replay, Replayed
from router.server.hook_sending import Tried
from router.server.records import AuditPage, TrailQuery
from router.server.rehearsal import Lent

__all__ = ["STRUCTS", "beside"]

_QUERY = {
    "actor": "Who did it, as role:id.",
    "target": "To whom or what, as customer:ID or conversation:ID.",
    "action": "What: history, assign, priority, policy and the like.",
    "since": "From this instant on, in ms since 1970, or as 2026-01-31 or 2026-01-31T12:00+01:00.",
    "until": "Up to this instant, without it.",
    "before": "The page behind the one whose `before` this is; `after` does the same.",
    "limit": "Lines at most, 1 to 1000; 100 unless told.",
    "after": "The `next` of the page before.",
    "purpose": "What it is for; one of the policy's where that has some.",
    "customer": "Of this customer alone.",
    "conversation": "Of this conversation alone.",
    "agent": "Of what this agent had last; not of the audit trail.",
    "queue": "Of this queue alone; not of ratings and the audit trail.",
}
_MEANT = {
    (DeliveriesQuery, "status"): "waiting, failed (not taken so far, or given up) or delivered.",
    (DeliveriesQuery, "limit"): "Deliveries at most, 1 to 500; 100 unless told.",
    (TranscriptQuery, "limit"): "Messages at most, 1 to 500; 100 unless told.",
    (ArchiveQuery, "purpose"): "Where words are told: what it is for; one of the policy's, if any.",
}
"""Where a name means something else."""


class _Path(NamedTuple):
    """One path and method."""

    method: str
    path: str
    name: str
    says: str
    status: str = "200"
    answer: Any = None
    body: Any = None
    later: str = ""
    query: Any = None
    lines: bool = False
    refusals: tuple[str, ...] = ("400", "401", "403", "429", "503")


_PATHS = (
    _Path(
        "get",
        "/v1/audit",
        "get_audit",
        "The audit trail, the newest first.",
        answer=AuditPage,
        query=TrailQuery,
    ),
    _Path(
        "delete",
        "/v1/customers/{customer}",
        "delete_customer",
        "Erase what is over of a customer.",
        status="204",
        later="The archive's disk takes nothing now; it follows.",
        refusals=("401", "403", "409", "429", "503", "504"),
    ),
    _Path(
        "get",
        "/v1/conversations/{conversation}/messages",
        "get_conversation_messages",
        "What was said in it, also long after its end; audited.",
        answer=TranscriptPage,
        query=TranscriptQuery,
        refusals=("400", "401", "403", "404", "429", "503", "504"),
    ),
    _Path(
        "get",
        "/v1/archive/{kind}",
        "get_archive",
        "What is kept of a kind (conversations, transcripts, assignments, ratings or audit), the"
        " oldest first; for services. Conversations, transcripts and ratings are audited.",
        answer=ArchivePage,
        query=ArchiveQuery,
        refusals=("400", "401", "403", "404", "429", "503", "504"),
    ),
    _Path(
        "get",
        "/v1/customers/{customer}/export",
        "get_customer_export",
        "All there is of a customer, a JSON object a line; for services, audited.",
        lines=True,
        query=ExportQuery,
        refusals=("400", "401", "403", "429", "503", "504"),
    ),
    _Path("get", "/v1/webhooks", "get_webhooks", "How each webhook stands.", answer=Hooks),
    _Path(
        "post",
        "/v1/webhooks/{hook}/replay",
        "post_webhook_replay",
        "Deliver once more what happened since.",
        answer=Replayed,
        body=Replay,
        refusals=("400", "401", "403", "404", "429", "503"),
    ),
    _Path(
        "post",
        "/v1/webhooks/{hook}/test",
        "post_webhook_test",
        "Send it an event of type `webhook.test` at once, once; what it answered.",
        answer=Tried,
        refusals=("401", "403", "404", "429", "503"),
    ),
    _Path(
        "get",
        "/v1/webhooks/{hook}/deliveries",
        "get_webhook_deliveries",
        "What was and is to be delivered in the last seven days, the newest first.",
        answer=Deliveries,
        query=DeliveriesQuery,
        refusals=("400", "401", "403", "404", "429", "503"),
    ),
    _Path(
        "post",
        "/v1/rehearsals",
        "post_rehearsal",
        "Lend the people of a conversation that is played through (fairline doctor).",
        status="201",
        answer=Lent,
    ),
)
STRUCTS = (AuditPage, TranscriptPage, ArchivePage, Hooks, Replayed, Replay, Tried, Deliveries, Lent)
"""Whose schemas the document needs."""


def beside() -> dict[str, dict[str, Any]]:
    """The paths, each with its methods."""
    found: dict[str, dict[str, Any]] = {}
    for one in _PATHS:
        found.setdefault(one.path, {})[one.method] = _operation(one)
    return found


def _parameters(query: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - a Struct's class
    """What it is asked by; ``purpose`` is needed where it has no default."""
    found = []
    for field in msgspec.structs.fields(query):
        told: dict[str, Any] = {
            "name": field.name,
            "in": "query",
            "description": _MEANT.get((query, field.name)) or _QUERY[field.name],
            "schema": _schema(field),
        }
        if field.required:
            told["required"] = True
        found.append(told)
    return found


def _schema(field: msgspec.structs.FieldInfo) -> dict[str, Any]:
    if field.name in INSTANTS:
        return {"anyOf": [{"type": "integer"}, {"type": "string"}]}
    return {"type": "integer" if field.type is int else "string"}


def _operation(one: _Path) -> dict[str, Any]:
    done: dict[str, Any] = {"description": "Done." if one.answer is None else "The answer."}
    if one.answer is not None:
        done["content"] = _json(one.answer)
    if one.lines:
        done = {
            "description": "A line each; `record` says of which kind it is.",
            "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
        }
    answers = {one.status: done}
    if one.later:
        answers["202"] = {"description": one.later}
    refusals = {
        code: {"$ref": f"#/components/responses/Refusal{code}"}
        for code in sorted((*one.refusals, "500"))
    }
    told: dict[str, Any] = {
        "operationId": one.name,
        "summary": one.says,
        "parameters": [
            *(
                {"name": part[1:-1], "in": "path", "required": True, "schema": {"type": "string"}}
                for part in one.path.split("/")
                if part.startswith("{")
            ),
            *(() if one.query is None else _parameters(one.query)),
        ],
        "responses": {**answers, **refusals},
    }
    if one.body is not None:
        told["requestBody"] = {"required": True, "content": _json(one.body)}
    return told


def _json(struct: Any) -> dict[str, Any]:  # noqa: ANN401 - a Struct's class
    schema = {"$ref": f"#/components/schemas/{struct.__name__}"}
    return {"application/json": {"schema": schema}}
