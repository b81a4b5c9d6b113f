"""The tag of a policy in force."""

import msgspec
import pytest

from router.commands import SetPolicy
from router.core import Router
from router.errors import Refusal, Refused
from router.server.policy_tags import place_of, policy_tag
from tests.helpers.cores import POLICY, actor

OTHER = msgspec.structs.replace(POLICY, grace_ms=5_000)


def ruled() -> Router:
    router = Router("acme")
    router.apply(SetPolicy(policy=POLICY, from_file=True), 1)
    return router


def by_hand(router: Router, policy: object = OTHER) -> None:
    router.apply(SetPolicy(policy=policy, by=actor("service:shop")), 2)  # type: ignore[arg-type]


def test_each_policy_has_its_tag_even_one_that_was_in_force_before() -> None:
    router = ruled()
    tags = [policy_tag(router)["etag"]]
    for policy in (OTHER, POLICY, POLICY):
        by_hand(router, policy)
        tags.append(policy_tag(router)["etag"])
    assert len(set(tags)) == 4
    assert all(tag[0] == tag[-1] == '"' for tag in tags)


def test_a_restart_changes_no_tag() -> None:
    router = ruled()
    by_hand(router)
    again = Router.restore([b"".join(router.snapshot())])
    assert policy_tag(again) == policy_tag(router)


def test_a_policy_that_is_not_in_force_has_none() -> None:
    router = ruled()
    assert policy_tag(router, of=POLICY) == policy_tag(router)
    assert policy_tag(router, of=OTHER) == {}


def test_a_match_is_the_place_of_the_policy_and_anything_else_is_a_conflict() -> None:
    router = ruled()
    tag = policy_tag(router)["etag"]
    assert [place_of(told, router) for told in ("", "*")] == [0, 0]
    assert [place_of(told, router) for told in (tag, f"W/{tag}", f'"x", {tag}')] == [1, 1, 1]
    by_hand(router)
    for told in (tag, '"x"', '""'):
        with pytest.raises(Refused) as caught:
            place_of(told, router)
        assert caught.value.code is Refusal.CONFLICT
    assert place_of(policy_tag(router)["etag"], router) == 2
