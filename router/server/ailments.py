"""What a page of metrics says is wrong with a node, in words, with the mend.

Owns: from which figure on something is wrong, and the runbook that goes with it. Does not know:
HTTP, where the page came from, whether anybody is told.

Invariants (tests/server/test_ailments.py): a calm page says nothing; every sentence names a runbook
that is there; one look is enough, for what lasts is told by its age and not by a second look.
"""

import time
from collections.abc import Iterator

from router.server.top_figures import Page, each, total

__all__ = ["DISK_WARN", "STALL_WARN_S", "ailments"]

DISK_WARN = 0.1
FILES_WARN = 0.8
REDIS_WARN = 0.9
HOOK_WARN_S = 900
STALL_WARN_S = 5
STANDS_S = 60
"""As the alerts have them."""

Ailment = tuple[str, str]
"""What is wrong, and what to do."""


def ailments(page: Page, tenant: str = "") -> Iterator[Ailment]:
    """What the figures say is wrong; lines that stand are those of ``tenant``, or of all."""
    yield from _of_correctness(page)
    yield from _of_journal(page)
    yield from _of_redis(page)
    yield from _of_room(page)
    yield from _of_others(page)
    yield from _of_lines(page, tenant)


def _of_correctness(page: Page) -> Iterator[Ailment]:
    violations = total(page, "fairline_invariant_violations_total")
    if violations:
        yield f"{violations:.0f} violations counted", "see runbook invariant-broken"
    if any(value == 0 for _, value in each(page, "fairline_config_reload_success")):
        yield "changed settings were refused", "run fairline check, see runbook settings-refused"


def _of_journal(page: Page) -> Iterator[Ailment]:
    errors = total(page, "fairline_journal_errors_total")
    if errors:
        yield (
            f"{errors:.0f} appends to the journal failed since the start",
            "see runbook journal-fails",
        )
    oldest_s = total(page, "fairline_command_oldest_seconds")
    if oldest_s > STALL_WARN_S:
        yield f"a command has waited {oldest_s:.0f} s for its outcome", "see runbook commands-stall"
    late_s = total(page, "fairline_sweep_lag_seconds")
    if late_s > STALL_WARN_S:
        yield f"deadlines are attended to {late_s:.0f} s late", "see runbook commands-stall"
    if any(behind for _, behind in each(page, "fairline_archive_behind")):
        lag = total(page, "fairline_archive_lag_commands")
        yield f"the archive lacks {lag:.0f} commands", "see runbook archive-fails"
    lost = total(page, "fairline_archive_failures_total")
    lost += total(page, "fairline_archive_dropped_total")
    if lost:
        yield (
            f"the archive was not written {lost:.0f} times since the start",
            "see runbook archive-fails",
        )


def _of_redis(page: Page) -> Iterator[Ailment]:
    if any(not up for _, up in each(page, "fairline_redis_up")):
        yield "Redis does not answer", "run fairline check, see runbook redis-away"
    if any(not durable for _, durable in each(page, "fairline_redis_durable")):
        mend = "run fairline check, see runbook redis-not-durable"
        yield "Redis would lose what it answered", mend
    repairs = total(page, "fairline_redis_repairs_total")
    if repairs:
        said = f"Redis lost the end of the journal {repairs:.0f} times and got it back"
        yield said, "see runbook redis-not-durable"
    most = total(page, "fairline_redis_max_bytes")
    used = total(page, "fairline_redis_used_bytes") / most if most else 0.0
    if used > REDIS_WARN:
        yield f"{used:.0%} of the memory of Redis are used", "see runbook redis-fills"


def _of_room(page: Page) -> Iterator[Ailment]:
    size = total(page, "fairline_disk_size_bytes")
    free = total(page, "fairline_disk_free_bytes") / size if size else 1.0
    if free < DISK_WARN:
        yield f"{free:.0%} of the disk are free", "make room, see runbook disk-fills"
    most = total(page, "process_max_fds")
    used = total(page, "process_open_fds") / most if most else 0.0
    if used > FILES_WARN:
        yield f"{used:.0%} of the file handles are open", "allow more, see runbook files-near-limit"


def _of_others(page: Page) -> Iterator[Ailment]:
    run = "run fairline webhooks, see runbook webhook-behind"
    oldest_s = max((age for _, age in each(page, "fairline_webhook_oldest_seconds")), default=0.0)
    if oldest_s > HOOK_WARN_S:
        yield "a webhook is behind", run
    dropped = total(page, "fairline_webhook_dropped_total")
    if dropped:
        yield f"{dropped:.0f} events for webhooks were dropped since the start", run
    if total(page, "fairline_degraded"):
        yield "the loop is late, and presence and figures wait", "see runbook degraded"


def _of_lines(page: Page, tenant: str) -> Iterator[Ailment]:
    """Somebody waits, somebody is free for them, and nobody was asked for a minute."""
    now_s = time.time()
    for labels, waiting in each(page, "fairline_queue_waiting"):
        if not waiting or tenant not in ("", labels["tenant"]):
            continue
        free = total(page, "fairline_queue_free_agents", labels)
        waited_s = total(page, "fairline_queue_oldest_wait_seconds", labels)
        asked_s = now_s - total(page, "fairline_last_offer_timestamp_seconds", labels)
        if free and min(waited_s, asked_s) > STANDS_S:
            name = f"{labels['tenant']}/{labels['queue']}"
            yield (
                f"{name}: {waiting:.0f} wait, the first for {waited_s:.0f} s, {free:.0f} who could"
                f" serve them are free, and nobody was asked for {asked_s:.0f} s",
                "see runbook line-stands",
            )
