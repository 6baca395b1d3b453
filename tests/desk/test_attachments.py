"""Files that come with messages: of whom, once, and of how many bytes; whoever hears of the message sees them."""

import hashlib
from io import BytesIO

import pytest

from supportcases import Actor
from supportcases.domain.cases import Attachment
from supportcases.domain.errors import (
    AttachmentNotFound,
    AttachmentsFull,
)
from tests.conftest import ACME, ADA, GLOBEX
from tests.support.desks import BODY, everything, problems
from tests.support.files import OF_ANOTHER, PNG, attached
from tests.support.files import desk as desk  # a fixture

BOB = Actor.support("Bob")


def test_a_file_comes_with_its_message_byte_for_byte(desk):
    file = attached(desk)
    case = desk.open(ACME, body=BODY, attachments=[file])
    (message,) = desk.get(ACME, case.id).messages
    assert message.attachments == (Attachment(file, "page.png", "image/png", len(PNG)),)
    assert b"".join(desk.read_attachment(ACME, 1, file)) == PNG
    upload = desk.attachment(file)
    assert (upload.sha256, upload.shown_as) == (hashlib.sha256(PNG).hexdigest(), "image/png")
    assert b"".join(desk.content_of(upload, 262_140, 262_150)) == PNG[262_140:262_150]
    assert b"".join(desk.content_of(upload, 640_000)) == PNG[640_000:]


def test_both_sides_attach_to_all_that_they_say(desk):
    desk.open(ADA, store="acme", body=BODY, attachments=[attached(desk, ADA, b"1")])
    desk.reply(ACME, 1, body="See.", attachments=[attached(desk, content=BytesIO(b"22"))])
    desk.answer(ADA, "acme:1", body="See.", attachments=[attached(desk, ADA, b"333")])
    desk.note(ADA, "acme:1", body="See.", attachments=[attached(desk, ADA, b"4444")])
    sizes = [[file.size for file in message.attachments] for message in desk.get(ADA, "acme:1").messages]
    assert sizes == [[1], [2], [3], [4]]
    assert [len(message.attachments) for message in desk.get(ACME, 1).messages] == [1, 1, 1]


def test_a_notes_file_is_as_invisible_to_merchants_as_the_note(desk):
    desk.open(ACME, body=BODY)
    file = attached(desk, ADA)
    desk.note(ADA, "acme:1", body="See.", attachments=[file])
    with pytest.raises(AttachmentNotFound):
        desk.read_attachment(ACME, 1, file)
    assert b"".join(desk.read_attachment(ADA, "acme:1", file)) == PNG


@pytest.mark.parametrize("whose", [GLOBEX, ADA], ids=["another store", "the team"])
def test_a_file_of_somebody_else_is_as_one_that_never_was(desk, whose):
    desk.open(ACME, body=BODY)
    file = attached(desk, whose, b"x")
    before = everything(desk)
    assert problems(desk.reply, ACME, 1, body="See.", attachments=[file]) == {"attachments": OF_ANOTHER.format(file)}
    assert everything(desk) == before


def test_a_file_of_the_team_is_attached_by_whoever_made_it_to_the_store_that_was_named(desk):
    desk.open(ACME, body=BODY)
    desk.open(GLOBEX, body=BODY)
    file = attached(desk, ADA)
    for actor, ref in ((BOB, "acme:1"), (ADA, "globex:1")):
        refused = problems(desk.answer, actor, ref, body="See.", attachments=[file])
        assert refused == {"attachments": OF_ANOTHER.format(file)}
    desk.answer(ADA, "acme:1", body="See.", attachments=[file])


def test_a_file_is_attached_once(desk):
    file = attached(desk)
    desk.open(ACME, body=BODY, attachments=[file])
    told = f"Must be files of no other message; page.png ({file}) came with one already."
    assert problems(desk.reply, ACME, 1, body="See.", attachments=[file]) == {"attachments": told}


def test_an_unfinished_file_is_not_attached(desk):
    upload = desk.announce(ACME, name="page.png", content_type="image/png", size=3)
    told = f"Must be files whose bytes are there; those of page.png ({upload.id}) are not."
    assert problems(desk.open, ACME, body=BODY, attachments=[upload.id]) == {"attachments": told}


@pytest.mark.parametrize(
    ("ids", "told"),
    [
        ("x", "Must be a list of the ids of up to 100 files."),
        ([1], "Must be a list of the ids of up to 100 files."),
        (["0191abc0-0000-7000-8000-00000000000A"] * 2, "Must not name a file twice."),
        ([f"0191abc0-0000-7000-8000-00000000000{n}" for n in range(3)], "Must be up to 2 files, not 3."),
    ],
    ids=str,
)
def test_what_are_no_files_is_told(desk, ids, told):
    assert problems(desk.open, ACME, body=BODY, attachments=ids) == {"attachments": told}


def test_a_store_has_so_many_bytes_that_are_attached_and_no_more(desk):
    desk.open(ACME, body=BODY, attachments=[attached(desk), attached(desk, content=b"x" * 600_000)])
    file = attached(desk, content=b"x" * 59_993)
    before = everything(desk)
    for actor, say, ref in ((ACME, desk.reply, 1), (ADA, desk.answer, "acme:1")):
        mine = file if actor is ACME else attached(desk, ADA, b"x" * 59_993)
        before = everything(desk)
        with pytest.raises(AttachmentsFull, match=r"\(1,300,000\)"):
            say(actor, ref, body="See.", attachments=[mine])
        assert everything(desk) == before
    desk.reply(ACME, 1, body="See.", attachments=[attached(desk, content=b"x" * 59_992)])


def test_whoever_hears_of_events_sees_the_files(desk):
    heard = []
    desk._on_event = heard.append
    file = attached(desk)
    desk.open(ACME, body=BODY, attachments=[file])
    assert [one.id for one in heard[0].message.attachments] == [file]
