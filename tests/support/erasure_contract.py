"""What every repository must do where something is taken out of a case for good: nothing of any other one goes."""

from datetime import timedelta

import pytest

from supportcases import Actor, Case
from supportcases.domain.erasure import Tombstone
from supportcases.domain.events import EventKind
from supportcases.storage.protocol import Answer, KeptAnswer
from tests.support.engines import rows_of
from tests.support.erasing import erasure
from tests.support.rows import CLOSED, LATE, T0, a_case, a_message, an_entry, an_upload, id_of, kept

SCOPE, LABEL = "store:acme", "Mara"
CASES = [a_case(1), a_case(2), a_case(3), a_case(4), a_case(5, assignee=LABEL), a_case(6)]
HISTORY = [  # of each of the first cases: who did what, and who had the case before and after
    (ADA := Actor.support("Ada"), {}, {}),
    (Actor.merchant("acme", LABEL), {}, {}),
    (ADA, {"assignee": LABEL}, {"assignee": "Ada"}),
    (ADA, {"assignee": "Ada"}, {"assignee": LABEL}),
]
OPENED = an_entry(actor=Actor.merchant("acme", "API"))


def a_file_comes(transaction, case: Case) -> None:
    """Add a message to the case with a file whose bytes are elsewhere."""
    there = {"content": id_of(case.number, kind="5"), "finished_at": T0, "sha256": "a" * 64}
    file = an_upload(case.number, **there)
    message = a_message(case.number, attachments=(file.attachment,))
    transaction.cases.add_message(case, message)
    transaction.attachments.add(file, "0" * 64)
    transaction.attachments.attach(case, message.id, [file.id])


class ErasureContract:
    """Subclasses give the fixture `repository`."""

    @pytest.fixture
    def lived(self, repository):
        """One in which a label is somewhere else in each case, and nowhere in the last."""
        kept(repository, *CASES)
        with repository.write() as transaction:
            for case in CASES:
                first = a_message(case.number, author_label=LABEL if case.number == 1 else "API")
                transaction.cases.add_message(case, first)
                transaction.cases.add_message(case, a_message(10 + case.number, "A note", internal=True))
                transaction.events.record(case, OPENED, first.id)
                answer = KeptAnswer("f" * 64, Answer(201, '"told"', case_id=case.id))
                transaction.replays.keep(SCOPE, f"key {case.number}", answer, T0)
            for case, (actor, was, became) in zip(CASES[:4], HISTORY, strict=True):
                transaction.events.record(case, an_entry(EventKind.CHANGED, actor, was=was, became=became))
        return repository

    def test_a_label_is_found_where_it_is(self, lived):
        with lived.read() as transaction:
            found = transaction.erasures.cases_with("acme", LABEL, after=0, limit=9)
            places = [transaction.erasures.places_of(case, LABEL, at=T0).places for case in CASES]
        assert found == tuple(CASES[:5])
        said = [a_message(1).id]
        first = {"subject": True, "bodies": said, "labels": said}
        assert places == [first, {"entries": [2]}, {"was": [2]}, {"became": [2]}, {}, {}]

    def test_a_message_or_a_note_is_found_by_its_id(self, lived):
        with lived.read() as transaction:
            for message in [a_message(number) for case in CASES for number in (case.number, 10 + case.number)]:
                assert transaction.cases.message("acme", message.id).id == message.id

    def test_what_is_redacted_is_that_of_one_case(self, lived):
        gone = erasure("acme", id_of(1), 1, bodies=(a_message(1).id,))
        before = rows_of(lived)
        with lived.write() as transaction:
            assert transaction.erasures.apply(gone)
            assert transaction.cases.thread_size("acme", id_of(1)) == (1, len("[redacted]"))
            assert transaction.erasures.is_done(gone)
            assert not transaction.erasures.is_done(gone._replace(case_id=id_of(2)))
        self.assert_stays(lived, before, [2, 3, 4, 5, 6])
        self.assert_answered(lived, [2, 3, 4, 5, 6])

    def test_what_is_purged_is_one_case(self, lived):
        before = rows_of(lived)
        with lived.write() as transaction:
            transaction.erasures.purge([a_case(2)], LATE)
            told = transaction.erasures.tombstone("acme", 2)
            assert told[:6] == Tombstone("acme", 2, id_of(2), LATE, 1, 2, 0, 0)[:6]
            assert transaction.cases.store_of(id_of(2)) is None
        self.assert_stays(lived, before, [1, 3, 4, 5, 6])
        self.assert_answered(lived, [1, 3, 4, 5, 6])

    def test_files_are_looked_for_at_the_cases_that_go_alone(self, repository):
        cases = [a_case(1, **CLOSED), a_case(2), a_case(3, **CLOSED)]
        kept(repository, *cases)
        with repository.write() as transaction:
            transaction.cases.add_message(cases[0], a_message(1))
            a_file_comes(transaction, cases[1])
            assert not transaction.erasures.are_files_elsewhere(None, LATE)
            a_file_comes(transaction, cases[2])
            assert not transaction.erasures.are_files_elsewhere(None, LATE - timedelta(seconds=1))
            assert transaction.erasures.are_files_elsewhere(None, LATE)

    def assert_stays(self, repository, before: list[str], numbers: list[int]) -> None:
        after = rows_of(repository)
        for number in numbers:
            for name in (id_of(number), a_message(number).id, a_message(10 + number).id):
                assert [row for row in after if name in row] == [row for row in before if name in row]

    def assert_answered(self, repository, numbers: list[int]) -> None:
        with repository.read() as transaction:
            answers = {case.number: transaction.replays.find(SCOPE, f"key {case.number}") for case in CASES}
        assert [number for number, kept in answers.items() if kept.answer.body == '"told"'] == numbers
