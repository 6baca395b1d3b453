"""How many cases match a filter, by whichever way reads least.

Triggers keep count by status and severity (totals), of each store too (counts), and by facets: status, severity,
category and assignee (tallies). What these do not tell is counted in an index.
"""

import sqlite3
from collections.abc import Iterable
from functools import cached_property
from typing import Final

from supportcases.domain.cases import CaseFilter
from supportcases.storage.sqlite.orders import BY_ACTIVITY, BY_AGE
from supportcases.storage.sqlite.rows import matching

LOOKUP: Final = 15  # entries of an index that are passed over in the time in which a case is read
SPAN: Final = 0.25  # the part of all cases that a span of time is taken to have

BY_STORE: Final = "supportcases_cases_by_status_and_severity"
BY_FACETS: Final = "supportcases_cases_by_facets"
FACETS: Final = ("status", "severity", "category", "assignee")
OF_THE_CELL: Final = " AND ".join(f"c.{facet} IS its_{facet}" for facet in FACETS)
SPANS: Final = {BY_AGE: ("created_after", "created_before"), BY_ACTIVITY: ("active_after", "active_before")}
# true of all cases: with it SQLite seeks in an index that begins with the two
ANY: Final = "(status, severity) IN (SELECT status, severity FROM supportcases_totals)"

Counts = dict[tuple[str, str], int]  # of cases, by status and severity; where there are none, nothing


class FilterCounts:
    """How many cases match a filter, whatever its `query`, and how many match parts of it."""

    def __init__(self, connection: sqlite3.Connection, wanted: CaseFilter) -> None:
        """Ask for what is wanted."""
        self._connection = connection
        self._wanted = wanted._replace(query=None)
        self._by_status = CaseFilter(status=wanted.status, severity=wanted.severity)
        self._by_facets = self._by_status._replace(category=wanted.category, assignee=wanted.assignee)
        self._by_store = self._by_status._replace(stores=wanted.stores, store=wanted.store)
        self._tallies = "supportcases_tallies"
        if wanted.assignee is not None:
            self._tallies += " INDEXED BY supportcases_tallies_by_assignee"

    @cached_property
    def match(self) -> Counts:
        """How many match the whole filter."""
        if self._wanted == self._by_status:
            return self.every
        if self._wanted == self._by_facets:
            return self.of_facets or {}
        if self._wanted == self._by_store:
            return self.of_stores or {}
        in_order = along((self.spanned_by or [BY_ACTIVITY])[0])
        ways = {in_order: sum(self.every.values()) * (SPAN if self.spanned_by else 1)}
        if self.of_facets is not None:
            ways[self.cells] = sum(self.of_facets.values()) * (LOOKUP if self.spanned_by else 1)
        if self.of_stores is not None:
            ways[along(BY_STORE)] = sum(self.of_stores.values()) * LOOKUP
        way = min(ways, key=ways.__getitem__)
        if way == in_order:
            return self._counted_apart(way)
        return self._counted(self._wanted, f"count(*) FROM {way} WHERE {ANY}")

    @cached_property
    def every(self) -> Counts:
        """How many have the status and the severity."""
        return self._counted(self._by_status, "sum(cases) FROM supportcases_totals WHERE TRUE")

    @cached_property
    def of_facets(self) -> Counts | None:
        """How many of these have the category and the assignee, if one of them is wanted."""
        if self._by_facets == self._by_status:
            return None
        return self._counted(self._by_facets, f"sum(cases) FROM {self._tallies} WHERE TRUE")

    @cached_property
    def of_stores(self) -> Counts | None:
        """How many of these are of the stores, if some are wanted."""
        if self._by_store == self._by_status:
            return None
        return self._counted(self._by_store, "sum(cases) FROM supportcases_counts WHERE TRUE")

    @cached_property
    def spanned_by(self) -> list[str]:
        """The indexes that have the cases of the wanted spans of time side by side."""
        return [index for index, ends in SPANS.items() if any(getattr(self._wanted, end) for end in ends)]

    @cached_property
    def cells(self) -> str:
        """The tables that lead to the cases with those facets."""
        where, _ = matching(self._by_facets)
        cells = f"SELECT {', '.join(f'{facet} AS its_{facet}' for facet in FACETS)} FROM {self._tallies}"
        return f"({cells} WHERE {where}) CROSS JOIN {along(BY_FACETS)} ON {OF_THE_CELL}"

    def _counted_apart(self, cases: str) -> Counts:
        """Count the cases of each status and severity alone, which many take a quarter of the time for."""
        where, values = matching(self._wanted)
        of_these, _ = matching(self._by_status)
        rows = self._connection.execute(
            f"""
            SELECT status, severity, (
                SELECT count(*)
                FROM {cases}
                WHERE c.status = t.status
                  AND c.severity = t.severity
                  AND {where}
            )
            FROM supportcases_totals AS t
            WHERE {of_these}
            """,
            values,
        )
        return _some(rows)

    def _counted(self, wanted: CaseFilter, counted_from: str) -> Counts:
        where, values = matching(wanted)
        rows = self._connection.execute(
            f"""
            SELECT status, severity, {counted_from}
              AND {where}
            GROUP BY status, severity
            """,
            values,
        )
        return _some(rows)


def _some(rows: Iterable[tuple[str, str, int]]) -> Counts:
    return {(status, severity): count for status, severity, count in rows if count}


def along(index: str) -> str:
    """Return the table of cases as one index leads through it."""
    return f"supportcases_cases AS c INDEXED BY {index}"
