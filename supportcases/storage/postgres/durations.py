"""How long the wanted cases took to something, as it was kept when that happened."""

from supportcases.domain.cases import CaseFilter
from supportcases.domain.statistics import Spread, spread
from supportcases.storage.postgres.connections import Connection
from supportcases.storage.postgres.rows import matching


def spread_of(connection: Connection, column: str, wanted: CaseFilter) -> Spread:
    """Return how the durations in a column, in milliseconds, are spread over the wanted cases.

    They are sorted by the server, which sends only those that the spread is made of. Of all cases an index has them in
    order.
    """
    if wanted == CaseFilter():
        return _of_all(connection, column)
    where, values = matching(wanted)
    row = connection.execute(
        f"""
        SELECT cardinality(all_of_them), {", ".join(f"all_of_them[{place}]" for place in PLACES)}
        FROM (
            SELECT array_agg(c.{column} ORDER BY c.{column}) AS all_of_them
            FROM supportcases_cases AS c
            WHERE {where}
              AND c.{column} IS NOT NULL
        ) AS ordered
        """,
        values,
    ).fetchone()
    count, *found = row or (0,)
    return spread(count or 0, lambda nth: int(found[_places(count).index(nth)]))


def _of_all(connection: Connection, column: str) -> Spread:
    """Return the spread over all cases. Two that are neighbours are looked for together, from the nearer end."""
    kept = f"FROM supportcases_cases WHERE {column} IS NOT NULL"
    ((count,),) = connection.execute(f"SELECT count(*) {kept}").fetchall()
    found: dict[int, int] = {}

    def nth(n: int) -> int:
        if n not in found:
            way, over = ("ASC", n) if n < count / 2 else ("DESC", max(0, count - 2 - n))
            ordered = f"SELECT {column} {kept} ORDER BY {column} {way} LIMIT 2 OFFSET %(over)s"
            for place, (value,) in enumerate(connection.execute(ordered, {"over": over}, prepare=False)):
                found[n + place if way == "ASC" else count - 1 - over - place] = value
        return found[n]

    return spread(count, nth)


def _places(count: int) -> list[int]:
    """Return the places, from 0 on, that `PLACES` are in SQL."""
    return [tenths * (count - 1) // 10 + one for tenths in (5, 9) for one in (0, 1)]


PLACES = [f"{tenths} * (cardinality(all_of_them) - 1) / 10 + {one}" for tenths in (5, 9) for one in (1, 2)]
