"""What was answered to which ``op``, so that a command asked twice is done once.

Owns: the remembered answers of each person, by op. Does not know: the commands' meaning.

Invariants: an op with the same content gives the first answer again; with other content it is a
conflict; a refused command is not remembered; at most ``limit`` answers a person are kept, the
oldest go first; whenever one is remembered, those older than a day go, whoever's they are.
"""

from collections import deque
from collections.abc import Mapping
from typing import Final

from router.errors import Refusal, Refused
from router.events import Answer
from router.ids import PersonKey
from router.newest import Newest
from router.remembered import Remembered

__all__ = ["OpMemory"]

KEEP_MS: Final = 24 * 3_600_000
CUSTOMER_LIMIT: Final = 1_000
SERVICE_LIMIT: Final = 100_000
STAFF_LIMIT: Final = 10_000
GONE_MAX: Final = 1_000
"""So many more than half of the list by age may be of answers that are gone: then it is made anew,
lest those of customers who are forgotten lie there for a day."""

_Remembered: Final = Remembered
"""What is final is not looked up by name where the core is compiled."""


def _limit(person: PersonKey) -> int:
    """How many answers of a person are kept."""
    if person.startswith("customer:"):
        return CUSTOMER_LIMIT
    return SERVICE_LIMIT if person.startswith("service:") else STAFF_LIMIT


class OpMemory:
    """The answers of all persons of a tenant."""

    def __init__(self) -> None:
        self.by_person: dict[PersonKey, dict[str, Remembered]] = {}
        self._newest: dict[PersonKey, Newest] = {}
        """Of persons who had too many."""
        self._by_age: deque[tuple[int, PersonKey, str]] = deque()
        """When whose op was answered, the oldest first; names some that are gone; derived."""
        self._count = 0

    def restore(self, by_person: Mapping[PersonKey, dict[str, Remembered]]) -> None:
        """Puts the answers of a snapshot in place."""
        self.by_person = dict(by_person)
        ages = [
            (known.at_ms, person, op)
            for person, answers in self.by_person.items()
            for op, known in answers.items()
        ]
        self._by_age = deque(sorted(ages))
        self._count = len(ages)

    def recall(self, person: PersonKey, op: str, fingerprint: int) -> Answer | None:
        """The first answer to this op, or None where it is new.

        Raises:
            Refused: CONFLICT, where the op came before with other content.
        """
        answers = self.by_person.get(person)
        known = answers.get(op) if answers is not None else None
        if known is None:
            return None
        if known.fingerprint != fingerprint:
            raise Refused(Refusal.CONFLICT, "this op was used before with other content")
        return known.answer

    def has(self, person: PersonKey, op: str) -> bool:
        """Whether the person used this op for anything that is remembered here."""
        return op in self.by_person.get(person, {})

    def remember(
        self, person: PersonKey, op: str, fingerprint: int, answer: Answer, now_ms: int
    ) -> None:
        """Keeps an answer, and lets go of what is too old or too much."""
        answers = self.by_person.get(person)
        if answers is None:
            answers = self.by_person[person] = {}
        newest = self._newest.get(person) if self._newest else None
        if op not in answers:
            self._count += 1
            if newest is not None:
                newest.note(op)
        answers[op] = _Remembered(fingerprint, answer, now_ms)
        self._by_age.append((now_ms, person, op))
        if len(answers) > _limit(person):
            if newest is None:
                newest = self._newest[person] = Newest()
            newest.drop_oldest(answers)
            self._count -= 1
        if len(self._by_age) > 2 * self._count + GONE_MAX:
            self.restore(self.by_person)
        while self._by_age[0][0] <= now_ms - KEEP_MS:
            self._drop(*self._by_age.popleft())

    def _drop(self, at_ms: int, person: PersonKey, op: str) -> None:
        answers = self.by_person.get(person, {})
        if op in answers and answers[op].at_ms == at_ms:
            del answers[op]
            self._count -= 1
            if person in self._newest:
                self._newest[person].forget(op)
            if not answers:
                self.forget(person)

    def forget(self, person: PersonKey) -> None:
        """Nothing of this person's is remembered any longer."""
        self._count -= len(self.by_person.pop(person, {}))
        self._newest.pop(person, None)
