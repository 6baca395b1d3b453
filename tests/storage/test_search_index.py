"""The search index and the counts follow what is written, store by store, and an upgrade makes them."""

import random
import re
import sqlite3
from itertools import product

import pytest

from supportcases import Actor, InvalidInput, Severity, SqliteRepository, Status, SupportDesk
from supportcases.domain.errors import AlreadyThere, SupportCasesError
from supportcases.domain.text import fold
from supportcases.testing import support_desk
from tests.conftest import ACME, ADA, GLOBEX
from tests.support.crowd import Crowd
from tests.support.databases import insert, insert_case, older_file
from tests.support.rows import failing_write
from tests.support.searching import (
    CONSTANTS,
    HIGHEST,
    INDEX,
    STORES,
    a_known_case,
    a_query,
    a_subject,
    assert_as_naive,
    loaded,
    random_cases,
    searched,
    set_constants,
)

BODY = "The checkout shows a blank page."


# the index and the counts follow what is written


def index_of(repository) -> set[tuple[int, int, str]]:
    """Return all that the index holds: store's ordinal, number of the case, a trigram of its subject."""
    with repository.read() as transaction:
        sql = transaction.connection.execute
        sql("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab (main, supportcases_search, instance)")
        rows = sql("SELECT doc >> 32, doc & 0xffffffff, term FROM vocabulary").fetchall()
        sql("DROP TABLE temp.vocabulary")
    assert len(rows) == len(set(rows))
    return set(rows)


def index_wanted(repository) -> set[tuple[int, int, str]]:
    """Return what the index should hold, since the cases are as they are."""
    with repository.read() as transaction:
        rows = transaction.connection.execute(
            """
            SELECT ordinal, number, subject
            FROM supportcases_cases
            JOIN supportcases_stores USING (store)
            """
        ).fetchall()
    return {
        (ordinal, number, folded[place : place + 3])
        for ordinal, number, subject in rows
        for folded in [re.sub("[\ufffe\uffff]", "\ufffd", fold(subject))]  # FTS5 takes them for each other
        for place in range(len(folded) - 2)
    }


COUNTS = "SELECT store, status, severity, cases FROM supportcases_counts WHERE cases <> 0"
COUNTS_WANTED = "SELECT store, status, severity, count(*) FROM supportcases_cases GROUP BY store, status, severity"


def assert_index_and_counts_are_right(repository) -> None:
    with repository.read() as transaction:
        counts, wanted = (
            sorted(transaction.connection.execute(statement).fetchall()) for statement in (COUNTS, COUNTS_WANTED)
        )
    assert counts == wanted
    assert index_of(repository) == index_wanted(repository)


def stored_index(repository) -> list[tuple]:
    """Return the rows in which FTS5 keeps its index."""
    tables = ("data", "idx", "docsize")
    with repository.read() as transaction:
        sql = transaction.connection.execute
        return [row for table in tables for row in sql(f"SELECT * FROM supportcases_search_{table}").fetchall()]


@pytest.fixture(params=["repository", "file_repository"])
def either_desk(request):
    """A desk in memory, and one on a file, with three cases."""
    desk = SupportDesk(request.getfixturevalue(request.param))
    for actor, subject in ((ACME, "first ones"), (GLOBEX, "theirs"), (ACME, "second ones")):
        desk.open(actor, body=BODY, subject=subject)
    return desk


def test_a_changed_subject_is_found_by_its_new_words_alone(either_desk):
    desk = either_desk
    desk.change(ADA, "acme:1", subject="Größter Wert")
    assert searched(desk, "acme", "first") == searched(desk, "acme", "fi") == ([], 0)
    assert searched(desk, "acme", "GRÖSST") == searched(desk, "acme", "oß") == ([1], 1)
    assert searched(desk, "acme", "ones") == ([2], 1)
    assert searched(desk, "acme", "1") == ([1], 1)
    desk.change(ADA, "acme:1", subject="first ones again", severity="low", status="closed")
    assert searched(desk, "acme", "größ") == ([], 0)
    assert searched(desk, "acme", "first", status="closed", severity="low") == ([1], 1)
    assert_index_and_counts_are_right(desk.repository)


def test_what_is_no_change_of_the_subject_leaves_the_index_alone(either_desk):
    desk = either_desk
    before = stored_index(desk.repository)
    desk.reply(ACME, 1, body=BODY)
    desk.answer(ADA, "acme:1", body=BODY)
    desk.note(ADA, "acme:1", body=BODY)
    desk.change(ADA, "acme:1", severity="critical", category="billing_plans", assignee="me")
    desk.change(ADA, "acme:1", subject="FIRST ones")  # which folds to what it was
    desk.close(ACME, 1)
    desk.reopen(ACME, 1)
    assert stored_index(desk.repository) == before
    desk.change(ADA, "acme:1", subject="third ones")
    assert stored_index(desk.repository) != before
    assert_index_and_counts_are_right(desk.repository)


def change_all(desk) -> None:
    desk.open(ACME, body=BODY, subject="third ones")
    desk.open(Actor.merchant("initech"), body=BODY, subject="first of initech")
    desk.change(ADA, "acme:1", subject="other words", severity="critical")
    desk.close(GLOBEX, 1)


def test_a_part_of_a_write_that_is_rolled_back_leaves_no_trace_in_the_rest(either_desk):
    repository = either_desk.repository
    with repository.write():
        either_desk.open(ACME, body=BODY, subject="third ones before")
        either_desk.change(ADA, "acme:2", subject="second words before")
        with failing_write(repository):
            either_desk.change(ADA, "acme:2", subject="second words within")
            change_all(either_desk)
            with failing_write(repository):
                either_desk.change(ADA, "acme:1", subject="even further within")
        either_desk.open(ACME, body=BODY, subject="fourth ones behind")
        assert searched(either_desk, "acme", "within") == ([], 0)
    assert searched(either_desk, "acme", "within") == searched(either_desk, "acme", "other") == ([], 0)
    assert searched(either_desk, "acme", "before") == ([3, 2], 2)
    assert searched(either_desk, "acme", "ones") == ([4, 3, 1], 3)
    assert searched(either_desk, "initech", "first") == ([], 0)
    assert_index_and_counts_are_right(repository)


def test_a_case_that_the_schema_refuses_leaves_no_trace(either_desk):
    repository = either_desk.repository
    unheard_of = a_known_case(1, "of a store that is not there", "nowhere")
    twin = a_known_case(2, "twin of the second")
    for case, refusal in ((unheard_of, sqlite3.IntegrityError), (twin, AlreadyThere)):
        with repository.write() as transaction:
            either_desk.change(ADA, "acme:1", subject=f"before {case.subject}")
            with pytest.raises(refusal):
                transaction.cases.add(case)
    assert searched(either_desk, "acme", "twin") == ([1], 1)
    assert_index_and_counts_are_right(repository)


def test_index_and_counts_are_right_after_a_random_history():
    chance = random.Random(5)
    with support_desk() as kit:
        desk = kit.desk
        crowd = Crowd(desk, kit.clock, chance, subject=lambda: a_subject(chance))
        crowd.fill(30)
        for _ in range(6):
            for _ in range(30):
                crowd.meddle()
            assert_index_and_counts_are_right(desk.repository)
        for store in ("acme", "globex", "initech"):
            actor = Actor.merchant(store)
            cases = [case for offset in (0, 100, 200) for case in desk.list(actor, limit=100, offset=offset).cases]
            assert len(cases) == desk.list(actor).count > 20
            for _ in range(100):
                assert_as_naive(desk, store, cases, a_query(chance, [case.subject for case in cases]))


# the numbers at the end

NUMBERS_AT_THE_END = [2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1]


@pytest.mark.parametrize("constants", CONSTANTS)
def test_the_highest_numbers_of_a_store_do_not_meet_its_neighbour_s_lowest(repository, monkeypatch, constants):
    set_constants(monkeypatch, **constants)
    stores = ("acme", "globex", "initech")
    known = {
        store: [a_known_case(n, f"Case {n} of {store}", store) for n in (1, 2, 3, *NUMBERS_AT_THE_END)]
        for store in stores
    }
    desk = loaded(repository, *(case for cases in zip(*known.values(), strict=True) for case in cases))
    for store in stores:
        for query in ("case", "of acme", "of globex", "initech", "1", *map(str, NUMBERS_AT_THE_END), "#4294967295"):
            assert_as_naive(desk, store, known[store], query)
            assert_as_naive(desk, store, known[store], query, limit=1, offset=1)
    assert_index_and_counts_are_right(repository)


@pytest.mark.parametrize("number", [2**32, 2**32 + 2, 2**33 + 2, 2**62, 2**63 - 1])
@pytest.mark.parametrize("store", STORES)
def test_a_number_that_the_index_cannot_hold_is_refused_or_found_like_any(repository, monkeypatch, store, number):
    set_constants(monkeypatch, **INDEX)
    known = {store: [a_known_case(n, f"Case {n} of {store}", store) for n in (1, 2, 3)] for store in STORES}
    desk = loaded(repository, *known["acme"], *known["globex"])
    beyond = a_known_case(number, "Case beyond", store)
    try:
        loaded(repository, beyond)
        known[store].append(beyond)
    except (sqlite3.IntegrityError, InvalidInput):
        assert_index_and_counts_are_right(repository)
    for asking, query in product(STORES, ("beyond", "case", "case 2", "of acme", "of globex", "2", str(number))):
        assert_as_naive(desk, asking, known[asking], query)


@pytest.mark.parametrize("store", STORES)
def test_a_case_behind_the_highest_number_of_the_index_is_refused_or_found_like_any(repository, monkeypatch, store):
    set_constants(monkeypatch, **INDEX)
    known = {store: [a_known_case(2**32 - 1, "the last of them", store)] for store in STORES}
    desk = loaded(repository, *known["acme"], *known["globex"])
    try:
        known[store].append(desk.open(Actor.merchant(store), body=BODY, subject="one more"))
    except (sqlite3.IntegrityError, SupportCasesError):
        assert_index_and_counts_are_right(repository)
    for asking, query in product(STORES, ("one more", "last", "4294967296")):
        assert_as_naive(desk, asking, known[asking], query)


# the upgrade


@pytest.mark.parametrize("stop_before", ["0005_speed", "0007_folding"])
def test_an_upgrade_finds_and_counts_the_cases_that_were_there(path, stop_before):
    chance = random.Random(4)
    known = {store: random_cases(chance, store, 60) for store in ("globex", "acme", "initech")}
    with older_file(path, stop_before) as connection:
        for store, cases in known.items():
            insert(connection, "stores", {"store": store, "last_number": HIGHEST - 1})
            for case in cases:
                insert_case(connection, case)
        connection.create_function("casefold", 1, str.casefold)
        connection.execute("UPDATE supportcases_cases SET subject_folded = casefold(subject)")  # as it was until then
    repository = SqliteRepository(path)
    desk = SupportDesk(repository)
    desk.open(Actor.merchant("hooli"), body=BODY, subject="of a new store")
    assert searched(desk, "hooli", "new store") == ([1], 1)
    for store, cases in known.items():
        assert_as_naive(desk, store, cases, "")
        for _ in range(200):
            filters = {"status": chance.choice([None, *Status]), "severity": chance.choice([None, *Severity])}
            assert_as_naive(desk, store, cases, a_query(chance, [case.subject for case in cases]), **filters)
        desk.change(ADA, f"{store}:{cases[0].number}", subject="Something else", severity="low", status="open")
        assert searched(desk, store, "something else") == ([cases[0].number], 1)
        assert desk.open(Actor.merchant(store), body=BODY).number == HIGHEST
    assert_index_and_counts_are_right(repository)
    repository.close()
