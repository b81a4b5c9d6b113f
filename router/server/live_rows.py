"""What the core has of a customer, in the rows that the archive will have.

Owns: which facts of a record are handed out. Does not know: HTTP, the archive's tables.

Invariant (tests/server/test_live_rows.py): a conversation that ends has the same row here and in
the archive, but for what only one of them can know.
"""

from collections.abc import Iterator

import msgspec

from router.conversations import Conversation
from router.core import Router
from router.ids import CustomerId

__all__ = ["conversation_row", "message_rows", "profile_row"]


def profile_row(router: Router, customer: CustomerId) -> Iterator[dict[str, object]]:
    """What is known of the customer beside their conversations; nothing where nobody is known."""
    known = router.world.people.customers.get(customer)
    if known is None:
        return
    yield {
        "record": "profile",
        "customer": known.id,
        "name": known.name,
        "account": known.account,
        "proven_contact": known.proven_contact,
        "class": known.klass,
        "verified": known.verified,
        "attributes": dict(known.attributes),
        "languages": list(known.languages),
        "contact": msgspec.to_builtins(known.contact),
        "met": [
            {
                "conversation": one.conversation,
                "agent": one.agent,
                "at": one.at_ms,
                "topic": one.topic,
                "outcome": one.outcome,
                "rating": one.rating,
                "code": one.code,
            }
            for one in known.met
        ],
        "accepted": dict(known.accepted_terms),
    }


def conversation_row(one: Conversation) -> dict[str, object]:
    """A conversation as its row; ``status`` says how far it is."""
    return {
        "record": "conversations",
        "conversation": one.id,
        "customer": one.customer,
        "agent": one.agent or one.last_agent,
        "queue": one.queue,
        "channel": one.channel,
        "topic": one.topic,
        "brand": one.brand,
        "class": one.klass,
        "arrived_at": one.arrived_ms,
        "assigned_at": one.first_assigned_at_ms,
        "ended_at": one.ended_at_ms,
        "reason": one.ended_reason,
        "code": one.wrap_up_code,
        "seq": one.seq,
        "note_seq": one.note_seq,
        "attributes": dict(one.attributes),
        "took_part": list(one.took_part),
        "status": str(one.status.value),
    }


def message_rows(one: Conversation) -> Iterator[dict[str, object]]:
    """What was said in it, in its order."""
    for said in one.messages:
        yield {
            "record": "transcripts",
            "conversation": one.id,
            "customer": one.customer,
            "agent": one.agent or one.last_agent,
            "queue": one.queue,
            "channel": one.channel,
            "kind": said.kind,
            "seq": said.seq,
            "author": said.author,
            "author_name": said.author_name,
            "body": said.body,
            "at": said.at_ms,
        }
