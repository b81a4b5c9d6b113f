"""One place in line for each customer: who is held behind whom, and who is promoted when."""

import msgspec
import pytest

from router.commands import Claims, Connect, SetPolicy, SetPresence, TransferConversation
from router.ids import AgentId, ConversationId
from router.outgoing import ConversationUpdated
from router.policy import Policy, Queue, Step
from tests.helpers.watched import Watched
from tests.helpers.worlds import agent, customer, needs, skilled

SKILLS = Policy(
    queues=(Queue(id="q"),),
    agents=(skilled("ann", lamps=50), skilled("rob", rockets=50), skilled("bob", lamps=50)),
    capacity={"chat": 1, "total": 1},
)
STEPS = msgspec.structs.replace(
    SKILLS, queues=(Queue(id="q", steps=(Step(after_ms=30_000, needs=()),)),)
)


def rockets_first(policy: Policy = SKILLS) -> Watched:
    """c asks about rockets and then about lamps; Ann knows lamps and is busy with x."""
    scene = Watched(policy)
    scene.sign_in("ann")
    scene.ask("x")
    scene.accept("ann")
    scene.sign_in("rob")
    scene.answered(SetPresence(agent("rob"), "away"))
    scene.ask("c", "rockets", needs=needs(rockets=10))
    scene.ask("c", "lamps", needs=needs(lamps=10))
    assert (scene.status("rockets"), scene.status("lamps")) == ("waiting", "held")
    return scene


def test_who_is_held_behind_what_nobody_could_serve_any_longer_is_promoted() -> None:
    """The only one who knows rockets signs out; the customer's second question need not wait."""
    scene = rockets_first()
    scene.to(10_000)
    scene.reborn()
    scene.answered(SetPresence(agent("rob"), "offline"))
    assert (scene.status("rockets"), scene.status("lamps")) == ("waiting", "waiting")
    assert scene.conversation("lamps").key_ms == scene.now_ms
    told = scene.heard_by(customer("c"), ConversationUpdated)
    assert [(one.conversation, one.why) for one in told] == [("lamps", "promoted")]
    scene.end("ann", "x")
    assert scene.offered("ann") == "lamps"


def test_an_agent_who_is_lost_for_good_counts_as_gone_and_one_in_grace_does_not() -> None:
    scene = rockets_first()
    scene.leave(agent("rob"))
    scene.to(119_999)
    assert scene.status("lamps") == "held"
    scene.to(120_000)
    assert scene.status("lamps") == "waiting"


def test_a_new_request_is_not_held_behind_what_nobody_could_serve() -> None:
    scene = Watched(SKILLS)
    scene.sign_in("ann")
    scene.ask("c", "rockets", needs=needs(rockets=10))
    scene.ask("c", "lamps", needs=needs(lamps=10))
    assert scene.offered("ann") == "lamps"
    scene.ask("c", "more lamps", needs=needs(lamps=20))
    scene.ask("c", "more rockets", needs=needs(rockets=20))
    assert [scene.status(one) for one in ("more lamps", "more rockets")] == ["held", "held"]


def test_what_nobody_could_serve_holds_nothing_when_it_is_promoted_itself() -> None:
    scene = Watched(SKILLS)
    scene.sign_in("ann")
    scene.ask("x")
    scene.accept("ann")
    scene.ask("c", "first")
    for name, wanted in (("magic", needs(magic=1)), ("second", ())):
        scene.ask("c", name, needs=wanted)
    scene.cancel("c", "first")
    assert [scene.status(one) for one in ("magic", "second")] == ["waiting", "waiting"]


def test_while_nobody_is_signed_in_one_place_is_one_place() -> None:
    """At night nobody could serve anything; asking five times must not give five places."""
    scene = Watched(SKILLS)
    for number in range(5):
        scene.ask("c", f"v{number}")
    scene.sign_in("ann")
    assert [scene.status(f"v{number}") for number in range(5)] == ["offered"] + ["held"] * 4


def test_what_a_later_step_will_let_somebody_serve_holds_until_then() -> None:
    scene = Watched(STEPS)
    scene.sign_in("ann")
    scene.ask("x")
    scene.accept("ann")
    scene.ask("c", "first", needs=())
    scene.ask("c", "second", topic="x")
    assert scene.status("second") == "held"


def test_a_step_that_shuts_everybody_out_promotes_the_next() -> None:
    steps = (Step(after_ms=30_000, needs=needs(magic=1)),)
    queues = (Queue(id="q"), Queue(id="odd", steps=steps))
    scene = Watched(msgspec.structs.replace(SKILLS, queues=queues))
    scene.sign_in("ann")
    scene.ask("x")
    scene.accept("ann")
    scene.ask("c", "first", queue="odd")
    scene.ask("c", "second", queue="q")
    scene.to(29_999)
    assert scene.status("second") == "held"
    scene.reborn()
    scene.to(30_000)
    assert scene.status("second") == "waiting"


def test_a_change_of_policy_promotes_too() -> None:
    scene = rockets_first()
    agents = (skilled("ann", lamps=50), skilled("rob", lamps=50))
    scene.do(SetPolicy(msgspec.structs.replace(SKILLS, agents=agents)))
    scene.answered(Connect(agent("rob"), life="n1"))
    assert scene.status("lamps") == "waiting"


def test_an_agent_who_stays_makes_no_difference() -> None:
    scene = rockets_first()
    scene.sign_in("bob")
    scene.answered(SetPresence(agent("bob"), "offline"))
    assert scene.status("lamps") == "held"


def test_a_transfer_to_one_agent_holds_for_as_long_as_that_agent_is_waited_for() -> None:
    scene = Watched(SKILLS)
    scene.sign_in("ann", "bob")
    scene.ask("c", "first")
    taker = "ann" if scene.offered("ann") else "bob"
    other = "bob" if taker == "ann" else "ann"
    scene.ask("x")
    scene.accept(other)
    scene.accept(taker)
    scene.answered(
        TransferConversation(agent(taker), ConversationId("first"), "t", agent=AgentId(other))
    )
    scene.ask("c", "second")
    assert (scene.status("first"), scene.status("second")) == ("waiting", "held")


def arrive(scene: Watched, name: str, account: str) -> None:
    scene.answered(Connect(customer(name), life="n1", claims=Claims(account=account)))


def test_two_devices_of_one_account_share_one_place() -> None:
    scene = Watched()
    arrive(scene, "phone", "A-1")
    arrive(scene, "laptop", "A-1")
    scene.ask("phone", "first")
    scene.ask("other")
    scene.ask("laptop", "second")
    assert scene.status("second") == "held"
    scene.reborn()
    scene.to(5_000)
    scene.sign_in("ann")
    assert scene.serve_all("ann") == ["first", "other", "second"]
    assert scene.conversation("second").start_ms == scene.start_ms + 5_000


@pytest.mark.parametrize("goodbye", [True, False])
def test_the_place_goes_to_the_other_device_when_the_first_is_gone(goodbye: bool) -> None:
    scene = Watched()
    arrive(scene, "phone", "A-1")
    arrive(scene, "laptop", "A-1")
    scene.ask("phone", "first")
    scene.ask("laptop", "second")
    scene.leave(customer("phone"), goodbye=goodbye)
    scene.to(120_000)
    assert (scene.status("first"), scene.status("second")) == ("abandoned", "waiting")


def test_who_turns_out_to_be_one_later_keeps_what_stands_and_is_held_from_then_on() -> None:
    scene = Watched()
    scene.ask("phone", "first")
    scene.ask("laptop", "second")
    arrive(scene, "phone", "A-1")
    arrive(scene, "laptop", "A-1")
    assert [scene.status(one) for one in ("first", "second")] == ["waiting", "waiting"]
    scene.ask("laptop", "third")
    assert scene.status("third") == "held"
    scene.cancel("laptop", "second")
    assert scene.status("third") == "held"
    scene.cancel("phone", "first")
    assert scene.status("third") == "waiting"


def test_nobody_stays_held_behind_somebody_of_another_account() -> None:
    scene = Watched()
    arrive(scene, "phone", "A-1")
    arrive(scene, "laptop", "A-1")
    scene.ask("phone", "first")
    scene.ask("laptop", "second")
    arrive(scene, "laptop", "B-2")
    assert scene.status("second") == "waiting"
    scene.reborn()
    arrive(scene, "laptop", "")
    assert scene.customer("laptop").account == "B-2"


def prove(scene: Watched, name: str, account: str = "", **facts: str) -> None:
    claims = Claims(account=account, attributes=facts, verified=True)
    scene.answered(Connect(customer(name), life="n1", claims=claims))


def test_who_proved_the_same_address_counts_as_one_customer() -> None:
    scene = Watched(SKILLS)
    prove(scene, "phone", email="Ada@Example.org")
    prove(scene, "shop", email="ada@example.org ", phone="5")
    assert scene.ask("phone", "first").status == "waiting"
    assert scene.ask("shop", "second").status == "held"
    scene.reborn()
    scene.cancel("phone", "first")
    assert scene.status("second") == "waiting"


def test_an_address_that_nobody_verified_proves_nothing() -> None:
    scene = Watched(SKILLS)
    prove(scene, "phone", email="ada@example.org")
    claims = Claims(attributes={"email": "ada@example.org"})
    scene.answered(Connect(customer("liar"), life="n1", claims=claims))
    assert scene.ask("phone", "first").status == "waiting"
    assert scene.ask("liar", "second").status == "waiting"


def test_an_account_is_stronger_than_an_address() -> None:
    """Two of one family share an address and not a place; who has no account is the first's."""
    scene = Watched(SKILLS)
    prove(scene, "ada", "A-1", email="home@example.org")
    prove(scene, "bob", "B-1", email="home@example.org")
    prove(scene, "mail", email="home@example.org")
    assert scene.ask("ada", "v1").status == "waiting"
    assert scene.ask("bob", "v2").status == "waiting"
    assert scene.ask("mail", "v3").status == "held"
    scene.cancel("bob", "v2")
    assert scene.status("v3") == "held"
    scene.cancel("ada", "v1")
    assert scene.status("v3") == "waiting"


def test_who_turns_out_to_be_somebody_else_is_not_held_any_longer() -> None:
    scene = Watched(SKILLS)
    prove(scene, "ada", "X-1", email="home@example.org")
    prove(scene, "mail", email="home@example.org")
    scene.ask("ada", "v1")
    assert scene.ask("mail", "v2").status == "held"
    prove(scene, "bob", "A-1", email="home@example.org")
    assert scene.status("v2") == "waiting"
