"""Files that come with messages: announced, sent, attached once, and gone where they were not."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from io import SEEK_END, BytesIO
from tempfile import NamedTemporaryFile, TemporaryFile
from typing import IO, Final

from supportcases.desk.cases import Cases
from supportcases.desk.contents import Incoming
from supportcases.desk.signatures import new_secret
from supportcases.desk.use_case import Ref
from supportcases.domain import attachments as rules
from supportcases.domain import fields, times
from supportcases.domain.actors import Actor, ActorKind
from supportcases.domain.attachments import (
    CHUNK,
    MOST_PENDING,
    PENDING_TIME,
    STALE,
    UPLOAD_TIME,
    Upload,
    problem_of,
    shown_as,
)
from supportcases.domain.cases import UUID_TEXT, Case
from supportcases.domain.errors import (
    AlreadyUploaded,
    AttachmentNotFound,
    InvalidInput,
    SupportCasesError,
    UploadInProgress,
    UploadsFull,
)
from supportcases.domain.ids import uuid7
from supportcases.logs import logger
from supportcases.storage.protocol import Transaction

ALIVE_EVERY: Final = timedelta(seconds=5)

log: Final = logger("supportcases.desk")


class Attachments(Cases):
    """The use cases of files. Whoever has a file's id may send its bytes or read them: the API signs its URLs."""

    def attach(
        self,
        actor: Actor,
        *,
        name: str,
        content_type: str,
        content: bytes | IO[bytes],
        store: str | None = None,
    ) -> str:
        """Keep a file and return its id, for `attachments` of `open`, `reply`, `answer` and `note` within 24 hours.

        Args:
            actor: Who may attach it: a merchant's key for all of the store, one of the support team for themselves.
            name: The name of the file; paths, quotes, control characters and marks of direction are taken away.
            content_type: Its media type, such as `image/png`.
            content: Its bytes, or a file that is open to read them.
            store: For the support team the store to whose cases it goes.

        Raises:
            UploadsFull: The store has too many bytes of files that are not attached yet.
            AttachmentRefused: The host's `check_attachment` does not want it.
        """
        with BytesIO(content) if isinstance(content, bytes) else self._copied(content) as file:
            size = file.seek(0, SEEK_END)
            upload = self.announce(actor, name=name, content_type=content_type, size=size, store=store)
            file.seek(0)
            return self.upload(upload.id, iter(lambda: file.read(CHUNK), b"")).id

    @contextmanager
    def _copied(self, content: IO[bytes]) -> Iterator[IO[bytes]]:
        """Yield the rest of a file, whose size is known then, without reading more than may be kept."""
        with TemporaryFile() as copy:
            while copy.tell() <= self._limits.size and (piece := content.read(CHUNK)):
                copy.write(piece)
            yield copy

    def announce(self, actor: Actor, *, name: str, content_type: str, size: int, store: str | None = None) -> Upload:
        """Announce a file of `size` bytes, whose bytes are then to be sent with `upload`."""
        own = actor.store if actor.kind is ActorKind.MERCHANT else None
        with self._checking() as check:
            store = check("store", fields.StoreRule(own), own if store is None else store)
            name = check("name", rules.FILE_NAME, name)
            content_type = check("content_type", rules.CONTENT_TYPE, content_type)
            size = check("size", rules.SIZE, size)
        actor.must_enter(store)
        if size > self._limits.size:
            raise InvalidInput({"size": f"Must be a whole number from 1 to {self._limits.size:,}."})
        now = self._now()
        with self.repository.write() as transaction:
            before = times.before(now, PENDING_TIME)
            waiting = transaction.attachments.pending(store, before)
            if waiting.files >= MOST_PENDING or waiting.bytes + size > self._limits.pending:
                raise UploadsFull(
                    f"This store has as many files waiting for a message as it may have ({MOST_PENDING:,}, of "
                    f"{self._limits.pending:,} bytes); attach some, or wait until they are gone."
                )
            upload = Upload(self._id(), store, actor.scope, actor.id, name, content_type, size, now)
            transaction.attachments.add(upload, new_secret())
            going = self._contents.drop_by_the_way(transaction, before)
        try:
            self._take_away(going)
        except SupportCasesError as error:
            log.warning("what is left of old files waits for the next announcement, or for clean-up: %s", error)
        return upload

    def upload(self, upload_id: str, content: Iterable[bytes]) -> Upload:
        """Keep the bytes of a file that was announced, in pieces of any size, and return the file.

        Raises:
            AttachmentNotFound: No such file was announced, its time is over, or its key is no longer good.
            AlreadyUploaded: Its bytes are there.
            UploadInProgress: They are being sent.
            InvalidInput: They are not as many as were announced.
            AttachmentRefused: The host's `check_attachment` does not want it.
        """
        upload = self._begun(_known(upload_id))
        name = upload.content or ""
        try:
            incoming = Incoming(upload, content, self._now, self._alive(upload, name))
            self._contents.write(name, incoming)
            self._must_be_taken(upload, name)
            return self._finished(upload, incoming)
        except BaseException:
            self._give_up(upload, name)
            raise

    def _begun(self, upload_id: str) -> Upload:
        """Begin an attempt, once all that an earlier one has left is gone."""
        with self.repository.write() as transaction:
            upload = self._sendable(transaction, upload_id)
            now = self._now()
            if upload.attempted_at is not None and abs(now - upload.attempted_at) < STALE:  # a clock may go back
                raise UploadInProgress()
            transaction.attachments.update(upload._replace(attempted_at=None))
        if upload.content:
            self._contents.remove(upload.content)
        with self.repository.write() as transaction:
            again = self._sendable(transaction, upload_id)
            if again.content != upload.content:  # somebody else has begun meanwhile
                raise UploadInProgress()
            upload = again._replace(content=str(uuid7()), attempted_at=self._now())
            transaction.attachments.update(upload)
        return upload

    def _sendable(self, transaction: Transaction, upload_id: str, within: timedelta = UPLOAD_TIME) -> Upload:
        """Return a file whose bytes may be sent, of an attempt that begins or, for one that ends, `within` a day."""
        upload = transaction.attachments.find_alone(upload_id)
        now = self._now()
        if upload is None:
            raise AttachmentNotFound()
        if upload.finished_at:
            raise AlreadyUploaded()
        if now >= upload.created_at + within or not transaction.attachments.may_be_sent(upload, now):
            raise AttachmentNotFound()
        return upload

    def _alive(self, upload: Upload, name: str) -> Callable[[datetime], None]:
        """Return what gives a sign of life of an attempt every few seconds."""
        last = upload.attempted_at or upload.created_at

        def alive(now: datetime) -> None:
            nonlocal last
            if now - last < ALIVE_EVERY:
                return
            last = now
            with self.repository.write() as transaction:
                if not transaction.attachments.renew(upload.id, name, now):
                    raise UploadInProgress()

        return alive

    def _must_be_taken(self, upload: Upload, name: str) -> None:
        """Ask the host whether it takes the file, which is copied to where a virus scanner can read it."""
        if self._check_attachment is None:
            return
        with NamedTemporaryFile(prefix="supportcases-") as file:
            for piece in self._contents.read(name, 0, upload.size):
                file.write(piece)
            file.flush()
            self._check_attachment(file.name, upload.name, upload.content_type)

    def _finished(self, upload: Upload, incoming: Incoming) -> Upload:
        """Let the file count as finished."""
        with self.repository.write() as transaction:
            self._sendable(transaction, upload.id, PENDING_TIME)
            now = self._now()
            if not transaction.attachments.renew(upload.id, upload.content or "", now):
                raise UploadInProgress()
            done = upload._replace(
                attempted_at=None, finished_at=now, sha256=incoming.sha256, shown_as=shown_as(incoming.beginning)
            )
            transaction.attachments.update(done)
        return done

    def _give_up(self, upload: Upload, name: str) -> None:
        """End an attempt that failed, so that another one can begin; what fails here the next one does."""
        try:
            with self.repository.write() as transaction:
                current = transaction.attachments.find_alone(upload.id)
                if current and current.content == name:
                    if current.finished_at:  # it was kept after all, whatever the COMMIT could tell
                        return
                    transaction.attachments.update(current._replace(attempted_at=None))
            self._contents.remove(name)
        except SupportCasesError as error:
            log.warning("what is left of an upload waits for the next attempt, or for clean-up: %s", error)

    def attachment(self, attachment_id: str) -> Upload:
        """Return a file whose bytes are there, or raise `AttachmentNotFound`."""
        with self.repository.read(once=True) as transaction:
            upload = transaction.attachments.find(_known(attachment_id))
        if upload is None or not upload.finished_at:
            raise AttachmentNotFound()
        return upload

    def attachments_of(self, case: Case) -> tuple[Upload, ...]:
        """Return the files that came with the messages of a case, those of notes among them."""
        with self.repository.read(once=True) as transaction:
            return transaction.attachments.attached(case.store, case.id)

    def waiting_attachments(self, actor: Actor, store: str, ids: Sequence[str]) -> tuple[Upload, ...]:
        """Return those of the files that the actor can still attach to a message in a case of the store."""
        try:
            wanted = rules.ATTACHMENTS.clean(ids)
        except ValueError:
            return ()
        with self.repository.read(once=True) as transaction:
            found = self._sent(transaction, actor, store, wanted)
        return tuple(found[one] for one in wanted if problem_of(one, found.get(one)) is None)

    @property
    def attachment_limits(self) -> rules.AttachmentLimits:
        """How large files may be, and how many may come with a message."""
        return self._limits

    def content_of(self, upload: Upload, begin: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield the bytes of a file from `begin` up to `end`, in pieces."""
        return self._contents.read(upload.content or "", begin, upload.size if end is None else end)

    def read_attachment(self, actor: Actor, ref: Ref, attachment_id: str) -> Iterator[bytes]:
        """Yield the bytes of a file that came with a message of a case which the actor sees, in pieces.

        Raises:
            AttachmentNotFound: No message of the case that the actor sees has such a file.
        """
        messages = self.get(actor, ref).messages
        if not any(attachment_id == one.id for message in messages for one in message.attachments):
            raise AttachmentNotFound()
        return self.content_of(self.attachment(attachment_id))

    def clean_up(self, *, most: int = 1_000) -> int:
        """Take away up to `most` files that were announced 24 hours ago and are not attached; return how many.

        Call it again until it returns 0: then all are gone.

        Raises:
            AttachmentStoreNeeded: The bytes of one are not in the database, and the desk has no other store.
        """
        with self.repository.write() as transaction:
            before = times.before(self._now(), PENDING_TIME)
            self._contents.must_reach_going(transaction, before)
            going = transaction.attachments.drop_pending(before, limit=most)
        self._take_away(going)
        return len(going)

    def _take_away(self, going: Iterable[Upload]) -> None:
        """Take away the bytes of each file, and then what is told of it: whoever is interrupted begins again there."""
        for upload in going:
            self._contents.take_away(upload)

    def attachment_secret(self) -> bytes | None:
        """Return the secret by which URLs of files are signed; None before the first file was announced."""
        with self.repository.read(once=True) as transaction:
            return transaction.attachments.secret()


def _known(file_id: str) -> str:
    """Return the id of a file as it is kept, or raise `AttachmentNotFound` for what is no id."""
    if not UUID_TEXT.fullmatch(file_id):
        raise AttachmentNotFound()
    return file_id.lower()
