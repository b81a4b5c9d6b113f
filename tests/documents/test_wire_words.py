"""The sentences of fields on the wire."""

from router.documents.protocol_reference import messages, parts
from router.documents.settings_words import WORDS
from router.documents.wire_words import OWN, SHARED, words_of

KINDS = [
    *messages("to-server").values(),
    *messages("from-server").values(),
    *parts(),
]


def test_every_field_has_a_sentence() -> None:
    silent = [
        f"{kind.__name__}.{name}"
        for kind in KINDS
        for name in kind.__struct_encode_fields__
        if name not in words_of(kind)
    ]
    assert silent == [], "say what they mean: wire_words.py, wire_words_out.py"


def test_no_sentence_is_left_over() -> None:
    assert set(OWN) <= set(KINDS)
    gone = [
        f"{kind.__name__}.{name}"
        for kind, words in OWN.items()
        for name in words
        if name not in kind.__struct_encode_fields__
    ]
    assert gone == []
    shared = {
        name
        for kind in KINDS
        for name in kind.__struct_encode_fields__
        if name not in OWN.get(kind, {}) and name not in WORDS.get(kind, {})
    }
    assert set(SHARED) == shared


def test_the_number_of_a_command_is_told_apart_from_ids() -> None:
    told = messages("to-server")
    assert words_of(told["rate"])["id"] != words_of(messages("from-server")["reply"])["id"]
    assert words_of(told["activity"])["id"] != words_of(told["rate"])["id"]


def test_sentences_are_short() -> None:
    for words in (SHARED, *OWN.values()):
        assert all(0 < len(one) <= 100 and "\n" not in one for one in words.values())
