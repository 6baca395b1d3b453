"""The bytes of files: kept by the database in pieces, and looked at while they come."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from supportcases.domain.attachments import CHUNK, Upload
from supportcases.domain.cases import Stores
from supportcases.domain.errors import AttachmentStoreNeeded, InvalidInput, UploadInProgress
from supportcases.logs import logger
from supportcases.storage.protocol import ContentStore, Repository, Transaction

REMOVED_AT_ONCE: Final = 4  # pieces: what is deleted is overwritten, and other writers wait meanwhile
DROPPED_BY_THE_WAY: Final = 2  # files that an announcement takes away: each is as many transactions as megabytes
MAGIC: Final = 16  # bytes by which a picture is known

log: Final = logger("supportcases.desk")


class DatabaseStore:
    """Keeps the bytes in the database itself, a piece a transaction: others write in between."""

    def __init__(self, repository: Repository) -> None:
        """Keep them in `repository`."""
        self._repository = repository
        self._is_told = False

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

    def take_away(self, upload: Upload) -> None:
        """Forget the bytes of a file that is going, and with the last of them what is told of it.

        Raises:
            AttachmentStoreNeeded: Its bytes are elsewhere.
        """
        with self._repository.read(once=True) as transaction:
            self.must_reach(transaction, [upload.id])
        self.forget(upload)

    def forget(self, upload: Upload) -> None:
        """Do so, whether it has bytes here or not.

        The row goes in the transaction in which the last piece goes: wherever this is interrupted, a row without a
        piece is that of a file whose bytes are elsewhere.
        """
        more = True
        while more:
            with self._repository.write() as transaction:
                kept = transaction.attachments
                more = bool(upload.content) and kept.remove_chunks(upload.content or "", limit=REMOVED_AT_ONCE)
                if not more:
                    kept.remove(upload.id)

    def must_reach(self, transaction: Transaction, ids: Sequence[str]) -> None:
        """Raise `AttachmentStoreNeeded` where the bytes of one of the files could not be taken away here."""
        if transaction.attachments.is_one_elsewhere(ids):
            raise AttachmentStoreNeeded()

    def drop_by_the_way(self, transaction: Transaction, before: datetime) -> tuple[Upload, ...]:
        """Return files that go, some that were announced `before` and are not attached among them.

        Where the bytes of some are elsewhere none goes, which is told once: each announcement comes by here.
        """
        try:
            with self._repository.write():
                going = transaction.attachments.drop_pending(before, limit=DROPPED_BY_THE_WAY)
                self.must_reach_going(transaction)
        except AttachmentStoreNeeded as error:
            if not self._is_told:
                self._is_told = True
                log.warning("files that nobody attached within a day stay: %s", error)
            return ()
        return going

    def must_reach_going(self, transaction: Transaction, before: datetime | None = None) -> None:
        """Do so for the files that are going, and those that were announced `before` and are not attached."""
        if transaction.attachments.is_going_elsewhere(before):
            raise AttachmentStoreNeeded()

    def must_reach_old(self, transaction: Transaction, stores: Stores, moment: datetime) -> None:
        """Do so for the files that a purge takes away, those that are going among them."""
        self.must_reach_going(transaction)
        if transaction.erasures.are_files_elsewhere(stores, moment):
            raise AttachmentStoreNeeded()

    def names(self) -> Iterator[str]:
        """Yield every name under which something is kept."""
        with self._repository.read() as transaction:
            names = transaction.attachments.chunk_contents()
        yield from names


class BesideDatabase:
    """A store that keeps the bytes from now on; what the database has kept before is read from there.

    It reaches the bytes of every file: what is in neither has none left.
    """

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

    def take_away(self, upload: Upload) -> None:
        """Forget the bytes of a file that is going, and then what is told of it."""
        if upload.content:
            self._store.remove(upload.content)
        self._before.forget(upload)

    def drop_by_the_way(self, transaction: Transaction, before: datetime) -> tuple[Upload, ...]:
        """Return files that go, some that were announced `before` and are not attached among them."""
        return transaction.attachments.drop_pending(before, limit=DROPPED_BY_THE_WAY)

    def must_reach(self, transaction: Transaction, ids: Sequence[str]) -> None:
        """Do nothing."""

    def must_reach_going(self, transaction: Transaction, before: datetime | None = None) -> None:
        """Do nothing."""

    def must_reach_old(self, transaction: Transaction, stores: Stores, moment: datetime) -> None:
        """Do nothing."""

    def names(self) -> Iterator[str]:
        """Yield every name under which something is kept."""
        yield from self._store.names()
        yield from self._before.names()


def contents_of(repository: Repository, store: ContentStore | None) -> DatabaseStore | BesideDatabase:
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
