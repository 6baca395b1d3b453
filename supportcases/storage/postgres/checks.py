"""What must hold of a database of support cases, each thing with the question that finds where it does not.

Nothing is changed. Of the files below it PostgreSQL's own `pg_amcheck` and checksums tell.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, Final, NamedTuple, TypeVar

import psycopg

from supportcases.domain.contradictions import contradictions
from supportcases.domain.errors import DatabaseUnusable
from supportcases.domain.text import counted, fold, megabytes
from supportcases.storage.conninfo import redacted
from supportcases.storage.postgres import migrations
from supportcases.storage.postgres.attachment_checks import attached_files, stray_contents, wrong_attachments
from supportcases.storage.postgres.connections import Connection
from supportcases.storage.postgres.conninfo import parameters
from supportcases.storage.postgres.feed_checks import wrong_histories
from supportcases.storage.postgres.kept_figures import wrong_counts, wrong_durations, wrong_sizes, wrong_tallies
from supportcases.storage.postgres.moving import was_moved
from supportcases.storage.postgres.number_checks import gaps, wrong_counters
from supportcases.storage.postgres.repository import looking_into
from supportcases.storage.protocol import ContentStore, Findings
from supportcases.storage.rows import (
    COLUMNS,
    ENTRY_COLUMNS,
    MESSAGE_COLUMNS,
    case_from_row,
    entry_from_row,
    message_from_row,
)

T = TypeVar("T")

MOST: Final = 5  # faults of one kind that are told
AT_ONCE: Final = 2_000  # rows that the server sends together
WITHOUT: Final = "NOT EXISTS (SELECT 1 FROM supportcases_{} AS t WHERE t.store = c.store AND t.case_id = c.id)"
PARTS: Final = """
    SELECT CASE relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' ELSE 'index' END AS kind, relname AS name
    FROM pg_class
    WHERE relkind IN ('r', 'v', 'i')
      AND relname LIKE 'supportcases\\_%'
      AND relnamespace = current_schema()::regnamespace
    UNION ALL
    SELECT 'trigger', tgname
    FROM pg_trigger
    WHERE tgname LIKE 'supportcases\\_%'
      AND tgenabled = 'O'
      AND tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace = current_schema()::regnamespace)
"""


class Check(NamedTuple):
    """Something that is looked at: `find` yields what is wrong."""

    name: str
    find: Callable[[Connection], Iterator[str]]


def check(conninfo: str, contents: ContentStore | None = None) -> Findings:
    """Look at all that must hold of the database, as it is at one moment; it may be in use.

    Bytes of files that are not in it are looked for in `contents`.

    Raises:
        DatabaseUnusable: It cannot be reached, or it holds no support cases.
    """
    name = redacted(conninfo)
    with looking_into(name, parameters(conninfo, target_session_attrs="any")) as connection:
        connection.begin(writes=False)
        applied, known = migrations.applied(connection), migrations.known()
        if not applied:
            raise DatabaseUnusable(f"{name} holds no support cases.")
        unknown, pending = sorted(applied - set(known)), [step for step in known if step not in applied]
        looked_at = ["the schema"]
        faults = _told("the schema", _newer(unknown) if unknown else _missing_parts(connection, pending), connection)
        for subject, find in CHECKS if not (unknown or pending) else ():
            looked_at.append(subject)
            faults += _told(subject, find(connection), connection)
        warnings = [*_warnings(connection, pending)]
        if not (unknown or pending):
            looked_at.append(f"attachments ({counted(attached_files(connection), 'file')})")
            faults += _told("attachments", wrong_attachments(connection, contents), connection)
            warnings += stray_contents(connection, contents)
        if not (pending or unknown or faults):
            looked_at.append("what happened to each case")
            faults += _told("what happened to each case", _contradictions(connection), connection)
        return Findings(_described(connection), tuple(looked_at), tuple(faults), tuple(warnings))


def _told(name: str, faults: Iterable[str], connection: Connection) -> list[str]:
    """Return the faults as lines, and where they cannot be found out the reason."""
    told: list[str] = []
    connection.execute("SAVEPOINT looking")
    try:
        for fault in islice(faults, MOST):
            told.append(f"{name}: {fault}")
    except psycopg.Error as error:
        if connection.broken:
            raise
        connection.roll_back("TO looking")
        told.append(f"{name}: {error.diag.message_primary or error}")
    return [*told, f"{name}: there may be more"] if len(told) == MOST else told


def _described(connection: Connection) -> str:
    """Return what database it is."""
    ((cases, stores, size, version),) = connection.execute(
        """
        SELECT (SELECT count(*) FROM supportcases_cases), (SELECT count(*) FROM supportcases_stores),
               pg_database_size(current_database()), current_setting('server_version')
        """
    ).fetchall()
    return f"{counted(cases, 'case')} of {counted(stores, 'store')}, {megabytes(size)}, PostgreSQL {version.split()[0]}"


def _warnings(connection: Connection, pending: list[str]) -> Iterator[str]:
    if was_moved(connection):
        yield "it was moved, and nothing is written to it any more; `supportcases move --undo` takes that back"
    if pending:
        yield f"an older version of supportcases wrote it: its next use brings it up to date ({', '.join(pending)})"
    ((letters,),) = connection.execute("SELECT datctype FROM pg_database WHERE datname = current_database()").fetchall()
    if letters in ("C", "POSIX"):
        yield f"its LC_CTYPE is {letters}: searches for words in other than Latin letters look at every text"


def _newer(unknown: list[str]) -> Iterator[str]:
    yield f"a newer version of supportcases wrote it, which knows {', '.join(unknown)}"


def _missing_parts(connection: Connection, pending: list[str]) -> Iterator[str]:
    there = {(kind, name) for kind, name in connection.execute(PARTS)}
    for kind, name in migrations.parts() if not pending else ():
        if (kind, name) not in there:
            yield f"the {kind} {name} is missing"


def _cases_where(wrong: str, told: str) -> Callable[[Connection], Iterator[str]]:
    def find(connection: Connection) -> Iterator[str]:
        for store, number in connection.execute(
            f"""
            SELECT store, number
            FROM supportcases_cases AS c
            WHERE {wrong}
            ORDER BY store, number
            """
        ):
            yield f"{store} {number} {told}"

    return find


def _misfolded(of: str, rows: str) -> Callable[[Connection], Iterator[str]]:
    """Compare what is looked for with what `fold` makes of the texts: PostgreSQL knows no such function."""

    def find(connection: Connection) -> Iterator[str]:
        for store, number, text, folded in _streamed(connection, rows):
            if fold(text) != folded:
                yield f"{store} {number} is looked for by another {of} than it has"

    return find


def _contradictions(connection: Connection) -> Iterator[str]:
    """Ask of each case whether a desk could have kept it as it is, in a database of which all else is sound."""
    cases = _streamed(connection, f"SELECT {COLUMNS} FROM supportcases_cases ORDER BY store, id")
    threads = _by_case(connection, "messages", MESSAGE_COLUMNS, message_from_row)
    histories = _by_case(connection, "events", ENTRY_COLUMNS, entry_from_row)
    for case, messages, history in zip(map(case_from_row, cases), threads, histories, strict=True):
        for place, problem in contradictions(case, messages, history):
            yield f"{case.store} {case.number}, {place} {problem[0].lower()}{problem[1:].removesuffix('.')}"


def _by_case(
    connection: Connection, table: str, columns: str, from_row: Callable[[tuple[Any, ...]], T]
) -> Iterator[list[T]]:
    """Yield what belongs to each case, oldest first, in the order of the cases' stores and ids."""
    rows = _streamed(
        connection,
        f"""
        SELECT store, case_id, {columns}
        FROM supportcases_{table}
        ORDER BY store, case_id, position
        """,
    )
    for _, of_one in groupby(rows, key=itemgetter(0, 1)):
        yield [from_row(row[2:]) for row in of_one]


def _streamed(connection: Connection, statement: str) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a statement, of which no more than a few are in memory."""
    with closing(connection.psycopg.cursor(f"rows_{abs(hash(statement))}")) as cursor:
        cursor.itersize = AT_ONCE
        yield from cursor.execute(statement)


CHECKS: Final = (
    Check("numbers", gaps),
    Check("next numbers", wrong_counters),
    Check("messages", _cases_where(WITHOUT.format("messages"), "has none")),
    Check("history", _cases_where(WITHOUT.format("events"), "has none")),
    Check("the feed", wrong_histories),
    Check("counts", wrong_counts),
    Check("tallies", wrong_tallies),
    Check("threads", wrong_sizes),
    Check("subjects", _misfolded("subject", "SELECT store, number, subject, subject_folded FROM supportcases_cases")),
    Check(
        "bodies",
        _misfolded(
            "message",
            """
            SELECT c.store, c.number, m.body, m.body_folded
            FROM supportcases_messages AS m
            JOIN supportcases_cases AS c ON c.store = m.store AND c.id = m.case_id
            """,
        ),
    ),
    Check("durations", wrong_durations),
)
