"""What an examination found, step by step: names, times, what is wrong, how to mend it.

Owns: the findings in their order, which steps need which others, the verdict.
Does not know: what any step looks at.

Invariants (tests/server/test_findings.py): every step that was named is in the list once, as
passed, warned, failed or skipped; one whose needs did not pass is skipped, never passed.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

import httpx
import trio
import trio_websocket
from msgspec import Struct

from router.errors import RouterError

__all__ = ["STEP_S", "Finding", "Findings", "Ill", "Report", "Said"]

STEP_S = 10.0
"""A step that takes longer has failed."""

_CAUGHT = (
    RouterError, OSError, httpx.HTTPError, trio.TooSlowError, trio_websocket.HandshakeError,
    trio_websocket.ConnectionClosed,
)  # fmt: skip


class Ill(Exception):
    """Something is wrong; ``mend`` says what to do."""

    def __init__(self, said: str, mend: str = "") -> None:
        super().__init__(said)
        self.mend = mend


class Said(Struct, frozen=True):
    """What a step that passed tells; with ``mend`` it is a warning."""

    text: str = ""
    mend: str = ""


class Finding(Struct, frozen=True):
    """One step."""

    step: str
    outcome: Literal["passed", "warned", "failed", "skipped"]
    took_ms: float = 0.0
    said: str = ""
    mend: str = ""


class Report(Struct, frozen=True):
    """All of it, as ``--json`` prints it."""

    ok: bool
    url: str
    version: str
    node: str
    findings: tuple[Finding, ...]


class Findings:
    """The findings of one examination."""

    def __init__(self, tell: Callable[[Finding], None]) -> None:
        self.all: list[Finding] = []
        self._tell = tell

    @property
    def is_fine(self) -> bool:
        """Whether nothing failed."""
        return all(one.outcome != "failed" for one in self.all)

    def has(self, step: str) -> bool:
        """Whether a step went well, warnings or not."""
        return any(one.step == step and one.outcome in ("passed", "warned") for one in self.all)

    def add(self, finding: Finding) -> None:
        """Notes one."""
        self.all.append(finding)
        self._tell(finding)

    def skip(self, step: str, why: str) -> None:
        """Notes that a step was left out."""
        self.add(Finding(step, "skipped", said=why))

    async def step(
        self,
        step: str,
        look: Callable[[], Awaitable[Said]],
        *,
        needs: Sequence[str] = (),
        mend: str = "",
    ) -> bool:
        """Takes one step, if what it needs went well; whether it did.

        Args:
            step: Its name.
            look: Does it; raises ``Ill`` where something is wrong.
            needs: Steps before.
            mend: What to do where it fails in a way that says nothing of that itself.
        """
        missing = [name for name in needs if not self.has(name)]
        if missing:
            self.skip(step, f"needs {', '.join(missing)}")
            return False
        began_s = trio.current_time()
        try:
            with trio.fail_after(STEP_S):
                said = await look()
        except Ill as ill:
            self._fail(step, began_s, str(ill), ill.mend or mend)
            return False
        except (*_CAUGHT, BaseExceptionGroup) as error:
            causes = _leaves(error)
            if not all(isinstance(cause, _CAUGHT) for cause in causes):
                raise
            self._fail(step, began_s, _sentence(causes[0]), mend)
            return False
        outcome: Literal["passed", "warned"] = "warned" if said.mend else "passed"
        self.add(Finding(step, outcome, _since_ms(began_s), said.text, said.mend))
        return True

    def _fail(self, step: str, began_s: float, said: str, mend: str) -> None:
        self.add(Finding(step, "failed", _since_ms(began_s), said, mend))


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in _leaves(inner)]
    return [error]


def _since_ms(began_s: float) -> float:
    return round((trio.current_time() - began_s) * 1000, 3)


def _sentence(error: BaseException) -> str:
    if isinstance(error, trio.TooSlowError):
        return f"nothing came within {STEP_S:.0f} s"
    if isinstance(error, trio_websocket.ConnectionClosed):
        reason = error.reason
        return "the connection went" if reason is None else f"closed: {reason.code} {reason.reason}"
    if isinstance(error, trio_websocket.ConnectionRejected):
        return f"the upgrade was answered {error.status_code}"
    return str(error) or type(error).__name__
