"""Each way by which the queue finds its cases gives what a naive look at all of them gives, and in that order."""

import random
from collections import namedtuple
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from supportcases import Category, QueueSort, Severity, SqliteRepository, Status
from supportcases.domain.cases import CaseFilter
from supportcases.storage.rows import RANKS
from supportcases.storage.sqlite import counts, durations, queue_pages
from supportcases.storage.sqlite.rows import matching
from tests.support.rows import T0, a_case, asked, kept, spread_of

FREE, DEAR = 0, 10**9
WAYS = {
    "as it decides": {},
    "along the order": {"LOOKUP": DEAR, "SORTED": DEAR},
    "by what the filter asks for": {"LOOKUP": FREE, "SORTED": DEAR},
    "by the span of time": {"LOOKUP": DEAR, "SORTED": FREE},
}
STORES = ("acme", "globex", "initech")


@pytest.fixture(scope="module")
def cases():
    """Three hundred cases with many equal times, of which some wait, and some that are open do not."""
    dice = random.Random(9)
    made = []
    for number in range(1, 101):
        for store in STORES:
            opened = T0 + timedelta(minutes=dice.randint(0, 9))
            active = opened + timedelta(minutes=dice.randint(0, 9))
            status = dice.choice(list(Status))
            made.append(
                a_case(
                    number,
                    store,
                    status=status,
                    severity=dice.choice(list(Severity)),
                    category=dice.choice(list(Category)),
                    assignee=dice.choice([None, "Ada", "Bo", "Zoë"]),
                    created_at=opened,
                    last_activity_at=active,
                    closed_at=active if status is Status.CLOSED else None,
                    unanswered_since=None if status is Status.ANSWERED else dice.choice([None, opened, active]),
                )
            )
    return made


@pytest.fixture(scope="module")
def filled(cases):
    with closing(SqliteRepository(":memory:")) as repository:
        kept(repository, *cases)
        yield repository


def matches(case, wanted: CaseFilter) -> bool:
    return all(
        (
            wanted.stores is None or case.store in wanted.stores,
            wanted.store in (None, case.store),
            wanted.status in (None, case.status),
            wanted.severity in (None, case.severity),
            wanted.category in (None, case.category),
            wanted.assignee is None or (case.assignee or "none") == wanted.assignee,
            wanted.created_after is None or case.created_at >= wanted.created_after,
            wanted.created_before is None or case.created_at < wanted.created_before,
            wanted.active_after is None or case.last_activity_at >= wanted.active_after,
            wanted.active_before is None or case.last_activity_at < wanted.active_before,
        )
    )


def newest_first(case) -> float:
    return -case.last_activity_at.timestamp()


def by_waiting(case) -> tuple:
    if case.waiting_since is None:
        return 2, 0, newest_first(case), case.id
    return case.severity is not Severity.CRITICAL, case.waiting_since.timestamp(), newest_first(case), case.id


IN_ORDER = {
    QueueSort.WAITING: lambda cases: sorted(cases, key=by_waiting),
    QueueSort.ACTIVITY: lambda cases: sorted(cases, key=lambda c: (c.last_activity_at, c.id), reverse=True),
    QueueSort.AGE: lambda cases: sorted(cases, key=lambda c: (c.created_at, c.id)),
    QueueSort.SEVERITY: lambda cases: sorted(cases, key=lambda c: (RANKS[c.severity], c.created_at, c.id)),
}


def some_filter(dice: random.Random) -> CaseFilter:
    def or_none(*values):
        return dice.choice(values) if dice.random() < 0.4 else None

    moments = [T0 + timedelta(minutes=n) for n in (2, 5, 9)]
    return CaseFilter(
        stores=or_none(frozenset(), frozenset({"acme"}), frozenset({"acme", "initech", "umbrella"})),
        store=or_none("acme", "globex"),
        status=or_none(*Status),
        severity=or_none(*Severity),
        category=or_none(*Category),
        assignee=or_none("Ada", "Zoë", "none", "nobody"),
        created_after=or_none(*moments),
        created_before=or_none(*moments),
        active_after=or_none(*moments),
        active_before=or_none(*moments),
    )


def go(monkeypatch, way: str) -> None:
    """Let the queue find its cases that way."""
    for name, value in WAYS[way].items():
        for module in {"LOOKUP": (counts, durations, queue_pages), "SORTED": (queue_pages,)}[name]:
            monkeypatch.setattr(module, name, value)


@pytest.mark.parametrize("sort", QueueSort)
@pytest.mark.parametrize("way", WAYS)
def test_whatever_the_way_the_cases_and_their_order_are_those_of_a_naive_look(filled, cases, monkeypatch, way, sort):
    go(monkeypatch, way)
    dice = random.Random(f"{way} {sort}")
    for _ in range(60):
        wanted = some_filter(dice)
        expected = IN_ORDER[sort]([case for case in cases if matches(case, wanted)])
        offset, limit = dice.choice([0, 0, 3]), dice.choice([1, 7, 400])
        found = asked(filled, "page", wanted, sort, limit=limit, offset=offset, after=None)
        assert [case for case, _ in found.cases] == expected[offset : offset + limit], wanted
        assert found.count == len(expected), wanted
        if found.cases:
            after, behind = found.cases[-1][1], offset + len(found.cases)
            further = asked(filled, "page", wanted, sort, limit=9, offset=2, after=after)
            assert [case for case, _ in further.cases] == expected[behind + 2 :][:9], wanted


@pytest.mark.parametrize("way", WAYS)
def test_whatever_the_way_the_closings_and_the_longest_wait_are_those_of_a_naive_look(filled, cases, monkeypatch, way):
    go(monkeypatch, way)
    dice = random.Random(way)
    for _ in range(150):
        wanted = some_filter(dice)
        expected = [case for case in cases if matches(case, wanted)]
        took = [(case.closed_at - case.created_at) // timedelta(milliseconds=1) for case in expected if case.closed_at]
        assert asked(filled, "closings", wanted) == spread_of(took), wanted
        waiting = [case for case in expected if case.waiting_since]
        longest = min(waiting, key=lambda case: (case.waiting_since, case.id), default=None)
        assert asked(filled, "oldest_unanswered", wanted) == longest, wanted


def test_a_filter_that_comes_later_is_counted_although_no_table_counts_by_it(filled, cases, monkeypatch):
    """Such as one for the number, which the condition heeds, as the recipe in contributing.md has it."""
    later = namedtuple("later", (*CaseFilter._fields, "number"), defaults=[None] * (len(CaseFilter._fields) + 1))

    def heeding_the_number(wanted):
        where, values = matching(CaseFilter(*wanted[:-1]))
        return (
            (f"{where} AND number = :wanted_number", {**values, "wanted_number": wanted.number})
            if (wanted.number)
            else (where, values)
        )

    for module in (counts, queue_pages):
        monkeypatch.setattr(module, "matching", heeding_the_number)
    monkeypatch.setattr(counts, "CaseFilter", later)
    for wanted in (later(number=3), later(number=3, store="acme"), later(number=3, category=Category.OTHER)):
        expected = [case for case in cases if case.number == 3 and matches(case, CaseFilter(*wanted[:-1]))]
        found = asked(filled, "page", wanted, QueueSort.AGE, limit=9, offset=0, after=None)
        assert found.count == len(found.cases) == len(expected)


STORED = """
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :cases)
    INSERT INTO supportcases_cases (
        id, store, number, subject, subject_folded, category, severity, status,
        created_at, last_activity_at, closed_at, unanswered_since, assignee)
    SELECT printf('0191abc0-0000-7000-8000-%012x', n), 'store-' || (n % 50), n, 'subject', 'subject',
        iif(n % 6 = 0, 'billing_plans', 'other'), iif(n % 20 = 0, 'critical', 'normal'),
        iif(n % 10 = 0, 'open', iif(n % 10 = 1, 'answered', 'closed')), at, at,
        iif(n % 10 > 1, at, NULL), iif(n % 10 = 0, at, NULL),
        iif(n % 4 = 0, NULL, iif(n % 4 = 1, 'Ada', 'Bo ' || (n % :others)))
    FROM (SELECT n, strftime('%Y-%m-%dT%H:%M:%fZ', 1700000000 + n, 'unixepoch') AS at FROM numbers)
"""


def steps(repository, method: str, *arguments, **named) -> int:
    """Return how many hundred steps SQLite takes for what a method of the queue answers."""
    taken = []
    with repository.read() as transaction:
        transaction.connection.set_progress_handler(lambda: taken.append(1), 100)
        getattr(transaction.queue, method)(*arguments, **named)
        transaction.connection.set_progress_handler(None, 0)
    return len(taken)


PAGE = {"limit": 50, "offset": 0, "after": None}


VIEWS = {
    "waiting": CaseFilter(status=Status.OPEN),
    "mine": CaseFilter(assignee="Ada"),
    "nobody's": CaseFilter(assignee="none"),
    "critical": CaseFilter(severity=Severity.CRITICAL),
    "answered": CaseFilter(status=Status.ANSWERED),
    "closed": CaseFilter(status=Status.CLOSED),
    "all": CaseFilter(),
    "some of my open ones": CaseFilter(status=Status.OPEN, assignee="Ada", category=Category.OTHER),
}


@pytest.fixture(scope="module")
def small_and_large():
    """Two thousand cases of two agents, and eight times as many of eight thousand."""
    with closing(SqliteRepository(":memory:")) as small, closing(SqliteRepository(":memory:")) as large:
        for repository, number, others in ((small, 2_000, 1), (large, 16_000, 16_000)):
            with repository.write() as transaction:
                for n in range(50):
                    transaction.cases.next_number(f"store-{n}")
                transaction.connection.execute(STORED, {"cases": number, "others": others})
        yield small, large


@pytest.mark.parametrize("sort", QueueSort)
@pytest.mark.parametrize("view", VIEWS)
def test_a_page_of_a_view_takes_hardly_more_of_eight_times_as_many_cases(small_and_large, view, sort):
    small, large = (steps(repository, "page", VIEWS[view], sort, **PAGE) for repository in small_and_large)
    assert large <= 1.5 * small + 20


FEW_STORES = frozenset({"store-7", "store-9"})  # with 320 cases each of 16,000


@pytest.mark.parametrize("what", ["first_answers", "closings"])
def test_how_long_it_took_in_two_stores_is_told_without_a_look_at_the_cases_of_all(small_and_large, what):
    """By a row for each of their 640 cases; an entry of an index for each of all would take a thousand."""
    assert steps(small_and_large[1], what, CaseFilter(stores=FEW_STORES)) <= 300


def test_how_many_of_a_few_cases_are_of_two_stores_is_counted_in_an_index(small_and_large):
    """By entries of an index that has the stores as well: an entry for each of all cases would take eighty."""
    wanted = CaseFilter(stores=FEW_STORES, assignee="none", category=Category.BILLING_PLANS)
    assert steps(small_and_large[1], "count", wanted) <= 20


def test_the_answered_cases_that_have_been_quiet_the_longest_are_found_without_a_look_at_the_others(small_and_large):
    moment = datetime.fromtimestamp(1_700_000_000 + 500, UTC)
    small, large = (steps(repository, "answered_before", None, moment) for repository in small_and_large)
    assert small - 5 <= large <= small + 5


@pytest.mark.parametrize("table", ["tallies", "totals", "counts"])
@pytest.mark.parametrize("sort", QueueSort)
def test_where_a_count_is_missing_there_is_still_an_answer(cases, table, sort):
    """What is wrong with the file is for `check` to tell."""
    with closing(SqliteRepository(":memory:")) as repository:
        kept(repository, *cases)
        with repository.write() as transaction:
            transaction.connection.execute(f"DELETE FROM supportcases_{table} WHERE severity = 'high'")
        dice = random.Random(f"{table} {sort}")
        for _ in range(50):
            wanted = some_filter(dice)
            of_the_others = [case for case in cases if matches(case, wanted) and case.severity is not Severity.HIGH]
            found = asked(repository, "page", wanted, sort, limit=400, offset=0, after=None).cases
            assert [case for case, _ in found if case.severity is not Severity.HIGH] == IN_ORDER[sort](of_the_others)
