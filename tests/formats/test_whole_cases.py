"""Cases that come as a whole: they are what the desk's own use cases would have kept."""

import re
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import timedelta
from math import ceil

import pytest

from dev.benchmarks.data import UNTIL, dossiers, worked_on
from supportcases import Actor, SqliteRepository, SupportDesk
from supportcases.domain.errors import AlreadyThere
from supportcases.formats.whole_cases import load
from supportcases.storage.open import check
from supportcases.testing import made_up_cases, some_cases
from tests.conftest import ADA
from tests.support.rows import listed

TABLES = ("stores", "cases", "messages", "events", "counts")
TWO_YEARS = timedelta(days=730)


def rows(path) -> dict[str, list[tuple]]:
    """Return every table but for ids and positions, each in an order of its own."""
    kept = {}
    with closing(sqlite3.connect(path)) as connection:
        for table in TABLES:
            columns = [name for _, name, *_ in connection.execute(f"PRAGMA table_info(supportcases_{table})")]
            wanted = [name for name in columns if name not in ("id", "position", "case_id")]
            if table == "events":  # loaded case by case, they have other numbers
                wanted[wanted.index("sequence")] = "sequence IS NOT NULL"
                wanted[wanted.index("message_id")] = (
                    "(SELECT body FROM supportcases_messages AS m WHERE m.id = message_id)"
                )
            if "case_id" in columns:
                wanted.append("(SELECT number FROM supportcases_cases AS c WHERE c.id = case_id)")
            kept[table] = sorted(connection.execute(f"SELECT {', '.join(wanted)} FROM supportcases_{table}"), key=repr)
    kept["counts"] = [row for row in kept["counts"] if row[-1] > 0]
    return kept


def test_made_up_cases_are_loaded_as_the_desk_would_have_kept_them(tmp_path):
    loaded, lived = SqliteRepository(tmp_path / "loaded.db"), SqliteRepository(tmp_path / "lived.db")
    assert load(loaded, dossiers("acme", 200, seed=3)) == 200
    some_cases(lived, 200, store="acme", until=UNTIL, span=TWO_YEARS, seed=3)
    assert rows(loaded.path) == rows(lived.path)
    assert listed(loaded, query="pay") == listed(lived, query="pay") != []


def test_made_up_cases_that_a_team_has_worked_on_contradict_nothing(tmp_path):
    path = tmp_path / "cases.db"
    with closing(SqliteRepository(path)) as repository:
        load(repository, worked_on(dossiers("acme", 400, seed=3)))
        queue = SupportDesk(repository).queue
        assert queue(ADA, assignee="none").count == pytest.approx(100, rel=0.3)
        assert queue(ADA, query="They say: ").count == pytest.approx(40, rel=0.5)
    assert check(str(path)).faults == ()


def test_the_next_case_has_the_number_behind_the_highest(repository):
    whole = list(dossiers("acme", 20))
    load(repository, whole[10:])
    load(repository, whole[:10])
    load(repository, dossiers("gus", 3, seed=2))
    desk = SupportDesk(repository)
    assert desk.open(Actor.merchant("acme"), body="The twenty-first case.").number == 21
    assert desk.open(Actor.merchant("gus"), body="The fourth case of Gus.").number == 4
    assert desk.list(Actor.merchant("acme")).count == 21


def test_of_a_batch_with_a_case_that_is_there_none_is_kept(repository, monkeypatch):
    monkeypatch.setattr("supportcases.formats.whole_cases.BATCH", 5)
    whole = list(dossiers("acme", 12))
    load(repository, whole[7:8])
    with pytest.raises(AlreadyThere):
        load(repository, whole)
    assert sorted(listed(repository)) == [1, 2, 3, 4, 5, 8]


def test_others_can_write_between_two_batches(path, monkeypatch):
    monkeypatch.setattr("supportcases.formats.whole_cases.BATCH", 5)
    with closing(SqliteRepository(path)) as loading, closing(SqliteRepository(path)) as other:
        desk = SupportDesk(other)

        def coming():
            for before, dossier in enumerate(dossiers("acme", 12)):
                if before in (5, 10):
                    desk.open(Actor.merchant("gus"), body="Meanwhile.")
                    assert len(listed(other)) == before
                yield dossier

        assert load(loading, coming()) == 12
        assert (len(listed(other)), listed(other, "gus")) == (12, [2, 1])


def test_many_cases_are_added_a_hundred_rows_a_statement():
    """Each statement costs more than the rows in it: FTS5 writes all that it knows to the file before."""
    statements, whole = [], list(dossiers("acme", 250))
    with closing(SqliteRepository(":memory:", trace=statements.append)) as repository:
        load(repository, whole)
    told = set(statements)  # a trigger says again what has set it off
    inserted = Counter(added[1] for said in told if (added := re.match(r"INSERT INTO supportcases_(\w+) ", said)))
    rows = {
        "cases": whole,
        "messages": [m for d in whole for m in d.messages],
        "events": [e for d in whole for e in d.history],
    }
    assert {table: inserted[table] for table in rows} == {
        table: ceil(len(those) / 100) for table, those in rows.items()
    }


@pytest.mark.parametrize("bad", ['"} ' + "x" * 33, "0191ABC0-0000-7000-8000-000000000001", "42"])
@pytest.mark.parametrize("whose", ["case", "message"])
def test_an_id_that_could_not_go_out_is_refused(repository, bad, whose):
    (good,) = dossiers("acme", 1)
    if whose == "case":
        faulty = good._replace(case=good.case._replace(id=bad))
    else:
        faulty = good._replace(messages=(good.messages[0]._replace(id=bad),))
    with pytest.raises(ValueError, match="must be a UUID in lower case"):
        load(repository, [good, faulty])
    assert listed(repository) == []


def test_a_store_that_somebody_else_has_inserted_gets_its_place_in_the_search(repository):
    with repository.write() as transaction:
        for store in ("globex", "acme"):
            statement = "INSERT INTO supportcases_stores (store, last_number) VALUES (?, 7)"
            transaction.connection.execute(statement, [store])
    desk = SupportDesk(repository)
    for store in ("acme", "globex"):
        assert desk.open(Actor.merchant(store), body=f"The till of {store} is down.").number == 8
    with repository.read() as transaction:
        rows = transaction.connection.execute("SELECT rowid FROM supportcases_search ORDER BY rowid").fetchall()
    assert rows == [(1 << 32 | 8,), (2 << 32 | 8,)]


def test_the_same_seed_makes_the_same_dossiers():
    assert list(dossiers("acme", 30)) == list(dossiers("acme", 30)) != list(dossiers("acme", 30, seed=2))
    assert sum(len(dossier.messages) for dossier in dossiers("acme", 2_000)) == pytest.approx(4_000, rel=0.1)
    assert len(list(made_up_cases(3, until=UNTIL))) == 3
