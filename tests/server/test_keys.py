import json
import ssl
from pathlib import Path

import pytest
import trio
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from router.errors import SettingsError
from router.server.keys import (
    CACHE_MS,
    KEEP_MS,
    REFETCH_MS,
    RETRY_MS,
    KeySet,
    algorithm_of,
    fetch_https,
    load_key,
)
from router.server.settings import KeyEntry

KEYS: dict[str, OKPKey | ECKey | RSAKey] = {
    "EdDSA": OKPKey.generate_key("Ed25519", {"kid": "ed"}),
    "ES256": ECKey.generate_key("P-256", {"kid": "es"}),
    "RS256": RSAKey.generate_key(2048, {"kid": "rs"}),
}
ENTRY = KeyEntry(jwks_url="https://id.example/jwks.json")


def _published(*keys: Key, **more: object) -> bytes:
    return json.dumps({"keys": [{**key.as_dict(private=False), **more} for key in keys]}).encode()


def _short_rsa() -> bytes:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=1_024).public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.PEM, form)


class Site:
    """A site that publishes keys, counts visits, and can be down."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.visits = 0
        self.is_down = False

    def fetch(self, url: str) -> bytes:
        assert url == ENTRY.jwks_url
        self.visits += 1
        if self.is_down:
            raise OSError("down")
        return self.content


@pytest.mark.parametrize("algorithm", sorted(KEYS))
def test_a_public_key_file_loads_for_its_own_algorithm_alone(
    tmp_path: Path, algorithm: str
) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(KEYS[algorithm].as_pem(private=False))
    for other in KEYS:
        entry = KeyEntry(kid="a", alg=other, public_key_file=str(file))  # type: ignore[arg-type]
        if other == algorithm:
            assert load_key(entry)[0] == algorithm
        else:
            with pytest.raises(SettingsError, match="no public key"):
                load_key(entry)


def test_a_private_key_a_short_one_and_no_key_are_refused(tmp_path: Path) -> None:
    contents = {
        "EdDSA": KEYS["EdDSA"].as_pem(private=True),
        "RS256": _short_rsa(),
        "ES256": b"my secret words",
    }
    for algorithm, content in contents.items():
        file = tmp_path / algorithm
        file.write_bytes(content)
        entry = KeyEntry(kid="a", alg=algorithm, public_key_file=str(file))  # type: ignore[arg-type]
        with pytest.raises(SettingsError) as refused:
            load_key(entry)
        assert "secret words" not in str(refused.value)


def test_a_type_of_key_has_one_algorithm() -> None:
    assert {name: algorithm_of(key) for name, key in KEYS.items()} == {name: name for name in KEYS}
    assert algorithm_of(OctKey.import_key(b"x" * 32)) == ""
    assert algorithm_of(ECKey.generate_key("P-384")) == ""


async def test_a_set_is_fetched_once_and_kept_for_ten_minutes() -> None:
    site = Site(_published(*KEYS.values()))
    keys = KeySet(ENTRY, site.fetch)
    assert keys.find("ed", 0) is None
    for now_ms in (0, 1, CACHE_MS - 1):
        await keys.refresh("ed", now_ms)
    assert site.visits == 1
    found = keys.find("es", CACHE_MS)
    assert found is not None
    assert found[0] == "ES256"
    await keys.refresh("ed", CACHE_MS)
    assert site.visits == 2


async def test_an_unknown_id_asks_again_at_most_once_a_minute() -> None:
    site = Site(_published(KEYS["EdDSA"]))
    keys = KeySet(ENTRY, site.fetch)
    await keys.refresh("ed", 0)
    for now_ms in range(1, REFETCH_MS, 1_000):
        await keys.refresh("rs", now_ms)
    assert site.visits == 1
    site.content = _published(KEYS["EdDSA"], KEYS["RS256"])
    await keys.refresh("rs", REFETCH_MS)
    assert site.visits == 2
    assert keys.find("rs", REFETCH_MS) is not None


async def test_the_last_good_set_serves_for_a_day() -> None:
    site = Site(_published(KEYS["EdDSA"]))
    keys = KeySet(ENTRY, site.fetch)
    await keys.refresh("ed", 0)
    site.is_down = True
    await keys.refresh("ed", CACHE_MS)
    site.is_down, site.content = False, b"<html>maintenance</html>"
    await keys.refresh("ed", CACHE_MS + RETRY_MS)
    assert site.visits == 3
    assert keys.find("ed", KEEP_MS) is not None
    assert keys.find("ed", KEEP_MS + 1) is None


async def test_many_who_need_the_set_at_once_fetch_it_once() -> None:
    site = Site(_published(KEYS["EdDSA"]))
    keys = KeySet(ENTRY, site.fetch)
    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(keys.refresh, "ed", 0)
    assert site.visits == 1
    assert keys.find("ed", 0) is not None


async def test_a_set_never_brings_a_secret_or_another_algorithm() -> None:
    secret = OctKey.import_key(b"x" * 32, {"kid": "oct"}).as_dict()
    entries = [
        secret,
        {**KEYS["RS256"].as_dict(private=False), "alg": "HS256"},
        {**KEYS["ES256"].as_dict(private=False), "use": "enc"},
        {**KEYS["EdDSA"].as_dict(private=False), "kid": 7},
        {"kty": "RSA", "kid": "torn"},
        {"kty": "PQ", "kid": "new"},
        "nonsense",
        KEYS["EdDSA"].as_dict(private=False),
    ]
    keys = KeySet(ENTRY, Site(json.dumps({"keys": entries}).encode()).fetch)
    await keys.refresh("ed", 0)
    found = {kid for kid in ("oct", "rs", "es", "torn", "new", "ed") if keys.find(kid, 0)}
    assert found == {"ed"}


async def test_an_entry_with_an_algorithm_takes_only_keys_of_it() -> None:
    entry = KeyEntry(alg="ES256", jwks_url=ENTRY.jwks_url)
    keys = KeySet(entry, Site(_published(*KEYS.values())).fetch)
    await keys.refresh("es", 0)
    assert [kid for kid in ("ed", "es", "rs") if keys.find(kid, 0)] == ["es"]


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b'{"keys": {}}', b"[" * 60_000, b"\xff", b" " * 70_000, b'{"keys": []}'],
)
async def test_a_site_that_answers_nonsense_gives_no_keys(content: bytes) -> None:
    site = Site(content)
    keys = KeySet(ENTRY, site.fetch)
    await keys.refresh("ed", 0)
    assert (site.visits, keys.find("ed", 0)) == (1, None)


def test_keys_are_fetched_by_https_alone() -> None:
    for url in ("http://127.0.0.1:1/", "file:///etc/hostname", "ftp://127.0.0.1:1/"):
        with pytest.raises(OSError, match="https"):
            fetch_https(url)


def test_an_address_that_nobody_can_ask_is_an_error_like_any_other_and_not_quoted() -> None:
    with pytest.raises(OSError, match=r"InvalidURL$"):
        fetch_https("https://127.0.0.1:hush/")


async def test_a_site_that_breaks_off_the_handshake_is_an_error_like_any_other() -> None:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]

    async def hang_up(stream: trio.SocketStream) -> None:
        await stream.aclose()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, hang_up, listeners)
        context = ssl.create_default_context()
        with trio.fail_after(5), pytest.raises(OSError, match=r"."):
            await trio.to_thread.run_sync(fetch_https, f"https://127.0.0.1:{port}/", context)
        nursery.cancel_scope.cancel()
