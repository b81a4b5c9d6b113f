"""How many of a queue's arrivals may carry a head start."""

import msgspec

from router.events import AuditRecorded
from router.policy import Policy, Queue
from router.rules import Rule, Then
from tests.helpers.watched import Watched
from tests.helpers.worlds import SIMPLE, customer, service

TENTH = Policy(queues=(Queue(id="q", class_share_max=100), Queue(id="free")))


def ask_many(scene: Watched, count: int, priority: str = "", queue: str = "q") -> list[str]:
    """So many customers ask one after the other; returns the classes that they got."""
    got = []
    for _ in range(count):
        scene.count += 1
        name = f"v{scene.count}"
        scene.answered(
            scene.request(service(), name, customer=name, priority=priority, queue=queue)
        )
        got.append(scene.conversation(name).klass)
    return got


def test_of_the_newest_hundred_arrivals_so_many_carry_a_head_start() -> None:
    scene = Watched(TENTH)
    assert ask_many(scene, 12, "gold") == ["gold"] * 10 + ["regular"] * 2
    scene.reborn()
    assert ask_many(scene, 87) == ["regular"] * 87
    assert ask_many(scene, 1, "gold") == ["regular"]
    assert ask_many(scene, 12, "urgent") == ["urgent"] * 10 + ["regular"] * 2


def test_each_queue_has_its_own_share_and_none_is_the_default() -> None:
    scene = Watched(TENTH)
    ask_many(scene, 12, "gold")
    assert ask_many(scene, 150, "gold", "free") == ["gold"] * 150


def test_a_class_beyond_the_share_is_flagged_and_stands_like_any_other() -> None:
    scene = Watched(msgspec.structs.replace(TENTH, queues=(Queue(id="q", class_share_max=0),)))
    scene.arrive(customer("c"), klass="gold")
    scene.answered(scene.request(customer("c"), "c"))
    conversation = scene.conversation("c")
    assert (conversation.klass, conversation.capped_class) == ("regular", "gold")
    assert conversation.key_ms == conversation.start_ms
    (audit,) = [event for _, event in scene.seen(AuditRecorded)]
    assert (audit.action, audit.subject, audit.reason) == (
        "class.capped", "conversation:c", "gold",
    )  # fmt: skip


def test_every_use_of_a_class_is_audited_and_the_default_is_none() -> None:
    scene = Watched(SIMPLE)
    scene.ask("plain")
    scene.arrive(customer("c"), klass="gold")
    scene.answered(scene.request(customer("c"), "c"))
    audits = [(event.by, event.action, event.reason) for _, event in scene.seen(AuditRecorded)]
    assert audits == [("customer:c", "class.used", "gold")]


def test_a_rule_gives_no_more_classes_than_the_share() -> None:
    rule = Rule(id="all", then=Then(klass="gold"))
    scene = Watched(msgspec.structs.replace(TENTH, rules=(rule,)))
    assert ask_many(scene, 12) == ["gold"] * 10 + ["regular"] * 2
    assert scene.conversation("v12").capped_class == "gold"
