"""Who is behind a proxy."""

import json

import pytest

from router.server.proxies import Proxies, network
from tests.helpers.nodes import node_settings, open_node

OURS = Proxies([network("10.0.0.0/8"), network("127.0.0.1"), network("::1")])


@pytest.mark.parametrize(
    ("host", "forwarded", "client"),
    [
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4", "198.51.100.1, 10.0.0.7"], "198.51.100.1"),
        ("::ffff:10.0.0.1", ["2001:db8::5"], "2001:db8::5"),
        ("10.0.0.1", ["198.51.100.1, rubbish"], "10.0.0.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", [", ".join(["10.0.0.2"] * 100)], "10.0.0.2"),
    ],
)
def test_the_rightmost_that_is_no_proxy_of_ours_is_the_client(
    host: str, forwarded: list[str], client: str
) -> None:
    assert OURS.client(host, forwarded) == client


def test_without_proxies_nobody_is_believed() -> None:
    assert Proxies().client("127.0.0.1", ["198.51.100.1"]) == "127.0.0.1"


async def _statuses(forwarded: list[str], *proxies: str) -> list[int]:
    """New visitors, one after the other, each from behind the proxy of this address."""
    async with open_node(node_settings(proxies=proxies)) as node:
        return [
            (await node.post("/v1/visitors", {"tenant": "acme"}, f"X-Forwarded-For: {one}"))[0]
            for one in forwarded
        ]


async def test_visitors_behind_a_proxy_are_not_one_address() -> None:
    crowd = [f"198.51.100.{number}" for number in range(8)]
    assert await _statuses(crowd, "127.0.0.1") == [200] * 8
    assert await _statuses(["198.51.100.1"] * 6, "127.0.0.1") == [200] * 5 + [429]


async def test_who_is_no_proxy_cannot_pretend_to_be_many() -> None:
    crowd = [f"198.51.100.{number}" for number in range(6)]
    assert await _statuses(crowd) == [200] * 5 + [429]


async def test_a_reply_is_json_also_behind_a_proxy() -> None:
    async with open_node(node_settings(proxies=("127.0.0.1",))) as node:
        header = "X-Forwarded-For: 2001:db8::5"
        status, _, body = await node.post("/v1/visitors", {"tenant": "acme"}, header)
        assert (status, "token" in json.loads(body)) == (200, True)
