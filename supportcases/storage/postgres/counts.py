"""How many cases match a filter.

Triggers keep count by status and severity of each store (counts), and by facets of all: status, severity, category and
assignee (tallies). What these do not tell is counted.
"""

from typing import Final

from supportcases.domain.cases import CaseFilter
from supportcases.storage.postgres.connections import Connection
from supportcases.storage.postgres.rows import matching

SUMMED_UP: Final = 100_000  # changes of the tallies that are summed up together
SUM_UP: Final = """
    WITH changes AS (
        DELETE FROM supportcases_tally_changes
        WHERE position IN (
            SELECT position
            FROM supportcases_tally_changes
            ORDER BY position
            LIMIT %(most)s
        )
        RETURNING status, severity, category, assignee, cases
    )
    INSERT INTO supportcases_tallies AS t (status, severity, category, assignee, cases)
    SELECT status, severity, category, assignee, sum(cases)
    FROM changes
    GROUP BY status, severity, category, assignee
    ON CONFLICT (status, severity, category, coalesce(assignee, ''))
        DO UPDATE SET cases = t.cases + excluded.cases
"""

Counts = dict[tuple[str, str], int]  # of cases, by status and severity; where there are none, nothing


def counts_of(connection: Connection, wanted: CaseFilter) -> Counts:
    """Return how many cases match a filter, whatever its `query`, by their status and severity."""
    wanted = wanted._replace(query=None)
    where, values = matching(wanted)
    rows = connection.execute(
        f"""
        SELECT c.status, c.severity, {_counted_from(wanted)} AS c
        WHERE {where}
        GROUP BY c.status, c.severity
        """,
        values,
    )
    return {(status, severity): count for status, severity, count in rows if count}


def _counted_from(wanted: CaseFilter) -> str:
    by_status = CaseFilter(status=wanted.status, severity=wanted.severity)
    if wanted == by_status._replace(category=wanted.category, assignee=wanted.assignee):
        return "sum(c.cases)::bigint FROM supportcases_all_tallies"
    if wanted == by_status._replace(stores=wanted.stores, store=wanted.store):
        return "sum(c.cases)::bigint FROM supportcases_counts"
    return "count(*) FROM supportcases_cases"


def sum_up_tallies(connection: Connection) -> None:
    """Add the changes that wait to the tallies, unless somebody else does: all of them see the same sum throughout."""
    (alone,) = connection.execute("SELECT pg_try_advisory_xact_lock(hashtextextended('tallies', 0))").fetchone() or (0,)
    if alone:
        connection.execute(SUM_UP, {"most": SUMMED_UP})


def forget_tallies(connection: Connection) -> None:
    """Forget by which labels cases were counted that are not any more; who writes meanwhile waits for nothing."""
    connection.wait("SELECT pg_advisory_xact_lock(hashtextextended('tallies', 0))", {})
    connection.execute(SUM_UP, {"most": SUMMED_UP})
    connection.execute("DELETE FROM supportcases_tallies WHERE cases = 0")
