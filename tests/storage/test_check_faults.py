"""supportcases check: it finds each fault that was planted, names it, and takes nothing of the host's for one."""

import sqlite3
from contextlib import closing

import pytest

from supportcases import cli
from tests.support.faults import BROKEN_CHECK, GAP, HOSTS, overwrite, plant, plant_host, root_of

pytestmark = pytest.mark.usefixtures("four_cases")

CASES = "what happened to each case"
NOT_THE_FIRST = "messages[0] must be the one of which history[0] tells, by merchant, at 2024-06-15T10:30:00.000Z"
AS_THE_HISTORY = "2024-06-15T10:30:00.000Z, as the history tells"
OF_GLOBEX = "WHERE store = 'globex'"
NOT_ITS_MESSAGE = "history[0] came with a message that the case does not have"
FAULTS = [
    (
        GAP,
        "numbers: those of acme have gaps: 2 cases, and the highest is 3",
        "the feed: the events of acme have a gap, a twin or another order at 3",
    ),
    (
        "UPDATE supportcases_stores SET last_number = 4 WHERE store = 'acme'",
        "next numbers: acme would go on behind 4, and its highest is 3",
    ),
    (
        "INSERT INTO supportcases_stores (store, last_number, ordinal) VALUES ('initech', 1, 3)",
        "next numbers: initech would go on behind 1, and its highest is 0",
    ),
    (
        "UPDATE supportcases_counts SET cases = 7 WHERE store = 'acme' AND status = 'open'",
        "counts: acme is said to have 7 that are open and normal, and has 2",
    ),
    (
        f"DELETE FROM supportcases_counts {OF_GLOBEX}",
        "counts: globex is said to have 0 that are open and normal, and has 1",
    ),
    (
        "UPDATE supportcases_tallies SET cases = 7 WHERE status = 'open'",
        "tallies: there are said to be 7 cases that are open, normal, other and of nobody, and there are 3",
    ),
    (
        "UPDATE supportcases_totals SET cases = 7 WHERE status = 'open'",
        "tallies: there are said to be 7 cases that are open and normal, and there are 3",
    ),
    (
        "UPDATE supportcases_cases SET assignee = 'Ada' WHERE store = 'globex'",
        "tallies: there are said to be 3 cases that are open, normal, other and of nobody, and there are 2",
        "tallies: there are said to be 0 cases that are open, normal, other and of Ada, and there are 1",
    ),
    (
        f"UPDATE supportcases_cases SET answered_after = 7 {OF_GLOBEX}",
        "durations: globex 1 was answered after another time than is kept",
    ),
    (
        "UPDATE supportcases_messages SET author_kind = 'elliot' WHERE position = 2",
        "durations: acme 2 was answered after another time than is kept",
    ),
    (
        f"DELETE FROM supportcases_messages {OF_GLOBEX}",
        "messages: globex 1 has none",
        f"the feed: globex 1, {NOT_ITS_MESSAGE}",
    ),
    (f"DELETE FROM supportcases_events {OF_GLOBEX}", "history: globex 1 has none"),
    (
        "UPDATE supportcases_messages SET case_id = id WHERE position = 2",
        "the file: row 2 of supportcases_messages belongs to a row of supportcases_cases that is not there",
        "messages: acme 2 has none",
        f"the feed: acme 2, {NOT_ITS_MESSAGE}",
    ),
    (BROKEN_CHECK, "the file: CHECK constraint failed in supportcases_messages"),
    (
        f"UPDATE supportcases_cases SET unanswered_since = NULL {OF_GLOBEX}",
        f"{CASES}: globex 1, unansweredSince must be {AS_THE_HISTORY}",
    ),
    (
        f"UPDATE supportcases_messages SET created_at = '2024-06-14T10:30:00.000Z' {OF_GLOBEX}",
        f"{CASES}: globex 1, {NOT_THE_FIRST}",
    ),
    (f"UPDATE supportcases_messages SET internal = 1 {OF_GLOBEX}", f"{CASES}: globex 1, {NOT_THE_FIRST}"),
    (
        f"UPDATE supportcases_events SET kind = 'replied' {OF_GLOBEX}",
        f"{CASES}: globex 1, history[0] must tell that the case was opened, at its createdAt",
    ),
    (
        "UPDATE supportcases_events SET sequence = 9 WHERE store = 'acme' AND sequence = 4",
        "the feed: the events of acme have a gap, a twin or another order at 9",
    ),
    (
        "UPDATE supportcases_events SET sequence = 9 WHERE position = 1;"
        "UPDATE supportcases_events SET sequence = 1 WHERE position = 2;"
        "UPDATE supportcases_events SET sequence = 2 WHERE position = 1",
        "the feed: the events of acme have a gap, a twin or another order at 2",
    ),
    (
        f"UPDATE supportcases_events SET revision = 2 {OF_GLOBEX}",
        "the feed: the history of globex 1 has a gap, a twin or another order at 2",
    ),
    (
        f"UPDATE supportcases_events SET message_id = (SELECT max(id) FROM supportcases_messages) {OF_GLOBEX}",
        f"the feed: globex 1, {NOT_ITS_MESSAGE}",
    ),
    (
        "UPDATE supportcases_cases SET subject = 'Ways' WHERE subject = 'Straße'",
        "subjects: acme 1 is looked for by another subject than it has",
    ),
    (
        "UPDATE supportcases_cases SET messages = 7 WHERE store = 'acme' AND number = 2",
        "threads: acme 2 is said to have 7 messages of 23 characters, and has 1 message of 23 characters",
    ),
    (
        "DROP INDEX supportcases_cases_by_status",
        "the schema: the index supportcases_cases_by_status is missing",
    ),
    (
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('supportcases', '0099_x', '2030')",
        "the schema: a newer version of supportcases wrote it, which knows 0099_x",
    ),
    (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6)"
        " INSERT INTO supportcases_stores (store, last_number, ordinal) SELECT 'store-' || i, 1, i + 9 FROM n",
        *(f"next numbers: store-{n} would go on behind 1, and its highest is 0" for n in range(1, 6)),
        "next numbers: there may be more",
    ),
]
WRONG_INDEX = "the search index: it does not hold exactly the subjects, so a search may miss cases"
FORGET = (
    "INSERT INTO supportcases_search (supportcases_search, rowid, subject)"
    " SELECT 'delete', 1 << 32 | number, subject_folded FROM supportcases_cases WHERE store = 'acme' AND number = 2"
)
INDEX_FAULTS = {
    "a subject is missing": [FORGET],
    "a subject is another one": [
        FORGET,
        "INSERT INTO supportcases_search (rowid, subject) VALUES (1 << 32 | 2, 'the till is drawn')",
    ],
    "a subject is there twice": ["INSERT INTO supportcases_search (rowid, subject) VALUES (1 << 32 | 2, 'the till')"],
    "a subject is of a case that is not there": [
        "INSERT INTO supportcases_search (rowid, subject) VALUES (1 << 32 | 9, 'the till')"
    ],
    "two subjects have changed places": [
        FORGET,
        FORGET.replace("= 2", "= 3"),
        "INSERT INTO supportcases_search (rowid, subject) VALUES (1 << 32 | 2, 'nothing happens')",
        "INSERT INTO supportcases_search (rowid, subject) VALUES (1 << 32 | 3, 'the till is down')",
    ],
    "its own tables are damaged": [
        "UPDATE supportcases_search_data SET block = zeroblob(length(block)) WHERE id > 1000"
    ],
    "its own tables lack a part": ["DELETE FROM supportcases_search_docsize WHERE id = 1 << 32 | 2"],
}


@pytest.mark.parametrize(("statements", "told"), [(statements, told) for statements, *told in FAULTS])
def test_a_fault_is_told_in_plain_words_and_of_many_of_one_kind_five(statements, told, path, found):
    plant(path, statements)
    assert found() == (1, [f"wrong: {line}" for line in told])


TRIGGER = "supportcases_events_are_not_edited"


@pytest.mark.parametrize(
    ("instead", "what"),
    [
        ("", "missing"),
        (f"CREATE TRIGGER {TRIGGER} BEFORE UPDATE ON supportcases_events BEGIN SELECT 1; END", "not as it was made"),
    ],
)
def test_a_trigger_that_is_not_as_it_was_made_is_named(path, found, instead, what):
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(f"DROP TRIGGER {TRIGGER}; {instead}")
    assert found() == (1, [f"wrong: the schema: the trigger {TRIGGER} is {what}"])


@pytest.mark.parametrize("name", INDEX_FAULTS)
def test_a_search_index_that_is_not_what_the_subjects_make_is_found(name, path, found):
    plant(path, *INDEX_FAULTS[name])
    assert found() == (1, [f"wrong: {WRONG_INDEX}"])


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_s_own_schema_is_the_host_s_and_ours_is_looked_at(path, found, host):
    plant_host(path, host)
    assert found() == (0, ["nothing is wrong"])
    plant(path, BROKEN_CHECK)
    assert found() == (1, ["wrong: the file: CHECK constraint failed in supportcases_messages"])


def test_a_page_of_a_host_s_table_that_was_overwritten_is_a_fault_of_the_file(path, found):
    plant_host(path, "a CHECK that fails")
    overwrite(path, root_of(path, "orders"))
    code, lines = found()
    assert code == 1
    assert lines[0].startswith("wrong: the file: ")


def test_no_page_that_is_overwritten_makes_it_break_down(path, capsys):
    whole = path.read_bytes()
    ours = {root_of(path, f"supportcases_{table}") for table in ("messages", "cases", "stores", "counts")}
    for page in range(1, len(whole) // 4096 + 1):
        path.write_bytes(whole)
        overwrite(path, page)
        code = cli.main(["check", "--db", str(path)])
        assert code == 1 if page in ours else code in (0, 1), page  # a free page is nobody's
        assert ("\nwrong: the file: " in capsys.readouterr().out) or page not in ours
