from pathlib import Path

import msgspec
import pytest

from router.policy import AgentEntry, Brand, Policy, Queue
from router.server.settings import (
    DEMO_SECRET,
    KeyEntry,
    ServerSettings,
    Settings,
    SettingsErrors,
    Tenant,
    address,
    is_loopback,
    load,
    warnings,
)
from router.suggestions import field_types

SECRET = "0123456789-0123456789-0123456789"
EXAMPLE = Path(__file__).parents[2] / "config" / "fairline.example.toml"
SOUND = f"""
[tenants.acme]
keys = [{{kid = "main", alg = "HS256", secret = "{SECRET}"}}]
[[tenants.acme.policy.queues]]
id = "billing"
"""


def _load(folder: Path, text: str, **environment: str) -> Settings:
    file = folder / "fairline.toml"
    file.write_text(text, encoding="utf-8")
    return load([file], environment)


def _errors(folder: Path, text: str, **environment: str) -> dict[str, str]:
    with pytest.raises(SettingsErrors) as caught:
        _load(folder, text, **environment)
    return {error.key: str(error) for error in caught.value.errors}


def test_the_smallest_file_gets_the_defaults_of_the_contract(tmp_path: Path) -> None:
    settings = _load(tmp_path, SOUND)
    assert settings.server == ServerSettings()
    assert msgspec.structs.asdict(settings.server) == {
        "bind": "127.0.0.1:8080", "ops_bind": "", "journal": "file", "data": "data",
        "redis_url": "redis://127.0.0.1:6379/0", "partitions": 32, "durability": "journal",
        "node": "", "insecure": False, "tls_cert": "", "tls_key": "", "log": "json",
        "log_events": "off", "traces": False,
        "proxies": (), "connections_max": 15_000, "frame_bytes": 65_536, "drain_ms": 30_000,
        "snapshot_commands": 20_000, "snapshot_ms": 300_000, "journal_keep": "needed",
        "journal_archive": "",
    }  # fmt: skip
    tenant = settings.tenants["acme"]
    assert (tenant.visitors, tenant.native_apps, tenant.token_ttl_max_s) == (True, False, 3600)
    assert tenant.policy.queues == (Queue(id="billing"),)


def test_an_archive_of_segments_where_all_are_kept_is_a_mistake(tmp_path: Path) -> None:
    lines = 'journal_keep = "all"\njournal_archive = "old"\n'
    said = _errors(tmp_path, SOUND.replace("[tenants.acme]", f"[server]\n{lines}[tenants.acme]"))
    assert "drop one" in said["server.journal_archive"]


def test_the_example_file_loads_and_names_every_key() -> None:
    settings = load([EXAMPLE], {})
    assert warnings(settings) == []
    text = EXAMPLE.read_text(encoding="utf-8")
    for kind in (ServerSettings, Tenant, Policy, Queue, Brand, AgentEntry):
        for key in field_types(kind):
            assert f"{key} = " in text or f"policy.{key}]]" in text or f".{key}]" in text, key


def test_the_example_file_says_the_true_defaults() -> None:
    settings = load([EXAMPLE], {})
    default = ServerSettings(data=settings.server.data)
    assert settings.server == default
    assert Path(settings.server.data) == EXAMPLE.parent / "data"
    policy = settings.tenants["acme"].policy
    assert Policy(queues=policy.queues, brands=policy.brands, agents=policy.agents) == policy
    queue = policy.queues[0]
    named = Queue(
        id="billing", name="Billing", channels=queue.channels, needs=queue.needs, steps=queue.steps
    )
    assert queue == named


def test_all_mistakes_come_at_once_with_file_key_and_mend(tmp_path: Path) -> None:
    text = f"""
[server]
bind = "8080"
ops_bind = "::1:9"
bnid = "x"
durability = "replicated"
redis_url = "http://x"
drain_ms = -1
tls_cert = "nowhere.pem"
[tenants.acme]
origins = ["*", "https://Shop.example", "https://a.example/x", "null"]
keys = [
  {{kid = "a", alg = "HS256", secret = "short"}},
  {{kid = "a", alg = "RS256", secret = "{SECRET}"}},
  {{kid = "b", public_key_file = "nowhere.pem"}},
  {{kid = "c", alg = "EdDSA", public_key_file = "nowhere.pem"}},
  {{alg = "HS256", secret = "{SECRET}"}},
  {{jwks_url = "http://id.example", alg = "HS256"}},
  {{kid = "d"}},
  {{jwks_url = "https://ann:hush@id.example/jwks"}},
]
[tenants.acme.policy]
classes = {{regular = 0, gold = 100000}}
[[tenants.acme.policy.queues]]
id = "billing"
overflow = "nowhere"
"""
    errors = _errors(tmp_path, text)
    assert set(errors) == {
        "server.bind", "server.ops_bind", "server.bnid", "server.durability",
        "server.redis_url", "server.drain_ms", "server.tls_cert", "server.tls_key",
        "tenants.acme.origins[0]", "tenants.acme.origins[1]", "tenants.acme.origins[2]",
        "tenants.acme.origins[3]", "tenants.acme.keys[0].secret", "tenants.acme.keys[0].kid",
        "tenants.acme.keys[1].kid", "tenants.acme.keys[1].alg", "tenants.acme.keys[2].alg",
        "tenants.acme.keys[3].public_key_file", "tenants.acme.keys[4].kid",
        "tenants.acme.keys[5].jwks_url", "tenants.acme.keys[5].alg", "tenants.acme.keys[6]",
        "tenants.acme.keys[7].jwks_url",
        "tenants.acme.policy.classes.gold", "tenants.acme.policy.queues[0].overflow",
    }  # fmt: skip
    assert SECRET not in "".join(errors.values())


def test_the_text_of_all_errors_has_one_line_each(tmp_path: Path) -> None:
    with pytest.raises(SettingsErrors) as caught:
        _load(tmp_path, SOUND + '[server]\nlog = "jsno"\nnoed = "n"')
    assert str(caught.value).splitlines() == [
        f"{tmp_path}/fairline.toml:7: server.log: 'jsno' is none of json, console "
        '(did you mean "json"?)',
        f'{tmp_path}/fairline.toml:8: server.noed: there is no such key (did you mean "node"?)',
    ]


def test_a_file_that_is_missing_is_the_only_complaint(tmp_path: Path) -> None:
    with pytest.raises(SettingsErrors) as caught:
        load([tmp_path / "nowhere.toml"], {})
    assert len(caught.value.errors) == 1


def test_no_tenant_no_key_and_no_queue_are_errors(tmp_path: Path) -> None:
    assert list(_errors(tmp_path, "")) == ["tenants"]
    errors = _errors(tmp_path, "[tenants.acme]\n")
    assert set(errors) == {"tenants.acme.keys", "tenants.acme.policy.queues"}
    assert "fairline init" in errors["tenants.acme.keys"]


def test_any_origin_goes_only_with_insecure(tmp_path: Path) -> None:
    text = SOUND.replace("[tenants.acme]\n", '[tenants.acme]\norigins = ["*"]\n')
    assert list(_errors(tmp_path, text)) == ["tenants.acme.origins[0]"]
    assert _load(tmp_path, text, FAIRLINE_SERVER__INSECURE="true").server.insecure


@pytest.mark.parametrize(
    "origin", ["https://a.example", "http://127.0.0.1:8080", "https://[::1]:9", "http://localhost"]
)
def test_an_origin_is_a_scheme_and_a_host(tmp_path: Path, origin: str) -> None:
    text = SOUND.replace("[tenants.acme]\n", f'[tenants.acme]\norigins = ["{origin}"]\n')
    assert _load(tmp_path, text).tenants["acme"].origins == (origin,)


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        ('kid = "demo"', "kid"),
        (f'kid = "x", secret = "{DEMO_SECRET}"', "secret"),
        ('kid = "x", secret = "CHANGE-ME-to-at-least-thirty-two-bytes"', "secret"),
        ('kid = "x", secret = "changeme-changeme-changeme-changeme"', "secret"),
    ],
)
def test_a_key_that_everybody_knows_stays_on_this_machine(
    tmp_path: Path, key: str, wrong: str
) -> None:
    with_secret = key if "secret" in key else f'{key}, secret = "{SECRET}"'
    text = SOUND.replace(f'kid = "main", alg = "HS256", secret = "{SECRET}"', with_secret)
    assert _load(tmp_path, text).server.bind == "127.0.0.1:8080"
    out = {"FAIRLINE_SERVER__BIND": "0.0.0.0:80"}
    errors = _errors(tmp_path, text, **out)
    assert list(errors) == [f"tenants.acme.keys[0].{wrong}"]
    mend = "fairline secret FILE" if wrong == "secret" else "make a key of your own"
    assert mend in errors[f"tenants.acme.keys[0].{wrong}"]
    assert _load(tmp_path, text, FAIRLINE_SERVER__INSECURE="true", **out).server.insecure


def test_no_secret_shows_in_a_representation(tmp_path: Path) -> None:
    settings = _load(tmp_path, SOUND, FAIRLINE_SERVER__REDIS_URL="redis://user:hunter2@127.0.0.1/0")
    shown = repr(settings) + str(settings) + f"{settings.tenants['acme'].keys!r}"
    assert SECRET not in shown
    assert "hunter2" not in shown


@pytest.mark.parametrize(
    ("bind", "parts"),
    [
        ("127.0.0.1:8080", ("127.0.0.1", 8080)),
        ("[::1]:0", ("::1", 0)),
        ("localhost:65535", ("localhost", 65535)),
    ],
)
def test_an_address_has_a_host_and_a_port(bind: str, parts: tuple[str, int]) -> None:
    assert address(bind) == parts
    assert is_loopback(bind)


@pytest.mark.parametrize("bind", ["", "8080", ":80", "a:", "a:x", "a:65536", "::1:80", "a:-1"])
def test_half_an_address_is_refused(bind: str) -> None:
    with pytest.raises(ValueError, match=r"host|brackets|port"):
        address(bind)
    assert not is_loopback(bind)


@pytest.mark.parametrize("bind", ["0.0.0.0:80", "10.1.2.3:80", "[::]:80", "shop.example:80"])
def test_other_machines_reach_everything_but_loopback(bind: str) -> None:
    assert not is_loopback(bind)


def test_what_is_allowed_but_unwise_is_a_warning() -> None:
    server = ServerSettings(bind="0.0.0.0:80", insecure=True, journal="memory")
    tenant = Tenant(keys=(KeyEntry(jwks_url="https://id.example/jwks"),))
    said = warnings(Settings(server=server, tenants={"acme": tenant}))
    keys = [sentence.partition(":")[0] for sentence in said]
    assert keys == ["server.bind", "server.insecure", "server.journal"]


def test_an_entry_fixes_its_algorithm() -> None:
    assert KeyEntry(kid="a", secret=SECRET).algorithm == "HS256"
    assert KeyEntry(kid="a", alg="EdDSA", public_key_file="x").algorithm == "EdDSA"
    assert Tenant(keys=(KeyEntry(jwks_url="x"), KeyEntry(secret="s"))).signing_key == KeyEntry(
        secret="s"
    )


def test_a_cluster_of_redis_is_an_error_of_the_settings(tmp_path: Path) -> None:
    told = {
        "FAIRLINE_SERVER__JOURNAL": "redis",
        "FAIRLINE_SERVER__REDIS_URL": "redis+cluster://:hunter2@a,b",
    }
    with pytest.raises(SettingsErrors, match=r"server\.redis_url: a cluster") as caught:
        _load(tmp_path, SOUND, **told)
    assert "hunter2" not in str(caught.value)
    told["FAIRLINE_SERVER__REDIS_URL"] = "redis+sentinel://:hunter2@a,b/mine"
    assert _load(tmp_path, SOUND, **told).server.journal == "redis"


def test_a_proxy_that_is_no_address_is_named(tmp_path: Path) -> None:
    text = '[server]\nproxies = ["10.0.0.0/8", "proxy.local"]\n' + SOUND
    assert "is no address or network" in _errors(tmp_path, text)["server.proxies[1]"]
