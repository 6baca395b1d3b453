"""Where the numbers of a store's cases, those of purged ones among them, have a gap, or would not go on behind them."""

from collections.abc import Iterator
from typing import Final

from supportcases.domain.text import counted
from supportcases.storage.postgres.connections import Connection

ALL: Final = "SELECT store, number FROM supportcases_cases UNION ALL SELECT store, number FROM supportcases_tombstones"


def gaps(connection: Connection) -> Iterator[str]:
    """Yield whose numbers do not go from 1 to the highest, each once."""
    for store, cases, highest in connection.execute(
        f"""
        SELECT store, count(*), max(number)
        FROM ({ALL}) AS n
        GROUP BY store
        HAVING max(number) <> count(*)
            OR count(DISTINCT number) <> count(*)
        ORDER BY store
        """
    ):
        yield f"those of {store} have gaps: {counted(cases, 'case')}, and the highest is {highest}"


def wrong_counters(connection: Connection) -> Iterator[str]:
    """Yield where the next case of a store would not get the next number."""
    for store, last, highest in connection.execute(
        f"""
        SELECT s.store, s.last_number, coalesce(n.highest, 0)
        FROM supportcases_stores AS s
        LEFT JOIN (
            SELECT store, max(number) AS highest
            FROM ({ALL}) AS both_of_them
            GROUP BY store
        ) AS n USING (store)
        WHERE s.last_number <> coalesce(n.highest, 0)
        ORDER BY s.store
        """
    ):
        yield f"{store} would go on behind {last}, and its highest is {highest}"
