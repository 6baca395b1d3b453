"""The search of a store's cases: whichever way it takes, it gives what looking into every subject would give."""

import random
import re
import sqlite3
import string
import uuid
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from functools import cache
from itertools import product
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from supportcases import Actor, InvalidInput, Severity, SqliteRepository, Status, SupportDesk
from supportcases.cases import Case, parse_number
from supportcases.dossiers import Dossier, load
from supportcases.errors import SupportCasesError
from supportcases.fields import SUBJECT
from supportcases.sqlite import search
from supportcases.sqlite.migrations import MIGRATIONS
from supportcases.sqlite.rows import case_to_row
from supportcases.testing import support_desk
from tests.conftest import ACME, ADA, CASES, GLOBEX, call, client_of
from tests.repository_contract import T0, a_case, failing_write

BODY = "The checkout shows a blank page."


# the truth


fold = cache(str.casefold)


def naive(
    cases: Iterable[Case], query: str, status: Status | None = None, severity: Severity | None = None
) -> list[int]:
    """Return the numbers of the cases that match, in the order of a list."""
    term = query.strip()
    folded, number = term.casefold(), parse_number(term)
    found = [
        case
        for case in cases
        if status in (None, case.status) and severity in (None, case.severity)
        if folded in fold(case.subject) or case.number == number
    ]
    return [case.number for case in sorted(found, key=lambda c: (c.last_activity_at, c.number), reverse=True)]


def searched(desk: SupportDesk, store: str, query: str, **wanted) -> tuple[list[int], int]:
    """Return the numbers of a page of the desk's, and its count."""
    page = desk.list(Actor.merchant(store), query=query, **wanted)
    assert {case.store for case in page.cases} <= {store}
    return [case.number for case in page.cases], page.count


def assert_as_naive(desk, store, cases, query, *, limit=100, offset=0, **filters) -> None:
    """See that a page of the desk's is what looking into every subject gives."""
    expected = naive(cases, query, **filters)
    found = searched(desk, store, query, limit=limit, offset=offset, **filters)
    assert found == (expected[offset : offset + limit], len(expected)), (store, query, filters, limit, offset)


def a_known_case(number: int, subject: str, store: str = "acme", **changes) -> Case:
    id = str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{number}.{store}"))
    return replace(a_case(1, store), id=id, number=number, subject=subject, unanswered_since=None, **changes)


def loaded(repository, *cases: Case) -> SupportDesk:
    """Return a desk with these cases, which came as they are."""
    load(repository, (Dossier(case, (), ()) for case in cases))
    return SupportDesk(repository)


def set_constants(monkeypatch, *, few: int, newest: int, share: int, small: int = 0) -> None:
    monkeypatch.setattr(search, "SMALL", small)
    monkeypatch.setattr(search, "FEW", few)
    monkeypatch.setattr(search, "NEWEST", newest)
    monkeypatch.setattr(search, "SHARE", share)


# random queries over random subjects


SYNTAX = ["AND", "OR", "NOT", "NEAR", "NEAR(", "*", "^", ":", '"', '""', "(", ")", "-", "+", "{", "}", "subject:", "'"]
OTHER_SIGNS = ["%", "_", "\\", "[", "]", "?", "#", ";", "--", "/*", "|", "&", "<", ">", ",", ".", "$", "@"]
GROWING = "ßẞİŉǰΐΰևẖẗẘẙẚᾳῃῳᾈᾘᾨﬀﬁﬂﬃﬄﬅﬆﬓﬔﬕﬖﬗςΣσſKÅµ"  # their case folding is another text, and often longer
MARKS = "\u0301\u0308\u0323\u0345\u05b0\u064e\u093f\u0e34\u200d\u200c\u20e3\ufe0f\U000e0061"
SPACES = " \u00a0\u2003\u2028\u2029\u3000\u200b\ufeff\u00ad\u1680"
PLANES = [  # the ends of letters and signs of many scripts
    *[(0x20, 0x7E), (0xA0, 0x24F), (0x370, 0x3FF), (0x400, 0x52F), (0x531, 0x587), (0x5D0, 0x5EA), (0x600, 0x6FF)],
    *[(0x900, 0x97F), (0xE01, 0xE5B), (0x10A0, 0x10FF), (0x13A0, 0x13FF), (0x1C80, 0x1CBF), (0x1E00, 0x1FFF)],
    *[(0x2100, 0x218B), (0x3041, 0x30FF), (0x4E00, 0x9FFF), (0xAB70, 0xABBF), (0xAC00, 0xD7A3), (0xFB00, 0xFB17)],
    *[(0xFF00, 0xFFEF), (0x10330, 0x1034A), (0x10400, 0x1044F), (0x1E900, 0x1E95F), (0x1F300, 0x1F64F)],
    *[(0x20000, 0x2A6DF), (0x30000, 0x3134A), (0xE0001, 0xE007F), (0xF0000, 0xFFFFD), (0x100000, 0x10FFFD)],
]
NONCHARACTERS = "".join(chr(plane << 16 | low) for plane in range(17) for low in (0xFFFD, 0xFFFE, 0xFFFF)) + "\ufdd0"
ANYWHERE = [(0x20, 0x7E), (0xA0, 0xD7FF), (0xE000, 0x10FFFF)]  # all but control characters and surrogates
WORDS = [
    "order",
    "Refund",
    "STRASSE",
    "Straße",
    "İstanbul",
    "ΟΔΟΣ",
    "οδος",
    "oﬃce",
    "注文できない",
    "🛒",
    "👩‍💻",
    "10",
    "1042",
]
STORES = ("acme", "globex")
HIGHEST = 400


def characters(chance: random.Random, *ranges: tuple[int, int]) -> str:
    return "".join(chr(chance.randint(*chance.choice(ranges))) for _ in range(40))


def alphabet(chance: random.Random) -> list[str]:
    """Return what a text is made of: sometimes all planes, sometimes so little that it goes on repeating itself."""
    pieces = chance.choice(
        [
            [*WORDS, " "],
            [*SYNTAX, *OTHER_SIGNS, *WORDS, " "],
            [*string.ascii_letters, *string.digits, " ", " "],
            list(GROWING + "sfiIt" + MARKS),
            list(characters(chance, chance.choice(PLANES)) + " "),
            list(characters(chance, *PLANES) + MARKS + SPACES),
            list(characters(chance, *ANYWHERE)),
            list(NONCHARACTERS),
            [*"\ufffd\ufffe\uffffa"],
            [*"abA"],
            [chance.choice("aß🛒é")],
        ]
    )
    return chance.sample(pieces, chance.randint(1, len(pieces)))


def a_text(chance: random.Random, longest: int) -> str:
    return "".join(chance.choices(alphabet(chance), k=chance.randint(1, longest)))


def a_subject(chance: random.Random) -> str:
    while True:
        text = " ".join(a_text(chance, chance.choice([3, 10, 60])) for _ in range(chance.randint(1, 4)))
        try:
            return SUBJECT.clean(text[: chance.choice([20, 200])])
        except ValueError:
            continue


def random_cases(chance: random.Random, store: str, count: int) -> list[Case]:
    """Return cases in every status and severity, often some of one moment."""
    cases = []
    for number in chance.sample(range(1, HIGHEST), count):
        moment, status = T0 + timedelta(minutes=chance.randint(1, 30)), chance.choice(list(Status))
        changes = {"closed_at": moment} if status is Status.CLOSED else {}
        cases.append(
            a_known_case(
                number,
                a_subject(chance),
                store,
                status=status,
                severity=chance.choice(list(Severity)),
                created_at=T0,
                last_activity_at=moment,
                **changes,
            )
        )
    return cases


def in_changed_case(chance: random.Random, text: str) -> str:
    changes = [str.upper, str.lower, str.swapcase, str.title, str.casefold, str]
    if chance.random() < 0.3:
        return "".join(chance.choice(changes)(character) for character in text)
    return chance.choice(changes)(text)


def part_of_a_subject(chance: random.Random, subjects: list[str]) -> str:
    subject = chance.choice(subjects)
    begin = chance.randrange(len(subject))
    return in_changed_case(chance, subject[begin : begin + chance.choice([1, 2, 3, 4, 5, 8, 20, 200])])


def part_with_a_fault(chance: random.Random, subjects: list[str]) -> str:
    part = part_of_a_subject(chance, subjects) or "x"
    place = chance.randrange(len(part))
    return part[:place] + chance.choice([*NONCHARACTERS, *GROWING, *SYNTAX, " ", ""]) + part[place + 1 :]


def a_written_number(chance: random.Random, _: list[str]) -> str:
    number = chance.choice(
        [chance.randint(0, HIGHEST), chance.randint(0, 30), 1042, 2**32 + 7, 2**63 - 1, 2**63, 10**19]
    )
    return chance.choice(["{}", "#{}", "{:06}", "#{:06}", "##{}", "-{}", "{}.0", " {} ", "{:020}"]).format(number)


def a_short_text(chance: random.Random, _: list[str]) -> str:
    return a_text(chance, 2)[:2]


def any_text(chance: random.Random, _: list[str]) -> str:
    return a_text(chance, chance.choice([3, 5, 40]))


def a_blank(chance: random.Random, _: list[str]) -> str:
    return chance.choice(["", " ", "\t\n", "\u3000", "\x1c \u2028"])


def a_very_long_text(chance: random.Random, subjects: list[str]) -> str:
    subject = chance.choice(subjects)
    return (subject * 10_000)[: chance.choice([198, 199, 200, 201, 599, 600, 601, 10_000])]


KINDS = {
    part_of_a_subject: 50,
    part_with_a_fault: 10,
    any_text: 12,
    a_short_text: 10,
    a_written_number: 10,
    a_blank: 3,
    a_very_long_text: 5,
}


def a_query(chance: random.Random, subjects: list[str]) -> str:
    (kind,) = chance.choices(list(KINDS), KINDS.values())
    margin = chance.choices(["", " ", "\n\u3000"], [8, 1, 1])[0]
    return margin + kind(chance, subjects) + margin


CONSTANTS = [
    {"few": search.FEW, "newest": search.NEWEST, "share": search.SHARE, "small": search.SMALL},
    {"few": 0, "newest": 20, "share": 1},
    {"few": 3, "newest": 50, "share": 4},
    {"few": 0, "newest": 0, "share": 1_000_000},
]


@pytest.mark.parametrize("seed", range(20))
def test_a_thousand_random_queries_give_what_looking_into_every_subject_gives(repository, monkeypatch, seed):
    chance = random.Random(seed)
    set_constants(monkeypatch, **CONSTANTS[seed % len(CONSTANTS)])
    known = {store: random_cases(chance, store, chance.choice([30, 120, 200])) for store in STORES}
    mixed = [case for cases in known.values() for case in cases]
    chance.shuffle(mixed)
    desk = loaded(repository, *mixed)
    subjects = [case.subject for case in mixed]
    hits = 0
    for _ in range(1_000):
        store, query = chance.choice(STORES), a_query(chance, subjects)
        filters = {
            "status": chance.choice([None, None, None, *Status]),
            "severity": chance.choice([None, None, None, None, *Severity]),
        }
        limit, offset = chance.choice([1, 3, 10, 100]), chance.choice([0, 0, 0, 1, 10, 50, 2**53 - 1])
        assert_as_naive(desk, store, known[store], query, limit=limit, offset=offset, **filters)
        hits += bool(naive(known[store], query))
    assert 300 < hits < 950  # or the queries would show little


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
CANDIDATES = {"few": 60, "newest": 10_000, "share": 5}
SMALL = CANDIDATES | {"small": 60}
SCAN = {"few": 0, "newest": 10_000, "share": 1_000_000}
INDEX = {"few": 0, "newest": 10_000, "share": 1}
NEWEST_AND_INDEX = {"few": 0, "newest": 10, "share": 1}
NEWEST_AND_SCAN = {"few": 0, "newest": 10, "share": 1_000_000}
NORMAL = {"severity": Severity.NORMAL}
COUNTED = ["counted in the index"]


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
        (SCAN, "straße", NORMAL, ["candidates", *COUNTED, "all by scan"]),
        (INDEX, "É", {}, ["all by scan"]),
        (INDEX, "ß", NORMAL, ["all by scan"]),
        (INDEX, "\uffff\ufffe\ufffd", {}, ["all by scan"]),
        (INDEX, "\ufffd\ufffd\ufffd", {}, ["all by scan"]),
        (NEWEST_AND_INDEX, "strasse", {}, ["candidates", *COUNTED, "newest", "number added"]),
        (NEWEST_AND_INDEX, "105", {"limit": 1}, ["candidates", *COUNTED, "newest", "number added"]),
        (NEWEST_AND_INDEX, "107", {"limit": 1}, ["candidates", *COUNTED, "newest", "number added"]),
        (NEWEST_AND_INDEX, "late", NORMAL | {"limit": 2}, ["candidates", *COUNTED, "newest", "count by index"]),
        (NEWEST_AND_SCAN, "strasse", NORMAL, ["candidates", *COUNTED, "newest", "count by scan"]),
        (NEWEST_AND_SCAN, "strasse", {}, ["candidates", *COUNTED, "newest", "number added"]),
        (NEWEST_AND_SCAN, "er", {}, ["newest", "count by scan"]),
        (NEWEST_AND_SCAN, "15", {"limit": 2}, ["newest", "all by scan"]),
        (NEWEST_AND_INDEX, "once", {}, ["candidates", *COUNTED, "newest", "all by index"]),
        (NEWEST_AND_INDEX, "strasse", {"offset": 8}, ["candidates", *COUNTED, "newest", "all by index"]),
        (NEWEST_AND_SCAN, "strasse", {"limit": 20}, ["candidates", *COUNTED, "newest", "all by scan"]),
        ({"few": 0, "newest": 60, "share": 5}, "strasse", {}, ["candidates", *COUNTED, "all by scan"]),
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


def test_a_scan_reads_the_file_in_its_order_or_the_store_s_part_of_it_by_an_index(traced, company):
    statements, repository = traced
    desk = loaded(repository, *company)
    statements.clear()
    searched(desk, "acme", "er")
    (statement,) = [statement for statement in statements if "WITH found" in statement]
    with repository.read() as transaction:
        plan = [row[3] for row in transaction.connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
    assert any(step.startswith("SCAN supportcases_cases") for step in plan) == (company is ALONE), plan
    assert any(step.startswith("SEARCH supportcases_cases USING INDEX") for step in plan) == (company is IN_COMPANY)


@pytest.mark.parametrize("few", [0, 60])
def test_the_index_leads_to_the_cases_and_not_the_other_way_round(traced, monkeypatch, company, few):
    statements, repository = traced
    desk = loaded(repository, *company)
    set_constants(monkeypatch, few=few, newest=60, share=1)
    for query in ("once", "105"):
        statements.clear()
        searched(desk, "acme", query)
        (statement,) = [statement for statement in statements if "WITH found" in statement]
        with repository.write() as transaction:
            transaction.connection.execute("ANALYZE")
            plan = [row[3] for row in transaction.connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
        assert "SEARCH c USING INDEX sqlite_autoindex_supportcases_cases_2 (store=? AND number=?)" in plan


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


QUERIES = [
    "once",
    "straße",
    "105",
    "107",
    "#105",
    "0107",
    "1",
    "e",
    "er",
    "\uffff\ufffe\ufffd",
    "nowhere",
    "",
    "x" * 601,
]


@pytest.mark.parametrize("few", [0, 3, 1_000])
@pytest.mark.parametrize("newest", [0, 10, 10_000])
@pytest.mark.parametrize("share", [1, 5, 1_000_000])
def test_all_ways_give_the_same_answer(repository, monkeypatch, company, few, newest, share):
    desk = loaded(repository, *company)
    set_constants(monkeypatch, few=few, newest=newest, share=share)
    filters = [{}, NORMAL, {"status": Status.OPEN}, {"status": Status.CLOSED}]
    for query, filter, limit, offset in product(QUERIES, filters, (1, 10, 100), (0, 7, 60)):
        assert_as_naive(desk, "acme", ALONE, query, limit=limit, offset=offset, **filter)


# the index and the counts follow what is written


def index_of(repository) -> set[tuple[int, int, int, str]]:
    """Return all that the index holds: store's ordinal, number of the case, place in the subject, trigram."""
    with repository.read() as transaction:
        sql = transaction.connection.execute
        sql("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab (main, supportcases_search, instance)")
        rows = sql("SELECT doc >> 32, doc & 0xffffffff, offset, term FROM vocabulary").fetchall()
        sql("DROP TABLE temp.vocabulary")
    assert len(rows) == len(set(rows))
    return set(rows)


def index_wanted(repository) -> set[tuple[int, int, int, str]]:
    """Return what the index should hold, since the cases are as they are."""
    with repository.read() as transaction:
        rows = transaction.connection.execute(
            """
            SELECT ordinal, number, subject
            FROM supportcases_cases
            JOIN supportcases_stores USING (store)
            """
        ).fetchall()
    return {
        (ordinal, number, place, folded[place : place + 3])
        for ordinal, number, subject in rows
        for folded in [re.sub("[\ufffe\uffff]", "\ufffd", subject.casefold())]  # FTS5 takes them for each other
        for place in range(len(folded) - 2)
    }


COUNTS = "SELECT store, status, severity, cases FROM supportcases_counts WHERE cases <> 0"
COUNTS_WANTED = "SELECT store, status, severity, count(*) FROM supportcases_cases GROUP BY store, status, severity"


def assert_index_and_counts_are_right(repository) -> None:
    with repository.read() as transaction:
        counts, wanted = (
            sorted(transaction.connection.execute(statement).fetchall()) for statement in (COUNTS, COUNTS_WANTED)
        )
    assert counts == wanted
    assert index_of(repository) == index_wanted(repository)


def stored_index(repository) -> list[tuple]:
    """Return the rows in which FTS5 keeps its index."""
    tables = ("data", "idx", "docsize")
    with repository.read() as transaction:
        sql = transaction.connection.execute
        return [row for table in tables for row in sql(f"SELECT * FROM supportcases_search_{table}").fetchall()]


@pytest.fixture(params=["repository", "file_repository"])
def either_desk(request):
    """A desk in memory, and one on a file, with three cases."""
    desk = SupportDesk(request.getfixturevalue(request.param))
    for actor, subject in ((ACME, "first ones"), (GLOBEX, "theirs"), (ACME, "second ones")):
        desk.open(actor, body=BODY, subject=subject)
    return desk


def test_a_changed_subject_is_found_by_its_new_words_alone(either_desk):
    desk = either_desk
    desk.change(ADA, "acme:1", subject="Größter Wert")
    assert searched(desk, "acme", "first") == searched(desk, "acme", "fi") == ([], 0)
    assert searched(desk, "acme", "GRÖSST") == searched(desk, "acme", "öß") == ([1], 1)
    assert searched(desk, "acme", "ones") == ([2], 1)
    assert searched(desk, "acme", "1") == ([1], 1)
    desk.change(ADA, "acme:1", subject="first ones again", severity="low", status="closed")
    assert searched(desk, "acme", "größ") == ([], 0)
    assert searched(desk, "acme", "first", status="closed", severity="low") == ([1], 1)
    assert_index_and_counts_are_right(desk.repository)


def test_what_is_no_change_of_the_subject_leaves_the_index_alone(either_desk):
    desk = either_desk
    before = stored_index(desk.repository)
    desk.reply(ACME, 1, body=BODY)
    desk.answer(ADA, "acme:1", body=BODY)
    desk.note(ADA, "acme:1", body=BODY)
    desk.change(ADA, "acme:1", severity="critical", category="billing_plans", assignee="me")
    desk.change(ADA, "acme:1", subject="FIRST ones")  # which folds to what it was
    desk.close(ACME, 1)
    desk.reopen(ACME, 1)
    assert stored_index(desk.repository) == before
    desk.change(ADA, "acme:1", subject="third ones")
    assert stored_index(desk.repository) != before
    assert_index_and_counts_are_right(desk.repository)


def change_all(desk) -> None:
    desk.open(ACME, body=BODY, subject="third ones")
    desk.open(Actor.merchant("initech"), body=BODY, subject="first of initech")
    desk.change(ADA, "acme:1", subject="other words", severity="critical")
    desk.close(GLOBEX, 1)


def test_a_write_that_is_rolled_back_leaves_no_trace(either_desk):
    repository = either_desk.repository
    before = stored_index(repository)
    with failing_write(repository):
        change_all(either_desk)
        assert searched(either_desk, "acme", "ones") == ([3, 2], 2)
        assert searched(either_desk, "acme", "other") == ([1], 1)
    assert stored_index(repository) == before
    assert searched(either_desk, "acme", "ones") == ([2, 1], 2)
    assert searched(either_desk, "acme", "other") == searched(either_desk, "initech", "first") == ([], 0)
    assert either_desk.list(ACME, severity="critical").count == either_desk.list(GLOBEX, status="closed").count == 0
    assert_index_and_counts_are_right(repository)


def test_a_part_of_a_write_that_is_rolled_back_leaves_no_trace_in_the_rest(either_desk):
    repository = either_desk.repository
    with repository.write():
        either_desk.open(ACME, body=BODY, subject="third ones before")
        either_desk.change(ADA, "acme:2", subject="second words before")
        with failing_write(repository):
            either_desk.change(ADA, "acme:2", subject="second words within")
            change_all(either_desk)
            with failing_write(repository):
                either_desk.change(ADA, "acme:1", subject="even further within")
        either_desk.open(ACME, body=BODY, subject="fourth ones behind")
        assert searched(either_desk, "acme", "within") == ([], 0)
    assert searched(either_desk, "acme", "within") == searched(either_desk, "acme", "other") == ([], 0)
    assert searched(either_desk, "acme", "before") == ([3, 2], 2)
    assert searched(either_desk, "acme", "ones") == ([4, 3, 1], 3)
    assert searched(either_desk, "initech", "first") == ([], 0)
    assert_index_and_counts_are_right(repository)


def test_a_case_that_the_schema_refuses_leaves_no_trace(either_desk):
    repository = either_desk.repository
    unheard_of = a_known_case(1, "of a store that is not there", "nowhere")
    twin = a_known_case(2, "twin of the second")
    for case in (unheard_of, twin):
        with repository.write() as transaction:
            either_desk.change(ADA, "acme:1", subject=f"before {case.subject}")
            with pytest.raises(sqlite3.IntegrityError):
                transaction.cases.add(case)
    assert searched(either_desk, "acme", "twin") == ([1], 1)
    assert_index_and_counts_are_right(repository)


def do_something(chance: random.Random, desk: SupportDesk, actor: Actor, number: int) -> None:
    ref, severity, status = f"{actor.store}:{number}", chance.choice([*Severity]), chance.choice([*Status])
    what = chance.choice(
        [
            lambda: desk.open(actor, body=BODY, subject=a_subject(chance), severity=severity),
            lambda: desk.reply(actor, number, body=BODY),
            lambda: desk.answer(ADA, ref, body=BODY, close=status is Status.CLOSED),
            lambda: desk.close(actor, number),
            lambda: desk.reopen(actor, number),
            lambda: desk.change(ADA, ref, severity=severity),
            lambda: desk.change(ADA, ref, status=status, subject=a_subject(chance)),
        ]
    )
    what()


def test_index_and_counts_are_right_after_a_random_history():
    chance = random.Random(5)
    actors = [Actor.merchant(store) for store in ("acme", "globex", "initech")]
    with support_desk() as kit:
        desk = kit.desk
        for actor in actors:
            desk.open(actor, body=BODY, subject=a_subject(chance))
        for step in range(1, 601):
            kit.clock.advance(seconds=chance.choice([0, 1, 60]))
            actor = chance.choice(actors)
            number = chance.randint(1, desk.list(actor, limit=1).count)
            do_something(chance, desk, actor, number)
            if step % 100 == 0:
                assert_index_and_counts_are_right(kit.desk.repository)
        for actor in actors:
            cases = desk.list(actor, limit=100).cases
            assert len(cases) == desk.list(actor).count > 20
            for _ in range(100):
                assert_as_naive(desk, actor.store, cases, a_query(chance, [case.subject for case in cases]))


# no text makes it fail


ANY_CHARACTERS = st.characters(exclude_categories=())


@pytest.fixture(scope="module")
def filled_app():
    with support_desk() as kit:
        for store in STORES:
            kit.some_cases(30, store=store)
        yield kit.app, kit.key("acme")


def is_text(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


@settings(max_examples=500, deadline=None)
@given(text=st.text(ANY_CHARACTERS) | st.text("\"*^:()-+{}'\\ ANDORTE\0\ud800", max_size=12))
@example("\0")
@example("a\0")
@example("\ud800")
@example("\ud83d\uded2")
@example('"""')
@example("\uffff\ufffe\ufffd")
@example("x" * 20_000)
@example('"' * 5_000)
@example("\U0010ffff" * 600)
def test_no_text_makes_a_search_fail(filled_app, text):
    app, key = filled_app
    query = quote(text, safe="", errors="surrogatepass")
    answer = call(app, "GET", CASES, HTTP_AUTHORIZATION=f"Bearer {key}", QUERY_STRING=f"query={query}")
    assert answer.status == (200 if is_text(text) else 400)


# stores are walls


def test_a_term_of_another_store_is_neither_found_nor_counted(app, monkeypatch):
    stores = ["acme", "acme-2", "acme2", "globex", "initech"]  # each the neighbour of the one before
    for store in stores:
        for _ in range(20):
            app.desk.open(Actor.merchant(store), body=BODY, subject=f"only {store.upper()} has it, not the others")
    clients = {store: client_of(app, store) for store in stores}
    for constants, store, term in product(CONSTANTS, stores, stores):
        set_constants(monkeypatch, **constants)
        for query in (f"only {term} has", f"nly {term} h", term):
            hits = [number for number in range(20, 0, -1) if query.casefold() in f"only {store} has it"]
            for filters in ({}, {"status": "open"}, {"severity": "normal"}, {"status": "closed"}):
                answer = clients[store].simulate_get(CASES, params={"query": query, "limit": "5", **filters}).json
                expected = [] if filters == {"status": "closed"} else hits
                assert [case["number"] for case in answer["data"]] == expected[:5]
                assert answer["meta"]["count"] == len(expected)


NUMBERS_AT_THE_END = [2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1]


@pytest.mark.parametrize("constants", CONSTANTS)
def test_the_highest_numbers_of_a_store_do_not_meet_its_neighbour_s_lowest(repository, monkeypatch, constants):
    set_constants(monkeypatch, **constants)
    stores = ("acme", "globex", "initech")
    known = {
        store: [a_known_case(n, f"Case {n} of {store}", store) for n in (1, 2, 3, *NUMBERS_AT_THE_END)]
        for store in stores
    }
    desk = loaded(repository, *(case for cases in zip(*known.values(), strict=True) for case in cases))
    for store in stores:
        for query in ("case", "of acme", "of globex", "initech", "1", *map(str, NUMBERS_AT_THE_END), "#4294967295"):
            assert_as_naive(desk, store, known[store], query)
            assert_as_naive(desk, store, known[store], query, limit=1, offset=1)
    assert_index_and_counts_are_right(repository)


@pytest.mark.parametrize("number", [2**32, 2**32 + 2, 2**33 + 2, 2**62, 2**63 - 1])
@pytest.mark.parametrize("store", STORES)
def test_a_number_that_the_index_cannot_hold_is_refused_or_found_like_any(repository, monkeypatch, store, number):
    set_constants(monkeypatch, **INDEX)
    known = {store: [a_known_case(n, f"Case {n} of {store}", store) for n in (1, 2, 3)] for store in STORES}
    desk = loaded(repository, *known["acme"], *known["globex"])
    beyond = a_known_case(number, "Case beyond", store)
    try:
        loaded(repository, beyond)
        known[store].append(beyond)
    except (sqlite3.IntegrityError, InvalidInput):
        assert_index_and_counts_are_right(repository)
    for asking, query in product(STORES, ("beyond", "case", "case 2", "of acme", "of globex", "2", str(number))):
        assert_as_naive(desk, asking, known[asking], query)


@pytest.mark.parametrize("store", STORES)
def test_a_case_behind_the_highest_number_of_the_index_is_refused_or_found_like_any(repository, monkeypatch, store):
    set_constants(monkeypatch, **INDEX)
    known = {store: [a_known_case(2**32 - 1, "the last of them", store)] for store in STORES}
    desk = loaded(repository, *known["acme"], *known["globex"])
    try:
        known[store].append(desk.open(Actor.merchant(store), body=BODY, subject="one more"))
    except (sqlite3.IntegrityError, SupportCasesError):
        assert_index_and_counts_are_right(repository)
    for asking, query in product(STORES, ("one more", "last", "4294967296")):
        assert_as_naive(desk, asking, known[asking], query)


# the upgrade


def test_an_upgrade_finds_and_counts_the_cases_that_were_there(path):
    chance = random.Random(4)
    known = {store: random_cases(chance, store, 60) for store in ("globex", "acme", "initech")}
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        MIGRATIONS.apply(Database(connection, execute_plugins=False, strict=True), stop_before="0005_speed")
        fill_as_0004(connection, known)
    repository = SqliteRepository(path)
    desk = SupportDesk(repository)
    desk.open(Actor.merchant("hooli"), body=BODY, subject="of a new store")
    assert searched(desk, "hooli", "new store") == ([1], 1)
    for store, cases in known.items():
        assert_as_naive(desk, store, cases, "")
        for _ in range(200):
            filters = {"status": chance.choice([None, *Status]), "severity": chance.choice([None, *Severity])}
            assert_as_naive(desk, store, cases, a_query(chance, [case.subject for case in cases]), **filters)
        desk.change(ADA, f"{store}:{cases[0].number}", subject="Something else", severity="low", status="open")
        assert searched(desk, store, "something else") == ([cases[0].number], 1)
        assert desk.open(Actor.merchant(store), body=BODY).number == HIGHEST
    assert_index_and_counts_are_right(repository)
    repository.close()


def fill_as_0004(connection: sqlite3.Connection, known: dict[str, list[Case]]) -> None:
    """Add the cases as a desk did that knew neither counts nor a search index."""
    for store, cases in known.items():
        connection.execute("INSERT INTO supportcases_stores (store, last_number) VALUES (?, ?)", [store, HIGHEST - 1])
        for row in map(case_to_row, cases):
            columns, values = ", ".join(row), ", ".join(f":{name}" for name in row)
            connection.execute(f"INSERT INTO supportcases_cases ({columns}) VALUES ({values})", row)
