"""Who takes part beside the agent: joining, leaving, invitations and their ends."""

from router import outgoing
from router.commands import (
    AcceptOffer,
    AssignConversation,
    InviteColleague,
    JoinConversation,
    SetPresence,
    TransferConversation,
)
from router.ids import AgentId, ConversationId
from router.policy import Policy, Queue
from router.views import welcome_state
from tests.helpers.watched import Watched
from tests.helpers.worlds import agent, customer, supervisor

TALK = ConversationId("c")
ONE = Policy(queues=(Queue(id="q", wrap_up_ms=5_000),), capacity={"chat": 1, "total": 1})


def talking() -> Watched:
    """Ann serves c; Bob is there and busy with nothing."""
    scene = Watched(ONE)
    scene.arrive(supervisor())
    scene.sign_in("ann")
    scene.ask("c", body="hello")
    scene.accept("ann")
    scene.sign_in("bob")
    return scene


def invite(scene: Watched, mode: str = "consult", name: str = "bob") -> None:
    scene.answered(InviteColleague(agent("ann"), TALK, AgentId(name), mode, "lamps?"))  # type: ignore[arg-type]


def outcomes(scene: Watched, name: str) -> list[str]:
    return [one.outcome for one in scene.heard_by(agent(name), outgoing.InvitationEnded)]


def joined(scene: Watched) -> dict[str, str]:
    return {str(key): mode for key, mode in scene.conversation("c").joined.items()}


def test_an_invitation_is_over_after_its_time_and_both_sides_learn_of_it() -> None:
    scene = talking()
    invite(scene)
    (asked,) = scene.heard_by(agent("bob"), outgoing.ConversationInvited)
    assert (asked.mode, asked.expires_ms, asked.note, asked.sender.id) == (
        "consult", 60_000, "lamps?", "ann",
    )  # fmt: skip
    scene.to(30_000)
    scene.reborn()
    state = welcome_state(scene.router, agent("bob").key, {}, scene.now_ms)
    assert [one.expires_ms for one in state.invitations or ()] == [30_000]
    scene.to(60_000)
    assert outcomes(scene, "bob") == outcomes(scene, "ann") == ["expired"]
    assert scene.conversation("c").invited == {}
    assert scene.world.conversations.visited_by(agent("bob").key) == []


def test_each_of_two_invitations_has_its_own_end() -> None:
    scene = talking()
    scene.sign_in("cy")
    invite(scene)
    scene.to(20_000)
    invite(scene, name="cy")
    scene.to(60_000)
    assert list(scene.conversation("c").invited) == ["agent:cy"]
    scene.to(80_000)
    assert outcomes(scene, "cy") == ["expired"]


def test_an_outage_moves_an_invitation_like_any_deadline() -> None:
    scene = talking()
    invite(scene)
    scene.skip_to(100_000)
    scene.sign_in("cy")
    assert outcomes(scene, "bob") == []
    scene.to(160_000)
    assert outcomes(scene, "bob") == ["expired"]


def test_the_end_of_the_conversation_ends_everything_about_it() -> None:
    scene = talking()
    scene.sign_in("cy")
    invite(scene)
    invite(scene, name="cy")
    scene.answered(JoinConversation(agent("bob"), TALK, "consult"))
    scene.end("ann", "c")
    scene.reborn()
    assert scene.status("c") == "wrap_up"
    assert joined(scene) == {}
    assert outcomes(scene, "cy") == ["withdrawn"]
    assert [one.reason for one in scene.heard_by(agent("bob"), outgoing.ConversationEnded)] == [
        "agent"
    ]
    state = welcome_state(scene.router, agent("bob").key, {"c": 0}, scene.now_ms)
    assert [one.status for one in state.conversations] == ["wrap_up"]
    scene.to(700_000)
    assert "c" not in scene.world.conversations.by_id


def test_who_signs_out_leaves_and_is_asked_no_longer() -> None:
    scene = talking()
    invite(scene)
    scene.answered(JoinConversation(agent("bob"), TALK, "consult"))
    scene.answered(SetPresence(agent("bob"), "offline"))
    assert joined(scene) == {}
    left = scene.heard_by(agent("ann"), outgoing.ConversationUpdated)[-1]
    assert left.left is not None
    assert left.left.id == "bob"


def test_who_is_lost_leaves_after_the_grace_and_who_says_goodbye_at_once() -> None:
    for goodbye, left_at in ((False, 120_000), (True, 0)):
        scene = talking()
        invite(scene)
        scene.answered(JoinConversation(agent("bob"), TALK, "consult"))
        scene.leave(agent("bob"), goodbye=goodbye)
        if left_at:
            scene.to(left_at - 1)
            assert joined(scene) == {"agent:bob": "consult"}
        scene.to(left_at)
        assert joined(scene) == {}


def test_a_supervisor_who_comes_back_in_time_has_not_left() -> None:
    scene = talking()
    scene.answered(JoinConversation(supervisor(), TALK, "barge"))
    scene.leave(supervisor())
    scene.to(100_000)
    scene.arrive(supervisor())
    scene.to(300_000)
    assert joined(scene) == {"supervisor:sue": "barge"}
    scene.leave(supervisor())
    scene.reborn()
    scene.to(420_000)
    assert joined(scene) == {}


def test_a_guest_stays_when_the_conversation_goes_to_another_agent() -> None:
    scene = talking()
    scene.answered(JoinConversation(supervisor(), TALK, "barge"))
    scene.answered(TransferConversation(agent("ann"), TALK, "t1", agent=AgentId("bob")))
    scene.answered(AcceptOffer(agent("bob"), scene.offer_of("bob")))
    assert joined(scene) == {"supervisor:sue": "barge"}


def test_a_guest_who_is_given_the_conversation_is_no_guest_any_longer() -> None:
    scene = talking()
    scene.sign_in("cy")
    invite(scene)
    scene.answered(JoinConversation(agent("bob"), TALK, "consult"))
    scene.answered(AssignConversation(supervisor(), TALK, AgentId("bob")))
    scene.reborn()
    assert joined(scene) == {}
    assert scene.conversation("c").agent == "bob"
    assert scene.world.conversations.visited_by(agent("bob").key) == []


def test_only_a_conference_is_known_to_the_customer() -> None:
    for mode in ("consult", "barge"):
        scene = talking()
        invite(scene, mode)
        scene.answered(JoinConversation(agent("bob"), TALK, mode))
        told = scene.heard_by(customer("c"), outgoing.ConversationUpdated)
        names = [one.joined.id for one in told if one.joined is not None]
        assert names == (["bob"] if mode == "barge" else [])
        assert not [one for one in told if one.invited is not None]
