"""The sentences of what is answered over HTTP alone."""

from typing import Any

import msgspec
import pytest

from router.documents.http_words import HTTP_WORDS
from router.documents.openapi import openapi

SCHEMAS: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(openapi()))["components"][
    "schemas"
]


@pytest.mark.parametrize("name", HTTP_WORDS)
def test_each_field_of_a_schema_that_is_named_has_its_sentence_in_the_document(name: str) -> None:
    told = {key: part.get("description") for key, part in SCHEMAS[name]["properties"].items()}
    assert told == dict(HTTP_WORDS[name])


def test_sentences_are_short() -> None:
    for words in HTTP_WORDS.values():
        assert all(0 < len(one) <= 100 and one.endswith(".") for one in words.values())
