"""The secret that nodes share through Redis."""

from collections.abc import Iterator

import pytest

from router.errors import StorageError
from router.journal.redis_address import address_of
from router.journal.redis_key import shared_key
from tests.helpers.redis_server import RedisServer, redis_server

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as made:
        yield made


def test_the_first_one_s_is_everybody_s(server: RedisServer) -> None:
    assert shared_key(server.address, b"first") == b"first"
    assert shared_key(server.address, b"second") == b"first"
    server.kill()
    server.start()
    assert shared_key(server.address, b"third") == b"first"


def test_without_an_answer_there_is_none() -> None:
    with pytest.raises(StorageError):
        shared_key(address_of("redis://127.0.0.1:1"), b"own")
