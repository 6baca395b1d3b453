"""Transactions: the tables seen through one, how it begins, and what its end does."""

import logging
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Final, Protocol

import psycopg

from supportcases.domain.errors import DatabaseBusy, OutcomeUnknown, SupportCasesError, TooSlow
from supportcases.processes import OffTheClock, is_overdue
from supportcases.storage.afterwards import Action, Waiting, do
from supportcases.storage.postgres.attachments import PostgresAttachments
from supportcases.storage.postgres.cases import PostgresCases
from supportcases.storage.postgres.connections import Connection
from supportcases.storage.postgres.counts import sum_up_tallies
from supportcases.storage.postgres.deliveries import PostgresDeliveries
from supportcases.storage.postgres.erasure import PostgresErasures
from supportcases.storage.postgres.errors import raise_translated
from supportcases.storage.postgres.events import PostgresEvents
from supportcases.storage.postgres.excerpts import PostgresExcerpts
from supportcases.storage.postgres.feed import PostgresFeeds
from supportcases.storage.postgres.idempotency import PostgresReplays
from supportcases.storage.postgres.keys import PostgresKeys
from supportcases.storage.postgres.moving import PostgresMoving
from supportcases.storage.postgres.pool import Pool
from supportcases.storage.postgres.queue import PostgresQueue
from supportcases.storage.postgres.sessions import PostgresSessions
from supportcases.storage.postgres.team_search import PostgresTeamSearch
from supportcases.storage.postgres.texts import PostgresTexts
from supportcases.storage.postgres.webhooks import PostgresWebhooks
from supportcases.storage.postgres.whole_cases import PostgresWholeCases

EVERY: Final = 500  # writes of a process, behind which the tallies are summed up

log: Final = logging.getLogger("supportcases.postgres")


class PostgresTransaction:
    """The tables, seen through one transaction."""

    __slots__ = ("_connection", "afterwards", "filled", "over", "writes")

    def __init__(self, connection: Connection, *, writes: bool) -> None:
        self._connection: Final = connection
        self.writes: Final = writes
        self.afterwards: Final[list[Action]] = []
        self.filled = False  # with cases that came as a whole
        self.over = False

    @property
    def connection(self) -> Connection:
        """The connection, for SQL of a host's own."""
        if self.over:
            raise RuntimeError("This transaction is over; begin another with read() or write().")
        return self._connection

    @property
    def cases(self) -> PostgresCases:
        """The cases and their messages."""
        return PostgresCases(self.connection, writes=self.writes)

    @property
    def whole_cases(self) -> PostgresWholeCases:
        """The cases with all that belongs to them."""
        self.filled = True
        return PostgresWholeCases(self.connection)

    @property
    def queue(self) -> PostgresQueue:
        """The cases of all stores."""
        return PostgresQueue(self.connection)

    @property
    def team_search(self) -> PostgresTeamSearch:
        """The texts of all stores."""
        return PostgresTeamSearch(self.connection)

    @property
    def excerpts(self) -> PostgresExcerpts:
        """A few words of each of several cases."""
        return PostgresExcerpts(self.connection)

    @property
    def events(self) -> PostgresEvents:
        """What happened to each case."""
        return PostgresEvents(self.connection)

    @property
    def feeds(self) -> PostgresFeeds:
        """What happened to all cases, for each side."""
        return PostgresFeeds(self.connection)

    @property
    def webhooks(self) -> PostgresWebhooks:
        """Webhooks' endpoints."""
        return PostgresWebhooks(self.connection, writes=self.writes)

    @property
    def deliveries(self) -> PostgresDeliveries:
        """What is delivered to them."""
        return PostgresDeliveries(self.connection)

    @property
    def attachments(self) -> PostgresAttachments:
        """The files that come with messages."""
        return PostgresAttachments(self.connection, writes=self.writes)

    @property
    def keys(self) -> PostgresKeys:
        """The API keys."""
        return PostgresKeys(self.connection)

    @property
    def texts(self) -> PostgresTexts:
        """The team's canned texts."""
        return PostgresTexts(self.connection, writes=self.writes)

    @property
    def sessions(self) -> PostgresSessions:
        """Who is signed in."""
        return PostgresSessions(self.connection)

    @property
    def replays(self) -> PostgresReplays:
        """The answers kept for retries."""
        return PostgresReplays(self.connection, writes=self.writes)

    @property
    def erasures(self) -> PostgresErasures:
        """What is taken out of cases for good."""
        return PostgresErasures(self.connection, writes=self.writes)

    @property
    def moving(self) -> PostgresMoving:
        """All of it, to be carried into another database."""
        return PostgresMoving(self.connection)

    def after_commit(self, action: Action) -> None:
        """Call `action`, which raises nothing, once all that is written is kept; never where it is not."""
        if not self.writes:
            raise RuntimeError("A transaction that reads commits nothing; begin with write().")
        self.afterwards.append(action)


class ThreadState(Waiting, Protocol):
    """What is under way in this thread, or in this greenlet where gevent makes those of threads."""

    transaction: PostgresTransaction | None


def thread_state() -> ThreadState:
    """Return the state of each thread, in which nothing is under way."""

    class Local(threading.local):
        transaction: PostgresTransaction | None = None
        afterwards: deque[Action] | None = None

    return Local()


class TransactionContext:
    """A transaction of this thread, on a connection that nobody else uses meanwhile, from BEGIN to COMMIT or ROLLBACK.

    READ COMMITTED is enough for a write: all who write to a store wait for its row first, and each statement behind
    that sees what they have kept.
    """

    __slots__ = ("_connection", "_lasting", "_once", "_pool", "_state", "_transaction", "_writes")

    def __init__(
        self, pool: Pool, state: ThreadState, *, writes: bool, once: bool = False, lasting: bool = True
    ) -> None:
        """Prepare to begin; `once` is for a single statement, which PostgreSQL makes a transaction of its own."""
        self._pool = pool
        self._state = state
        self._writes = writes
        self._once = once
        self._lasting = lasting

    def __enter__(self) -> PostgresTransaction:
        """Begin."""
        if is_overdue():  # who wants to write has waited for others until now, for a thread
            raise DatabaseBusy() if self._writes else TooSlow()
        try:
            self._connection = self._pool.borrow()
            try:
                if not self._once:
                    self._connection.begin(writes=self._writes, lasting=self._lasting)
            except BaseException:
                self._roll_back()
                raise
        except psycopg.Error as error:
            raise_translated(error)
        self._transaction = self._state.transaction = PostgresTransaction(self._connection, writes=self._writes)
        return self._transaction

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Keep all or, if an exception is raised, nothing; then do what waited for the commit."""
        self._state.transaction = None
        self._transaction.over = True
        if error is not None:
            self._roll_back()
            if isinstance(error, psycopg.Error):
                raise_translated(error)
        elif not self._once:
            self._commit()
            do(self._transaction.afterwards, self._state)
            if self._writes and (self._transaction.filled or next(self._pool.writes) % EVERY == 0):
                sum_up(self._pool, self._state)
        else:
            self._pool.give_back(self._connection)

    def _commit(self) -> None:
        """Commit. Only here nobody may be able to tell whether anything was kept: where the connection breaks."""
        try:
            self._connection.must_go_on()
            certain = self._connection.commit()
        except psycopg.Error as fault:
            if self._writes and self._connection.broken:
                raise OutcomeUnknown() from fault
            raise_translated(fault)
        finally:
            self._roll_back()
        if not certain:
            raise OutcomeUnknown("The server has kept this, and does not know whether its standby has.")

    def _roll_back(self) -> None:
        """Roll back what may still be under way, and give the connection back."""
        connection = self._connection
        if connection.inherited:
            return  # it is the parent's
        try:
            if not (connection.broken or connection.at_rest):
                with suppress(psycopg.Error):  # then nobody can know what it holds, and it is not used again
                    connection.roll_back()
        finally:
            self._pool.give_back(connection)


def sum_up(pool: Pool, state: ThreadState) -> None:
    """Sum up the tallies; what fails a later write does."""
    try:
        with OffTheClock(), TransactionContext(pool, state, writes=True) as transaction:
            sum_up_tallies(transaction.connection)
    except (SupportCasesError, psycopg.Error) as error:
        log.warning("the tallies wait to be summed up: %s", error)


@contextmanager
def savepoint(transaction: PostgresTransaction) -> Iterator[None]:
    """Keep all that is written inside with the rest of the transaction, or, if an exception is raised, none of it.

    Raises:
        RuntimeError: The transaction has ended meanwhile, and its connection may be somebody else's now.
    """
    transaction.connection.execute("SAVEPOINT supportcases")
    try:
        yield
        transaction.connection.execute("RELEASE supportcases")
    except BaseException:
        if not (transaction.over or transaction.connection.inherited or transaction.connection.broken):
            with suppress(psycopg.Error):  # the whole is lost then: it cannot be committed
                transaction.connection.roll_back("TO supportcases")
        raise
