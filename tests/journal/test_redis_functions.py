"""The functions in Redis, against a model in Python: many moves, one answer and one state each.

The model is the promise; `router/journal/redis_functions.lua` keeps it.
"""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from router.journal.redis_cursor import lives_of
from router.journal.redis_layout import (
    BEGINNING,
    LIVES,
    OWNER,
    POSITIONS,
    STORE,
    EntryId,
    Life,
    decode_life,
    journal_key,
)
from router.journal.redis_link import Link, Refusal
from tests.helpers.redis_server import REDIS, VALKEY, RedisServer, redis_server

pytestmark = pytest.mark.process

STREAMS = [journal_key(number) for number in range(3)]
CLAIMED = [STORE, OWNER, POSITIONS, LIVES]
LIVES_MAX = 64
NOBODY = ("", "", "", "")


@pytest.fixture(scope="module", params=[VALKEY, REDIS])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RedisServer]:
    folder = tmp_path_factory.mktemp("redis")
    with redis_server(folder, request.param, ["appendfsync", "no"]) as started:
        yield started


@pytest.fixture
def link(server: RedisServer) -> Iterator[Link]:
    made = Link(server.address)
    made.call(("FLUSHALL",), ("CONFIG", "SET", "maxmemory", 0))
    made.load_functions()
    yield made
    made.close()


def fcall(name: str, keys: list[str], *args: str | int) -> tuple[str | int, ...]:
    return ("FCALL", f"fairline_{name}", len(keys), *keys, *args)


class Model:
    """What the functions promise, written down once more and simply."""

    def __init__(self) -> None:
        self.store: dict[str, str] = {}
        self.owner: dict[str, str] = {}
        self.streams: dict[str, dict[EntryId, list[str]]] = {key: {} for key in STREAMS}
        self.positions: dict[str, str] = {}
        self.beginning: str | None = None
        self.lives: list[tuple[str, str, dict[str, int]]] = []
        """Of each that began and left anything behind: the newest entry then, and all positions."""

    def claim(self, life: str, node: str, seen: tuple[str, str, str], store_id: str) -> str:
        if self.owner.get("life") != life:
            now = tuple(self.owner.get(name, "") for name in ("life", "beat", "number"))
            if now != seen:
                return "TAKEN"
            if not self.store:
                self.store = {"format": "1", "partitions": "3", "store_id": store_id}
                self.store |= {"core_version": "0", "sequence": "0", "now_ms": "0", "last": "0-0"}
            at = self.store["last"]
            self.lives = [one for one in self.lives if one[0] != at][1 - LIVES_MAX :]
            self.lives += [(at, life, {name: int(one) for name, one in self.positions.items()})]
            self.owner = {"life": life, "node": node, "beat": "1", "number": "0", "reply": ""}
        return self.store["last"]

    def beat(self, life: str) -> str:
        if self.owner.get("life") != life:
            return "FENCED"
        self.owner["beat"] = str(int(self.owner["beat"]) + 1)
        return self.store["last"]

    def release(self, life: str) -> int:
        if self.owner.get("life") != life:
            return 0
        self.owner = {}
        return 1

    def append(
        self, life: str, batch: int, entry_id: str, link: str, pieces: dict[str, str],
        moved: dict[str, int],
    ) -> str:  # fmt: skip
        if self.owner.get("life") != life:
            return "FENCED"
        if batch <= int(self.owner["number"]):
            return self.owner["reply"] if batch == int(self.owner["number"]) else "STALE"
        last = self.store["last"]
        if last != link:
            is_behind = EntryId.parse(last).sequence < EntryId.parse(link).sequence
            return "BEHIND" if is_behind else "AHEAD"
        added = EntryId.parse(entry_id)
        for key, blob in pieces.items():
            self.streams[key][added] = ["b", blob, "l", link, "v", "1"]
        self.positions |= {tenant: str(position) for tenant, position in moved.items()}
        self.store |= {"core_version": "1", "sequence": str(added.sequence)}
        self.store |= {"now_ms": str(added.now_ms), "last": entry_id}
        self.owner |= {"number": str(batch), "reply": entry_id}
        return entry_id

    def trim(self, life: str, place: str, entry_id: str) -> str:
        if self.owner.get("life") != life:
            return "FENCED"
        self.beginning = place
        gone = 0
        for stream in self.streams.values():
            for each in [one for one in stream if one < EntryId.parse(entry_id)]:
                del stream[each]
                gone += 1
        return str(gone)


def said(answer: Any) -> Any:  # noqa: ANN401 - whatever it is
    if isinstance(answer, Refusal):
        return answer.code
    return answer.decode() if isinstance(answer, bytes) else answer


def state(link: Link) -> list[Any]:
    """All that Redis keeps, in the model's words."""
    streams = [("XRANGE", key, "-", "+") for key in STREAMS]
    answers = link.call(*[("HGETALL", key) for key in (STORE, OWNER, POSITIONS)], *streams)
    words = [[word.decode() for word in found] for found in answers[:3]]
    hashes: list[Any] = [dict(zip(each[::2], each[1::2], strict=True)) for each in words]
    hashes += [
        {EntryId.parse(name): [field.decode() for field in fields] for name, fields in found}
        for found in answers[3:]
    ]
    (beginning,) = link.call(("GET", BEGINNING))
    (lives,) = link.call(("XRANGE", LIVES, "-", "+"))
    begun = [(fields[1].decode(), *decode_life(fields)) for _, fields in lives]
    return [*hashes, beginning and beginning.decode(), begun]


class Play:
    """Random moves of three lives, made on both sides."""

    def __init__(self, link: Link, seed: int) -> None:
        self.link = link
        self.chance = random.Random(seed)
        self.model = Model()
        self.seen: list[tuple[str, str, str]] = [("", "", "")]
        self.sent: list[tuple[Any, ...]] = []
        self.met: set[str] = set()

    def call(self, name: str, keys: list[str], *args: str | int) -> Any:  # noqa: ANN401
        return said(self.link.exchange([fcall(name, keys, *args)])[0])

    def check(self, name: str, answer: object, promised: object) -> None:
        assert answer == promised, name
        self.met.add(f"{name} {promised if str(promised).isupper() else 'done'}")

    def move(self) -> None:
        chance, model = self.chance, self.model
        life = chance.choice("abc") if chance.random() < 0.2 else model.owner.get("life", "a")
        match chance.choice(["claim", "beat", "release", "trim", *["append"] * 12]):
            case "claim":
                now = tuple(model.owner.get(name, "") for name in ("life", "beat", "number"))
                self.seen.append((now[0], now[1], now[2]))
                seen, life = chance.choice(self.seen[-4:]), chance.choice("abc")
                answer = self.call("claim", CLAIMED, life, f"node {life}", *seen, 1, 3, "id")
                self.check("claim", answer, model.claim(life, f"node {life}", seen, "id"))
            case "beat":
                self.check("beat", self.call("beat", [STORE, OWNER], life), model.beat(life))
            case "release" if chance.random() < 0.2:
                answer = self.call("release", [STORE, OWNER], life)
                self.check("release", answer, model.release(life))
            case "trim" if model.store:
                last = EntryId.parse(model.store["last"])
                place = str(EntryId(last.now_ms, max(0, last.sequence - chance.randint(0, 9))))
                keys = [STORE, OWNER, BEGINNING, *STREAMS]
                answer = said(self.call("trim", keys, life, f"at {place}", place, 0))
                self.check("trim", str(answer), model.trim(life, f"at {place}", place))
            case "append" if model.store:
                self.append(life)

    def append(self, life: str) -> None:
        """A next batch, or one that was sent before, or one that is wrong somehow."""
        chance, model = self.chance, self.model
        last = EntryId.parse(model.store["last"])
        if self.sent and chance.random() < 0.25:
            batch, entry_id, link, pieces, moved = chance.choice(self.sent[-4:])
        else:
            link = str(last)
            if chance.random() < 0.15:
                link = str(EntryId(last.now_ms, max(0, last.sequence + chance.choice([-1, 1]))))
            entry_id = str(EntryId(last.now_ms + chance.randint(0, 2), last.sequence + 1))
            batch = int(model.owner.get("number", "0")) + 1
            keys = sorted(chance.sample(STREAMS, chance.randint(1, 3)))
            pieces = {key: f"blob {chance.random()}" for key in keys}
            tenants = chance.sample(["acme", "globex", "müller"], chance.randint(1, 3))
            moved = {tenant: chance.randint(1, 99) for tenant in tenants}
            self.sent.append((batch, entry_id, link, pieces, moved))
        keys = [STORE, OWNER, POSITIONS, *pieces]
        pairs = [word for pair in moved.items() for word in pair]
        answer = self.call("append", keys, life, batch, entry_id, link, 1, *pieces.values(), *pairs)
        self.check("append", answer, model.append(life, batch, entry_id, link, pieces, moved))


@pytest.mark.parametrize("seed", range(6))
def test_every_move_gives_what_the_model_gives(link: Link, seed: int) -> None:
    play = Play(link, seed)
    model = play.model
    for _ in range(400):
        play.move()
        streams = list(model.streams.values())
        hashes = [model.store, model.owner, model.positions]
        assert state(link) == [*hashes, *streams, model.beginning, model.lives]
    words = ("done", "FENCED", "STALE", "BEHIND", "AHEAD")
    assert {f"append {word}" for word in words} <= play.met
    assert {"claim TAKEN", "claim done", "beat FENCED", "trim done"} <= play.met


def owned(link: Link) -> None:
    link.call(fcall("claim", CLAIMED, "a", "one", "", "", "", 1, 3, "id"))


def test_the_lives_of_a_store_are_bounded_and_those_of_another_are_none(link: Link) -> None:
    for n in range(LIVES_MAX + 5):
        seen = (f"life {n - 1}", 1, 1) if n else ("", "", "")
        link.call(fcall("claim", CLAIMED, f"life {n}", "one", *seen, 1, 3, "id"))
        if n > 0:
            link.call(fcall("claim", CLAIMED, f"life {n}", "one", "", "", "", 1, 3, "id"))
        keys, last = [STORE, OWNER, POSITIONS, STREAMS[0]], f"0-{n}"
        rest = (f"life {n}", 1, f"0-{n + 1}", last, 1, "x", "acme", n + 1)
        link.call(fcall("append", keys, *rest))
    lives = lives_of(link.call)
    assert [one.name for one in lives] == [f"life {n}" for n in range(5, LIVES_MAX + 5)]
    assert [one.positions["acme"] for one in lives] == list(range(5, LIVES_MAX + 5))
    link.call(("DEL", STORE, OWNER, POSITIONS, *STREAMS))
    link.call(fcall("claim", CLAIMED, "another", "one", "", "", "", 1, 3, "id"))
    assert lives_of(link.call) == [Life("another", {})]


def test_a_batch_that_fails_in_the_middle_leaves_nothing(link: Link) -> None:
    """Somebody put something else under one of our keys."""
    owned(link)
    before = state(link)
    words = fcall(
        "append",
        [STORE, OWNER, POSITIONS, *STREAMS],
        *("a", 1, "1-1", "0-0", 1, "x", "y", "z", "acme", 1),
    )
    for wrong in (POSITIONS, STREAMS[2]):
        link.call(("SET", wrong, "x"))
        assert said(link.exchange([words])[0]) == "WRONGTYPE"
        link.call(("DEL", wrong))
        assert state(link) == before


def test_a_batch_of_very_many_tenants_moves_all_positions(link: Link) -> None:
    owned(link)
    pairs = [word for n in range(9_001) for word in (f"tenant-{n}", n + 1)]
    keys = [STORE, OWNER, POSITIONS, STREAMS[0]]
    assert link.call(fcall("append", keys, "a", 1, "1-1", "0-0", 1, "x", *pairs)) == [b"1-1"]
    assert link.call(("HLEN", POSITIONS), ("HGET", POSITIONS, "tenant-9000")) == [9_001, b"9001"]


def test_trimming_goes_step_by_step_and_to_the_entry_at_the_end(link: Link) -> None:
    owned(link)
    for n in range(1, 1_001):
        link.call(("XADD", STREAMS[0], f"5-{n}", "b", "x"))
    keys = [STORE, OWNER, BEGINNING, *STREAMS]
    (gone,) = link.call(fcall("trim", keys, "a", "place", "5-951", 200))
    assert 0 < gone <= 300
    while gone:
        (gone,) = link.call(fcall("trim", keys, "a", "place", "5-951", 200))
    assert link.call(fcall("trim", keys, "a", "place", "5-951", 0), ("XLEN", STREAMS[0]))[1] == 50


def test_a_full_redis_takes_no_batch_but_everything_that_makes_it_smaller(link: Link) -> None:
    owned(link)
    link.call(("CONFIG", "SET", "maxmemory", 1))
    rest = ("a", 1, "1-1", "0-0", 1, "x", "acme", 1)
    answers = link.exchange(
        [
            fcall("append", [STORE, OWNER, POSITIONS, STREAMS[0]], *rest),
            fcall("beat", [STORE, OWNER], "a"),
            fcall("trim", [STORE, OWNER, BEGINNING, *STREAMS], "a", "place", "5-951", 0),
            fcall("release", [STORE, OWNER], "a"),
        ]
    )
    assert [said(answer) for answer in answers] == ["OOM", "0-0", 0, 1]
