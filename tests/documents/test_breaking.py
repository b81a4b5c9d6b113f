"""What counts as a break of a document: by examples on the real ones, and against a validator."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.documents.breaking import breaks

REFERENCE = Path(__file__).parents[2] / "docs/reference"
HTTP = json.loads((REFERENCE / "openapi.json").read_text(encoding="utf-8"))
SOCKET = json.loads((REFERENCE / "asyncapi.json").read_text(encoding="utf-8"))

Change = Callable[[dict[str, Any]], object]


def http(*path: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda document: walked(document, *path)


def walked(part: Any, *path: str) -> Any:  # noqa: ANN401 - JSON
    for name in path:
        part = part[name]
    return part


def schema(document: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = document["components"]["schemas"][name]
    return found


ASK = ("paths", "/v1/conversations", "post")
BROKEN: list[tuple[dict[str, Any], Change, str]] = [
    (HTTP, lambda d: d["paths"].pop("/v1/queues"), "GET /v1/queues: is gone"),
    (HTTP, lambda d: d["webhooks"].pop("offer.made"), "offer.made: is gone"),
    (HTTP, lambda d: schema(d, "ToldEnded")["properties"].pop("code"), "ToldEnded: code is gone"),
    (
        HTTP,
        lambda d: schema(d, "ToldEnded")["properties"]["customer"].update(type="integer"),
        "ToldEnded: customer was string, and is integer",
    ),
    (
        HTTP,
        lambda d: walked(d, *ASK)["parameters"].append(
            {"name": "x", "in": "query", "required": True, "schema": {"type": "string"}}
        ),
        "POST /v1/conversations: the parameter x must be there now",
    ),
    (
        HTTP,
        lambda d: walked(d, "paths", "/v1/agents", "get")["parameters"].pop(0),
        "GET /v1/agents: the parameter show is gone",
    ),
    (
        HTTP,
        lambda d: walked(d, *ASK, "responses").pop("201"),
        "POST /v1/conversations: the answer 201 is gone",
    ),
    (
        HTTP,
        lambda d: schema(d, "ConversationRequestBody")["required"].append("queue"),
        "ConversationRequestBody: queue must be there now",
    ),
    (
        HTTP,
        lambda d: schema(d, "ConversationRequestBody")["properties"].pop("topic"),
        "ConversationRequestBody: topic is gone",
    ),
    (
        HTTP,
        lambda d: schema(d, "ConversationRequestBody")["properties"]["body"].update(maxLength=80),
        "ConversationRequestBody: body maxLength is 80 now",
    ),
    (
        HTTP,
        lambda d: schema(d, "ConversationRequestBody")["properties"]["body"].update(minLength=1),
        "ConversationRequestBody: body minLength is 1 now",
    ),
    (
        HTTP,
        lambda d: schema(d, "AgentPresenceBody")["properties"]["show"]["enum"].remove("dnd"),
        "AgentPresenceBody: show does not take 'dnd' any longer",
    ),
    (
        HTTP,
        lambda d: schema(d, "AgentRow")["properties"]["since_at"].update(type="string"),
        "AgentRow: since_at was integer, and is string",
    ),
    (
        HTTP,
        lambda d: schema(d, "AgentRow")["required"].remove("show"),
        "AgentRow: show need not be there any longer",
    ),
    (
        HTTP,
        lambda d: schema(d, "Asked")["properties"]["position"]["anyOf"].append({"type": "string"}),
        "Asked: position may be string now",
    ),
    (
        SOCKET,
        lambda d: d["components"]["messages"].pop("ToServer.Rate"),
        "rate: is gone",
    ),
    (
        SOCKET,
        lambda d: schema(d, "FromServer.OfferNew")["properties"].pop("why"),
        "OfferNew: why is gone",
    ),
    (
        SOCKET,
        lambda d: schema(d, "ToServer.ConversationRequest")["properties"]["agent"]["anyOf"].pop(),
        "ConversationRequest: agent was null, and is string",
    ),
]
FINE: list[tuple[dict[str, Any], Change]] = [
    (HTTP, lambda d: d["paths"].update({"/v1/tea": {"get": {"responses": {"200": {}}}}})),
    (HTTP, lambda d: walked(d, *ASK, "responses").update({"410": {"description": "Gone."}})),
    (
        HTTP,
        lambda d: walked(d, *ASK)["parameters"].append(
            {"name": "x", "in": "query", "schema": {"type": "string"}}
        ),
    ),
    (HTTP, lambda d: schema(d, "AgentRow")["properties"].update(mood={"type": "string"})),
    (HTTP, lambda d: schema(d, "AgentRow")["required"].append("name")),
    (
        HTTP,
        lambda d: schema(d, "ConversationRequestBody")["properties"].update(
            mood={"type": "string"}
        ),
    ),
    (HTTP, lambda d: schema(d, "AgentPresenceBody")["properties"]["show"]["enum"].append("lunch")),
    (
        HTTP,
        lambda d: schema(d, "ConversationRequestBody")["properties"]["body"].update(maxLength=9000),
    ),
    (HTTP, lambda d: schema(d, "Asked").update(description="Other words.")),
    (
        SOCKET,
        lambda d: d["components"]["messages"].update(
            {"FromServer.Tea": {"name": "tea", "payload": {"type": "object"}}}
        ),
    ),
    (SOCKET, lambda d: schema(d, "FromServer.Error")["properties"].update(hint={"type": "string"})),
]


@pytest.mark.parametrize("document", [HTTP, SOCKET], ids=["http", "socket"])
def test_a_document_breaks_nothing_of_itself(document: dict[str, Any]) -> None:
    assert breaks(document, copy.deepcopy(document)) == []


@pytest.mark.parametrize(("document", "change", "says"), BROKEN, ids=[says for *_, says in BROKEN])
def test_what_breaks_is_told_once_with_its_name(
    document: dict[str, Any], change: Change, says: str
) -> None:
    after = copy.deepcopy(document)
    change(after)
    assert [str(one) for one in breaks(document, after)] == [says]


@pytest.mark.parametrize(("document", "change"), FINE)
def test_what_comes_on_top_breaks_nothing(document: dict[str, Any], change: Change) -> None:
    after = copy.deepcopy(document)
    change(after)
    assert after != document
    assert breaks(document, after) == []


# -- against a validator -----------------------------------------------------------------------

NAMES = st.sampled_from(["a", "b"])
LEAVES = st.one_of(
    st.builds(
        lambda least, more: {"type": "integer", "minimum": least, "maximum": least + more},
        st.integers(0, 2),
        st.integers(0, 2),
    ),
    st.just({"type": "integer"}),
    st.just({"type": "null"}),
    st.builds(lambda most: {"type": "string", "maxLength": most}, st.integers(0, 2)),
    st.builds(
        lambda words: {"enum": sorted(words)},
        st.sets(st.sampled_from(["", "x", "yy"]), min_size=1),
    ),
    st.just({}),
)


def wider(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.builds(
            lambda item, most: {"type": "array", "items": item, "maxItems": most},
            inner,
            st.integers(0, 2),
        ),
        st.builds(lambda arms: {"anyOf": arms}, st.lists(inner, min_size=1, max_size=2)),
        st.builds(
            lambda fields, needed: {
                "type": "object",
                "properties": fields,
                "required": sorted(needed & fields.keys()),
            },
            st.dictionaries(NAMES, inner, max_size=2),
            st.sets(NAMES),
        ),
    )


SCHEMAS = st.recursive(LEAVES, wider, max_leaves=4)
VALUES = st.recursive(
    st.one_of(st.none(), st.integers(-1, 5), st.sampled_from(["", "x", "yy", "zzz"])),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(NAMES, inner, max_size=2)),
    max_leaves=4,
)


def document(body: Any, answer: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    def content(one: object) -> dict[str, Any]:
        return {"content": {"application/json": {"schema": one}}}

    post = {"requestBody": content(body), "responses": {"200": content(answer)}}
    return {"openapi": "3.1.0", "paths": {"/v1/x": {"post": post}}, "components": {"schemas": {}}}


def has_only_known(schema: Any, value: Any) -> bool:  # noqa: ANN401 - JSON
    """Whether a value has no fields that its schema does not name: those were never sent."""
    if isinstance(value, dict):
        return all(
            name in schema.get("properties", {})
            and has_only_known(schema["properties"][name], inner)
            for name, inner in value.items()
        )
    if isinstance(value, list):
        return all(has_only_known(schema.get("items", {}), inner) for inner in value)
    return True


@settings(max_examples=100, deadline=None)
@given(SCHEMAS, SCHEMAS, st.lists(VALUES, min_size=4, max_size=8))
def test_where_nothing_is_told_requests_go_through_as_before(
    old: dict[str, Any], new: dict[str, Any], values: list[Any]
) -> None:
    if breaks(document(old, {}), document(new, {})):
        return
    was, now = jsonschema.Draft202012Validator(old), jsonschema.Draft202012Validator(new)
    for value in values:
        arms = old.get("anyOf", [old])
        if was.is_valid(value) and any(has_only_known(arm, value) for arm in arms):
            assert now.is_valid(value), value


@settings(max_examples=100, deadline=None)
@given(SCHEMAS, SCHEMAS, st.lists(VALUES, min_size=4, max_size=8))
def test_where_nothing_is_told_the_type_of_answers_is_one_that_was_sent_before(
    old: dict[str, Any], new: dict[str, Any], values: list[Any]
) -> None:
    if breaks(document({}, old), document({}, new)):
        return
    was, now = loose(old), jsonschema.Draft202012Validator(new)
    for value in values:
        if now.is_valid(value):
            assert jsonschema.Draft202012Validator(was).is_valid(value), value


def loose(part: Any) -> Any:  # noqa: ANN401 - JSON
    """A schema without sizes and words: in answers clients have to expect others."""
    if isinstance(part, dict):
        if "enum" in part:
            return {"type": "string"}
        sizes = {"minimum", "maximum", "maxLength", "maxItems"}
        return {name: loose(value) for name, value in part.items() if name not in sizes}
    return [loose(one) for one in part] if isinstance(part, list) else part
