"""The sentences of what the server sends; that each field has one is in test_wire_words."""

from router.documents.protocol_reference import messages, parts
from router.documents.wire_words_out import FROM_SERVER


def test_they_are_of_what_the_server_sends() -> None:
    assert set(FROM_SERVER) <= {*messages("from-server").values(), *parts()}
    assert not set(FROM_SERVER) & set(messages("to-server").values())
