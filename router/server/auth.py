"""Who somebody is: checks tokens and signs them.

Owns: what a token must say and may not say, and for how long it counts (protocol, section 10).
Does not know: what a role may do (``router.rights``), policy, sockets; it logs nothing.

Invariants: the tenant and key id of an unchecked token choose a key and nothing else; the
algorithm is the key's; whatever bytes come, ``verify`` returns an ``Identity`` or raises
``TokenRefused``; no token, claim or key is in an error's text.

A library verifies the signature. Length, header, types and times are checked here, for libraries
accept a token that lives a hundred years, ends at 10**400, or names its own key.
"""

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry
from joserfc.registry import HeaderParameter
from msgspec import Meta, Struct

from router.commands import Claims
from router.errors import Refusal, RouterError, SettingsError
from router.server.keys import Fetch, KeySet, TokenKey, fetch_https, load_key
from router.server.settings import KeyEntry, Settings, SettingsErrors, Tenant

__all__ = ["AUDIENCE", "Authenticator", "Identity", "Role", "TokenRefused", "mint"]

AUDIENCE = "fairline"
TOKEN_BYTES_MAX = 4_096
LEEWAY_S = 30

Role = Literal["agent", "customer", "supervisor", "service"]
Seconds = Annotated[int, Meta(ge=0, le=99_999_999_999)]
Level = Annotated[int, Meta(ge=0, le=100)]
Id = Annotated[str, Meta(min_length=1, max_length=64)]
Subject = Annotated[str, Meta(min_length=1, max_length=128)]
Name = Annotated[str, Meta(max_length=200)]
Tag = Annotated[str, Meta(max_length=35, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")]
Words = Annotated[tuple[Id, ...], Meta(max_length=100)]
Whole = Annotated[int, Meta(ge=-(2**53), le=2**53)]
Languages = dict[Tag, Level] | tuple[Tag, ...]
Attribute = Annotated[str, Meta(max_length=500)] | Whole | float | bool

_Part = TypeVar("_Part")

_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
_AT_CLAIM = re.compile(r" - at `(?:key in )?\$\.([A-Za-z]+)")
_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")


class TokenRefused(RouterError):
    """A token does not count; ``reason`` says whether a newer one of the same kind would.

    The text is for the log: it says what is wrong and quotes nothing.
    """

    def __init__(self, text: str, reason: Literal["invalid", "expired"] = "invalid") -> None:
        super().__init__(text)
        self.reason = reason

    @property
    def code(self) -> Refusal:
        """The code of the reply: 109 where the token only expired, else 101."""
        return Refusal.TOKEN_EXPIRED if self.reason == "expired" else Refusal.UNAUTHORIZED


class Identity(Struct, frozen=True):
    """A person as a token proves them, until ``expires_at_ms``."""

    subject: str
    role: Role
    tenant: str
    claims: Claims
    issued_at_ms: int
    expires_at_ms: int


class _Header(Struct, frozen=True, forbid_unknown_fields=True):
    """All that a token's header may say; ``crit``, ``jwk``, ``jku`` and the like are refused."""

    alg: str
    kid: str = ""
    typ: str = "JWT"
    cty: str = ""


class _Peek(Struct, frozen=True):
    """What of an unchecked token chooses the key."""

    tenant: str


class _Proven(Struct, frozen=True):
    """The claims of a token whose signature is right; what is not named here is ignored."""

    iss: Annotated[str, Meta(min_length=1, max_length=200)]
    aud: str | tuple[str, ...]
    exp: Seconds
    iat: Seconds
    sub: Subject
    role: Role
    nbf: Seconds = 0
    name: Name = ""
    skills: Annotated[dict[Id, Level], Meta(max_length=200)] | None = None
    languages: Languages | None = None
    teams: Words | None = None
    brands: Words | None = None
    license: Annotated[str, Meta(max_length=100)] = ""
    klass: Annotated[str, Meta(max_length=64)] = msgspec.field(default="", name="class")
    account: Annotated[str, Meta(max_length=128)] = ""
    attributes: Annotated[dict[Id, Attribute], Meta(max_length=50)] = msgspec.field(
        default_factory=dict
    )
    verified: bool = False


class _Pinned(JWSRegistry):
    """Lets the library verify with one algorithm and read four header fields."""

    def __init__(self, algorithm: str) -> None:
        super().__init__(algorithms=[algorithm])
        self.header_registry = {
            name: HeaderParameter(name, "str", required=name == "alg")
            for name in _Header.__struct_fields__
        }

    def get_alg(self, name: str) -> Any:  # noqa: ANN401 - the library's type is private
        """The pinned algorithm; the library's own look-up warns of EdDSA's name (RFC 9864)."""
        if self.allowed is None or name not in self.allowed:
            raise JoseError("another algorithm")
        return self.algorithms[name]


_REGISTRIES = {name: _Pinned(name) for name in ("HS256", "EdDSA", "RS256", "ES256")}


class Authenticator:
    """Checks the tokens of all tenants against their keys."""

    def __init__(self, settings: Settings, fetch: Fetch = fetch_https) -> None:
        """Loads the keys.

        Raises:
            SettingsErrors: with every key file that cannot be used.
        """
        faults: list[SettingsError] = []
        self._ttl_max_s = {name: each.token_ttl_max_s for name, each in settings.tenants.items()}
        self._keys: dict[tuple[str, str], TokenKey] = {}
        self._owners: dict[str, list[str]] = {}
        """Who has a key of an id."""
        self._sole: dict[str, TokenKey] = {}
        self._sets: dict[str, list[KeySet]] = {}
        for name, tenant in settings.tenants.items():
            faults += self._add_tenant(name, tenant, fetch)
        if faults:
            raise SettingsErrors(faults)

    def _add_tenant(self, name: str, tenant: Tenant, fetch: Fetch) -> Iterator[SettingsError]:
        for index, entry in enumerate(tenant.keys):
            if entry.jwks_url:
                self._sets.setdefault(name, []).append(KeySet(entry, fetch))
                continue
            try:
                self._keys[name, entry.kid] = load_key(entry)
            except SettingsError as error:
                path = f"tenants.{name}.keys[{index}].{error.key}"
                yield SettingsError(str(error), key=path)
                continue
            self._owners.setdefault(entry.kid, []).append(name)
            if len(tenant.keys) == 1:
                # A token without a key id is fine where there is nothing to choose from.
                self._sole[name] = self._keys[name, entry.kid]

    async def authenticate(self, token: str, now_ms: int) -> Identity:
        """Fetches a key set if this token needs it and it is due, then verifies.

        Raises:
            TokenRefused: as ``verify``.
        """
        header, tenant, _ = _take_apart(token)
        if header.kid and (tenant, header.kid) not in self._keys:
            for key_set in self._sets.get(tenant, ()):
                await key_set.refresh(header.kid, now_ms)
        return self.verify(token, now_ms)

    def verify(self, token: str, now_ms: int) -> Identity:
        """Says who the bearer is, by the keys at hand; never waits.

        Raises:
            TokenRefused: whatever is wrong with it.
        """
        header, tenant, payload = _take_apart(token)
        algorithm, key = self._find(tenant, header.kid, now_ms)
        if header.alg != algorithm:
            raise TokenRefused("signed with another algorithm than its key has")
        try:
            jws.deserialize_compact(token, key, registry=_REGISTRIES[algorithm])
        except (JoseError, ValueError, TypeError):
            raise TokenRefused("the signature is wrong") from None
        proven = _read(payload, _Proven, "the claims are wrong")
        _check_times(proven, self._ttl_max_s[tenant], now_ms)
        _check_words(proven)
        return Identity(
            subject=proven.sub,
            role=proven.role,
            tenant=tenant,
            claims=_claims(proven),
            issued_at_ms=proven.iat * 1_000,
            expires_at_ms=proven.exp * 1_000,
        )

    def tenant_of(self, token: str) -> str:
        """Whose a refused token claims to be, for whoever mends it; no proof of anything.

        The tenant that the token names if there is one of that name, else the only one that has a
        key of its key id, else nothing: what a token says is never told unless settings say it too.
        """
        try:
            header, tenant, _ = _take_apart(token)
        except TokenRefused:
            return ""
        if tenant in self._ttl_max_s:
            return tenant
        owners = self._owners.get(header.kid, ())
        return owners[0] if len(owners) == 1 else ""

    def _find(self, tenant: str, kid: str, now_ms: int) -> TokenKey:
        key = self._keys.get((tenant, kid)) if kid else self._sole.get(tenant)
        if key is not None:
            return key
        for key_set in self._sets.get(tenant, ()):
            found = key_set.find(kid, now_ms)
            if found is not None:
                return found
        raise TokenRefused("no key of that tenant and id")


def mint(
    entry: KeyEntry,
    *,
    tenant: str,
    role: Role,
    subject: str,
    now_ms: int,
    ttl_s: int,
    claims: Mapping[str, object] | None = None,
    issuer: str = AUDIENCE,
) -> str:
    """Signs a token; ``claims`` are further claims as they are spelt in tokens.

    Raises:
        SettingsError: where the entry has no secret, for then this server cannot sign.
    """
    if not entry.secret:
        raise SettingsError("this key checks tokens but cannot sign them", key="keys")
    now_s = now_ms // 1_000
    payload = {
        **(claims or {}),
        "iss": issuer,
        "aud": AUDIENCE,
        "iat": now_s,
        "exp": now_s + ttl_s,
        "sub": subject,
        "tenant": tenant,
        "role": role,
    }
    _, key = load_key(entry)
    header = {"alg": "HS256", "kid": entry.kid, "typ": "JWT"}
    return jws.serialize_compact(
        header, msgspec.json.encode(payload), key, registry=_REGISTRIES["HS256"]
    )


def _take_apart(token: str) -> tuple[_Header, str, bytes]:
    """Header, tenant and claims of a token of which nothing is checked yet."""
    if len(token) > TOKEN_BYTES_MAX:
        raise TokenRefused(f"longer than {TOKEN_BYTES_MAX} bytes")
    if not _SHAPE.fullmatch(token):
        raise TokenRefused("not a signed token")
    first, second, _ = token.split(".")
    header = _read(_decode(first), _Header, "the header is wrong")
    payload = _decode(second)
    return header, _read(payload, _Peek, "no tenant is named").tenant, payload


def _decode(part: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (binascii.Error, ValueError):
        raise TokenRefused("not base64") from None


def _read(content: bytes, kind: type[_Part], sentence: str) -> _Part:
    # A thousand nested brackets raise RecursionError, which is no DecodeError; msgspec's own text
    # may quote the content.
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.ValidationError as error:
        claim = _AT_CLAIM.search(str(error))
        at = f": {claim[1]}" if claim else ""  # a claim's own name, never what it says
        raise TokenRefused(sentence + at) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise TokenRefused(sentence) from None


def _check_times(proven: _Proven, ttl_max_s: int, now_ms: int) -> None:
    now_s = now_ms / 1_000
    if AUDIENCE not in ((proven.aud,) if isinstance(proven.aud, str) else proven.aud):
        raise TokenRefused("meant for another audience")
    if not 0 < proven.exp - proven.iat <= ttl_max_s:
        raise TokenRefused(
            f"made to live longer than {ttl_max_s} s (token_ttl_max_s), or not at all"
        )
    if max(proven.iat, proven.nbf) > now_s + LEEWAY_S:
        raise TokenRefused("not valid yet: the clock of whoever signed it is ahead")
    if proven.exp <= now_s:
        raise TokenRefused("expired", "expired")


def _check_words(proven: _Proven) -> None:
    """Refuses text that would turn a screen or a log line upside down."""
    words = [proven.sub, proven.name, proven.license, proven.klass, proven.account]
    words += proven.attributes
    for names in (proven.skills, proven.teams, proven.brands):
        words += names or ()
    words += [value for value in proven.attributes.values() if isinstance(value, str)]
    if not all(_is_plain(word) for word in words):
        raise TokenRefused("control characters in a claim")


def _is_plain(word: str) -> bool:
    if word.isascii():
        return word.isprintable()
    separators_and_controls = ("Cc", "Cs", "Zl", "Zp")
    return not _DIRECTION.search(word) and not any(
        unicodedata.category(char) in separators_and_controls for char in word
    )


def _claims(proven: _Proven) -> Claims:
    """The claims that go with the role; others are ignored."""
    if proven.role == "agent":
        return Claims(
            name=proven.name,
            skills=proven.skills,
            languages=_levels(proven.languages, 100),
            teams=proven.teams,
            brands=proven.brands,
            license=proven.license,
        )
    if proven.role == "supervisor":
        return Claims(name=proven.name, teams=proven.teams)
    if proven.role == "customer":
        return Claims(
            name=proven.name,
            languages=_levels(proven.languages, 1),
            klass=proven.klass,
            account=proven.account,
            attributes={key: _spelt(value) for key, value in proven.attributes.items()},
            verified=proven.verified,
        )
    return Claims(name=proven.name)


def _levels(languages: Languages | None, level: int) -> dict[str, int] | None:
    """Languages with levels; a bare list, in order of wish, gives them all the same."""
    if languages is None or isinstance(languages, dict):
        return languages
    return dict.fromkeys(languages, level)


def _spelt(value: str | float | bool) -> str:
    """An attribute as text, for rules compare text: ``true``, ``12``, ``gold``."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
