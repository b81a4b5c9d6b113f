"""What is read out of an address of Redis, and what is never shown of it."""

import re
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.journal.redis_address import RedisAddress, address_of

NAMES = st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,20}[a-z0-9])?", fullmatch=True)
PORTS = st.integers(1, 65_535)
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=20)
SECRET = "hush:?#/@[%41] hush"


@st.composite
def addresses(draw: st.DrawFn) -> RedisAddress:
    is_sentinel = draw(st.booleans())
    hosts = draw(
        st.lists(
            st.tuples(NAMES | st.just("::1"), PORTS), min_size=1, max_size=3 * is_sentinel or 1
        )
    )
    service = draw(WORDS.filter(bool)) if is_sentinel else ""
    return RedisAddress(
        tuple(hosts),
        service,
        draw(st.integers(0, 15)),
        draw(WORDS),
        draw(WORDS),
        is_tls=draw(st.booleans()),
        sentinel_password=draw(WORDS) if is_sentinel else "",
    )


@given(addresses())
def test_what_is_written_is_read_and_what_is_shown_is_the_same_place(told: RedisAddress) -> None:
    scheme, _, rest = told.shown.partition("://")
    user, password = quote(told.username, safe=""), quote(told.password, safe="")
    options = f"?sentinel_password={quote(told.sentinel_password, safe='')}"
    url = f"{scheme}://{user}:{password}@{rest}{options if told.sentinel_password else ''}"
    assert address_of(url) == told
    bare = told._replace(username="", password="", sentinel_password="")
    assert address_of(told.shown) == bare
    assert repr(told) == repr(bare)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://localhost", "redis://localhost:6379"),
        ("redis://10.0.0.1:7000/0", "redis://10.0.0.1:7000"),
        ("redis://[::1]/3", "redis://[::1]:6379/3"),
        ("rediss://a:b@cache.example", "rediss://cache.example:6379"),
        ("redis+sentinel://a,b:2/mine", "redis+sentinel://a:26379,b:2/mine"),
        ("rediss+sentinel://:x@a/mine/2", "rediss+sentinel://a:26379/mine/2"),
    ],
)
def test_what_is_left_out_is_the_usual(url: str, shown: str) -> None:
    assert address_of(url).shown == shown


def test_a_file_with_the_authority_is_read() -> None:
    assert address_of("rediss://a?ca=/etc/ssl/redis.pem").ca == "/etc/ssl/redis.pem"


@pytest.mark.parametrize(
    ("url", "mend"),
    [
        ("http://x", "begin the address with one of redis, rediss"),
        ("localhost:6379", "begin the address"),
        ("redis+cluster://a,b", "a cluster of Redis cannot keep the journal"),
        ("redis://", "write HOST or HOST:PORT"),
        ("redis://a b", "write HOST"),
        ("redis://a:0", "from 1 to 65535"),
        ("redis://a:70000", "from 1 to 65535"),
        ("redis://a,b", "several are for redis+sentinel"),
        ("redis://a/mine", "the number of a database"),
        ("redis://a/99999", "no Redis has so many"),
        ("redis://a/0/0", "the number of a database"),
        ("redis+sentinel://a", "name the service behind the Sentinels"),
        ("redis+sentinel://a/mine/x", "the number of a database"),
        ("redis://[::1", "for an address of IPv6"),
        ("redis://a#b", 'write %23 for a "#"'),
        ("redis://a?timeout=3", 'behind "?" there may be ca'),
    ],
)
def test_what_is_none_is_told_with_its_mend(url: str, mend: str) -> None:
    with pytest.raises(ValueError, match=re.escape(mend)):
        address_of(url)


@pytest.mark.parametrize("at", range(len(SECRET)))
def test_a_password_that_is_not_encoded_is_in_no_sentence(at: int) -> None:
    """Wherever an address breaks off inside of a password, none of it is repeated."""
    try:
        told = address_of(f"redis://user:{SECRET[at:]}@cache.example:1/0").shown
    except ValueError as error:
        told = str(error)
    assert "hush" not in told


@pytest.mark.parametrize("url", ["redis://user:hush", "redis://:hush", "redis://a:hush,b"])
def test_a_password_without_a_host_is_in_no_sentence(url: str) -> None:
    with pytest.raises(ValueError, match="write HOST") as caught:
        address_of(url)
    assert "hush" not in str(caught.value)
