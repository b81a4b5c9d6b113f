"""Nothing loud helps: with or without the noise of one customer, the others are served alike."""

import os
import random

import pytest

from router.commands import (
    CancelConversation,
    Command,
    Connect,
    Disconnect,
    RequestConversation,
    SendMessage,
)
from router.ids import ConversationId
from tests.helpers.worlds import Scene, agent, customer

SEEDS = int(os.environ.get("FAIRLINE_SEEDS", "40"))
OTHERS = 12

Arrivals = list[tuple[int, str]]


def arrivals(rng: random.Random) -> Arrivals:
    """When each of the others asks, in ms; nobody at the same time."""
    return sorted((rng.randrange(1_000, 60_000), f"c{n}") for n in range(OTHERS))


def noise(rng: random.Random, number: int) -> list[Command]:
    """One loud thing: more requests, asking again, another tab, messages, reconnects."""
    loud = customer("loud")
    more = ConversationId(f"loud{number}")
    return rng.choice(
        [
            [RequestConversation(loud, more, more, "chat", topic=more)],
            [
                RequestConversation(loud, more, more, "chat", topic=more),
                CancelConversation(loud, more),
            ],
            [Disconnect(loud), Connect(loud)],
            [Connect(customer("loud", "2"))],
            [SendMessage(loud, ConversationId("loud"), f"m{number}", "hurry up")],
        ]
    )


def served(seed: int, *, loud: bool) -> list[str]:
    """The first assignments of all, in order: one agent, who is there once all have asked."""
    rng = random.Random(seed)
    scene = Scene()
    calls = [*arrivals(rng), (rng.randrange(1_000, 60_000), "loud")]
    count = 0
    for at_ms, name in sorted(calls):
        scene.to(at_ms)
        scene.ask(name)
        while loud and rng.random() < 0.8:
            count += 1
            if "loud" in scene.world.people.customers:
                for command in noise(rng, count):
                    scene.do(command)
    scene.to(70_000)
    if loud and not scene.customer("loud").devices:
        scene.arrive(customer("loud"))
    scene.sign_in("ann")
    order = scene.serve_all("ann")
    return [name for name in order if name in {"loud", *(one for _, one in calls)}]


@pytest.mark.parametrize("seed", range(SEEDS))
def test_noise_changes_nobodys_place(seed: int) -> None:
    quiet = served(seed, loud=False)
    assert len(quiet) == OTHERS + 1
    assert served(seed, loud=True) == quiet


@pytest.mark.parametrize("seed", range(SEEDS // 2))
def test_whoever_cancels_and_asks_again_stands_at_the_end(seed: int) -> None:
    rng = random.Random(seed)
    scene = Scene()
    calls = arrivals(rng)
    for at_ms, name in calls:
        scene.to(at_ms)
        scene.ask(name)
    scene.to(61_000)
    restless = rng.choice(calls)[1]
    scene.cancel(restless)
    scene.ask(restless, "again")
    scene.sign_in("ann")
    others = [name for _, name in calls if name != restless]
    assert scene.serve_all("ann") == [*others, "again"]


def test_a_dropped_connection_keeps_the_place() -> None:
    scene = Scene()
    for name in ("c", "d"):
        scene.ask(name)
        scene.to(1_000)
    scene.leave(customer("c"))
    scene.to(30_000)
    scene.arrive(customer("c", "2"))
    scene.arrive(agent("ann"))
    scene.sign_in("ann")
    assert scene.serve_all("ann") == ["c", "d"]
