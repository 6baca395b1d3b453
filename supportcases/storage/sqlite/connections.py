"""A connection to SQLite: how it is opened, and what it refuses to do."""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import quote

from supportcases.domain.errors import DatabaseUnavailable
from supportcases.domain.text import fold
from supportcases.processes import is_overdue, ticks

PAUSE: Final = 0.002  # seconds between two attempts
PATIENCE: Final = 10.0  # seconds that a reader or writer waits for locks, in all, before it is `DatabaseBusy`
PASSING: Final = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY_RECOVERY}  # no SQLITE_BUSY_SNAPSHOT, which stays
OVERWRITE: Final = "PRAGMA secure_delete = ON"  # what is deleted; not every build of SQLite does so by itself
STEPS: Final = 10_000  # of a statement, after which it looks at the clock: about a millisecond

Trace = Callable[[str], object]


class Cursor(sqlite3.Cursor):
    """A cursor that tries to get SQLite's locks every 2 ms.

    SQLite itself would sleep up to 100 ms between two attempts, and beside a process that writes without a pause hardly
    ever wake in the moment between two of its transactions.
    """

    connection: "Connection"

    def execute(self, *statement: Any) -> "Cursor":
        """Execute a statement, once others have let go of the locks."""
        for last in attempts(self.connection.patience):
            try:
                return super().execute(*statement)
            except sqlite3.OperationalError as error:
                if last or is_overdue() or not will_pass(error):
                    raise
        raise AssertionError("One of the attempts is the last.")


class Connection(sqlite3.Connection):
    """A connection that does nothing more once its transaction has ended before its time.

    SQLite rolls a transaction back by itself where the disk is full or fails, memory is short, or somebody interrupts
    it, and would then keep each further statement at once. In a child of the process that has opened the connection it
    does nothing at all: pages that do not fit into memory would be written beside those of the parent.
    """

    begun = False  # from BEGIN until COMMIT or ROLLBACK
    process: int | None = None  # that has opened it; None where a fork copies the database too
    patience = PATIENCE  # seconds that each statement waits for SQLite's locks

    @property
    def inherited(self) -> bool:
        """Whether another process has opened it, of which this one is a child."""
        return self.process is not None and self.process != os.getpid()

    def must_go_on(self) -> None:
        """Raise `DatabaseUnavailable` where the transaction cannot go on."""
        if self.inherited:
            raise DatabaseUnavailable("Another process began this transaction, before a fork; only there can it go on.")
        if self.begun and not self.in_transaction:
            raise DatabaseUnavailable("This transaction has ended before its time; nothing more of it is kept.")

    def cursor(self, factory: Any = Cursor) -> Any:
        """Return a cursor."""
        self.must_go_on()
        return super().cursor(factory)

    def execute(self, *statement: Any) -> sqlite3.Cursor:
        """Execute a statement, once others have let go of the locks."""
        if (self.begun and not self.in_transaction) or self.process != os.getpid():  # most often all is well
            self.must_go_on()
        try:
            return sqlite3.Connection.execute(self, *statement)
        except sqlite3.OperationalError as error:
            if not will_pass(error):
                raise
        waiting: Cursor = self.cursor()  # only now: most find no lock in their way, and this is slower
        return waiting.execute(*statement)

    def executemany(self, *statement: Any) -> sqlite3.Cursor:
        """Execute a statement with each of many parameters."""
        self.must_go_on()
        return super().executemany(*statement)

    def executescript(self, *script: Any) -> sqlite3.Cursor:
        """Execute statements; a transaction is committed before."""
        self.must_go_on()
        return super().executescript(*script)


def open_file(path: str, trace: Trace | None = None, deadline: float | None = None) -> Connection:
    """Return a connection to the file, in WAL mode; a commit is on the disk when it returns.

    `deadline` is until when to wait for others, in ticks.
    """
    connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False, factory=Connection)
    try:
        connection.process = os.getpid()
        if deadline is not None:
            connection.patience = deadline - ticks()
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise DatabaseUnavailable(f"{path} cannot be used in WAL mode; its journal mode is {mode}.")
        connection.execute("PRAGMA synchronous = FULL")  # NORMAL would lose the last commits in a power cut
        connection.execute("PRAGMA journal_size_limit = 67108864")
        connection.execute("PRAGMA cell_size_check = ON")
        connection.execute("PRAGMA mmap_size = 0")  # an I/O error stays an error, not a SIGBUS
        connection.execute("PRAGMA cache_size = -1000")  # kilobytes: the system keeps the file's pages for all
        connection.patience = PATIENCE
        return _ready(connection, trace)
    except BaseException:
        connection.close()
        raise


def open_read_only(path: str, *, immutable: bool = False) -> Connection:
    """Return a connection that cannot change the file, nor create it.

    With `immutable` SQLite takes no lock and makes no file beside it: only where nobody writes meanwhile.
    """
    uri = uri_of(path, "ro") + ("&immutable=1" if immutable else "")
    connection = Connection(uri, uri=True, timeout=0, isolation_level=None)
    connection.execute(OVERWRITE)
    return connection


def uri_of(path: str, mode: str) -> str:
    """Return the URI that opens the file in that mode; a file's name may be any bytes."""
    return f"file:{quote(b'/' + os.fsencode(path).lstrip(b'/'))}?mode={mode}"


def open_memory(trace: Trace | None = None) -> Connection:
    """Return a connection to a new database in memory."""
    # not by sqlite3.connect: a tracer may wrap what that returns, and backup() takes no target that is wrapped
    return _ready(Connection(":memory:", isolation_level=None, check_same_thread=False), trace)


def will_pass(error: sqlite3.Error) -> bool:
    """Tell whether others only hold a lock that they will let go of."""
    return getattr(error, "sqlite_errorcode", None) in PASSING


def attempts(seconds: float) -> Iterator[bool]:
    """Yield every 2 ms for some seconds whether it is the last attempt; it ends where a test stops the clock too."""
    deadline = time.monotonic() + seconds
    for left in reversed(range(max(1, int(seconds / PAUSE)))):
        yield not left or time.monotonic() > deadline
        time.sleep(PAUSE)


def _ready(connection: Connection, trace: Trace | None) -> Connection:
    connection.execute("PRAGMA foreign_keys = ON")
    if connection.execute("PRAGMA foreign_keys").fetchone() != (1,):
        raise DatabaseUnavailable("This SQLite was built without foreign keys.")
    connection.execute(OVERWRITE)
    connection.execute("PRAGMA trusted_schema = ON")  # or the triggers could not write to the search
    connection.execute("PRAGMA recursive_triggers = ON")  # or REPLACE would pass by the triggers that keep the history
    use_fold(connection)
    connection.set_progress_handler(is_overdue, STEPS)  # what takes longer than its request may is interrupted
    connection.set_trace_callback(trace)
    return connection


def use_fold(connection: sqlite3.Connection) -> None:
    """Let the statements of the connection fold texts."""
    connection.create_function("fold", 1, fold, deterministic=True)
