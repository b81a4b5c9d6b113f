"""Names in a policy that nothing else in it knows, and languages that are none.

Owns: which names a policy may use for channels and languages. Does not know: what they do.

Invariant (tests/test_spelling.py): a policy that names only what its queues take, and languages by
their tags, has no finding.

Such a name is nearly always a slip: ``interrupts = ["voise"]`` would never interrupt anybody, and
``languages = {english = 100}`` would never meet a customer who asks for ``en``.
"""

import re
from collections.abc import Iterable, Iterator

from router.policy import Policy
from router.suggestions import did_you_mean
from router.wishes import LanguageWish

__all__ = ["doubts", "misspelt"]

USUAL_CHANNELS = ("chat", "voice", "email")
"""Those of the default ``capacity``: naming them is fine, whether a queue takes them or not."""

_TAG = re.compile(r"(?:[A-Za-z]{2,3}|[xX])(-[A-Za-z0-9]{1,8})*")
_MEND = 'is no language tag; write one like "en", "de" or "pt-BR"'
_SPELT_OUT = {
    "arabic": "ar", "chinese": "zh", "deutsch": "de", "dutch": "nl", "english": "en",
    "espanol": "es", "francais": "fr", "french": "fr", "german": "de", "italian": "it",
    "japanese": "ja", "korean": "ko", "polish": "pl", "portuguese": "pt", "russian": "ru",
    "spanish": "es", "swedish": "sv", "turkish": "tr", "ukrainian": "uk",
}  # fmt: skip


def misspelt(policy: Policy) -> list[tuple[str, str]]:
    """Pairs of a key's path and a sentence with the mend, as ``policy.problems`` gives them."""
    return [*_channels(policy), *_languages(policy)]


def doubts(policy: Policy) -> list[tuple[str, str]]:
    """What is allowed and perhaps not meant: a queue's channel that no capacity is named for."""
    found = []
    for index, queue in enumerate(policy.queues):
        for channel in queue.channels:
            if channel not in policy.capacity and channel not in USUAL_CHANNELS:
                hint = did_you_mean(channel, (*policy.capacity, *USUAL_CHANNELS))
                found.append(
                    (
                        f"queues[{index}].channels",
                        f"no capacity is named for {channel!r}, so only the total bounds it{hint}",
                    )
                )
    return found


def _channels(policy: Policy) -> Iterator[tuple[str, str]]:
    taken = dict.fromkeys(channel for queue in policy.queues for channel in queue.channels)
    known = (*taken, *(name for name in USUAL_CHANNELS if name not in taken))
    named: list[tuple[str, Iterable[str]]] = [
        ("interrupts", policy.interrupts),
        ("cost", policy.cost),
        ("capacity", (name for name in policy.capacity if name != "total")),
    ]
    for index, agent in enumerate(policy.agents):
        own = (name for name in agent.capacity if name != "total")
        named.append((f"agents[{index}].capacity", own))
    for index, rule in enumerate(policy.rules):
        channel = rule.when.channel
        words = (channel,) if isinstance(channel, str) else channel
        named.append((f"rules[{index}].when.channel", words))
    for path, told in named:
        for word in told:
            if word not in known:
                yield path, f"no queue takes the channel {word!r}{did_you_mean(word, known)}"


def _languages(policy: Policy) -> Iterator[tuple[str, str]]:
    for index, agent in enumerate(policy.agents):
        for tag in agent.languages:
            yield from _tag(f"agents[{index}].languages", tag)
    for index, rule in enumerate(policy.rules):
        wishes = rule.then.languages
        yield from _wishes(f"rules[{index}].then.languages", wishes)
        yield from _wishes(f"rules[{index}].then.prefer.languages", rule.then.prefer.languages)
        named = rule.when.languages
        for tag in (named,) if isinstance(named, str) else named:
            yield from _tag(f"rules[{index}].when.languages", tag)


def _wishes(path: str, wishes: Iterable[LanguageWish]) -> Iterator[tuple[str, str]]:
    for wish in wishes:
        yield from _tag(path, wish.tag)


def _tag(path: str, tag: str) -> Iterator[tuple[str, str]]:
    if not _TAG.fullmatch(tag):
        meant = _SPELT_OUT.get(tag.casefold())
        hint = f' (did you mean "{meant}"?)' if meant else ""
        yield path, f"{tag!r} {_MEND}{hint}"
