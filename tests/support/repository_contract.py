"""What every repository must do, whatever its engine: a test class inherits this and gives a `repository`."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from supportcases import (
    Actor,
    ApiKey,
    AuthorKind,
    Case,
    Category,
    Message,
    Severity,
    Status,
)
from supportcases.domain.cases import CaseFilter, CaseRef, Thread
from supportcases.domain.events import Event, EventKind
from supportcases.storage.protocol import Answer, KeptAnswer

T0 = datetime(2024, 6, 15, 10, 30, tzinfo=UTC)
ANY = CaseFilter()
SMILE = "\N{SMILING FACE WITH OPEN MOUTH}"


def id_of(number: int, store: str = "acme", kind: str = "7") -> str:
    return f"0191abc0-0000-{kind}000-8000-{store.encode()[:2].hex()}{number:08x}"


def a_case(number: int = 1, store: str = "acme", **changes) -> Case:
    """Return a case that was opened `number` minutes after T0; an open one has waited since, unless it is told."""
    opened = T0 + timedelta(minutes=number)
    is_open = changes.get("status", Status.OPEN) is Status.OPEN
    case = Case(
        id=id_of(number, store),
        store=store,
        number=number,
        subject=f"Case {number} of {store}",
        category=Category.OTHER,
        severity=Severity.NORMAL,
        status=Status.OPEN,
        created_at=opened,
        last_activity_at=opened,
        closed_at=None,
        unanswered_since=opened if is_open else None,
    )
    return case._replace(**changes)


def a_message(number: int = 1, body: str = "It does not work.", **changes) -> Message:
    message = Message(id_of(number, kind="6"), AuthorKind.MERCHANT, "API", body, T0 + timedelta(minutes=number))
    return message._replace(**changes)


def a_key(number: int = 1, store: str = "acme", label: str = "API", **changes) -> ApiKey:
    name = f"{number:012x}"
    key = ApiKey(name, Actor.merchant(store, label, id=name), T0 + timedelta(minutes=number))
    return key._replace(**changes)


def hash_of(number: int) -> str:
    return f"{number:064x}"


def an_answer(fingerprint: str = "f" * 64, status: int = 201, body: str = '{"number": 1}', location: str | None = None):
    return KeptAnswer(fingerprint, Answer(status, body, location))


def kept(repository, *cases: Case) -> None:
    """Add the cases, each with its number taken as the desk takes it."""
    with repository.write() as transaction:
        for case in cases:
            assert transaction.cases.next_number(case.store) == case.number
            transaction.cases.add(case)


@contextmanager
def failing_write(repository, failure: type[BaseException] = ZeroDivisionError) -> Iterator:
    """Give a transaction that writes, and let it fail at its end."""
    with pytest.raises(failure), repository.write() as transaction:  # noqa: PT012 - the statements are the caller's
        yield transaction
        raise failure


def found(repository, ref: int | str, store: str = "acme") -> Case | None:
    wanted = CaseRef(number=ref) if isinstance(ref, int) else CaseRef(id=ref)
    with repository.read() as transaction:
        return transaction.cases.find(store, wanted)


def listed(repository, store: str = "acme", limit: int = 100, offset: int = 0, **wanted) -> list[int]:
    """Return the numbers on the page, having seen that the count agrees where all fit."""
    with repository.read() as transaction:
        page = transaction.cases.page(store, CaseFilter(**wanted), limit=limit, offset=offset)
    assert {case.store for case in page.cases} <= {store}
    assert len(page.cases) == max(0, min(limit, page.count - offset))
    assert (page.limit, page.offset) == (limit, offset)
    return [case.number for case in page.cases]


def counted(transaction, store: str = "acme") -> int:
    return transaction.cases.page(store, ANY, limit=1, offset=0).count


def thread_of(repository, case_id: str, store: str = "acme") -> tuple[Message, ...]:
    with repository.read() as transaction:
        thread = transaction.cases.thread(store, CaseRef(id=case_id))
    return thread.messages if thread else ()


class RepositoryContract:
    """Subclasses give the fixture `repository` and the exception of their engine for broken invariants."""

    refused: type[Exception]

    @pytest.fixture
    def repository(self):
        raise NotImplementedError

    # numbers

    def test_numbers_begin_at_1_in_each_store_and_grow_by_one(self, repository):
        with repository.write() as transaction:
            acme = [transaction.cases.next_number("acme") for _ in range(3)]
            globex = [transaction.cases.next_number("globex") for _ in range(2)]
            assert (acme, globex) == ([1, 2, 3], [1, 2])
            assert transaction.cases.next_number("acme") == 4

    def test_a_number_taken_in_a_transaction_that_failed_is_given_again(self, repository):
        kept(repository, a_case(1))
        with failing_write(repository) as transaction:
            assert transaction.cases.next_number("acme") == 2
        kept(repository, a_case(2))
        assert listed(repository) == [2, 1]

    def test_store_names_that_differ_in_letter_case_are_two_stores(self, repository):
        kept(repository, a_case(1), a_case(1, "ACME"))
        assert found(repository, 1).id == id_of(1)
        assert found(repository, 1, "ACME").id == id_of(1, "ACME")
        assert found(repository, 1, "Acme") is None

    # cases

    def test_a_case_comes_back_as_it_was_added(self, repository):
        case = a_case(
            1,
            subject=f'Straße "É" {SMILE} <b>\u0301 %_*',
            category=Category.STORE_BUILDER,
            severity=Severity.CRITICAL,
            status=Status.CLOSED,
            last_activity_at=T0 + timedelta(days=1, milliseconds=1),
            closed_at=T0 + timedelta(days=1, milliseconds=1),
        )
        kept(repository, case)
        assert found(repository, case.id) == found(repository, 1) == case
        assert type(found(repository, 1).status) is Status
        assert found(repository, 1).closed_at.tzinfo is UTC

    @pytest.mark.parametrize("category", Category)
    @pytest.mark.parametrize("severity", Severity)
    def test_every_category_and_severity_can_be_kept(self, repository, category, severity):
        kept(repository, a_case(1, category=category, severity=severity))
        assert (found(repository, 1).category, found(repository, 1).severity) == (category, severity)

    def test_a_case_is_found_in_its_own_store_only(self, repository):
        kept(repository, a_case(1), a_case(2), a_case(1, "globex"))
        assert found(repository, id_of(2)).number == 2
        assert found(repository, 2).id == id_of(2)
        for ref in (2, id_of(1), id_of(2)):
            assert found(repository, ref, "globex") is None
        assert found(repository, 1, "initech") is None

    @pytest.mark.parametrize("ref", [3, 2**63 - 1, id_of(3), "", None])
    def test_a_case_that_never_was_is_not_found(self, repository, ref):
        kept(repository, a_case(1), a_case(2))
        assert found(repository, ref) is None

    def test_a_reference_to_nothing_finds_nothing(self, repository):
        kept(repository, a_case(1))
        with repository.read() as transaction:
            assert transaction.cases.find("acme", CaseRef()) is None

    def test_the_store_of_a_case_is_known_and_that_of_none_is_not(self, repository):
        kept(repository, a_case(1), a_case(1, "globex"))
        with repository.read() as transaction:
            assert transaction.cases.store_of(id_of(1)) == "acme"
            assert transaction.cases.store_of(id_of(1, "globex")) == "globex"
            assert transaction.cases.store_of(id_of(2)) is None

    def test_an_update_saves_what_can_change_and_nothing_else(self, repository):
        case = a_case(1)
        kept(repository, case, a_case(2))
        changed = case._replace(
            subject="Étude",
            category=Category.BILLING_PLANS,
            severity=Severity.LOW,
            status=Status.CLOSED,
            last_activity_at=T0 + timedelta(hours=1),
            closed_at=T0 + timedelta(hours=1),
            unanswered_since=None,
            assignee="Ada",
        )
        with repository.write() as transaction:
            transaction.cases.update(changed._replace(number=77, created_at=T0))
        assert found(repository, 1) == changed
        assert found(repository, 2) == a_case(2)
        assert listed(repository, query="étude") == [1]
        assert listed(repository, query="Case 1") == []

    def test_an_update_as_another_stores_case_changes_nothing(self, repository):
        kept(repository, a_case(1), a_case(1, "globex"))
        with repository.write() as transaction:
            transaction.cases.update(a_case(1)._replace(store="globex", subject="Stolen", severity=Severity.LOW))
            transaction.cases.update(a_case(1)._replace(store="initech", subject="Stolen"))
        assert found(repository, 1) == a_case(1)
        assert found(repository, 1, "globex") == a_case(1, "globex")

    def test_an_update_of_a_case_that_never_was_adds_none(self, repository):
        kept(repository, a_case(1))
        with repository.write() as transaction:
            transaction.cases.update(a_case(2))
        assert listed(repository) == [1]

    @pytest.mark.parametrize(
        "twin",
        [
            a_case(2, id=id_of(1)),
            a_case(1, id=id_of(9)),
            a_case(2, "globex", id=id_of(1)),
        ],
        ids=["same id", "same number", "same id in another store"],
    )
    def test_a_twin_of_a_case_is_refused_and_leaves_nothing(self, repository, twin):
        kept(repository, a_case(1), a_case(1, "globex"))
        with pytest.raises(self.refused), repository.write() as transaction:
            transaction.cases.add(twin)
        assert found(repository, 1) == a_case(1)
        assert listed(repository) == listed(repository, "globex") == [1]

    # messages

    def test_a_thread_is_in_the_order_of_adding_whatever_the_clock_and_the_ids(self, repository):
        case = a_case(1)
        kept(repository, case)
        messages = [a_message(number) for number in (3, 1, 2)]
        with repository.write() as transaction:
            for message in messages:
                transaction.cases.add_message(case, message)
        assert thread_of(repository, case.id) == tuple(messages)

    @pytest.mark.parametrize("kind", AuthorKind)
    def test_a_message_comes_back_as_it_was_added(self, repository, kind):
        case = a_case(1)
        kept(repository, case)
        message = a_message(author_kind=kind, author_label="Zoë", body=f"\x1b[1m <script>\r\n\t{SMILE} e\u0301 é")
        with repository.write() as transaction:
            transaction.cases.add_message(case, message)
        assert thread_of(repository, case.id) == (message,)
        assert type(thread_of(repository, case.id)[0].author_kind) is AuthorKind

    def test_a_thread_comes_with_its_case_by_id_and_by_number(self, repository):
        kept(repository, a_case(1), a_case(2))
        note = a_message(2, author_kind=AuthorKind.SUPPORT, internal=True)
        with repository.write() as transaction:
            for message in (a_message(1), note, a_message(3)):
                transaction.cases.add_message(a_case(1), message)
        with repository.read(once=True) as transaction:
            for ref in (CaseRef(id=id_of(1)), CaseRef(number=1)):
                assert transaction.cases.thread("acme", ref) == Thread(a_case(1), (a_message(1), a_message(3)))
            assert transaction.cases.thread("acme", CaseRef(number=2)) == Thread(a_case(2), ())
            assert transaction.cases.thread("acme", CaseRef(number=3)) is None
            assert transaction.cases.thread("globex", CaseRef(id=id_of(1))) is None

    def test_a_thread_is_read_in_its_own_store_only(self, repository):
        kept(repository, a_case(1), a_case(1, "globex"))
        with repository.write() as transaction:
            transaction.cases.add_message(a_case(1), a_message(1))
            transaction.cases.add_message(a_case(1, "globex"), a_message(2))
        assert thread_of(repository, id_of(1)) == (a_message(1),)
        assert thread_of(repository, id_of(1), "globex") == ()
        assert thread_of(repository, id_of(1, "globex"), "globex") == (a_message(2),)
        assert thread_of(repository, id_of(2)) == ()

    def test_the_length_of_a_thread_is_that_of_the_case_alone_and_without_its_notes(self, repository):
        kept(repository, a_case(1), a_case(2), a_case(1, "globex"))
        with repository.write() as transaction:
            transaction.cases.add_message(a_case(1), a_message(1, "Größe"))
            transaction.cases.add_message(a_case(1), a_message(2, "A note.", internal=True))
            transaction.cases.add_message(a_case(2), a_message(3, "1"))
            transaction.cases.add_message(a_case(2), a_message(4, "22"))
        with repository.read() as transaction:
            assert transaction.cases.thread_size("acme", id_of(1)) == (1, 5)
            assert transaction.cases.thread_size("acme", id_of(2)) == (2, 3)
            assert transaction.cases.thread_size("globex", id_of(1, "globex")) == (0, 0)
            assert transaction.cases.thread_size("globex", id_of(1)) == (0, 0)
            assert transaction.cases.thread_size("acme", id_of(3)) == (0, 0)

    @pytest.mark.parametrize("case", [a_case(1, "globex", id=id_of(1)), a_case(2)], ids=["foreign", "absent"])
    def test_a_message_to_a_case_that_the_store_has_not_is_refused(self, repository, case):
        kept(repository, a_case(1), a_case(1, "globex"))
        with pytest.raises(self.refused), repository.write() as transaction:
            transaction.cases.add_message(case, a_message(1))
        assert thread_of(repository, id_of(1)) == thread_of(repository, id_of(1, "globex"), "globex") == ()

    # lists

    def test_the_newest_activity_comes_first_and_then_the_higher_number(self, repository):
        late = T0 + timedelta(days=1)
        kept(
            repository,
            a_case(1, last_activity_at=late),
            a_case(2),
            a_case(3, last_activity_at=late + timedelta(milliseconds=1)),
            a_case(4, last_activity_at=late),
            a_case(5),
        )
        assert listed(repository) == [3, 4, 1, 5, 2]

    def test_pages_hold_every_case_once(self, repository):
        kept(repository, *(a_case(n, last_activity_at=T0 + timedelta(days=1 + n % 2)) for n in range(1, 8)))
        pages = [listed(repository, limit=3, offset=offset) for offset in (0, 3, 6, 9)]
        assert pages == [[7, 5, 3], [1, 6, 4], [2], []]
        assert listed(repository, offset=2**53 - 1) == []

    def test_another_stores_cases_are_neither_listed_nor_counted(self, repository):
        kept(repository, a_case(1), a_case(2), a_case(1, "globex"))
        for wanted in ({}, {"query": "case"}, {"query": "1"}, {"status": Status.OPEN}, {"severity": Severity.NORMAL}):
            assert listed(repository, "globex", **wanted) == [1]
            assert listed(repository, "initech", **wanted) == []

    def test_cases_are_listed_by_status_and_severity(self, repository):
        closed = {
            "status": Status.CLOSED,
            "closed_at": T0 + timedelta(days=1),
            "last_activity_at": T0 + timedelta(days=1),
        }
        kept(
            repository,
            a_case(1, severity=Severity.HIGH),
            a_case(2, status=Status.ANSWERED),
            a_case(3, **closed),
            a_case(4, severity=Severity.HIGH, status=Status.ANSWERED),
        )
        assert listed(repository, status=Status.OPEN) == [1]
        assert listed(repository, status=Status.ANSWERED) == [4, 2]
        assert listed(repository, status=Status.CLOSED) == [3]
        assert listed(repository, severity=Severity.HIGH) == [4, 1]
        assert listed(repository, severity=Severity.HIGH, status=Status.ANSWERED, query="case 4") == [4]
        assert listed(repository, severity=Severity.LOW) == []

    SUBJECTS = (
        "Größe der Straße",  # 1
        "GROSSE STRASSE",  # 2
        "Étude décommandée",  # 3
        "100% of a_b orders",  # 4
        "1000 of axb orders",  # 5
        'He said "no" * twice',  # 6
        "One OR two NEAR three",  # 7
        "Order #42 is lost",  # 8
        "ΣΊΣΥΦΟΣ",  # 9
        "O'Brien; DROP TABLE cases--",  # 10
        f"注文が届きません {SMILE}",  # 11
        r"back\slash [a-z] ?",  # 12
    )

    @pytest.mark.parametrize(
        ("query", "numbers"),
        [
            ("strasse", [2, 1]),
            ("STRASSE", [2, 1]),
            ("straße", [2, 1]),
            ("größe", [1]),
            ("étude", [3]),
            ("DÉCOMMANDÉE", [3]),
            ("e", [10, 8, 7, 6, 5, 4, 3, 2, 1]),
            ("%", [4]),
            ("0%", [4]),
            ("_", [4]),
            ("a_b", [4]),
            ("a%b", []),
            ('"', [6]),
            ('"no" *', [6]),
            ("*", [6]),
            ("OR", [8, 7, 5, 4]),
            ("OR two", [7]),
            ("one OR order", []),
            ("NEAR", [7]),
            ("NEAR(one two)", []),
            ("σίσυφος", [9]),
            ("σίσυφοσ", [9]),
            ("'", [10]),
            ("; drop", [10]),
            ("届き", [11]),
            (SMILE, [11]),
            ("\\", [12]),
            ("[a-z]", [12]),
            ("?", [12]),
            ("#42", [8]),
            ("order  #42", []),
            ("nothing of the kind", []),
        ],
    )
    def test_a_search_finds_the_text_itself_in_any_letter_case(self, repository, query, numbers):
        kept(repository, *(a_case(n, subject=subject) for n, subject in enumerate(self.SUBJECTS, 1)))
        assert listed(repository, query=query) == numbers

    @pytest.mark.parametrize("query", ["12", "#12", "012", "#012", "000012", "#000012"])
    def test_a_number_is_found_in_every_written_form(self, repository, query):
        kept(repository, *(a_case(n, subject="Lost") for n in range(1, 14)))
        assert listed(repository, query=query) == [12]

    @pytest.mark.parametrize("query", ["0", "-1", "+1", "1.0", "1_0", "1e0", "１", "##1", "# 1", "9" * 20, "9" * 40])
    def test_what_only_resembles_a_number_finds_none(self, repository, query):
        kept(repository, *(a_case(n, subject="Lost") for n in range(1, 14)))
        assert listed(repository, query=query) == []

    def test_a_number_finds_the_case_of_that_number_and_subjects_that_hold_it(self, repository):
        kept(repository, a_case(1, subject="Lost"), a_case(2, subject="Order 1 is lost"), a_case(3, subject="Lost"))
        assert listed(repository, query="1") == [2, 1]
        assert listed(repository, query="#1") == [1]

    # events

    def test_an_event_of_a_case_that_the_store_has_not_is_refused(self, repository):
        kept(repository, a_case(1))
        actor = Actor.merchant("acme")
        with repository.write() as transaction:
            transaction.events.record(
                a_case(1), Event(EventKind.OPENED, a_case(1), actor, T0, {}, {"status": "open"}).entry
            )
        for case in (a_case(1, "globex", id=id_of(1)), a_case(2)):
            with pytest.raises(self.refused), repository.write() as transaction:
                transaction.events.record(case, Event(EventKind.CLOSED, case, actor, T0, {}, {}).entry)

    # keys

    def test_a_key_is_found_by_its_hash_alone(self, repository):
        expiring = a_key(2, "globex", label="Zoë", expires_at=T0 + timedelta(days=1))
        with repository.write() as transaction:
            transaction.keys.add(a_key(1), hash_of(1))
            transaction.keys.add(expiring, hash_of(2))
        with repository.read() as transaction:
            assert transaction.keys.find(hash_of(1), T0) == a_key(1)
            assert transaction.keys.find(hash_of(2), T0) == expiring
            assert transaction.keys.find(hash_of(3), T0) is None
            assert transaction.keys.find(a_key(1).id, T0) is None

    def test_a_key_is_found_until_the_moment_of_its_expiry(self, repository):
        expiring = a_key(1, expires_at=T0 + timedelta(days=1))
        with repository.write() as transaction:
            transaction.keys.add(expiring, hash_of(1))
        with repository.read() as transaction:
            assert transaction.keys.find(hash_of(1), expiring.expires_at - timedelta(milliseconds=1)) == expiring
            assert transaction.keys.find(hash_of(1), expiring.expires_at) is None

    def test_all_keys_are_listed_oldest_first(self, repository):
        with repository.write() as transaction:
            for number in (2, 3, 1):
                transaction.keys.add(a_key(number), hash_of(number))
        with repository.read() as transaction:
            assert transaction.keys.page(limit=9, offset=0) == (a_key(1), a_key(2), a_key(3))

    def test_a_key_is_revoked_once_and_for_good(self, repository):
        with repository.write() as transaction:
            transaction.keys.add(a_key(1), hash_of(1))
            transaction.keys.add(a_key(2), hash_of(2))
            assert transaction.keys.revoke(a_key(1).id, T0 + timedelta(days=1)) is True
            assert transaction.keys.revoke(a_key(1).id, T0 + timedelta(days=2)) is True
            assert transaction.keys.revoke(a_key(3).id, T0) is False
        with repository.read() as transaction:
            assert transaction.keys.find(hash_of(1), T0) is None
            assert transaction.keys.find(hash_of(2), T0) == a_key(2)
            assert transaction.keys.page(limit=9, offset=0) == (a_key(1, revoked_at=T0 + timedelta(days=1)), a_key(2))

    def test_a_second_key_of_the_same_hash_is_refused(self, repository):
        with repository.write() as transaction:
            transaction.keys.add(a_key(1), hash_of(1))
        with pytest.raises(self.refused), repository.write() as transaction:
            transaction.keys.add(a_key(2), hash_of(1))

    # replays

    def test_an_answer_is_kept_for_its_scope_and_key_alone(self, repository):
        with repository.write() as transaction:
            transaction.replays.keep("store:acme", "k", an_answer(location="/support-cases/1"), T0)
            transaction.replays.keep("store:globex", "k", an_answer("e" * 64, 200, "{}"), T0)
        with repository.read() as transaction:
            kept_answer = transaction.replays.find("store:acme", "k")
            assert kept_answer.fingerprint == "f" * 64
            answer = kept_answer.answer
            assert (answer.status, answer.body, answer.location) == (201, '{"number": 1}', "/support-cases/1")
            assert transaction.replays.find("store:globex", "k").answer.status == 200
            assert transaction.replays.find("store:globex", "k").answer.location is None
            assert transaction.replays.find("store:initech", "k") is None
            assert transaction.replays.find("store:acme", "K") is None

    def test_a_second_answer_under_the_same_key_is_refused(self, repository):
        with repository.write() as transaction:
            transaction.replays.keep("store:acme", "k", an_answer(), T0)
        with pytest.raises(self.refused), repository.write() as transaction:
            transaction.replays.keep("store:acme", "k", an_answer("e" * 64), T0)

    @pytest.mark.parametrize(("limit", "left"), [(0, [0, 1, 2, 3]), (1, [1, 2, 3]), (2, [2, 3]), (9, [2, 3])])
    def test_answers_older_than_a_moment_are_forgotten_the_oldest_first(self, repository, limit, left):
        with repository.write() as transaction:
            for minutes in (3, 1, 0, 2):
                transaction.replays.keep("store:acme", f"k{minutes}", an_answer(), T0 + timedelta(minutes=minutes))
            transaction.replays.forget_before(T0 + timedelta(minutes=2), limit=limit)
            assert [n for n in range(4) if transaction.replays.find("store:acme", f"k{n}")] == left

    # transactions

    def test_what_was_written_is_seen_afterwards_by_every_thread(self, repository):
        kept(repository, a_case(1))
        with ThreadPoolExecutor(1) as elsewhere:
            assert elsewhere.submit(found, repository, 1).result() == a_case(1)

    @pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, GeneratorExit])
    def test_a_write_that_fails_keeps_nothing_and_the_exception_flies(self, repository, failure):
        with failing_write(repository, failure) as transaction:
            transaction.cases.next_number("acme")
            transaction.cases.add(a_case(1))
            transaction.cases.add_message(a_case(1), a_message())
            transaction.events.record(
                a_case(1), Event(EventKind.OPENED, a_case(1), Actor.merchant("acme"), T0, {}, {}).entry
            )
            transaction.keys.add(a_key(), hash_of(1))
            transaction.replays.keep("store:acme", "k", an_answer(), T0)
        with repository.read() as transaction:
            assert counted(transaction) == 0
            assert transaction.cases.thread("acme", CaseRef(id=id_of(1))) is None
            assert transaction.keys.page(limit=9, offset=0) == ()
            assert transaction.replays.find("store:acme", "k") is None
        kept(repository, a_case(1))

    def test_a_nested_write_is_a_part_of_the_outer_one(self, repository):
        with failing_write(repository) as outer:
            with repository.write() as inner:
                inner.cases.next_number("acme")
                inner.cases.add(a_case(1))
            assert outer.cases.find("acme", CaseRef(number=1)) == a_case(1)
        assert found(repository, 1) is None

    def test_a_nested_write_that_fails_takes_only_itself_back(self, repository):
        with repository.write() as outer:
            outer.cases.next_number("acme")
            outer.cases.add(a_case(1))
            with failing_write(repository) as inner:
                inner.cases.next_number("acme")
                inner.cases.add(a_case(2))
            assert outer.cases.next_number("acme") == 2
            outer.cases.add(a_case(2, subject="After all"))
        assert found(repository, 1) == a_case(1)
        assert found(repository, 2).subject == "After all"

    def test_what_waits_for_the_commit_happens_once_after_it_outside_any_transaction(self, repository):
        seen = []

        def look():
            with ThreadPoolExecutor(1) as elsewhere:  # where nothing is seen of a transaction under way
                seen.append([elsewhere.submit(found, repository, number).result() for number in (1, 2)])

        with repository.write() as transaction:
            kept(repository, a_case(1))
            transaction.after_commit(look)
            with repository.write() as inner:
                kept(repository, a_case(2))
                inner.after_commit(look)
            assert seen == []
        assert seen == [[a_case(1), a_case(2)]] * 2

    @pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt])
    def test_what_waits_for_a_commit_that_never_comes_never_happens(self, repository, failure):
        seen = []
        with failing_write(repository, failure) as transaction:
            transaction.after_commit(lambda: seen.append("of the outer"))
        with repository.write() as transaction:
            with failing_write(repository, failure) as inner:
                inner.after_commit(lambda: seen.append("of the inner"))
            transaction.after_commit(lambda: seen.append("kept"))
        assert seen == ["kept"]

    def test_nothing_waits_for_the_commit_of_a_read(self, repository):
        with repository.read() as transaction, pytest.raises(RuntimeError, match="begin with write"):
            transaction.after_commit(lambda: None)

    def test_a_read_within_a_write_sees_what_was_written(self, repository):
        with repository.write() as transaction:
            transaction.cases.next_number("acme")
            transaction.cases.add(a_case(1))
            assert found(repository, 1) == a_case(1)
            assert listed(repository) == [1]

    def test_a_write_within_a_read_is_refused_and_does_no_harm(self, repository):
        with repository.read() as transaction:
            with pytest.raises(RuntimeError), repository.write():
                pass
            assert counted(transaction) == 0
            with repository.read(), pytest.raises(RuntimeError), repository.write():
                pass
        kept(repository, a_case(1))
        assert listed(repository) == [1]

    def test_nobody_sees_what_was_not_kept(self, repository):
        seen = []
        reader = threading.Thread(target=lambda: seen.append(found(repository, 1)))
        with failing_write(repository) as transaction:
            transaction.cases.next_number("acme")
            transaction.cases.add(a_case(1))
            reader.start()
            reader.join(0.05)  # an engine may let it wait for us, or answer at once
        reader.join(10)
        assert seen == [None]

    def test_a_transaction_that_is_over_leaves_the_thread_free(self, repository):
        for _ in range(3):
            with pytest.raises(ZeroDivisionError), repository.read():
                raise ZeroDivisionError
            with pytest.raises(ZeroDivisionError), repository.write():
                raise ZeroDivisionError
        kept(repository, a_case(1))
        with ThreadPoolExecutor(1) as elsewhere:
            elsewhere.submit(kept, repository, a_case(2)).result()
        assert listed(repository) == [2, 1]

    def test_the_check_passes_inside_and_outside_of_transactions(self, repository):
        repository.check()
        with repository.read():
            repository.check()
        with repository.write():
            repository.check()
        repository.check()
