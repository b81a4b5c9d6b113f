"""What must be true between settings; the report as a whole is in test_settings."""

from pathlib import Path

import msgspec
import pytest

from router.policy import Policy, Queue
from router.server.sections import KeyEntry, ServerSettings, Settings, Tenant, Webhook
from router.server.soundness import address, breaches, warnings

KEY = KeyEntry(kid="main", alg="HS256", secret="0123456789-0123456789-0123456789")
QUEUE = Queue(id="a")


def settings(queue: Queue = QUEUE, **server: object) -> Settings:
    tenant = Tenant(keys=(KEY,), policy=Policy(queues=(queue,)))
    return Settings(server=ServerSettings(**server), tenants={"acme": tenant})  # type: ignore[arg-type]


def test_settings_of_defaults_have_no_breach() -> None:
    assert list(breaches(settings())) == []
    assert warnings(settings()) == []


@pytest.mark.parametrize("host", ["a b", "my host", "a/b", " ", "-x", "a..b", "x:y z"])
def test_a_host_with_a_space_is_none(host: str) -> None:
    (found,) = list(breaches(settings(bind=f"{host}:80")))
    assert found[0] == "server.bind"


@pytest.mark.parametrize("host", ["localhost", "a-b.example", "0.0.0.0", "my_host", "a."])
def test_names_and_addresses_are_hosts(host: str) -> None:
    assert address(f"{host}:80") == (host, 80)
    assert address("[::1]:80") == ("::1", 80)


def test_what_is_perhaps_not_meant_is_a_warning_with_its_key() -> None:
    (said,) = warnings(settings(Queue(id="a", channels=("chta",))))
    assert said.startswith("tenants.acme.policy.queues[0].channels: no capacity is named")
    assert said.endswith('(did you mean "chat"?)')


@pytest.mark.parametrize(
    ("facts", "key", "mend"),
    [
        ({"identity_secret": "short"}, "identity_secret", "32 or more"),
        ({"identity_secret": KEY.secret}, "identity_secret", "signs tokens as well"),
        ({"identity_secret_before": "b" * 32}, "identity_secret", "set it"),
    ],
)
def test_a_secret_of_proofs_is_long_and_its_own(facts: dict[str, str], key: str, mend: str) -> None:
    tenant = Tenant(keys=(KEY,), policy=Policy(queues=(QUEUE,)), **facts)  # type: ignore[arg-type]
    ((path, sentence),) = breaches(Settings(tenants={"acme": tenant}))
    assert path == f"tenants.acme.{key}"
    assert mend in sentence


def test_a_placeholder_is_no_secret_wherever_it_stands() -> None:
    tenant = Tenant(
        keys=(KEY,), identity_secret="CHANGE-ME-to-32-bytes-or-more-of-your-own", policy=Policy()
    )
    said = warnings(Settings(tenants={"acme": tenant}))
    assert [one for one in said if one.startswith("tenants.acme.identity_secret: ")]


def test_a_placeholder_that_others_could_use_is_a_mistake_wherever_it_stands() -> None:
    hook = Webhook(id="crm", url="https://crm.example/", secret="CHANGE-ME-and-then-some-more")
    tenant = Tenant(
        keys=(KEY,),
        identity_secret="CHANGE-ME-to-32-bytes-or-more-of-your-own",
        webhooks=(hook,),
        policy=Policy(queues=(QUEUE,)),
    )
    open_to_all = ServerSettings(bind="0.0.0.0:80")
    found = dict(breaches(Settings(server=open_to_all, tenants={"acme": tenant})))
    assert list(found) == ["tenants.acme.identity_secret", "tenants.acme.webhooks[0].secret"]
    assert "write identity_secret_file" in found["tenants.acme.identity_secret"]
    for kept in (ServerSettings(), msgspec.structs.replace(open_to_all, insecure=True)):
        assert list(breaches(Settings(server=kept, tenants={"acme": tenant}))) == []


def test_a_journal_in_redis_has_no_file_to_be_moved() -> None:
    wanted = settings(journal="redis", journal_archive="moved", durability="replicated")
    ((key, sentence),) = breaches(wanted)
    assert (key, sentence[-7:]) == ("server.journal_archive", "drop it")


def test_a_data_folder_is_a_folder_that_one_may_write_in(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert list(breaches(settings(data=str(file)))) == [
        ("server.data", f"{file} is a file; name a folder")
    ]
    assert [key for key, _ in breaches(settings(data=str(file), journal="redis"))] == [
        "server.data"
    ]
    assert list(breaches(settings(data=str(file), journal="memory"))) == []
    assert warnings(settings(data=str(tmp_path / "new" / "one"))) == []
    (said,) = warnings(settings(data=str(file / "below")))
    assert said == f"server.data: you may not write in {file}; the server must be allowed to"


NO_URLS = ["https://[fe80::1/x", "https://a.example:port/", "https://a.example:99999/", "https://"]
SECRET = "0123456789-0123456789-0123456789"


@pytest.mark.parametrize("url", NO_URLS)
def test_an_address_without_a_host_or_port_is_a_mistake(url: str) -> None:
    tenant = Tenant(
        keys=(KeyEntry(jwks_url=url),),
        webhooks=(Webhook(id="crm", url=url, secret=SECRET),),
        policy=Policy(queues=(QUEUE,)),
    )
    found = [key for key, _ in breaches(Settings(tenants={"acme": tenant}))]
    assert sorted(found) == ["tenants.acme.keys[0].jwks_url", "tenants.acme.webhooks[0].url"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_a_hook_on_this_machine_needs_no_tls(host: str) -> None:
    hook = Webhook(id="crm", url=f"http://{host}:9000/", secret=SECRET)
    tenant = Tenant(keys=(KEY,), webhooks=(hook,), policy=Policy(queues=(QUEUE,)))
    assert list(breaches(Settings(tenants={"acme": tenant}))) == []


def test_a_file_that_may_not_be_looked_for_is_a_mistake_of_its_key() -> None:
    """As one in a folder that only others may look into."""
    name = "a" * 300
    key = KeyEntry(kid="b", alg="EdDSA", public_key_file=name)
    found = Settings(
        server=ServerSettings(data=name, tls_cert=name, tls_key=name),
        tenants={"acme": Tenant(keys=(key,), policy=Policy(queues=(QUEUE,)))},
    )
    told = dict(breaches(found))
    assert list(told) == [
        "server.tls_cert", "server.tls_key", "tenants.acme.keys[0].public_key_file"
    ]  # fmt: skip
    assert told["server.tls_cert"].endswith("cannot be looked at: File name too long")
    assert warnings(found) == []


def test_the_secret_of_an_example_is_doubted() -> None:
    known = KeyEntry(kid="main", alg="HS256", secret="CHANGE-ME-to-at-least-thirty-two-bytes")
    tenant = Tenant(keys=(known,), policy=Policy(queues=(QUEUE,)))
    (said,) = warnings(Settings(tenants={"acme": tenant}))
    assert said.startswith("tenants.acme.keys[0].secret: this is an example's")
    assert known.secret not in said
