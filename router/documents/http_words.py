"""What each field of an answer means that is given over HTTP alone, in a sentence.

Owns: the sentences, by the name of the schema. Does not know: what also goes over the socket
(``wire_words``).

Invariant (tests/documents/test_http_words.py): every field of a schema that is named here has one,
and no sentence is left over.
"""

from collections.abc import Mapping

__all__ = ["HTTP_WORDS"]

_NEXT = "Pass it as `after`; null: there is nothing behind it."
_TENANT = "The name after `[tenants.` in the settings."
_TOKEN = "The token to say `hello` with."  # noqa: S105 - a sentence

HTTP_WORDS: Mapping[str, Mapping[str, str]] = {
    "Asked": {
        "conversation": "The conversation's id.",
        "status": "`held`, `waiting` or `offered`.",
        "position": "The place in line, from 1.",
        "ahead": "How many are before it in line.",
        "joined": "It went into a conversation that is in line already.",
    },
    "Said": {"seq": "The number of the message in its conversation."},
    "Changed": {"changes": "What is another value now."},
    "Conversations": {"conversations": "By arrival, the oldest first.", "next": _NEXT},
    "ConversationRow": {
        "conversation": "The conversation's id.",
        "status": "`held`, `waiting`, `offered`, `active`, `snoozed`, `wrap_up` or `ended`.",
        "queue": "The queue that it is or was in.",
        "channel": "`chat`, `voice`, `email` or what else the queue takes.",
        "customer": "The customer's id.",
        "arrived_at": "When it was first asked for.",
        "topic": "What it is about.",
        "priority": "Its class.",
        "agent": "Who serves it, or did.",
        "attempt": "How often it was offered.",
        "assigned_at": "When an agent took it.",
        "ended_at": "When it ended.",
        "reason": "Why it ended.",
        "rating": "The customer's, 5 is best.",
    },
    "Agents": {"agents": "By id.", "next": _NEXT},
    "AgentRow": {
        "agent": "The agent's id.",
        "show": "`available`, `busy`, `away`, `dnd` or `offline`.",
        "since_at": "Since when.",
        "name": "The name for people.",
        "reason": "Why they are shown so.",
        "teams": "Their teams.",
        "skills": "Skill = proficiency.",
        "languages": "Tag = level.",
        "serving": "The conversations that they have.",
        "capacity": "What they may hold, by channel and in `total`.",
        "state": "`lost`, `offered`, `serving`, `wrap_up`, `free`, or their show; empty: offline.",
        "load": "How many places of the total are taken.",
    },
    "Shares": {
        "agents": "Who is here, by id.",
        "groups": "Those with the same skills and languages; none where more than 500 are here.",
        "next": _NEXT,
    },
    "AgentShare": {
        "agent": "The agent's id.",
        "state": "What they are doing.",
        "name": "The name for people.",
        "offers": "How many offers had which outcome.",
        "services": "How many conversations they finished.",
        "handling_ms": "How long one took on average.",
        "occupancy": "0 to 1: time at work that was spent on conversations.",
        "idle_ms": "How long they have been free by now.",
        "group": "The number of their group in `groups`.",
    },
    "Equals": {
        "agents": "How many they are.",
        "skills": "What all of them can do.",
        "languages": "What all of them speak.",
        "even": "Jain's index of their occupancy; 1 is even.",
        "least": "The lowest occupancy.",
        "most": "The highest occupancy.",
    },
    "OwnShare": {
        "mine": "What you were offered and did.",
        "equals": "The others together; null where they are too few.",
    },
    "Queues": {"queues": "In the policy's order."},
    "AuditPage": {
        "entries": "The newest first.",
        "next": _NEXT,
        "before": "The same as a number.",
    },
    "Seen": {
        "entry": "Counts the lines.",
        "at": "When.",
        "actor": "Who, as role:id.",
        "action": "What: history, assign, priority, policy and the like.",
        "target": "To whom or what.",
        "purpose": "What for.",
        "position": "Where the command is in the journal.",
    },
    "HookRow": {
        "id": "The webhook's name.",
        "waiting": "How many events are still to be delivered.",
        "oldest_at": "Since when the first of them waits.",
        "failures": "How often in a row it went wrong.",
        "error": "What went wrong last.",
    },
    "Replay": {"from_at": "What happened from this instant on."},
    "Replayed": {"events": "So many come once more."},
    "Lent": {
        "agent": "Who plays the agent.",
        "customer": "Who plays the customer.",
        "queue": "Where they ask.",
        "skill": "What they ask for: only this agent has it.",
        "at": "The server's time.",
        "node": "The node that answers.",
        "version": "Its version.",
    },
    "Player": {"id": "Who.", "token": _TOKEN},
    "Door": {
        "queue": "The queue's id.",
        "name": "The queue's name for people.",
        "open": "Whether somebody who asked now would be let in.",
        "waiting": "How many wait.",
        "full": "It is closed because it is full.",
        "fallback": "What a refused request carries: a queue, `leave_message`, or empty.",
        "opens_at": "When its hours begin again.",
        "wait_ms": "The estimated wait of who came now.",
    },
    "VisitorRequest": {
        "tenant": _TENANT,
        "visitor": "What the browser was given before: the same customer again.",
    },
    "MintedVisitor": {
        "token": _TOKEN,
        "id": "The customer's id.",
        "visitor": "For the browser to keep: it proves that it is the same one.",
        "expires_ms": "How long the token lasts.",
    },
    "ProofRequest": {
        "tenant": _TENANT,
        "id": "The customer's id, as your service knows it.",
        "proof": "HMAC-SHA256 of the id with the tenant's `identity_secret`, as hex.",
    },
    "MintedCustomer": {
        "token": _TOKEN,
        "id": "The customer's id.",
        "expires_ms": "How long the token lasts.",
    },
    "NotGiven": {"error": "Why, for the page's developer."},
    "Preference": {"name": "Its name.", "value": "Whatever was kept; null: nothing."},
}
