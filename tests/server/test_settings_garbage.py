"""Whatever stands in a file of settings is right, or refused with its key; nothing else."""

import math
import random
import tomllib
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from loadtest.scenario_settings import inline
from router.errors import SettingsError
from router.server.settings import SettingsErrors, load

EXAMPLE = Path(__file__).parents[2] / "config" / "fairline.example.toml"
WEBHOOK = {"id": "crm", "url": "https://crm.example/in", "secret": "s" * 40}
JUNK: tuple[Any, ...] = (
    0, -1, 2**63, 0.5, math.inf, True, "", "x", "*", "[", "a" * 300, "\u2028", "https://[::1/",
    "http://[fe80::1]:99999/", "../..", "\x00", [], [1], [[]], [{}], {}, {"": {}}, {"id": 1},
    ["a", "a"],
)  # fmt: skip


def _whole() -> dict[str, Any]:
    """The example with what stands in it as a remark only."""
    tree = tomllib.loads(EXAMPLE.read_text("utf-8"))
    tree["server"]["proxies"] = ["127.0.0.1"]
    tree["tenants"]["acme"]["webhooks"] = [WEBHOOK]
    return tree


def _places(tree: object) -> Iterator[tuple[Any, Any]]:
    """Each table or list with each of its keys."""
    keys = tree if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
    for key in keys:
        yield tree, key
        yield from _places(tree[key])  # type: ignore[index]  # it has keys


def _spoil(tree: dict[str, Any], chance: random.Random) -> None:
    """One change somewhere: other content, nothing, something twice, or a key that there is not."""
    table, key = chance.choice(list(_places(tree)))
    match chance.randrange(4):
        case 0:
            table[key] = deepcopy(chance.choice(JUNK))
        case 1:
            del table[key]
        case 2 if isinstance(table, list):
            table.append(deepcopy(table[key]))
        case _ if isinstance(table, dict):
            table[chance.choice(("", "idd", "queues", "then"))] = deepcopy(chance.choice(JUNK))


def _text(tree: dict[str, Any]) -> str:
    return "".join(f"{inline(key)} = {_finite(value)}\n" for key, value in tree.items())


def _finite(value: object) -> str:
    return inline(value).replace("Infinity", "inf")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("garbage") / "fairline.toml"


def test_the_whole_example_is_right(file: Path) -> None:
    file.write_text(_text(_whole()), "utf-8")
    assert load([file], {}).tenants["acme"].webhooks[0].id == "crm"


@effort(max_examples=400)
@given(st.integers(0, 2**32), st.integers(1, 4))
def test_spoilt_settings_are_refused_by_key_and_nothing_worse(
    file: Path, seed: int, count: int
) -> None:
    chance = random.Random(seed)
    tree = _whole()
    for _ in range(count):
        if tree:
            _spoil(tree, chance)
    file.write_text(_text(tree), "utf-8")
    for error in _refused(file):
        assert str(error)
        assert error.key or error.line


def _refused(file: Path) -> tuple[SettingsError, ...]:
    try:
        load([file], {})
    except SettingsErrors as refused:
        return refused.errors
    return ()
