"""What the document says of webhooks, beside what a live node posts."""

from typing import Any, get_args

import jsonschema
import msgspec

from router.documents.openapi import openapi
from router.documents.openapi_hooks import STRUCTS, envelopes, webhooks
from router.server.sections import HookKind
from tests.documents.test_openapi_live import strict
from tests.helpers.nodes import node_settings, open_node
from tests.helpers.receivers import receiver
from tests.server.test_hook_calls import ask, bearer
from tests.server.test_webhooks import hook, hooking, serve_one, until_kind

DOCUMENT: dict[str, Any] = strict(msgspec.json.decode(msgspec.json.encode(openapi())))


def judge_of(kind: str) -> jsonschema.Draft202012Validator:
    """Takes what may be posted of one kind, and nothing else."""
    body = DOCUMENT["webhooks"][kind]["post"]["requestBody"]["content"]["application/json"]
    return jsonschema.Draft202012Validator({**body["schema"], "components": DOCUMENT["components"]})


def test_every_event_that_may_be_told_is_there() -> None:
    assert DOCUMENT["webhooks"].keys() == {*get_args(HookKind), "webhook.test"}
    names = [*envelopes(), *(struct.__name__ for struct in STRUCTS)]
    assert len(set(names)) == len(webhooks()) + len(STRUCTS), "each has a name of its own"


def test_each_field_has_its_sentence() -> None:
    for schema in (*envelopes(), *(struct.__name__ for struct in STRUCTS)):
        told = DOCUMENT["components"]["schemas"][schema]
        assert told["description"], schema
        for name, part in told["properties"].items():
            assert name in ("type", "data") or part["description"], f"{schema}.{name}"


async def test_what_is_posted_is_as_it_stands_there() -> None:
    with receiver() as crm:
        async with open_node(hooking(node_settings(), hook(crm.url))) as node:
            await serve_one(node)
            status, _ = await ask(node, "crm/test", bearer(), method="POST")
            assert status == 200
            await until_kind(crm, "conversation.ended")
    assert len(set(crm.kinds())) >= 6
    for event in (posted.event for posted in crm.posted):
        judge = judge_of(event["type"])
        judge.validate(event)
        assert not judge.is_valid({**event, "more": 1}), "each field is told"
        for name in event:
            less = {key: value for key, value in event.items() if key != name}
            assert not judge.is_valid(less), name
