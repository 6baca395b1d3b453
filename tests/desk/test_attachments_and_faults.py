"""Files where something fails or comes between: nothing that was kept is lost, and nobody waits for ever."""

from contextlib import closing, contextmanager

import pytest

from supportcases import OutcomeUnknown, SupportDesk
from supportcases.desk.contents import DatabaseStore
from supportcases.domain.attachments import AttachmentLimits
from supportcases.domain.errors import AttachmentNotFound, DatabaseUnavailable, UploadsFull
from supportcases.storage.folder import FolderStore
from supportcases.storage.open import open_repository
from tests.conftest import ACME
from tests.support.desks import BODY


@pytest.fixture
def repository(db):
    with closing(open_repository(db)) as repository:
        yield repository


def attached(desk, content=b"abc") -> str:
    return desk.attach(ACME, name="page.png", content_type="image/png", content=content)


def announced(desk, size=3):
    return desk.announce(ACME, name="page.png", content_type="image/png", size=size)


def test_a_file_of_which_nobody_knows_whether_it_counts_keeps_its_bytes(repository, monkeypatch):
    write = repository.write

    @contextmanager
    def kept_without_a_word():
        monkeypatch.setattr(repository, "write", write)
        with write() as transaction:
            yield transaction
        raise OutcomeUnknown()

    desk = SupportDesk(
        repository, check_attachment=lambda *_: monkeypatch.setattr(repository, "write", kept_without_a_word)
    )
    upload = announced(desk)
    with pytest.raises(OutcomeUnknown):
        desk.upload(upload.id, [b"abc"])
    desk.open(ACME, body=BODY, attachments=[upload.id])
    assert b"".join(desk.read_attachment(ACME, 1, upload.id)) == b"abc"


def test_a_store_is_not_full_of_what_nobody_can_attach_any_more(repository, clock):
    desk = SupportDesk(repository, clock=clock, attachment_limits=AttachmentLimits(pending=30))
    for _ in range(3):
        announced(desk, 10)
    with pytest.raises(UploadsFull):
        announced(desk, 10)
    clock.advance(hours=24)
    with pytest.raises(UploadsFull):  # to the very moment they can still be attached
        announced(desk, 10)
    clock.advance(seconds=0.001)
    for _ in range(3):
        announced(desk, 10)
    with pytest.raises(UploadsFull):
        announced(desk, 10)


def test_an_old_file_that_cannot_be_taken_away_keeps_nobody_from_announcing(repository, clock, caplog):
    class Stubborn(DatabaseStore):
        def remove(self, name):
            raise DatabaseUnavailable("The bucket is read-only.")

    desk = SupportDesk(repository, clock=clock, attachment_store=Stubborn(repository))
    attached(desk)
    clock.advance(hours=25)
    attached(desk)
    assert "The bucket is read-only." in caplog.text
    assert SupportDesk(repository, clock=clock).clean_up() == 1


@pytest.mark.parametrize("file_id", ["nonsense", "", "01a22946-c472-7029-85ef-9ab8bd295a08"])
def test_what_is_no_file_is_sent_and_read_by_nobody(repository, file_id):
    desk = SupportDesk(repository)
    with pytest.raises(AttachmentNotFound):
        desk.upload(file_id, [b"abc"])
    with pytest.raises(AttachmentNotFound):
        desk.attachment(file_id)


def test_what_becomes_whole_while_it_is_removed_goes_too(tmp_path, monkeypatch):
    store = FolderStore(tmp_path / "files")
    part, whole = tmp_path / "files" / "a.part", tmp_path / "files" / "a"
    part.write_bytes(b"abc")
    unlink = type(part).unlink

    def meanwhile_whole(path, **how):
        unlink(path, **how)
        if part.exists():
            part.rename(whole)

    monkeypatch.setattr(type(part), "unlink", meanwhile_whole)
    store.remove("a")
    assert list(store.names()) == []


def test_an_attempt_that_was_killed_stands_in_nobodys_way_when_the_clock_goes_back(repository, clock):
    desk = SupportDesk(repository, clock=clock)
    upload = announced(desk)
    desk._begun(upload.id)  # and nothing more is heard of it
    clock.advance(hours=-1)
    assert desk.upload(upload.id, [b"abc"]).finished_at
