from typing import get_args

import msgspec
import pytest

from router.explained import Explained, ExplainedConversation

KINDS = get_args(Explained)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_explanation_says_what_it_is_about(kind: type[msgspec.Struct]) -> None:
    assert kind.__struct_config__.tag_field == "about"
    assert kind.__struct_config__.frozen


def test_no_two_are_about_the_same() -> None:
    assert len({kind.__struct_config__.tag for kind in KINDS}) == len(KINDS) == 4


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_instants_end_in_at_and_spans_in_ms(kind: type[msgspec.Struct]) -> None:
    """The key is neither: an instant moved by a head start, under the line's own name."""
    for field in msgspec.structs.fields(kind):
        assert not {"s", "time", "timestamp", "since"} & set(field.name.split("_"))


def test_what_is_not_so_is_left_out() -> None:
    ended = ExplainedConversation("c1", "closed")
    assert msgspec.to_builtins(ended) == {
        "about": "conversation",
        "conversation": "c1",
        "status": "closed",
    }
