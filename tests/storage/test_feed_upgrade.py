"""The history of a version that gave events no numbers: today's gives them those that they would have got."""

import sqlite3
from contextlib import closing
from datetime import timedelta

import psycopg
import pytest

from supportcases import SupportDesk
from supportcases.domain.times import to_text
from supportcases.storage.open import check, open_repository
from supportcases.storage.postgres import PostgresRepository, migrations
from supportcases.storage.rows import case_to_row, message_to_row
from tests.conftest import ACME, ADA
from tests.support.databases import older_file
from tests.support.moving import owned_postgres
from tests.support.rows import T0, a_case, a_message, id_of

__all__ = ["owned_postgres"]
CASES = {"A": a_case(1), "B": a_case(2), "I": a_case(3), "G": a_case(1, "globex")}
# what happened, in the order of the places: case, kind, minute, what became, who said something with it; and what is
# expected of it: revision, sequence
HISTORY = [
    ("A", "opened", 1, "status", "merchant", 1, 1),
    ("G", "opened", 1, "status", "merchant", 1, 1),
    ("B", "opened", 1, "status", "merchant", 1, 2),
    ("A", "noted", 2, "", "note by support", 2, None),
    ("A", "answered", 2, "status", "support", 3, 3),
    ("A", "answered", 2, "", "elliot", 4, 4),
    ("A", "noted", 2, "", "note by elliot", 5, None),
    ("A", "changed", 2, "assignee", None, 6, None),
    ("A", "changed", 2, "assignee severity", None, 7, 5),
    ("A", "changed", 2, "subject", None, 8, 6),
    ("B", "answered", 3, "status", None, 2, 7),
    ("B", "answered", 4, "", "support", 3, 8),
    ("A", "replied", 4, "status", "merchant", 9, 9),
    ("A", "replied", 4, "", "merchant", 10, 10),
    ("A", "announced", 4, "", "system", 11, 11),
    ("G", "noted", 4, "", "note by support", 2, None),
    ("A", "closed", 5, "status", None, 12, 12),
    ("A", "reopened", 6, "status", None, 13, 13),
    ("G", "closed", 6, "status", None, 3, 2),
    ("I", "opened", 0, "status", "merchant", 1, 14),  # which came as a whole
    ("I", "replied", 0, "", "merchant", 2, 15),
    ("I", "closed", 0, "status", None, 3, 16),
]
NUMBERED = """
    SELECT position, store, CAST(case_id AS text), revision, sequence, CAST(message_id AS text)
    FROM supportcases_events
    ORDER BY position
"""


def rows():
    """Yield a table and a row of it, in the order in which they are kept."""
    for store in ("acme", "globex"):
        yield "stores", {"store": store, "last_number": 3 if store == "acme" else 1}
    for case in CASES.values():
        yield "cases", case_to_row(case)
    for place, (name, kind, minute, fields, author, *_) in enumerate(HISTORY, start=1):
        case, at = CASES[name], T0 + timedelta(minutes=minute)
        became = "{" + ", ".join(f'"{field}": "x"' for field in fields.split()) + "}"
        entry = {"kind": kind, "actor_kind": "support", "actor_label": "Ada", "happened_at": to_text(at)}
        yield "events", {"store": case.store, "case_id": case.id, **entry, "was": became, "became": became}
        if author:
            kind = author.removeprefix("note by ")
            said = a_message(place, author_kind=kind, created_at=at, internal=kind != author)
            yield "messages", {k: v for k, v in message_to_row(case, said).items() if k != "attachments"}


def expected(first: int):
    """Return the rows of the history with the numbers that it is to have."""
    return [
        (first + place, CASES[name].store, CASES[name].id, *numbers, id_of(place + 1, kind="6") if author else None)
        for place, (name, _, _, _, author, *numbers) in enumerate(HISTORY)
    ]


@pytest.fixture
def old_file(path):
    with older_file(path, "0013_feed") as connection:
        for table, row in rows():
            places = ", ".join(f":{name}" for name in row)
            connection.execute(f"INSERT INTO supportcases_{table} ({', '.join(row)}) VALUES ({places})", row)
    return str(path)


@pytest.fixture
def old_postgres(owned_postgres, monkeypatch):
    url = owned_postgres("upgrade")
    with monkeypatch.context() as before:
        before.delitem(migrations.STEPS, "0006_feed")
        before.setattr("supportcases.storage.postgres.repository.put_in_order", lambda connection, name: None)
        PostgresRepository(url).close()
    with psycopg.connect(url) as connection:
        for table, row in rows():
            row = row | ({"body_folded": row["body"].lower()} if "body" in row else {})
            places = ", ".join(f"%({name})s" for name in row)
            connection.execute(f"INSERT INTO supportcases_{table} ({', '.join(row)}) VALUES ({places})", row)
    return url


@pytest.fixture(params=["sqlite", "postgres"])
def old(request):
    return request.getfixturevalue("old_file" if request.param == "sqlite" else "old_postgres")


def test_each_event_gets_the_numbers_and_the_message_that_it_would_have_got(old):
    with closing(open_repository(old)) as repository:
        with repository.read() as transaction:
            assert transaction.connection.execute(NUMBERED).fetchall() == expected(1)
        desk = SupportDesk(repository)
        assert [event.sequence for event in desk.events(ACME).events] == list(range(1, 17))
        assert [event.place[1] for event in desk.events(ADA).events] == list(range(1, len(HISTORY) + 1))
        since = desk.events(ADA).next
        desk.reply(ACME, 2, body="And on.")
        (event,) = desk.events(ADA, after=since).events
        assert (event.place[1], event.revision, event.sequence) == (len(HISTORY) + 1, 4, 17)
    assert not [fault for fault in check(old).faults if "the feed" in fault]


@pytest.mark.parametrize("change", ["UPDATE supportcases_events SET kind = 'x'", "DELETE FROM supportcases_events"])
def test_the_history_stays_as_before(old, change):
    with closing(open_repository(old)) as repository:
        with pytest.raises((sqlite3.Error, psycopg.Error)) as refused, repository.write() as transaction:
            transaction.connection.execute(change)
        assert "history is" in str(refused.value)


def test_a_place_in_a_file_is_never_given_again(old_file):
    with closing(open_repository(old_file)) as repository, repository.write() as transaction:
        triggers = "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'supportcases_events'"
        for (name,) in transaction.connection.execute(triggers).fetchall():
            transaction.connection.execute(f"DROP TRIGGER {name}")
        transaction.connection.execute("DELETE FROM supportcases_events WHERE position > 1")
        desk = SupportDesk(repository)
        desk.reply(ACME, 1, body="And on.")
        assert [event.place[1] for event in desk.events(ADA).events] == [1, len(HISTORY) + 1]
