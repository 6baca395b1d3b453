"""Where what a database keeps to be quick is not what its cases and messages tell: counts, sizes, durations."""

from collections.abc import Iterator

from supportcases.domain.text import counted
from supportcases.storage.postgres.connections import Connection, Row


def wrong_counts(connection: Connection) -> Iterator[str]:
    """Yield where the counts by store are wrong."""
    for store, status, severity, told, there in _miscounts(connection, "counts", "store, status, severity"):
        yield f"{store} is said to have {told:,} that are {status} and {severity}, and has {there:,}"


def wrong_tallies(connection: Connection) -> Iterator[str]:
    """Yield where the counts of all stores are wrong."""
    for *facets, assignee, told, there in _miscounts(connection, "all_tallies", "status, severity, category, assignee"):
        what = f"{', '.join(facets)} and of {assignee or 'nobody'}"
        yield f"there are said to be {counted(told, 'case')} that are {what}, and there are {there:,}"


def _miscounts(connection: Connection, table: str, columns: str) -> list[Row]:
    """Find what a table tells another count of than there are cases, with both."""
    return connection.execute(
        f"""
        SELECT {columns}, sum(told)::bigint, sum(there)::bigint
        FROM (
            SELECT {columns}, cases AS told, 0 AS there
            FROM supportcases_{table}
            UNION ALL
            SELECT {columns}, 0, count(*)
            FROM supportcases_cases
            GROUP BY {columns}
        ) AS both_of_them
        GROUP BY {columns}
        HAVING sum(told) <> sum(there)
        ORDER BY {columns}
        """
    ).fetchall()


def wrong_sizes(connection: Connection) -> Iterator[str]:
    """Yield of which thread the size is wrong."""
    for store, number, *sizes in connection.execute(
        """
        SELECT c.store, c.number, c.messages, c.characters, count(*), sum(length(m.body))::bigint
        FROM supportcases_cases AS c
        JOIN supportcases_messages AS m ON m.store = c.store AND m.case_id = c.id AND NOT m.internal
        GROUP BY c.store, c.number, c.messages, c.characters
        HAVING (c.messages, c.characters) <> (count(*), sum(length(m.body)))
        ORDER BY c.store, c.number
        """
    ):
        yield f"{store} {number} is said to have {_size(*sizes[:2])}, and has {_size(*sizes[2:])}"


def _size(messages: int, characters: int) -> str:
    return f"{counted(messages, 'message')} of {counted(characters, 'character')}"


def wrong_durations(connection: Connection) -> Iterator[str]:
    """Yield which case was answered after another time than is kept."""
    for store, number in connection.execute(
        """
        SELECT c.store, c.number
        FROM supportcases_cases AS c
        LEFT JOIN supportcases_messages AS m
            ON m.store = c.store AND m.case_id = c.id AND NOT m.internal AND m.author_kind IN ('support', 'elliot')
        GROUP BY c.store, c.number, c.created_at, c.answered_after
        HAVING c.answered_after
            IS DISTINCT FROM (extract(epoch FROM min(m.created_at) - c.created_at) * 1000)::bigint
        ORDER BY c.store, c.number
        """
    ):
        yield f"{store} {number} was answered after another time than is kept"
