"""What every repository must do of its transactions: all or nothing, one within the other, seen by nobody before."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from supportcases.domain.cases import CaseRef
from tests.support.rows import (
    T0,
    a_case,
    a_key,
    a_message,
    an_answer,
    an_entry,
    counted,
    failing_write,
    found,
    hash_of,
    id_of,
    kept,
    listed,
)


class TransactionContract:
    """Subclasses give the fixture `repository`."""

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
            transaction.events.record(a_case(1), an_entry())
            transaction.keys.add(a_key(), hash_of(1))
            transaction.replays.keep("store:acme", "k", an_answer(), T0)
        with repository.read() as transaction:
            assert counted(transaction) == 0
            assert transaction.cases.thread("acme", CaseRef(id=id_of(1))) is None
            assert transaction.keys.page(limit=9, offset=0) == ()
            assert transaction.replays.find("store:acme", "k") is None
        kept(repository, a_case(1))

    def test_a_request_reads_and_writes_as_ever(self, repository):
        with repository.request():
            assert found(repository, 1) is None
            kept(repository, a_case(1))
            with repository.request():
                assert found(repository, 1) == a_case(1)
            with ThreadPoolExecutor(1) as elsewhere:
                elsewhere.submit(kept, repository, a_case(2)).result()
            assert found(repository, 2) == a_case(2)

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

    def test_nothing_hinders_a_write_inside_and_outside_of_transactions(self, repository):
        assert repository.hindrance() is None
        with repository.read():
            assert repository.hindrance() is None
        with repository.write():
            assert repository.hindrance() is None
