"""The JSON Schema of settings and policy."""

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from router.documents.settings_schema import policy_schema, settings_schema
from router.documents.settings_words import WORDS
from router.policy import Policy
from router.server.sections import Settings
from router.suggestions import field_types, mistakes

ROOT = Path(__file__).parents[2]
EXAMPLE = tomllib.loads((ROOT / "config/fairline.example.toml").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(settings_schema())


def test_every_key_has_a_sentence_and_no_sentence_is_left_over() -> None:
    for struct, words in WORDS.items():
        assert list(words) == list(field_types(struct)), struct
        assert all(
            sentence.endswith((".", ",", ";")) or len(sentence) < 60 for sentence in words.values()
        )
    for schema in (settings_schema(), policy_schema()):
        named = {struct.__name__ for struct in WORDS}
        assert set(schema["$defs"]) <= named
        for name, told in schema["$defs"].items():
            missing = [key for key, part in told["properties"].items() if "description" not in part]
            assert missing == [], name


@pytest.mark.parametrize("schema", [settings_schema(), policy_schema()])
def test_the_meta_schema_accepts_it(schema: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)


def test_the_example_and_its_policy_are_valid() -> None:
    VALIDATOR.validate(EXAMPLE)
    policy = EXAMPLE["tenants"]["acme"]["policy"]
    jsonschema.Draft202012Validator(policy_schema()).validate(policy)
    default = msgspec.json.decode(msgspec.json.encode(Policy()))
    step_less = {key: value for key, value in default.items() if key != "queues"}
    jsonschema.Draft202012Validator(policy_schema()).validate(step_less)


def test_a_text_may_stand_in_a_file_of_its_own() -> None:
    keys = [{"kid": "main", "secret_file": "/run/secret"}]
    queues = [{"id_file": "x"}]
    tree = {"tenants": {"acme": {"keys": keys, "policy": {"queues": queues}}}}
    VALIDATOR.validate(tree)
    queues[0] = {}
    assert not VALIDATOR.is_valid(tree)


@pytest.mark.parametrize(
    "tree",
    [
        {"sever": {}},
        {"server": {"log": "loud"}},
        {"server": {"connections_max": 0}},
        {"server": {"bind": 80}},
        {"tenants": {"~doctor": {}}},
        {"tenants": {"acme": {"policy": {"queues": [{"id": ""}]}}}},
        {"tenants": {"acme": {"policy": {"classes": {"gold": -1}}}}},
        {"tenants": {"acme": {"policy": {"agents": [{"id": "a", "skills": {"x": 101}}]}}}},
        {"tenants": {"acme": {"policy": {"rules": [{"id": "r"}]}}}},
    ],
)
def test_a_mistake_of_shape_is_one_for_both(tree: dict[str, Any]) -> None:
    assert list(mistakes(tree, Settings, ""))
    assert not VALIDATOR.is_valid(tree)


@pytest.mark.parametrize(
    ("arguments", "file"),
    [
        (["schema"], "config/fairline.schema.json"),
        (["schema", "policy"], "config/policy.schema.json"),
        (["reference"], "docs/reference/settings.md"),
    ],
)
@pytest.mark.process
def test_what_is_committed_is_what_is_made(arguments: list[str], file: str) -> None:
    command = [sys.executable, "-m", "router", "config", *arguments]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    kept = (ROOT / file).read_text(encoding="utf-8")
    assert kept == made.stdout, f"make {file} anew: python -m router.documents (make reference)"
