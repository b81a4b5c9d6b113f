"""Which pages may open a socket."""

import pytest

from router.server.origins import is_allowed, is_own


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://shop.example", "shop.example"),
        ("https://shop.example", "shop.example"),
        ("https://SHOP.example", "shop.EXAMPLE"),
        ("https://shop.example", "shop.example:443"),
        ("http://shop.example:80", "shop.example"),
        ("http://127.0.0.1:8080", "127.0.0.1:8080"),
        ("http://[::1]:8080", "[::1]:8080"),
    ],
)
def test_a_page_of_this_host_is_its_own(origin: str, host: str) -> None:
    assert is_own(origin, host)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://shop.example:8080", "shop.example"),
        ("http://shop.example", "shop.example:8080"),
        ("https://shop.example.evil.example", "shop.example"),
        ("https://evil.example/shop.example", "shop.example"),
        ("ftp://shop.example", "shop.example"),
        ("null", "null"),
        ("", ""),
    ],
)
def test_a_page_of_another_host_is_not(origin: str, host: str) -> None:
    assert not is_own(origin, host)


def test_a_list_names_origins_whole() -> None:
    allowed = ["https://shop.example", "http://test.example:3000"]
    assert is_allowed("https://shop.example", allowed)
    assert is_allowed("https://shop.example:443", allowed)
    assert is_allowed("HTTP://test.example:3000", allowed)
    assert not is_allowed("http://shop.example", allowed)
    assert not is_allowed("https://shop.example.evil.example", allowed)
    assert not is_allowed("https://notshop.example", allowed)
    assert not is_allowed("https://shop.example:444", allowed)


def test_the_star_allows_all_but_pages_without_an_origin() -> None:
    assert is_allowed("https://anything.example", ["*"])
    assert not is_allowed("null", ["*"])
    assert not is_allowed("https://anything.example", [])
