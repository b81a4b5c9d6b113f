"""Who may do what: one table, deny by default (design, section 7).

Owns: for each message type the roles that may send it, and the relation to the conversation that
each role needs. Does not know: sessions, or how a relation is found.

The session looks up the role before a command goes to the journal; the core looks up the relation
where the command has its place in the order. A type that is not listed is nobody's.

Relations: ``own`` (the customer's conversation), ``assigned`` (the agent serves it, or works it
up), ``joined`` (came in by monitor, whisper, barge or consult), ``invited`` (is asked to),
``team`` (a supervisor's agent serves it, or nobody does), ``scope`` (a service of the tenant),
``earlier`` (of a customer whom the agent serves now, where policy lets agents read back).
``none``: no conversation in it.
"""

from collections.abc import Mapping

__all__ = ["RELATIONS", "TOPIC_ROLES", "may_send", "may_subscribe", "relations_for"]

_NONE = frozenset({"none"})
_OWN = frozenset({"own"})
_ASSIGNED = frozenset({"assigned"})
_SERVING = frozenset({"assigned", "joined"})
_TEAM = frozenset({"team"})
_JOINED = frozenset({"joined"})
_INVITED = frozenset({"invited", "joined"})
_SCOPE = frozenset({"scope"})

_EVERYBODY: Mapping[str, frozenset[str]] = {
    "agent": _NONE,
    "customer": _NONE,
    "supervisor": _NONE,
    "service": _NONE,
}

RELATIONS: Mapping[str, Mapping[str, frozenset[str]]] = {
    "hello": _EVERYBODY,
    "bye": _EVERYBODY,
    "activity": _EVERYBODY,
    "token.refresh": _EVERYBODY,
    "sub": _EVERYBODY,
    "unsub": _EVERYBODY,
    "consent.accept": _EVERYBODY,
    "presence.set": {"agent": _NONE},
    "offer.seen": {"agent": _NONE},
    "offer.accept": {"agent": _NONE},
    "offer.decline": {"agent": _NONE},
    "conversation.request": {"customer": _NONE, "service": _SCOPE},
    "conversation.cancel": {"customer": _OWN, "service": _SCOPE},
    "conversation.end": {
        "customer": _OWN,
        "agent": _ASSIGNED,
        "supervisor": _TEAM,
        "service": _SCOPE,
    },
    "conversation.transfer": {"agent": _ASSIGNED, "supervisor": _TEAM, "service": _SCOPE},
    "help.ask": {"agent": _ASSIGNED},
    "help.end": {"agent": _ASSIGNED, "supervisor": _TEAM},
    "conversation.snooze": {"agent": _ASSIGNED},
    "conversation.resume": {"agent": _ASSIGNED},
    "conversation.invite": {"supervisor": frozenset({"team", "joined"}), "agent": _ASSIGNED},
    "conversation.join": {"supervisor": _TEAM, "agent": _INVITED},
    "conversation.leave": {"supervisor": _JOINED, "agent": _INVITED},
    "conversation.assign": {"supervisor": _TEAM, "service": _SCOPE},
    "conversation.priority": {"supervisor": _TEAM, "service": _SCOPE},
    "explain": {
        "customer": _OWN,
        "agent": _ASSIGNED,
        "supervisor": _TEAM,
        "service": _SCOPE,
    },
    "score.set": {"service": _SCOPE},
    "wrapup.complete": {"agent": _ASSIGNED},
    "wrapup.extend": {"agent": _ASSIGNED},
    "message.send": {
        "customer": _OWN,
        "agent": _SERVING,
        "supervisor": _JOINED,
        "service": _SCOPE,
    },
    "message.read": {"customer": _OWN, "agent": _SERVING, "supervisor": _JOINED},
    "typing": {"customer": _OWN, "agent": _SERVING, "supervisor": _JOINED},
    "history": {
        "customer": _OWN,
        "agent": frozenset({"assigned", "joined", "earlier"}),
        "supervisor": _TEAM,
        "service": _SCOPE,
    },
    "contact.set": {"customer": _NONE},
    "rate": {"customer": _OWN},
    "agent.presence": {"supervisor": _NONE, "service": _SCOPE},
    "agent.skills": {"supervisor": _NONE, "service": _SCOPE},
    "preview": {"supervisor": _TEAM, "service": _SCOPE},
    "policy.get": {"supervisor": _NONE, "service": _SCOPE},
    "policy.set": {"supervisor": _NONE, "service": _SCOPE},
}

TOPIC_ROLES: Mapping[str, frozenset[str]] = {
    "team": frozenset({"agent", "supervisor", "service"}),
    "agents": frozenset({"supervisor", "service"}),
    "queue": frozenset({"supervisor", "service"}),
    "queues": frozenset({"agent", "supervisor", "service"}),
    "skills": frozenset({"agent", "supervisor", "service"}),
    "board": frozenset({"supervisor", "service"}),
}


_NOBODYS: frozenset[str] = frozenset()
_RELATIONS = {
    (role, message_type): relations
    for message_type, by_role in RELATIONS.items()
    for role, relations in by_role.items()
}


def may_send(role: str, message_type: str) -> bool:
    """Whether the role may send messages of this type at all."""
    return role in RELATIONS.get(message_type, {})


def relations_for(role: str, message_type: str) -> frozenset[str]:
    """The relations of which one is needed; empty where the role may not send the type."""
    return _RELATIONS.get((role, message_type), _NOBODYS)


def may_subscribe(role: str, topic: str) -> bool:
    """Whether the role may listen to topics of this kind (``team:x`` is of the kind ``team``)."""
    return role in TOPIC_ROLES.get(topic.partition(":")[0], frozenset())
