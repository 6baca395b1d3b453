"""What every repository must do for the reports: quiet cases, stores, counts, how long answers and closings take."""

from datetime import timedelta

from supportcases import AuthorKind, Case, QueueSort, Severity, Spread, Status, StoreCounts
from supportcases.domain.cases import CaseFilter
from tests.support.rows import ANSWERED, CLOSED, LATE, T0, a_case, a_message, asked, kept, said, spread_of


class ReportContract:
    """Subclasses give the fixture `repository`."""

    # cases that have gone quiet

    def test_only_answered_cases_go_quiet_and_the_longest_quiet_come_first(self, repository):
        kept(
            repository,
            a_case(1, last_activity_at=T0 + timedelta(minutes=3), **ANSWERED),
            a_case(2, **ANSWERED),
            a_case(3),
            a_case(4, **CLOSED),
            a_case(5, **ANSWERED),
            a_case(1, "globex", **ANSWERED),
        )

        def quiet(minutes: float, stores=None) -> list[tuple[str, int]]:
            cases = asked(repository, "answered_before", stores, T0 + timedelta(minutes=minutes))
            return [(case.store, case.number) for case in cases]

        assert quiet(10) == [("globex", 1), ("acme", 2), ("acme", 1), ("acme", 5)]
        assert quiet(3) == [("globex", 1), ("acme", 2), ("acme", 1)]
        assert quiet(3 - 1 / 60_000) == [("globex", 1), ("acme", 2)]
        assert quiet(0) == []
        assert quiet(10, frozenset({"globex", "initech"})) == [("globex", 1)]
        assert quiet(10, frozenset({"GLOBEX"})) == quiet(10, frozenset()) == []

    # stores

    def test_stores_are_counted_by_status_with_the_newest_activity_first(self, repository):
        later = LATE + timedelta(days=1)
        kept(
            repository,
            *(a_case(n) for n in (1, 2)),
            a_case(3, **ANSWERED),
            a_case(1, "globex", **CLOSED),
            a_case(1, "initech", **CLOSED | {"last_activity_at": later}),
            a_case(1, "Acme", **CLOSED),
        )
        acme = StoreCounts("acme", 2, 1, 0, T0 + timedelta(minutes=3))
        globex, capital, initech = (
            StoreCounts(name, 0, 0, 1, active)
            for name, active in (("globex", LATE), ("Acme", LATE), ("initech", later))
        )
        ordered = (initech, capital, globex, acme)

        def stores(seen, limit=10, offset=0):
            return asked(repository, "stores", seen, limit=limit, offset=offset)

        assert stores(None) == ordered
        assert [stores(None, 3, offset) for offset in (0, 3, 6)] == [ordered[:3], ordered[3:], ()]
        assert stores(frozenset({"acme", "globex", "umbrella"})) == (globex, acme)
        assert stores(frozenset({"acme", "globex"}), 1, 1) == (acme,)
        assert stores(frozenset({"umbrella"})) == stores(frozenset()) == ()
        for seen, count in ((None, 4), (frozenset({"acme", "globex", "umbrella"}), 2), (frozenset(), 0)):
            assert asked(repository, "count_stores", seen) == count

    def test_where_there_are_no_cases_there_is_nothing(self, repository):
        assert asked(repository, "page", CaseFilter(), QueueSort.AGE, limit=9, offset=0, after=None) == ((), 0, True)
        assert asked(repository, "stores", None, limit=10, offset=0) == ()
        assert asked(repository, "count_stores", None) == 0
        assert asked(repository, "counts", CaseFilter()) == {}
        assert asked(repository, "oldest_unanswered", CaseFilter()) is None
        assert asked(repository, "first_answers", CaseFilter()) == Spread(0, None, None)
        assert asked(repository, "closings", CaseFilter()) == Spread(0, None, None)
        assert asked(repository, "answered_before", None, LATE) == ()

    # statistics

    def test_cases_are_counted_by_status_and_severity(self, repository):
        kept(
            repository,
            a_case(1, severity=Severity.HIGH),
            *(a_case(n) for n in (2, 3)),
            a_case(4, severity=Severity.CRITICAL, **CLOSED),
            a_case(1, "globex", severity=Severity.LOW),
        )
        globex = {(Status.OPEN, Severity.LOW): 1}
        acme = {
            (Status.OPEN, Severity.HIGH): 1,
            (Status.OPEN, Severity.NORMAL): 2,
            (Status.CLOSED, Severity.CRITICAL): 1,
        }
        assert asked(repository, "counts", CaseFilter()) == acme | globex
        assert asked(repository, "counts", CaseFilter(store="globex")) == globex
        assert asked(repository, "counts", CaseFilter(stores=frozenset({"globex"}))) == globex
        assert asked(repository, "counts", CaseFilter(created_after=LATE)) == {}

    def test_the_oldest_unanswered_is_whoever_has_waited_longest_of_those_wanted(self, repository):
        cases = [
            a_case(1, unanswered_since=T0 + timedelta(minutes=9), last_activity_at=LATE),
            a_case(2, **ANSWERED),
            a_case(3),
            a_case(4, unanswered_since=None),
            a_case(1, "globex", unanswered_since=T0 + timedelta(minutes=5), last_activity_at=LATE),
        ]
        kept(repository, *cases)

        def oldest(**wanted) -> Case | None:
            return asked(repository, "oldest_unanswered", CaseFilter(**wanted))

        assert oldest() == oldest(stores=frozenset({"acme", "globex"})) == cases[2]
        assert oldest(store="globex") == oldest(stores=frozenset({"globex"})) == cases[4]
        assert oldest(created_before=T0 + timedelta(minutes=3), stores=frozenset({"acme"})) == cases[0]
        assert oldest(stores=frozenset({"globex"}), store="acme") is oldest(stores=frozenset()) is None
        assert oldest(created_after=T0 + timedelta(minutes=4)) is None

    def test_the_first_answer_is_the_first_public_word_of_support_or_elliot(self, repository):
        kept(repository, *(a_case(n) for n in range(1, 7)), a_case(1, "globex"))
        kinds = AuthorKind

        def word(number: int, minutes: float, kind: AuthorKind, **changes):
            return a_message(number, author_kind=kind, created_at=T0 + timedelta(minutes=minutes), **changes)

        said(repository, a_case(1), word(1, 2, kinds.SUPPORT, internal=True), word(2, 5, kinds.SUPPORT))
        said(repository, a_case(2), word(3, 3, kinds.SYSTEM), word(4, 6.5, kinds.ELLIOT), word(5, 7, kinds.SUPPORT))
        said(repository, a_case(3), word(6, 5, kinds.SUPPORT, internal=True), word(7, 5, kinds.ELLIOT, internal=True))
        said(repository, a_case(4), word(8, 4, kinds.MERCHANT), word(9, 5, kinds.SYSTEM))
        said(repository, a_case(5), word(10, 5, kinds.SUPPORT))
        said(repository, a_case(1, "globex"), word(11, 1 + 1 / 60_000, kinds.SUPPORT))

        def times(**wanted) -> Spread:
            return asked(repository, "first_answers", CaseFilter(**wanted))

        minute = 60_000
        assert times() == spread_of([0, 1, 4 * minute, 4 * minute + 30_000])
        assert times(store="globex") == times(stores=frozenset({"globex"})) == spread_of([1])
        assert times(stores=frozenset({"acme"})) == spread_of([0, 4 * minute, 4 * minute + 30_000])
        assert times(stores=frozenset()) == times(stores=frozenset({"globex"}), store="acme") == spread_of([])
        assert times(created_after=T0 + timedelta(minutes=5)) == spread_of([0])
        assert times(created_before=T0 + timedelta(minutes=2)) == spread_of([1, 4 * minute])

    def test_closing_takes_from_the_opening_to_the_closing_of_those_closed_now(self, repository):
        after = [T0 + timedelta(minutes=m) for m in (1.5, 3, 7)]
        kept(
            repository,
            *(a_case(n, **CLOSED | {"closed_at": closed}) for n, closed in enumerate(after, 1)),
            a_case(4),
            a_case(5, **ANSWERED),
            a_case(1, "globex", **CLOSED),
        )

        def times(**wanted) -> Spread:
            return asked(repository, "closings", CaseFilter(**wanted))

        day = 24 * 60 * 60_000 - 60_000
        assert times() == spread_of([30_000, 60_000, 240_000, day])
        assert times(store="acme") == times(stores=frozenset({"acme"})) == spread_of([30_000, 60_000, 240_000])
        assert times(stores=frozenset({"globex"})) == spread_of([day])
        assert times(stores=frozenset()) == times(stores=frozenset({"globex"}), store="acme") == spread_of([])
        assert times(created_after=T0 + timedelta(minutes=3)) == spread_of([240_000])

    def test_the_times_of_all_are_spread_as_they_are_however_many_there_are(self, repository):
        closed = [(number * 7) % 23 for number in range(1, 23)]  # some of them in no order
        for number, minutes in enumerate(closed, start=1):
            at = a_case(number).created_at + timedelta(minutes=minutes)
            kept(repository, a_case(number, **CLOSED | {"closed_at": at}))
            expected = spread_of([60_000 * minutes for minutes in sorted(closed[:number])])
            assert asked(repository, "closings", CaseFilter()) == expected
