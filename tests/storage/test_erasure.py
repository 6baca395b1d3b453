"""What is erased in a file is in none of its bytes any more, whoever has it open; history yields to nothing else."""

import json
import subprocess
import sys
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from supportcases import Actor, FolderStore, SqliteRepository, SupportDesk, VacuumNeeded
from supportcases.desk.idempotency import IdempotentRequest
from supportcases.domain.endpoints import Delivery
from supportcases.domain.erasure import Replayed
from supportcases.domain.times import to_text
from supportcases.storage.protocol import Answer
from supportcases.storage.sqlite import traces
from supportcases.storage.sqlite.backups import back_up
from supportcases.storage.sqlite.body_index import index_next
from supportcases.storage.sqlite.checks import check
from supportcases.storage.sqlite.connections import Connection
from supportcases.testing import MovableClock
from tests.conftest import ACME, ADA
from tests.support.databases import insert, insert_case, older_file
from tests.support.engines import rows_of
from tests.support.erasing import assert_nothing_of_another_case_goes
from tests.support.rows import T0, a_case, a_message

BODY, SUBJECT, LABEL, NAME, CONTENT = "Qzjxkwvq", "Vwqzkxjj", "Xqjzvkww", "Zxqkjvwz", "Jqxzwkvv"  # trigrams of no other
WORDS = (BODY, SUBJECT, LABEL, NAME, CONTENT)
AUTHOR = Actor.merchant("acme", LABEL)
BESIDE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
print(connection.execute("SELECT count(*) FROM supportcases_cases").fetchone(), flush=True)
sys.stdin.read()
"""


@contextmanager
def in_use(path):
    """Let another process have the file open, which has read from it."""
    command = [sys.executable, "-c", BESIDE, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline()
        yield
        process.stdin.close()


def found(folder: Path, *words: str) -> dict[str, int]:
    """Count the words in all files, as another process: to close a file here would drop SQLite's locks."""
    files = [str(file) for file in sorted(folder.rglob("*")) if file.is_file()]
    held = subprocess.run(["cat", *files], check=True, capture_output=True).stdout
    return {word: held.count(word.encode()) for word in words}


def trigrams(word: str) -> list[str]:
    folded = word.lower()
    return [folded[at : at + 3] for at in range(len(folded) - 2)]


def indexed(repository):
    with repository.write() as transaction:
        while index_next(transaction.connection, 1_000):
            pass


def with_words(desk, clock) -> tuple[str, str, str]:
    """Open a case in which each word stands wherever it can; return the ids of it, its message and its file."""
    file = desk.attach(AUTHOR, name=f"{NAME}.txt", content_type="text/plain", content=CONTENT.encode() * 100_000)

    def open_case() -> Answer:
        case = desk.open(AUTHOR, body=f"{BODY} " * 900, subject=f"{SUBJECT} burns", attachments=[file])
        told = json.dumps({"id": case.id, "subject": case.subject, "body": BODY, "by": LABEL, "file": NAME})
        return Answer(201, told, f"/support-cases/{case.id}", case_id=case.id)

    request = IdempotentRequest(desk.repository, scope=AUTHOR.scope, key="again", asked=dict, clock=clock)
    case = json.loads(request.once(open_case).body)["id"]
    desk.change(ADA, case, subject=f"{SUBJECT} smokes", assignee=LABEL)
    desk.assign(ADA, case, "me")
    message = desk.get(ADA, case).messages[0].id
    event = desk.events(ADA).events[-1]
    with desk.repository.write() as transaction:
        waiting = Delivery(0, str(UUID(int=1)), "event", event.id, "support_case.changed", 1, clock.now)
        transaction.deliveries.add(waiting)
    desk.close(AUTHOR, 1)
    for _ in range(3):
        desk.open(ACME, body="Another thing altogether.")
    indexed(desk.repository)
    return case, message, file


def redact(desk, clock, case, message, file):
    for what in ({"message": message}, {"subject": True}, {"label": LABEL}, {"attachment": file}):
        yield desk.redact(ADA, case, **what, reason="request").gone


def purge(desk, clock, *_):
    clock.advance(days=1)
    yield desk.purge(ADA, closed_for=timedelta(days=1)).gone


def erase_author(desk, clock, *_):
    yield desk.erase_author(ADA, store="acme", label=LABEL, reason="law").gone


@pytest.fixture(params=["database", "folder"])
def desk(request, tmp_path, path):
    store = FolderStore(tmp_path / "files") if request.param == "folder" else None
    with closing(SqliteRepository(path)) as repository:
        yield SupportDesk(repository, clock=MovableClock(), attachment_store=store)


@pytest.mark.parametrize("way", [redact, purge, erase_author])
def test_of_what_is_erased_no_byte_is_left_in_any_file(desk, tmp_path, path, way):
    clock = desk.clock
    named = with_words(desk, clock)
    parts = [part for word in (BODY, SUBJECT) for part in trigrams(word)]
    with in_use(path):
        assert min(found(tmp_path, *WORDS).values()) > 0
        assert sum(found(tmp_path, *parts).values()) > 0
        assert all(way(desk, clock, *named))
        assert found(tmp_path, *WORDS) == dict.fromkeys(WORDS, 0)
        assert found(tmp_path, *parts) == dict.fromkeys(parts, 0)
    assert desk.queue(ADA, query="altogether").count == 3
    if way is not purge:
        assert check(str(path), desk._contents).faults == ()


def test_what_waits_for_the_index_is_gone_as_well(repository, file_repository, path, tmp_path):
    desk = SupportDesk(file_repository)
    case = desk.open(ACME, body=f"{BODY} is on fire.", subject="It burns")
    indexed(file_repository)
    note = desk.note(ADA, case.id, body=f"{CONTENT} was never indexed.").message
    desk.redact(ADA, case.id, message=desk.get(ACME, 1).messages[0].id, reason="law")
    desk.redact(ADA, case.id, message=note.id, reason="law")
    assert found(tmp_path, BODY, CONTENT) == {BODY: 0, CONTENT: 0}
    with file_repository.read() as transaction:
        assert transaction.connection.execute("SELECT * FROM supportcases_outdated_bodies").fetchall() == []
        assert transaction.connection.execute("SELECT * FROM supportcases_erasing").fetchall() == []


def test_where_a_reader_holds_the_journal_it_is_not_gone_until_a_later_time(
    file_repository, path, tmp_path, monkeypatch
):
    monkeypatch.setattr(traces, "READERS_TURN", 0.05)
    desk = SupportDesk(file_repository)
    case = desk.open(ACME, body="A long enough body.", subject=f"{SUBJECT} burns")
    with file_repository.read() as transaction:
        transaction.connection.execute("SELECT 1").fetchone()
    with closing(Connection(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM supportcases_cases").fetchall()
        assert desk.redact(ADA, case.id, subject=True, reason="law").gone is False
        assert found(tmp_path, SUBJECT)[SUBJECT] > 0
        assert desk.redact(ADA, case.id, subject=True, reason="law").gone is False
    assert desk.redact(ADA, case.id, subject=True, reason="law").gone is True
    assert found(tmp_path, SUBJECT)[SUBJECT] == 0


def test_what_is_gone_is_not_looked_for_again(file_repository, monkeypatch):
    desk = SupportDesk(file_repository)
    case = desk.open(ACME, body="A long enough body.")
    desk.redact(ADA, case.id, subject=True, reason="law")
    merged = []
    monkeypatch.setattr(traces, "merge_indexes", lambda *_, whole: merged.append(whole))
    assert desk.redact(ADA, case.id, subject=True, reason="law").gone
    assert desk.purge(ADA, closed_for=timedelta(days=1)).gone
    assert merged == []
    assert desk.redact(ADA, case.id, label="API", reason="law").gone
    assert merged == [True]


# a file of an older version


def written_by_an_older_version(path) -> None:
    """Make a file that keeps what was deleted in it."""
    with older_file(path, "0015_erasure") as connection:
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("INSERT INTO supportcases_stores (store, last_number) VALUES ('acme', 1)")
        connection.execute("DELETE FROM supportcases_stores")
        connection.execute("INSERT INTO supportcases_stores (store, last_number) VALUES ('globex', 1)")
        text = (f"{BODY} " * 400,)
        connection.execute("CREATE TABLE orders (note TEXT)")
        connection.execute("INSERT INTO orders (note) VALUES (?)", text)
        connection.execute("DELETE FROM orders")


def test_an_older_file_is_written_anew_once_before_anything_is_erased(path, tmp_path):
    written_by_an_older_version(path)
    assert found(tmp_path, BODY)[BODY] > 0
    with closing(SqliteRepository(path)) as repository:
        desk = SupportDesk(repository)
        case = desk.open(ACME, body="A long enough body.", subject=f"{SUBJECT} burns")
        for erase in (
            lambda: desk.redact(ADA, case.id, subject=True, reason="law"),
            lambda: desk.erase_author(ADA, store="acme", label="API", reason="law"),
            lambda: desk.purge(ADA, closed_for=timedelta(days=1)),
        ):
            with pytest.raises(VacuumNeeded, match="run `supportcases vacuum` once"):
                erase()
        assert desk.find(ADA, case.id) == case
        assert repository.vacuum()
        assert desk.redact(ADA, case.id, subject=True, reason="law").gone
    assert found(tmp_path, BODY, SUBJECT) == {BODY: 0, SUBJECT: 0}


def test_a_file_that_somebody_reads_is_not_taken_for_written_anew(path, monkeypatch):
    monkeypatch.setattr(traces, "READERS_TURN", 0.05)
    written_by_an_older_version(path)
    with closing(SqliteRepository(path)) as repository, closing(Connection(path, isolation_level=None)) as reader:
        case = SupportDesk(repository).open(ACME, body="A long enough body.")
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM supportcases_cases").fetchall()
        assert not repository.vacuum()
        with pytest.raises(VacuumNeeded):
            SupportDesk(repository).redact(ADA, case.id, subject=True, reason="law")


def test_a_new_file_and_its_copy_need_no_vacuum(file_repository, path, tmp_path):
    case = SupportDesk(file_repository).open(ACME, body="A long enough body.")
    back_up(str(path), str(tmp_path / "copy.db"))
    for place in (path, tmp_path / "copy.db"):
        with closing(SqliteRepository(place)) as repository:
            assert SupportDesk(repository).redact(ADA, case.id, subject=True, reason="law").gone


def test_an_upgrade_tells_old_answers_their_case_and_hashes_the_labels_of_who_asked(path):
    case, message = a_case(1), a_message(1)
    bodies = {"opened": {"id": case.id}, "said": {"message": {"id": message.id}}, "other": {"number": 1}}
    with older_file(path, "0015_erasure") as connection:
        insert(connection, "stores", {"store": "acme", "last_number": 1})
        insert_case(connection, case, message)
        for key, body in bodies.items():
            told = {"scope": "support-label:Ada", "key": key, "body": json.dumps(body), "kept_at": to_text(T0)}
            insert(connection, "replays", {**told, "fingerprint": "f" * 64, "status": 201})
    with closing(SqliteRepository(path)) as repository, repository.read() as transaction:
        kept = {key: transaction.replays.find(ADA.scope, key) for key in bodies}
    told = {key: answer.answer.case_id for key, answer in kept.items()}
    assert told == {"opened": case.id, "said": case.id, "other": None}


# a restored backup


def rows(path) -> list[str]:
    """Return all rows, but for those of the indexes and for what the file knows of itself."""
    with closing(Connection(path, isolation_level=None)) as connection:
        lines = [line for line in connection.iterdump() if line.startswith("INSERT")]
    own = ("search", "bodies", "overwritten")
    return sorted(line for line in lines if not any(f'"supportcases_{name}' in line for name in own))


def test_a_restored_backup_is_as_the_erased_original_once_the_ledger_is_applied(path, tmp_path):
    copy = tmp_path / "copy.db"
    with closing(SqliteRepository(path)) as repository:
        clock = MovableClock()
        desk = SupportDesk(repository, clock=clock)
        case, message, file = with_words(desk, clock)
        desk.reply(Actor.merchant("acme", "Mara"), 2, body=f"{BODY}, I think.")
        other = desk.reply(AUTHOR, 3, body=f"{BODY}?")
        desk.close(ACME, 4)
        back_up(str(path), str(copy))
        clock.advance(days=1)
        assert all(redact(desk, clock, case, message, file))
        assert desk.erase_author(ADA, store="acme", label="Mara", reason="request").gone
        assert desk.redact(ADA, other.case.id, message=other.message.id, reason="law").gone
        assert desk.purge(ADA, closed_for=timedelta(days=1)).cases == 2
        ledger = [erasure for _, erasure in desk.erasures(ADA).erasures]
    with closing(SqliteRepository(copy)) as restored:
        desk = SupportDesk(restored)
        count = len(ledger)
        assert desk.replay_erasures(ADA, ledger, dry_run=True) == Replayed(count, 0, 0, 0)
        assert desk.replay_erasures(ADA, ledger) == Replayed(count, 0, 0, 0, True)
        assert desk.replay_erasures(ADA, ledger) == Replayed(0, count, 0, 0, True)
    assert rows(copy) == rows(path)


def test_nothing_of_another_case_goes(repository):
    assert_nothing_of_another_case_goes(repository, rows_of)
