"""AsyncAPI of the socket."""

import json
import re
from typing import get_args

import msgspec

from router import incoming, outgoing
from router.documents.asyncapi import asyncapi


def test_every_message_is_there_in_its_direction() -> None:
    told = asyncapi()
    names = {
        operation: {
            told["components"]["messages"][one["$ref"].rsplit("/", 1)[1]]["name"]
            for one in told["operations"][operation]["messages"]
        }
        for operation in told["operations"]
    }
    tags = {
        direction: {message.__struct_config__.tag for message in get_args(union)}
        for direction, union in (
            ("sendToServer", incoming.Incoming),
            ("receiveFromServer", outgoing.Outgoing),
        )
    }
    assert names == tags


def test_every_reference_leads_somewhere() -> None:
    told = asyncapi()
    text = msgspec.json.encode(told).decode()
    for reference in set(re.findall(r'"\$ref":"#/([^"]+)"', text)):
        at = told
        for part in reference.split("/"):
            at = at[part]
        assert isinstance(at, dict), reference


def test_each_message_says_in_a_line_what_it_is() -> None:
    silent = [
        name for name, one in asyncapi()["components"]["messages"].items() if not one["summary"]
    ]
    assert silent == []
    assert json.loads(msgspec.json.encode(asyncapi()))["asyncapi"] == "3.0.0"
