"""The ways of a search: each is taken where it is meant, and all give the same answer."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest

from supportcases import Severity, SqliteRepository
from supportcases.domain.cases import Case
from tests.support.rows import T0
from tests.support.searching import (
    INDEX,
    SCAN,
    a_known_case,
    assert_as_naive,
    loaded,
    searched,
    set_constants,
)


def ways(statements: list[str]) -> list[str]:
    """Return by which ways a search went, as its statements show."""
    taken = []
    for statement in (" ".join(statement.split()) for statement in statements):
        if statement.startswith("SELECT rowid & 0xffffffff"):
            taken.append("index")
        elif "subject_folded FROM supportcases_cases" in statement:
            taken.append("newest")
        elif statement.startswith(("WITH found AS MATERIALIZED (", "SELECT count(*) FROM ( SELECT rowid")):
            all_of = "file" if "NOT INDEXED" in statement else "store"
            taken.append("candidates" if "CROSS JOIN" in statement else f"all of the {all_of}")
    return taken


def sixty_cases() -> Iterator[Case]:
    """Yield the cases 101 to 160 of acme, the oldest first."""
    for number in range(101, 161):
        subject = "Order of Straße" if number % 2 else "ORDER of STRASSE"
        subject += " once" if number == 101 else " 105 and 107" if number in (107, 120, 155) else ""
        subject += " \uffff\ufffe\ufffd" if number == 130 else " \ufffd\ufffd\ufffd" if number == 131 else ""
        moment = T0 + timedelta(minutes=number)
        severity = list(Severity)[number % 4]
        yield a_known_case(number, subject, severity=severity, created_at=moment, last_activity_at=moment)


ALONE = [*sixty_cases()]
IN_COMPANY = [*ALONE, *(a_known_case(n, "Order of Straße once 105", "globex") for n in range(1, 301))]
NORMAL = {"severity": Severity.NORMAL}
FIFTEENTH = {"small": 0, "few": 15}  # more than 4 of the 60 are many


@pytest.fixture(scope="module", params=[ALONE, IN_COMPANY], ids=["alone", "in company"])
def company(request):
    return request.param


@pytest.fixture(scope="module", params=[False, True], ids=["as it is", "analysed"])
def traced(request, company):
    """What is asked of the file, and a desk with the company, at which the tests only look."""
    statements = []
    with closing(SqliteRepository(":memory:", trace=statements.append)) as repository:
        desk = loaded(repository, *company)
        if request.param:
            with repository.write() as transaction:
                transaction.connection.execute("ANALYZE")
        yield statements, desk


@pytest.mark.parametrize(
    ("constants", "query", "wanted", "expected"),
    [
        (FIFTEENTH, "once", {}, ["index", "candidates"]),
        (FIFTEENTH, "105 and", {}, ["index", "candidates"]),
        (FIFTEENTH, "nowhere", {}, ["index", "candidates"]),
        (FIFTEENTH, "105", {}, ["index", "candidates"]),
        (FIFTEENTH, "105 and 107", {"offset": 2}, ["index", "candidates"]),
        (FIFTEENTH, "x" * 10_000, {}, ["index", "candidates"]),
        (FIFTEENTH, "\uffff\ufffe\ufffd", {}, ["index", "candidates"]),
        (FIFTEENTH, "\ufffd\ufffd\ufffd", {}, ["index", "candidates"]),
        (FIFTEENTH, "straße", {}, ["index", "newest", "all"]),
        (FIFTEENTH, "strasse", NORMAL, ["index", "newest", "all"]),
        (FIFTEENTH, "er", {}, ["newest", "all"]),
        (FIFTEENTH, "ß", {}, ["newest", "all"]),
        (FIFTEENTH, "7", {}, ["newest", "all"]),
        (FIFTEENTH, "\u0301", {}, ["newest", "all"]),
        ({"small": 60, "few": 15}, "once", {}, ["all"]),
        (INDEX, "straße", {}, ["index", "candidates"]),
        (INDEX, "105", NORMAL, ["index", "candidates"]),
        (SCAN, "once", {}, ["index", "newest", "all"]),
        (SCAN, "straße", {"limit": 2, "offset": 1}, ["index", "newest", "all"]),
        (SCAN, "nowhere", {}, ["index", "candidates"]),
    ],
)
def test_each_way_is_taken_where_it_is_meant(traced, monkeypatch, company, constants, query, wanted, expected):
    statements, desk = traced
    set_constants(monkeypatch, **constants)
    statements.clear()
    wanted = {"limit": 5} | wanted
    assert_as_naive(desk, "acme", ALONE, query, **wanted)
    all_of = "file" if company is ALONE and "severity" not in wanted else "store"
    assert ways(statements) == [f"all of the {all_of}" if way == "all" else way for way in expected]


@pytest.mark.parametrize("filters", [{}, {"status": "open"}, {"severity": "normal"}], ids=str)
def test_the_cases_that_were_found_are_fetched_one_by_one(traced, filters):
    """Any other way goes through all the cases of the store for the sake of ten."""
    statements, desk = traced
    for query in ("once", "straße", "e"):
        statements.clear()
        searched(desk, "acme", query, limit=10, **filters)
        statement = [statement for statement in statements if "supportcases_cases" in statement][-1]
        with desk.repository.read() as transaction:
            plan = [row[3] for row in transaction.connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
        assert any(step.endswith(("(rowid=?)", "(store=? AND number=?)")) for step in plan), plan
