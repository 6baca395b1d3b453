"""How long answers and closings took follows whatever is written: by the desk, by a host's SQL, by an older version."""

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from supportcases import AuthorKind, SqliteRepository
from supportcases.domain.cases import CaseFilter
from supportcases.domain.whole_cases import Dossier
from supportcases.storage.sqlite.checks import check
from tests.support.rows import ANSWERED, CLOSED, LATE, T0, a_case, a_message, an_entry, asked, spread_of

ANSWER = {"author_kind": AuthorKind.SUPPORT}
OPENED = T0 + timedelta(minutes=1)  # when case 1 was
MINUTE = 60_000
UNTIL_LATE = 24 * 60 * MINUTE - MINUTE
CLOSING = UNTIL_LATE - MINUTE  # of case 2, opened a minute later

# the first is answered three times, and once in a note; the second never, and closed
CASES = [
    Dossier(
        a_case(1, **ANSWERED, last_activity_at=LATE),
        (
            a_message(1, created_at=OPENED),
            a_message(2, created_at=OPENED + timedelta(seconds=1), internal=True, **ANSWER),
            a_message(3, created_at=OPENED + timedelta(milliseconds=9_001), **ANSWER),
            a_message(4, created_at=OPENED + timedelta(milliseconds=7_999), author_kind=AuthorKind.ELLIOT),
            a_message(5, created_at=LATE, **ANSWER),
        ),
        (an_entry(at=OPENED),),
    ),
    Dossier(a_case(2, **CLOSED), (a_message(6, created_at=T0 + timedelta(minutes=2)),), (an_entry(),)),
]
WRITTEN = {
    "nothing more": ("SELECT 1", [7_999], [CLOSING]),
    "the first answer is deleted": (
        "DELETE FROM supportcases_messages WHERE position = 4",
        [9_001],
        [CLOSING],
    ),
    "all answers are deleted": (
        "DELETE FROM supportcases_messages WHERE author_kind IN ('support', 'elliot')",
        [],
        [CLOSING],
    ),
    "the first answer becomes a note": (
        "UPDATE supportcases_messages SET internal = 1 WHERE position = 4",
        [9_001],
        [CLOSING],
    ),
    "a note becomes an answer": (
        "UPDATE supportcases_messages SET internal = 0 WHERE position = 2",
        [1_000],
        [CLOSING],
    ),
    "the desk's own words are no answer": (
        "UPDATE supportcases_messages SET author_kind = 'system' WHERE position IN (3, 4)",
        [UNTIL_LATE],
        [CLOSING],
    ),
    "an answer is of another case": (
        "UPDATE supportcases_messages SET case_id = (SELECT max(id) FROM supportcases_cases) WHERE position = 4",
        [9_001, 7_999 - MINUTE],
        [CLOSING],
    ),
    "an answer was earlier": (
        "UPDATE supportcases_messages SET created_at = '2024-06-15T10:31:00.002Z' WHERE position = 5",
        [2],
        [CLOSING],
    ),
    "a case is closed": (
        "UPDATE supportcases_cases SET status = 'closed', closed_at = last_activity_at WHERE number = 1",
        [7_999],
        [CLOSING, UNTIL_LATE],
    ),
    "a case is opened again": (
        "UPDATE supportcases_cases SET status = 'open', closed_at = NULL WHERE number = 2",
        [7_999],
        [],
    ),
}


@pytest.mark.parametrize("what", WRITTEN)
def test_the_durations_follow_the_sql_of_a_host_that_knows_nothing_of_them(path, what):
    sql, first_answers, closings = WRITTEN[what]
    with closing(SqliteRepository(path)) as repository:
        with repository.write() as transaction:
            transaction.whole_cases.add(CASES)
        with closing(sqlite3.connect(path, isolation_level=None)) as host:
            host.execute(sql)
        assert asked(repository, "first_answers", CaseFilter()) == spread_of(first_answers)
        assert asked(repository, "closings", CaseFilter()) == spread_of(closings)
    assert [fault for fault in check(str(path)).faults if fault.startswith("durations")] == []


def test_the_first_answer_is_the_earliest_whichever_comes_first(repository):
    case, messages, _ = CASES[0]
    with repository.write() as transaction:
        transaction.cases.next_number("acme")
        transaction.cases.add(case)
        for message in messages[::-1]:
            transaction.cases.add_message(case, message)
    assert asked(repository, "first_answers", CaseFilter()) == spread_of([7_999])
