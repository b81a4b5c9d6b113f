"""What other systems are told."""

import inspect
from typing import Any

import msgspec

from router import events
from router.commands import Command, SendMessage
from router.ids import ConversationId
from router.server.hook_events import DATA, KINDS, ToldQueued, ToldRated, told_of
from tests.helpers.cores import Core, actor, connect, request


class Heard:
    """A core, and everything that others would be told of it."""

    def __init__(self) -> None:
        self.core = Core()
        self.told: list[tuple[str, Any, str]] = []

    def do(self, command: Command) -> None:
        for event in self.core.do(command):
            told = told_of(self.core.router.world, event)
            if told is not None:
                self.told.append(tuple(told))  # type: ignore[arg-type]
                # As it is posted, it is what the document says that it is.
                told_again = msgspec.json.decode(
                    msgspec.json.encode(told.data), type=DATA[told.kind]
                )
                assert told_again == told.data


def test_every_kind_is_one_of_the_settings_and_the_other_way_round() -> None:
    source = inspect.getsource(inspect.getmodule(told_of))  # type: ignore[arg-type]
    assert set(KINDS) == {word for word in KINDS if f'Told("{word}"' in source}
    assert source.count("return Told(") == len(KINDS)
    assert set(DATA) == {*KINDS, "webhook.test"}


def test_a_conversation_is_told_without_a_word_of_it() -> None:
    heard = Heard()
    heard.do(connect("customer:carl"))
    heard.do(msgspec.structs.replace(request("customer:carl"), body="a secret of mine"))
    (name,) = heard.core.router.world.conversations.by_id
    heard.do(
        SendMessage(
            by=actor("customer:carl"), conversation=ConversationId(name), op="m", body="a secret"
        )
    )
    kinds = [kind for kind, _, _ in heard.told]
    assert kinds == ["conversation.queued"]
    _, data, customer = heard.told[0]
    assert isinstance(data, ToldQueued)
    assert customer == data.customer == "carl"
    assert data.conversation == name
    assert (data.status, data.cause) == ("waiting", "requested")
    assert "secret" not in str(heard.told)


def test_no_field_that_people_write_is_told() -> None:
    """Neither bodies, notes nor comments, whatever events there will be."""
    written = {"body", "comment", "note", "name", "author_name", "why"}
    source = inspect.getsource(inspect.getmodule(told_of))  # type: ignore[arg-type]
    assert not [word for word in written if f"event.{word}" in source]
    rated = events.ConversationRated(
        conversation="c",  # type: ignore[arg-type]
        score=5,
        comment="a secret",
    )
    told = told_of(Core().router.world, rated)
    assert told is not None
    assert told.data == ToldRated("c", 5)
