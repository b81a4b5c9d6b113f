import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.journal.redis_address import Address, parse_address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://cache", Address((("cache", 6379),))),
        ("redis://127.0.0.1:6380/3", Address((("127.0.0.1", 6380),), db=3)),
        ("redis://[::1]:6380/", Address((("::1", 6380),))),
        ("redis://:s%40cret@cache/0", Address((("cache", 6379),), password="s@cret")),
        (
            "rediss://fair:word@cache:6390/1?ssl_ca_certs=/etc/ca.pem",
            Address(
                (("cache", 6390),),
                db=1,
                username="fair",
                password="word",
                is_tls=True,
                options={"ssl_ca_certs": "/etc/ca.pem"},
            ),
        ),
        (
            "redis+sentinel://:word@one,two:26380/line/2?sentinel_password=other",
            Address(
                (("one", 26379), ("two", 26380)),
                service="line",
                db=2,
                password="word",
                options={"sentinel_password": "other"},
            ),
        ),
    ],
)
def test_an_address_is_read(url: str, address: Address) -> None:
    assert parse_address(url) == address


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("redis+cluster://a,b", "redis://host:6379/0"),
        ("http://cache", "redis, rediss, redis+sentinel"),
        ("cache:6379", "redis, rediss, redis+sentinel"),
        ("redis://", "name a host"),
        ("redis://:word@", "name a host"),
        ("redis://a,b", "several are for"),
        ("redis://[::1", "brackets"),
        ("redis://cache:70000", "65535"),
        ("redis://cache:port", "65535"),
        ("redis://cache/first", "a database's number"),
        ("redis://cache/0/1", "a database's number"),
        ("redis+sentinel://one", "name the service"),
        ("redis://cache?timeout=5", "'timeout' is no option of the address; redis has none"),
        ("rediss://cache?ssl=1", "those of rediss are ssl_ca_certs"),
    ],
)
def test_what_is_no_address_is_refused_with_what_to_write(url: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        parse_address(url)


@given(
    st.sampled_from(["redis", "rediss", "redis+sentinel", "redis+cluster", "http"]),
    st.sampled_from(["cache", "[::1]", "[::1", "a,b", "cache:x", "cache:99999", ""]),
    st.sampled_from(["", "/0", "/x", "/line", "/line/x", "/0/0", "?option=1"]),
)
def test_neither_errors_nor_what_is_shown_hold_a_password(
    scheme: str, host: str, path: str
) -> None:
    try:
        address = parse_address(f"{scheme}://someuser:secr%65t@{host}{path}")
    except ValueError as error:
        said = str(error)
    else:
        assert (address.username, address.password) == ("someuser", "secret")
        said = f"{address.shown} {address!r} {address}"
    assert not any(word in said for word in ("secret", "secr%65t", "someuser"))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://u:p@cache", "redis://cache:6379/0"),
        ("rediss://[::1]/4?ssl_keyfile=/k", "rediss://[::1]:6379/4"),
        ("redis+sentinel://a,b:1/line/2", "redis+sentinel://a:26379,b:1/line/2"),
    ],
)
def test_what_is_shown_is_an_address_again(url: str, shown: str) -> None:
    assert parse_address(url).shown == shown
    assert parse_address(shown).shown == shown
