"""What is erased on PostgreSQL is in no row any more; who serves erases by two functions, and in no other way."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg
import pytest

from supportcases import FolderStore, SupportDesk
from supportcases.domain.times import to_text
from supportcases.storage.postgres import PostgresRepository, check, migrations
from supportcases.storage.rows import case_to_row, message_to_row
from supportcases.testing import MovableClock
from tests.conftest import ACME, ADA, GLOBEX
from tests.storage import test_erasure as on_files
from tests.storage.test_erasure import WORDS, erase_author, purge, redact
from tests.support.engines import rows_of
from tests.support.erasing import assert_nothing_of_another_case_goes
from tests.support.moving import owned_postgres
from tests.support.rows import T0, a_case, a_message, kept

__all__ = ["owned_postgres"]
OURS, THEIRS = OLDER = [(a_case(1), a_message(1)), (a_case(1, "globex"), a_message(2))]
ANSWERS = {  # to whom and by which key: what was answered, and of which case
    ("store:acme", "opened"): ({"id": OURS[0].id}, OURS[0].id),
    ("store:acme", "said"): ({"message": {"id": OURS[1].id}}, OURS[0].id),
    ("store:acme", "other"): ({"number": 1}, None),
    ("store:globex", "opened"): ({"id": THEIRS[0].id}, THEIRS[0].id),
    ("support-label:Ada", "said"): ({"message": {"id": THEIRS[1].id}}, THEIRS[0].id),
}

OTHERWISE = (  # than by the functions
    "UPDATE supportcases_events SET actor_label = '[redacted]'",
    "UPDATE supportcases_events SET was = '{}'",
    "UPDATE supportcases_messages SET body = '[redacted]'",
    "DELETE FROM supportcases_events",
    "DELETE FROM supportcases_messages",
    "DELETE FROM supportcases_cases",
    "INSERT INTO supportcases_erasing SELECT id FROM supportcases_cases",
    "UPDATE supportcases_tombstones SET number = 7",
    "DELETE FROM supportcases_tombstones",
    "UPDATE supportcases_erasures SET kind = 'purge'",
    "DELETE FROM supportcases_erasures",
)


@pytest.mark.parametrize("kept_in", ["database", "folder"])
@pytest.mark.parametrize("way", [redact, purge, erase_author])
def test_of_what_is_erased_no_row_is_left(repository, tmp_path, monkeypatch, owner_url, way, kept_in):
    monkeypatch.setattr(on_files, "indexed", lambda _: None)  # as PostgreSQL does by itself
    store = FolderStore(tmp_path / "files") if kept_in == "folder" else None
    clock = MovableClock()
    desk = SupportDesk(repository, clock=clock, attachment_store=store)
    named = on_files.with_words(desk, clock)
    assert all(word in held(repository, tmp_path) for word in WORDS)
    assert all(way(desk, clock, *named))
    assert [word for word in WORDS if word in held(repository, tmp_path)] == []
    assert desk.queue(ADA, query="altogether").count == 3
    if way is not purge:
        assert check(owner_url, store).faults == ()


def held(repository, folder) -> str:
    """Return all that the tables and the folder hold, as text."""
    rows = "\n".join(rows_of(repository))
    chunks = map(bytes.fromhex, re.findall(r"\\x((?:[0-9a-f]{2})+)", rows))  # as PostgreSQL writes bytes
    files = (file.read_bytes() for file in folder.rglob("*") if file.is_file())
    return rows + b"".join([*chunks, *files]).decode()


@pytest.mark.parametrize("statement", OTHERWISE)
def test_who_serves_changes_nothing_in_any_other_way(repository, postgres_url, statement):
    desk = SupportDesk(repository)
    desk.open(ACME, body="A long enough body.")
    before = rows_of(repository)
    with psycopg.connect(postgres_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)
    assert rows_of(repository) == before


@pytest.mark.parametrize("statement", [OTHERWISE[0], OTHERWISE[1], OTHERWISE[3]])
def test_not_even_the_owner_changes_history_without_meaning_to(repository, owner_url, statement):
    SupportDesk(repository).open(ACME, body="A long enough body.")
    with (
        psycopg.connect(owner_url) as connection,
        pytest.raises(psycopg.errors.IntegrityError, match="history is never"),
    ):
        connection.execute(statement)


def test_the_functions_touch_the_store_that_they_are_told_alone(repository, postgres_url):
    desk = SupportDesk(repository)
    theirs = desk.open(GLOBEX, body="A long enough body.", subject="Theirs")
    before = rows_of(repository)
    with psycopg.connect(postgres_url) as connection:
        connection.execute("SELECT supportcases_purge('acme', ARRAY[%s]::uuid[], now())", [theirs.id])
        connection.execute(
            "SELECT supportcases_redact('acme', %s, true, ARRAY[%s]::uuid[], '{}', '{1}', '{1}', '{1}', '{}')",
            [theirs.id, desk.get(GLOBEX, 1).messages[0].id],
        )
    assert rows_of(repository) == before


def test_only_the_case_from_which_something_is_taken_out_yields(repository, owner_url):
    desk = SupportDesk(repository)
    ours, other = (desk.open(ACME, body="A long enough body.").id for _ in range(2))
    edit = "UPDATE supportcases_events SET actor_label = '[redacted]' WHERE case_id = %s"
    measured = "SELECT messages FROM supportcases_cases WHERE id = %s"
    with psycopg.connect(owner_url) as connection:
        connection.execute("INSERT INTO supportcases_erasing (case_id) VALUES (%s)", [ours])
        assert connection.execute(edit, [ours]).rowcount == 1
        with pytest.raises(psycopg.errors.IntegrityError, match="history is never"), connection.transaction():
            connection.execute(edit, [other])
        for case in (ours, other):
            connection.execute("DELETE FROM supportcases_messages WHERE case_id = %s", [case])
        assert [connection.execute(measured, [case]).fetchone() for case in (ours, other)] == [(1,), (0,)]
        connection.rollback()


def test_who_holds_cases_of_a_store_waits_for_no_other_store(repository):
    def hold() -> None:
        with repository.write() as transaction:
            transaction.erasures.hold("globex", None, T0)

    kept(repository, a_case(1))
    with ThreadPoolExecutor() as threads, repository.write() as transaction:
        transaction.cases.next_number("acme")
        threads.submit(hold).result(timeout=5)


@pytest.fixture
def older(owned_postgres, monkeypatch):
    """The URL of a database of the version before anything could be erased, with answers kept for retries."""
    url = owned_postgres("erasure")
    with monkeypatch.context() as before:
        before.delitem(migrations.STEPS, "0008_erasure")
        before.setattr("supportcases.storage.postgres.repository.put_in_order", lambda connection, name: None)
        PostgresRepository(url).close()
    with psycopg.connect(url) as connection:
        for table, row in older_rows():
            places = ", ".join(f"%({name})s" for name in row)
            connection.execute(f"INSERT INTO supportcases_{table} ({', '.join(row)}) VALUES ({places})", row)
    return url


def older_rows():
    for case, message in OLDER:
        yield "stores", {"store": case.store, "last_number": 1}
        yield "cases", case_to_row(case)
        said = message_to_row(case, message)
        yield "messages", {**said, "body_folded": said["body"]}
    for (scope, key), (body, _) in ANSWERS.items():
        kept = {"scope": scope, "key": key, "body": json.dumps(body), "kept_at": to_text(T0)}
        yield "replays", {**kept, "fingerprint": "f" * 64, "status": 201}


def test_an_upgrade_tells_old_answers_their_case_and_hashes_the_labels_of_who_asked(older):
    with closing(PostgresRepository(older)) as repository, repository.read() as transaction:
        for (scope, key), (_, case_id) in ANSWERS.items():
            asked = ADA.scope if scope == "support-label:Ada" else scope
            assert transaction.replays.find(asked, key).answer.case_id == case_id


def test_nothing_of_another_case_goes(repository):
    assert_nothing_of_another_case_goes(repository, rows_of)
