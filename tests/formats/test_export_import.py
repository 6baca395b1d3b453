"""supportcases export and import: a desk that is carried to another file has the same rows there."""

import json
import sqlite3
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from falcon.testing import TestClient

from dev.benchmarks.data import dossiers
from supportcases import Actor, KeyRing, SqliteRepository, SupportDesk, create_app
from supportcases.formats.archive import written
from supportcases.formats.whole_cases import kept, load
from supportcases.testing import MovableClock, numbered_ids
from tests.conftest import ACME, ADA, CASES, GLOBEX
from tests.support.command_line import MODULE, refused, run
from tests.support.faults import GAP, plant

BODY = "The printer is on fire."
STRANGE = "Zeilen\r\nund\ttabs \x1b[2J \u202e \u2028 \ufffd \U0001f600 <&>\"' Straße"
TABLES = {
    "stores": "store, last_number",
    "cases": "id, store, number, subject, subject_folded, category, severity, status, created_at, last_activity_at, "
    "closed_at, unanswered_since, assignee",
    "messages": "id, store, case_id, author_kind, author_label, body, created_at, internal",
    "events": "store, case_id, kind, actor_kind, actor_label, happened_at, was, became",
}

IN_THEIR_CASE = "store, case_id, position"  # positions are of the file, but their order is of the case
ORDERS = {"stores": "store", "cases": "store, number", "messages": IN_THEIR_CASE, "events": IN_THEIR_CASE}


@pytest.fixture
def path(path):
    """The path of a desk where everything has happened, in two stores."""
    clock = MovableClock(datetime(2024, 6, 15, 10, 30, tzinfo=UTC))
    with closing(SqliteRepository(path)) as repository:
        desk = SupportDesk(repository, clock=clock, new_id=numbered_ids())
        for store in ("globex", "acme"):
            merchant = Actor.merchant(store, "Mara")
            for _ in range(4):
                clock.advance(minutes=1, milliseconds=7)
                desk.open(merchant, body=STRANGE, severity="critical")
            desk.reply(merchant, 1, body="Still on fire.")
            clock.advance(hours=1)
            desk.answer(ADA, f"{store}:1", body="Use water.")
            desk.answer(ADA, f"{store}:2", body="Use sand.", close=True, kind="elliot")
            desk.note(ADA, f"{store}:2", body="They have sand.")
            desk.reopen(merchant, 2)
            desk.change(ADA, f"{store}:3", subject="Ways", category="billing_plans", severity="low", assignee="me")
            desk.assign(ADA, f"{store}:3", None)
            desk.assign(ADA, f"{store}:4", "Bob")
            clock.advance(days=20)
            desk.close_idle(Actor.support("Support desk"), answered_for=timedelta(days=14))
        KeyRing(repository).create("acme", label="Back office")
    return path


@pytest.fixture
def archive(path, tmp_path):
    """The export of all of it, beside it."""
    archive = tmp_path / "cases.ndjson"
    archive.write_text(exported(tmp_path))
    return archive


def exported(tmp_path, *arguments) -> str:
    done = run("export", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def imported(tmp_path, source, db="new.db"):
    return run("import", str(source), "--db", db, cwd=tmp_path)


def rows(path) -> dict[str, list[tuple]]:
    """Return all that is carried over."""
    with closing(sqlite3.connect(path)) as connection:
        return {
            table: connection.execute(f"SELECT {columns} FROM supportcases_{table} ORDER BY {ORDERS[table]}").fetchall()
            for table, columns in TABLES.items()
        }


def test_a_desk_that_was_carried_over_has_the_same_rows_and_the_same_export(path, archive, tmp_path):
    done = imported(tmp_path, archive)
    assert (done.returncode, done.stdout, done.stderr) == (0, "imported 8 cases into new.db\n", "")
    assert rows(tmp_path / "new.db") == rows(path)
    assert exported(tmp_path, "--db", "new.db") == archive.read_text()
    assert run("check", "--db", "new.db", cwd=tmp_path).returncode == 0


def test_what_was_kept_while_the_clock_went_back_can_be_carried_over(path, tmp_path):
    """Notes and changes are no activity: what comes behind them may have an earlier time than they have."""
    path.unlink()
    clock = MovableClock()
    with closing(SqliteRepository(path)) as repository:
        desk = SupportDesk(repository, clock=clock)
        desk.open(ACME, body=BODY)
        clock.advance(hours=5)
        desk.note(ADA, "acme:1", body="Bring water.")
        desk.change(ADA, "acme:1", severity="high")
        clock.advance(hours=-4)
        desk.answer(ADA, "acme:1", body="Use water.")
        clock.advance(hours=-4)
        desk.note(ADA, "acme:1", body="It was sand.")
        desk.reply(ACME, 1, body="Still on fire.")
        desk.close(ACME, 1)
        desk.answer(ADA, "acme:1", body="It was closed.", kind="system")
        desk.change(ADA, "acme:1", status="answered", severity="low", assignee="me")
        clock.advance(hours=-4)
        desk.change(ADA, "acme:1", status="open")
        clock.advance(hours=9)
        desk.note(ADA, "acme:1", body="Later than all else.")
    (tmp_path / "back.ndjson").write_text(exported(tmp_path))
    assert imported(tmp_path, "back.ndjson").stdout == "imported 1 case into new.db\n"
    assert rows(tmp_path / "new.db") == rows(path)
    assert [run("check", "--db", db, cwd=tmp_path).returncode for db in ("cases.db", "new.db")] == [0, 0]


def test_one_store_alone_can_be_carried_over(path, tmp_path):
    (tmp_path / "acme.ndjson").write_text(exported(tmp_path, "--store", "acme"))
    assert imported(tmp_path, "acme.ndjson").stdout == "imported 4 cases into new.db\n"
    both, one = rows(path), rows(tmp_path / "new.db")
    for table in TABLES:
        place = TABLES[table].split(", ").index("store")
        assert one[table] == [row for row in both[table] if row[place] == "acme"]


def test_a_store_that_is_not_there_is_refused(path, tmp_path):
    told = refused(run("export", "--store", "initech", cwd=tmp_path))
    assert told == "supportcases: cases.db has no cases of initech."


def test_neither_keys_nor_kept_answers_are_carried_over(path, archive, tmp_path):
    app = create_app(path, authenticate=lambda req: ACME)
    headers = {"Idempotency-Key": "retry-1"}
    TestClient(app).simulate_post(CASES, json={"body": BODY}, headers=headers)
    text = exported(tmp_path)
    assert "retry-1" not in text
    assert "Back office" not in text
    (tmp_path / "after.ndjson").write_text(text)
    imported(tmp_path, "after.ndjson")
    with closing(sqlite3.connect(tmp_path / "new.db")) as connection:
        for table in ("keys", "replays"):
            assert connection.execute(f"SELECT count(*) FROM supportcases_{table}").fetchone() == (0,)


def test_an_export_is_of_one_moment(path, tmp_path):
    before = exported(tmp_path)
    with closing(SqliteRepository(path)) as repository, repository.read() as transaction:
        cases = kept(transaction)
        first = next(cases)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(SupportDesk(repository).open, Actor.merchant("zebra"), body="Meanwhile.").result()
            pool.submit(SupportDesk(repository).reply, GLOBEX, 1, body="Meanwhile.").result()
        assert "".join(written([first, *cases])) == before
    assert exported(tmp_path) != before


def test_a_file_that_has_no_cases_yet_keeps_what_else_it_has(archive, tmp_path):
    with closing(SqliteRepository(tmp_path / "new.db")) as repository:
        key, _ = KeyRing(repository).create("acme")
    assert imported(tmp_path, archive).returncode == 0
    with closing(SqliteRepository(tmp_path / "new.db")) as repository:
        assert KeyRing(repository).recognise(key).store == "acme"


def test_a_file_that_has_cases_is_refused_and_stays_as_it_is(path, archive, tmp_path):
    before = rows(path)
    told = refused(imported(tmp_path, archive, "cases.db"))
    assert told == "supportcases: cases.db has cases already; import into a file that has none, or that is new."
    assert rows(path) == before


def test_an_empty_desk_can_be_carried_over_too(tmp_path):
    SqliteRepository(tmp_path / "cases.db").close()
    text = exported(tmp_path)
    assert text == '{"supportcases":1}\n{"supportcases":1,"cases":0}\n'
    (tmp_path / "none.ndjson").write_text(text)
    assert imported(tmp_path, "none.ndjson").stdout == "imported 0 cases into new.db\n"


def test_a_terminal_is_told_how_far_it_is(tmp_path):
    with closing(SqliteRepository(tmp_path / "cases.db")) as repository:
        load(repository, dossiers("acme", 1_001))
    (tmp_path / "cases.ndjson").write_text(exported(tmp_path))
    script = f"{' '.join(MODULE)} import cases.ndjson --db new.db > out.txt 2> /dev/tty"
    done = subprocess.run(["script", "-qec", script, "/dev/null"], cwd=tmp_path, capture_output=True)
    assert done.stdout == b"\rimported 1,000 cases\rimported 1,001 cases\r\n"
    assert (tmp_path / "out.txt").read_text() == "imported 1,001 cases into new.db\n"


def test_an_export_of_a_file_without_one_of_its_cases_says_so(tmp_path):
    path = tmp_path / "cases.db"
    with closing(SqliteRepository(path)) as repository:
        desk = SupportDesk(repository)
        for _ in range(3):
            desk.open(ACME, body=BODY)
    plant(path, GAP)
    done = run("export", cwd=tmp_path)
    assert done.returncode == 1
    assert [json.loads(line).get("number") for line in done.stdout.splitlines()] == [None, 1, 3, None]
    assert done.stderr == (
        "supportcases: cases.db has no case acme 2, so that import will refuse this; `supportcases check` tells more.\n"
    )
