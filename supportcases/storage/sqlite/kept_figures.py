"""Where what a file keeps to be quick is not what its cases and messages tell: counts, sizes, durations."""

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from supportcases.domain.text import counted
from supportcases.domain.times import from_text

MISTIMED: Final = """
    answered_after IS NOT (
        SELECT min(milliseconds_between(c.created_at, m.created_at))
        FROM supportcases_messages AS m
        WHERE m.store = c.store
          AND m.case_id = c.id
          AND m.internal = 0
          AND m.author_kind IN ('support', 'elliot')
    )
"""


def wrong_counts(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield where the counts by store are wrong."""
    for store, status, severity, told, there in _miscounts(connection, "counts", "store, status, severity"):
        yield f"{store} is said to have {told:,} that are {status} and {severity}, and has {there:,}"


def wrong_tallies(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield where the counts of all stores are wrong, by facets and in all."""
    for *facets, assignee, told, there in _miscounts(connection, "tallies", "status, severity, category, assignee"):
        yield _told_and_there(told, there, f"{', '.join(facets)} and of {assignee or 'nobody'}")
    for status, severity, told, there in _miscounts(connection, "totals", "status, severity"):
        yield _told_and_there(told, there, f"{status} and {severity}")


def _miscounts(connection: sqlite3.Connection, table: str, columns: str) -> sqlite3.Cursor:
    """Find what a table tells another count of than there are cases, with both."""
    return connection.execute(
        f"""
        SELECT {columns}, sum(told), sum(there)
        FROM (
            SELECT {columns}, cases AS told, 0 AS there
            FROM supportcases_{table}
            UNION ALL
            SELECT {columns}, 0, count(*)
            FROM supportcases_cases
            GROUP BY {columns}
        )
        GROUP BY {columns}
        HAVING sum(told) <> sum(there)
        """
    )


def _told_and_there(told: int, there: int, what: str) -> str:
    return f"there are said to be {counted(told, 'case')} that are {what}, and there are {there:,}"


def wrong_sizes(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield of which thread the size is wrong."""
    for store, number, *sizes in connection.execute(
        """
        SELECT c.store, c.number, c.messages, c.characters, count(*), sum(length(m.body))
        FROM supportcases_cases AS c
        JOIN supportcases_messages AS m ON m.store = c.store AND m.case_id = c.id AND m.internal = 0
        GROUP BY c.store, c.number
        HAVING (c.messages, c.characters) <> (count(*), sum(length(m.body)))
        """
    ):
        yield f"{store} {number} is said to have {_size(*sizes[:2])}, and has {_size(*sizes[2:])}"


def _size(messages: int, characters: int) -> str:
    return f"{counted(messages, 'message')} of {counted(characters, 'character')}"


def wrong_durations(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield which case was answered after another time than is kept."""
    connection.create_function("milliseconds_between", 2, _milliseconds_between, deterministic=True)
    for store, number in connection.execute(
        f"""
        SELECT store, number
        FROM supportcases_cases AS c
        WHERE {MISTIMED}
        ORDER BY store, number
        """
    ):
        yield f"{store} {number} was answered after another time than is kept"


def _milliseconds_between(begin: str, end: str) -> int:
    return (from_text(end) - from_text(begin)) // timedelta(milliseconds=1)
