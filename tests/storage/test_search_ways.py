"""The ways of a search: each is taken where it is meant, and all give the same answer."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from supportcases import Severity, SqliteRepository
from supportcases.domain.cases import Case
from tests.support.rows import T0
from tests.support.searching import (
    CANDIDATES,
    INDEX,
    NEWEST_AND_INDEX,
    NEWEST_AND_SCAN,
    SCAN,
    SMALL,
    a_known_case,
    assert_as_naive,
    loaded,
    searched,
    set_constants,
)

# every way is taken


def ways(statements: list[str]) -> list[str]:
    """Return by which ways a search went, as its statements show."""
    taken = []
    for statement in (" ".join(statement.split()) for statement in statements):
        if statement.startswith("SELECT rowid & 0xffffffff"):
            taken.append("candidates")
        elif statement.startswith("SELECT count(*) FROM ( SELECT rowid & 0xffffffff"):
            taken.append("counted in the index")
        elif "subject_folded FROM supportcases_cases" in statement:
            taken.append("newest")
        elif "AND NOT instr(" in statement:
            taken.append("number added")
        elif statement.startswith(("WITH found AS MATERIALIZED (", "SELECT count(*) FROM ( SELECT ")):
            what = "all" if statement.startswith("WITH") else "count"
            by = (
                "candidates"
                if "json_each" in statement
                else "index"
                if "CROSS JOIN" in statement
                else "file"
                if "NOT INDEXED" in statement
                else "store"
            )
            taken.append(f"{what} by {by}")
    return taken


def sixty_cases() -> Iterator[Case]:
    """Yield the cases 101 to 160 of acme, the oldest first."""
    for number in range(101, 161):
        subject = "Order of Straße" if number % 2 else "ORDER of STRASSE"
        subject += " once" if number == 101 else " 105 and 107" if number in (107, 120, 155) else ""
        subject += " late" if number >= 147 else ""
        subject += " \uffff\ufffe\ufffd" if number == 130 else " \ufffd\ufffd\ufffd" if number == 131 else ""
        moment = T0 + timedelta(minutes=number)
        severity = list(Severity)[number % 4]
        yield a_known_case(number, subject, severity=severity, created_at=moment, last_activity_at=moment)


ALONE = [*sixty_cases()]
IN_COMPANY = [*ALONE, *(a_known_case(n, "Order of Straße once 105", "globex") for n in range(1, 301))]
NORMAL = {"severity": Severity.NORMAL}
COUNTED = ["counted in the index"]
TWICE = ["candidates", "candidates"]  # by the rarest two of three trigrams, and by all


@pytest.fixture(params=[ALONE, IN_COMPANY], ids=["alone", "in company"])
def company(request):
    return request.param


@pytest.fixture
def traced():
    statements = []
    repository = SqliteRepository(":memory:", trace=statements.append)
    yield statements, repository
    repository.close()


@pytest.mark.parametrize(
    ("constants", "query", "wanted", "expected"),
    [
        (CANDIDATES, "once", {}, ["candidates", "all by candidates"]),
        (CANDIDATES, "straße", {}, ["candidates", "all by candidates"]),
        (CANDIDATES, "nowhere", {}, ["candidates", "all by candidates"]),
        (CANDIDATES, "105", NORMAL, ["candidates", "all by candidates"]),
        (CANDIDATES, "er", {}, ["all by scan"]),
        (CANDIDATES, "x" * 600, {}, ["candidates", "all by candidates"]),
        (CANDIDATES, "x" * 601, {}, ["all by scan"]),
        (CANDIDATES, "x" * 10_000, {}, ["all by scan"]),
        (SMALL, "once", {}, ["all by scan"]),
        (SMALL, "nowhere", {}, ["all by scan"]),
        (INDEX, "once", {}, ["candidates", *COUNTED, "all by index"]),
        (INDEX, "105", NORMAL, ["candidates", *COUNTED, "all by index"]),
        (INDEX, "nowhere", {}, ["candidates", "all by candidates"]),
        (SCAN, "once", {}, ["candidates", *COUNTED, "all by scan"]),
        (SCAN, "straße", NORMAL, [*TWICE, *COUNTED, "all by scan"]),
        (INDEX, "É", {}, ["all by scan"]),
        (INDEX, "ß", NORMAL, ["all by scan"]),
        (INDEX, "\uffff\ufffe\ufffd", {}, ["all by scan"]),
        (INDEX, "\ufffd\ufffd\ufffd", {}, ["all by scan"]),
        (NEWEST_AND_INDEX, "strasse", {}, [*TWICE, *COUNTED, "newest", "number added"]),
        (NEWEST_AND_INDEX, "105", {"limit": 1}, ["candidates", *COUNTED, "newest", "number added"]),
        (NEWEST_AND_INDEX, "107", {"limit": 1}, ["candidates", *COUNTED, "newest", "number added"]),
        (NEWEST_AND_INDEX, "late", NORMAL | {"limit": 2}, ["candidates", *COUNTED, "newest", "count by index"]),
        (NEWEST_AND_SCAN, "strasse", NORMAL, [*TWICE, *COUNTED, "newest", "count by scan"]),
        (NEWEST_AND_SCAN, "strasse", {}, [*TWICE, *COUNTED, "newest", "number added"]),
        (NEWEST_AND_SCAN, "er", {}, ["newest", "count by scan"]),
        (NEWEST_AND_SCAN, "15", {"limit": 2}, ["newest", "all by scan"]),
        (NEWEST_AND_INDEX, "once", {}, ["candidates", *COUNTED, "newest", "all by index"]),
        (NEWEST_AND_INDEX, "strasse", {"offset": 8}, [*TWICE, *COUNTED, "newest", "all by index"]),
        (NEWEST_AND_SCAN, "strasse", {"limit": 20}, [*TWICE, *COUNTED, "newest", "all by scan"]),
        ({"few": 0, "newest": 60, "share": 5}, "strasse", {}, [*TWICE, *COUNTED, "all by scan"]),
        ({"few": 0, "newest": 60, "share": 5}, "er", {}, ["all by scan"]),
    ],
)
def test_each_way_is_taken_where_it_is_meant(traced, monkeypatch, company, constants, query, wanted, expected):
    statements, repository = traced
    desk = loaded(repository, *company)
    set_constants(monkeypatch, **constants)
    statements.clear()
    wanted = {"limit": 5} | wanted
    assert_as_naive(desk, "acme", ALONE, query, **wanted)
    scanned = "file" if company is ALONE and "severity" not in wanted else "store"
    assert ways(statements) == [way.replace("by scan", f"by {scanned}") for way in expected]


@pytest.mark.parametrize("filters", [{}, {"status": "open"}, {"severity": "normal"}], ids=str)
@pytest.mark.parametrize("analysed", [False, True], ids=["as it is", "analysed"])
def test_the_cases_that_were_found_are_fetched_one_by_one(traced, company, filters, analysed):
    """Any other way goes through all the cases of the store for the sake of ten."""
    statements, repository = traced
    desk = loaded(repository, *company)
    if analysed:
        with repository.write() as transaction:
            transaction.connection.execute("ANALYZE")
    for query in ("once", "straße", "e"):
        statements.clear()
        searched(desk, "acme", query, limit=10, **filters)
        statement = [statement for statement in statements if "supportcases_cases" in statement][-1]
        with repository.read() as transaction:
            plan = [row[3] for row in transaction.connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
        assert any(step.endswith(("(rowid=?)", "(store=? AND number=?)")) for step in plan), plan
