"""What a new version of a document would break for those who wrote a client to the one before.

Owns: what counts as a break. Does not know: where documents are kept, what becomes of a break.

Invariant (tests/documents/test_breaking.py): where nothing is reported, everything that a schema of
requests let through goes through still, and everything that answers may be was expected before,
but for what clients have to expect anyway: new fields, messages and words.

    of requests                                 of answers
    a call, message or field that is gone       the same
    a field that must be there now              a field that need not be there any longer
    a type, word or size that is not taken now  a type that was never sent before
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

__all__ = ["Break", "breaks"]

Document = Mapping[str, Any]
_LOWERED = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_RAISED = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")


class Break(NamedTuple):
    """One of them: of which call, message or schema, and what it is."""

    subject: str
    says: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.says}"


def breaks(before: Document, after: Document) -> list[Break]:
    """What ``after`` breaks, of two OpenAPI or two AsyncAPI documents."""
    look = _Look(before, after)
    found = look.messages() if "asyncapi" in before else look.operations()
    return list(dict.fromkeys(found))


class _Look:
    """One comparison; each pair of named schemas is looked at once for each direction."""

    def __init__(self, before: Document, after: Document) -> None:
        self.before = before
        self.after = after
        self.seen: set[tuple[str, str, bool]] = set()

    # -- documents -------------------------------------------------------------------------------

    def operations(self) -> Iterator[Break]:
        after = dict(_operations(self.after))
        for name, old in _operations(self.before):
            new = after.get(name)
            if new is None:
                yield Break(name, "is gone")
                continue
            yield from self._parameters(name, old, new)
            yield from self._bodies(name, old, new)
            yield from self._answers(name, old, new)
        yield from self._webhooks()

    def _webhooks(self) -> Iterator[Break]:
        """What the server posts to others: a body there is what an answer is elsewhere."""
        now = self.after.get("webhooks", {})
        for name, old in self.before.get("webhooks", {}).items():
            if name not in now:
                yield Break(name, "is gone")
                continue
            new = _content(now[name]["post"].get("requestBody"))
            for kind, schema in _content(old["post"].get("requestBody")).items():
                if kind not in new:
                    yield Break(name, f"its body is not {kind} any longer")
                else:
                    yield from self._compare(schema, new[kind], name, "its body", is_sent=False)

    def _parameters(self, name: str, old: Document, new: Document) -> Iterator[Break]:
        known = {(one["in"], one["name"]): one for one in old.get("parameters", [])}
        now = {(one["in"], one["name"]): one for one in new.get("parameters", [])}
        for key, one in known.items():
            if key not in now:
                yield Break(name, f"the parameter {key[1]} is gone")
            else:
                at = f"the parameter {key[1]}"
                yield from self._compare(one["schema"], now[key]["schema"], name, at, is_sent=True)
        for key, one in now.items():
            if one.get("required") and not known.get(key, {}).get("required"):
                yield Break(name, f"the parameter {key[1]} must be there now")

    def _bodies(self, name: str, old: Document, new: Document) -> Iterator[Break]:
        known, now = _content(old.get("requestBody")), _content(new.get("requestBody"))
        for kind, schema in known.items():
            if kind not in now:
                yield Break(name, f"a body of {kind} is not taken any longer")
            else:
                yield from self._compare(schema, now[kind], name, "the body", is_sent=True)
        if not known and new.get("requestBody", {}).get("required"):
            yield Break(name, "a body must be there now")

    def _answers(self, name: str, old: Document, new: Document) -> Iterator[Break]:
        for code, one in old["responses"].items():
            if not code.startswith("2"):
                continue
            if code not in new["responses"]:
                yield Break(name, f"the answer {code} is gone")
                continue
            other = new["responses"][code]
            for header in set(one.get("headers", {})) - set(other.get("headers", {})):
                yield Break(name, f"the answer {code} has no {header} any longer")
            now = _content(other)
            for kind, schema in _content(one).items():
                if kind not in now:
                    yield Break(name, f"the answer {code} is not {kind} any longer")
                else:
                    at = f"the answer {code}"
                    yield from self._compare(schema, now[kind], name, at, is_sent=False)

    def messages(self) -> Iterator[Break]:
        now = self.after["components"]["messages"]
        for key, one in self.before["components"]["messages"].items():
            if key not in now:
                yield Break(one["name"], "is gone")
            else:
                is_sent = key.startswith("ToServer.")
                payload = now[key]["payload"]
                yield from self._compare(
                    one["payload"], payload, one["name"], "it", is_sent=is_sent
                )

    # -- schemas ---------------------------------------------------------------------------------

    def _compare(
        self, old: Document, new: Document, subject: str, at: str, *, is_sent: bool
    ) -> Iterator[Break]:
        """Two schemas; ``is_sent``: of what clients send."""
        old_name, old = _resolved(self.before, old)
        new_name, new = _resolved(self.after, new)
        if old_name and new_name:
            if (old_name, new_name, is_sent) in self.seen:
                return
            self.seen.add((old_name, new_name, is_sent))
            subject, at = old_name, ""
        if not (new if is_sent else old):
            return  # anything may stand there
        if "anyOf" in old or "anyOf" in new:
            yield from self._arms(old, new, subject, at, is_sent=is_sent)
            return
        if not _is_kind_kept(old, new, is_sent=is_sent):
            yield Break(subject, f"{at} was {_type(old)}, and is {_type(new)}".strip())
            return
        if is_sent:
            yield from _narrower(old, new, subject, at)
        yield from self._fields(old, new, subject, at, is_sent=is_sent)
        yield from self._inside(old, new, subject, at, is_sent=is_sent)

    def _inside(
        self, old: Document, new: Document, subject: str, at: str, *, is_sent: bool
    ) -> Iterator[Break]:
        """What stands in a list, and in an object under names that are not told."""
        for word in ("items", "additionalProperties"):
            inner, outer = _held(old, word), _held(new, word)
            if inner is not None and outer is not None:
                deeper = f"{at} each".strip()
                yield from self._compare(inner, outer, subject, deeper, is_sent=is_sent)
            elif is_sent and outer is None and inner is not None:
                yield Break(subject, f"{at} takes nothing else any longer".strip())

    def _fields(
        self, old: Document, new: Document, subject: str, at: str, *, is_sent: bool
    ) -> Iterator[Break]:
        now = new.get("properties", {})
        for name, schema in old.get("properties", {}).items():
            if name not in now:
                yield Break(subject, f"{at} {name} is gone".strip())
            else:
                inner = f"{at} {name}".strip()
                yield from self._compare(schema, now[name], subject, inner, is_sent=is_sent)
        needed, before = set(new.get("required", ())), set(old.get("required", ()))
        if is_sent:
            for name in sorted(needed - before):
                yield Break(subject, f"{at} {name} must be there now".strip())
        else:
            for name in sorted((before - needed) & set(now)):
                yield Break(subject, f"{at} {name} need not be there any longer".strip())

    def _arms(
        self, old: Document, new: Document, subject: str, at: str, *, is_sent: bool
    ) -> Iterator[Break]:
        """Of what is sent each old arm must fit a new one, of what comes the other way round."""
        olds, news = old.get("anyOf", [old]), new.get("anyOf", [new])
        for one in olds if is_sent else news:
            trials = [
                self._trial(one, other, subject, at, is_sent=is_sent)
                for other in (news if is_sent else olds)
            ]
            best = min(trials, key=len)
            if best and (is_sent or not _is_tagged(_resolved(self.after, one)[1])):
                yield from best if len(trials) == 1 else [self._unfit(one, subject, at, is_sent)]

    def _trial(
        self, one: Document, other: Document, subject: str, at: str, *, is_sent: bool
    ) -> list[Break]:
        old, new = (one, other) if is_sent else (other, one)
        seen = set(self.seen)
        found = list(self._compare(old, new, subject, at, is_sent=is_sent))
        if found:
            self.seen = seen
        return found

    def _unfit(self, one: Document, subject: str, at: str, is_sent: bool) -> Break:
        name, schema = _resolved(self.before if is_sent else self.after, one)
        what = name or _type(schema)
        said = f"does not take {what} as before" if is_sent else f"may be {what} now"
        return Break(subject, f"{at} {said}".strip())


def _operations(document: Document) -> Iterator[tuple[str, Document]]:
    for path, methods in document["paths"].items():
        shared = methods.get("parameters", [])
        for method, told in methods.items():
            if method != "parameters":
                parameters = [*shared, *told.get("parameters", [])]
                yield f"{method.upper()} {path}", {**told, "parameters": parameters}


def _content(body: Document | None) -> dict[str, Document]:
    found = (body or {}).get("content", {})
    return {kind: part["schema"] for kind, part in found.items()}


def _resolved(document: Document, schema: Document) -> tuple[str, Document]:
    """A schema behind its references, and its name if it has one."""
    name = ""
    while "$ref" in schema or len(schema.get("allOf", ())) == 1:
        if "allOf" in schema:
            schema = schema["allOf"][0]
            continue
        key = schema["$ref"].rsplit("/", 1)[1]
        name, schema = key.rpartition(".")[2], document["components"]["schemas"][key]
    return name, schema


def _held(schema: Document, word: str) -> Document | None:
    """What may stand inside a list or object; None where nothing may."""
    held = schema.get(word, True)
    if isinstance(held, bool):
        return {} if held else None
    found: Document = held
    return found


def _type(schema: Document) -> str:
    return str(schema.get("type", "one of some words" if "enum" in schema else "anything"))


def _kind(schema: Document) -> str | None:
    if "type" in schema:
        return str(schema["type"])
    words = schema.get("enum")
    return {str: "string", int: "integer"}.get(type(words[0])) if words else None


def _is_kind_kept(old: Document, new: Document, *, is_sent: bool) -> bool:
    narrow, wide = (_kind(old), _kind(new)) if is_sent else (_kind(new), _kind(old))
    return wide is None or narrow == wide or (narrow, wide) == ("integer", "number")


def _narrower(old: Document, new: Document, subject: str, at: str) -> Iterator[Break]:
    """Words and sizes that were taken and are not any longer."""
    if "enum" in new and "enum" not in old:
        yield Break(subject, f"{at} takes some words only".strip())
    gone = [word for word in old.get("enum", ()) if word not in new.get("enum", (word,))]
    for word in gone:
        yield Break(subject, f"{at} does not take {word!r} any longer".strip())
    for limit in (*_LOWERED, *_RAISED):
        if _is_nearer(limit, old.get(limit), new.get(limit)):
            yield Break(subject, f"{at} {limit} is {new[limit]} now".strip())
    if "pattern" in new and new["pattern"] != old.get("pattern"):
        yield Break(subject, f"{at} has to match {new['pattern']} now".strip())


def _is_nearer(limit: str, old: float | None, new: float | None) -> bool:
    """Whether a limit lets through less than before."""
    if limit in _RAISED:
        least = 0 if limit.startswith("min") and limit != "minimum" else None
        old = least if old is None else old
        return new is not None and (old is None or new > old)
    return new is not None and (old is None or new < old)


def _is_tagged(schema: Document) -> bool:
    """Whether it says of itself what it is, so that clients can leave out what they do not know."""
    return any(len(part.get("enum", ())) == 1 for part in schema.get("properties", {}).values())
