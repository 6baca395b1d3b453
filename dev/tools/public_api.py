"""The public names with their signatures as they are written, and which changes of them the changelog leaves out.

griffe reads the sources without importing them, so the types stand here as in the code, and so can those of an older
state of the package: whatever folder holds it.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import griffe

ROOT = Path(__file__).parents[2]
MODULES = ("supportcases", "supportcases.testing")
STARS = {griffe.ParameterKind.var_positional: "*", griffe.ParameterKind.var_keyword: "**"}


class Api:
    """What `supportcases` below `folder` offers: each public name, and the types of ours that signatures name."""

    def __init__(self, folder: Path = ROOT) -> None:
        self._loader = griffe.GriffeLoader(search_paths=[folder], docstring_parser=griffe.Parser.google)
        self._loader.load("supportcases", try_relative_path=False)  # else the current folder comes first
        self._loader.resolve_aliases()
        self.modules = {name: module for name in MODULES if (module := self._found(name))}

    @cached_property
    def names(self) -> dict[str, griffe.Object]:
        """The public names, with their modules' in front; one that two modules offer counts for the first."""
        found: dict[str, griffe.Object] = {}
        for name, module in self.modules.items():
            if not module.exports:
                raise ValueError(f"{name} has no __all__.")
            for public in map(str, module.exports):
                thing = target(module[public])
                if thing not in found.values():
                    found[f"{name}.{public}"] = thing
        return found

    @cached_property
    def types(self) -> dict[str, griffe.Object]:
        """The types of ours, themselves not public, that signatures or such types name."""
        found: dict[str, griffe.Object] = {}
        waiting = [thing for name, thing in self.names.items() if name != "supportcases.__version__"]
        while waiting:
            for path in _named_in(waiting.pop()):
                named = self._found(path) if path.startswith("supportcases.") else None
                if named and not named.is_module and named not in self.names.values() and path not in found:
                    found[path] = named
                    if named.is_attribute:  # the types in an alias are a part of it; those in a class's methods are not
                        waiting.append(named)
        return dict(sorted(found.items(), key=lambda item: item[1].name.lower()))

    def lines(self) -> dict[str, str]:
        """Return each name, members included, with what it is; of the types that are no public names the aliases."""
        aliases = {name: thing for name, thing in self.types.items() if thing.is_attribute}
        return {
            line: what
            for name, thing in (self.names | aliases).items()
            if name != "supportcases.__version__"
            for line, what in self._lines(name, thing)
        }

    def _lines(self, name: str, thing: griffe.Object) -> Iterator[tuple[str, str]]:
        yield name, f"{kind_of(thing)} {self.declared(thing)}".replace("\n", "; ")
        if thing.is_class:
            for member in members(thing):
                yield f"{name}.{member.name}", f"{kind_of(member)} {self.declared(member)}"

    def declared(self, thing: Any, *, wide: int = 10_000) -> str:
        """Return the name with the signature, the bases, the type or the value."""
        if thing.is_function:
            end = f" -> {_returned(thing)}" if thing.returns else ""
            return _call(thing.name, self._parameters(thing), end, wide)
        if thing.is_class:
            bases = [str(base) for base in thing.bases if not self._is_inner(base)]
            offered = thing in self.names.values() and kind_of(thing) not in ("enum", "protocol")
            made_of = self._made_of(thing) if offered else None  # nobody makes what is no public name
            called = thing.name if made_of is None else _call(thing.name, made_of, "", wide)
            inherits = f"{thing.name}({', '.join(bases)})"
            return called if not bases else inherits if made_of is None else f"{inherits}\n{called}"
        kind = _type_of(thing)
        told = isinstance(thing.value, str) and (thing.annotation is None or "instance-attribute" not in thing.labels)
        value = f" = {thing.value}" if told or thing.parent.is_module else ""  # what is computed is no promise
        return f"{thing.name}: {kind}{value}" if kind else f"{thing.name}{value}"

    def _made_of(self, thing: Any) -> Iterator[str] | None:
        """Return what makes one: the fields of a named tuple, the parameters of an `__init__`; or None."""
        if "NamedTuple" in map(str, thing.bases):
            fields = [member for member in members(thing) if "instance-attribute" in member.labels]
            return (f"{f.name}: {f.annotation}" + (f" = {self._value(f.value)}" if f.value else "") for f in fields)
        made_by = maker_of(thing)
        return self._parameters(made_by) if made_by else None

    def _parameters(self, function: griffe.Function) -> Iterator[str]:
        parameters = list(function.parameters)
        if function.parent and function.parent.is_class and "staticmethod" not in function.labels:
            del parameters[0]
        kinds = [p.kind for p in parameters]
        for at, p in enumerate(parameters):
            if p.kind is griffe.ParameterKind.keyword_only and not {p.kind, *STARS} & set(kinds[:at]):
                yield "*"
            default = "" if p.default is None or p.kind in STARS else f" = {self._value(p.default)}"
            yield STARS.get(p.kind, "") + p.name + (f": {p.annotation}" if p.annotation else "") + default
            if p.kind is griffe.ParameterKind.positional_only and p.kind not in kinds[at + 1 :]:
                yield "/"

    def _value(self, default: Any) -> str:
        """Return a default as its value where it is written as the name of a constant of ours."""
        path = getattr(default, "canonical_path", "")
        constant = self._found(path) if path.startswith("supportcases.") else None
        if constant is not None and constant.is_attribute and constant.parent.is_module:
            return self._value(constant.value)
        return str(default)

    def _is_inner(self, base: Any) -> bool:
        found = self._found(base.canonical_path) if base.canonical_path.startswith("supportcases.") else None
        return found is not None and found not in self.names.values()

    def _found(self, path: str) -> Any:
        try:
            return target(self._loader.modules_collection[path])
        except KeyError:
            return None


def _call(name: str, parameters: Iterable[str], end: str, wide: int) -> str:
    parts = list(parameters)
    line = f"{name}({', '.join(parts)}){end}"
    return line if len(line) <= wide else f"{name}(\n" + "".join(f"    {part},\n" for part in parts) + f"){end}"


def target(thing: Any) -> Any:
    """Return the thing itself where `thing` is an import of it or inherited."""
    return thing.final_target if thing.is_alias else thing


def members(thing: griffe.Object) -> list[Any]:
    """Return the public methods, properties and attributes of a class, its own first, then inherited ones of ours."""
    found = map(target, (thing.members | thing.inherited_members).values())
    return [member for member in found if not member.name.startswith("_") and not member.is_class]


def maker_of(thing: griffe.Object) -> Any:
    """Return the `__init__` of a class, inherited or not, or None."""
    return target(thing.all_members["__init__"]) if "__init__" in thing.all_members else None


def kind_of(thing: Any) -> str:
    """Return what a name stands for, in a word."""
    if thing.is_class:
        ancestors = {str(base) for one in [thing, *thing.mro()] for base in one.bases}
        if "dataclass" in thing.labels:
            return "value"
        kinds = {
            "StrEnum": "enum",
            "Enum": "enum",
            "NamedTuple": "value",
            "Protocol": "protocol",
            "Exception": "exception",
        }
        return next((kinds[base] for base in ancestors if base in kinds), "class")
    if thing.is_function:
        methods = {"classmethod", "staticmethod"} & set(thing.labels)
        return methods.pop() if methods else "method" if thing.parent.is_class else "function"
    if "property" in thing.labels:
        return "property"
    return "attribute" if thing.parent.is_class else "type"


def _returned(function: griffe.Function) -> str:
    """Return the type of what a call returns, also where `contextmanager` makes it from a generator."""
    made = any(str(decorator.value) == "contextmanager" for decorator in function.decorators)
    return str(function.returns).replace("Iterator[", "AbstractContextManager[", 1) if made else str(function.returns)


def _type_of(attribute: Any) -> str:
    """Return the type of an attribute, also of one that `__init__` only takes over from a parameter."""
    annotation = str(attribute.annotation or "Final")
    if annotation != "Final":
        return annotation.removeprefix("Final[").removesuffix("]") if annotation.startswith("Final[") else annotation
    made_by = maker_of(attribute.parent) if attribute.parent.is_class else None
    taken = str(attribute.value)
    return str(made_by.parameters[taken].annotation) if made_by and taken in made_by.parameters else ""


def _named_in(thing: Any) -> set[str]:
    """Return the full names of the types in the signatures of a function, a class's members or an alias."""
    if thing.is_class:
        return {path for member in [maker_of(thing), *members(thing)] if member for path in _named_in(member)}
    if thing.is_function:
        written = [thing.returns, *(p.annotation for p in thing.parameters)]
    else:
        written = [thing.annotation] if thing.parent.is_class else [thing.value]
    names = [part for of in written if isinstance(of, griffe.Expr) for part in of.iterate(flat=True)]
    return {part.canonical_path for part in names if isinstance(part, griffe.ExprName)}


class Change(NamedTuple):
    """A public name that is not what it was; None where it was not, or is no more."""

    name: str
    was: str | None
    now: str | None

    @property
    def headings(self) -> tuple[str, ...]:
        """The headings of the changelog under one of which it belongs."""
        return ("Added", "Changed") if self.was is None else ("Changed", "Removed")

    def __str__(self) -> str:
        where = " or ".join(f'"{heading}"' for heading in self.headings)
        return f"CHANGELOG.md, Unreleased, {where}, must name `{self.name}`: was {self.was}, now {self.now}."


def changes(before: dict[str, str], now: dict[str, str]) -> list[Change]:
    """Return what changed, without the members of what came or went as a whole.

    An alias of a type comes and goes with the signatures that name it, which changed then.
    """
    names = [name for name in before | now if before.get(name) != now.get(name)]
    whole = {name for name in names if name not in before or name not in now}
    names = [name for name in names if name not in whole or not (before | now)[name].startswith("type ")]
    return [Change(name, before.get(name), now.get(name)) for name in names if name.rpartition(".")[0] not in whole]


def untold(changed: list[Change], changelog: str) -> list[Change]:
    """Return the changes that no line of the changelog's Unreleased part tells of."""
    return [change for change in changed if not any(_tells(line, change) for line in _entries(changelog, change))]


def _entries(changelog: str, change: Change) -> list[str]:
    unreleased = re.split(r"^## ", changelog.partition("## Unreleased\n")[2], flags=re.MULTILINE)[0]
    parts = [part.partition("\n") for part in re.split(r"^### ", unreleased, flags=re.MULTILINE)]
    told = "".join(text for heading, _, text in parts if heading in change.headings)
    return re.split(r"^- ", told, flags=re.MULTILINE)


def _tells(entry: str, change: Change) -> bool:
    """Tell whether the entry names it in code; a member with its class, as `Case.id` or as `Case` and `id`."""
    words = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]+)`", entry))))
    *_, owner, name = change.name.split(".")
    return {name, *([owner] if owner[0].isupper() else [])} <= words


def read_lines(text: str) -> dict[str, str]:
    """Return the names with what they were, as `tests/public_api.txt` keeps them."""
    return dict(line.split(": ", 1) for line in text.splitlines()[1:])


def last_release(changelog: str) -> str:
    """Return the version of the topmost heading that is one, or `none`."""
    found = re.search(r"^## \[?(\d[^\s\]]*)", changelog, re.MULTILINE)
    return found[1] if found else "none"
