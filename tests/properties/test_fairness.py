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
from router.events import ConversationAssigned
from router.ids import ConversationId
from router.policy import Policy, Queue
from tests.helpers.worlds import Scene, agent, customer, needs, skilled

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


SHOP = Policy(
    queues=(Queue(id="q"), Queue(id="law", needs=needs(law=50))),
    agents=(skilled("ann"), skilled("bob", law=80), skilled("eve", 2, law=60)),
    head_start_max_ms=90_000,
)


def _of_one_day(rng: random.Random) -> list[tuple[int, str, str, str]]:
    """When who asks which queue, of what class: the loud one once, the others too."""
    calls = [
        (
            rng.randrange(120_000),
            f"c{number}",
            rng.choice(("q", "q", "law")),
            rng.choice(("regular", "gold")),
        )
        for number in range(30)
    ]
    return sorted([*calls, (rng.randrange(60_000), "loud", "q", "regular")])


def _loud(scene: Scene, rng: random.Random, number: int) -> None:
    """Something loud, if the one who does it is in line; what is asked for besides is given up."""
    first = scene.world.conversations.by_id.get("loud")
    if first is None or not first.is_in_line:
        return
    for command in noise(rng, number):
        scene.do(command)
    for name in list(scene.customer("loud").open):
        if name != "loud":
            scene.cancel("loud", name)


def _day(seed: int, *, loud: bool) -> tuple[list[tuple[int, str, str]], int]:
    """All assignments of a day in which agents come, answer and end in their own time."""
    rng, noisy = random.Random(seed), random.Random(-seed)
    scene, calls, busy_until = Scene(SHOP), _of_one_day(rng), dict[str, int]()
    made, begins = 0, {"ann": 0, "bob": rng.randrange(90_000), "eve": rng.randrange(60_000)}
    for at_ms in range(0, 400_000, 500):
        scene.to(at_ms)
        scene.sign_in(*(name for name in begins if begins[name] // 500 == at_ms // 500))
        while calls and calls[0][0] <= at_ms:
            _, name, queue, klass = calls.pop(0)
            scene.arrive(customer(name), klass=klass)
            scene.ask(name, queue=queue)
        if loud and noisy.random() < 0.5:
            made += 1
            _loud(scene, noisy, made)
        for name in scene.world.people.agents:
            for conversation in list(scene.agent(name).serving):
                if busy_until[conversation] <= at_ms:
                    scene.end(name, conversation)
            if asked := scene.offered(name):
                scene.accept(name)
                busy_until[asked] = at_ms + 3_000 + 250 * len(asked) + 2_000 * (len(asked) % 3)
    served = scene.seen(ConversationAssigned)
    return [(at_ms, str(one.conversation), str(one.agent)) for at_ms, one in served], made


@pytest.mark.parametrize("seed", range(1, SEEDS // 4 + 1))
def test_without_what_one_customer_does_besides_everybody_is_served_alike(seed: int) -> None:
    """The same day with the loud one's extra commands removed: who gets whom and when."""
    served, made = _day(seed, loud=True)
    assert (len(served), made > 50) == (31, True)
    assert _day(seed, loud=False)[0] == served
