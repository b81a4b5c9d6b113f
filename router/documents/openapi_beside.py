"""The paths beside the table of commands, for OpenAPI: audit, erasure, webhooks, rehearsals.

Owns: what the document says of them. Does not know: how any is served.

Invariant (tests/documents/test_openapi_beside.py): the document names every path that can be
called, and no other.
"""

from typing import Any, NamedTuple

import msgspec

from router.server.hook_calls import Hooks, Replay, Replayed
from router.server.records import AuditPage, TrailQuery
from router.server.rehearsal import Lent

__all__ = ["STRUCTS", "beside"]

_QUERY = {
    "actor": "Who did it, as role:id.",
    "target": "To whom or what, as customer:ID or conversation:ID.",
    "action": "What: history, assign, priority, policy and the like.",
    "since": "From this instant on, in ms since 1970.",
    "until": "Up to this instant, without it.",
    "before": "The page behind the one whose `before` this is; `after` does the same.",
    "after": "The `next` of the page before.",
    "limit": "Lines at most, 1 to 1000; 100 unless told.",
}


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
    refusals: tuple[str, ...] = ("400", "401", "403", "429", "500", "503")


_PATHS = (
    _Path("get", "/v1/audit", "get_audit", "The audit trail, the newest first.", answer=AuditPage),
    _Path(
        "delete",
        "/v1/customers/{customer}",
        "delete_customer",
        "Erase what is over of a customer.",
        status="204",
        later="The archive's disk takes nothing now; it follows.",
        refusals=("401", "403", "409", "429", "500", "503", "504"),
    ),
    _Path("get", "/v1/webhooks", "get_webhooks", "How each webhook stands.", answer=Hooks),
    _Path(
        "post",
        "/v1/webhooks/{hook}/replay",
        "post_webhook_replay",
        "Deliver once more what happened since.",
        answer=Replayed,
        body=Replay,
        refusals=("400", "401", "403", "404", "429", "500", "503"),
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
STRUCTS = (AuditPage, Hooks, Replayed, Replay, Lent)
"""Whose schemas the document needs."""


def beside() -> dict[str, dict[str, Any]]:
    """The paths, each with its methods."""
    found: dict[str, dict[str, Any]] = {}
    for one in _PATHS:
        found.setdefault(one.path, {})[one.method] = _operation(one)
    found["/v1/audit"]["get"]["parameters"] = [
        {
            "name": field.name,
            "in": "query",
            "description": _QUERY[field.name],
            "schema": {"type": "integer" if field.type is int else "string"},
        }
        for field in msgspec.structs.fields(TrailQuery)
    ]
    return found


def _operation(one: _Path) -> dict[str, Any]:
    done: dict[str, Any] = {"description": "Done." if one.answer is None else "The answer."}
    if one.answer is not None:
        done["content"] = _json(one.answer)
    answers = {one.status: done}
    if one.later:
        answers["202"] = {"description": one.later}
    refusals = {code: {"$ref": f"#/components/responses/Refusal{code}"} for code in one.refusals}
    told: dict[str, Any] = {
        "operationId": one.name,
        "summary": one.says,
        "parameters": [
            {"name": part[1:-1], "in": "path", "required": True, "schema": {"type": "string"}}
            for part in one.path.split("/")
            if part.startswith("{")
        ],
        "responses": {**answers, **refusals},
    }
    if one.body is not None:
        told["requestBody"] = {"required": True, "content": _json(one.body)}
    return told


def _json(struct: Any) -> dict[str, Any]:  # noqa: ANN401 - a Struct's class
    schema = {"$ref": f"#/components/schemas/{struct.__name__}"}
    return {"application/json": {"schema": schema}}
