"""Transactions: the tables seen through one, how it begins, and how it ends; `reading` and `writing` use them."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from supportcases.storage.afterwards import Action, Waiting
from supportcases.storage.sqlite.attachments import SqliteAttachments
from supportcases.storage.sqlite.body_index import EVERY
from supportcases.storage.sqlite.cases import SqliteCases
from supportcases.storage.sqlite.connections import Connection
from supportcases.storage.sqlite.deliveries import SqliteDeliveries
from supportcases.storage.sqlite.erasure import SqliteErasures
from supportcases.storage.sqlite.events import SqliteEvents
from supportcases.storage.sqlite.excerpts import SqliteExcerpts
from supportcases.storage.sqlite.feed import SqliteFeeds
from supportcases.storage.sqlite.idempotency import SqliteReplays
from supportcases.storage.sqlite.keys import SqliteKeys
from supportcases.storage.sqlite.leases import Lease
from supportcases.storage.sqlite.moving import SqliteMoving
from supportcases.storage.sqlite.queue import SqliteQueue
from supportcases.storage.sqlite.sessions import SqliteSessions
from supportcases.storage.sqlite.team_search import SqliteTeamSearch
from supportcases.storage.sqlite.texts import SqliteTexts
from supportcases.storage.sqlite.webhooks import SqliteWebhooks
from supportcases.storage.sqlite.whole_cases import SqliteWholeCases


class SqliteTransaction:
    """The tables, seen through one transaction."""

    __slots__ = ("_connection", "afterwards", "outdated", "over", "thousands", "writes")

    def __init__(self, connection: Connection, *, writes: bool) -> None:
        self._connection: Final = connection
        self.writes: Final = writes
        self.afterwards: Final[list[Action]] = []
        self.thousands = 0  # of messages that were filled, which are indexed once all is kept
        self.outdated = False  # is the index, where messages went
        self.over = False

    @property
    def connection(self) -> Connection:
        """The connection, for SQL of a host's own."""
        if self.over:
            raise RuntimeError("This transaction is over; begin another with read() or write().")
        return self._connection

    @property
    def cases(self) -> SqliteCases:
        """The cases and their messages."""
        return SqliteCases(self.connection, self._messages_added)

    @property
    def whole_cases(self) -> SqliteWholeCases:
        """The cases with all that belongs to them."""
        return SqliteWholeCases(self.connection, self._messages_added)

    @property
    def queue(self) -> SqliteQueue:
        """The cases of all stores."""
        return SqliteQueue(self.connection)

    @property
    def team_search(self) -> SqliteTeamSearch:
        """The texts of all stores."""
        return SqliteTeamSearch(self.connection)

    @property
    def excerpts(self) -> SqliteExcerpts:
        """A few words of each of several cases."""
        return SqliteExcerpts(self.connection)

    @property
    def events(self) -> SqliteEvents:
        """What happened to each case."""
        return SqliteEvents(self.connection)

    @property
    def feeds(self) -> SqliteFeeds:
        """What happened to all cases, for each side."""
        return SqliteFeeds(self.connection)

    @property
    def webhooks(self) -> SqliteWebhooks:
        """Webhooks' endpoints."""
        return SqliteWebhooks(self.connection)

    @property
    def deliveries(self) -> SqliteDeliveries:
        """What is delivered to them."""
        return SqliteDeliveries(self.connection)

    @property
    def attachments(self) -> SqliteAttachments:
        """The files that come with messages."""
        return SqliteAttachments(self.connection)

    @property
    def keys(self) -> SqliteKeys:
        """The API keys."""
        return SqliteKeys(self.connection)

    @property
    def texts(self) -> SqliteTexts:
        """The team's canned texts."""
        return SqliteTexts(self.connection)

    @property
    def sessions(self) -> SqliteSessions:
        """Who is signed in."""
        return SqliteSessions(self.connection)

    @property
    def replays(self) -> SqliteReplays:
        """The answers kept for retries."""
        return SqliteReplays(self.connection)

    def _messages_added(self, last: int, count: int) -> None:
        self.thousands += last // EVERY - (last - count) // EVERY

    def _messages_gone(self) -> None:
        self.outdated = True

    @property
    def erasures(self) -> SqliteErasures:
        """What is taken out of cases for good."""
        return SqliteErasures(self.connection, self._messages_gone)

    @property
    def moving(self) -> SqliteMoving:
        """All of it, to be carried into another database."""
        return SqliteMoving(self.connection)

    def after_commit(self, action: Action) -> None:
        """Call `action`, which raises nothing, once all that is written is kept; never where it is not."""
        if not self.writes:
            raise RuntimeError("A transaction that reads commits nothing; begin with write().")
        self.afterwards.append(action)


class ThreadState(Waiting, Protocol):
    """What is under way in this thread, or in this greenlet where gevent makes those of threads."""

    transaction: SqliteTransaction | None
    keeps: bool  # a connection between two reads
    kept: Lease | None


def thread_state() -> ThreadState:
    """Return the state of each thread, in which nothing is under way."""

    class Local(threading.local):
        transaction: SqliteTransaction | None = None
        afterwards: deque[Action] | None = None
        keeps = False
        kept: Lease | None = None

    return Local()


def give_back(state: ThreadState) -> None:
    """Give back the connection that the thread has kept between two reads, if there is one."""
    if lease := state.kept:
        state.kept = None
        lease.end()


def begin(connection: Connection, *, writes: bool) -> None:
    """Begin a transaction.

    IMMEDIATE takes the write lock first: a deferred transaction that reads and then writes fails at once, without
    waiting, when another writer was faster.
    """
    connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
    connection.begun = True


def end(connection: Connection, *, keep: bool) -> None:
    """Commit the transaction, or roll it back.

    Raises:
        DatabaseUnavailable: It shall be kept, and has ended before its time: nothing is to be kept any more.
    """
    if not keep and connection.inherited:
        return  # it is the parent's
    try:
        if keep:
            connection.execute("COMMIT")
    finally:
        connection.begun = False
        if connection.in_transaction and not connection.inherited:  # a full disk has rolled it back already
            connection.execute("ROLLBACK")


@contextmanager
def savepoint(transaction: SqliteTransaction) -> Iterator[None]:
    """Keep all that is written inside with the rest of the transaction, or, if an exception is raised, none of it.

    Raises:
        RuntimeError: The transaction has ended meanwhile, and its connection may be somebody else's now.
    """
    transaction.connection.execute("SAVEPOINT supportcases")
    try:
        yield
        transaction.connection.execute("RELEASE supportcases")
    except BaseException:
        if not transaction.over and transaction.connection.in_transaction and not transaction.connection.inherited:
            take_back(transaction.connection)
        raise


def take_back(connection: Connection) -> None:
    """Go back to the savepoint, or, where that fails, to before the transaction."""
    try:
        connection.execute("ROLLBACK TO supportcases")
        connection.execute("RELEASE supportcases")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
