"""Who may do what with whose conversation: one table of people, commands and answers."""

from collections.abc import Callable

import msgspec
import pytest

from router.commands import (
    Actor,
    AssignConversation,
    CancelConversation,
    Command,
    CompleteWrapUp,
    EndConversation,
    JoinConversation,
    LeaveConversation,
    RateConversation,
    ReadMessages,
    SendMessage,
    SetPriority,
    TransferConversation,
)
from router.errors import Refusal
from router.events import CommandAnswered, CommandRefused
from router.ids import AgentId, ConversationId
from router.policy import AgentEntry, Policy, Queue
from router.relations import hidden_agents
from tests.helpers.worlds import Scene, agent, customer, service, supervisor

TALK = ConversationId("c")
POLICY = Policy(
    queues=(Queue(id="q"),),
    agents=(AgentEntry(id="ann", teams=("day",)), AgentEntry(id="bob", teams=("night",))),
)
PEOPLE = {
    "owner": customer("c"),
    "customer": customer("d"),
    "server": agent("ann"),
    "agent": agent("bob"),
    "boss": supervisor("day"),
    "other boss": supervisor("night"),
    "service": service(),
}
COMMANDS: dict[str, Callable[[Actor], Command]] = {
    "say": lambda by: SendMessage(by, TALK, "m", "hello"),
    "note": lambda by: SendMessage(by, TALK, "n", "hello", "note"),
    "read": lambda by: ReadMessages(by, TALK, 0),
    "end": lambda by: EndConversation(by, TALK),
    "cancel": lambda by: CancelConversation(by, TALK),
    "wrap up": lambda by: CompleteWrapUp(by, TALK),
    "transfer": lambda by: TransferConversation(by, TALK, "t", "q"),
    "join": lambda by: JoinConversation(by, TALK, "whisper"),
    "leave": lambda by: LeaveConversation(by, TALK),
    "assign": lambda by: AssignConversation(by, TALK, AgentId("bob")),
    "priority": lambda by: SetPriority(by, TALK, "gold"),
    "rate": lambda by: RateConversation(by, TALK, 5),
}

# Rows: what is asked of a conversation that ann serves for c. "." is done, the rest are codes:
# 102 not yours, 103 none of your business that it exists, 115 not while it is active.
TABLE = """
           owner  customer  server  agent  boss  other_boss  service
say        .      103       .       102    102   102         .
note       102    103       .       102    102   102         .
read       .      103       .       102    102   102         102
end        .      103       .       102    .     102         .
cancel     115    103       102     102    102   102         115
wrap_up    103    103       115     102    102   102         102
transfer   103    103       .       102    .     102         .
join       103    103       102     102    .     102         102
leave      103    103       102     102    102   102         102
assign     103    103       102     102    .     102         .
priority   103    103       102     102    115   102         115
rate       .      103       102     102    102   102         102
"""
ROWS = [row.split() for row in TABLE.strip().splitlines()]
CASES = [
    (row[0].replace("_", " "), who.replace("_", " "), answer)
    for row in ROWS[1:]
    for who, answer in zip(ROWS[0], row[1:], strict=True)
]


@pytest.mark.parametrize(("what", "who", "answer"), CASES)
def test_each_may_do_what_the_table_says(what: str, who: str, answer: str) -> None:
    scene = Scene(POLICY)
    scene.arrive(customer("c"), customer("d"), service())
    scene.sign_in("ann")
    for team in ("day", "night"):
        scene.arrive(supervisor(team), teams=(team,))
    scene.ask("c")
    scene.accept("ann")
    scene.sign_in("bob")
    event = next(
        event
        for event in scene.do(COMMANDS[what](PEOPLE[who]))
        if isinstance(event, CommandAnswered | CommandRefused)
    )
    found = "." if isinstance(event, CommandAnswered) else str(int(event.code))
    assert found == answer


@pytest.mark.parametrize("what", sorted(set(COMMANDS)))
@pytest.mark.parametrize(("teams", "boss"), [(("day",), "boss"), (("night",), "other boss")])
def test_a_supervisor_who_never_connected_may_do_what_their_token_says(
    what: str, teams: tuple[str, ...], boss: str
) -> None:
    scene = Scene(POLICY)
    scene.arrive(customer("c"))
    scene.sign_in("ann")
    scene.ask("c")
    scene.accept("ann")
    scene.sign_in("bob")
    command = COMMANDS[what](Actor("supervisor", "zoe", teams=teams))
    encoded = msgspec.msgpack.encode(command)
    event = next(
        event
        for event in scene.do(msgspec.msgpack.decode(encoded, type=Command))
        if isinstance(event, CommandAnswered | CommandRefused)
    )
    found = "." if isinstance(event, CommandAnswered) else str(int(event.code))
    assert (what, boss, found) in CASES


def test_a_token_of_all_teams_counts_by_http_and_what_hello_said_by_socket() -> None:
    scene = Scene(POLICY)
    scene.arrive(supervisor("sue"), teams=("night",))
    scene.sign_in("ann")
    scene.ask("c")
    scene.accept("ann")
    assert hidden_agents(scene.world, supervisor("sue")) == {"ann"}
    assert hidden_agents(scene.world, Actor("supervisor", "sue", teams=())) == frozenset()
    assert hidden_agents(scene.world, Actor("supervisor", "sue", teams=("day",))) == frozenset()
    assert hidden_agents(scene.world, Actor("supervisor", "zoe", teams=("night",))) == {"ann"}


def test_what_waits_is_every_supervisors() -> None:
    scene = Scene(POLICY)
    scene.arrive(supervisor("night"), teams=("night",))
    scene.ask("c")
    scene.answered(SetPriority(supervisor("night"), TALK, "gold"))


def test_an_agent_who_is_asked_to_take_it_has_no_part_in_it_yet() -> None:
    scene = Scene(POLICY)
    scene.sign_in("ann")
    scene.ask("c")
    refusal = scene.refused(SendMessage(agent("ann"), TALK, "m", "hello"))
    assert refusal.code is Refusal.FORBIDDEN


def test_who_served_it_may_still_look_back_when_it_is_over() -> None:
    scene = Scene(POLICY)
    scene.sign_in("ann", "bob")
    scene.ask("c")
    scene.accept("ann")
    scene.end("ann", "c")
    scene.answered(ReadMessages(agent("ann"), TALK, 0))
    assert scene.refused(ReadMessages(agent("bob"), TALK, 0)).code is Refusal.FORBIDDEN


def test_a_conversation_that_does_not_exist_is_nobodys() -> None:
    scene = Scene(POLICY)
    scene.sign_in("ann")
    assert scene.refused(ReadMessages(agent("ann"), TALK, 0)).code is Refusal.NOT_FOUND
