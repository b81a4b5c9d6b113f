"""The codec against the reference libraries of both encodings, and against anything at all."""

import json
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router import outgoing
from router.errors import Refusal
from router.wire import TYPES, Bad, Encoding, Packet, decode, join
from tests.helpers.samples import SAMPLES, sample

DEEP = 2_000


def packed(encoding: Encoding, value: object) -> str | bytes:
    if encoding is Encoding.JSON:
        return json.dumps(value)
    encoded = msgpack.packb(value)
    assert isinstance(encoded, bytes)
    return encoded


def unpacked(encoding: Encoding, data: bytes) -> object:
    return json.loads(data) if encoding is Encoding.JSON else msgpack.unpackb(data)


encodings = pytest.mark.parametrize("encoding", list(Encoding))


def test_samples_know_every_type() -> None:
    assert set(SAMPLES) == TYPES


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_both_encodings_say_the_same(kind: str) -> None:
    (from_json,) = decode(Encoding.JSON, packed(Encoding.JSON, sample(kind)))
    (from_msgpack,) = decode(Encoding.MSGPACK, packed(Encoding.MSGPACK, sample(kind)))
    assert not isinstance(from_json, Bad), from_json
    assert from_json == from_msgpack


@encodings
def test_an_array_is_read_message_by_message(encoding: Encoding) -> None:
    frame = packed(encoding, [sample("bye", 1), {"t": "nonsense", "id": 2}, 7, sample("bye", 3)])
    first, unknown, number, last = decode(encoding, frame)
    assert not isinstance(first, Bad)
    assert not isinstance(last, Bad)
    assert isinstance(unknown, Bad)
    assert (unknown.id, unknown.code) == (2, Refusal.UNKNOWN_TYPE)
    assert isinstance(number, Bad)
    assert (number.id, number.code) == (0, Refusal.BAD_REQUEST)


@encodings
def test_an_array_of_sixteen_is_read_and_one_of_seventeen_refused_whole(
    encoding: Encoding,
) -> None:
    messages = [sample("bye", number) for number in range(1, 18)]
    assert len(decode(encoding, packed(encoding, messages[:16]))) == 16
    (refused,) = decode(encoding, packed(encoding, messages))
    assert isinstance(refused, Bad)
    assert (refused.id, refused.code) == (0, Refusal.LIMIT_EXCEEDED)


def test_blanks_may_precede_a_json_array() -> None:
    assert len(decode(Encoding.JSON, " \n[" + json.dumps(sample("bye")) + "]")) == 1
    assert len(decode(Encoding.JSON, " " + json.dumps(sample("bye")))) == 1


@encodings
def test_unknown_fields_are_ignored(encoding: Encoding) -> None:
    (message,) = decode(encoding, packed(encoding, sample("bye", colour=["green", {"x": None}])))
    assert not isinstance(message, Bad)


BAD_FIELDS: list[tuple[dict[str, Any], int, Refusal, str]] = [
    ({"t": "typing", "id": 3, "conversation": "c", "on": 1}, 3, Refusal.BAD_REQUEST, "on"),
    ({"t": "typing", "id": 3, "on": True}, 3, Refusal.BAD_REQUEST, "conversation"),
    ({"t": "typing", "on": True}, 0, Refusal.BAD_REQUEST, "id"),
    ({"t": "bye", "id": 0}, 0, Refusal.BAD_REQUEST, "id"),
    ({"t": "bye", "id": -1}, 0, Refusal.BAD_REQUEST, "id"),
    ({"t": "bye", "id": True}, 0, Refusal.BAD_REQUEST, "id"),
    ({"t": "bye", "id": "1"}, 0, Refusal.BAD_REQUEST, "id"),
    ({"t": "bye", "id": 2**53}, 0, Refusal.BAD_REQUEST, "id"),
    ({"t": 7, "id": 1}, 1, Refusal.BAD_REQUEST, "t"),
    ({"id": 1}, 1, Refusal.BAD_REQUEST, "t"),
    ({"t": "explode", "id": 9}, 9, Refusal.UNKNOWN_TYPE, "t"),
    (sample("rate", score=6), 1, Refusal.BAD_REQUEST, "score"),
    (sample("message.send", op=""), 1, Refusal.BAD_REQUEST, "op"),
    (sample("message.send", op="x" * 65), 1, Refusal.BAD_REQUEST, "op"),
    (sample("message.send", body=""), 1, Refusal.BAD_REQUEST, "body"),
    (sample("message.send", body="x" * 8193), 1, Refusal.BAD_REQUEST, "body"),
    (sample("message.read", conversation="a\x00b"), 1, Refusal.BAD_REQUEST, "conversation"),
    (sample("message.read", conversation="a\nb"), 1, Refusal.BAD_REQUEST, "conversation"),
    (sample("history", limit=501), 1, Refusal.BAD_REQUEST, "limit"),
    (sample("presence.set", show="asleep"), 1, Refusal.BAD_REQUEST, "show"),
    (sample("hello", seen={"c": "x"}), 1, Refusal.BAD_REQUEST, "seen"),
    (sample("hello", token="x" * 4097), 1, Refusal.BAD_REQUEST, "token"),
    (
        sample("policy.set", policy={"queues": [{"id": ""}]}),
        1,
        Refusal.BAD_REQUEST,
        "policy.queues[0]",
    ),
]


@encodings
@pytest.mark.parametrize(("message", "number", "code", "field"), BAD_FIELDS)
def test_a_bad_field_is_named_under_the_id_of_its_message(
    encoding: Encoding, message: dict[str, Any], number: int, code: Refusal, field: str
) -> None:
    (bad,) = decode(encoding, packed(encoding, message))
    assert isinstance(bad, Bad)
    assert (bad.id, bad.code) == (number, code)
    assert field in bad.message


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "nonsense",
        "[" * DEEP,
        '{"t":"bye","id":1,"extra":' + "[" * DEEP,
        '{"t":"bye","id":1,"extra":' + "[" * DEEP + "]" * DEEP + "}",
        '{"t":"hello","id":1,"token":' + "[" * DEEP,
        '{"t":"bye","id":NaN}',
        '{"t":"bye","id":1e999}',
        '{"t":"bye","id":' + "9" * 5_000 + "}",
        '{"t":"bye","id":1,"x":"\\ud800"}',
        "\ud800",
    ],
)
def test_text_that_cannot_be_read_is_a_bad_message_without_id(text: str) -> None:
    (bad,) = decode(Encoding.JSON, text)
    assert isinstance(bad, Bad)
    assert (bad.id, bad.code) == (0, Refusal.BAD_REQUEST)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        b"\x91" * DEEP,
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\x82\xa1t\xa3bye\xa2id",
        b"\x82\xa1t\xa3by\xff\xa2id\x01",
        msgpack.packb({1: 2}),
        msgpack.packb({"t": "bye", "id": float("nan")}),
    ],
)
def test_bytes_that_cannot_be_read_are_a_bad_message_without_id(data: bytes) -> None:
    (bad,) = decode(Encoding.MSGPACK, data)
    assert isinstance(bad, Bad)
    assert (bad.id, bad.code) == (0, Refusal.BAD_REQUEST)


HUNDRED: dict[str, Any] = {"queues": [{}] * 100}


@encodings
def test_all_of_a_policys_mistakes_are_looked_for_when_asked_and_no_sooner(
    encoding: Encoding,
) -> None:
    (bad,) = decode(encoding, packed(encoding, sample("policy.set", policy=HUNDRED)))
    assert isinstance(bad, Bad)
    assert bad.message == "policy.queues[0]: Object missing required field `id`"
    told = bad.every_mistake()
    assert "policy.queues[19].id: " in told
    assert told.endswith("; and more")


POLICY_HEAD = b"\x83\xa1t\xaapolicy.set\xa2id\x07\xa6policy\x81"


@pytest.mark.parametrize(
    "frame",
    [
        '{"t":"policy.set","id":7,"policy":{"grace_ms":' + "9" * 6_000 + "}}",
        '{"t":"policy.set","id":7,"policy":{"grace_ms":1e99999}}',
        POLICY_HEAD + b"\x81\xa1a\x01\x02",  # a map as key
        POLICY_HEAD + b"\x91\x01\x02",  # a list as key
        POLICY_HEAD + b"\x07\x02",
        POLICY_HEAD + b"\xa1a\xc7\x0c\xff" + b"\xff" * 12,  # a timestamp of no calendar
        POLICY_HEAD + b"\xa1a\xa2\xff\xfe",
        msgpack.packb({"t": "policy.set", "id": 7, "policy": {"capacity": {8: 1}}}),
    ],
)
def test_a_policy_that_cannot_be_walked_is_bad_under_its_id(frame: str | bytes) -> None:
    encoding = Encoding.JSON if isinstance(frame, str) else Encoding.MSGPACK
    (bad,) = decode(encoding, frame)
    assert isinstance(bad, Bad)
    assert (bad.id, bad.code) == (7, Refusal.BAD_REQUEST)
    assert "policy" in bad.every_mistake()


def test_the_last_of_two_equal_keys_counts_in_both_encodings() -> None:
    twice = b"\x83\xa1t\xa3bye\xa2id\x01\xa2id\x02"
    (from_json,) = decode(Encoding.JSON, '{"t":"bye","id":1,"id":2}')
    (from_msgpack,) = decode(Encoding.MSGPACK, twice)
    assert from_json.id == from_msgpack.id == 2


@given(st.binary(max_size=200))
def test_any_bytes_are_messages_or_bad_ones(data: bytes) -> None:
    for message in decode(Encoding.MSGPACK, data):
        assert message.id >= 0


@given(st.text(max_size=200) | st.text(alphabet='[]{}",:t1id\\u ', max_size=60))
def test_any_text_is_messages_or_bad_ones(text: str) -> None:
    for message in decode(Encoding.JSON, text):
        assert message.id >= 0


@given(st.sampled_from(sorted(SAMPLES)), st.data())
def test_a_flipped_byte_never_raises(kind: str, data: st.DataObject) -> None:
    frame = bytearray(packed(Encoding.MSGPACK, sample(kind)))  # type: ignore[arg-type]
    at = data.draw(st.integers(0, len(frame) - 1))
    frame[at] = data.draw(st.integers(0, 255))
    for message in decode(Encoding.MSGPACK, bytes(frame)):
        assert message.id >= 0


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@given(st.sampled_from(sorted(SAMPLES)), st.dictionaries(st.sampled_from(["id", "t", "op"]), plain))
def test_reference_libraries_write_what_both_decoders_read_alike(
    kind: str, changes: dict[str, object]
) -> None:
    message = {**sample(kind), **changes}
    from_json = decode(Encoding.JSON, json.dumps(message))
    from_msgpack = decode(Encoding.MSGPACK, msgpack.packb(message))
    kinds = [(type(each), each.id) for each in from_json]
    assert kinds == [(type(each), each.id) for each in from_msgpack]


MESSAGE = outgoing.MessageSent(
    pos=9,
    conversation="c1",
    seq=3,
    sender=outgoing.Person(id="alice", role="agent", name="Zoë"),
    body='"quoted" \u2028 ünï',
    kind="text",
    at=1_700_000_000_000,
)
AS_MAP = {
    "t": "message",
    "pos": 9,
    "conversation": "c1",
    "seq": 3,
    "from": {"id": "alice", "role": "agent", "name": "Zoë"},
    "body": '"quoted" \u2028 ünï',
    "kind": "text",
    "at": 1_700_000_000_000,
}


@encodings
def test_reference_libraries_read_what_is_written(encoding: Encoding) -> None:
    assert unpacked(encoding, Packet(MESSAGE).encoded(encoding)) == AS_MAP


@encodings
def test_a_packet_is_encoded_once_for_all_receivers(encoding: Encoding) -> None:
    packet = Packet(MESSAGE)
    assert packet.encoded(encoding) is packet.encoded(encoding)


@encodings
@pytest.mark.parametrize("count", [2, 15, 16])
def test_joined_messages_are_one_array(encoding: Encoding, count: int) -> None:
    beats = [Packet(outgoing.Beat(at=number)).encoded(encoding) for number in range(count)]
    expected = [{"t": "beat", "at": number} for number in range(count)]
    assert unpacked(encoding, join(encoding, beats)) == expected
