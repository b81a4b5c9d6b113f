"""The list of metrics in the documentation is the list of metrics."""

import re
from pathlib import Path

from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from router.server.sections import Webhook
from router.server.settings import Settings
from tests.helpers.nodes import node_settings, open_node

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| `(fairline_\w+)` \| (\w+) \| ([^|]*) \| ([^|]+) \|$", re.MULTILINE)
LATER = {
    "fairline_certificate_expiry_timestamp_seconds",
    "fairline_trace_spans_begun_total",
    "fairline_trace_spans_total",
    "fairline_traces_untraced_total",
    "fairline_disk_free_bytes",
    "fairline_disk_size_bytes",
    "fairline_journal_bytes",
    "fairline_snapshot_interval_seconds",
    "fairline_last_snapshot_timestamp_seconds",
    "fairline_archive_lag_commands",
    "fairline_archive_behind",
    "fairline_redis_owner",
    "fairline_redis_up",
    "fairline_redis_reconnects_total",
    "fairline_redis_repairs_total",
    "fairline_redis_command_seconds",
    "fairline_redis_info",
    "fairline_redis_durable",
    "fairline_redis_used_bytes",
    "fairline_redis_max_bytes",
    "fairline_redis_replicas",
}
"""There only on a disk, behind TLS, or with Redis (tests/server/test_redis_watch.py)."""


def _with_hook(settings: Settings) -> Settings:
    hook = Webhook(id="crm", url="http://127.0.0.1:9/", secret="whsec_" + "A" * 44)
    acme = replace(settings.tenants["acme"], webhooks=(hook,))
    return replace(settings, tenants={**settings.tenants, "acme": acme})


async def test_every_metric_is_documented_with_its_labels_and_no_other() -> None:
    text = (ROOT / "docs" / "reference" / "metrics.md").read_text("utf-8")
    told = {row[1]: (row[2], set(re.findall(r"`(\w+)`", row[3]))) for row in ROW.finditer(text)}
    async with open_node(_with_hook(node_settings())) as node:
        page = (await node.get("/metrics"))[2].decode()
    families = {
        family.name + ("_total" if family.type == "counter" else ""): family
        for family in text_string_to_metric_families(page)
        if family.name.startswith("fairline_")
    }
    assert sorted(families.keys() - told.keys()) == []
    assert sorted(told.keys() - families.keys() - LATER) == []
    for name, family in families.items():
        kind, labels = told[name]
        assert family.type == kind, name
        for sample in family.samples[:1]:
            assert sample.labels.keys() - {"le"} == labels, name
