"""Cases as lines of text, to be carried from one desk to another: one JSON object a line, in ASCII.

Every line names the version of the format. Between the first line and the last one each line is a case with its
messages and its history; the last one tells how many cases there were: an archive that was cut short has none.

What an earlier release exported, every later one imports. Another version of the format is another module beside
`archive_v1`, with its number in its name; those that are there stay as they are.
"""

import json
from collections.abc import Iterable, Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Final, NoReturn

from supportcases import formats
from supportcases.domain.whole_cases import Dossier
from supportcases.formats.members import CaseFormat, refuse, shown

VERSION: Final = "archive_v"  # the name of a version's module, and then its number
FORMAT: Final = "supportcases"  # the member whose value is the version of the format
COUNT: Final = "cases"  # the member of the last line
VERSIONS: Final[dict[int, CaseFormat]] = {
    int(module.name.removeprefix(VERSION)): import_module(f"{formats.__name__}.{module.name}").CASE_FORMAT
    for module in iter_modules(formats.__path__)
    if module.name.startswith(VERSION)
}
NEWEST: Final = max(VERSIONS)


def written(dossiers: Iterable[Dossier]) -> Iterator[str]:
    """Yield the lines of an archive, each with its end."""
    yield _line({})
    count = 0
    for count, dossier in enumerate(dossiers, start=1):  # noqa: B007 - the last one is how many there were
        yield _line(VERSIONS[NEWEST].written(dossier))
    yield _line({COUNT: count})


class Archive:
    """An archive that is read line by line; `line` is the number of the line that was read last.

    Whatever is wrong raises `InvalidInput` with the number of its line. Texts are trimmed as the API trims them.
    """

    def __init__(self, lines: Iterable[bytes]) -> None:
        """Read the first line, and no further."""
        self._lines = iter(lines)
        self._numbers: dict[str, int] = {}  # the last one of each store
        self._version = 0  # until a line names one
        self.line = 0
        first = self._next()
        if not self._version:
            refuse("line 1", f'Must be {{"{FORMAT}": {NEWEST}}}, as an export begins.')
        if first:
            refuse("line 1", f"Must have no other member than {FORMAT}.")

    def __iter__(self) -> Iterator[Dossier]:
        """Yield the cases; those of a store must come in the order of their numbers, from 1 and without gaps."""
        count = 0
        while not self._is_last(value := self._next(), count):
            dossier = VERSIONS[self._version].read(value, self._place)
            self._must_be_next(dossier.case.store, dossier.case.number)
            yield dossier
            count += 1

    def _is_last(self, value: Any, count: int) -> bool:
        if not isinstance(value, dict) or value.keys() != {COUNT}:
            return False
        if value[COUNT] != count or type(value[COUNT]) is not int:
            refuse(self._place, f"Tells of {shown(value[COUNT])} cases, but {count} came before it.")
        if next(self._lines, None) is not None:
            refuse(f"line {self.line + 1}", "Must not be there: the line before it was the last one.")
        return True

    def _must_be_next(self, store: str, number: int) -> None:
        expected = self._numbers.get(store, 0) + 1
        if number != expected:
            refuse(f"{self._place}, number", f"Must be {expected}, the next one of {store}, not {number}.")
        self._numbers[store] = number

    def _next(self) -> Any:
        """Return what the next line says, apart from the version: an early export named it in its first line only."""
        value = self._parsed()
        if isinstance(value, dict) and FORMAT in value:
            version = value.pop(FORMAT)
            if version not in VERSIONS or type(version) is not int:
                known = f"Is of a format that this version does not know: {shown(version)}, and not {NEWEST}."
                refuse(self._place, known)
            self._version = version
        return value

    def _parsed(self) -> Any:
        """Return the value of the next line."""
        line = next(self._lines, None)
        if line is None and self.line == 0:
            refuse("the file", "Is empty; an archive of no cases has one line, which tells so.")
        if line is None:
            refuse("the file", f"Ends behind line {self.line} without the line that tells how many cases there are.")
        self.line += 1
        try:
            encoding = "utf-8-sig" if self.line == 1 else "utf-8"  # some editors begin a file with a byte order mark
            return json.loads(line.decode(encoding), object_pairs_hook=_object, parse_constant=_refuse_constant)
        except UnicodeDecodeError:
            refuse(self._place, "Is not in UTF-8.")
        except json.JSONDecodeError as problem:
            refuse(self._place, f"Is no JSON: {problem.msg} (character {problem.pos + 1}).")
        except (ValueError, RecursionError) as problem:
            refuse(self._place, f"Is no JSON: {problem}.")

    @property
    def _place(self) -> str:
        return f"line {self.line}"


def _line(value: dict[str, Any]) -> str:
    return json.dumps({FORMAT: NEWEST} | value, separators=(",", ":")) + "\n"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a member comes twice in an object")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
