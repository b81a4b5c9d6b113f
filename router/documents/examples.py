"""One example of each message on the wire.

Owns: the examples; together they tell of one morning at a lamp shop. Does not know: what a message
means (``wire_words``).

Invariant (tests/documents/test_examples.py): every message of both directions has one; it is read
and written by the very Structs of the wire, without a field lost.
"""

from collections.abc import Mapping
from typing import Any

__all__ = ["FROM_SERVER", "TO_SERVER"]

Example = Mapping[str, Any]

_TALK = "c-4f1c"
_OFFER = "o-91"
_OP = "7c9e6679"
_NOON = 1_767_268_800_000
_ADA: Example = {"id": "ada", "name": "Ada", "verified": True, "class": "gold", "languages": ["de"]}
_ALICE: Example = {"id": "alice", "name": "Alice", "languages": ["de", "en"]}
_BY_ALICE: Example = {"id": "alice", "role": "agent", "name": "Alice"}
_BY_ADA: Example = {"id": "ada", "role": "customer", "name": "Ada"}
_BY_SAM: Example = {"id": "sam", "role": "supervisor", "name": "Sam"}
_WAIT: Example = {"p50": 40_000, "p90": 120_000}
_SAID: Example = {"seq": 1, "from": _BY_ADA, "body": "My lamp flickers", "at": _NOON}
_STATE: Example = {
    "conversation": _TALK,
    "status": "active",
    "queue": "support",
    "channel": "chat",
    "seq": 1,
    "messages": [_SAID],
    "more": False,
    "customer": _ADA,
}
_LINE: Example = {
    "queue": "support",
    "waiting": 3,
    "oldest_ms": 41_000,
    "offered": 1,
    "active": 12,
    "closed": False,
    "name": "Support",
    "service": None,
}
_SHOWN: Example = {"show": "available", "count": 7}
_SELF: Example = {
    "show": "available",
    "effective": "available",
    "reason": "",
    "channels": {"chat": True},
    "capacity": {"total": 3},
    "load": {"total": 1},
    "since_at": _NOON,
    "pos": 1041,
}

TO_SERVER: Mapping[str, Example] = {
    "hello": {
        "role": "agent",
        "token": "eyJhbGciOi...",
        "client": {"name": "my-desktop", "version": "1.0", "device": "tab-1"},
        "seen": {_TALK: 1},
        "subs": ["team:floor"],
    },
    "token.refresh": {"token": "eyJhbGciOi..."},
    "bye": {"leave": True},
    "activity": {"idle_ms": 320_000, "view": "background"},
    "presence.set": {"show": "busy", "reason": "lunch", "until_ms": 1_800_000},
    "offer.seen": {"offer": _OFFER},
    "offer.accept": {"offer": _OFFER},
    "offer.decline": {"offer": _OFFER, "reason": "on the phone"},
    "message.send": {"conversation": _TALK, "op": _OP, "body": "Let me look."},
    "message.read": {"conversation": _TALK, "seq": 1},
    "typing": {"conversation": _TALK, "on": True},
    "conversation.request": {
        "op": _OP,
        "channel": "chat",
        "queue": "support",
        "topic": "lamps",
        "languages": [{"tag": "de", "level": 60}],
        "attributes": {"page": "/cart", "items": 2},
        "body": "My lamp flickers",
    },
    "conversation.cancel": {"conversation": _TALK},
    "conversation.end": {"conversation": _TALK, "reason": "solved"},
    "wrapup.complete": {"conversation": _TALK, "code": "repair", "note": "Sends the lamp in."},
    "wrapup.extend": {"conversation": _TALK, "ms": 60_000},
    "conversation.transfer": {
        "conversation": _TALK,
        "op": _OP,
        "to": {"queue": "billing"},
        "note": "Wants the money back.",
    },
    "conversation.snooze": {"conversation": _TALK, "for_ms": 3_600_000},
    "conversation.resume": {"conversation": _TALK},
    "help.ask": {"conversation": _TALK, "note": "May I give 20 %?"},
    "help.end": {"conversation": _TALK},
    "conversation.invite": {"conversation": _TALK, "agent": "bob", "note": "You know this lamp."},
    "conversation.join": {"conversation": _TALK, "mode": "whisper", "purpose": "coaching"},
    "conversation.leave": {"conversation": _TALK},
    "conversation.assign": {"conversation": _TALK, "agent": "alice"},
    "conversation.priority": {"conversation": _TALK, "priority": "gold", "reason": "third call"},
    "score.set": {
        "conversation": _TALK,
        "agent": "alice",
        "part": "topic",
        "value": 870,
        "ttl_ms": 60_000,
    },
    "history": {"conversation": _TALK, "before_seq": 40, "limit": 50, "purpose": "complaint"},
    "explain": {"conversation": _TALK, "agent": "alice"},
    "contact.set": {
        "prefs": [{"channel": "chat", "prio": 1, "hours": "Mon-Fri 09:00-17:00 Europe/Berlin"}],
    },
    "rate": {"conversation": _TALK, "score": 5, "comment": "Quick."},
    "consent.accept": {"terms": "shop", "version": 3},
    "agent.presence": {"agent": "alice", "show": "away", "reason": "training"},
    "agent.skills": {"agent": "alice", "skills": {"lamps": 80}, "reason": "course done"},
    "preview": {"agent": "alice", "skills": {"lamps": 80}},
    "policy.get": {},
    "policy.set": {"policy": {"queues": [{"id": "support"}], "grace_ms": 90_000}},
    "sub": {"topic": "queue:support"},
    "unsub": {"topic": "queue:support"},
}
"""By type, without ``t`` and ``id``."""

FROM_SERVER: Mapping[str, Example] = {
    "reply": {
        "id": 2,
        "ok": True,
        "conversation": _TALK,
        "status": "waiting",
        "position": 3,
        "ahead": 2,
        "wait_ms": _WAIT,
    },
    "welcome": {
        "id": 1,
        "ok": True,
        "session": "s-77",
        "pos": 1040,
        "you": {"id": "alice", "role": "agent", "tenant": "main", "name": "Alice"},
        "at": _NOON,
        "beat_ms": 25_000,
        "grace_ms": 120_000,
        "limits": {"frame_bytes": 65_536, "rate": 10, "burst": 40, "subs": 128},
        "server": {"node": "n1", "version": "0.1.0"},
        "state": {"offers": [], "conversations": [_STATE], "load": {"total": 1}},
    },
    "beat": {"at": _NOON},
    "disconnect": {"code": 4100, "reason": "drain", "action": "resume", "delay_ms": 1_200},
    "token.expiring": {"expires_ms": 60_000},
    "presence.self": _SELF,
    "agent.flapping": {"pos": 1050, "agent": "bob", "losses": 6, "grace_ms": 240_000},
    "skills.set": {
        "pos": 1051,
        "skills": {"lamps": 80},
        "languages": {"de": 100},
        "by": _BY_SAM,
        "reason": "course done",
    },
    "presence": {
        "pos": 1052,
        "topic": "team:floor",
        "set": [{"id": "alice", "show": "busy", "since_at": _NOON, "name": "Alice", "load": 1}],
        "gone": [{"id": "bob", "reason": "timeout"}],
    },
    "board": {"pos": 1053, "topic": "board", "queues": [_LINE], "agents": [_SHOWN]},
    "topic.stale": {"pos": 1053, "topic": "board", "stale": True, "at": _NOON},
    "queue.position": {
        "pos": 1054,
        "conversation": _TALK,
        "position": 2,
        "ahead": 1,
        "wait_ms": _WAIT,
    },
    "offer.new": {
        "offer": _OFFER,
        "conversation": _TALK,
        "expires_ms": 20_000,
        "attempt": 1,
        "queue": "support",
        "channel": "chat",
        "customer": _ADA,
        "why": ["language:de", "best_match"],
        "auto": False,
        "waited_ms": 41_000,
        "pos": 1055,
    },
    "offer.ended": {"pos": 1056, "offer": _OFFER, "outcome": "accepted"},
    "conversation.requested": {"pos": 1057, "conversation": _TALK, "state": _STATE},
    "conversation.assigned": {
        "pos": 1058,
        "conversation": _TALK,
        "assignment": "a-12",
        "agent": _ALICE,
    },
    "conversation.updated": {"pos": 1059, "conversation": _TALK, "here": False},
    "conversation.invited": {
        "conversation": _TALK,
        "by": _BY_ALICE,
        "mode": "consult",
        "expires_ms": 60_000,
        "queue": "support",
        "channel": "chat",
        "customer": _ADA,
        "note": "You know this lamp.",
        "pos": 1060,
    },
    "invitation.ended": {
        "pos": 1061,
        "conversation": _TALK,
        "agent": {"id": "bob", "role": "agent", "name": "Bob"},
        "outcome": "joined",
    },
    "help.asked": {
        "conversation": _TALK,
        "agent": _BY_ALICE,
        "at": _NOON,
        "queue": "support",
        "channel": "chat",
        "customer": _ADA,
        "arrived_at": _NOON - 300_000,
        "note": "May I give 20 %?",
        "pos": 1062,
    },
    "help.ended": {"pos": 1063, "conversation": _TALK, "outcome": "joined", "by": _BY_SAM},
    "wrapup.started": {"pos": 1064, "conversation": _TALK, "wrap_up_ms": 30_000},
    "conversation.ended": {"pos": 1065, "conversation": _TALK, "reason": "agent"},
    "message": {
        "pos": 1066,
        "conversation": _TALK,
        "seq": 2,
        "from": _BY_ALICE,
        "body": "Let me look.",
        "kind": "text",
        "at": _NOON,
    },
    "message.read": {"pos": 1067, "conversation": _TALK, "by": _BY_ADA, "seq": 2},
    "typing": {"conversation": _TALK, "by": _BY_ADA, "on": True},
}
"""By type, without ``t``."""
