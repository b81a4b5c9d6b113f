"""Words for what may stand in a field."""

from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import UNSET, Meta, Struct, UnsetType

from router.documents.kinds import default_of, kind_of, structs_in
from router.incoming import Hello


class Lamp(Struct):
    watts: int
    colour: str = "white"
    tags: tuple[str, ...] = ()
    shade: str | None = None
    lasts: int | UnsetType = UNSET


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (int, "whole number"),
        (str | None, "text"),
        (int | UnsetType, "whole number"),
        (Any, "anything"),
        (Literal["", "on", "off"], "`on` or `off`"),
        (Annotated[int, Meta(ge=1, le=5)], "whole number, 1 to 5"),
        (Annotated[int, Meta(ge=0, le=2**53 - 1)], "whole number, 0 or more"),
        (Annotated[str, Meta(min_length=1, max_length=64)], "text, 1 to 64 characters"),
        (Annotated[tuple[str, ...], Meta(max_length=3)], "list: text, at most 3 entries"),
        (tuple[int, int], "list: whole number and whole number"),
        (dict[str, bool], "object: `true` or `false`"),
        (int | float | str, "whole number or number or text"),
        (tuple[Lamp, ...] | None, "list: a Lamp"),
    ],
)
def test_each_type_has_its_words(annotation: object, words: str) -> None:
    assert kind_of(annotation, lambda one: f"a {one.__name__}", "object") == words


def test_a_type_without_words_is_an_error() -> None:
    with pytest.raises(KeyError):
        kind_of(bytes, lambda one: one.__name__)


def test_defaults_are_shown_as_they_are_spelt() -> None:
    told = {field.encode_name: default_of(field) for field in msgspec.structs.fields(Lamp)}
    assert told == {
        "watts": "must be there",
        "colour": '`"white"`',
        "tags": "`[]`",
        "shade": "",
        "lasts": "",
    }
    by_name = {field.name: field for field in msgspec.structs.fields(Hello)}
    assert (default_of(by_name["seen"]), default_of(by_name["client"])) == ("`{}`", "as below")


def test_structs_are_found_wherever_they_stand() -> None:
    assert list(structs_in(dict[str, tuple[Lamp, ...] | None])) == [Lamp]
    assert list(structs_in(Annotated[str, Meta(max_length=2)])) == []
