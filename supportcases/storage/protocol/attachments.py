"""What the desk needs from a database to keep files, and from whatever keeps their bytes."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from supportcases.domain.attachments import Upload
from supportcases.domain.cases import Case


class Pending(NamedTuple):
    """How many files wait for a message, and of how many bytes they are."""

    files: int
    bytes: int


class ContentStore(Protocol):
    """Keeps the bytes of files, each under a name that is never used again; usable from any thread.

    The database itself is one, and `FolderStore` another. A name has only the characters `0-9 a-f -`. Every method may
    raise `DatabaseBusy` or `DatabaseUnavailable`, which pass.
    """

    def write(self, name: str, chunks: Iterable[bytes]) -> None:
        """Keep the chunks, one behind the other, so that all of them are on the disk when it returns.

        Where an exception comes out of `chunks`, `remove` is called next.
        """

    def read(self, name: str, begin: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from `begin` up to `end`, in pieces; fewer where there are none."""

    def remove(self, name: str) -> None:
        """Forget all that is kept under the name, be it whole or not; where there is nothing nothing happens."""

    def names(self) -> Iterator[str]:
        """Yield every name under which something is kept, whole or not."""


class Attachments(Protocol):
    """The files that were announced, each until it goes with nothing attached to a message."""

    def secret(self) -> bytes | None:
        """Return the secret by which URLs of files are signed; None where no file was announced yet."""

    def add(self, upload: Upload, secret: str) -> None:
        """Keep what was announced, and the `secret` where there is none yet."""

    def find(self, upload_id: str) -> Upload | None:
        """Return the file with that id, of whatever store; None where there is none, or it is going."""

    def find_alone(self, upload_id: str) -> Upload | None:
        """Return the same, and let nobody else change it until the end of the transaction."""

    def may_be_sent(self, upload: Upload, now: datetime) -> bool:
        """Tell whether the key that announced the file, if it is one of ours, is neither revoked nor expired."""

    def update(self, upload: Upload) -> None:
        """Save how far a file has come."""

    def renew(self, upload_id: str, content: str, now: datetime) -> bool:
        """Give a sign of life of the attempt under way; return False where it is no longer that one."""

    def of(self, store: str, owner: str, ids: Sequence[str]) -> tuple[Upload, ...]:
        """Return those of the files that this owner announced for this store; nobody else changes them meanwhile."""

    def attach(self, case: Case, message_id: str, ids: Sequence[str]) -> None:
        """Attach files of the case's store to a message of it."""

    def pending(self, store: str, since: datetime) -> Pending:
        """Return how much of the store was announced since and is not attached; who asks announces alone."""

    def all_pending_bytes(self) -> int:
        """Return how many bytes of all stores were announced and are not attached."""

    def attached_bytes(self, store: str) -> int:
        """Return how many bytes are attached to messages of the store."""

    def drop_pending(self, before: datetime, *, limit: int) -> tuple[Upload, ...]:
        """Let some of the files go that were announced before and are not attached; return all that are going."""

    def going(self, *, limit: int) -> tuple[Upload, ...]:
        """Return some of the files that are going."""

    def is_one_elsewhere(self, ids: Sequence[str]) -> bool:
        """Tell whether the database keeps nothing of the bytes of one of these files.

        One that was never sent to its end may have none anywhere; it counts where the newest file that was sent has
        its bytes elsewhere.
        """

    def is_going_elsewhere(self, before: datetime | None = None) -> bool:
        """Tell the same of the files that are going, and of those that were announced before and are not attached."""

    def remove(self, upload_id: str) -> None:
        """Remove a file that is going and whose bytes are gone."""

    def contents(self) -> Iterator[str]:
        """Yield the names under which bytes are kept, or being kept."""

    def attached(self, store: str, case_id: str) -> tuple[Upload, ...]:
        """Return the files that came with the messages of a case, notes among them."""

    def add_chunk(self, content: str, number: int, chunk: bytes) -> bool:
        """Keep a piece of the bytes of the attempt under way; return False where it is no longer that one."""

    def chunk(self, content: str, number: int) -> bytes | None:
        """Return a piece of the bytes, or None."""

    def remove_chunks(self, content: str, *, limit: int) -> bool:
        """Forget some of the pieces; return whether there are more."""

    def chunk_contents(self) -> tuple[str, ...]:
        """Return the names under which pieces are kept."""
