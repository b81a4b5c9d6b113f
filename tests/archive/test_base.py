"""The words in which facts come and go."""

import msgspec

from router.archive.base import Asked, AuditQuery, Keep


def test_conversations_are_asked_for_in_the_order_of_arrival() -> None:
    assert sorted([Asked(2, "a"), Asked(1, "b"), Asked(1, "a")]) == [
        Asked(1, "a"),
        Asked(1, "b"),
        Asked(2, "a"),
    ]


def test_a_query_reads_itself_from_the_words_of_an_address() -> None:
    query = msgspec.convert({"actor": "agent:a", "limit": "7"}, AuditQuery, strict=False)
    assert query == AuditQuery(actor="agent:a", limit=7)


def test_to_keep_everything_is_the_default() -> None:
    keep = Keep()
    assert (keep.transcripts_before, keep.assignments_before, keep.audit_before) == (0, 0, 0)
    assert keep.queues == {}
