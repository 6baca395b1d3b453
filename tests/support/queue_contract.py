"""What every repository must do for the support team's side: notes, history, the queue, counts, support keys."""

import random
from datetime import timedelta
from itertools import pairwise

import pytest

from supportcases import (
    Actor,
    ApiKey,
    AuthorKind,
    Case,
    Category,
    EventKind,
    HistoryEntry,
    QueueSort,
    Severity,
    Status,
    StoreCounts,
)
from supportcases.domain.events import Event
from supportcases.domain.queue import QueueFilter
from tests.support.repository_contract import T0, a_case, a_message, found, hash_of, id_of, kept, thread_of

ADA = Actor.support("Ada")
LATE = T0 + timedelta(days=1)
CLOSED = {"status": Status.CLOSED, "closed_at": LATE, "last_activity_at": LATE}
ANSWERED = {"status": Status.ANSWERED}

Name = tuple[str, int]  # a case by its store and number


def queued(repository, sort=QueueSort.AGE, limit=1000, offset=0, after=None, **wanted) -> list[Name]:
    """Return the cases on the page by store and number, having seen that the count agrees."""
    asked = QueueFilter(**wanted)
    with repository.read() as transaction:
        page = transaction.queue.page(asked, sort, limit=limit, offset=offset, after=after)
        count = transaction.queue.count(asked)
        counts = transaction.queue.counts(asked)
    assert sum(counts.values()) == count
    if after is None:
        assert len(page) == max(0, min(limit, count - offset))
    return [(case.store, case.number) for case, _ in page]


def said(repository, case: Case, *messages) -> None:
    with repository.write() as transaction:
        for message in messages:
            transaction.cases.add_message(case, message)


def with_notes(repository, case_id: str, store: str = "acme"):
    with repository.read() as transaction:
        return transaction.cases.thread_with_notes(store, case_id)


def recorded(repository, case: Case, *kinds: EventKind, actor: Actor = ADA) -> None:
    with repository.write() as transaction:
        for number, kind in enumerate(kinds):
            at = T0 + timedelta(minutes=number)
            transaction.events.record(
                case, Event(kind, case, actor, at, {"assignee": None}, {"assignee": f"{number}"}).entry
            )


def history(repository, case_id: str, store: str = "acme", limit: int = 100, offset: int = 0):
    with repository.read() as transaction:
        return transaction.events.history(store, case_id, limit=limit, offset=offset)


def events_of(repository, case_id: str, store: str = "acme") -> int:
    with repository.read() as transaction:
        return transaction.events.count(store, case_id)


def asked(repository, method: str, *arguments, **named):
    with repository.read() as transaction:
        return getattr(transaction.queue, method)(*arguments, **named)


class QueueContract:
    """Subclasses give the fixture `repository` and the exception of their engine for broken invariants."""

    refused: type[Exception]

    # cases and what support keeps of them

    def test_an_assignee_and_a_wait_come_back_as_they_were_kept(self, repository):
        late = T0 + timedelta(hours=1, milliseconds=1)
        case = a_case(1, assignee="Zoë \N{SNOWMAN}", unanswered_since=late, last_activity_at=late)
        kept(repository, case, a_case(2, unanswered_since=None))
        assert found(repository, 1) == case
        assert (found(repository, 2).assignee, found(repository, 2).waiting_since) == (None, None)
        with repository.write() as transaction:
            transaction.cases.update(case._replace(assignee=None, unanswered_since=None, status=Status.ANSWERED))
        assert (found(repository, 1).assignee, found(repository, 1).waiting_since) == (None, None)

    # notes

    def test_a_note_is_in_the_thread_with_notes_alone(self, repository):
        kept(repository, a_case(1))
        first, note, second = a_message(1), a_message(2, internal=True, author_kind=AuthorKind.SUPPORT), a_message(3)
        said(repository, a_case(1), first, note, second)
        assert thread_of(repository, id_of(1)) == (first, second)
        assert with_notes(repository, id_of(1)) == (first, note, second)
        assert type(with_notes(repository, id_of(1))[1].internal) is bool

    def test_both_threads_are_in_the_order_of_adding_whatever_is_internal(self, repository):
        kept(repository, a_case(1))
        messages = [a_message(n, internal=n % 3 != 0) for n in (5, 1, 3, 2, 6, 4)]
        said(repository, a_case(1), *messages)
        assert with_notes(repository, id_of(1)) == tuple(messages)
        assert thread_of(repository, id_of(1)) == tuple(m for m in messages if not m.internal)

    def test_a_thread_with_notes_is_read_in_its_own_store_only(self, repository):
        kept(repository, a_case(1), a_case(1, "globex"))
        said(repository, a_case(1), a_message(1, internal=True))
        said(repository, a_case(1, "globex"), a_message(2, internal=True))
        assert with_notes(repository, id_of(1)) == (a_message(1, internal=True),)
        assert with_notes(repository, id_of(1), "globex") == ()
        assert with_notes(repository, id_of(1, "globex"), "globex") == (a_message(2, internal=True),)
        assert with_notes(repository, id_of(1), "ACME") == with_notes(repository, id_of(2)) == ()

    @pytest.mark.parametrize("case", [a_case(1, "globex", id=id_of(1)), a_case(2)], ids=["foreign", "absent"])
    def test_a_note_to_a_case_that_the_store_has_not_is_refused(self, repository, case):
        kept(repository, a_case(1), a_case(1, "globex"))
        with pytest.raises(self.refused), repository.write() as transaction:
            transaction.cases.add_message(case, a_message(1, internal=True))
        assert with_notes(repository, id_of(1)) == with_notes(repository, id_of(1, "globex"), "globex") == ()

    # history

    def test_an_entry_comes_back_as_it_was_recorded(self, repository):
        kept(repository, a_case(1))
        was, became = {"assignee": None, "subject": 'é "quoted" \u2028'}, {"assignee": "Zoë", "subject": "</script>"}
        at = T0 + timedelta(milliseconds=1)
        with repository.write() as transaction:
            transaction.events.record(a_case(1), Event(EventKind.CHANGED, a_case(1), ADA, at, was, became).entry)
        (entry,) = history(repository, id_of(1))
        assert entry == HistoryEntry(EventKind.CHANGED, ADA.kind, "Ada", at, was, became)
        assert type(entry.kind) is EventKind

    @pytest.mark.parametrize("kind", EventKind)
    @pytest.mark.parametrize("actor", [ADA, Actor.merchant("acme", "Zoë")], ids=["support", "merchant"])
    def test_every_kind_of_event_of_either_side_can_be_kept(self, repository, kind, actor):
        kept(repository, a_case(1))
        recorded(repository, a_case(1), kind, actor=actor)
        (entry,) = history(repository, id_of(1))
        assert (entry.kind, entry.actor_kind, entry.actor_label) == (kind, actor.kind, actor.label)

    def test_a_history_is_in_the_order_of_recording_whatever_the_clock(self, repository):
        kept(repository, a_case(1))
        with repository.write() as transaction:
            for minutes in (3, 1, 2, 1):
                at = T0 + timedelta(minutes=minutes)
                transaction.events.record(a_case(1), Event(EventKind.NOTED, a_case(1), ADA, at, {}, {}).entry)
        assert [(entry.at - T0) // timedelta(minutes=1) for entry in history(repository, id_of(1))] == [3, 1, 2, 1]

    def test_pages_of_a_history_hold_every_entry_once(self, repository):
        kept(repository, a_case(1), a_case(2))
        kinds = list(EventKind)[:7]
        for kind in kinds:  # one after the other, in turns with another case's
            recorded(repository, a_case(1), kind)
            recorded(repository, a_case(2), EventKind.NOTED)
        pages = [[e.kind for e in history(repository, id_of(1), limit=3, offset=offset)] for offset in (0, 3, 6, 9)]
        assert pages == [kinds[:3], kinds[3:6], kinds[6:], []]
        assert history(repository, id_of(1), offset=2**53 - 1) == ()
        assert events_of(repository, id_of(1)) == 7

    def test_a_history_is_read_and_counted_in_its_own_store_only(self, repository):
        kept(repository, a_case(1), a_case(1, "globex"))
        recorded(repository, a_case(1), EventKind.OPENED, EventKind.NOTED)
        recorded(repository, a_case(1, "globex"), EventKind.OPENED)
        assert len(history(repository, id_of(1))) == events_of(repository, id_of(1)) == 2
        for case_id, store in (
            (id_of(1), "globex"),
            (id_of(1, "globex"), "acme"),
            (id_of(1), "Acme"),
            (id_of(2), "acme"),
        ):
            assert history(repository, case_id, store) == ()
            assert events_of(repository, case_id, store) == 0

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
            ({"query": "größe"}, {G1}),
            ({"query": "große"}, {A1}),
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

    def test_a_search_in_bodies_looks_into_the_cases_own_messages_only(self, repository):
        kept(repository, a_case(1), a_case(2), a_case(1, "globex"))
        said(repository, a_case(2), a_message(1, body="hydra"))
        assert queued(repository, query="hydra") == [("acme", 2)]
        assert queued(repository, query="hydra", stores=frozenset({"globex"})) == []

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
        everything = asked(many, "page", QueueFilter(), sort, limit=100, offset=0, after=None)
        assert len({place for _, place in everything}) == 40
        walked, after = [], None
        while page := asked(many, "page", QueueFilter(), sort, limit=limit, offset=0, after=after):
            walked += page
            after = page[-1][1]
        assert tuple(walked) == everything

    @pytest.mark.parametrize("sort", QueueSort)
    def test_an_offset_counts_from_the_place(self, many, sort):
        everything = asked(many, "page", QueueFilter(), sort, limit=100, offset=0, after=None)
        after = everything[4][1]
        assert asked(many, "page", QueueFilter(), sort, limit=5, offset=3, after=after) == everything[8:13]
        assert asked(many, "page", QueueFilter(), sort, limit=5, offset=2**53 - 1, after=None) == ()

    @pytest.mark.parametrize("sort", QueueSort)
    def test_a_place_holds_no_more_than_was_asked_to_be_seen(self, many, sort):
        wanted = QueueFilter(stores=frozenset({"globex"}))
        for _, place in asked(many, "page", QueueFilter(store="acme"), sort, limit=100, offset=0, after=None):
            page = asked(many, "page", wanted, sort, limit=100, offset=0, after=place)
            assert {case.store for case, _ in page} <= {"globex"}
            assert asked(many, "page", QueueFilter(stores=frozenset()), sort, limit=9, offset=0, after=place) == ()

    @pytest.mark.parametrize("sort", QueueSort)
    @pytest.mark.parametrize("place", [(0,), (9, "", "", ""), ("", "", ""), ("~" * 64,) * 9, (5,) * 300, ("x", 1, "y")])
    def test_a_place_that_no_case_ever_had_is_a_place_all_the_same(self, many, sort, place):
        page = asked(many, "page", QueueFilter(), sort, limit=100, offset=0, after=place)
        everything = asked(many, "page", QueueFilter(), sort, limit=100, offset=0, after=None)
        assert page == everything[len(everything) - len(page) :]

    def test_the_forty_are_sorted(self, many):
        by_age = asked(many, "page", QueueFilter(), QueueSort.AGE, limit=100, offset=0, after=None)
        assert all((a.created_at, a.id) < (b.created_at, b.id) for (a, _), (b, _) in pairwise(by_age))

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

        def quiet(minutes: float, stores=None) -> list[Name]:
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
        assert queued(repository) == []
        assert asked(repository, "stores", None, limit=10, offset=0) == ()
        assert asked(repository, "count_stores", None) == 0
        assert asked(repository, "counts", QueueFilter()) == {}
        assert asked(repository, "oldest_unanswered", QueueFilter()) is None
        assert asked(repository, "first_answer_times", QueueFilter()) == []
        assert asked(repository, "closing_times", QueueFilter()) == []
        assert asked(repository, "answered_before", None, LATE) == ()

    # statistics

    def test_cases_are_counted_by_status_and_severity(self, filled):
        Op, An, Cl = Status.OPEN, Status.ANSWERED, Status.CLOSED
        high, normal, low, critical = Severity.HIGH, Severity.NORMAL, Severity.LOW, Severity.CRITICAL
        everything = {
            (Op, high): 1,
            (Op, normal): 2,
            (Op, low): 1,
            (An, normal): 1,
            (An, high): 1,
            (Cl, critical): 1,
        }
        assert asked(filled, "counts", QueueFilter()) == everything
        globex = {(Op, normal): 1, (Op, low): 1}
        assert asked(filled, "counts", QueueFilter(store="globex")) == globex
        assert asked(filled, "counts", QueueFilter(stores=frozenset({"globex"}))) == globex
        for nothing in (
            QueueFilter(stores=frozenset()),
            QueueFilter(stores=frozenset({"acme"}), store="globex"),
            QueueFilter(created_after=LATE),
        ):
            assert asked(filled, "counts", nothing) == {}

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
            return asked(repository, "oldest_unanswered", QueueFilter(**wanted))

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

        def times(**wanted) -> list[int]:
            return sorted(asked(repository, "first_answer_times", QueueFilter(**wanted)))

        minute = 60_000
        assert times() == [0, 1, 4 * minute, 4 * minute + 30_000]
        assert times(store="globex") == times(stores=frozenset({"globex"})) == [1]
        assert times(stores=frozenset({"acme"})) == [0, 4 * minute, 4 * minute + 30_000]
        assert times(stores=frozenset()) == times(stores=frozenset({"globex"}), store="acme") == []
        assert times(created_after=T0 + timedelta(minutes=5)) == [0]
        assert times(created_before=T0 + timedelta(minutes=2)) == [1, 4 * minute]

    def test_closing_takes_from_the_opening_to_the_closing_of_those_closed_now(self, repository):
        after = [T0 + timedelta(minutes=m) for m in (1.5, 3, 7)]
        kept(
            repository,
            *(a_case(n, **CLOSED | {"closed_at": closed}) for n, closed in enumerate(after, 1)),
            a_case(4),
            a_case(5, **ANSWERED),
            a_case(1, "globex", **CLOSED),
        )

        def times(**wanted) -> list[int]:
            return sorted(asked(repository, "closing_times", QueueFilter(**wanted)))

        day = 24 * 60 * 60_000 - 60_000
        assert times() == [30_000, 60_000, 240_000, day]
        assert times(store="acme") == times(stores=frozenset({"acme"})) == [30_000, 60_000, 240_000]
        assert times(stores=frozenset({"globex"})) == [day]
        assert times(stores=frozenset()) == times(stores=frozenset({"globex"}), store="acme") == []
        assert times(created_after=T0 + timedelta(minutes=3)) == [240_000]

    # support keys

    @pytest.mark.parametrize("stores", [None, [], ["acme"], ["globex", "acme", "A.b_c-9"]], ids=str)
    def test_a_support_key_comes_back_as_it_was_kept(self, repository, stores):
        key = ApiKey("0" * 11 + "1", Actor.support("Zoë", stores, id="0" * 11 + "1"), T0, LATE)
        with repository.write() as transaction:
            transaction.keys.add(key, hash_of(1))
        with repository.read() as transaction:
            kept_key = transaction.keys.find(hash_of(1), T0)
            assert transaction.keys.page(limit=9, offset=0) == (key,)
        assert kept_key == key
        assert kept_key.actor.stores == (None if stores is None else frozenset(stores))
        with repository.write() as transaction:
            assert transaction.keys.revoke(key.id, LATE) is True
            assert transaction.keys.find(hash_of(1), T0) is None
            assert transaction.keys.page(limit=9, offset=0) == (key._replace(revoked_at=LATE),)
