"""Make `docs/api.md` from the docstrings of the public names: `python -m dev.tools.make_api_docs`.

With `--release` also `tests/public_api.txt`, the signatures that a release promises; a test fails when one changes and
the changelog does not say so.
"""

import sys
from collections.abc import Iterator
from typing import Any

from dev.tools.public_api import ROOT, Api, kind_of, last_release, maker_of, members

TARGET = ROOT / "docs" / "api.md"
PROMISED = ROOT / "tests" / "public_api.txt"
CHANGELOG = ROOT / "CHANGELOG.md"
WIDE = 100

GROUPS = {
    "function": "Functions",
    "class": "Classes",
    "value": "What is given and returned",
    "enum": "Words with a fixed meaning",
    "exception": "Errors",
    "protocol": "Protocols",
}
PLAIN = {"value": "Fields", "enum": "Values"}
SECTIONS = {"parameters": "Arguments", "raises": "Raises"}
TYPES = "Types that signatures name"

START = """# The Python API

Every public name, made from the docstrings by `python -m dev.tools.make_api_docs`; a test fails when this page is not
fresh. [CHANGELOG.md](../CHANGELOG.md) tells of each change of a name or a signature; what is not listed here may change
without notice. The types at the end are no public names, but what stands for them may be relied on.
"""


class Page:
    """The page, as Markdown."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def text(self) -> str:
        groups = list(self._groups())
        lines = [START, *(self._contents(*group) for group in groups)]
        for title, things in groups:
            lines += ["", f"## {title}", *(line for name, thing in things for line in self._thing(name, thing))]
        return "\n".join(lines) + "\n"

    def _groups(self) -> Iterator[tuple[str, list[tuple[str, Any]]]]:
        for module in self._api.modules:
            offered = {name: thing for name, thing in self._api.names.items() if name.rpartition(".")[0] == module}
            for kind, title in GROUPS.items():
                things = [(name, thing) for name, thing in offered.items() if kind_of(thing) == kind]
                if things:
                    yield f"{title} of `{module}`" if module != "supportcases" else title, things
        yield TYPES, list(self._api.types.items())

    @staticmethod
    def _contents(title: str, things: list[tuple[str, Any]]) -> str:
        links = ", ".join(f"[`{thing.name}`](#{thing.name.lower()})" for _, thing in things)
        return f"- [{title}](#{title.lower().replace(' ', '-').replace('`', '').replace('.', '')}): {links}"

    def _thing(self, name: str, thing: Any) -> Iterator[str]:
        yield from ("", f"### `{thing.name}`", "", *self._code(thing))
        yield from self._told(thing)
        if name in self._api.types:
            yield from ("", f"It is in `{name.rpartition('.')[0]}`.")
        if thing.is_class:
            if kind_of(thing) == "class" and name in self._api.names:
                yield from self._told(maker_of(thing))
            yield from self._attributes(thing)
            for member in members(thing):
                if not _is_plain(member):
                    yield from ("", f"#### `{thing.name}.{member.name}`", "", *self._code(member), *self._told(member))

    def _code(self, thing: Any) -> Iterator[str]:
        kind, declared = kind_of(thing), self._api.declared(thing, wide=WIDE)
        if kind in ("classmethod", "staticmethod", "property"):
            yield from ("```python", f"@{kind}")
        else:
            yield "```python"
        word = "class " if thing.is_class else "def " if thing.is_function else ""
        yield from (word + declared, "```")

    def _attributes(self, thing: Any) -> Iterator[str]:
        plain = [member for member in members(thing) if _is_plain(member)]
        if plain:
            yield from ("", f"{PLAIN.get(kind_of(thing), 'Attributes')}:", "")
        sections = thing.docstring.parsed if thing.docstring else []
        told = {item.name: item.description for s in sections if s.kind.value == "attributes" for item in s.value}
        for member in plain:
            about = _one_line(told.get(member.name, ""))
            yield f"- `{self._api.declared(member)}`" + (f": {about}" if about else "")

    @staticmethod
    def _told(thing: Any) -> Iterator[str]:
        """Yield what the docstring says; attributes are told of where they are listed."""
        for section in thing.docstring.parsed if thing and thing.docstring else ():
            kind = section.kind.value
            if kind == "text":
                yield from ("", section.value)
            elif kind in SECTIONS:
                yield from ("", f"{SECTIONS[kind]}:", "")
                for item in section.value:
                    yield f"- `{item.name if kind == 'parameters' else item.annotation}`: {_one_line(item.description)}"
            elif kind != "attributes":
                raise ValueError(f"{thing.path}: this page does not know the docstring section {kind!r}.")


def _is_plain(member: Any) -> bool:
    return member.is_attribute and "property" not in member.labels


def _one_line(text: str) -> str:
    return " ".join(text.split())


def text() -> str:
    """Return the page as it is kept."""
    return Page(Api()).text()


def promised(api: Api, version: str) -> str:
    """Return the signatures as they are kept from a release on."""
    return f"release: {version}\n" + "".join(f"{name}: {what}\n" for name, what in api.lines().items())


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
    print(f"wrote {TARGET}")
    if "--release" in sys.argv[1:]:
        PROMISED.write_text(promised(Api(), last_release(CHANGELOG.read_text(encoding="utf-8"))), encoding="utf-8")
        print(f"wrote {PROMISED}")
