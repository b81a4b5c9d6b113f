"""Sentences in schemas."""

import copy

import jsonschema
import msgspec

from router.cards import ConversationState, WaitBand
from router.documents.asyncapi import asyncapi
from router.documents.openapi import openapi
from router.documents.wire_words import words_of
from router.documents.wording import add_words, portable

STATE = {
    "conversation": "c",
    "status": "waiting",
    "queue": "q",
    "channel": "chat",
    "seq": 0,
    "messages": [],
    "more": False,
    "wait_ms": {"p50": 1, "p90": 2},
}


def test_a_schema_with_sentences_judges_as_before() -> None:
    (bare,), defs = msgspec.json.schema_components(
        [ConversationState], ref_template="#/$defs/{name}"
    )
    worded = copy.deepcopy(defs)
    add_words(worded, (ConversationState, WaitBand))
    for schemas in (defs, worded):
        judge = jsonschema.Draft202012Validator({**bare, "$defs": schemas})
        judge.validate(STATE)
        assert not judge.is_valid({**STATE, "wait_ms": {"p50": "soon", "p90": 2}})
        assert not judge.is_valid({**STATE, "seq": "1"})


def test_each_field_says_what_it_means() -> None:
    _, defs = msgspec.json.schema_components([ConversationState], ref_template="#/$defs/{name}")
    add_words(defs, (ConversationState,))
    told = defs["ConversationState"]["properties"]
    assert {name: part["description"] for name, part in told.items()} == words_of(ConversationState)


def test_patterns_are_those_of_json_schema() -> None:
    part = {"properties": {"pattern": {"type": "string", "pattern": r"\A[a-z]*\Z"}}, "x": [1, None]}
    assert portable(part) == {
        "properties": {"pattern": {"type": "string", "pattern": "^[a-z]*$"}},
        "x": [1, None],
    }
    for document in (openapi(), asyncapi()):
        text = msgspec.json.encode(document).decode()
        assert r"\\A" not in text
        assert r"\\Z" not in text
