"""What settings name, tried before a start meets it."""

import json
import sys
import threading
import time
import urllib.error
from email.message import Message
from pathlib import Path
from typing import Literal

import pytest
from joserfc.jwk import ECKey, OctKey

from router.server.settings import KeyEntry, ServerSettings, Settings, Tenant
from router.server.trying import CERTIFICATE_WARN_S, Found, try_all
from tests.helpers.certificates import certificate
from tests.helpers.nodes import KEY

URL = "https://id.example/jwks.json"
DAY_S = 86_400


def settings(*keys: KeyEntry, **server: object) -> Settings:
    told = ServerSettings(**{"journal": "memory", **server})  # type: ignore[arg-type]
    return Settings(server=told, tenants={"acme": Tenant(keys=keys or (KEY,))})


def of_set(alg: Literal["", "ES256", "RS256"] = "") -> Settings:
    return settings(KEY, KeyEntry(jwks_url=URL, alg=alg))


def tried(wanted: Settings, content: bytes | Exception | None = None) -> list[Found]:
    """What was found, but for what a journal in memory is warned of."""

    def fetch(url: str) -> bytes:
        assert url == URL
        assert content is not None, "nobody is to be asked"
        if isinstance(content, Exception):
            raise content
        return content

    found = try_all(wanted, None if content is None else fetch)
    return [one for one in found if one.key != "server.journal"]


def key_set(**more: str) -> bytes:
    key = ECKey.generate_key("P-256", private=False).as_dict(private=False)
    return json.dumps({"keys": [{**key, "kid": "k1", "use": "sig", **more}]}).encode()


def test_where_all_is_well_nothing_is_found() -> None:
    assert tried(settings()) == []
    assert tried(of_set(), key_set()) == []
    assert tried(of_set("ES256"), key_set()) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<html>", "is no key set"),
        (b'{"keys": {}}', "is no key set"),
        (b"[" * 100_000, "is no key set"),
        (b'{"keys": []}', "has no key that can be used"),
        (key_set(use="enc"), "has no key that can be used"),
        pytest.param(  # with a name, for runners side by side must name each alike
            json.dumps({"keys": [{**OctKey.generate_key().as_dict(), "kid": "k"}]}).encode(),
            "has no key that can be used",
            id="secret",
        ),
        (TimeoutError("timed out"), "cannot be fetched (timed out)"),
        (urllib.error.URLError("no route"), "cannot be fetched (no route)"),
        (urllib.error.HTTPError(URL, 404, "x", Message(), None), "answered 404"),
    ],
)
def test_a_key_set_that_cannot_be_used_is_said_by_its_key(
    content: bytes | Exception, said: str
) -> None:
    (found,) = tried(of_set(), content)
    assert (found.level, found.key) == ("error", "tenants.acme.keys[1].jwks_url")
    assert found.message.startswith(URL)
    assert said in found.message


def test_a_key_set_without_a_key_of_the_algorithm_says_which() -> None:
    (found,) = tried(of_set("RS256"), key_set())
    assert "no key for RS256" in found.message


def test_what_the_address_of_a_key_set_asks_is_not_said() -> None:
    asked: list[str] = []

    def fetch(url: str) -> bytes:
        asked.append(url)
        raise TimeoutError("timed out")

    named = settings(KEY, KeyEntry(jwks_url=f"{URL}?key=hush"))
    (said,) = [one.message for one in try_all(named, fetch) if one.level == "error"]
    assert said.startswith(f"{URL}?(secret) cannot be fetched")
    assert asked == [f"{URL}?key=hush"]


def test_where_nobody_is_to_be_asked_nobody_is() -> None:
    assert tried(of_set()) == []


def test_many_sets_are_fetched_side_by_side() -> None:
    """Each waits until all are under way: one after the other would never end."""
    count = 8
    under_way = threading.Barrier(count, timeout=10)
    tenants = {f"t{number}": Tenant(keys=(KeyEntry(jwks_url=URL),)) for number in range(count)}
    wanted = Settings(server=ServerSettings(journal="memory"), tenants=tenants)

    def fetch(_: str) -> bytes:
        under_way.wait()
        return key_set()

    assert [one for one in try_all(wanted, fetch) if one.level == "error"] == []


def test_a_pair_that_is_none_is_an_error(tmp_path: Path) -> None:
    cert, _ = certificate(tmp_path, days=90)
    (tmp_path / "other").mkdir()
    _, key = certificate(tmp_path / "other")
    (found,) = tried(settings(tls_cert=cert, tls_key=key))
    assert (found.level, found.key) == ("error", "server.tls_key")
    assert "is the key of another certificate" in found.message


@pytest.mark.parametrize(
    ("days", "said"),
    [(-2, "has ended"), (5, "ends in 5 days"), (CERTIFICATE_WARN_S // DAY_S + 1, "")],
)
def test_a_certificate_that_ends_soon_is_a_warning(days: int, said: str, tmp_path: Path) -> None:
    cert, key = certificate(tmp_path, days=days)
    found = tried(settings(tls_cert=cert, tls_key=key))
    if not said:
        assert found == []
        return
    ((level, where, message),) = found
    assert (level, where) == ("warning", "server.tls_cert")
    assert said in message


def test_a_key_file_that_is_none_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text("no key", "utf-8")
    entry = KeyEntry(kid="a", alg="EdDSA", public_key_file=str(file))
    (found,) = tried(settings(entry))
    assert (found.level, found.key) == ("error", "tenants.acme.keys[0].public_key_file")


def test_traces_without_what_they_need_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("opentelemetry.sdk", reason="the extra otel is not installed")
    began = time.monotonic()
    threads = threading.active_count()
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    assert tried(settings(traces=True)) == []
    assert threading.active_count() == threads, "nothing is begun"
    assert time.monotonic() - began < 10
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "carrier-pigeon")
    (found,) = tried(settings(traces=True))
    assert "there is no exporter 'carrier-pigeon'" in found.message
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)
    (found,) = tried(settings(traces=True))
    assert (found.level, found.key) == ("error", "server.traces")
    assert "pip install 'fairline[otel]'" in found.message


def test_the_warnings_of_the_settings_are_findings_too() -> None:
    found = list(try_all(settings(bind="0.0.0.0:80"), None))
    assert {(one.level, one.key) for one in found} == {
        ("warning", "server.journal"), ("warning", "server.bind"),
    }  # fmt: skip
    assert all(not one.message.startswith("server.") for one in found)


def of_redis(url: str) -> Settings:
    return settings(journal="redis", redis_url=url)


def test_redis_is_asked_unless_nobody_is_to_be() -> None:
    nowhere = of_redis("redis://:hush@127.0.0.1:1")
    (found,) = tried(nowhere, key_set())
    assert (found.level, found.key) == ("error", "server.redis_url")
    assert found.message.startswith("redis://127.0.0.1:1 cannot be reached (Connection refused)")
    assert tried(nowhere) == []


def test_redis_without_its_library_is_an_error_whoever_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "redis.connection", None)
    (found,) = try_all(of_redis("redis://127.0.0.1:1"), None)
    assert (found.level, found.key) == ("error", "server.journal")
    assert "pip install 'fairline[redis]'" in found.message
