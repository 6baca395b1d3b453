"""A folder that keeps the bytes of files, for desks whose database shall not."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from supportcases.domain.attachments import CHUNK
from supportcases.domain.errors import DatabaseUnavailable, DatabaseUnusable

PART: Final = ".part"  # how the name of a file ends that is not whole yet


class FolderStore:
    """Keeps the bytes of each file as a file of a folder, which nobody but the desk's user may read.

    A backup of the database goes with a copy of the folder that is made behind it.
    """

    def __init__(self, folder: str | os.PathLike[str], *, must_exist: bool = False) -> None:
        """Keep files in `folder`, which is made where there is none; with `must_exist` it may be one to read alone.

        Raises:
            DatabaseUnusable: It cannot be made, or not be written.
        """
        self._folder: Final = Path(os.path.abspath(folder))
        try:
            if not must_exist:
                self._folder.mkdir(mode=0o700, exist_ok=True)
            elif not self._folder.is_dir():
                raise DatabaseUnusable(f"{folder} is no folder of attachments.")
        except OSError as error:
            raise DatabaseUnusable(f"{folder} cannot be used for attachments: {error.strerror}.") from error
        wanted, done = (os.R_OK, "read") if must_exist else (os.R_OK | os.W_OK, "write")
        if not os.access(self._folder, wanted | os.X_OK):
            raise DatabaseUnusable(f"{folder} cannot be used for attachments: this user may not {done} it.")

    def write(self, name: str, chunks: Iterable[bytes]) -> None:
        """Keep the chunks, so that all of them are on the disk when it returns, under their name or not at all."""
        part, whole = self._folder / f"{name}{PART}", self._folder / name
        with _told(), open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        with _told():
            part.rename(whole)
            self._sync()

    def read(self, name: str, begin: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from `begin` up to `end`, in pieces; no file is open in between, for whoever reads slowly."""
        while begin < end and (piece := self._piece(name, begin, min(CHUNK, end - begin))):
            begin += len(piece)
            yield piece

    def _piece(self, name: str, begin: int, length: int) -> bytes:
        with _told(), suppress(FileNotFoundError), (self._folder / name).open("rb") as file:
            file.seek(begin)
            return file.read(length)
        return b""

    def remove(self, name: str) -> None:
        """Forget what is kept under the name."""
        with _told():
            for path in (self._folder / f"{name}{PART}", self._folder / name):  # so: it may become whole meanwhile
                path.unlink(missing_ok=True)
            self._sync()

    def names(self) -> Iterator[str]:
        """Yield every name under which something is kept."""
        with _told(), os.scandir(self._folder) as entries:
            for entry in entries:
                yield entry.name.removesuffix(PART)

    def __repr__(self) -> str:
        return f"FolderStore({str(self._folder)!r})"

    def _sync(self) -> None:
        """Let the names of the folder's files be on the disk too."""
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextmanager
def _told() -> Iterator[None]:
    """Say in the desk's own words that the folder fails."""
    try:
        yield
    except OSError as error:
        raise DatabaseUnavailable(f"The folder of attachments fails: {error.strerror}.") from error
