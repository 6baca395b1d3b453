"""Files of which the database does not keep the bytes: a desk without the store takes none away, and stands still."""

import logging
from contextlib import closing, suppress
from datetime import timedelta

import pytest

from supportcases import AttachmentStoreNeeded, FolderStore, SupportDesk
from supportcases.domain.attachments import CHUNK
from supportcases.domain.erasure import ErasureKind
from supportcases.storage.open import open_repository
from tests.conftest import ACME, ADA
from tests.support.desks import BODY

FILE = {"name": "page.png", "content_type": "image/png"}


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def repository(db):
    with closing(open_repository(db)) as repository:
        yield repository


@pytest.fixture
def desk(repository, clock):
    """A desk that knows of no store."""
    return SupportDesk(repository, clock=clock)


@pytest.fixture
def beside(repository, clock, tmp_path):
    """The desk of the same database that knows of the folder."""
    return SupportDesk(repository, clock=clock, attachment_store=FolderStore(tmp_path / "files"))


def killed_while_sending(desk, pieces) -> str:
    """Announce a file and send some of its pieces; return the name under which its bytes are kept."""

    def sent():
        yield from pieces
        raise Killed

    upload = desk.announce(ACME, **FILE, size=3 * CHUNK)
    attempt = desk._begun(upload.id)
    with pytest.raises(Killed):
        desk._contents.write(attempt.content, sent())
    return attempt.content


def test_where_the_database_keeps_them_erasing_is_killed_anywhere_and_goes_on(desk, monkeypatch):
    """Six pieces are two transactions: whichever is the last that is kept, the next time all goes."""
    for kept in range(4):
        file = desk.attach(ACME, **FILE, content=b"x" * (5 * CHUNK + 1))
        number = desk.open(ACME, body=BODY, attachments=[file]).number
        write, left = desk.repository.write, [kept]

        def until_killed(write=write, left=left):
            left[0] -= 1
            if left[0] < 0:
                raise Killed
            return write()

        with monkeypatch.context() as patch:
            patch.setattr(desk.repository, "write", until_killed)
            with suppress(Killed):
                desk.redact(ADA, f"acme:{number}", attachment=file, reason="law")
        assert desk.redact(ADA, f"acme:{number}", attachment=file, reason="law").gone
        with desk.repository.read() as transaction:
            assert (transaction.attachments.chunk_contents(), list(transaction.attachments.contents())) == ((), [])


def test_what_the_database_keeps_of_a_desk_with_a_folder_needs_no_folder(desk, beside):
    before = desk.attach(ACME, **FILE, content=b"abc")
    after = beside.attach(ACME, **FILE, content=b"abc")
    desk.open(ACME, body=BODY, attachments=[before])
    beside.open(ACME, body=BODY, attachments=[after])
    assert desk.redact(ADA, "acme:1", attachment=before, reason="law").gone
    with pytest.raises(AttachmentStoreNeeded):
        desk.redact(ADA, "acme:2", attachment=after, reason="law")
    assert desk.redact(ADA, "acme:2", subject=True, reason="law").gone
    assert b"".join(beside.read_attachment(ADA, "acme:2", after)) == b"abc"
    assert beside.redact(ADA, "acme:2", attachment=after, reason="law").gone
    assert list(beside._contents.names()) == []


def test_a_purge_refuses_for_a_file_of_one_of_many_cases_before_it_deletes_any(desk, beside, clock):
    for number in range(1, 31):
        files = [beside.attach(ACME, **FILE, content=b"abc")] if number == 30 else []
        desk.open(ACME, body=BODY, attachments=files)
        desk.close(ACME, number)
    clock.advance(days=2)
    with pytest.raises(AttachmentStoreNeeded):
        desk.purge(ADA, closed_for=timedelta(days=1))
    assert desk.purgeable(ADA, closed_for=timedelta(days=1)) == (30, 0)
    desk.hold(ADA, "acme", 30)
    assert desk.purge(ADA, closed_for=timedelta(days=1)) == (29, 1, True)
    desk.release(ADA, "acme", 30)
    assert beside.purge(ADA, closed_for=timedelta(days=1)) == (1, 0, True)


def test_a_replay_raises_in_the_dry_run_what_it_would_raise(desk, beside):
    file = beside.attach(ACME, **FILE, content=b"abc")
    case = beside.open(ACME, body=BODY, attachments=[file])
    with beside.repository.read() as transaction:
        of_file = transaction.erasures.places_of(case, case.assignee or "API", at=case.created_at)
    for erasure in (of_file._replace(files=(file,)), of_file._replace(kind=ErasureKind.PURGE)):
        for dry_run in (True, False):
            with pytest.raises(AttachmentStoreNeeded):
                desk.replay_erasures(ADA, [erasure], dry_run=dry_run)
        assert beside.replay_erasures(ADA, [erasure], dry_run=True).applied == 1


def test_old_files_elsewhere_keep_nobody_from_announcing_and_are_told_of_once(desk, beside, clock, caplog):
    for _ in range(3):
        beside.attach(ACME, **FILE, content=b"abc")
    clock.advance(hours=25)
    with caplog.at_level(logging.WARNING, "supportcases.desk"):
        for _ in range(3):
            desk.attach(ACME, **FILE, content=b"abc")
    assert [record.getMessage() for record in caplog.records] == [
        f"files that nobody attached within a day stay: {AttachmentStoreNeeded()}"
    ]
    with pytest.raises(AttachmentStoreNeeded):
        desk.clean_up()
    assert len(list(beside._contents.names())) == 6
    assert beside.clean_up() == 3
    assert len(list(beside._contents.names())) == 3
    assert desk.clean_up() == 0


@pytest.mark.parametrize("pieces", [[], [b"x" * CHUNK]], ids=["before the first piece", "behind it"])
def test_what_was_never_whole_is_cleaned_up_where_new_files_are_kept(pieces, desk, beside, clock, tmp_path):
    killed_while_sending(desk, pieces)
    clock.advance(hours=25)
    assert desk.clean_up() == 1

    beside.attach(ACME, **FILE, content=b"abc")
    name = killed_while_sending(beside, pieces)
    assert (tmp_path / "files" / f"{name}.part").exists()
    clock.advance(hours=25)
    with pytest.raises(AttachmentStoreNeeded):
        desk.clean_up()
    assert beside.clean_up() == 2
    assert list(beside._contents.names()) == []
