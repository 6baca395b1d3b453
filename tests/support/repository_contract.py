"""What every repository must do, whatever its engine: numbers, cases, messages, events, keys, kept answers."""

from datetime import UTC, timedelta

import pytest

from supportcases import Actor, ApiKey, AuthorKind, Case, Category, Severity, Status
from supportcases.domain.cases import CaseRef, Thread
from supportcases.domain.errors import AlreadyThere
from supportcases.domain.events import EventKind, HistoryEntry
from tests.support.rows import (
    ADA,
    LATE,
    SMILE,
    T0,
    a_case,
    a_key,
    a_message,
    an_answer,
    an_entry,
    failing_write,
    found,
    hash_of,
    id_of,
    kept,
    listed,
    said,
    thread_of,
    written_thread,
)


def with_notes(repository, case_id: str, store: str = "acme"):
    with repository.read() as transaction:
        return transaction.cases.thread_with_notes(store, case_id)


def recorded(repository, case: Case, entry: HistoryEntry) -> None:
    with repository.write() as transaction:
        transaction.events.record(case, entry)


def history(repository, limit: int = 100, offset: int = 0) -> tuple[HistoryEntry, ...]:
    with repository.read() as transaction:
        return transaction.events.history("acme", id_of(1), limit=limit, offset=offset)


class RepositoryContract:
    """Subclasses give the fixture `repository` and the exception of their engine for broken invariants."""

    refused: type[Exception]

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
            transaction.cases.update(changed._replace(number=77, created_at=T0), before=case)
        assert found(repository, 1) == changed
        assert found(repository, 2) == a_case(2)
        assert listed(repository, query="étude") == [1]
        assert listed(repository, query="Case 1") == []

    def test_an_update_of_a_case_that_never_was_adds_none(self, repository):
        kept(repository, a_case(1))
        with repository.write() as transaction:
            transaction.cases.update(a_case(2)._replace(subject="Étude"), before=a_case(2))
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
        with pytest.raises(AlreadyThere), repository.write() as transaction:
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
                thread = Thread(a_case(1), (a_message(1), a_message(3)))
                assert transaction.cases.thread("acme", ref) == thread
                assert transaction.cases.written_thread("acme", ref) == written_thread(thread)
            for read in (transaction.cases.thread, transaction.cases.written_thread):
                assert read("acme", CaseRef(number=2)).messages == ()
                assert read("acme", CaseRef(number=3)) is read("globex", CaseRef(id=id_of(1))) is None

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

    def test_both_threads_are_in_the_order_of_adding_whatever_is_internal(self, repository):
        kept(repository, a_case(1), a_case(2))
        messages = [a_message(n, internal=n % 3 != 0) for n in (5, 1, 3, 2, 6, 4)]
        said(repository, a_case(1), *messages)
        said(repository, a_case(2), a_message(7))
        assert with_notes(repository, id_of(1)) == tuple(messages)
        assert type(with_notes(repository, id_of(1))[0].internal) is bool
        assert thread_of(repository, id_of(1)) == tuple(m for m in messages if not m.internal)

    # events

    def test_an_event_of_a_case_that_the_store_has_not_is_refused(self, repository):
        kept(repository, a_case(1))
        for case in (a_case(1, "globex", id=id_of(1)), a_case(2)):
            with pytest.raises(self.refused):
                recorded(repository, case, an_entry())

    def test_an_entry_comes_back_as_it_was_recorded(self, repository):
        was, became = {"assignee": None, "subject": 'é "quoted" \u2028'}, {"assignee": "Zoë", "subject": "</script>"}
        entry = an_entry(EventKind.CHANGED, at=T0 + timedelta(milliseconds=1), was=was, became=became)
        kept(repository, a_case(1))
        recorded(repository, a_case(1), entry)
        assert history(repository) == (entry,)
        assert type(history(repository)[0].kind) is EventKind

    @pytest.mark.parametrize("kind", EventKind)
    @pytest.mark.parametrize("actor", [ADA, Actor.merchant("acme", "Zoë")], ids=["support", "merchant"])
    def test_every_kind_of_event_of_either_side_can_be_kept(self, repository, kind, actor):
        kept(repository, a_case(1))
        recorded(repository, a_case(1), an_entry(kind, actor))
        assert history(repository) == (an_entry(kind, actor),)

    def test_pages_of_a_history_hold_every_entry_once_in_the_order_of_recording_whatever_the_clock(self, repository):
        kept(repository, a_case(1), a_case(2))
        entries = tuple(an_entry(at=T0 + timedelta(minutes=minutes)) for minutes in (3, 1, 2, 1, 7, 0, 5))
        for entry in entries:  # one after the other, in turns with another case's
            recorded(repository, a_case(1), entry)
            recorded(repository, a_case(2), an_entry(EventKind.NOTED))
        pages = [history(repository, limit=3, offset=offset) for offset in (0, 3, 6, 9)]
        assert pages == [entries[:3], entries[3:6], entries[6:], ()]
        assert history(repository, offset=2**53 - 1) == ()
        with repository.read() as transaction:
            assert transaction.events.count("acme", id_of(1)) == 7

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
        with pytest.raises(AlreadyThere), repository.write() as transaction:
            transaction.keys.add(a_key(2), hash_of(1))

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

    # replays

    def test_an_answer_is_kept_for_its_scope_and_key_alone(self, repository):
        with repository.write() as transaction:
            transaction.replays.keep("store:acme", "k", an_answer(location="/support-cases/1"), T0)
            transaction.replays.keep("store:globex", "k", an_answer("e" * 64, 200, "{}"), T0)
        with repository.read() as transaction:
            kept_answer = transaction.replays.find("store:acme", "k")
            assert kept_answer.fingerprint == "f" * 64
            assert kept_answer.answer[:3] == (201, '{"number": 1}', "/support-cases/1")
            assert transaction.replays.find("store:globex", "k").answer[:3] == (200, "{}", None)
            assert transaction.replays.find("store:initech", "k") is None
            assert transaction.replays.find("store:acme", "K") is None

    def test_a_second_answer_under_the_same_key_is_refused(self, repository):
        with repository.write() as transaction:
            transaction.replays.keep("store:acme", "k", an_answer(), T0)
        with pytest.raises(AlreadyThere), repository.write() as transaction:
            transaction.replays.keep("store:acme", "k", an_answer("e" * 64), T0)

    @pytest.mark.parametrize(("limit", "left"), [(0, [0, 1, 2, 3]), (1, [1, 2, 3]), (2, [2, 3]), (9, [2, 3])])
    def test_answers_older_than_a_moment_are_forgotten_the_oldest_first(self, repository, limit, left):
        with repository.write() as transaction:
            for minutes in (3, 1, 0, 2):
                transaction.replays.keep("store:acme", f"k{minutes}", an_answer(), T0 + timedelta(minutes=minutes))
            transaction.replays.forget_before(T0 + timedelta(minutes=2), limit=limit)
            assert [n for n in range(4) if transaction.replays.find("store:acme", f"k{n}")] == left
