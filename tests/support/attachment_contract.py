"""What every repository must do of the files that come with messages."""

from datetime import timedelta

import pytest

from supportcases.domain.cases import Attachment
from supportcases.domain.errors import AlreadyThere
from tests.support.rows import LATE, T0, a_case, a_key, a_message, an_upload, hash_of, id_of, kept

SECRET = "0f" * 32
FINISHED = {"content": id_of(1, kind="5"), "finished_at": T0, "sha256": "a" * 64}


def with_files(repository, *uploads) -> None:
    with repository.write() as transaction:
        for upload in uploads:
            transaction.attachments.add(upload, SECRET)


class AttachmentContract:
    """Subclasses give the fixture `repository`."""

    def test_a_file_comes_back_as_it_was_kept_whatever_came_of_it(self, repository):
        whole = an_upload(1, key_id="k", attempted_at=None, shown_as="image/png", **FINISHED)
        begun = an_upload(2, "globex", content=id_of(2, kind="5"), attempted_at=LATE)
        with_files(repository, whole, begun, an_upload(3))
        with repository.read() as transaction:
            assert [transaction.attachments.find(id_of(n, kind="4")) for n in (1, 2, 3, 4)] == [
                whole,
                begun,
                an_upload(3),
                None,
            ]
        with repository.write() as transaction:
            transaction.attachments.update(an_upload(3, **FINISHED | {"content": id_of(3, kind="5")}))
            assert transaction.attachments.find_alone(an_upload(3).id).finished_at == T0
        with pytest.raises(AlreadyThere):
            with_files(repository, an_upload(3))

    def test_the_secret_is_made_once(self, repository):
        with repository.read() as transaction:
            assert transaction.attachments.secret() is None
        with_files(repository, an_upload(1))
        with repository.write() as transaction:
            transaction.attachments.add(an_upload(2), "ff" * 32)
            assert transaction.attachments.secret() == bytes.fromhex(SECRET)

    def test_only_those_of_the_owner_and_the_store_are_found_to_be_attached(self, repository):
        mine, theirs = an_upload(1), an_upload(2, owner="support:Ada")
        with_files(repository, mine, theirs, an_upload(3, "globex"))
        ids = [id_of(n, kind="4") for n in (1, 2, 3, 4)]
        with repository.write() as transaction:
            assert transaction.attachments.of("acme", "store:acme", ids) == (mine,)
            assert transaction.attachments.of("acme", "support:Ada", ids) == (theirs,)
            assert transaction.attachments.of("globex", "store:acme", ids) == ()

    def test_a_file_that_is_attached_counts_for_its_store_and_comes_with_its_case(self, repository):
        kept(repository, a_case(1), a_case(2), a_case(1, "globex"))
        whole = an_upload(1, **FINISHED)
        other = an_upload(3, "globex", **FINISHED | {"content": id_of(3, kind="5")})
        with_files(repository, whole, an_upload(2, size=4), other)
        told = (Attachment(whole.id, "1.png", "image/png", 3),)
        with repository.write() as transaction:
            transaction.cases.add_message(a_case(1), a_message(1, attachments=told))
            transaction.attachments.attach(a_case(1), a_message(1).id, [whole.id, other.id])
            assert transaction.attachments.attached("acme", a_case(1).id) == (
                whole._replace(message_id=a_message(1).id),
            )
            assert transaction.attachments.attached("globex", a_case(1).id) == ()
            assert transaction.attachments.attached("acme", a_case(2).id) == ()
            assert transaction.attachments.find(other.id) == other
            assert transaction.attachments.attached_bytes("acme") == 3
            assert transaction.attachments.pending("acme", T0) == (1, 4)
            assert transaction.attachments.pending("acme", LATE) == (0, 0)
            assert transaction.cases.thread_with_notes("acme", a_case(1).id) == (a_message(1, attachments=told),)
            assert set(transaction.attachments.contents()) == {whole.content, other.content}

    def test_bytes_are_kept_for_the_attempt_under_way_alone(self, repository):
        name = id_of(1, kind="5")
        with_files(repository, an_upload(1, content=name, attempted_at=T0))
        with repository.write() as transaction:
            files = transaction.attachments
            assert [files.add_chunk(name, number, b"\0\xff" * (number + 1)) for number in (0, 1)] == [True, True]
            assert not files.add_chunk(id_of(2, kind="5"), 0, b"x")
            assert files.renew(an_upload(1).id, name, LATE)
            assert not files.renew(an_upload(1).id, id_of(2, kind="5"), LATE)
            assert not files.renew(an_upload(2).id, name, LATE)
            files.update(an_upload(1, content=name))
            assert not files.add_chunk(name, 2, b"x")
            assert not files.renew(an_upload(1).id, name, LATE)
            assert [files.chunk(name, number) for number in (0, 1, 2)] == [b"\0\xff", b"\0\xff\0\xff", None]
            assert files.chunk_contents() == (name,)
            assert files.remove_chunks(name, limit=1)
            assert not files.remove_chunks(name, limit=2)
            assert files.chunk_contents() == ()

    def test_a_file_is_elsewhere_where_it_was_sent_and_the_database_has_no_piece_of_it(self, repository):
        sent = {"finished_at": T0, "sha256": "a" * 64}
        here = an_upload(1, content=id_of(1, kind="5"), attempted_at=T0)
        begun = an_upload(2, content=id_of(2, kind="5"), attempted_at=T0)
        with_files(repository, here, begun, an_upload(3))
        with repository.write() as transaction:
            files = transaction.attachments
            files.add_chunk(here.content, 0, b"x")
            assert not files.is_one_elsewhere([here.id, begun.id, an_upload(3).id, id_of(9)])
            files.update(here._replace(attempted_at=None, **sent))
            assert not files.is_one_elsewhere([here.id, begun.id, an_upload(3).id])
            assert not files.is_going_elsewhere(LATE)
            newer = an_upload(4, created_at=LATE, content=id_of(4, kind="5"))
            files.add(newer, SECRET)
            files.update(newer._replace(**sent))
            assert files.is_one_elsewhere([here.id, newer.id])
            assert files.is_one_elsewhere([begun.id])  # for what is sent by now is elsewhere
            assert not files.is_one_elsewhere([here.id, an_upload(3).id])
            assert files.is_going_elsewhere(LATE)
            assert not files.is_going_elsewhere(T0)
            assert not files.is_going_elsewhere()
            files.drop_pending(LATE, limit=10)
            assert files.is_going_elsewhere()
            files.remove(begun.id)
            assert not files.is_going_elsewhere()

    def test_what_is_old_and_not_attached_goes(self, repository):
        kept(repository, a_case(1))
        old, whole = an_upload(1), an_upload(2, **FINISHED)
        with_files(repository, old, whole, an_upload(3, created_at=LATE))
        with repository.write() as transaction:
            transaction.cases.add_message(a_case(1), a_message(1))
            transaction.attachments.attach(a_case(1), a_message(1).id, [whole.id])
            going = transaction.attachments.drop_pending(LATE, limit=10)
            assert going == (old,)
            assert transaction.attachments.drop_pending(T0, limit=10) == (old,)
            assert transaction.attachments.find(old.id) is None
            assert transaction.attachments.of("acme", "store:acme", [old.id]) == ()
            transaction.attachments.remove(old.id)
            transaction.attachments.remove(whole.id)
            assert transaction.attachments.drop_pending(LATE, limit=10) == ()
            assert transaction.attachments.find(whole.id)

    @pytest.mark.parametrize(
        ("change", "may"),
        [({}, True), ({"expires_at": LATE}, True), ({"expires_at": T0}, False), ({"revoked_at": T0}, False)],
        ids=str,
    )
    def test_the_key_that_announced_a_file_must_still_be_good(self, repository, change, may):
        key = a_key(1, **{name: at for name, at in change.items() if name == "expires_at"})
        with repository.write() as transaction:
            transaction.keys.add(key, hash_of(1))
            if "revoked_at" in change:
                transaction.keys.revoke(key.id, T0)
            upload = an_upload(1, key_id=key.id)
            assert transaction.attachments.may_be_sent(upload, T0 + timedelta(seconds=1)) is may
            assert transaction.attachments.may_be_sent(an_upload(1, key_id="no key of ours"), LATE)
