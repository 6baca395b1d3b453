"""The bytes of files: kept by the database in pieces, and looked at while they come."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Final

from supportcases.domain.attachments import CHUNK, Upload
from supportcases.domain.errors import InvalidInput, UploadInProgress
from supportcases.storage.protocol import ContentStore, Repository

REMOVED_AT_ONCE: Final = 4  # pieces: what is deleted is overwritten, and other writers wait meanwhile
MAGIC: Final = 16  # bytes by which a picture is known


class DatabaseStore:
    """Keeps the bytes in the database itself, a piece a transaction: others write in between."""

    def __init__(self, repository: Repository) -> None:
        """Keep them in `repository`."""
        self._repository = repository

    def write(self, name: str, chunks: Iterable[bytes]) -> None:
        """Keep the chunks."""
        for number, chunk in enumerate(chunks):
            with self._repository.write() as transaction:
                if not transaction.attachments.add_chunk(name, number, chunk):
                    raise UploadInProgress()

    def read(self, name: str, begin: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from `begin` up to `end`, in pieces."""
        while begin < end:
            number, skipped = divmod(begin, CHUNK)
            with self._repository.read(once=True) as transaction:
                chunk = transaction.attachments.chunk(name, number)
            piece = (chunk or b"")[skipped : skipped + end - begin]
            if not piece:
                return
            begin += len(piece)
            yield piece

    def remove(self, name: str) -> None:
        """Forget what is kept under the name."""
        more = True
        while more:
            with self._repository.write() as transaction:
                more = transaction.attachments.remove_chunks(name, limit=REMOVED_AT_ONCE)

    def names(self) -> Iterator[str]:
        """Yield every name under which something is kept."""
        with self._repository.read() as transaction:
            names = transaction.attachments.chunk_contents()
        yield from names


class BesideDatabase:
    """A store that keeps the bytes from now on; what the database has kept before is read from there."""

    def __init__(self, store: ContentStore, before: DatabaseStore) -> None:
        """Keep them in `store`."""
        self._store = store
        self._before = before

    def write(self, name: str, chunks: Iterable[bytes]) -> None:
        """Keep the chunks."""
        self._store.write(name, chunks)

    def read(self, name: str, begin: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from `begin` up to `end`, in pieces."""
        there = False
        for piece in self._store.read(name, begin, end):
            there = True
            yield piece
        if not there:
            yield from self._before.read(name, begin, end)

    def remove(self, name: str) -> None:
        """Forget what is kept under the name."""
        self._store.remove(name)
        self._before.remove(name)

    def names(self) -> Iterator[str]:
        """Yield every name under which something is kept."""
        yield from self._store.names()
        yield from self._before.names()


def contents_of(repository: Repository, store: ContentStore | None) -> ContentStore:
    """Return what keeps the bytes of files: the database, or a `store` beside it."""
    in_database = DatabaseStore(repository)
    return BesideDatabase(store, in_database) if store else in_database


class Incoming:
    """The bytes of an upload while they come: counted, hashed, and handed on in pieces of `CHUNK`."""

    def __init__(
        self, upload: Upload, pieces: Iterable[bytes], clock: Callable[[], datetime], alive: Callable[[datetime], None]
    ) -> None:
        """Take the bytes in pieces of any size, and call `alive` with the time now and then."""
        self._upload = upload
        self._pieces = pieces
        self._clock = clock
        self._alive = alive
        self._hash = hashlib.sha256()
        self._length = 0
        self.beginning = b""

    @property
    def sha256(self) -> str:
        """The SHA-256 of all that came, in hexadecimal."""
        return self._hash.hexdigest()

    def __iter__(self) -> Iterator[bytes]:
        """Yield the pieces.

        Raises:
            InvalidInput: They are more bytes, or fewer, than were announced.
        """
        waiting = bytearray()
        for piece in self._pieces:
            self._length += len(piece)
            if self._length > self._upload.size:
                break
            waiting += piece
            while len(waiting) >= CHUNK:
                yield self._looked_at(bytes(waiting[:CHUNK]))
                del waiting[:CHUNK]
            self._alive(self._clock())
        if self._length != self._upload.size:
            raise InvalidInput({"body": f"Must be exactly {self._upload.size:,} bytes, as was announced."})
        if waiting:
            yield self._looked_at(bytes(waiting))

    def _looked_at(self, chunk: bytes) -> bytes:
        self._hash.update(chunk)
        self.beginning = self.beginning or chunk[:MAGIC]
        return chunk
