"""The public names as their sources declare them, and which changes of them the changelog leaves out.

`python -m dev.tools.public_api` prints them; with `--release` they are kept in `tests/public_api.txt`, as a release
promises them. griffe reads the sources. Its own `griffe check` does not serve: it tells of breakages alone, and of
these neither a name that leaves `__all__`, nor a type, nor the value of a constant.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import griffe

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "tests" / "public_api.txt"
CHANGELOG = ROOT / "CHANGELOG.md"
MODULES = ("supportcases", "supportcases.console", "supportcases.testing")


def public_api(folder: Path = ROOT) -> dict[str, str]:
    """Return what the package below `folder` offers: the names, their members, and the type aliases that they name."""
    loader = griffe.GriffeLoader(search_paths=[folder])
    loader.load("supportcases", try_relative_path=False)  # else the current folder comes first
    loader.resolve_aliases()
    modules = loader.modules_collection
    things = {
        f"{module}.{name}": _target(modules[module][name]) for module in MODULES for name in _offered(modules[module])
    }
    offered = [*things.values()]
    for name, thing in [*things.items()]:
        if thing.is_class:
            things |= {f"{name}.{member.name}": member for member in _members(thing)}
    for thing in things.values():
        _give_defaults_their_values(thing, modules)
    for alias in _aliases([*things.values()], modules):
        things[alias.name] = alias
    return {name: _declared(thing, offered) for name, thing in things.items()}


def _offered(module: Any) -> list[str]:
    return [str(name) for name in module.exports if str(name) != "__version__"]


def _target(thing: Any) -> Any:
    return thing.final_target if thing.is_alias else thing


def _members(thing: Any) -> list[Any]:
    """Return what a class has for its users, inherited or not."""
    members = map(_target, thing.all_members.values())
    return [one for one in members if not one.is_class and (not one.name.startswith("_") or one.name == "__init__")]


def _found(expression: Any, modules: Any) -> Any:
    """Return the constant or alias of ours that an expression names, or None."""
    path = getattr(expression, "canonical_path", "")
    try:
        found = _target(modules[path]) if _is_ours(path) else None
    except KeyError:
        return None
    return found if found is not None and found.is_attribute and found.parent.is_module else None


def _is_ours(path: str) -> bool:
    return path.startswith("supportcases.")


def _give_defaults_their_values(thing: Any, modules: Any) -> None:
    for parameter in thing.parameters if thing.is_function else ():
        while (constant := _found(parameter.default, modules)) is not None:
            parameter.default = constant.value


def _aliases(things: list[Any], modules: Any) -> Iterator[Any]:
    """Yield the type aliases that the annotations of `things`, or such aliases, name."""
    seen = set()
    while things:
        for expression in _expressions(things.pop()):
            alias = _found(expression, modules)
            if alias is not None and alias.path not in seen:
                seen.add(alias.path)
                things.append(alias)
                yield alias


def _expressions(thing: Any) -> Iterator[Any]:
    if thing.is_function:
        written = [thing.returns, *(parameter.annotation for parameter in thing.parameters)]
    elif thing.is_class:
        written = []
    else:
        written = [thing.value if thing.parent.is_module else thing.annotation]
    for expression in written:
        if isinstance(expression, griffe.Expr):
            yield from (part for part in expression.iterate(flat=True) if isinstance(part, griffe.ExprName))


def _declared(thing: Any, offered: list[Any]) -> str:
    """Return how a thing is declared, on one line: of a class's bases those that are public, of a tuple its fields."""
    if thing.is_attribute:
        kind = f": {thing.annotation}" if thing.annotation else ""
        told = thing.value and (thing.parent.is_module or "class-attribute" in thing.labels)
        value = f" = {thing.value}" if told else ""
        return f"{'@property ' if 'property' in thing.labels else ''}{thing.name}{kind}{value}"
    decorators = "".join(f"@{decorator.value} " for decorator in thing.decorators)
    if thing.is_function:
        return f"{decorators}def {thing.signature(return_type=True)}"
    public = {one.path for one in offered}
    bases = [base for base in thing.bases if base.canonical_path in public or not _is_ours(base.canonical_path)]
    fields = [name for name, one in thing.members.items() if one.is_attribute and "property" not in one.labels]
    members = f": {', '.join(fields)}" if "NamedTuple" in map(str, bases) else ""
    return f"{decorators}class {thing.name}({', '.join(map(str, bases))}){members}"


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
    """Return what changed, without the members of a class that came or went, and without aliases that did.

    An alias comes and goes with the signatures that name it, which changed then.
    """
    changed = [Change(name, before.get(name), now.get(name)) for name in before | now]
    changed = [change for change in changed if change.was != change.now]
    whole = {change.name for change in changed if change.was is None or change.now is None}
    return [
        change
        for change in changed
        if change.name.rpartition(".")[0] not in whole and ("." in change.name or change.name not in whole)
    ]


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
    *owners, name = change.name.split(".")
    return {name, *(owner for owner in owners if owner[0].isupper())} <= words


def as_kept(api: dict[str, str], changelog: str) -> str:
    """Return the text of `tests/public_api.txt`."""
    return f"release: {last_release(changelog)}\n" + "".join(f"{name}: {what}\n" for name, what in api.items())


def read_kept(text: str) -> dict[str, str]:
    """Return the names with what they were, as `tests/public_api.txt` keeps them."""
    return dict(line.split(": ", 1) for line in text.splitlines()[1:])


def last_release(changelog: str) -> str:
    """Return the version of the topmost heading that is one, or `none`."""
    found = re.search(r"^## \[?(\d[^\s\]]*)", changelog, re.MULTILINE)
    return found[1] if found else "none"


if __name__ == "__main__":
    text = as_kept(public_api(), CHANGELOG.read_text(encoding="utf-8"))
    print(text, end="")
    if sys.argv[1:] == ["--release"]:
        KEPT.write_text(text, encoding="utf-8")
