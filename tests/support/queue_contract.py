"""What every repository must do for the queue of the support team: which cases, in which order, from which place on."""

import random
from datetime import timedelta

import pytest

from supportcases import (
    AuthorKind,
    Case,
    Category,
    QueueSort,
    Severity,
    Status,
)
from supportcases.domain.cases import CaseFilter
from supportcases.domain.queue import PLACES
from tests.support.rows import ANSWERED, CLOSED, LATE, T0, a_case, a_message, asked, kept, said

Name = tuple[str, int]  # a case by its store and number


def queued(repository, sort=QueueSort.AGE, limit=1000, offset=0, after=None, **wanted) -> list[Name]:
    """Return the cases on the page by store and number, having seen that the count agrees."""
    asked = CaseFilter(**wanted)
    if asked.query:
        return sought(repository, asked, sort, limit, offset, after)
    with repository.read() as transaction:
        page, count, is_exact = transaction.queue.page(asked, sort, limit=limit, offset=offset, after=after)
        counts = transaction.queue.counts(asked)
        assert sum(counts.values()) == count == transaction.queue.count(asked)
    assert is_exact
    if after is None:
        assert len(page) == max(0, min(limit, count - offset))
    return [(case.store, case.number) for case, _ in page]


def sought(repository, asked, sort, limit, offset, after) -> list[Name]:
    with repository.read() as transaction:
        found = transaction.team_search.page(asked, sort, limit=limit, offset=offset, after=after)
    if after is None:
        assert len(found.cases) == max(0, min(limit, found.count - offset))
    assert found.count_is_exact
    return [(case.store, case.number) for case, _ in found.cases]


def paged(repository, sort, limit=100, offset=0, after=None):
    """Return some of all cases, each with its place."""
    return asked(repository, "page", CaseFilter(), sort, limit=limit, offset=offset, after=after).cases


class QueueContract:
    """Subclasses give the fixture `repository`."""

    # the queue: which

    @pytest.fixture
    def filled(self, repository):
        """Seven cases of three stores, each unlike the others."""
        cases = [
            a_case(1, severity=Severity.HIGH, category=Category.BILLING_PLANS),
            a_case(2, assignee="Ada", **ANSWERED),
            a_case(3, severity=Severity.CRITICAL, **CLOSED),
            a_case(1, "globex", assignee="ada", subject="Größe der Straße"),
            a_case(2, "globex", assignee="Ada", category=Category.BILLING_PLANS, severity=Severity.LOW),
            a_case(1, "initech", **ANSWERED, severity=Severity.HIGH),
            a_case(2, "initech", subject="Order 3 is lost", unanswered_since=None),
        ]
        kept(repository, *cases)
        said(repository, cases[0], a_message(1, body="It is the GROSSE Hydra."))
        said(repository, cases[3], a_message(2, body="Nothing"), a_message(3, body="A hydrant 42", internal=True))
        said(repository, cases[5], a_message(4, body="100% of a_b", author_kind=AuthorKind.SYSTEM))
        return repository

    A1, A2, A3, G1, G2, I1, I2 = (
        *(("acme", n) for n in (1, 2, 3)),
        *(("globex", n) for n in (1, 2)),
        *(("initech", n) for n in (1, 2)),
    )

    @pytest.mark.parametrize(
        ("wanted", "names"),
        [
            ({}, {A1, A2, A3, G1, G2, I1, I2}),
            ({"store": "acme"}, {A1, A2, A3}),
            ({"store": "ACME"}, set()),
            ({"store": "umbrella"}, set()),
            ({"status": Status.OPEN}, {A1, G1, G2, I2}),
            ({"status": Status.ANSWERED}, {A2, I1}),
            ({"status": Status.CLOSED}, {A3}),
            ({"severity": Severity.HIGH}, {A1, I1}),
            ({"severity": Severity.NORMAL}, {A2, G1, I2}),
            ({"category": Category.BILLING_PLANS}, {A1, G2}),
            ({"category": Category.STORE_BUILDER}, set()),
            ({"assignee": "Ada"}, {A2, G2}),
            ({"assignee": "ada"}, {G1}),
            ({"assignee": "none"}, {A1, A3, I1, I2}),
            ({"assignee": "me"}, set()),
            ({"created_after": T0 + timedelta(minutes=2)}, {A2, A3, G2, I2}),
            ({"created_after": T0 + timedelta(minutes=2, milliseconds=1)}, {A3}),
            ({"created_before": T0 + timedelta(minutes=2)}, {A1, G1, I1}),
            ({"created_before": T0 + timedelta(minutes=2, milliseconds=1)}, {A1, A2, G1, G2, I1, I2}),
            ({"created_after": T0 + timedelta(minutes=2), "created_before": T0 + timedelta(minutes=3)}, {A2, G2, I2}),
            ({"active_after": T0 + timedelta(minutes=2)}, {A2, A3, G2, I2}),
            ({"active_after": LATE}, {A3}),
            ({"active_after": LATE + timedelta(milliseconds=1)}, set()),
            ({"active_before": LATE}, {A1, A2, G1, G2, I1, I2}),
            ({"active_before": T0 + timedelta(minutes=1)}, set()),
            ({"query": "case"}, {A1, A2, A3, G2, I1}),
            ({"query": "STRASSE"}, {G1}),
            ({"query": "größe"}, {A1, G1}),
            ({"query": "großte"}, set()),
            ({"query": "HYDRA"}, {A1, G1}),
            ({"query": "hydrant"}, {G1}),
            ({"query": "0% of a_"}, {I1}),
            ({"query": "a%b"}, set()),
            ({"query": "3"}, {A3, I2}),
            ({"query": "#000003"}, {A3}),
            ({"query": "42"}, {G1}),
            ({"query": "nothing of the kind"}, set()),
            ({"query": "hydra", "store": "globex", "assignee": "ada", "status": Status.OPEN}, {G1}),
            ({"query": "hydra", "store": "globex", "assignee": "none"}, set()),
            ({"stores": None}, {A1, A2, A3, G1, G2, I1, I2}),
            ({"stores": frozenset()}, set()),
            ({"stores": frozenset({"acme"})}, {A1, A2, A3}),
            ({"stores": frozenset({"acme", "initech", "umbrella"})}, {A1, A2, A3, I1, I2}),
            ({"stores": frozenset({"ACME", "acm", "acme2"})}, set()),
            ({"stores": frozenset({"globex"}), "store": "acme"}, set()),
            ({"stores": frozenset(), "store": "acme"}, set()),
            ({"stores": frozenset({"globex"}), "query": "case"}, {G2}),
            ({"stores": frozenset({"globex"}), "query": "1"}, {G1}),
            ({"stores": frozenset({"initech"}), "query": "hydra"}, set()),
        ],
    )
    def test_the_cases_that_are_wanted_are_found_and_no_others(self, filled, wanted, names):
        for sort in QueueSort:
            assert sorted(queued(filled, sort, **wanted)) == sorted(names)

    # the queue: in which order

    def test_whoever_waits_comes_first_and_the_critical_before_the_longest_wait(self, repository):
        def waits(number: int, minutes: int | None, severity: str = "normal", active: int = 500) -> Case:
            since = None if minutes is None else T0 + timedelta(minutes=minutes)
            severity = Severity(severity)
            return a_case(
                number, severity=severity, unanswered_since=since, last_activity_at=T0 + timedelta(minutes=active)
            )

        kept(
            repository,
            waits(1, 100, "high"),
            waits(2, None, active=100),
            waits(3, 50, "low"),
            waits(4, 300, "critical"),
            waits(5, None, "critical", active=200),
            waits(6, 200, "critical"),
            waits(7, 50, "low", active=600),
            waits(8, 50, "low"),
            waits(9, None, "critical", active=150)._replace(status=Status.ANSWERED),
        )
        numbers = [number for _, number in queued(repository, QueueSort.WAITING)]
        assert numbers == [6, 4, 7, 3, 8, 1, 5, 9, 2]

    def test_by_activity_the_newest_comes_first_and_by_age_the_oldest_case(self, repository):
        kept(
            repository,
            a_case(1, last_activity_at=LATE),
            a_case(2),
            a_case(3, last_activity_at=LATE + timedelta(milliseconds=1)),
            a_case(1, "globex", last_activity_at=LATE),
            a_case(2, "globex"),
        )
        by_activity = [("acme", 3), ("globex", 1), ("acme", 1), ("globex", 2), ("acme", 2)]
        assert queued(repository, QueueSort.ACTIVITY) == by_activity
        by_age = [("acme", 1), ("globex", 1), ("acme", 2), ("globex", 2), ("acme", 3)]
        assert queued(repository, QueueSort.AGE) == by_age

    def test_by_severity_the_worst_comes_first_and_of_two_equals_the_older(self, repository):
        severities = [Severity.LOW, Severity.NORMAL, Severity.CRITICAL, Severity.HIGH, Severity.CRITICAL, Severity.LOW]
        kept(repository, *(a_case(n, severity=severity) for n, severity in enumerate(severities, 1)))
        assert [number for _, number in queued(repository, QueueSort.SEVERITY)] == [3, 5, 4, 2, 1, 6]

    # the queue: from which place on

    @pytest.fixture
    def many(self, repository):
        """Forty cases of two stores with many equal times, waits and severities."""
        dice = random.Random(3)
        cases = []
        for number in range(1, 21):
            for store in ("acme", "globex"):
                opened = T0 + timedelta(minutes=dice.randint(0, 3))
                active = opened + timedelta(minutes=dice.randint(0, 3))
                waiting = dice.choice([None, opened, active])
                cases.append(
                    a_case(
                        number,
                        store,
                        created_at=opened,
                        last_activity_at=active,
                        unanswered_since=waiting,
                        status=Status.OPEN if waiting else Status.ANSWERED,
                        severity=dice.choice(list(Severity)),
                    )
                )
        kept(repository, *cases)
        return repository

    @pytest.mark.parametrize("sort", QueueSort)
    @pytest.mark.parametrize("limit", [1, 3, 7, 40, 41])
    def test_from_place_to_place_every_case_comes_once_and_in_order(self, many, sort, limit):
        everything = paged(many, sort)
        assert len({place for _, place in everything}) == 40
        walked, after = [], None
        while page := paged(many, sort, limit, after=after):
            walked += page
            after = page[-1][1]
        assert tuple(walked) == everything

    @pytest.mark.parametrize("sort", QueueSort)
    def test_an_offset_counts_from_the_place(self, many, sort):
        everything = paged(many, sort)
        after = everything[4][1]
        assert paged(many, sort, 5, offset=3, after=after) == everything[8:13]
        assert paged(many, sort, 5, offset=2**53 - 1) == ()

    @pytest.mark.parametrize("sort", QueueSort)
    @pytest.mark.parametrize("rank", [0, 1, 2, 3, 9])
    @pytest.mark.parametrize("text", ["", "2024-06-15T10:31:00.000Z", "x", "~" * 64])
    def test_a_place_that_no_case_ever_had_is_a_place_all_the_same(self, many, sort, rank, text):
        page = paged(many, sort, after=tuple(rank if kind is int else text for kind in PLACES[sort]))
        everything = paged(many, sort)
        assert page == everything[len(everything) - len(page) :]
