"""What a session tells its shell to do, and the words in which it answers.

Owns: the steps, the form of replies and of the last words before a close.
Does not know: when a step is taken, sockets, or the journal.
"""

from typing import NamedTuple

from msgspec import Struct

from router import outgoing
from router.changes import Change
from router.commands import Claims, Command
from router.errors import CloseCode, Refused, close_action
from router.events import Answer, CommandAnswered, CommandRefused
from router.incoming import Hello, Incoming

__all__ = [
    "GOODBYE",
    "Bearer",
    "Hang",
    "Look",
    "Say",
    "Step",
    "Submit",
    "Verify",
    "as_refused",
    "disconnect",
    "refusal_reply",
    "reply",
]

GOODBYE = 1000
"""The plain close code, after ``bye``."""


class Bearer(Struct, frozen=True):
    """Whom a token names, as the session needs it; ``expires_at_ms`` is by the wall clock."""

    role: str
    id: str
    tenant: str
    claims: Claims
    expires_at_ms: int


class Verify(NamedTuple):
    """Check this token; ``hello`` is None where it is a ``token.refresh``."""

    id: int
    token: str
    hello: Hello | None


class Submit(NamedTuple):
    """Give this command to the engine; ``id`` is None where nobody waits for an answer."""

    id: int | None
    command: Command
    kind: str


class Look(NamedTuple):
    """Answer this read from the state as it is now."""

    message: Incoming


class Say(NamedTuple):
    """Send this to the client."""

    message: outgoing.Outgoing


class Hang(NamedTuple):
    """Close the connection with this code, after a ``disconnect`` where it is not a goodbye."""

    code: int
    delay_ms: int = 0


Step = Verify | Submit | Look | Say | Hang


def as_refused(outcome: CommandRefused | Refused) -> Refused:
    """The outcome of a refused command, from wherever it was refused."""
    if isinstance(outcome, Refused):
        return outcome
    return Refused(
        outcome.code,
        outcome.message,
        retry_ms=outcome.retry_ms,
        outcome=outcome.outcome,
        fallback=outcome.fallback,
        terms=outcome.terms,
    )


def reply(
    id_: int,
    outcome: CommandAnswered | CommandRefused | Refused,
    wait: outgoing.WaitBand | None,
    changes: tuple[Change, ...] | None = None,
) -> outgoing.Reply:
    """The reply to a command whose outcome is known."""
    if not isinstance(outcome, CommandAnswered):
        return refusal_reply(id_, as_refused(outcome))
    answer: Answer = outcome.answer
    return outgoing.Reply(
        id=id_,
        ok=True,
        conversation=answer.conversation,
        status=answer.status,
        position=answer.position,
        ahead=answer.ahead,
        wait_ms=wait,
        joined=answer.joined,
        seq=answer.seq,
        changes=changes,
    )


def refusal_reply(id_: int, refused: Refused) -> outgoing.Reply:
    """The reply to a command that changes nothing."""
    terms, version = refused.terms or (None, None)
    error = outgoing.Error(
        code=int(refused.code),
        name=refused.code.word,
        msg=refused.message,
        retry=refused.code.retry.value,
        retry_ms=refused.retry_ms,
        outcome=refused.outcome,
        fallback=refused.fallback,
        terms=terms,
        version=version,
    )
    return outgoing.Reply(id=id_, ok=False, err=error)


def disconnect(hang: Hang) -> outgoing.Disconnect | None:
    """The last words before a close, or None where the client asked for it."""
    if hang.code == GOODBYE:
        return None
    code = CloseCode(hang.code)
    return outgoing.Disconnect(
        code=code, reason=code.word, action=close_action(code), delay_ms=hang.delay_ms
    )
