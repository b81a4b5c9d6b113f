"""The paths that pages of a site call without a token, for OpenAPI: opening, visitors, proofs.

Owns: what the document says of them. Does not know: how any is served.

Invariant (tests/documents/test_openapi_open.py): it has exactly what ``router.server.site_calls``
serves.
"""

from typing import Any

from router.server.doors import Door
from router.server.proofs import MintedCustomer
from router.server.site_calls import NotGiven, ProofRequest, VisitorRequest
from router.server.visitors import MintedVisitor

__all__ = ["STRUCTS", "open_paths"]

STRUCTS = (Door, VisitorRequest, MintedVisitor, ProofRequest, MintedCustomer, NotGiven)
"""Whose schemas the document needs."""

_WHY = {
    "400": "The body is not what is expected.",
    "401": "The tenant takes none, or the proof does not count.",
    "403": "This origin may not have customers of the tenant.",
    "404": "There is no such tenant, or no such queue.",
    "429": "Too many new customers from this address.",
}
_LATER = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}


def open_paths() -> dict[str, dict[str, Any]]:
    """The paths, each with its method."""
    opening = _told(
        "get_opening", "Whether a queue takes customers now, and how long they would wait.", Door
    )
    opening["parameters"] = [
        _parameter("tenant", "Whose queue.", is_needed=True),
        _parameter("queue", "Which queue; left out: the first that takes `chat`."),
    ]
    opening["responses"] |= _refused("403", "404")
    visitors = _told("post_visitor", "A token for an anonymous customer.", MintedVisitor)
    visitors["requestBody"] = {"required": True, "content": _content(VisitorRequest)}
    visitors["responses"] |= _refused("400", "401", "403", "404", "429")
    proofs = _told("post_proof", "A token for a customer whose id is proven.", MintedCustomer)
    proofs["requestBody"] = {"required": True, "content": _content(ProofRequest)}
    proofs["responses"] |= _refused("400", "401", "403", "404")
    return {
        "/v1/opening": {"get": opening},
        "/v1/visitors": {"post": visitors},
        "/v1/proofs": {"post": proofs},
    }


def _told(name: str, says: str, answer: type) -> dict[str, Any]:
    return {
        "operationId": name,
        "summary": says,
        "security": [],
        "responses": {"200": {"description": "The answer.", "content": _content(answer)}},
    }


def _refused(*codes: str) -> dict[str, Any]:
    return {
        code: {
            "description": _WHY[code],
            "content": _content(NotGiven),
            **({"headers": _LATER} if code == "429" else {}),
        }
        for code in codes
    }


def _parameter(name: str, says: str, *, is_needed: bool = False) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": is_needed,
        "description": says,
        "schema": {"type": "string"},
    }


def _content(struct: type) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{struct.__name__}"}
    return {"application/json": {"schema": schema}}
