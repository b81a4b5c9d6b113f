"""Everything that can go wrong, sorted by whose fault it is, and the two registries of codes.

Owns: the exception tree, the refusal codes of replies, the close codes of sockets.
Does not know: who raises what when; details go to the log, never to the wire.

    RouterError                  never raised itself
    ├── Refused                  the caller's timing: a command that changes nothing
    ├── ProtocolError            the peer's fault: the connection ends with a close code
    ├── SettingsError            the operator's fault: stop before listening
    └── StorageError             the world's fault
        ├── JournalCorrupt, JournalVersion, JournalLocked
        └── JournalUnavailable   the batch certainly did not go in

A broken invariant is an ``AssertionError``: our own fault, never caught but by the engine.
"""

from enum import IntEnum, StrEnum

__all__ = [
    "ArchiveCorrupt",
    "ArchiveLocked",
    "ArchiveUnavailable",
    "ArchiveVersion",
    "CloseCode",
    "JournalCorrupt",
    "JournalLocked",
    "JournalUnavailable",
    "JournalVersion",
    "ProtocolError",
    "Refusal",
    "Refused",
    "Retry",
    "RouterError",
    "SettingsError",
    "SnapshotVersion",
    "StorageError",
    "close_action",
]


class Retry(StrEnum):
    """What a client may do after a refusal."""

    NO = "no"
    NOW = "now"
    AFTER = "after"


class Refusal(IntEnum):
    """Why a command did nothing: the codes of replies (protocol, section 5)."""

    INTERNAL = 100
    UNAUTHORIZED = 101
    FORBIDDEN = 102
    NOT_FOUND = 103
    UNKNOWN_TYPE = 104
    BAD_REQUEST = 105
    LIMIT_EXCEEDED = 106
    RATE_LIMITED = 107
    OVERLOADED = 108
    TOKEN_EXPIRED = 109
    PURPOSE_REQUIRED = 110
    CONFLICT = 111
    OFFER_GONE = 113
    CAPACITY_FULL = 114
    INVALID_TRANSITION = 115
    SUBSCRIPTION_STATE = 116
    DRAINING = 118
    CONSENT_REQUIRED = 119
    CLOSED = 120

    @property
    def word(self) -> str:
        """The name in replies, ``not_found`` for ``NOT_FOUND``."""
        return self.name.lower()

    @property
    def retry(self) -> Retry:
        """Whether the same command may succeed later."""
        return Retry.AFTER if self in _RETRY_AFTER else Retry.NO


_RETRY_AFTER = frozenset(
    {Refusal.INTERNAL, Refusal.RATE_LIMITED, Refusal.OVERLOADED, Refusal.DRAINING}
)


class CloseCode(IntEnum):
    """Why the server closes a socket (protocol, section 4); the band says what the client does."""

    TOO_BIG = 1009
    DRAIN = 4100
    REBALANCE = 4101
    NO_PONG = 4102
    WRITE_TIMEOUT = 4103
    SERVER_ERROR = 4104
    OVERLOADED = 4200
    SLOW_CONSUMER = 4201
    HELLO_TIMEOUT = 4202
    RATE_LIMITED = 4203
    NODE_FULL = 4204
    TOKEN_EXPIRED = 4303
    INVALID_TOKEN = 4500
    FORBIDDEN = 4501
    BAD_FRAME = 4502
    UNSUPPORTED_VERSION = 4503
    REPLACED = 4504
    SIGNED_OUT = 4505
    TOO_MANY_CONNECTIONS = 4506
    WRONG_ENCODING = 4507
    TOO_MANY_ERRORS = 4508

    @property
    def word(self) -> str:
        """The reason sent with the close, at most 32 bytes and without personal data."""
        return self.name.lower()


def close_action(code: int) -> str:
    """What a client does after ``code``: ``resume``, ``reconnect`` or ``stop``.

    The band decides, so that old clients handle new codes.
    """
    if 4300 <= code < 4400:
        return "reconnect"
    return "stop" if 4500 <= code < 4600 or code == CloseCode.TOO_BIG else "resume"


class RouterError(Exception):
    """The root of all errors of this package; never raised itself."""


class Refused(RouterError):
    """A command cannot be done now and has changed nothing.

    Raised by the parts of the core before any change, caught once in ``Router.apply``; the fields
    become the ``err`` of the reply.
    """

    def __init__(
        self,
        code: Refusal,
        message: str = "",
        *,
        retry_ms: int | None = None,
        outcome: str | None = None,
        fallback: str | None = None,
        terms: tuple[str, int] | None = None,
    ) -> None:
        super().__init__(message or code.word)
        self.code = code
        self.message = message or code.word.replace("_", " ")
        self.retry_ms = retry_ms
        self.outcome = outcome
        self.fallback = fallback
        self.terms = terms


class ProtocolError(RouterError):
    """The peer broke the rules of the connection; the socket closes with ``code``."""

    def __init__(self, code: CloseCode, message: str = "") -> None:
        super().__init__(message or code.word)
        self.code = code


class SettingsError(RouterError):
    """A setting is wrong; says which file, line (0: none) and key, and how to mend it."""

    def __init__(self, message: str, *, file: str = "", key: str = "", line: int = 0) -> None:
        super().__init__(message)
        self.file = file
        self.key = key
        self.line = line


class StorageError(RouterError):
    """The world's fault: what is kept can no longer be written or trusted.

    Raised itself by a journal that is broken for good (a failed write or sync): the process must
    end, because only a restart reads what truly is on the disk.
    """


class JournalCorrupt(StorageError):
    """The journal is damaged before its end; starting would silently lose commands.

    Attributes:
        segment: The damaged file, or the key in Redis.
        offset: The byte in it at which trust ends; None where that is not a matter of bytes.
        mend: What the operator can do, a sentence.
    """

    def __init__(self, *, segment: str, offset: int | None, problem: str, mend: str) -> None:
        where = segment if offset is None else f"{segment}, byte {offset}"
        super().__init__(f"{where}: {problem} {mend}")
        self.segment = segment
        self.offset = offset
        self.mend = mend


class JournalUnavailable(StorageError):
    """The batch certainly did not go into the journal; the commands may be tried again."""


class JournalLocked(StorageError):
    """Another process holds the journal's folder."""


class JournalVersion(StorageError):
    """The journal was written for another version of the core, which would decide otherwise."""


class SnapshotVersion(StorageError):
    """A snapshot holds what this release does not know: a newer one wrote it."""


class ArchiveUnavailable(StorageError):
    """The archive takes or gives nothing at present; nothing was kept, try again later."""


class ArchiveCorrupt(StorageError):
    """A file of the archive is damaged, or is none; says which, and how to mend it."""


class ArchiveVersion(StorageError):
    """A file of the archive comes from a newer Fairline."""


class ArchiveLocked(StorageError):
    """Another process writes this archive."""
