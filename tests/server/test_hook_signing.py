"""What is signed, and that the page for receivers checks it right."""

import base64
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from router.server.hook_signing import key_of, signed_headers

PAGE = Path(__file__).parents[2] / "docs" / "webhooks.md"
SECRET = "a secret of a test, long enough"
CODED = "whsec_" + base64.b64encode(b"24 bytes and some more of it").decode()


def documented_verify() -> Callable[[dict[str, str], bytes, str], None]:
    """The function that docs/webhooks.md tells receivers to use."""
    (block,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(block, names)
    verify: Callable[[dict[str, str], bytes, str], None] = names["verify"]
    return verify


def test_a_vector_of_the_standard_is_signed_as_there() -> None:
    """The example that Standard Webhooks' libraries test themselves with."""
    key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signed_headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}', [key]
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("secret", [SECRET, CODED])
def test_the_documented_check_accepts_ours_and_nothing_that_was_touched(secret: str) -> None:
    verify = documented_verify()
    now_s = int(time.time())
    headers = signed_headers("evt_1", now_s, b"body", [key_of(secret)])
    verify(headers, b"body", secret)
    for wrong in (
        (headers, b"bodY", secret),
        ({**headers, "webhook-id": "evt_2"}, b"body", secret),
        ({**headers, "webhook-timestamp": str(now_s + 1)}, b"body", secret),
        (headers, b"body", SECRET + "x"),
        (signed_headers("evt_1", now_s - 1000, b"body", [key_of(secret)]), b"body", secret),
    ):
        with pytest.raises(ValueError, match=r"old|signed"):
            verify(*wrong)


def test_with_two_secrets_who_knows_either_is_content() -> None:
    verify = documented_verify()
    keys = [key_of(SECRET), key_of(CODED)]
    headers = signed_headers("evt_1", int(time.time()), b"body", keys)
    verify(headers, b"body", SECRET)
    verify(headers, b"body", CODED)


def test_what_is_no_base64_is_said() -> None:
    with pytest.raises(ValueError, match="not base64"):
        key_of("whsec_!!!")
