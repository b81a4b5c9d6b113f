"""What a read over HTTP asks for, and an archive that does not answer.

Owns: the query of a URL as a Struct, the bound of a page, the archive's failure as a refusal.
Does not know: which path asks what.

Invariants (tests/server/test_asked_for.py): whatever stands in a URL, it is what was meant or a
refusal that names the field.
"""

import re
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import TypeVar

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from router.errors import ArchiveUnavailable, Refusal, Refused
from router.server.calls import Caller, Calls, Serve
from router.server.instants import instant_of
from router.suggestions import did_you_mean

__all__ = ["INSTANTS", "archive_endpoint", "check_limit", "check_parameter", "query_of"]

INSTANTS = ("since", "until")
"""Parameters that are instants wherever they stand."""

_WHOLE = re.compile(r"-?[0-9]{1,16}")
_BLANK_ZONE = re.compile(r" (\d\d:?\d\d)$")
_Query = TypeVar("_Query", bound=Struct)


def query_of(request: Request, kind: type[_Query]) -> _Query:
    """The query of a URL; ``since`` and ``until`` may be spelt as dates.

    Raises:
        Refused: BAD_REQUEST, with what is wrong.
    """
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    told: dict[str, str | int] = {}
    for name, value in request.query_params.items():
        check_parameter(name, fields)
        if name in INSTANTS:
            told[name] = _instant(name, value)
        elif fields[name].type is int:
            told[name] = _whole(name, value)
        else:
            told[name] = value
    for name, field in fields.items():
        if field.required and name not in told:
            raise Refused(Refusal.BAD_REQUEST, f"{name}: this parameter is missing; add it")
    return msgspec.convert(told, kind)


def check_parameter(name: str, known: Iterable[str]) -> None:
    """Nothing where there is such a parameter; one that nobody reads is a mistake.

    Raises:
        Refused: BAD_REQUEST.
    """
    if name not in known:
        hint = did_you_mean(name, known) or f"; there are {', '.join(known) or 'none'}"
        raise Refused(Refusal.BAD_REQUEST, f"{name}: there is no such parameter{hint}")


def _whole(name: str, value: str) -> int:
    if not _WHOLE.fullmatch(value):
        raise Refused(Refusal.BAD_REQUEST, f"{name}: expected a whole number")
    return int(value)


def _instant(name: str, value: str) -> int:
    """An instant in ms since 1970, of itself or of a date or time by ISO 8601, of UTC if no zone.

    A plus that was not escaped comes as a blank.
    """
    if _WHOLE.fullmatch(value):
        return int(value)
    try:
        return instant_of(_BLANK_ZONE.sub(r"+\1", value))
    except ValueError:
        raise Refused(
            Refusal.BAD_REQUEST,
            f"{name}: expected milliseconds since 1970, or a time such as 2026-01-31T12:00Z",
        ) from None


def check_limit(limit: int, limit_max: int) -> None:
    """Nothing where so many rows may be asked for.

    Raises:
        Refused: BAD_REQUEST.
    """
    if not 1 <= limit <= limit_max:
        raise Refused(Refusal.BAD_REQUEST, f"limit: expected 1 to {limit_max}")


def archive_endpoint(calls: Calls, serve: Serve) -> Callable[[Request], Awaitable[Response]]:
    """Serves what reads the archive; where that cannot be read the caller may come again."""

    async def answer(request: Request, caller: Caller) -> Response:
        try:
            return await serve(request, caller)
        except ArchiveUnavailable:
            raise Refused(Refusal.OVERLOADED, "the archive cannot be read at present") from None

    return partial(calls.answer, serve=answer, unknown="ask again")
