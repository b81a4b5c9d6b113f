"""Every life in one place: who may pass from which state to which, by what trigger.

Owns: the states, the triggers and the tables of connection, reachability, presence, conversation
and offer. Rule: nothing else may change a state; a part asks ``advance`` and stores what it says.
Does not know: why a trigger fires, what follows from it, or any person, clock or number.

Invariants (tests/test_states.py): every state can be reached from its start, no final state has a
way out, and a pair that no table lists is refused and changes nothing.

Five small machines instead of one product of them: the rules that join them (an agent leaves
``available``, so a pending offer is revoked) are consequences, and stand in ``router.core``.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from router.errors import Refusal, Refused

__all__ = [
    "CONNECTION",
    "CONVERSATION",
    "FINAL_CONVERSATION",
    "FINAL_OFFER",
    "OFFER",
    "PRESENCE",
    "REACHABILITY",
    "ConnectionState",
    "ConversationState",
    "OfferState",
    "Reachability",
    "Show",
    "Table",
    "advance",
]


class ConnectionState(StrEnum):
    """One WebSocket; lives in ``router.session`` and is not journaled."""

    AWAITING_HELLO = "awaiting_hello"
    READY = "ready"
    DRAINING = "draining"
    CLOSED = "closed"


class Reachability(StrEnum):
    """One person, on any number of devices."""

    UNREACHABLE = "unreachable"
    REACHABLE = "reachable"
    LAPSING = "lapsing"


class Show(StrEnum):
    """What an agent declares."""

    AVAILABLE = "available"
    BUSY = "busy"
    AWAY = "away"
    DND = "dnd"
    OFFLINE = "offline"


class ConversationState(StrEnum):
    """One piece of work from arrival to close; the last three are ``ended`` in the protocol."""

    HELD = "held"
    WAITING = "waiting"
    OFFERED = "offered"
    ACTIVE = "active"
    SNOOZED = "snoozed"
    WRAP_UP = "wrap_up"
    CLOSED = "closed"
    ABANDONED = "abandoned"
    EXPIRED = "expired"


class OfferState(StrEnum):
    """One proposal of one conversation to one agent; the ends are the protocol's outcomes."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    UNDELIVERED = "undelivered"
    REVOKED = "revoked"
    TAKEN = "taken"
    WITHDRAWN = "withdrawn"


Life = TypeVar("Life", bound=StrEnum)

Table = Mapping[str, Mapping[str, Life]]

CONNECTION: Table[ConnectionState] = {
    ConnectionState.AWAITING_HELLO: {
        "accept_hello": ConnectionState.READY,
        "reject_hello": ConnectionState.CLOSED,
        "time_out": ConnectionState.CLOSED,
        "violate": ConnectionState.CLOSED,
        "drain": ConnectionState.CLOSED,
        "lose": ConnectionState.CLOSED,
    },
    ConnectionState.READY: {
        "drain": ConnectionState.DRAINING,
        "violate": ConnectionState.CLOSED,
        "fall_silent": ConnectionState.CLOSED,
        "overrun": ConnectionState.CLOSED,
        "lose": ConnectionState.CLOSED,
    },
    ConnectionState.DRAINING: {
        "flush": ConnectionState.CLOSED,
        "time_out": ConnectionState.CLOSED,
        "violate": ConnectionState.CLOSED,
        "fall_silent": ConnectionState.CLOSED,
        "overrun": ConnectionState.CLOSED,
        "lose": ConnectionState.CLOSED,
    },
    ConnectionState.CLOSED: {},
}

REACHABILITY: Table[Reachability] = {
    Reachability.UNREACHABLE: {"attach": Reachability.REACHABLE},
    Reachability.REACHABLE: {
        "attach": Reachability.REACHABLE,
        "detach": Reachability.REACHABLE,
        "lose_last": Reachability.LAPSING,
        "leave_last": Reachability.UNREACHABLE,
    },
    Reachability.LAPSING: {
        "attach": Reachability.REACHABLE,
        "run_out": Reachability.UNREACHABLE,
    },
}

_DECLARE = {f"declare_{show}": show for show in Show}

PRESENCE: Table[Show] = {
    Show.OFFLINE: {"sign_in": Show.AWAY, **_DECLARE},
    Show.AVAILABLE: {"miss_offer": Show.AWAY, "sign_out": Show.OFFLINE, **_DECLARE},
    Show.BUSY: {"sign_out": Show.OFFLINE, **_DECLARE},
    Show.AWAY: {"sign_out": Show.OFFLINE, **_DECLARE},
    Show.DND: {"sign_out": Show.OFFLINE, **_DECLARE},
}

_WAITING = ConversationState.WAITING
_ACTIVE = ConversationState.ACTIVE
_CLOSED = ConversationState.CLOSED
_ABANDONED = ConversationState.ABANDONED
_EXPIRED = ConversationState.EXPIRED

CONVERSATION: Table[ConversationState] = {
    ConversationState.HELD: {
        "promote": _WAITING,
        "assign": _ACTIVE,
        "abandon": _ABANDONED,
        "expire": _EXPIRED,
    },
    _WAITING: {
        "offer": ConversationState.OFFERED,
        "assign": _ACTIVE,
        "abandon": _ABANDONED,
        "expire": _EXPIRED,
    },
    ConversationState.OFFERED: {
        "accept": _ACTIVE,
        "assign": _ACTIVE,
        "lapse": _WAITING,
        "abandon": _ABANDONED,
        "expire": _EXPIRED,
    },
    _ACTIVE: {
        "wrap_up": ConversationState.WRAP_UP,
        "close": _CLOSED,
        "transfer": _WAITING,
        "orphan": _WAITING,
        "assign": _ACTIVE,
        "snooze": ConversationState.SNOOZED,
    },
    ConversationState.SNOOZED: {"wake": _WAITING, "assign": _ACTIVE, "close": _CLOSED},
    ConversationState.WRAP_UP: {"complete": _CLOSED, "orphan": _CLOSED},
    _CLOSED: {},
    _ABANDONED: {},
    _EXPIRED: {},
}

_PENDING_ENDS = {
    "accept": OfferState.ACCEPTED,
    "decline": OfferState.DECLINED,
    "expire": OfferState.EXPIRED,
    "lose": OfferState.UNDELIVERED,
    "revoke": OfferState.REVOKED,
    "lose_race": OfferState.TAKEN,
    "withdraw": OfferState.WITHDRAWN,
}

OFFER: Table[OfferState] = {
    OfferState.PENDING: _PENDING_ENDS,
    **{state: {} for state in _PENDING_ENDS.values()},
}

FINAL_CONVERSATION = frozenset({_CLOSED, _ABANDONED, _EXPIRED})
FINAL_OFFER = frozenset(_PENDING_ENDS.values())


def advance(table: Table[Life], state: str, trigger: str) -> Life:
    """Looks up where ``trigger`` leads from ``state``.

    Raises:
        Refused: INVALID_TRANSITION, where the table does not list the pair.
    """
    try:
        return table[state][trigger]
    except KeyError:
        message = f"{trigger.replace('_', ' ')} is not possible while it is {state}"
        raise Refused(Refusal.INVALID_TRANSITION, message) from None
