"""What the watch sees: overtakes by their cause, work, the length of the line."""

from msgspec import structs

from router.lab.book import Visit
from router.lab.stage import AgentPlan, Stage
from router.lab.watch import Watch
from router.policy import AgentEntry, Policy, Queue, SkillNeed
from tests.lab.test_stage import MINUTE, RULES, agent, play, visit

SKILLED = structs.replace(
    RULES,
    queues=(
        Queue(id="help", assign="direct", needs=(SkillNeed("help"),)),
        Queue(id="loans", assign="direct", needs=(SkillNeed("loans"),)),
    ),
    classes={"regular": 0, "gold": 30_000},
)


def helper(name: str, *skills: str) -> AgentPlan:
    return agent(name, entry=AgentEntry(id=name, skills=dict.fromkeys(skills, 50)))


def seen(rules: Policy, *, visits: list[Visit], agents: list[AgentPlan]) -> Watch:
    stage = Stage(rules, agents, Watch(0, 10 * MINUTE))
    stage.run(iter(visits))
    return stage._watch


def test_in_one_line_nobody_is_overtaken() -> None:
    watch = seen(
        SKILLED,
        visits=[visit(f"v{number}", 1000 * number) for number in range(5)],
        agents=[helper("ann", "help")],
    )
    assert watch.overtakes == {"class": 0, "skill": 0, "violation": 0}
    assert watch.line_length_max == 4
    assert watch.line_length == 0


def test_a_better_class_overtakes_by_class() -> None:
    visits = [
        visit("busy", 0),
        visit("regular", 1000),
        visit("too late", 1500, service_ms=1),
        visit("gold", 20_000, klass="gold"),
    ]
    watch = seen(SKILLED, visits=visits, agents=[helper("ann", "help")])
    assert watch.overtakes == {"class": 2, "skill": 0, "violation": 0}


def test_who_asks_for_another_skill_overtakes_by_skill() -> None:
    visits = [
        visit("one", 0),
        visit("two", 1000),
        visit("loan", 2000, queue="loans"),
    ]
    agents = [helper("ann", "help"), helper("bob", "loans")]
    watch = seen(SKILLED, visits=visits, agents=agents)
    assert watch.overtakes == {"class": 0, "skill": 1, "violation": 0}


def test_a_wrong_order_would_be_a_violation() -> None:
    """The core never does it, so the watch is told what did not happen."""
    visits = [visit("busy", 0), visit("first", 1000), visit("second", 2000)]
    stage, _ = play(SKILLED, [helper("ann", "help")], *visits[:1])
    watch = Watch(0, MINUTE)
    watch.router = stage.router
    quiet = Stage(SKILLED, [helper("ann", "help")], watch)
    told: list[dict[str, int]] = []

    def tell(_: object) -> None:
        watch.offered("second", "ann")
        told.append(dict(watch.overtakes))
        watch.joined("second", 2000, "chat")

    quiet.plan(3000, tell, None)
    quiet.run(iter([visit("busy", 0), visit("first", 1000), visit("second", 2000)]))
    assert told == [{"class": 0, "skill": 0, "violation": 1}]


def test_one_who_comes_back_stands_where_they_stood() -> None:
    watch = Watch(0, MINUTE)
    for name, start_ms in (("b", 2), ("c", 3), ("a", 1)):
        watch.joined(name, start_ms, "chat")
    watch.joined("b", 2, "chat")
    assert [standing[2] for standing in watch._order] == ["a", "b", "c"]
    watch.gone("b")
    assert watch.line_length == 2


def test_work_and_attendance_are_added_up() -> None:
    watch = seen(SKILLED, visits=[visit("one", MINUTE)], agents=[helper("ann", "help")])
    assert watch.busy.total_ms("ann") == MINUTE
    assert watch.signed.total_ms("ann") == 10 * MINUTE
