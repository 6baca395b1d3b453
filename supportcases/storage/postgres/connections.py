"""A connection to PostgreSQL: how it is made, and how long each of its statements may take."""

import math
import os
import re
import select
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import psycopg
from psycopg import errors
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.errors import UniqueViolation
from psycopg.pq import TransactionStatus
from psycopg.types.string import TextLoader

from supportcases.domain.errors import AlreadyThere, DatabaseBusy, DatabaseUnavailable, TooSlow
from supportcases.processes import deadline, ticks
from supportcases.storage.postgres.errors import Overdue
from supportcases.storage.postgres.watch import watch

STATEMENT: Final = 30  # seconds that a statement may take where no request says how long it may itself
COMMIT: Final = 30  # seconds that a COMMIT may wait for a standby
SETTINGS: Final = {
    "TimeZone": "UTC",
    "DateStyle": "ISO",
    "jit": "off",  # to compile a statement takes longer than any of ours does
    "statement_timeout": f"{STATEMENT}s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "60s",
}
SET: Final = "SELECT " + ", ".join(f"set_config('{name}', '{value}', FALSE)" for name, value in SETTINGS.items())

BEGIN: Final = {  # by whether it writes, and whether that must be on the disk at its end
    (True, True): "BEGIN",
    (True, False): "BEGIN; SET LOCAL synchronous_commit = off",
    (False, True): "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
}

Row = tuple[Any, ...]
Values = Mapping[str, Any]


class TimeLoader(Loader):
    """Reads a time as `domain.times` writes it; one before all others is the empty text, which sorts so too."""

    def load(self, data: Buffer) -> str:
        """Read `2024-06-15 10:30:00.25+00`."""
        text = bytes(data).decode()
        if len(text) == 22:
            return f"{text[:10]}T{text[11:19]}.000Z"
        return f"{text[:10]}T{text[11:-3]:0<12}Z" if text[0] != "-" else ""


FULL: Final = re.compile("too many (clients|connections)|connection slots", re.IGNORECASE)

OF_PARENTS: Final[list["Connection"]] = []


class Connection:
    """A connection that one thread uses at a time. Each statement is a transaction, but for those behind a BEGIN."""

    __slots__ = ("_budget", "_longest", "_process", "_warned", "_wire", "idle_since", "psycopg")

    def __init__(self, parameters: Mapping[str, Any], *, patient: bool = False) -> None:
        """Connect; with `patient` a statement may take any time."""
        self._process: Final = os.getpid()
        self._longest: Final = math.inf if patient else STATEMENT
        self._budget: float | None = None if patient else STATEMENT  # seconds that the server knows; None is to be told
        self._warned = False
        self.idle_since = 0.0
        self.psycopg: Final[psycopg.Connection[Row]] = _connect(parameters)
        self._wire: Final = socket.socket(fileno=os.dup(self.psycopg.pgconn.socket))  # to end the waiting for it
        try:
            self.psycopg.adapters.register_loader("uuid", TextLoader)
            self.psycopg.adapters.register_loader("json", TextLoader)
            self.psycopg.adapters.register_loader("timestamptz", TimeLoader)
            self.psycopg.add_notice_handler(self._heed)
            self._ask(SET, longest=0)
        except BaseException:
            self.close()
            raise

    @property
    def inherited(self) -> bool:
        """Whether another process has made it, of which this one is a child."""
        return self._process != os.getpid()

    @property
    def broken(self) -> bool:
        """Whether nothing more can be done with it."""
        return self.psycopg.closed

    @property
    def at_rest(self) -> bool:
        """Whether no transaction is under way, and none can be."""
        return self.psycopg.info.transaction_status is TransactionStatus.IDLE

    def must_go_on(self) -> None:
        """Raise `DatabaseUnavailable` where another process made it."""
        if self._process != os.getpid():
            raise DatabaseUnavailable("Another process began this transaction, before a fork; only there can it go on.")

    def execute(
        self, statement: str, values: Values | None = None, *, prepare: bool | None = None
    ) -> psycopg.Cursor[Row]:
        """Execute a statement, for as long as the request under way may take."""
        self.must_go_on()
        self._allow()
        begun = ticks()
        try:
            return self._ask(statement, values, longest=self._budget or math.inf, prepare=prepare)
        except errors.QueryCanceled as error:
            if self._budget and ticks() - begun >= self._budget - 0.1:
                raise Overdue() from error
            raise

    def wait(self, statement: str, values: Values) -> Row | None:
        """Execute a statement that waits for others, and return its first row, if any: who only waited finds us busy.

        Raises:
            DatabaseBusy: They took too long.
        """
        try:
            waited = self.execute(statement, values)
            return waited.fetchone() if waited.description else None
        except (Overdue, TooSlow) as error:
            raise DatabaseBusy() from error

    def insert(self, thing: str, table: str, row: Mapping[str, Any]) -> None:
        """Add the row of a thing.

        Raises:
            AlreadyThere: Another one has its id, or its number.
        """
        values = ", ".join(f"%({column})s" for column in row)
        try:
            self.execute(f"INSERT INTO supportcases_{table} ({', '.join(row)}) VALUES ({values})", row)
        except UniqueViolation as error:
            raise AlreadyThere(thing) from error

    def copy(self, thing: str, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Add many rows of things at once.

        Raises:
            AlreadyThere: Another one has the id of one of them, or its number; none of them is added.
        """
        self.must_go_on()
        self._allow()
        try:
            with (
                watch().at_most(self._wire, self._budget or math.inf),
                self.psycopg.cursor() as cursor,
                cursor.copy(f"COPY supportcases_{table} ({', '.join(columns)}) FROM STDIN") as copy,
            ):
                for row in rows:
                    copy.write_row(row)
        except UniqueViolation as error:
            raise AlreadyThere(thing) from error

    def stream(self, statement: str, together: int) -> Iterator[list[Row]]:
        """Yield what a statement finds, so many rows at a time: within a transaction, and one statement at a time."""
        self.must_go_on()
        self._allow()
        with self.psycopg.cursor("supportcases") as cursor:
            cursor.execute(statement)
            while some := cursor.fetchmany(together):
                yield some

    def begin(self, *, writes: bool, lasting: bool = True) -> None:
        """Begin a transaction. A follower refuses BEGIN .. READ WRITE itself, with an error unlike any other."""
        self.execute(BEGIN[writes, lasting], prepare=False)

    def commit(self) -> bool:
        """Commit, and return whether that is sure: the server may have kept it and not have told the standby.

        Raises:
            DatabaseUnavailable: The transaction had failed already; nothing of it is kept.
        """
        self._warned = False
        if self._ask("COMMIT", longest=COMMIT).statusmessage != "COMMIT":
            raise DatabaseUnavailable("This transaction has ended before its time; nothing more of it is kept.")
        return not self._warned

    def roll_back(self, to: str = "") -> None:
        """Roll the transaction back, or to a savepoint; what was set inside is as before too."""
        self._budget = None
        self._ask(f"ROLLBACK {to}", longest=0)

    def answers(self, at_rest_for: float) -> bool:
        """Tell whether the server is still there; it is asked where it may have gone without a word."""
        if at_rest_for < 1 and not self._has_something_to_read():
            return True
        try:
            self._ask("", longest=0)
        except psycopg.Error:
            return False
        return True

    def close(self) -> None:
        """Close it; the parent's is left alone, and kept, since nobody could tell psycopg that it may go unclosed."""
        if self.inherited:
            OF_PARENTS.append(self)
        else:
            self.psycopg.close()
            self._wire.close()

    def _ask(
        self, statement: str, values: Values | None = None, *, longest: float, prepare: bool | None = None
    ) -> psycopg.Cursor[Row]:
        """Execute a statement that the server ends within so many seconds; where it says nothing, break with it."""
        with watch().at_most(self._wire, longest):
            return self.psycopg.execute(statement, values, prepare=prepare)

    def _has_something_to_read(self) -> bool:
        """Tell whether the server has said something unasked: most likely a farewell."""
        waiting = select.poll()
        waiting.register(self.psycopg.pgconn.socket, select.POLLIN)
        return bool(waiting.poll(0))

    def _allow(self) -> None:
        """Let the server know how long a statement may take, in whole seconds, where that is not what it knows."""
        left = deadline.get() - ticks()
        if left <= 0:
            raise TooSlow()
        budget = min(math.ceil(left), self._longest) if left < math.inf else self._longest
        if budget != self._budget:
            self._budget = None
            self._ask(f"SET statement_timeout = '{0 if budget == math.inf else budget}s'", longest=0)
            self._budget = budget

    def _heed(self, notice: errors.Diagnostic) -> None:
        self._warned |= notice.severity_nonlocalized == "WARNING"


def _connect(parameters: Mapping[str, Any]) -> psycopg.Connection[Row]:
    """Connect. That a server has as many connections as it may have is told in words alone: without a code."""
    try:
        return psycopg.connect(**parameters, autocommit=True)
    except psycopg.OperationalError as error:
        if FULL.search(str(error)):
            raise errors.TooManyConnections(str(error)) from error
        raise
