"""Whether the bytes of files are those that were sent: the same for every engine, and for whatever keeps them."""

import re
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from typing import Final, NamedTuple

from supportcases.domain.attachments import CHUNK
from supportcases.domain.cases import UUID_TEXT
from supportcases.domain.text import counted
from supportcases.storage.protocol import ContentStore

AT_ONCE: Final = 16  # pieces that are in memory together


class Attached(NamedTuple):
    """A file that came with a message, as its row tells of it."""

    store: str
    id: str
    name: str
    size: int
    sha256: str
    content: str


FILE_COLUMNS: Final = ", ".join(Attached._fields)

Pieces = Callable[[str], Iterable[tuple[int, bytes]]]  # what the database keeps under a name, in its order


def wrong_bytes(files: Iterable[Attached], kept: Pieces, contents: ContentStore | None) -> Iterator[str]:
    """Read every file to its end, a piece at a time, and yield which are not as they were sent."""
    where = "neither in the folder nor in the database" if contents else "not in the database"
    for file in files:
        length, digest = 0, sha256()
        for piece in _bytes_of(file, kept, contents):
            length += len(piece)
            digest.update(piece)
        if not length:
            yield f"{_name(file)} has bytes that are {where}"
        elif length != file.size:
            yield f"{_name(file)} has {counted(length, 'byte')}, and must have {file.size:,}"
        elif digest.hexdigest() != file.sha256:
            yield f"{_name(file)} has other bytes than were sent"


def _name(file: Attached) -> str:
    return f"{file.name} ({file.id}) of {file.store}"


def _bytes_of(file: Attached, kept: Pieces, contents: ContentStore | None) -> Iterator[bytes]:
    there = False
    for piece in contents.read(file.content, 0, file.size + 1) if contents else ():
        there = True
        yield piece
    for expected, (number, piece) in enumerate(kept(file.content) if not there else ()):
        if number != expected:  # who reads finds nothing from there on, and nothing behind a piece that is too short
            return
        yield piece
        if len(piece) != CHUNK:
            return


def strays(contents: ContentStore | None, is_known: Callable[[str], bool]) -> Iterator[str]:
    """Yield, if there are such, how many names something is kept under of which the database does not tell."""
    found = [name for name in contents.names() if not _is_known(name, is_known)] if contents else []
    if found:
        told = "; they came meanwhile, or an import was killed, or the folder is another database's"
        yield f"the folder has {counted(len(found), 'file')} of which the database does not tell, as {min(found)}{told}"


def _is_known(name: str, is_known: Callable[[str], bool]) -> bool:
    return bool(re.fullmatch(UUID_TEXT, name)) and is_known(name)
