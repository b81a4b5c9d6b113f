"""OpenAPI 3.1 of the HTTP surface, from the table that serves it.

Owns: the document. Does not know: how an operation is done.

Invariants (tests/documents/test_openapi.py, test_openapi_live.py): the official validator accepts
it; it has exactly the operations of ``router.server.rest``, what staff keep for themselves, what
stands beside, what pages call, what webhooks get; a live node answers each as it stands there.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from router import __version__, outgoing
from router.documents import openapi_hooks, openapi_open
from router.documents.http_words import HTTP_WORDS
from router.documents.openapi_beside import STRUCTS, beside
from router.documents.protocol_reference import messages, parts
from router.documents.settings_words import WORDS
from router.documents.wording import add_words, describe, portable
from router.server import preference_calls
from router.server.own_share import OWN_SHARE
from router.server.rest import OPERATIONS, Operation
from router.shares import OwnShare

__all__ = ["openapi"]

_TAKEN = {"op", "id", "t"}
_ERRORS = {
    "400": "The request is wrong; `msg` names where.",
    "401": "No token, or one that is not accepted.",
    "403": "Not for this caller.",
    "404": "There is no such thing.",
    "409": "It does not go with how things are now.",
    "429": "Too many at once, or more than a limit of the policy.",
    "500": "Our fault, it is in the log; the body may be plain text.",
    "503": "Not now.",
    "504": "Nobody knows yet: ask again with the same key.",
}
_OF_READS = ("400", "401", "403", "404", "429", "500", "503")
_LATER = {"Retry-After": {"description": "Seconds to wait, where that helps."}}
_HEADERS: Mapping[str, Mapping[str, Any]] = {
    "401": {"WWW-Authenticate": {"description": "`Bearer`."}},
    "429": _LATER,
    "500": _LATER,
    "503": _LATER,
    "504": _LATER,
}
_TAG = {"ETag": {"description": "The version, for `If-Match`.", "schema": {"type": "string"}}}


def openapi() -> dict[str, Any]:
    """The document, ready to be encoded as JSON."""
    answers = [one.answer for one in OPERATIONS if one.answer is not None]
    commands = [one.message for one in OPERATIONS if one.read is None]
    _, components = msgspec.json.schema_components(
        [
            *(*answers, *commands, *STRUCTS, *openapi_open.STRUCTS, *openapi_hooks.STRUCTS),
            *(preference_calls.Preference, OwnShare, outgoing.Error),
        ],
        ref_template="#/components/schemas/{name}",
    )
    add_words(components, (*commands, *parts(), *messages("from-server").values(), *WORDS))
    for name, words in HTTP_WORDS.items():
        properties = components.get(name, {}).get("properties", {})
        for field in words.keys() & properties.keys():
            describe(properties, field, words[field])
    openapi_hooks.describe_data(components)
    bodies = {_body_name(one): _body(one, components) for one in OPERATIONS if one.read is None}
    for one in OPERATIONS:
        if one.read is None:
            components.pop(one.message.__name__, None)
    paths: dict[str, Any] = {}
    for one in OPERATIONS:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one)
    paths[preference_calls.PATH] = _preferences()
    paths[OWN_SHARE] = _own_share()
    for path, methods in (beside() | openapi_open.open_paths()).items():
        paths.setdefault(path, {}).update(methods)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Fairline",
            "version": __version__,
            "summary": "Conversations, agents, queues and policy, for back ends.",
            "license": {"name": "See the package"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "webhooks": openapi_hooks.webhooks(),
        "components": {
            "schemas": portable({**components, **bodies, **openapi_hooks.envelopes()}),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
            "responses": {f"Refusal{code}": _refused(code, text) for code, text in _ERRORS.items()},
        },
    }


def _preferences() -> dict[str, Any]:
    """What staff keep for themselves: no command, so no row of the table."""
    document = {"$ref": "#/components/schemas/Preference"}
    done: dict[str, Any] = {"204": {"description": "Done."}}
    found: dict[str, Any] = {
        "parameters": [
            {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
        ]
    }
    refusals = {
        code: {"$ref": f"#/components/responses/Refusal{code}"}
        for code in ("400", "401", "403", "429", "500", "503")
    }
    for method, says in preference_calls.METHODS.items():
        answer = {
            "200": {"description": "The answer.", "content": _json(document), "headers": _TAG}
        }
        found[method] = {
            "operationId": f"{method}_preference",
            "summary": says,
            "responses": {**(answer if method == "get" else done), **refusals},
        }
    found["put"]["responses"]["204"] = {"description": "Done.", "headers": _TAG}
    found["put"]["parameters"] = [_IF_MATCH]
    found["put"]["responses"]["412"] = _changed_meanwhile()
    found["put"]["requestBody"] = {"required": True, "content": _json({})}
    return found


def _own_share() -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/OwnShare"}
    answers: dict[str, Any] = {"200": {"description": "The answer.", "content": _json(schema)}}
    refusals = {
        code: {"$ref": f"#/components/responses/Refusal{code}"}
        for code in ("401", "403", "404", "429", "500", "503")
    }
    told = {
        "operationId": "get_own_share",
        "summary": "What you were offered and did in 30 minutes, beside your equals.",
        "responses": {**answers, **refusals},
    }
    return {"get": told}


def _operation(one: Operation) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": _name(one),
        "summary": one.says,
        "parameters": [*_path_parameters(one), *_query_parameters(one)],
        "responses": {
            **_success(one),
            **{
                code: {"$ref": f"#/components/responses/Refusal{code}"}
                for code in (_ERRORS if one.read is None else _OF_READS)
            },
        },
    }
    if one.is_keyed:
        told["parameters"].append(_KEY)
    if one.path == "/v1/policy":
        _note_tags(told, one)
    if one.read is None:
        reference = {"$ref": f"#/components/schemas/{_body_name(one)}"}
        told["requestBody"] = {"required": True, "content": _json(reference)}
    return told


def _note_tags(told: dict[str, Any], one: Operation) -> None:
    """The policy has tags, so that two who change it do not overwrite each other."""
    told["responses"]["200"]["headers"] = {
        "ETag": {"description": "Of the policy in force.", "schema": {"type": "string"}}
    }
    if one.method == "PUT":
        told["parameters"].append(_IF_MATCH)
        told["responses"]["412"] = _changed_meanwhile()


def _changed_meanwhile() -> dict[str, Any]:
    said = "It was changed elsewhere meanwhile: read it again."
    return {"description": said, "content": _json(_refusal())}


def _success(one: Operation) -> dict[str, Any]:
    if one.answer is None:
        return {"204": {"description": "Done."}}
    schema = _answer_schema(one.answer)
    found: dict[str, Any] = {"description": "The answer.", "content": _json(schema)}
    if one.read is not None or one.answer.__name__ == "Changed":
        return {"200": found}
    if one.answer.__name__ == "Asked":
        return {"201": found, "200": {**found, "description": "It joined one that is in line."}}
    return {"201": found}


def _answer_schema(answer: Any) -> dict[str, Any]:  # noqa: ANN401 - a Struct or a union of some
    (schema,), _ = msgspec.json.schema_components(
        [answer], ref_template="#/components/schemas/{name}"
    )
    found: dict[str, Any] = schema
    return found


def _path_parameters(one: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", one.path)
    ]


def _query_parameters(one: Operation) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "query",
            "description": text,
            "schema": {"type": "integer"} if name == "limit" else {"type": "string"},
        }
        for name, text in one.query.items()
    ]


def _body(one: Operation, components: dict[str, Any]) -> dict[str, Any]:
    """The command's schema without what comes from the path and the key."""
    schema = components[one.message.__name__]
    if one.whole:
        found: dict[str, Any] = schema["properties"][one.whole]
        return found
    apart = {*_TAKEN, *re.findall(r"{(\w+)}", one.path)}
    return {
        "title": _body_name(one),
        "type": "object",
        "description": schema.get("description", ""),
        "properties": {
            name: part for name, part in schema["properties"].items() if name not in apart
        },
        "required": [name for name in schema["required"] if name not in apart],
    }


def _body_name(one: Operation) -> str:
    return f"{one.message.__name__}Body"


def _name(one: Operation) -> str:
    words = [part.strip("{}") for part in one.path.removeprefix("/v1/").split("/")]
    return "_".join([one.method.lower(), *words])


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _refused(code: str, says: str) -> dict[str, Any]:
    content = _json(_refusal())
    if code == "500":
        content["text/plain"] = {"schema": {"type": "string"}}
    headers = {
        name: {"schema": {"type": "integer" if name == "Retry-After" else "string"}, **told}
        for name, told in _HEADERS.get(code, {}).items()
    }
    return {"description": says, "content": content, **({"headers": headers} if headers else {})}


def _refusal() -> dict[str, Any]:
    error = {"$ref": "#/components/schemas/Error"}
    return {"type": "object", "properties": {"err": error}, "required": ["err"]}


_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "description": "The `ETag` of what is changed: 412 where that is not the newest.",
    "schema": {"type": "string"},
}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "Made by the caller, at most 64 characters: the same key does it once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 64},
}
