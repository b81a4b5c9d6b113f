"""The schema that the client library's types are made from."""

from pathlib import Path

import msgspec
import pytest

from router import incoming
from router.documents.wire_schema import wire_schema, write


def test_every_message_of_the_wire_is_in_the_schema_by_its_name() -> None:
    schema = wire_schema("incoming")
    named = {part["$ref"].rsplit("/", 1)[1] for part in schema["anyOf"]}
    assert {"Hello", "ConversationRequest", "OfferAccept"} <= named
    assert named <= schema["$defs"].keys()
    tags = {schema["$defs"][name]["properties"]["t"]["enum"][0] for name in named}
    assert tags == {message.__struct_config__.tag for message in incoming.Incoming.__args__}


def test_the_schemas_are_written_where_they_are_wanted(tmp_path: Path) -> None:
    write(tmp_path / "made")
    outgoing = msgspec.json.decode((tmp_path / "made" / "outgoing.json").read_bytes())
    assert outgoing["title"] == "Outgoing"
    assert outgoing["$defs"]["Welcome"]["properties"]["t"] == {"enum": ["welcome"]}


def test_a_direction_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(KeyError):
        wire_schema("sideways")
