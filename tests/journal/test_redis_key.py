"""The secret that nodes share through Redis."""

import pytest

from router.errors import StorageError
from router.journal.redis_address import address_of
from router.journal.redis_key import shared_key
from tests.helpers.redis_server import RedisServer

pytestmark = pytest.mark.process


def test_the_first_one_s_is_everybody_s(redis: RedisServer) -> None:
    assert shared_key(redis.address, b"first") == b"first"
    assert shared_key(redis.address, b"second") == b"first"
    redis.kill()
    redis.start()
    assert shared_key(redis.address, b"third") == b"first"


def test_without_an_answer_there_is_none() -> None:
    with pytest.raises(StorageError):
        shared_key(address_of("redis://127.0.0.1:1"), b"own")
