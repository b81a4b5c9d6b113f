"""A policy as TOML reads back as itself."""

import tomllib

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from router.policy import AgentEntry, Brand, Policy, Purpose, Queue, Step, Terms, Weights
from router.rules import Prefer, Recent, Rule, Then, When
from router.server.policy_text import WIDTH, policy_toml
from router.wishes import LanguageWish, SkillNeed

LADEN = Policy(
    grace_ms=5_000,
    weights=Weights(history=0),
    contact_attributes=(),
    cost={"voice": 3, "e mail": 2},
    interrupts=("voice",),
    terms=Terms("shop", 2),
    purposes=("quality", Purpose("audit", roles=("supervisor",), per_hour=9)),
    earlier_history=True,
    listeners_shown=False,
    classes={"regular": 0, "ürgent": 90_000},
    queues=(
        Queue(
            id="billing",
            name='Bills & "more"',
            needs=(SkillNeed("billing", 30),),
            steps=(Step(30_000, needs=()), Step(60_000, any_language=True)),
            transcript_days=0,
        ),
        Queue(id="support"),
    ),
    rules=(
        Rule(
            id="vip",
            when=When(klass="gold", profile={"x y": ("a", "b")}, verified=False, recent=Recent(3)),
            then=Then(
                prefer=Prefer(languages=(LanguageWish("de", 50),)),
                klass="gold",
                weights={"load": 9},
            ),
        ),
    ),
    brands=(Brand(id="pro", terms=Terms("pro", 1)),),
    agents=(AgentEntry(id="ann", skills={"billing": 80}, languages={"zh-Hans": 100}),),
)


def read(text: str) -> Policy:
    tree = tomllib.loads(text)
    return msgspec.convert(tree, Policy)


def test_everything_reads_back_on_its_own_and_under_a_tenant() -> None:
    assert read(policy_toml(LADEN)) == LADEN
    for tenant in ("acme", "my-shop", "with.dot"):
        tree = tomllib.loads(policy_toml(LADEN, tenant))
        assert msgspec.convert(tree["tenants"][tenant]["policy"], Policy) == LADEN


def test_what_is_by_default_is_left_out() -> None:
    assert policy_toml(Policy(queues=(Queue(id="q"),)), "acme") == (
        '[tenants.acme.policy]\n\n[[tenants.acme.policy.queues]]\nid = "q"\n'
    )


def test_a_long_list_has_an_entry_a_line() -> None:
    names = tuple(f"channel-{number}" for number in range(20))
    text = policy_toml(Policy(interrupts=names))
    assert read(text).interrupts == names
    assert max(map(len, text.splitlines())) <= WIDTH


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    name=st.text(max_size=20),
    skills=st.dictionaries(st.text(min_size=1, max_size=8), st.integers(0, 100), max_size=3),
)
def test_no_letter_is_lost(name: str, skills: dict[str, int]) -> None:
    policy = Policy(agents=(AgentEntry(id="ann", name=name, skills=skills),))
    tree = tomllib.loads(policy_toml(policy))
    assert (tree["agents"][0].get("name", ""), tree["agents"][0].get("skills", {})) == (
        name,
        skills,
    )
