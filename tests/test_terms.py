"""Terms through the core: brands, newer versions, agents' own."""

import msgspec

from router.commands import AcceptTerms, SetPolicy, SetPresence
from router.errors import Refusal
from router.events import AuditRecorded
from router.policy import Brand, Policy, Queue, Terms
from tests.helpers.watched import Watched
from tests.helpers.worlds import SIMPLE, agent, customer

HOUSE = msgspec.structs.replace(
    SIMPLE,
    terms=Terms("house", 1),
    brands=(Brand(id="pro", terms=Terms("pro", 3)), Brand(id="plain")),
)


def owed(scene: Watched, name: str = "c", **fields: object) -> tuple[str, int] | None:
    """What the customer must accept before this request, which changes nothing else."""
    scene.count += 1
    before = scene.router.digest()
    refusal = scene.refused(scene.request(customer(name), f"v{scene.count}", **fields))
    assert refusal.code is Refusal.CONSENT_REQUIRED
    assert scene.router.digest() == before
    return refusal.terms


def test_a_brand_has_its_own_terms_or_those_of_the_house() -> None:
    scene = Watched(HOUSE)
    scene.arrive(customer("c"))
    assert owed(scene) == owed(scene, brand="plain") == ("house", 1)
    assert owed(scene, brand="pro") == ("pro", 3)
    scene.answered(scene.wire(customer("c"), "consent.accept", terms="pro", version=3))
    scene.ask("c", "pro", brand="pro")
    assert owed(scene, brand="plain") == ("house", 1)


def test_a_newer_version_is_asked_for_again_and_once() -> None:
    scene = Watched(HOUSE)
    scene.arrive(customer("c"))
    scene.answered(AcceptTerms(customer("c"), "house", 1))
    scene.ask("c", "first")
    scene.do(SetPolicy(msgspec.structs.replace(HOUSE, terms=Terms("house", 2))))
    scene.reborn()
    assert owed(scene) == ("house", 2)
    assert scene.status("first") == "waiting"
    scene.answered(AcceptTerms(customer("c"), "house", 2))
    scene.ask("c", "second")
    scene.do(SetPolicy(HOUSE))
    scene.ask("c", "third")
    accepted = [event.reason for _, event in scene.seen(AuditRecorded) if event.action == "consent"]
    assert accepted == ["1", "2"]


OWN = msgspec.structs.replace(HOUSE, agent_terms=Terms("staff", 1))


def test_agents_accept_their_own_terms_and_customers_never_see_those() -> None:
    scene = Watched(OWN)
    scene.arrive(agent("ann"), customer("c"))
    for command in (SetPresence(agent("ann")), SetPresence(agent("ann"), "away", next="available")):
        refusal = scene.refused(command)
        assert (refusal.code, refusal.terms) == (Refusal.CONSENT_REQUIRED, ("staff", 1))
    scene.answered(SetPresence(agent("ann"), "busy"))
    scene.answered(AcceptTerms(agent("ann"), "staff", 1))
    scene.answered(SetPresence(agent("ann")))
    assert owed(scene) == ("house", 1)


def test_who_is_available_when_the_version_rises_is_asked_at_the_next_time() -> None:
    scene = Watched(OWN)
    scene.arrive(agent("ann"))
    scene.answered(AcceptTerms(agent("ann"), "staff", 1))
    scene.answered(SetPresence(agent("ann")))
    scene.do(SetPolicy(msgspec.structs.replace(OWN, agent_terms=Terms("staff", 2))))
    assert scene.agent("ann").show == "available"
    scene.answered(SetPresence(agent("ann"), "away"))
    refusal = scene.refused(SetPresence(agent("ann")))
    assert (refusal.code, refusal.terms) == (Refusal.CONSENT_REQUIRED, ("staff", 2))


def test_without_terms_of_their_own_agents_accept_those_of_the_house() -> None:
    scene = Watched(Policy(queues=(Queue(id="q"),), terms=Terms("house", 1)))
    scene.arrive(agent("ann"))
    assert scene.refused_in_vain(SetPresence(agent("ann"))) == Refusal.CONSENT_REQUIRED
    scene.answered(AcceptTerms(agent("ann"), "house", 1))
    scene.answered(SetPresence(agent("ann")))
