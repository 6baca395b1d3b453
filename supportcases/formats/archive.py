"""Cases as lines of text, to be carried from one desk to another: one JSON object a line, in ASCII.

Every line names the version of the format. Between the first line and the last one each line is a case with its
messages and its history, in version 2 with the bytes of its files behind it; the last one tells how many cases there
were: an archive that was cut short has none. Without files an export is of version 1, which every release imports; the
lines that tell of what was erased are of version 3.

What an earlier release exported, every later one imports. Another version of the format is another module beside
`archive_v1`, with its number in its name; those that are there stay as they are.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from hashlib import sha256
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Final, NoReturn

from supportcases import formats
from supportcases.domain.attachments import Upload
from supportcases.domain.cases import Case
from supportcases.domain.erasure import REDACTED, Tombstone
from supportcases.domain.errors import DatabaseUnusable
from supportcases.domain.events import EventKind
from supportcases.domain.whole_cases import Dossier
from supportcases.formats.archive_v2 import PIECE
from supportcases.formats.archive_v3 import TOMBSTONE
from supportcases.formats.members import CaseFormat, refuse, shown

VERSION: Final = "archive_v"  # the name of a version's module, and then its number
FORMAT: Final = "supportcases"  # the member whose value is the version of the format
FILE: Final = "file"  # the members of a line with a piece of a file
BYTES: Final = "bytes"
PURGED: Final = "purged"  # the member of a line with a tombstone
COUNT: Final = "cases"  # the member of the last line
VERSIONS: Final[dict[int, CaseFormat]] = {
    int(module.name.removeprefix(VERSION)): import_module(f"{formats.__name__}.{module.name}").CASE_FORMAT
    for module in iter_modules(formats.__path__)
    if module.name.startswith(VERSION)
}
PLAIN: Final = 1  # without files
WITH_FILES: Final = 2
WITH_ERASURES: Final = 3
KNOWN: Final = " or ".join(map(str, sorted(VERSIONS)))

AttachedTo = Callable[[Case], Sequence[Upload]]  # the files of a case, as its messages name them
ContentOf = Callable[[Upload], Iterable[bytes]]  # the bytes of a file, in pieces of `archive_v2.PIECE`


def written(dossiers: Iterable[Dossier], purged: Iterable[Tombstone] = ()) -> Iterator[str]:
    """Yield the lines of an archive, each with its end."""
    yield _line(PLAIN, {})
    yield from map(_written_tombstone, purged)
    count = 0
    for count, dossier in enumerate(dossiers, start=1):  # noqa: B007 - the last one is how many there were
        version = WITH_ERASURES if _tells_of_erasure(dossier) else PLAIN
        yield _line(version, VERSIONS[version].written(dossier))
    yield _line(PLAIN, {COUNT: count})


def written_with_files(
    dossiers: Iterable[Dossier], attached: AttachedTo, content: ContentOf, purged: Iterable[Tombstone] = ()
) -> Iterator[str]:
    """Yield the lines of an archive that has the files too, a piece of one a line.

    Raises:
        DatabaseUnusable: The bytes of a file are not those that were sent.
    """
    yield _line(WITH_FILES, {})
    yield from map(_written_tombstone, purged)
    count = 0
    for count, dossier in enumerate(dossiers, start=1):  # noqa: B007
        files = _in_order(dossier, attached(dossier.case)) if _files_of(dossier) else []
        version = WITH_ERASURES if _tells_of_erasure(dossier) else WITH_FILES
        yield _line(version, VERSIONS[version].written(dossier, files))
        for file in files:
            for piece in _sound(file, content(file)):
                yield _line(WITH_FILES, {FILE: file.id, BYTES: b64encode(piece).decode("ascii")})
    yield _line(WITH_FILES, {COUNT: count})


def _tells_of_erasure(dossier: Dossier) -> bool:
    return any(entry.kind is EventKind.REDACTED for entry in dossier.history)


def _written_tombstone(tombstone: Tombstone) -> str:
    return _line(WITH_ERASURES, {PURGED: TOMBSTONE.written(tombstone)})


def _files_of(dossier: Dossier) -> list[str]:
    """Return the ids of the files that are told and still there: an archive has none that was erased."""
    told = (file for message in dossier.messages for file in message.attachments)
    return [file.id for file in told if file.name != REDACTED]


def _in_order(dossier: Dossier, files: Sequence[Upload]) -> list[Upload]:
    """Return the files as the messages name them; one that is not there is told by `check`."""
    named = {file.id: file for file in files}
    told = _files_of(dossier)
    if set(told) != named.keys():
        case = dossier.case
        raise DatabaseUnusable(f"{case.store} {case.number} tells of other files than it has; check tells more.")
    return [named[file_id] for file_id in told]


def _sound(file: Upload, pieces: Iterable[bytes]) -> Iterator[bytes]:
    length, digest = 0, sha256()
    for piece in pieces:
        length += len(piece)
        digest.update(piece)
        yield piece
    if (length, digest.hexdigest()) != (file.size, file.sha256):
        raise DatabaseUnusable(
            f"The bytes of {file.name} ({file.id}) of {file.store} are not those that were sent; if a folder keeps "
            "them, name it with --attachments."
        )


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
        self.files: tuple[Upload, ...] = ()  # of the case that was read last, whose bytes come next
        self._kept = 0  # how many of them were read
        self.purged: list[Tombstone] = []  # of cases that were purged where the archive comes from
        self._gaps: dict[str, set[int]] = {}  # their numbers, by store
        first = self._next()
        if not self._version:
            refuse("line 1", f'Must be {{"{FORMAT}": {PLAIN}}}, as an export begins.')
        if first:
            refuse("line 1", f"Must have no other member than {FORMAT}.")

    def __iter__(self) -> Iterator[Dossier]:
        """Yield the cases; those of a store must come in the order of their numbers, from 1 and without gaps.

        What was `purged`, whose numbers are none, is read before the first of them.
        """
        count = 0
        while not self._is_last(value := self._next(), count):
            if self._version == WITH_ERASURES and isinstance(value, dict) and value.keys() == {PURGED}:
                self._read_tombstone(value[PURGED])
                continue
            dossier, self.files = VERSIONS[self._version].read(value, self._place)
            self._kept = 0
            self._must_be_next(dossier.case.store, dossier.case.number)
            yield dossier
            for file in self.files[self._kept :]:  # for whoever has not read them
                for _ in self.content(file):
                    pass
            count += 1

    def content(self, file: Upload) -> Iterator[bytes]:
        """Yield the bytes of the next one of `files`, in pieces; they are the right ones where it comes to its end."""
        self._kept += 1
        left, digest = file.size, sha256()
        while left:
            piece = self._piece(file, min(PIECE, left))
            left -= len(piece)
            digest.update(piece)
            yield piece
        if digest.hexdigest() != file.sha256:
            refuse(self._place, f"Has the last bytes of {shown(file.name)}, whose SHA-256 is not the one that is told.")

    def _piece(self, file: Upload, length: int) -> bytes:
        value, piece = self._next(), b""
        if isinstance(value, dict) and value.keys() == {FILE, BYTES} and value[FILE] == file.id:
            with suppress(TypeError, ValueError):
                piece = b64decode(value[BYTES], validate=True)
        if len(piece) != length:
            refuse(self._place, f"Must be the next {length:,} bytes of {shown(file.name)} ({file.id}), in base64.")
        return piece

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
        while expected in self._gaps.get(store, ()):
            expected += 1
        if number != expected:
            refuse(f"{self._place}, number", f"Must be {expected}, the next one of {store}, not {number}.")
        self._numbers[store] = number

    def _read_tombstone(self, value: Any) -> None:
        read = TOMBSTONE.read(value, f"{self._place}, {PURGED}")
        tombstone = Tombstone(
            **read,
            sequences=0,  # it has no place in the feed of whoever takes it in
            last_sequence=0,
            last_xid=0,
            last_position=0,
        )
        numbers = self._gaps.setdefault(tombstone.store, set())
        if tombstone.number in numbers or tombstone.number <= self._numbers.get(tombstone.store, 0):
            refuse(self._place, f"Tells of {tombstone.store} {tombstone.number} too late, or a second time.")
        numbers.add(tombstone.number)
        self.purged.append(tombstone)

    def _next(self) -> Any:
        """Return what the next line says, apart from the version: an early export named it in its first line only."""
        value = self._parsed()
        if isinstance(value, dict) and FORMAT in value:
            version = value.pop(FORMAT)
            if version not in VERSIONS or type(version) is not int:
                known = f"Is of a format that this version does not know: {shown(version)}, and not {KNOWN}."
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


def _line(version: int, value: dict[str, Any]) -> str:
    return json.dumps({FORMAT: version} | value, separators=(",", ":")) + "\n"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a member comes twice in an object")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
