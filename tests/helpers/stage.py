"""The people of a scenario: lines of text become commands, events become lines of text."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from router import events as e
from router.commands import (
    Actor,
    CloseQueue,
    Connect,
    Disconnect,
    OpenQueue,
    ReportActivity,
    SendMessage,
    SetAgentPresence,
    SetPolicy,
    SetPresence,
    Tick,
    TransferConversation,
)
from router.ids import AgentId, ConversationId
from router.policy import LanguageWish, Policy, Queue, SkillNeed, Step
from tests.helpers.worlds import Scene, agent, customer, supervisor

__all__ = ["Stage"]

POLICY = Policy(
    queues=(
        Queue(
            id="desk",
            steps=(Step(after_ms=60_000, any_language=True),),
        ),
        Queue(id="bills", needs=(SkillNeed("bills", 50),), wrap_up_ms=20_000),
    ),
    capacity={"chat": 1, "total": 1},
)

Options = dict[str, str]


class Stage:
    """A scene whose commands and events are words."""

    def __init__(self) -> None:
        self.scene = Scene(POLICY)
        self.told = len(self.scene.log)
        self.count = 0

    def do(self, line: str) -> list[str]:
        """Carries out one line and says what happened."""
        words = line.split()
        act = self._acts().get(words[0])
        if act is None:
            raise ValueError(f"no word {words[0]!r} in a scenario")
        options = dict(word.split("=") for word in words if "=" in word)
        act([word for word in words[1:] if "=" not in word], options)
        news = self.scene.log[self.told :]
        self.told = len(self.scene.log)
        return [f"{at_ms / 1000:g} s: {text}" for at_ms, event in news for text in spoken(event)]

    def _acts(self) -> dict[str, Callable[[list[str], Options], object]]:
        scene = self.scene
        return {
            "sign": self._sign_in,
            "arrive": self._arrive,
            "ask": self._ask,
            "see": lambda words, _: scene.see(words[0]),
            "accept": lambda words, _: scene.accept(words[0]),
            "decline": lambda words, _: scene.decline(words[0]),
            "end": lambda words, _: scene.end(words[0], words[1]),
            "cancel": lambda words, _: scene.cancel(words[0], words[1]),
            "show": lambda words, _: scene.do(SetPresence(agent(words[0]), show=words[1])),  # type: ignore[arg-type]
            "lose": lambda words, _: scene.do(Disconnect(self._who(words[0]))),
            "leave": lambda words, _: scene.do(Disconnect(self._who(words[0]), leave=True)),
            "wait": lambda words, _: scene.to(self._later(words[0])),
            "outage": self._outage,
            "transfer": self._transfer,
            "policy": self._policy,
            "say": self._say,
            "idle": self._idle,
            "force": self._force,
            "close": lambda words, _: scene.answered(CloseQueue(words[0])),
            "open": lambda words, _: scene.answered(OpenQueue(words[0])),
        }

    def _policy(self, _: list[str], options: Options) -> None:
        changes = {name: msgspec.json.decode(value) for name, value in options.items()}
        plain = {**msgspec.to_builtins(self.scene.world.policy), **changes}
        self.scene.answered(SetPolicy(msgspec.convert(plain, Policy)))

    def _idle(self, words: list[str], _: Options) -> None:
        self.scene.do(ReportActivity(agent(words[0]), int(words[1]) * 1000))

    def _force(self, words: list[str], options: Options) -> None:
        """The supervisor's word, for so many seconds if given."""
        self.scene.arrive(supervisor())
        seconds = options.get("for")
        until_ms = None if seconds is None else int(seconds) * 1000
        by, name = supervisor(), AgentId(words[0])
        self.scene.answered(SetAgentPresence(by, name, words[1], until_ms=until_ms))  # type: ignore[arg-type]

    def _say(self, words: list[str], _: Options) -> None:
        self.count += 1
        name, conversation = words
        message = SendMessage(self._who(name), ConversationId(conversation), f"m{self.count}", "hi")
        self.scene.answered(message)

    def _who(self, name: str) -> Actor:
        return agent(name) if name[0].isupper() else customer(name)

    def _later(self, seconds: str) -> int:
        return self.scene.now_ms - self.scene.start_ms + int(float(seconds) * 1000)

    def _outage(self, words: list[str], _: Options) -> None:
        self.scene.skip_to(self._later(words[0]))
        self.scene.do(Tick())

    def _sign_in(self, words: list[str], options: Options) -> None:
        name = words[1]
        languages = dict(pair.split(":") for pair in [options.pop("language", "")] if pair)
        self.scene.arrive(
            agent(name),
            skills={skill: int(level) for skill, level in options.items()},
            languages={tag: int(level) for tag, level in languages.items()},
        )
        self.scene.answered(SetPresence(agent(name)))

    def _arrive(self, words: list[str], options: Options) -> None:
        for name in words:
            if name[0].isupper():
                self.scene.do(Connect(agent(name), life="n1"))
            else:
                self._arrive_customer(name, dict(options))

    def _arrive_customer(self, name: str, facts: Options) -> None:
        """With ``verified=yes`` the facts are proven."""
        self.scene.arrive(
            customer(name),
            klass=facts.pop("class", ""),
            account=facts.pop("account", ""),
            verified=facts.pop("verified", "") == "yes",
            attributes=facts,
        )

    def _ask(self, words: list[str], options: Options) -> None:
        name, conversation = words[0], words[-1]
        queue = options.pop("queue", "desk")
        channel = options.pop("channel", "chat")
        wished = options.pop("language", "")
        known = self.scene.world.people.customers.get(name)
        if known is None or not known.devices:
            self.scene.arrive(customer(name))
        asked = self.scene.request(
            customer(name),
            conversation,
            queue=queue,
            channel=channel,
            languages=(LanguageWish(wished),) if wished else None,
            needs=tuple(SkillNeed(skill, int(level)) for skill, level in options.items()),
        )
        self.scene.do(asked)

    def _transfer(self, words: list[str], _: Options) -> None:
        self.count += 1
        name, conversation, to = words
        is_agent = to[0].isupper()
        self.scene.do(
            TransferConversation(
                agent(name),
                ConversationId(conversation),
                f"t{self.count}",
                "" if is_agent else to,
                AgentId(to) if is_agent else None,
            )
        )


def spoken(event: e.Event) -> Iterator[str]:
    """An event in a supervisor's words; what has none is left out."""
    words = _WORDS.get(type(event))
    text = words(event) if words is not None else None
    if text:
        yield text


def _offer_ended(event: e.OfferEnded) -> str | None:
    if event.outcome == "accepted":
        return None
    return f"{event.agent}: the offer of {event.conversation} is {event.outcome}"


def _updated(event: e.ConversationUpdated) -> str | None:
    changes = dict(event.changes)
    if "quiet" in changes:
        return f"{event.conversation} is {'quiet' if changes['quiet'] else 'awake'}"
    return None


def _queued(event: e.ConversationQueued) -> str:
    again = "" if event.cause == "requested" else f" again: {event.cause}"
    return f"{event.conversation} is {event.status}{again}"


_WORDS: dict[type, Callable[[Any], str | None]] = {
    e.OfferMade: lambda x: f"{x.agent} is asked to take {x.conversation}",
    e.OfferEnded: _offer_ended,
    e.ConversationAssigned: lambda x: f"{x.agent} serves {x.conversation}",
    e.ConversationEnded: lambda x: f"{x.conversation} ends: {x.reason}",
    e.CustomerChanged: lambda x: (
        f"the customer of {x.conversation} is {'back' if x.here else 'gone'}"
    ),
    e.WrapUpStarted: lambda x: f"{x.agent} has {x.wrap_up_ms / 1000:g} s for wrap-up",
    e.ConversationQueued: _queued,
    e.ConversationUpdated: _updated,
    e.ReplyMissed: lambda x: f"{x.agent} owes {x.conversation} an answer",
    e.AgentChanged: lambda x: f"{x.agent} is shown {x.show}" if x.before != x.show else None,
    e.CommandRefused: lambda x: f"refused: {x.code.word}",
}
