"""A client for who knows nothing but the protocol's page.

Owns: tokens signed by hand, one socket in either encoding over the ``websockets`` library.
Does not know: anything of ``router``; not one name is imported from there.

Every wait has an end: what does not come within ``PATIENCE_S`` fails the test and says what came
instead.
"""

import base64
import contextlib
import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Callable
from typing import Any

import msgpack
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

__all__ = ["JSON", "MSGPACK", "PATIENCE_S", "SECRET", "Fields", "Line", "claims", "sign", "until"]

SECRET = "an outsider's secret of thirty-two bytes"
PATIENCE_S = 8.0
JSON = "fairline.v1.json"
MSGPACK = "fairline.v1.msgpack"

Fields = dict[str, Any]
UNPLACED = {"beat", "disconnect", "token.expiring", "typing"}
COALESCED = {"presence", "board", "queue.position", "topic.stale"}


def until(
    condition: Callable[[], object],
    what: str,
    patience_s: float = PATIENCE_S,
    instead: Callable[[], object] = lambda: "",
) -> None:
    """Looks at another process until it is as it should be; only where nothing can be awaited.

    `instead` says how it is where it is not.
    """
    end = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < end, f"not within {patience_s} s: {what} {instead()}".rstrip()
        time.sleep(0.01)


# -- tokens ------------------------------------------------------------------------------------


def _part(content: object) -> str:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def claims(tenant: str, role: str, subject: str, **more: object) -> Fields:
    """The claims of section 10, good for ten minutes."""
    now = int(time.time())
    base = {"iss": "shop", "aud": "fairline", "iat": now, "exp": now + 600}
    return {**base, "sub": subject, "tenant": tenant, "role": role, **more}


def sign(content: object, *, secret: str = SECRET, header: object = None) -> str:
    """A JWT by HS256; ``header`` says something else than is true, where a test wants to lie."""
    head = {"alg": "HS256", "kid": "main", "typ": "JWT"} if header is None else header
    text = f"{_part(head)}.{_part(content)}"
    return f"{text}.{_part(hmac.digest(secret.encode(), text.encode(), hashlib.sha256))}"


# -- one socket --------------------------------------------------------------------------------


class Line:
    """One socket: commands with rising ids, events kept until somebody waits for them."""

    def __init__(self, socket: ClientConnection, encoding: str) -> None:
        self.socket = socket
        self.encoding = encoding
        self.kept: list[Fields] = []
        self.code: int | None = None
        self.welcome: Fields = {}
        self._ids = itertools.count(1)
        self._replied: set[int] = set()
        self._pos = 0
        self._seqs: dict[str, int] = {}

    def close(self) -> None:
        """Closes as a page does that is left."""
        self.socket.close()

    def cut(self) -> None:
        """The network is gone: no closing handshake."""
        self.socket.socket.shutdown(2)
        self.socket.close()

    # -- sending

    def put(self, content: object) -> None:
        """Sends anything as one frame of this line's encoding."""
        if self.encoding == JSON:
            self.socket.send(json.dumps(content))
        else:
            self.socket.send(msgpack.packb(content))

    def send(self, kind: str, /, **fields: object) -> int:
        """Sends a command and returns its id."""
        number = next(self._ids)
        self.put({"t": kind, "id": number, **fields})
        return number

    def ask(self, kind: str, /, **fields: object) -> Fields:
        """Sends a command and waits for its reply."""
        return self.reply(self.send(kind, **fields))

    def do(self, kind: str, /, **fields: object) -> Fields:
        """Sends a command that must be accepted."""
        reply = self.ask(kind, **fields)
        assert reply["ok"] is True, reply
        return reply

    def fail(self, kind: str, /, **fields: object) -> int:
        """Sends a command that must be refused, and returns the code."""
        reply = self.ask(kind, **fields)
        assert reply["ok"] is False, reply
        error = reply["err"]
        assert {"code", "name", "msg", "retry"} <= error.keys(), error
        code: int = error["code"]
        return code

    def hello(self, token: str, role: str, **fields: object) -> Fields:
        """Says hello and waits for the answer, whatever it is."""
        named = {"client": {"name": "outsider", "version": "1"}, **fields}
        number = self.send("hello", token=token, role=role, **named)
        answer = self.next(lambda message: message.get("id") == number)
        if answer["t"] == "welcome":
            self.welcome = answer
        return answer

    # -- receiving

    def reply(self, number: int) -> Fields:
        """The reply to a command."""
        return self.next(lambda each: each["t"] == "reply" and each["id"] == number)

    def wait(self, kind: str, /, **fields: object) -> Fields:
        """The first event of a type with these values, from among those that nobody took."""
        wanted = {"t": kind, **fields}
        return self.next(lambda each: all(each.get(key) == wanted[key] for key in wanted))

    def next(self, wanted: Callable[[Fields], bool], patience_s: float = PATIENCE_S) -> Fields:
        """The first message that is ``wanted``; those before it are kept."""
        for index, message in enumerate(self.kept):
            if wanted(message):
                return self.kept.pop(index)
        end = time.monotonic() + patience_s
        seen = len(self.kept)
        while self._receive(end):
            for index in range(seen, len(self.kept)):
                if wanted(self.kept[index]):
                    return self.kept.pop(index)
            seen = len(self.kept)
        raise AssertionError(f"it did not come (closed: {self.code}); but: {self.kept}")

    def sync(self) -> None:
        """Waits until everything that the server had to say before now is kept.

        A look at something keeps its turn behind the commands before it.
        """
        assert self.fail("history", conversation="nowhere") == 103

    def sync_or_end(self) -> None:
        """Waits until all is served that was sent, or the line is over."""
        with contextlib.suppress(ConnectionClosed):
            pong = self.socket.ping()
            while not pong.is_set() and self.code is None:
                self.idle(0.05)

    def taken(self, kind: str, /) -> list[Fields]:
        """Takes all events of a type that came by now."""
        found = [each for each in self.kept if each["t"] == kind]
        self.kept = [each for each in self.kept if each["t"] != kind]
        return found

    def closing(self, patience_s: float = PATIENCE_S) -> int:
        """Waits for the end and returns its code."""
        end = time.monotonic() + patience_s
        while self._receive(end):
            pass
        assert self.code is not None, f"still open; came: {self.kept[-5:]}"
        return self.code

    def last_words(self) -> int:
        """The code of the next refusal, or of the close if that comes instead."""
        try:
            code: int = self.next(lambda each: each["t"] == "reply")["err"]["code"]
        except AssertionError:
            assert self.code is not None
            return self.code
        return code

    def idle(self, seconds: float) -> None:
        """Listens for so long, as ``retry_ms`` asks for."""
        end = time.monotonic() + seconds
        while self._receive(end):
            pass

    def _receive(self, end: float) -> bool:
        try:
            frame = self.socket.recv(timeout=max(end - time.monotonic(), 0.001))
        except TimeoutError:
            return False
        except ConnectionClosed as closed:
            self.code = closed.rcvd.code if closed.rcvd is not None else 1006
            return False
        assert isinstance(frame, str) == (self.encoding == JSON), "a frame of the other kind"
        content = json.loads(frame) if isinstance(frame, str) else msgpack.unpackb(frame)
        messages = content if isinstance(content, list) else [content]
        assert len(messages) <= 16, "an array of more than 16"
        for message in messages:
            self._check(message)
        self.kept.extend(messages)
        return True

    def _check(self, message: Fields) -> None:
        """What section 2 says of every message, whatever the test is about."""
        kind = message["t"]
        if kind == "reply" and message["id"]:
            assert message["id"] not in self._replied, f"a second reply: {message}"
            self._replied.add(message["id"])
        elif kind in UNPLACED:
            assert "pos" not in message, message
        elif kind in COALESCED:
            assert message["pos"] >= 0, message
        elif kind not in {"reply", "welcome"}:
            assert message["pos"] >= self._pos, f"out of order: {message}"
            self._pos = message["pos"]
        if kind == "message" and message["kind"] == "text":
            self._check_seq(message["conversation"], message["seq"])

    def _check_seq(self, conversation: str, seq: int) -> None:
        """Messages come in their order; one's own are not among them, so it is not by one."""
        assert seq > self._seqs.get(conversation, 0), f"message {seq} came twice or late"
        self._seqs[conversation] = seq
