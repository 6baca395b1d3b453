"""supportcases check: what messages tell of their files, the files, and the bytes of each, agree; or it is told."""

from contextlib import closing

import pytest

from supportcases import FolderStore, SupportDesk
from supportcases.storage.open import check, open_repository
from supportcases.testing import MovableClock
from supportcases.testing.fakes import numbered_ids
from tests.conftest import ACME, GLOBEX
from tests.support.desks import BODY

CONTENT = bytes(range(256)) * 2_500  # of three pieces
ATTACHED = "WHERE message_id IS NOT NULL AND store = 'acme'"
FILE = "page.png ({}) of acme"
FAULTS = [
    ("DELETE FROM supportcases_chunks WHERE content IN (SELECT content FROM supportcases_attachments {})", "lost"),
    ("UPDATE supportcases_chunks SET number = 10 - number", "lost"),
    ("UPDATE supportcases_chunks SET bytes = substr(bytes, 1, 3) WHERE number = 2", "fewer"),
    ("UPDATE supportcases_attachments SET sha256 = '{zeros}' {}", "other"),
    ("UPDATE supportcases_attachments SET name = 'other.png' {}", "told"),
    ("UPDATE supportcases_attachments SET content_type = 'a/b' {}", "told"),
    ("UPDATE supportcases_attachments SET store = 'globex' {}", "told"),
    ("UPDATE supportcases_attachments SET message_id = NULL {}", "told"),
]
TOLD = {
    "lost": FILE + " has bytes that are not in the database",
    "other": FILE + " has other bytes than were sent",
    "fewer": FILE + " has 524,291 bytes, and must have 640,000",
    "told": "acme 1 tells of the file {}, which is not there as it is told",
}


@pytest.fixture
def repository(db):
    with closing(open_repository(db)) as repository:
        yield repository


def desk_with_files(repository, contents=None):
    """Return a desk with a file in a message, one that waits, and one that was only announced; and the first one."""
    desk = SupportDesk(repository, clock=MovableClock(), new_id=numbered_ids(), attachment_store=contents)
    file = {"name": "page.png", "content_type": "image/png"}
    first = desk.attach(ACME, content=CONTENT, **file)
    desk.attach(ACME, content=b"waits", **file)
    desk.announce(ACME, size=3, **file)
    desk.open(ACME, body=BODY, attachments=[first])
    desk.open(GLOBEX, body=BODY)
    return desk, first


def planted(repository, statement):
    with repository.write() as transaction:
        transaction.connection.execute(statement.replace("{zeros}", "0" * 64).replace("{}", ATTACHED))


def test_where_all_is_well_it_counts_the_files(repository, db):
    desk_with_files(repository)
    findings = check(db)
    assert findings.faults == ()
    assert "attachments (1 file)" in findings.looked_at


@pytest.mark.parametrize(("statement", "told"), FAULTS, ids=str)
def test_each_fault_is_told(statement, told, repository, db):
    _, file = desk_with_files(repository)
    planted(repository, statement)
    assert f"attachments: {TOLD[told].format(file)}" in check(db).faults


def test_a_file_of_which_no_message_tells_is_told(repository, db):
    desk, _ = desk_with_files(repository)
    (first,) = desk.get(GLOBEX, 1).messages
    planted(repository, f"UPDATE supportcases_attachments SET message_id = '{first.id}' {ATTACHED}")
    (one, other) = check(db).faults
    assert one.startswith("attachments: acme 1 tells of the file ")
    assert other.startswith("attachments: no message of acme tells of the file ")


def test_a_folder_is_looked_at_and_what_nobody_knows_in_it_is_only_noted(repository, db, tmp_path):
    folder = FolderStore(tmp_path / "files")
    desk, file = desk_with_files(repository, folder)
    assert check(db, folder).faults == ()
    assert check(db).faults == (f"attachments: {TOLD['lost'].format(file)}",)

    for stray in ("9.txt", "0191abc0-0000-7000-8000-000000000001"):
        (tmp_path / "files" / stray).write_bytes(b"x")
    (warning,) = (note for note in check(db, folder).warnings if note.startswith("the folder"))
    assert warning.startswith(
        "the folder has 2 files of which the database does not tell, as 0191abc0-0000-7000-8000-000000000001; "
    )
    kept = tmp_path / "files" / desk.attachment(file).content
    kept.write_bytes(b"x" * 3)
    assert check(db, folder).faults == (f"attachments: {FILE.format(file)} has 3 bytes, and must have 640,000",)
    kept.unlink()
    neither = f"attachments: {FILE.format(file)} has bytes that are neither in the folder nor in the database"
    assert check(db, folder).faults == (neither,)
