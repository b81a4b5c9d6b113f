"""Talks with Redis over one connection, and says what became of what was said.

Owns: the connection, the library of functions in Redis, the sorting of failures, how long each
exchange took.
Does not know: what is said and why, when to try again, threads: one at a time uses a link.
Invariants: nothing is ever said twice; whoever gets no answer learns whether the words may have
been heard. A link whose connection broke connects anew with the next words.
"""

from collections.abc import Callable, Sequence
from importlib.resources import files
from time import perf_counter
from typing import Any, Literal, NamedTuple, cast

from router.errors import StorageError
from router.journal.redis_address import RedisAddress
from router.journal.redis_connect import Wire, connect, need_redis

__all__ = ["KINDS", "Kind", "Link", "RedisAway", "RedisRefused", "Refusal", "Took", "Words"]

Words = Sequence[bytes | str | int]
"""One command."""

Kind = Literal["append", "beat", "claim", "connect", "read", "snapshot", "trim"]
KINDS: tuple[Kind, ...] = ("append", "beat", "claim", "connect", "read", "snapshot", "trim")
"""What is said to Redis, as figures tell it apart."""
_OF_FUNCTIONS: dict[object, Kind] = {
    "fairline_append": "append",
    "fairline_beat": "beat",
    "fairline_trim": "trim",
}

Took = Callable[[str, float], None]
"""Hears the kind of what was said, and the seconds until it was answered or given up."""


class RedisAway(StorageError):
    """Redis gave no answer.

    Attributes:
        is_heard: Whether Redis may have carried out what it was told, or will.
        code: The first word of what it said instead, ``LOADING`` or ``WRONGPASS``; or nothing.
    """

    def __init__(self, message: str, *, is_heard: bool, code: str = "") -> None:
        super().__init__(message)
        self.is_heard = is_heard
        self.code = code


class RedisRefused(StorageError):
    """Redis answered that it did not do it.

    Attributes:
        code: The first word of the answer: ``OOM``, ``READONLY``, ``ERR`` or one of our functions'.
    """

    def __init__(self, refusal: "Refusal") -> None:
        super().__init__(f"Redis refuses: {refusal.said}")
        self.code = refusal.code


class Refusal(NamedTuple):
    """An answer that is an error."""

    code: str
    said: str
    """The whole of it, the code included."""


class Link:
    """One connection to a Redis; never two threads at a time.

    Args:
        address: Where it is.
        connect: Makes the connection.
        kind: As what commands count that are none of the functions with a kind of their own.
        took: Hears what each exchange took.

    Raises:
        SettingsError: redis-py is missing.
    """

    def __init__(
        self,
        address: RedisAddress,
        connect: Callable[[RedisAddress], Wire] = connect,
        *,
        kind: Kind = "read",
        took: Took = lambda *_: None,
    ) -> None:
        need_redis()
        self._kind = kind
        self._took = took
        self.shown = address.shown
        self._address = address
        self._connect = connect
        self._wire: Wire | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is a connection, as far as is known."""
        return self._wire is not None

    def open(self) -> None:
        """Connect, unless that is done.

        Raises:
            RedisAway: nobody answers as wanted; nothing was heard.
        """
        if self._wire is None:
            began_s = perf_counter()
            try:
                self._wire = self._connect(self._address)
            except _failures() as error:
                raise RedisAway(
                    f"{self.shown}: {error}", is_heard=False, code=_code(error)
                ) from error
            finally:
                self._took("connect", perf_counter() - began_s)

    def check(self) -> None:
        """Close the connection where it is seen to be over, before anything is said into it.

        What is said into one that is over may have been heard, for all that is known.
        """
        if self._wire is not None:
            try:
                is_over = self._wire.can_read()
            except _failures():
                is_over = True
            if is_over:
                self.close()

    def exchange(self, commands: Sequence[Words]) -> list[Any]:
        """Say all of it in one piece and return the answers in turn, `Refusal` among them.

        Raises:
            RedisAway: not all answers came.
        """
        self.open()
        assert self._wire is not None, "it was opened"
        answers: list[Any] = []
        began_s = perf_counter()
        try:
            self._wire.send_packed_command(_packed(commands))
            answers.extend(self._answer(self._wire) for _ in commands)
        except _failures() as error:
            self.close()
            # An error with a code is an answer: that the server still loads, or asks who we are.
            is_heard = bool(answers) or not _code(error)
            raise RedisAway(
                f"{self.shown}: {error}", is_heard=is_heard, code=_code(error)
            ) from error
        except BaseException:
            self.close()  # answers may be left, which would be taken for those of what comes next
            raise
        finally:
            self._took(self._kind_of(commands[0]), perf_counter() - began_s)
        return answers

    def _kind_of(self, words: Words) -> Kind:
        return _OF_FUNCTIONS.get(words[1], self._kind) if words[0] == "FCALL" else self._kind

    def call(self, *commands: Words) -> list[Any]:
        """Say all of it in one piece and return the answers in turn.

        Raises:
            RedisAway: not all answers came.
            RedisRefused: one of them was an error; the others may have been done.
        """
        answers = self.exchange(commands)
        for answer in answers:
            if isinstance(answer, Refusal):
                raise RedisRefused(answer)
        return answers

    def load_functions(self) -> None:
        """Give Redis our functions, in the form that this release knows.

        Raises:
            RedisAway: it is not known whether it has them.
            RedisRefused: it may not, or cannot: functions came with Redis 7.0.
        """
        code = files("router.journal").joinpath("redis_functions.lua").read_text("utf-8")
        self.call(("FUNCTION", "LOAD", "REPLACE", code))

    def close(self) -> None:
        """Disconnect; the next words connect again."""
        if self._wire is not None:
            self._wire.disconnect()
            self._wire = None

    def _answer(self, wire: Wire) -> Any:  # noqa: ANN401 - whatever the command answers
        from redis.exceptions import ResponseError

        try:
            return wire.read_response()
        except ResponseError as error:
            # redis-py takes the first word off where it knows it.
            code = error.status_code
            said = f"{code} {error}" if code else str(error)
            return Refusal(said.partition(" ")[0], said)


def _packed(commands: Sequence[Words]) -> list[bytes]:
    from hiredis import pack_command

    pack = cast("Callable[[tuple[bytes | str | int, ...]], bytes]", pack_command)
    return [b"".join(pack(tuple(command)) for command in commands)]


def _code(error: Exception) -> str:
    """The first word of an answer that redis-py takes for a broken connection; or nothing."""
    return getattr(error, "status_code", None) or ""


def _failures() -> tuple[type[Exception], ...]:
    """What a connection raises; looked up late, for redis-py need not be there."""
    from redis.exceptions import RedisError

    return (RedisError, OSError)
