"""What is carried from one database into another, and who meets what while it is, and afterwards."""

import threading
import time
from contextlib import closing, suppress

import pytest

from supportcases import DatabaseMoved, SupportDesk
from supportcases.storage.open import open_repository
from supportcases.storage.rows import CARRIED
from tests.conftest import ACME
from tests.support.moving import owned_postgres

__all__ = ["owned_postgres"]
BODY = "The printer is on fire."
NOT_CARRIED = {
    "migrations": "the other database has its own",
    "sessions": "who is signed in signs in again",
    "counts": "counted anew",
    "tallies": "counted anew",
    "totals": "counted anew",
    "tally_changes": "counted anew",
    "search": "the index of the subjects",
    "bodies": "the index of the messages",
    "outdated_bodies": "what waits for that index",
    "erasing": "is empty between two transactions",
    "overwritten": "the other file knows by itself how it was written",
}
MADE = {
    "position",
    "ordinal",
    "messages",
    "characters",
    "answered_after",
    "closed_after",
    "body_folded",
    "xid",
    "lease",
    "leased_until",
}
TABLES = {
    "sqlite": "SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 'supportcases_*'",
    "postgres": "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ '^supportcases_'",
}
COLUMNS = {
    "sqlite": "SELECT name FROM pragma_table_xinfo('supportcases_{}')",
    "postgres": (
        "SELECT attname FROM pg_attribute "
        "WHERE attrelid = 'supportcases_{}'::regclass AND attnum > 0 AND NOT attisdropped"
    ),
}


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request):
    return request.param


@pytest.fixture
def place(engine, request, tmp_path):
    return request.getfixturevalue("owned_postgres")() if engine == "postgres" else str(tmp_path / "cases.db")


def test_every_table_is_carried_or_named_as_not_carried(engine, place):
    with closing(open_repository(place)) as repository, repository.read() as transaction:
        names = {name.removeprefix("supportcases_") for (name,) in transaction.connection.execute(TABLES[engine])}
        parts = {f"{index}_{part}" for index in ("search", "bodies") for part in ("config", "data", "docsize", "idx")}
        assert names - parts - set(NOT_CARRIED) == set(CARRIED)
        for table, (carried, _) in CARRIED.items():
            columns = {name for (name,) in transaction.connection.execute(COLUMNS[engine].format(table))}
            assert columns - MADE == set(carried.split(", ")) - MADE, table


def test_who_waits_to_write_meets_the_mark_at_once_and_who_reads_waits_for_nobody(place):
    with closing(open_repository(place)) as repository, closing(open_repository(place)) as other:
        desk = SupportDesk(other)
        desk.open(ACME, body=BODY)
        met = []

        def reply():
            try:
                desk.reply(ACME, 1, body=BODY)
            except DatabaseMoved as error:
                met.append(str(error))

        writer = threading.Thread(target=reply)
        with repository.write() as transaction:
            transaction.moving.leave_for("elsewhere's %s \\ place")
            writer.start()
            time.sleep(0.3)  # so that it waits for the lock
            assert (writer.is_alive(), desk.list(ACME).count) == (True, 1)
        writer.join(timeout=30)
        assert met == ["This database was moved to elsewhere's %s \\ place; nothing is written to it any more."]
        assert len(desk.get(ACME, 1).messages) == 1


def test_a_move_that_is_given_up_leaves_no_mark(place):
    with closing(open_repository(place)) as repository:
        with suppress(KeyError), repository.write() as transaction:
            transaction.moving.leave_for("elsewhere")
            raise KeyError
        assert SupportDesk(repository).open(ACME, body=BODY).number == 1
