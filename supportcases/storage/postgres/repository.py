"""A database of support cases on a PostgreSQL server."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from typing import Any, Final

import psycopg

from supportcases.domain.errors import DatabaseMoved, DatabaseUnusable
from supportcases.processes import PerProcess
from supportcases.storage.conninfo import redacted
from supportcases.storage.postgres import migrations
from supportcases.storage.postgres.connections import Connection
from supportcases.storage.postgres.conninfo import parameters
from supportcases.storage.postgres.errors import raise_translated
from supportcases.storage.postgres.moving import WAS_MOVED
from supportcases.storage.postgres.pool import Keeping, Pool
from supportcases.storage.postgres.restored import put_in_order
from supportcases.storage.postgres.transactions import (
    PostgresTransaction,
    ThreadState,
    TransactionContext,
    savepoint,
    thread_state,
)
from supportcases.storage.postgres.watching import PostgresWatch
from supportcases.storage.protocol import Repository

READINESS: Final = f"""
    SELECT {WAS_MOVED}, pg_is_in_recovery() OR current_setting('default_transaction_read_only') = 'on',
           has_table_privilege('supportcases_cases', 'INSERT')
"""
MAY_ASK_FOR_LOG: Final = "SELECT has_function_privilege('pg_control_checkpoint()', 'EXECUTE')"
LOGGED: Final = """
    SELECT pg_wal_lsn_diff(
        CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END,
        redo_lsn
    )::bigint
    FROM pg_control_checkpoint()
"""


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
            put_in_order(connection, self.name)

    def read(self, *, once: bool = False) -> AbstractContextManager[PostgresTransaction]:
        """Begin to read; everything read inside is of one moment. Inside a transaction it is a part of that one.

        With `once` only one thing may be read, which saves the BEGIN and the COMMIT.
        """
        state = self._state()
        return nullcontext(state.transaction) if state.transaction else self._context(state, writes=False, once=once)

    def write(self, *, lasting: bool = True) -> AbstractContextManager[PostgresTransaction]:
        """Begin to write; keep everything at the end, or nothing if an exception is raised.

        The store that is looked at first is this transaction's alone from then on. Inside another `write` of the same
        thread it is a part of that one. What is not `lasting` may be lost where the server dies.
        """
        state = self._state()
        if state.transaction:
            return self._part_of(state.transaction)
        return self._context(state, writes=True, lasting=lasting)

    def request(self) -> AbstractContextManager[None]:
        """Let this thread keep one connection for all that it reads and writes until the block ends."""
        return Keeping(self._pool())

    def watch(self) -> AbstractContextManager[PostgresWatch]:
        """Notice from now on that something happens to a case, while there is a webhook that may be told."""
        return closing(PostgresWatch(lambda: Connection(self._parameters)))

    def check(self) -> None:
        """Raise if the database does not answer."""
        with self.read() as transaction:
            transaction.connection.execute("SELECT 1 FROM supportcases_cases LIMIT 1").fetchall()

    def hindrance(self) -> str | None:
        """Return why nothing can be written, as far as one can tell without writing; None where all is well."""
        with self.read(once=True) as transaction:
            ((moved, read_only, permitted),) = transaction.connection.execute(READINESS).fetchall()
        if moved:
            raise DatabaseMoved()
        if read_only:
            return "The database server takes no writes: it is a follower, or read-only."
        return None if permitted else "This role may not write the tables."

    def leave_no_trace(self) -> bool:
        """Tell that nothing is left: what PostgreSQL keeps until its own vacuum nobody can ask for."""
        return not self._state().transaction

    def vacuum(self) -> bool:
        """Tell that it needs nothing before something is erased."""
        return self.leave_no_trace()

    def journal_bytes(self) -> int | None:
        """Return how much the server has logged since its last checkpoint; None where the role may not ask."""
        with self.read() as transaction:
            ((may_ask,),) = transaction.connection.execute(MAY_ASK_FOR_LOG).fetchall()
            if not may_ask:
                return None
            ((length,),) = transaction.connection.execute(LOGGED).fetchall()
        return max(0, int(length))

    def close(self) -> None:
        """Close the connections that nobody uses; a later use makes new ones."""
        self._pool().close()

    def __repr__(self) -> str:
        return f"PostgresRepository({self.name!r})"

    def _new_pool(self) -> Pool:
        return Pool(lambda: Connection(self._parameters, patient=self._patient))

    def _context(self, state: ThreadState, *, writes: bool, **how: bool) -> TransactionContext:
        return TransactionContext(self._pool(), state, writes=writes, **how)

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
