"""What must hold of a file of support cases, each thing with the question that finds where it does not.

Nothing of the file is changed, and no write lock is taken.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, Final, NamedTuple, TypeVar

from supportcases.domain.contradictions import contradictions
from supportcases.domain.text import counted, megabytes
from supportcases.storage.protocol import ContentStore, Findings
from supportcases.storage.rows import (
    COLUMNS,
    ENTRY_COLUMNS,
    MESSAGE_COLUMNS,
    case_from_row,
    entry_from_row,
    message_from_row,
)
from supportcases.storage.sqlite import migrations
from supportcases.storage.sqlite.attachment_checks import attached_files, stray_contents, wrong_attachments
from supportcases.storage.sqlite.connections import use_fold
from supportcases.storage.sqlite.damage import damage
from supportcases.storage.sqlite.errors import DAMAGED, primary_code
from supportcases.storage.sqlite.feed_checks import wrong_histories
from supportcases.storage.sqlite.kept_figures import wrong_counts, wrong_durations, wrong_sizes, wrong_tallies
from supportcases.storage.sqlite.moving import was_moved
from supportcases.storage.sqlite.number_checks import gaps, wrong_counters
from supportcases.storage.sqlite.read_only import (
    known_parts,
    looking_into,
    open_able_to_write,
    our_parts,
)

T = TypeVar("T")

ATTACHMENTS: Final = "0012_attachments"  # the migration since which there are files
MOST: Final = 5  # faults of one kind that are told
LEAST_FREE: Final = 100_000_000  # bytes that the disk should have left, or as many as the file has
WITHOUT: Final = "NOT EXISTS (SELECT 1 FROM supportcases_{} AS t WHERE t.store = c.store AND t.case_id = c.id)"
MISFOLDED: Final = "subject_folded <> fold(subject)"
SUBJECTS: Final = """
    SELECT s.ordinal << 32 | c.number AS place, c.subject_folded AS text
    FROM main.supportcases_cases AS c
    JOIN main.supportcases_stores AS s USING (store)
"""
BODIES: Final = """
    SELECT d.id AS place, fold(coalesce(o.body, m.body)) AS text
    FROM main.supportcases_bodies_docsize AS d
    LEFT JOIN main.supportcases_outdated_bodies AS o ON o.position = d.id
    LEFT JOIN main.supportcases_messages AS m ON m.position = d.id
"""
INDEX_TABLES: Final = ("data", "idx", "docsize", "config")  # in which FTS5 keeps what it knows


class Check(NamedTuple):
    """Something that is looked at, in files that have seen the migration `since`: `find` yields what is wrong."""

    name: str
    since: str
    find: Callable[[sqlite3.Connection], Iterator[str]]


def check(path: str, contents: ContentStore | None = None) -> Findings:
    """Look at all that must hold of the file, as it is at one moment; it may be in use.

    Bytes of files that are not in it are looked for in `contents`.

    Raises:
        DatabaseUnusable: There is no such file, it is no database, or it holds no support cases.
    """
    with looking_into(path) as connection:
        use_fold(connection)
        applied, known = migrations.applied(connection), migrations.known()
        unknown, pending = sorted(applied - set(known)), [name for name in known if name not in applied]
        looked_at = ["the file", "the schema"]
        faults = _told("the file", _damage_of_file(path))
        faults += _told("the schema", _newer(unknown) if unknown else _wrong_parts(connection, pending))
        for name, since, find in CHECKS:
            if since in applied and not unknown:
                looked_at.append(name)
                faults += _told(name, find(connection))
        if ATTACHMENTS in applied and not unknown:
            files = _unless_damaged(lambda: f" ({counted(attached_files(connection), 'file')})", "")
            looked_at.append(f"attachments{files}")
            faults += _told("attachments", wrong_attachments(connection, contents))
        if not (pending or unknown or faults):
            looked_at.append("what happened to each case")
            faults += _told("what happened to each case", _contradictions(connection))
        warnings = [*_warnings(path, pending, connection)]
        if ATTACHMENTS in applied:
            warnings += _unless_damaged(lambda: list(stray_contents(connection, contents)), [])
        return Findings(_described(path, connection), tuple(looked_at), tuple(faults), tuple(warnings))


def _unless_damaged(ask: Callable[[], T], otherwise: T) -> T:
    """Return what the file tells, or `otherwise` where it cannot be read: what is wrong with it is told apart."""
    try:
        return ask()
    except sqlite3.Error:
        return otherwise


def _told(name: str, faults: Iterable[str]) -> list[str]:
    """Return the faults as lines, and where they cannot be found out the reason."""
    told: list[str] = []
    try:
        for fault in islice(faults, MOST):
            told.append(f"{name}: {fault}")
    except sqlite3.Error as error:
        told.append(f"{name}: {error}")
    return [*told, f"{name}: there may be more"] if len(told) == MOST else told


def _damage_of_file(path: str) -> Iterator[str]:
    with closing(open_able_to_write(path)) as connection:
        yield from damage(connection)


def _described(path: str, connection: sqlite3.Connection) -> str:
    """Return what file it is, as far as it can be read."""
    ((mode,),) = connection.execute("PRAGMA journal_mode").fetchall()
    told = f"{megabytes(os.path.getsize(path))}, journal mode {mode}, SQLite {sqlite3.sqlite_version}"
    return _unless_damaged(lambda: f"{_counted_cases(connection)}, {told}", told)


def _counted_cases(connection: sqlite3.Connection) -> str:
    ((cases, stores),) = connection.execute(
        "SELECT count(*), (SELECT count(*) FROM supportcases_stores) FROM supportcases_cases"
    ).fetchall()
    return f"{counted(cases, 'case')} of {counted(stores, 'store')}"


def _warnings(path: str, pending: list[str], connection: sqlite3.Connection) -> Iterator[str]:
    if was_moved(connection):
        yield "it was moved, and nothing is written to it any more; `supportcases move --undo` takes that back"
    if pending:
        yield f"an older version of supportcases wrote it: its next use brings it up to date ({', '.join(pending)})"
    if not os.access(path, os.W_OK):
        yield "its CHECK constraints were not looked at: SQLite does so only for those who may write the file"
    free, size = shutil.disk_usage(os.path.dirname(os.path.realpath(path))).free, os.path.getsize(path)
    if free < max(size, LEAST_FREE):
        yield f"the disk has {megabytes(free)} left"
    if _may_reset_a_wal(sqlite3.sqlite_version_info):
        yield (
            f"SQLite {sqlite3.sqlite_version} has the fault WAL-reset: "
            "where several processes write the file, take 3.51.3 or newer"
        )


def _may_reset_a_wal(version: tuple[int, ...]) -> bool:
    """Tell whether two processes that write at the same instant could damage the file: sqlite.org/wal.html."""
    mended = version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)
    return version >= (3, 7) and not mended


def _newer(unknown: list[str]) -> Iterator[str]:
    yield f"a newer version of supportcases wrote it, which knows {', '.join(unknown)}"


def _wrong_parts(connection: sqlite3.Connection, pending: list[str]) -> Iterator[str]:
    known, ours = {} if pending else known_parts(), our_parts(connection)
    for (kind, name), sql in sorted(known.items()):
        if (kind, name) not in ours:
            yield f"the {kind} {name} is missing"
        elif kind == "trigger" and ours[kind, name] != sql:  # of a table SQLite itself rewrites the text
            yield f"the {kind} {name} is not as it was made"


def _cases_where(wrong: str, told: str) -> Callable[[sqlite3.Connection], Iterator[str]]:
    def find(connection: sqlite3.Connection) -> Iterator[str]:
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


def _index_where(name: str, texts: str, told: str) -> Callable[[sqlite3.Connection], Iterator[str]]:
    """Let FTS5 compare an index with its `texts`, in a copy: it does so only by a statement that writes."""

    def find(connection: sqlite3.Connection) -> Iterator[str]:
        connection.execute(f"CREATE TEMPORARY VIEW texts_of_{name} AS {texts}")
        connection.execute(
            f"""
            CREATE VIRTUAL TABLE temp.copy_of_{name}
                USING fts5 (
                    text,
                    content = 'texts_of_{name}',
                    content_rowid = 'place',
                    detail = none,
                    tokenize = 'trigram case_sensitive 1'
                )
            """
        )
        for part in INDEX_TABLES:
            connection.execute(
                f"INSERT OR REPLACE INTO temp.copy_of_{name}_{part} SELECT * FROM main.supportcases_{name}_{part}"
            )
        try:
            connection.execute(f"INSERT INTO temp.copy_of_{name} (copy_of_{name}, rank) VALUES ('integrity-check', 1)")
        except sqlite3.Error as error:
            if primary_code(error) not in DAMAGED:
                raise
            yield f"it does not hold exactly {told}, so a search may miss cases"

    return find


def _contradictions(connection: sqlite3.Connection) -> Iterator[str]:
    """Ask of each case whether a desk could have kept it as it is, in a file of which all else is sound.

    Each table is read once, all in one order: two queries for each case would take half as long again.
    """
    cases = connection.execute(f"SELECT {COLUMNS} FROM supportcases_cases ORDER BY store, id")
    threads = _by_case(connection, "messages", MESSAGE_COLUMNS, message_from_row)
    histories = _by_case(connection, "events", ENTRY_COLUMNS, entry_from_row)
    for case, messages, history in zip(map(case_from_row, cases), threads, histories, strict=True):
        for place, problem in contradictions(case, messages, history):
            yield f"{case.store} {case.number}, {place} {problem[0].lower()}{problem[1:].removesuffix('.')}"


def _by_case(
    connection: sqlite3.Connection, table: str, columns: str, from_row: Callable[[tuple[Any, ...]], T]
) -> Iterator[list[T]]:
    """Yield what belongs to each case, oldest first, in the order of the cases' stores and ids."""
    rows = connection.execute(
        f"""
        SELECT store, case_id, {columns}
        FROM supportcases_{table}
        ORDER BY store, case_id, position
        """
    )
    for _, of_one in groupby(rows, key=itemgetter(0, 1)):
        yield [from_row(row[2:]) for row in of_one]


CHECKS: Final = (
    Check("numbers", "0001_cases", gaps),
    Check("next numbers", "0001_cases", wrong_counters),
    Check("messages", "0001_cases", _cases_where(WITHOUT.format("messages"), "has none")),
    Check("history", "0001_cases", _cases_where(WITHOUT.format("events"), "has none")),
    Check("the feed", "0013_feed", wrong_histories),
    Check("counts", "0005_speed", wrong_counts),
    Check("tallies", "0009_queue", wrong_tallies),
    Check("threads", "0006_threads", wrong_sizes),
    Check("subjects", "0007_folding", _cases_where(MISFOLDED, "is looked for by another subject than it has")),
    Check("durations", "0009_queue", wrong_durations),
    Check("the search index", "0007_folding", _index_where("search", SUBJECTS, "the subjects")),
    Check("the index of messages", "0008_bodies", _index_where("bodies", BODIES, "the messages that are in it")),
)
