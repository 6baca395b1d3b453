"""A database of support cases on a PostgreSQL server."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from typing import Any, Final

import psycopg

from supportcases.domain.errors import DatabaseUnusable
from supportcases.processes import PerProcess
from supportcases.storage.conninfo import redacted
from supportcases.storage.postgres import migrations
from supportcases.storage.postgres.connections import Connection
from supportcases.storage.postgres.conninfo import parameters
from supportcases.storage.postgres.errors import raise_translated
from supportcases.storage.postgres.pool import Keeping, Pool
from supportcases.storage.postgres.transactions import (
    PostgresTransaction,
    ThreadState,
    TransactionContext,
    savepoint,
    thread_state,
)
from supportcases.storage.protocol import Repository


class PostgresRepository:
    """Support cases in a PostgreSQL database; usable from any thread, and after a fork.

    Opening it brings the schema up to date. A commit is on the disk, and with the standbys that the server waits for,
    when `write` returns.
    """

    def __init__(self, conninfo: str, *, must_exist: bool = False, patient: bool = False) -> None:
        """Open the database of a URL or a connection string.

        With `must_exist` one that holds no support cases yet is left alone; with `patient` a statement may take any
        time.

        Raises:
            DatabaseUnusable: It cannot be reached, or not be used; or `must_exist` and there are no support cases. It
                is as it was.
        """
        self.name: Final = redacted(conninfo)
        self._parameters: Final = parameters(conninfo)
        self._patient: Final = patient
        self._state = PerProcess(thread_state)
        self._pool = PerProcess(self._new_pool)
        with looking_into(self.name, self._parameters) as connection:
            migrations.bring_up_to_date(connection, self.name, must_exist=must_exist)

    def read(self, *, once: bool = False) -> AbstractContextManager[PostgresTransaction]:
        """Begin to read; everything read inside is of one moment. Inside a transaction it is a part of that one.

        With `once` only one thing may be read, which saves the BEGIN and the COMMIT.
        """
        state = self._state()
        return nullcontext(state.transaction) if state.transaction else self._context(state, writes=False, once=once)

    def write(self) -> AbstractContextManager[PostgresTransaction]:
        """Begin to write; keep everything at the end, or nothing if an exception is raised.

        The store that is looked at first is this transaction's alone from then on. Inside another `write` of the same
        thread it is a part of that one.
        """
        state = self._state()
        return self._part_of(state.transaction) if state.transaction else self._context(state, writes=True)

    def request(self) -> AbstractContextManager[None]:
        """Let this thread keep one connection for all that it reads and writes until the block ends."""
        return Keeping(self._pool())

    def check(self) -> None:
        """Raise if the database does not answer."""
        with self.read() as transaction:
            transaction.connection.execute("SELECT 1 FROM supportcases_cases LIMIT 1").fetchall()

    def close(self) -> None:
        """Close the connections that nobody uses; a later use makes new ones."""
        self._pool().close()

    def __repr__(self) -> str:
        return f"PostgresRepository({self.name!r})"

    def _new_pool(self) -> Pool:
        return Pool(lambda: Connection(self._parameters, patient=self._patient))

    def _context(self, state: ThreadState, *, writes: bool, once: bool = False) -> TransactionContext:
        return TransactionContext(self._pool(), state, writes=writes, once=once)

    @contextmanager
    def _part_of(self, outer: PostgresTransaction) -> Iterator[PostgresTransaction]:
        """Keep all that is written inside, or none of it, with the rest of `outer`."""
        if not outer.writes:
            raise RuntimeError("A transaction that began to read cannot write; begin with write().")
        waiting = len(outer.afterwards)
        try:
            with savepoint(outer):
                yield outer
        except BaseException as error:
            del outer.afterwards[waiting:]
            if isinstance(error, psycopg.Error):
                raise_translated(error)
            raise


@contextmanager
def looking_into(name: str, how: dict[str, Any]) -> Iterator[Connection]:
    """Yield a connection of which each statement may take any time.

    Raises:
        DatabaseUnusable: There is none, or it breaks.
    """
    try:
        with closing(Connection(how, patient=True)) as connection:
            yield connection
    except psycopg.Error as error:
        raise DatabaseUnusable(f"{name} cannot be used: {_told(error)}.") from error


def _told(error: psycopg.Error) -> str:
    """Return what PostgreSQL says, on one line."""
    told = error.diag.message_primary or str(error)
    return " ".join(told.split()).removesuffix(".")


@contextmanager
def opened_to_read(conninfo: str) -> Iterator[Repository]:
    """Yield the repository of a database that is there, of which each statement may take any time.

    Raises:
        DatabaseUnusable: It cannot be reached, holds no support cases, or cannot be used.
    """
    with closing(PostgresRepository(conninfo, must_exist=True, patient=True)) as repository:
        yield repository
