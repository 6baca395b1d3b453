"""What is erased on PostgreSQL is in no row any more; who serves erases by two functions, and in no other way."""

import re

import psycopg
import pytest

from supportcases import FolderStore, SupportDesk
from supportcases.storage.postgres import check
from supportcases.testing import MovableClock
from tests.conftest import ACME, ADA, GLOBEX
from tests.storage import test_erasure as on_files
from tests.storage.test_erasure import WORDS, erase_author, purge, redact
from tests.support.engines import rows_of
from tests.support.erasing import assert_nothing_of_another_case_goes

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


def test_nothing_of_another_case_goes(repository):
    assert_nothing_of_another_case_goes(repository, rows_of)
