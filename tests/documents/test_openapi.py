"""OpenAPI of the HTTP surface."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from openapi_spec_validator import validate
from openapi_spec_validator.validation.exceptions import OpenAPIValidationError
from referencing.exceptions import PointerToNowhere

from router.documents.openapi import openapi
from router.documents.openapi_beside import beside
from router.documents.openapi_open import open_paths
from router.server import preference_calls
from router.server.own_share import OWN_SHARE
from router.server.rest import OPERATIONS


def test_the_official_validator_accepts_it() -> None:
    validate(json.loads(msgspec.json.encode(openapi())))


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["paths"]["/v1/agents/{agent}"]["get"].update(parameters=[]),
        lambda d: d["paths"]["/v1/queues"]["get"].update(operationId="get_policy"),
        lambda d: d["components"]["schemas"].pop("Error"),
    ],
    ids=["a path's name is nowhere", "two of one name", "a reference into the void"],
)
def test_the_official_validator_refuses_what_is_broken(
    change: Callable[[dict[str, Any]], object],
) -> None:
    document = json.loads(msgspec.json.encode(openapi()))
    change(document)
    with pytest.raises((OpenAPIValidationError, PointerToNowhere)):
        validate(document)


def test_it_has_exactly_what_is_served() -> None:
    told = {
        (method.upper(), path)
        for path, methods in openapi()["paths"].items()
        for method in methods
        if method != "parameters"
    }
    served = {(operation.method, operation.path) for operation in OPERATIONS}
    own = {(method.upper(), preference_calls.PATH) for method in preference_calls.METHODS}
    others = {(method.upper(), path) for path, methods in beside().items() for method in methods}
    pages = {(method.upper(), path) for path, told in open_paths().items() for method in told}
    assert told == served | own | {("GET", OWN_SHARE)} | others | pages


def test_the_body_has_nothing_that_the_path_or_the_key_says() -> None:
    schemas = openapi()["components"]["schemas"]
    assert not {"op", "id", "t"} & schemas["ConversationRequestBody"]["properties"].keys()
    assert schemas["ConversationRequestBody"]["required"] == ["channel"]
    assert schemas["ConversationTransferBody"]["properties"].keys() == {"to", "note"}


def test_what_creates_something_needs_a_key() -> None:
    paths = openapi()["paths"]
    keyed = paths["/v1/conversations"]["post"]["parameters"]
    assert [one["name"] for one in keyed if one["required"]] == ["Idempotency-Key"]
    assert (
        paths["/v1/conversations/{conversation}/cancel"]["post"]["parameters"][-1]["in"] == "path"
    )
