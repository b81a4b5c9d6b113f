"""What a read over HTTP asks for, and an archive that does not answer.

Owns: the query of a URL as a Struct, the bound of a page, the archive's failure as a refusal.
Does not know: which path asks what.

Invariants (tests/server/test_asked_for.py): whatever stands in a URL, it is what was meant or a
refusal that names the field.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from router.errors import ArchiveUnavailable, Refusal, Refused
from router.server.calls import Caller, Calls, Serve

__all__ = ["archive_endpoint", "check_limit", "query_of"]

_Query = TypeVar("_Query", bound=Struct)


def query_of(request: Request, kind: type[_Query]) -> _Query:
    """The query of a URL.

    Raises:
        Refused: BAD_REQUEST, with what is wrong.
    """
    try:
        return msgspec.convert(dict(request.query_params), kind, strict=False)
    except msgspec.ValidationError as error:
        raise Refused(Refusal.BAD_REQUEST, str(error)) from None


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
