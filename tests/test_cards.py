import msgspec
import pytest

from router import cards
from router.cards import CustomerCard, Error, Message, Person

KINDS = [getattr(cards, name) for name in cards.__all__]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_card_is_never_changed_and_says_what_it_is(kind: type[msgspec.Struct]) -> None:
    assert kind.__struct_config__.frozen
    assert (kind.__doc__ or "").strip().endswith(".")


def test_names_on_the_wire_are_those_of_the_protocol() -> None:
    card = CustomerCard("ada", klass="gold")
    message = Message(1, Person("ada", "customer"), "Hello", 5)
    assert msgspec.to_builtins(card) == {"id": "ada", "class": "gold"}
    assert msgspec.to_builtins(message) == {
        "seq": 1,
        "from": {"id": "ada", "role": "customer"},
        "body": "Hello",
        "at": 5,
    }


def test_an_error_leaves_out_what_it_does_not_say() -> None:
    error = Error(113, "offer_gone", "this offer was taken", "no", outcome="taken")
    assert msgspec.to_builtins(error) == {
        "code": 113,
        "name": "offer_gone",
        "msg": "this offer was taken",
        "retry": "no",
        "outcome": "taken",
    }
