"""Newer settings for a running node."""

import io
import signal
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path

import msgspec
import pytest
import trio

from router.commands import SetPolicy
from router.errors import Refusal, Refused, SettingsError, StorageError
from router.server import appending
from router.server.filed import put_in_force
from router.server.reloading import unchangeable, wait_to_stop
from router.server.sections import Webhook
from router.server.settings import KeyEntry, Settings, load
from tests.helpers.cores import actor
from tests.helpers.log_lines import log_lines, read_lines
from tests.helpers.nodes import PATIENCE_S, POLICY, node_settings, open_node
from tests.helpers.ruled import Ruling

OTHER = msgspec.structs.replace(POLICY, grace_ms=5_000)


async def hangup(node: Ruling) -> AsyncGenerator[int, None]:
    """A hangup, and once it was heard of, the end."""
    yield signal.SIGHUP
    await node.heard.wait()
    yield signal.SIGTERM


async def reloaded(node: Ruling, reload: Callable[[], Settings] | None) -> None:
    with trio.fail_after(PATIENCE_S):
        async with aclosing(hangup(node)) as signals:
            await wait_to_stop(signals, node, reload)


@pytest.fixture
def lines() -> io.StringIO:
    return log_lines()


def changed(settings: Settings, **fields: object) -> Settings:
    acme = msgspec.structs.replace(settings.tenants["acme"], **fields)
    return msgspec.structs.replace(settings, tenants={**settings.tenants, "acme": acme})


def test_what_only_a_restart_reads_is_named_key_by_key() -> None:
    kept = node_settings()
    assert list(unchangeable(kept, kept)) == []
    other = msgspec.structs.replace(
        changed(kept, origins=(), keys=(KeyEntry(kid="other", secret="another secret"),)),
        server=msgspec.structs.replace(kept.server, drain_ms=1, bind="127.0.0.1:1"),
    )
    assert list(unchangeable(kept, other)) == [
        "server.bind", "server.drain_ms", "tenants.acme.origins", "tenants.acme.keys",
    ]  # fmt: skip
    fewer = msgspec.structs.replace(kept, tenants={"acme": kept.tenants["acme"]})
    assert list(unchangeable(kept, fewer)) == ["tenants.browsers"]
    assert list(unchangeable(fewer, kept)) == ["tenants.browsers"]
    assert list(unchangeable(kept, changed(kept, policy=msgspec.UNSET))) == []


async def test_settings_that_are_right_are_taken_and_what_waits_is_one_line(
    lines: io.StringIO,
) -> None:
    node = Ruling(node_settings())
    newer = changed(
        node_settings(OTHER, bind="127.0.0.1:1"),
        keys=(KeyEntry(kid="other", secret="another secret"),),
        policy=node.settings.tenants["acme"].policy,
    )
    await reloaded(node, lambda: newer)
    assert (node.taken, node.told) == (["browsers"], [True])
    assert node.left_to_start == [["server.bind", "tenants.acme.keys"]]
    waiting, done = read_lines(lines)
    assert (waiting["event"], waiting["setting"]) == (
        "settings.need_restart", "server.bind, tenants.acme.keys",
    )  # fmt: skip
    assert done["event"] == "settings.reloaded"


async def test_settings_with_mistakes_change_nothing_and_each_is_logged_with_its_line(
    lines: io.StringIO, tmp_path: Path
) -> None:
    file = tmp_path / "fairline.toml"
    file.write_text('[server]\nlgo = "json"\nbind = 1\n[tenants.acme]\n', encoding="utf-8")
    node = Ruling(node_settings())
    await reloaded(node, lambda: load([file], {}))
    assert (node.taken, node.told, node.left_to_start) == ([], [False], [])
    found = {line["key"]: line for line in read_lines(lines)}
    assert {line["event"] for line in found.values()} == {"settings.refused"}
    assert (found["server.lgo"]["file"], found["server.lgo"]["line"]) == (str(file), 2)
    assert 'did you mean "log"' in found["server.lgo"]["error"]
    assert found["server.bind"]["line"] == 3
    assert "withheld" not in found["server.bind"]


async def test_each_of_many_mistakes_is_in_the_log(lines: io.StringIO, tmp_path: Path) -> None:
    file = tmp_path / "fairline.toml"
    wrong = "".join(f'wrong{number} = "x"\n' for number in range(25))
    file.write_text(f"[server]\n{wrong}[tenants.acme]\n", encoding="utf-8")
    node = Ruling(node_settings())
    await reloaded(node, lambda: load([file], {}))
    keys = {line["key"] for line in read_lines(lines) if line["event"] == "settings.refused"}
    assert {f"server.wrong{number}" for number in range(25)} <= keys


async def test_without_files_a_hangup_is_for_the_certificate_alone(lines: io.StringIO) -> None:
    node = Ruling(node_settings())
    await reloaded(node, None)
    assert (node.told, node.renewed_count, read_lines(lines)) == ([True], 1, [])


async def test_a_mistake_in_the_settings_does_not_keep_the_certificate_from_being_renewed() -> None:
    def unreadable() -> Settings:
        raise SettingsError("a mistake", file="f", key="k")

    node = Ruling(node_settings())
    await reloaded(node, unreadable)
    assert (node.told, node.renewed_count) == ([False], 1)


async def test_right_settings_beside_a_wrong_certificate_are_in_force_and_not_all_is_right() -> (
    None
):
    node = Ruling(node_settings())
    node.is_certificate_right = False
    await reloaded(node, lambda: node_settings(OTHER))
    assert (sorted(node.taken), node.told) == (["acme", "browsers"], [False])
    assert node.policies() == [OTHER, OTHER]


async def test_a_single_error_is_told_too(lines: io.StringIO) -> None:
    def unreadable() -> Settings:
        raise SettingsError("a mistake", file="f", key="k")

    node = Ruling(node_settings())
    await reloaded(node, unreadable)
    assert node.told == [False]
    assert [(line["key"], line["error"]) for line in read_lines(lines)] == [("k", "a mistake")]


async def test_a_fault_in_reading_ends_nothing(lines: io.StringIO) -> None:
    def broken() -> Settings:
        raise ZeroDivisionError

    node = Ruling(node_settings())
    await reloaded(node, broken)
    assert (node.taken, node.told) == ([], [False])
    (line,) = read_lines(lines)
    assert (line["event"], line["error"]) == ("settings.unreadable", "ZeroDivisionError()")
    assert "in broken" in line["exception"]


async def test_the_loop_turns_while_settings_are_read() -> None:
    node = Ruling(node_settings())
    turned = threading.Event()
    began = trio.lowlevel.current_trio_token()

    def slow() -> Settings:
        trio.from_thread.run_sync(turned.set, trio_token=began)
        assert turned.wait(PATIENCE_S), "the loop stood still"
        return node_settings()

    await reloaded(node, slow)
    assert node.told == [True]


async def test_a_policy_that_did_not_take_effect_is_told_and_the_settings_are_not_right(
    lines: io.StringIO,
) -> None:
    full = Refused(Refusal.OVERLOADED, "too many commands are waiting")
    node = Ruling(node_settings())
    node.refusals["acme"] = [full]
    await reloaded(node, lambda: node_settings(OTHER))
    assert (node.policies(), node.told) == ([POLICY, POLICY], [False])
    back, line = read_lines(lines)
    assert (back["event"], back["tenant"]) == ("settings.taken_back", "browsers")
    assert (line["event"], line["tenant"]) == ("settings.not_in_force", "acme")
    assert "too many" in line["error"]


async def test_settings_that_were_refused_for_one_tenant_are_taken_whole_the_next_time() -> None:
    node = Ruling(node_settings())
    node.refusals["acme"] = [Refused(Refusal.OVERLOADED, "too many commands are waiting")]
    await reloaded(node, lambda: node_settings(OTHER))
    node.heard = trio.Event()
    await reloaded(node, lambda: node_settings(OTHER))
    assert (node.policies(), node.told) == ([OTHER, OTHER], [False, True])


async def test_other_webhooks_are_taken_at_once_where_that_can_be(lines: io.StringIO) -> None:
    hook = Webhook(id="crm", url="https://crm.example/", secret="whsec_" + "A" * 32)
    newer = changed(node_settings(), webhooks=(hook,))
    node = Ruling(node_settings())
    await reloaded(node, lambda: newer)
    assert (node.hooks, node.told) == ({"acme": (hook,), "browsers": ()}, [True])
    assert [line["event"] for line in read_lines(lines)] == ["settings.reloaded"]


async def test_webhooks_that_cannot_be_had_are_told_and_the_settings_are_not_right(
    lines: io.StringIO,
) -> None:
    hook = Webhook(id="crm", url="https://crm.example/", secret="whsec_" + "A" * 32)
    node = Ruling(node_settings())
    node.no_hooks = StorageError("data/webhooks.sqlite cannot be opened: no room.")
    await reloaded(node, lambda: changed(node_settings(), webhooks=(hook,)))
    assert (node.hooks, node.told) == ({}, [False])
    (line,) = read_lines(lines)
    assert (line["event"], line["key"]) == ("settings.not_in_force", "tenants.*.webhooks")
    assert "no room" in line["error"]


async def test_a_tenant_that_newer_settings_leave_out_goes_on_as_it_is(lines: io.StringIO) -> None:
    node = Ruling(node_settings())
    fewer = {"browsers": node.settings.tenants["browsers"]}
    await reloaded(node, lambda: msgspec.structs.replace(node_settings(), tenants=fewer))
    assert (node.hooks, node.told) == ({"browsers": ()}, [True]), "acme is not named, so it keeps"
    waiting, _ = read_lines(lines)
    assert (waiting["event"], waiting["setting"]) == ("settings.need_restart", "tenants.acme")


async def test_where_policies_are_not_in_force_webhooks_stay_too() -> None:
    hook = Webhook(id="crm", url="https://crm.example/", secret="whsec_" + "A" * 32)
    node = Ruling(node_settings())
    node.refusals["acme"] = [Refused(Refusal.OVERLOADED, "too many commands are waiting")]
    await reloaded(node, lambda: changed(node_settings(OTHER), webhooks=(hook,)))
    assert (node.hooks, node.told) == ({}, [False])


async def test_what_was_set_by_hand_stays_until_its_file_says_something_new(
    lines: io.StringIO,
) -> None:
    node = Ruling(node_settings())
    by_hand = msgspec.structs.replace(POLICY, score_band=7)
    node.apply("acme", SetPolicy(policy=by_hand, by=actor("supervisor:sofia")))
    await reloaded(node, node_settings)
    assert (node.policies(), node.taken) == ([by_hand, POLICY], [])
    assert node.left_to_start == [[]], "what waited before waits no more"
    differs, done = read_lines(lines)
    assert (differs["event"], differs["tenant"]) == ("policy.differs_from_file", "acme")
    assert done["event"] == "settings.reloaded"
    node.heard = trio.Event()
    await reloaded(node, lambda: node_settings(OTHER))
    assert node.policies() == [OTHER, OTHER]


async def test_what_was_set_by_hand_and_then_written_into_the_file_is_the_file_s() -> None:
    """Else the file would be news at the next start, and undo what is set by hand after it."""
    node = Ruling(node_settings())
    for tenant in ("acme", "browsers"):
        node.apply(tenant, SetPolicy(policy=OTHER, by=actor("supervisor:sofia")))
    await reloaded(node, lambda: node_settings(OTHER))
    assert [router.world.filed_policy for router in node.routers.values()] == [OTHER, OTHER]


async def test_a_stop_does_not_wait_for_a_policy_whose_fate_nobody_knows() -> None:
    node = Ruling(node_settings())
    node.is_stuck = True
    await reloaded(node, lambda: node_settings(OTHER))
    assert (sorted(node.taken), node.told) == (["acme", "browsers"], [])


async def test_hangups_that_come_while_one_is_served_are_one() -> None:
    node = Ruling(node_settings())
    reads: list[int] = []
    sent = threading.Event()

    async def many() -> AsyncGenerator[int, None]:
        yield signal.SIGHUP
        while not reads:  # noqa: ASYNC110 - the thread has no event of ours
            await trio.sleep(0.01)
        for _ in range(5):
            yield signal.SIGHUP
        sent.set()
        while len(node.told) < 2:  # noqa: ASYNC110
            await trio.sleep(0.01)
        yield signal.SIGTERM

    def reload() -> Settings:
        reads.append(1)
        assert sent.wait(PATIENCE_S)
        return node.settings

    with trio.fail_after(PATIENCE_S):
        async with aclosing(many()) as signals:
            await wait_to_stop(signals, node, reload)
    assert len(reads) == len(node.told) == 2


async def test_a_full_backlog_refuses_a_newer_policy_aloud(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_node() as running:
        node = running.node
        with monkeypatch.context() as patched:
            patched.setattr(appending, "BACKLOG_MAX", 0)
            wrong = await put_in_force(node, {"acme": OTHER})
        assert "too many" in wrong["acme"]
        assert await put_in_force(node, {"acme": OTHER}) == {}
        assert node.routers["acme"].policy == OTHER
