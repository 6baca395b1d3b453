"""What every repository must do for cases that come as a whole, many at once."""

from datetime import timedelta

import pytest

from supportcases.domain.cases import ThreadSize
from supportcases.domain.errors import AlreadyThere
from supportcases.domain.events import EventKind
from supportcases.domain.whole_cases import Dossier
from supportcases.formats.whole_cases import kept as all_kept
from tests.support.rows import T0, a_case, a_message, an_entry, failing_write, id_of, kept, listed


def whole(number: int, store: str = "acme", messages: int = 2) -> Dossier:
    """Return a case with so many messages, of which every second is a note, each with its entry."""
    said = tuple(
        a_message(number * 1_000 + n, f"Word {n}", id=id_of(number * 1_000 + n, store, "6"), internal=bool(n % 2))
        for n in range(messages)
    )
    history = tuple(
        an_entry(EventKind.NOTED, at=T0 + timedelta(hours=n), became={"n": str(n)}) for n in range(messages)
    )
    return Dossier(a_case(number, store), said, history)


def add(repository, *dossiers: Dossier) -> None:
    with repository.write() as transaction:
        transaction.whole_cases.add(dossiers)


def all_of(repository) -> list[Dossier]:
    with repository.read() as transaction:
        return list(all_kept(transaction))


class WholeCasesContract:
    """Subclasses give the fixture `repository`."""

    @pytest.mark.parametrize("messages", [0, 1, 2, 3])
    @pytest.mark.parametrize("cases", [1, 99, 100, 101, 250])
    def test_whole_cases_come_back_as_they_were_added(self, repository, cases, messages):
        dossiers = [whole(number, messages=messages) for number in range(1, cases + 1)]
        add(repository, *dossiers)
        assert all_of(repository) == dossiers
        with repository.read() as transaction:
            assert transaction.cases.thread_size("acme", id_of(cases)) == ThreadSize(
                (messages + 1) // 2, 6 * ((messages + 1) // 2)
            )

    def test_no_whole_cases_are_none(self, repository):
        add(repository)
        assert all_of(repository) == []

    def test_the_first_cases_are_told_from_those_that_come_later(self, repository):
        for first in (True, False):
            with repository.write() as transaction:
                assert transaction.whole_cases.are_the_first() is first
                transaction.whole_cases.add([whole(1 if first else 2)])
                assert not transaction.whole_cases.are_the_first()

    def test_the_next_number_of_each_store_comes_behind_the_highest(self, repository):
        kept(repository, a_case(1), a_case(1, "globex"), a_case(2, "globex"))
        add(repository, whole(7), whole(3, "initech"), whole(4), whole(9, "initech"))
        with repository.write() as transaction:
            numbers = {store: transaction.cases.next_number(store) for store in ("acme", "globex", "initech")}
        assert numbers == {"acme": 8, "globex": 3, "initech": 10}

    @pytest.mark.parametrize(
        ("thing", "twin"),
        [
            ("case", Dossier(a_case(200, id=id_of(1)), (), ())),
            ("case", Dossier(a_case(1, id=id_of(200)), (), ())),
            ("case", Dossier(a_case(200, "globex", id=id_of(150)), (), ())),
            ("message", Dossier(a_case(200), whole(1).messages, ())),
            ("message", Dossier(a_case(200), whole(150).messages, ())),
        ],
        ids=["an id that was there", "a number", "an id among them", "a message that was there", "one among them"],
    )
    def test_of_whole_cases_with_a_twin_none_is_kept(self, repository, thing, twin):
        add(repository, whole(1))
        with pytest.raises(AlreadyThere, match=f"A {thing} with that id"), repository.write() as transaction:
            transaction.whole_cases.add([*(whole(number) for number in range(2, 160)), twin])
        assert all_of(repository) == [whole(1)]

    def test_of_whole_cases_in_a_write_that_fails_none_is_kept(self, repository):
        with failing_write(repository) as transaction:
            transaction.whole_cases.add([whole(number) for number in range(1, 160)])
            assert transaction.cases.next_number("acme") == 160
        assert listed(repository) == []
