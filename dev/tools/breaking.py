"""What a new OpenAPI document breaks for whoever was written against an older one: `broken(old, new)`.

What is sent may become freer and what is received narrower, never the other way round; what is new breaks nobody,
unless it must be sent. `docs/stability.md` says so in prose. It is our own since what is kept well elsewhere reads
OpenAPI 3.0 alone, or is a program that its package would load from the network.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

Json = dict[str, Any]

METHODS: Final = ("get", "post", "put", "patch", "delete")
OPEN_ENDED: Final = ("type", "code")  # members of answers that may have new values: of events, and of errors
AT_LEAST: Final = ("minimum", "minLength", "minItems", "minProperties")
AT_MOST: Final = ("maximum", "maxLength", "maxItems", "maxProperties")
RULES: Final = ("pattern", "format", "const", "uniqueItems", "not")
INFINITE: Final = float("inf")


def broken(old: Json, new: Json) -> list[str]:
    """Return what is broken, each in a sentence that begins with its place."""
    return list(dict.fromkeys(Comparison(old, new).documents()))


class Comparison:
    """Two documents, side by side."""

    def __init__(self, old: Json, new: Json) -> None:
        """Take both."""
        self._old = old
        self._new = new
        self._seen: set[tuple[str, str, bool]] = set()

    def documents(self) -> Iterator[str]:
        """Yield what is broken."""
        for part, is_sent in (("paths", True), ("webhooks", False)):
            for path, old in self._old[part].items():
                for method in METHODS:
                    if method in old:
                        where = f"{method.upper()} {path}"
                        new = self._new[part].get(path, {}).get(method)
                        yield from self._operation(old[method], new, where, is_sent) if new else [f"{where} is gone"]

    def _operation(self, old: Json, new: Json, where: str, is_sent: bool) -> Iterator[str]:
        for name in ("operationId", "security"):
            if old.get(name) != new.get(name):
                yield f"{where}: {name} was {old.get(name)} and is {new.get(name)}"
        yield from self._parameters(_by_name(old), _by_name(new), where)
        body = _resolved(self._old, old.get("requestBody", {}))
        new_body = _resolved(self._new, new.get("requestBody", {}))
        if new_body.get("required") and not body.get("required"):
            yield f"{where}: a body must be sent"
        yield from self._contents(body, new_body, f"{where}: the body", is_sent)
        for status, answer in old["responses"].items():
            if status not in new["responses"]:
                yield from [f"{where}: {status} is gone"] if status.startswith("2") else []
                continue
            told, now = _resolved(self._old, answer), _resolved(self._new, new["responses"][status])
            headers = told.get("headers", {}).keys() - now.get("headers", {}).keys()
            yield from (f"{where}: {status} without {name}" for name in sorted(headers))
            yield from self._contents(told, now, f"{where}: {status}", False)

    def _parameters(self, old: dict[str, Json], new: dict[str, Json], where: str) -> Iterator[str]:
        for name, parameter in new.items():
            if parameter.get("required") and not old.get(name, {}).get("required"):
                yield f"{where}: {name} must be sent"
        for name, parameter in old.items():
            if name not in new:
                yield f"{where}: {name} is gone"
            else:
                yield from self._schemas(parameter["schema"], new[name]["schema"], f"{where}: {name}", True)

    def _contents(self, old: Json, new: Json, where: str, is_sent: bool) -> Iterator[str]:
        for kind, content in old.get("content", {}).items():
            if kind not in new.get("content", {}):
                yield f"{where}: {kind} is gone"
            elif "schema" in content:
                yield from self._schemas(content["schema"], new["content"][kind].get("schema", {}), where, is_sent)

    def _schemas(self, old: Any, new: Any, where: str, is_sent: bool) -> Iterator[str]:
        if isinstance(old, bool) or isinstance(new, bool):
            yield from [f"{where}: was {old} and is {new}"] if old != new else []
            return
        if "$ref" in old:
            pair = (old["$ref"], str(new.get("$ref", new)), is_sent)
            if pair in self._seen:
                return
            self._seen.add(pair)
            where = f"{where}: {old['$ref'].rpartition('/')[2]}" if "$ref" in new else where
        old, new = _resolved(self._old, old), _resolved(self._new, new)
        freer, narrower = (old, new) if is_sent else (new, old)  # the one must take all that the other does
        yield from _rules(old, new, where, is_sent)
        yield from _bounds(freer, narrower, where, is_sent)
        yield from self._members(old, new, where, is_sent)
        for name in ("items", "additionalProperties"):
            if name in old or (is_sent and name in new):
                yield from self._schemas(old.get(name, {}), new.get(name, {}), f"{where}.{name}", is_sent)
        if "propertyNames" in old:  # members may come, and none may go
            yield from self._schemas(old["propertyNames"], new.get("propertyNames", {}), f"{where}: its names", True)
        for name in ("anyOf", "oneOf", "allOf"):
            choices, now = old.get(name, []), new.get(name, [])
            if len(choices) != len(now):
                yield f"{where}: {name} had {len(choices)} and has {len(now)}"
            for number, (before, after) in enumerate(zip(choices, now, strict=False)):
                yield from self._schemas(before, after, f"{where}.{name}[{number}]", is_sent)

    def _members(self, old: Json, new: Json, where: str, is_sent: bool) -> Iterator[str]:
        required, now = set(old.get("required", ())), set(new.get("required", ()))
        yield from (f"{where}.{name} must be sent" for name in sorted(now - required) if is_sent)
        yield from (f"{where}.{name} may be missing" for name in sorted(required - now) if not is_sent)
        for name, member in old.get("properties", {}).items():
            if name in new.get("properties", {}):
                yield from self._schemas(member, new["properties"][name], f"{where}.{name}", is_sent)
            else:
                yield f"{where}.{name} is gone"


def _rules(old: Json, new: Json, where: str, is_sent: bool) -> Iterator[str]:
    """Yield the rules that are not what they were: what is sent may lose one, what is received may get one."""
    for name in (*RULES, *(["default"] if is_sent else [])):
        was, now = old.get(name), new.get(name)
        may_differ = name != "default" and (now if is_sent else was) is None
        if was != now and not may_differ:
            yield f"{where}: {name} was {was} and is {now}"
    freer, narrower = (old, new) if is_sent else (new, old)
    for name in ("type", "enum"):
        needed, there = _choices(freer, name), _choices(narrower, name)
        is_open_ended = not is_sent and where.rpartition(".")[2] in OPEN_ENDED
        if there is not None and (needed is None or needed - there) and not is_open_ended:
            yield f"{where}: {name} was {old.get(name)} and is {new.get(name)}"


def _bounds(old: Json, new: Json, where: str, is_sent: bool) -> Iterator[str]:
    """Yield the bounds that are narrower in `new` than in `old`."""
    bounds: tuple[tuple[tuple[str, ...], Callable[[Any, Any], bool], float], ...] = (
        (AT_LEAST, lambda was, now: now > was, -INFINITE),
        (AT_MOST, lambda was, now: now < was, INFINITE),
    )
    for names, is_narrower, none in bounds:
        for name in names:
            was, now = old.get(name, none), new.get(name, none)
            if is_narrower(was, now):
                was, now = (was, now) if is_sent else (now, was)
                yield f"{where}: {name} was {was} and is {now}"


def _choices(schema: Json, name: str) -> set[str] | None:
    """Return what may stand there, or None where anything may."""
    choices = schema.get(name)
    return choices if choices is None else {choices} if isinstance(choices, str) else set(map(str, choices))


def _by_name(operation: Json) -> dict[str, Json]:
    return {parameter["name"]: parameter for parameter in operation.get("parameters", [])}


def _resolved(document: Json, part: Json) -> Json:
    if "$ref" not in part:
        return part
    found: Any = document
    for name in part["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return {**found, **{name: value for name, value in part.items() if name != "$ref"}}
