"""Files before they come with a message: announced, sent in attempts, bounded, and gone where nobody attached them."""

import hashlib
import threading
from contextlib import closing

import pytest

from supportcases import Actor, InvalidInput, KeyRing, NotPermitted, SupportDesk
from supportcases.domain.errors import (
    AlreadyUploaded,
    AttachmentNotFound,
    AttachmentRefused,
    UploadInProgress,
    UploadsFull,
)
from supportcases.storage.folder import FolderStore
from supportcases.storage.open import open_repository
from supportcases.testing.fakes import numbered_ids
from tests.conftest import ACME, ADA, GLOBEX
from tests.support.desks import BODY, problems
from tests.support.files import OF_ANOTHER, PNG, attached, kept_names
from tests.support.files import desk as desk  # a fixture


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ({"name": "../"}, {"name": "Must be 1 to 255 characters long, not 0."}),
        ({"name": "../.."}, {"name": "Must be the name of a file."}),
        ({"name": "x" * 256}, {"name": "Must be 1 to 255 characters long, not 256."}),
        ({"content_type": "png"}, {"content_type": "Must be a media type such as image/png, of up to 127 characters."}),
        (
            {"content_type": "a/b\n"},
            {"content_type": "Must be a media type such as image/png, of up to 127 characters."},
        ),
        ({"size": 0}, {"size": "Must be a whole number from 1 to what the desk allows."}),
        ({"size": 700_001}, {"size": "Must be a whole number from 1 to 700,000."}),
        ({"store": "globex"}, {"store": "Must be left out: a merchant's cases are of the merchant's own store."}),
    ],
    ids=str,
)
def test_what_cannot_be_announced_is_told(desk, named, told):
    announced = {"name": "page.png", "content_type": "image/png", "size": 3} | named
    assert problems(desk.announce, ACME, **announced) == told


def test_the_team_announces_for_the_stores_that_it_serves(desk):
    with pytest.raises(NotPermitted):
        attached(desk, Actor.support("Bob", stores=["globex"]), b"x")
    assert problems(desk.announce, ADA, name="x", content_type="a/b", size=1) == {"store": "Is required."}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("C:\\Users\\ada\\page.png", "page.png"),
        ("/etc/passwd", "passwd"),
        ('"page".png\r\n', "page.png"),
        ("\u202egnp.egap", "gnp.egap"),
        ("Rechnung für Zoë 猫.pdf", "Rechnung für Zoë 猫.pdf"),
        ("it's `here`.txt", "its here.txt"),
    ],
)
def test_a_name_keeps_its_letters_and_loses_what_harms(desk, given, kept):
    assert desk.announce(ACME, name=given, content_type="a/b", size=1).name == kept


@pytest.mark.parametrize("content", [b"12", b"1234", b""])
def test_bytes_that_are_not_as_many_as_announced_leave_nothing_and_may_be_sent_again(desk, content):
    upload = desk.announce(ACME, name="page.png", content_type="image/png", size=3)
    assert problems(desk.upload, upload.id, [content]) == {"body": "Must be exactly 3 bytes, as was announced."}
    assert kept_names(desk) == []
    assert desk.upload(upload.id, [b"1", b"23"]).sha256 == hashlib.sha256(b"123").hexdigest()
    with pytest.raises(AlreadyUploaded):
        desk.upload(upload.id, [b"123"])


def test_one_attempt_at_a_time_and_the_bytes_belong_to_it(desk, clock):
    upload = desk.announce(ACME, name="page.png", content_type="image/png", size=3)
    begun, go_on = threading.Event(), threading.Event()
    results = []

    def pieces():
        yield b"1"
        begun.set()
        go_on.wait(10)
        yield b"23"

    def send():
        try:
            results.append(desk.upload(upload.id, pieces()))
        except UploadInProgress as error:
            results.append(error)

    first = threading.Thread(target=send)
    first.start()
    assert begun.wait(10)
    with pytest.raises(UploadInProgress):
        desk.upload(upload.id, [b"abc"])
    clock.advance(seconds=31)  # without a sign of life it has ended
    desk.upload(upload.id, [b"abc"])
    go_on.set()
    first.join(10)
    assert isinstance(results[0], UploadInProgress)
    assert b"".join(desk.content_of(desk.attachment(upload.id))) == b"abc"
    assert kept_names(desk) == [desk.attachment(upload.id).content]


def test_a_slow_attempt_gives_signs_of_life(desk, clock):
    upload = desk.announce(ACME, name="page.png", content_type="image/png", size=3)

    def pieces():
        for piece in (b"1", b"2", b"3"):
            clock.advance(seconds=20)
            yield piece
            with pytest.raises(UploadInProgress):
                desk.upload(upload.id, [b"abc"])

    assert desk.upload(upload.id, pieces()).finished_at


@pytest.mark.parametrize(("hours", "error"), [(1, AttachmentNotFound), (24, AttachmentNotFound)])
def test_after_its_hour_nothing_is_sent(desk, clock, hours, error):
    upload = desk.announce(ACME, name="page.png", content_type="image/png", size=3)
    clock.advance(hours=hours)
    with pytest.raises(error):
        desk.upload(upload.id, [b"123"])


def test_what_is_not_attached_within_a_day_is_gone_and_what_is_stays(desk, clock):
    file, lost = attached(desk), attached(desk, content=b"lost")
    desk.announce(ACME, name="page.png", content_type="image/png", size=3)
    desk.open(ACME, body=BODY, attachments=[file])
    clock.advance(hours=24, seconds=1)
    assert problems(desk.reply, ACME, 1, body="See.", attachments=[lost]) == {"attachments": OF_ANOTHER.format(lost)}
    assert desk.clean_up() == 2
    assert desk.clean_up() == 0
    assert kept_names(desk) == [desk.attachment(file).content]
    assert b"".join(desk.read_attachment(ACME, 1, file)) == PNG
    with pytest.raises(AttachmentNotFound):
        desk.attachment(lost)


def test_an_announcement_takes_some_old_ones_away(desk, clock):
    for _ in range(3):
        attached(desk, content=b"lost")
    clock.advance(hours=24, seconds=1)
    attached(desk, content=b"new")
    assert len(kept_names(desk)) == 2
    assert desk.clean_up() == 1


def test_a_store_has_so_many_bytes_that_wait_and_no_more(desk):
    attached(desk, GLOBEX)
    for _ in range(2):
        desk.announce(ACME, name="page.png", content_type="image/png", size=700_000)
    for actor in (ACME, ADA):
        with pytest.raises(UploadsFull, match=r"\(1,000, of 1,400,000 bytes\)"):
            attached(desk, actor, b"x")


def test_a_store_has_so_many_files_that_wait_and_no_more(desk, monkeypatch):
    monkeypatch.setattr("supportcases.desk.attachments.MOST_PENDING", 2)
    for _ in range(2):
        desk.announce(ACME, name="page.png", content_type="image/png", size=1)
    with pytest.raises(UploadsFull):
        desk.announce(ACME, name="page.png", content_type="image/png", size=1)


def test_what_was_begun_within_the_hour_may_end_behind_it(desk, clock):
    upload = desk.announce(ACME, name="page.png", content_type="image/png", size=2)
    clock.advance(minutes=59)

    def slowly():
        yield b"1"
        clock.advance(minutes=2)
        yield b"2"

    assert desk.upload(upload.id, slowly()).finished_at


def test_the_host_may_refuse_a_file_before_it_counts(desk):
    seen = []

    def check(path, name, content_type):
        with open(path, "rb") as file:
            seen.append((file.read(), name, content_type))
        if b"virus" in seen[-1][0]:
            raise AttachmentRefused("page.png has a virus.")

    desk._check_attachment = check
    upload = desk.announce(ACME, name="page.png", content_type="image/png", size=5)
    with pytest.raises(AttachmentRefused, match=r"page\.png has a virus"):
        desk.upload(upload.id, [b"virus"])
    assert kept_names(desk) == []
    with pytest.raises(AttachmentNotFound):
        desk.attachment(upload.id)
    desk.upload(upload.id, [b"sound"])
    assert seen == [(b"virus", "page.png", "image/png"), (b"sound", "page.png", "image/png")]


def test_a_file_that_grows_beyond_the_limit_is_not_read_to_its_end(desk):
    class Endless:
        read_bytes = 0

        def read(self, most):
            self.read_bytes += most
            return b"x" * most

    endless = Endless()
    with pytest.raises(InvalidInput):
        attached(desk, content=endless)
    assert endless.read_bytes < 1_000_000


def test_a_revoked_key_sends_nothing_more(desk, clock):
    keys = KeyRing(desk.repository, clock=clock)
    key, kept = keys.create("acme")
    upload = desk.announce(keys.recognise(key), name="page.png", content_type="image/png", size=3)
    keys.revoke(kept.id)
    with pytest.raises(AttachmentNotFound):
        desk.upload(upload.id, [b"123"])


def test_a_desk_that_gets_a_folder_later_still_reads_and_removes_what_its_database_has(db, clock, tmp_path):
    with closing(open_repository(db)) as repository:
        before = SupportDesk(repository, clock=clock, new_id=numbered_ids())
        file, _ = attached(before), attached(before, content=b"lost")
        desk = SupportDesk(
            repository, clock=clock, new_id=numbered_ids(), attachment_store=FolderStore(tmp_path / "files")
        )
        case = before.open(ACME, body=BODY, attachments=[file])
        assert b"".join(desk.read_attachment(ACME, case.id, file)) == PNG
        assert b"".join(desk.content_of(desk.attachment(file), 262_140, 262_150)) == PNG[262_140:262_150]
        clock.advance(hours=24, seconds=1)
        assert (desk.clean_up(), kept_names(desk)) == (1, [desk.attachment(file).content])
