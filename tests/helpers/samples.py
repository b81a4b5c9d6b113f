"""One well-formed message of every type that a client may send."""

from typing import Any

SAMPLES: dict[str, dict[str, Any]] = {
    "hello": {
        "token": "a.b.c",
        "role": "agent",
        "client": {"name": "desk", "version": "1", "device": "d1"},
        "view": "background",
        "idle_ms": 5,
        "languages": ["en", "fr-CA"],
        "seen": {"c1": 4},
        "subs": ["board"],
    },
    "token.refresh": {"token": "a.b.c"},
    "bye": {"leave": True},
    "activity": {"idle_ms": 600_000, "view": "active"},
    "presence.set": {
        "show": "available",
        "reason": "back",
        "channels": {"chat": True},
        "until_ms": 60_000,
        "next": "away",
    },
    "offer.seen": {"offer": "o1"},
    "offer.accept": {"offer": "o1"},
    "offer.decline": {"offer": "o1", "reason": "busy"},
    "message.send": {"conversation": "c1", "op": "m1", "body": "hello", "kind": "note"},
    "message.read": {"conversation": "c1", "seq": 3},
    "typing": {"conversation": "c1", "on": True},
    "conversation.request": {
        "op": "r1",
        "channel": "chat",
        "queue": "support",
        "topic": "lamp",
        "languages": [{"tag": "en", "level": 50}, {"tag": "fr"}],
        "needs": [{"skill": "billing"}],
        "agent": "alice",
        "avoid": ["bob"],
        "brand": "pro",
        "reopens": "c0",
        "attributes": {"cart": 3, "page": "/lamps", "vip": False, "share": 0.5},
        "body": "hi",
    },
    "conversation.cancel": {"conversation": "c1"},
    "conversation.end": {"conversation": "c1", "reason": "solved"},
    "wrapup.complete": {"conversation": "c1", "code": "sold", "note": "two lamps"},
    "wrapup.extend": {"conversation": "c1", "ms": 30_000},
    "conversation.transfer": {
        "conversation": "c1",
        "op": "t1",
        "to": {"queue": "billing"},
        "note": "a bill",
    },
    "conversation.invite": {
        "conversation": "c1",
        "agent": "bob",
        "mode": "barge",
        "note": "knows lamps",
    },
    "conversation.join": {"conversation": "c1", "mode": "monitor"},
    "conversation.leave": {"conversation": "c1"},
    "conversation.assign": {"conversation": "c1", "agent": "alice"},
    "conversation.priority": {"conversation": "c1", "priority": "gold", "reason": "asked twice"},
    "score.set": {
        "conversation": "c1",
        "agent": "alice",
        "part": "topic",
        "value": 700,
        "ttl_ms": 60000,
    },
    "history": {"conversation": "c1", "before_seq": 9, "limit": 50, "purpose": "quality"},
    "explain": {"conversation": "c1", "agent": "alice"},
    "contact.set": {"prefs": [{"channel": "chat", "prio": 1}], "languages": ["en"]},
    "rate": {"conversation": "c1", "score": 5, "comment": "quick"},
    "consent.accept": {"terms": "pro", "version": 2},
    "agent.presence": {"agent": "alice", "show": "away", "reason": "left the desk"},
    "policy.get": {},
    "policy.set": {"policy": {"queues": [{"id": "support"}]}},
    "sub": {"topic": "board", "mode": "counts"},
    "unsub": {"topic": "board"},
}


def sample(kind: str, number: int = 1, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - as JSON has it
    """The sample of a type as a whole message, with some fields changed."""
    return {"t": kind, "id": number, **SAMPLES[kind], **changes}
