from collections.abc import Iterable
from itertools import chain
from typing import Annotated, Literal, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct, defstruct

from router.incoming import Incoming
from router.server.settings import Settings
from router.suggestions import (
    TOLD_CHARS_MAX,
    TOLD_MAX,
    all_mistakes,
    did_you_mean,
    field_types,
    mistakes,
    plain,
    sound,
)
from tests.helpers.counted import Counted


class Lamp(Struct, forbid_unknown_fields=True):
    watts: Annotated[int, Meta(ge=1, le=100)]
    shade: Literal["linen", "glass"] = "linen"
    parts: tuple[str, ...] = ()
    prices: dict[str, int] = {}
    kind: str = msgspec.field(default="", name="class")


class Shop(Struct, forbid_unknown_fields=True):
    lamps: tuple[Lamp, ...] = ()
    motto: str | None = None


def _found(tree: object) -> dict[str, str]:
    return dict(mistakes(tree, Shop, ""))


def test_a_sound_tree_has_no_mistakes() -> None:
    tree = {"lamps": [{"watts": 5, "class": "desk", "prices": {"eu": 3}}], "motto": "warm"}
    assert _found(tree) == {}


def test_every_mistake_is_found_with_its_path() -> None:
    tree = {
        "lmaps": 1,
        "lamps": [
            {"watts": 500, "shade": "lined", "parts": ["a", 2]},
            {"shade": 3, "prices": {"eu": True}, "classs": "x"},
            "lamp",
        ],
    }
    assert _found(tree) == {
        "lmaps": 'there is no such key (did you mean "lamps"?)',
        "lamps[0].watts": "this must be a whole number, at most 100",
        "lamps[0].shade": "'lined' is none of linen, glass (did you mean \"linen\"?)",
        "lamps[0].parts[1]": 'this must be text in quotes, like "...", not a whole number',
        "lamps[1].watts": "this key is missing; add it",
        "lamps[1].shade": 'this must be text in quotes, like "...", not a whole number',
        "lamps[1].prices.eu": "this must be a whole number, not true or false",
        "lamps[1].classs": 'there is no such key (did you mean "class"?)',
        "lamps[2]": "this must be a table of keys, not text",
    }


def test_a_key_like_none_lists_what_there_is() -> None:
    assert _found({"zzz": 1})["zzz"] == "there is no such key; known here are lamps, motto"
    assert did_you_mean("zzz", ["lamps"]) == ""


def test_of_many_keys_some_are_listed_and_the_others_counted() -> None:
    names = [f"key_{index:02}" for index in range(17)]
    found = dict(mistakes({"zzz": 1}, defstruct("Wide", [(name, int, 0) for name in names]), ""))
    assert found["zzz"].endswith("known here are " + ", ".join(names[:15]) + " and 2 more")


def test_what_may_be_null_is_named_by_what_it_may_be_else() -> None:
    kind = defstruct("Asked", [("who", Annotated[str, Meta(max_length=9)] | None, None)])
    found = dict(mistakes({"who": 7}, kind, ""))
    assert found == {"who": 'this must be text in quotes, like "...", not a whole number'}


def test_behind_the_mistakes_that_are_told_nothing_is_looked_at() -> None:
    lamps = Counted([{}] * 1_000)
    told = all_mistakes({"lamps": lamps}, Shop, "")
    assert told.count("watts") == TOLD_MAX
    assert told.endswith("; and more")
    assert lamps.taken == TOLD_MAX + 1
    assert "more" not in all_mistakes({"lamps": [{}] * TOLD_MAX}, Shop, "")


def test_a_key_that_is_no_text_or_very_long_is_told_in_few_words() -> None:
    odd = {7: 1, "lamps": [{"watts": 1, "prices": {(1,): 2}}]}
    told = all_mistakes(odd, Shop, "shop")
    assert told.count("the name of a key must be text") == 2
    assert len(all_mistakes({"x" * 10_000: 1}, Shop, "")) == TOLD_CHARS_MAX


def test_fields_are_named_as_files_spell_them() -> None:
    assert list(field_types(Lamp)) == ["watts", "shade", "parts", "prices", "class"]


def test_the_sound_part_keeps_the_places_in_a_list() -> None:
    tree = {"lamps": [{"watts": "x", "parts": ["a"]}, 7, {"watts": 9, "shade": "wood"}], "no": 1}
    shop = msgspec.convert(sound(tree, Shop), Shop)
    assert [lamp.watts for lamp in shop.lamps] == [1, 1, 9]
    assert shop.lamps[0].parts == ("a",)


def _structs_of(annotation: object) -> list[type[Struct]]:
    kind = plain(annotation)
    if isinstance(kind, type) and issubclass(kind, Struct):
        below: Iterable[object] = field_types(kind).values()
        return [kind, *chain.from_iterable(map(_structs_of, below))]
    return list(chain.from_iterable(map(_structs_of, get_args(kind))))


@pytest.mark.parametrize("kind", sorted({*_structs_of(Settings), *_structs_of(Incoming)}, key=str))
def test_whatever_may_be_set_or_sent_has_a_sound_part_where_all_its_keys_are_missing(
    kind: type[Struct],
) -> None:
    assert isinstance(msgspec.convert(sound({}, kind), kind), kind)
    several = tuple[kind, ...]  # type: ignore[valid-type]
    assert len(msgspec.convert(sound([7, {}], several), several)) == 2


def test_what_may_be_one_of_two_kinds_and_is_neither_is_stood_in_for() -> None:
    kind = tuple[str | Lamp, ...]
    assert len(msgspec.convert(sound(["a", 7], kind), kind)) == 2


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(
            ["server", "tenants", "acme", "bind", "keys", "kid", "secret", "policy", "queues",
             "id", "needs", "skill", "classes", "agents", "log", "drain_ms", "origins", "x"]
        ),
        inner,
        max_size=6,
    ),
    max_leaves=30,
)  # fmt: skip


@given(TREES)
def test_a_tree_without_mistakes_converts_and_the_sound_part_always_does(tree: object) -> None:
    if not list(mistakes(tree, Settings, "")):
        assert msgspec.convert(tree, Settings) is not None
    assert isinstance(msgspec.convert(sound(tree, Settings), Settings), Settings)
