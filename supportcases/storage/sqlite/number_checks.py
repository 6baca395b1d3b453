"""Where the numbers of a store's cases, those of purged ones among them, have a gap, or would not go on behind them."""

import sqlite3
from collections.abc import Iterator
from typing import Final

from supportcases.domain.text import counted

NO_TOMBSTONES: Final = """
    SELECT '' AS store, 0 AS number, 0 AS sequences, 0 AS last_sequence
    WHERE FALSE
"""
ALL: Final = "SELECT store, number FROM supportcases_cases UNION ALL SELECT store, number FROM {tombstones}"


def gaps(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield whose numbers do not go from 1 to the highest, each once."""
    for store, cases, highest in connection.execute(
        f"""
        SELECT store, count(*), max(number)
        FROM ({ALL.format(tombstones=tombstones(connection))})
        GROUP BY store
        HAVING max(number) <> count(*)
            OR count(DISTINCT number) <> count(*)
        ORDER BY store
        """
    ):
        yield f"those of {store} have gaps: {counted(cases, 'case')}, and the highest is {highest}"


def wrong_counters(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield where the next case of a store would not get the next number."""
    for store, last, highest in connection.execute(
        f"""
        SELECT s.store, s.last_number, ifnull(n.highest, 0)
        FROM supportcases_stores AS s
        LEFT JOIN (
            SELECT store, max(number) AS highest
            FROM ({ALL.format(tombstones=tombstones(connection))})
            GROUP BY store
        ) AS n ON n.store = s.store
        WHERE s.last_number IS NOT ifnull(n.highest, 0)
        ORDER BY s.store
        """
    ):
        yield f"{store} would go on behind {last}, and its highest is {highest}"


def tombstones(connection: sqlite3.Connection) -> str:
    """Return the table of what is kept of purged cases; an older file has none."""
    found = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'supportcases_tombstones'").fetchone()
    return "supportcases_tombstones" if found else f"({NO_TOMBSTONES})"
