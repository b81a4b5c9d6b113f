"""The choice of an agent, the words that say why, and what is kept of those considered.

Owns: what broke a tie between good candidates, and how that is said. Does not know: how a score
comes about, who is free, or the line.

Invariant (tests/test_choices.py): what is kept for ``explain`` stands in one order, however the
candidates were found.
"""

from typing import Final

from router.candidates import Candidate, Row, candidate_of
from router.groups import Group, IdlePlace, Shares, Special, candidate
from router.queue import Lane
from router.standing import Entry

__all__ = ["CONSIDERED_MAX", "Choice", "best_of", "choice_among", "choice_of", "only", "reasons"]

BEST_MATCH: Final = "best_match"
"""The word where nobody else was good enough."""

LEAST_LOADED: Final = "least_loaded"
LEAST_FLEXIBLE: Final = "least_flexible"
LONGEST_IDLE: Final = "longest_idle"

CONSIDERED_MAX = 10
"""So many candidates of a decision are kept for ``explain``."""


class Choice:
    """The agent who was chosen, the words that say why, and the best of those considered.

    The first of those considered is the one who was chosen; ``rule`` is the last of the words.
    """

    __slots__ = ("agent", "rows", "rule", "why")

    def __init__(self, agent: str, why: tuple[str, ...], rule: str, rows: list[Row]) -> None:
        self.agent = agent
        self.why = why
        self.rule = rule
        self.rows = rows
        """Those considered, as a decision packs them."""

    @property
    def considered(self) -> tuple[Candidate, ...]:
        """The best of those considered, with the parts of their scores."""
        return tuple([candidate_of(row) for row in self.rows])

    @property
    def candidate(self) -> Candidate:
        """The agent with the parts of the score."""
        return candidate_of(self.rows[0])


def choice_of(
    lane: Lane, chosen: Candidate, good: list[Candidate], considered: list[Candidate]
) -> Choice:
    """A choice of one among several, and why it fell on them."""
    why = reasons(lane, chosen, good)
    return Choice(chosen.agent, why, why[-1], [*considered])


def choice_among(lane: Lane, entries: list[Entry], rows: list[Row], *, speaks: bool) -> Choice:
    """The same of agents of whom nothing is known; the first of them is chosen.

    Args:
        lane: Where the conversation waits.
        entries: Who is good enough, in the order in which they would be chosen.
        rows: The same, as a decision packs them.
        speaks: Whether the first one has any language part.
    """
    rule = _tie_among(entries)
    return Choice(entries[0].agent, _words(lane, 1 if speaks else 0, rule), rule, rows)


def _tie_among(entries: list[Entry]) -> str:
    """What set the first one apart from the others."""
    first = entries[0]
    if len(entries) == 1:
        return BEST_MATCH
    second = entries[1]
    if second.load > first.load:
        return LEAST_LOADED
    return LEAST_FLEXIBLE if second.flexibility > first.flexibility else LONGEST_IDLE


def best_of(found: list[Candidate], chosen: Candidate) -> list[Candidate]:
    """The chosen one, then the best others by score, ``CONSIDERED_MAX`` in all.

    They are kept for ``explain``, so among equals the order must be of what a snapshot holds, and
    not of the buckets, which stand otherwise after a restore.
    """
    others = [candidate for candidate in found if candidate is not chosen]
    if others:
        others.sort(key=_by_score)
        del others[CONSIDERED_MAX - 1 :]
    return [chosen, *others]


def _by_score(candidate: Candidate) -> tuple[int, tuple[int, int, int, int], str]:
    return (-candidate.score, candidate.rank(), candidate.agent)


def only(
    group: Group,
    lane: Lane,
    place: IdlePlace,
    load: int,
    history: dict[str, int],
    weights: Shares,
    special: Special,
) -> Choice:
    """The choice where nobody else is free who can serve the lane; no bucket is looked at."""
    one = candidate(group, lane, place, load, history, weights, special)
    why = _words(lane, _flags(one.language, one.history, one.relation, one.topic), BEST_MATCH)
    return Choice(place[2], why, BEST_MATCH, [one])


def reasons(lane: Lane, chosen: Candidate, good: list[Candidate]) -> tuple[str, ...]:
    """Why this agent, in the trade's words: what was met, then what broke the tie."""
    flags = _flags(chosen.language, chosen.history, chosen.relation, chosen.topic)
    return _words(lane, flags, _tie(chosen, good))


def _tie(chosen: Candidate, good: list[Candidate]) -> str:
    """What set the chosen one apart from the others who are good enough."""
    others = [candidate for candidate in good if candidate is not chosen]
    if not others:
        return BEST_MATCH
    load, flexibility = chosen.load, chosen.flexibility
    if all(other.load < load for other in others):
        return LEAST_LOADED
    if all(other.flexibility > flexibility for other in others if other.load == load):
        return LEAST_FLEXIBLE
    return LONGEST_IDLE


def _flags(language: int, history: int, relation: int, topic: int) -> int:
    """Which parts of the score are above nothing, as bits."""
    flags = 1 if language else 0
    flags |= 2 if history else 0
    flags |= 4 if relation else 0
    return flags | 8 if topic else flags


def _words(lane: Lane, flags: int, rule: str) -> tuple[str, ...]:
    """The words for these parts and this rule; a lane keeps the few that it ever needs."""
    kept = lane.words.get(rule)
    if kept is None:
        kept = lane.words[rule] = {}
    known = kept.get(flags)
    if known is not None:
        return known
    requirement = lane.key[2]
    why = [f"skill:{skill}" for skill, _ in requirement.needs]
    if requirement.languages and flags & 1:
        why.append(f"language:{requirement.languages[0][0]}")
    for bit, word in ((2, "knows_customer"), (4, "account_owner"), (8, "knows_topic")):
        if flags & bit:
            why.append(word)
    if requirement.agent:
        why.append("asked_for")
    kept[flags] = (*why, rule)
    return kept[flags]
