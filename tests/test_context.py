"""What the rules of context make of requests, in the core."""

import msgspec
import pytest

from router.commands import Claims, Connect, SetPresence
from router.core import Router
from router.errors import Refusal
from router.events import AuditRecorded
from router.explain import explain_conversation
from router.explained import ExplainedWait
from router.ids import CustomerId
from router.policy import Brand, Policy, Queue, SkillNeed
from router.rules import Prefer, Rule, Then, When
from router.wishes import LanguageWish
from tests.helpers.worlds import Scene, agent, customer, of_kind, service, skilled

QUEUES = (Queue(id="q", waiting_max=3), Queue(id="vip"), Queue(id="mail", channels=("email",)))
BRANDS = (Brand(id="plain", queues=("q",)),)
AGENTS = (skilled("ann"), skilled("bob", languages="fr:80", law=80))
GOLD = When(profile={"tier": "gold"})


def scene_with(*rules: Rule, **changes: object) -> Scene:
    policy = Policy(queues=QUEUES, brands=BRANDS, agents=AGENTS, rules=rules)
    return Scene(msgspec.structs.replace(policy, **changes))


def gold(scene: Scene, name: str = "ada") -> None:
    scene.answered(Connect(customer(name), claims=Claims(attributes={"tier": "gold"})))


def test_needs_and_languages_are_added_to_ones_own() -> None:
    then = Then(needs=(SkillNeed("law", 50),), languages=(LanguageWish("fr", 40),))
    scene = scene_with(Rule(id="r", when=When(activity={"page": "/law"}), then=then))
    scene.sign_in("ann", "bob")
    scene.ask("ada", attributes={"page": "/law"}, needs=(SkillNeed("tax", 5),))
    made = scene.conversation("ada")
    assert made.own_needs == (("law", 50), ("tax", 5))
    assert made.own_languages == (("fr", 40),)
    scene.ask("bea", attributes={"page": "/law"}, languages=(LanguageWish("fr", 10),))
    assert scene.conversation("bea").own_languages == (("fr", 10),)
    assert scene.offered("bob") == "bea"
    scene.ask("cid", attributes={"page": "/tax"})
    assert (scene.conversation("cid").own_needs, scene.offered("ann")) == ((), "cid")


def test_another_queue_and_topic_are_those_that_count_from_the_start() -> None:
    scene = scene_with(Rule(id="r", when=GOLD, then=Then(queue="vip", topic="till")))
    gold(scene)
    first = scene.ask("ada", "c1", queue="q", topic="x")
    assert (scene.conversation("c1").queue, scene.conversation("c1").topic) == ("vip", "till")
    again = scene.ask("ada", "c2", queue="q", topic="y")
    assert (again.conversation, again.joined) == (first.conversation, True)


def test_a_queue_that_does_not_take_the_channel_or_brand_is_not_taken() -> None:
    rules = (Rule(id="r", then=Then(queue="mail")), Rule(id="s", when=GOLD, then=Then(topic="t")))
    scene = scene_with(*rules)
    scene.ask("ada", queue="q")
    assert scene.conversation("ada").queue == "q"
    scene = scene_with(Rule(id="r", then=Then(queue="vip")))
    scene.ask("ada", queue="q", brand="plain")
    assert scene.conversation("ada").queue == "q"


def test_a_better_class_is_given_and_audited() -> None:
    scene = scene_with(Rule(id="vip", when=GOLD, then=Then(klass="gold")))
    gold(scene)
    events = scene.do(scene.request(customer("ada"), "ada"))
    made = scene.conversation("ada")
    assert (made.klass, made.start_ms - made.key_ms) == ("gold", 30_000)
    (audit,) = of_kind(events, AuditRecorded)
    told = (audit.by, audit.action, audit.subject, audit.reason)
    assert told == ("policy:rules", "priority", "conversation:ada", "rule vip: gold")


def test_no_rule_makes_a_class_worse() -> None:
    scene = scene_with(Rule(id="r", then=Then(klass="gold")))
    scene.answered(Connect(customer("ada"), claims=Claims(klass="urgent")))
    events = scene.do(scene.request(customer("ada"), "ada"))
    assert scene.conversation("ada").klass == "urgent"
    audits = of_kind(events, AuditRecorded)
    assert [audit.action for audit in audits] == ["class.used"]


def test_the_best_of_several_classes_counts() -> None:
    names = ("gold", "urgent", "gold")
    rules = tuple(Rule(id=f"r{at}", then=Then(klass=name)) for at, name in enumerate(names))
    scene = scene_with(*rules)
    scene.ask("ada")
    assert scene.conversation("ada").klass == "urgent"
    assert [event.reason for _, event in scene.seen(AuditRecorded)] == [
        "rule r0: gold",
        "rule r1: urgent",
    ]


def test_weights_of_a_rule_decide_who_is_chosen() -> None:
    rule = Rule(id="r", when=GOLD, then=Then(weights={"relation": 50}))
    agents = (skilled("ann"), skilled("bob"))
    scene = scene_with(rule, agents=agents)
    scene.sign_in("ann", "bob")
    claims = Claims(attributes={"tier": "gold", "owner": "bob"})
    scene.answered(Connect(customer("ada"), claims=claims))
    scene.ask("ada")
    assert scene.offered("bob") == "ada"
    scene.answered(Connect(customer("eve"), claims=Claims(attributes={"owner": "cid"})))
    scene.ask("eve")
    assert (scene.offered("ann"), scene.conversation("eve").weights) == ("eve", {})


def test_the_past_of_a_customer_counts() -> None:
    rule = Rule(id="again", when=When(last_agent="ann", last_outcome="agent"), then=Then(topic="t"))
    scene = scene_with(rule)
    scene.sign_in("ann")
    scene.ask("ada", "c1")
    scene.accept("ann")
    scene.end("ann", "c1")
    scene.ask("ada", "c2")
    assert scene.conversation("c1").rules == ()
    assert (scene.conversation("c2").rules, scene.conversation("c2").topic) == (("again",), "t")


def test_a_service_asks_for_somebody_unknown() -> None:
    scene = scene_with(
        Rule(id="r", when=GOLD, then=Then(topic="t")), Rule(id="s", then=Then(topic="u"))
    )
    scene.arrive(service())
    scene.answered(scene.request(service(), "ada", customer=CustomerId("ada"), priority="gold"))
    assert scene.conversation("ada").rules == ("s",)


def test_explain_tells_which_rules_fired() -> None:
    scene = scene_with(Rule(id="one", when=GOLD, then=Then(topic="t")))
    gold(scene)
    scene.ask("ada")
    found = explain_conversation(scene.router, "ada", None, scene.now_ms)
    assert isinstance(found, ExplainedWait)
    assert found.rules == ("one",)


@pytest.mark.parametrize("full", [True, False])
def test_a_refused_request_changes_nothing(full: bool) -> None:
    scene = scene_with(Rule(id="r", then=Then(queue="q", klass="gold")))
    for name in ("a", "b", "c") if full else ():
        scene.ask(name)
    scene.arrive(customer("ada"))
    before = scene.router.digest()
    request = scene.request(customer("ada"), "ada", channel="chat" if full else "fax")
    code = Refusal.CLOSED if full else Refusal.BAD_REQUEST
    assert scene.refused(request).code is code
    assert scene.router.digest() == before


def test_a_restored_router_has_the_rules_and_what_they_gave() -> None:
    then = Then(klass="gold", weights={"history": 9}, needs=(SkillNeed("law", 1),))
    scene = scene_with(Rule(id="r", when=GOLD, then=then))
    gold(scene)
    scene.ask("ada")
    twin = Router.restore(scene.router.snapshot())
    assert twin.digest() == scene.router.digest()
    request = scene.request(customer("ada"), "bea")
    now_ms = scene.now_ms + 5
    assert twin.apply(request, now_ms) == scene.router.apply(request, now_ms)
    assert twin.digest() == scene.router.digest()


LAW = Rule(id="law", then=Then(prefer=Prefer(needs=(SkillNeed("law", 50),))))


def test_who_has_what_is_preferred_is_asked_first_and_nobody_waits_for_them() -> None:
    scene = scene_with(LAW)
    scene.sign_in("ann", "bob")
    scene.ask("ada")
    assert scene.offered("bob") == "ada"
    scene.ask("bea")
    assert scene.offered("ann") == "bea"
    assert scene.conversation("bea").own_needs == ()


def test_what_is_preferred_keeps_nobody_waiting_who_is_free() -> None:
    scene = scene_with(LAW)
    scene.ask("ada")
    scene.sign_in("ann")
    assert scene.offered("ann") == "ada"


def test_a_preferred_language_is_one_of_those_that_the_customer_speaks() -> None:
    then = Then(prefer=Prefer(languages=(LanguageWish("fr", 60),)))
    agents = (skilled("ann", languages="en:90"), skilled("bob", languages="en:90 fr:80"))
    scene = scene_with(Rule(id="r", then=then), agents=agents)
    scene.sign_in("bob", "ann")
    for name, spoken, asked in (("ada", ("en", "fr"), "bob"), ("bea", ("en",), "ann")):
        languages = tuple(LanguageWish(tag) for tag in spoken)
        scene.ask(name, languages=languages)
        assert scene.offered(asked) == name
        scene.accept(asked)
        scene.end(asked, name)


def test_a_preference_is_kept_by_a_snapshot_and_after_a_declined_offer() -> None:
    agents = (*AGENTS, skilled("eve", law=60))
    scene = scene_with(LAW, agents=agents)
    scene.ask("ada")
    scene.router = Router.restore(scene.router.snapshot())
    scene.arrive(agent("ann"), agent("bob"), agent("eve"))
    for name in ("eve", "ann", "bob"):
        scene.answered(SetPresence(agent(name), show="busy"))
    scene.answered(SetPresence(agent("eve")))
    for name in ("ann", "bob"):
        scene.answered(SetPresence(agent(name)))
    scene.decline("eve")
    assert scene.offered("bob") == "ada"
    scene.decline("bob")
    assert scene.offered("ann") == "ada"
