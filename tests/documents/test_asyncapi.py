"""AsyncAPI of the socket."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import jsonschema
import msgspec
import pytest

import hatch_build
from router import incoming, outgoing
from router.documents.asyncapi import asyncapi
from tests.helpers.pages import built_pages


def broken(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """A part of the document, which is read sooner, with a change."""
    document, key = plain(), "ToServer.Rate"
    document["operations"] = {"rate": document["operations"]["rate"]}
    del document["operations"]["rate"]["reply"]
    for whole in (document["components"]["messages"], document["components"]["schemas"]):
        for name in whole.keys() - {key}:
            del whole[name]
    messages = document["channels"]["socket"]["messages"]
    document["channels"]["socket"]["messages"] = {key: messages[key]}
    change(document)
    return document


def plain() -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(asyncapi()))
    return found


REFUSED: dict[str, Callable[[dict[str, Any]], object]] = {
    "an action that there is none of": lambda d: d["operations"]["rate"].update(action="shout"),
    "a message that the channel does not have": lambda d: d["operations"]["rate"].update(
        messages=[{"$ref": "#/components/messages/ToServer.Rate"}]
    ),
    "a type that there is none of": lambda d: d["components"]["schemas"]["ToServer.Rate"].update(
        type="thing"
    ),
    "a message that is not there": lambda d: d["components"]["messages"].pop("ToServer.Rate"),
}


@pytest.mark.process
def test_the_official_parser_accepts_it_and_refuses_what_is_broken(tmp_path: Path) -> None:
    built_pages()  # with it the parser is installed
    made = [plain(), broken(lambda _: None), *map(broken, REFUSED.values())]
    files = [tmp_path / f"{at}.json" for at in range(len(REFUSED) + 2)]
    for file, document in zip(files, made, strict=True):
        file.write_bytes(msgspec.json.encode(document))
    environment = hatch_build.find_npm()[1]
    node = shutil.which("node", path=environment["PATH"])
    assert node is not None
    done = subprocess.run(
        [node, "scripts/asyncapi.mjs", *map(str, files)],
        cwd=hatch_build.WEB,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    ours, part, *others = json.loads(done.stdout)
    # There is a newer AsyncAPI, 3.1, which fewer tools can read.
    for found in (ours, part):
        assert [one for one in found if one[1] != "asyncapi-latest-version"] == []
    for what, found in zip(REFUSED, others, strict=True):
        assert any(severity <= 1 for severity, *_ in found), what


def test_every_message_is_there_in_its_direction() -> None:
    told = asyncapi()
    names: dict[str, set[str]] = {"send": set(), "receive": set(), "reply": set()}
    for operation in told["operations"].values():
        for key, one in ((operation["action"], operation), ("reply", operation.get("reply", {}))):
            for message in one.get("messages", []):
                found = told["components"]["messages"][message["$ref"].rsplit("/", 1)[1]]
                names[key].add(found["name"])
    assert names["reply"] == {"reply", "welcome"}
    assert names["send"] == {one.__struct_config__.tag for one in get_args(incoming.Incoming)}
    assert names["receive"] | names["reply"] == {
        one.__struct_config__.tag for one in get_args(outgoing.Outgoing)
    }


def test_every_command_but_activity_has_its_answer() -> None:
    operations = asyncapi()["operations"]
    silent = [name for name, one in operations.items() if "reply" not in one]
    assert silent == ["activity", "events"]
    hello = operations["hello"]["reply"]["messages"]
    assert [one["$ref"].rsplit(".", 1)[1] for one in hello] == ["Welcome", "Reply"]


def test_it_says_where_the_server_is_and_what_proves_who_calls() -> None:
    told = asyncapi()
    assert {one["protocol"] for one in told["servers"].values()} == {"ws", "wss"}
    for server in told["servers"].values():
        (scheme,) = server["security"]
        assert scheme["$ref"].rsplit("/", 1)[1] in told["components"]["securitySchemes"]


def test_each_example_is_what_its_schema_says() -> None:
    told = plain()
    for name, message in told["components"]["messages"].items():
        judge = jsonschema.Draft202012Validator(
            {**message["payload"], "components": told["components"]}
        )
        (example,) = message["examples"]
        judge.validate(example["payload"])
        assert not judge.is_valid({**example["payload"], "t": "tea"}), name


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
