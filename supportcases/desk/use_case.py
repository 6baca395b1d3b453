"""What every use case needs: to find a case that the actor may see, to change it, and to tell of it in its history."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from copy import copy
from datetime import datetime
from functools import partial
from typing import Any, Final, TypeVar
from uuid import UUID

from supportcases.desk.contents import contents_of
from supportcases.domain import fields, times
from supportcases.domain.actors import Actor, ActorKind
from supportcases.domain.attachments import ATTACHMENTS, PENDING_TIME, AttachmentLimits, Upload, problem_of
from supportcases.domain.cases import (
    Attachment,
    AuthorKind,
    Case,
    CaseFilter,
    CaseRef,
    Message,
    Reply,
    Status,
    Stores,
    ThreadSize,
    closed,
    differences,
    parse_reference,
)
from supportcases.domain.checking import Believer, Checker, checking
from supportcases.domain.errors import AttachmentsFull, CaseMoved, CaseNotFound, InvalidInput, ThreadFull
from supportcases.domain.events import Event, EventKind, OnEvent, kind_of_change
from supportcases.domain.fields import Rule
from supportcases.domain.ids import uuid7
from supportcases.domain.subjects import subject_from
from supportcases.domain.webhooks import PUBLIC, Reach
from supportcases.logs import logger
from supportcases.storage.protocol import ContentStore, Repository, Transaction

NewId = Callable[[], UUID]
SubjectMaker = Callable[[str], str]
D = TypeVar("D", bound="UseCases")
Ref = str | int | UUID
Moment = datetime | str | None
SignedText = tuple[str, str, tuple[str, ...]]  # a body, the label that signs it, and the ids of its files
CheckAttachment = Callable[[str, str, str], object]  # gets the path of a file, its name and its content type
Transition = tuple[Callable[[Case, datetime], Case], EventKind]  # a rule of `domain.cases`, and what happened by it

MAX_THREAD_MESSAGES: Final = 2_000
MAX_THREAD_CHARACTERS: Final = 2_000_000

log: Final = logger("supportcases.desk")


class UseCases:
    """What the merchants' and the support team's use cases share."""

    def __init__(
        self,
        repository: Repository,
        *,
        clock: times.Clock = times.now,
        new_id: NewId = uuid7,
        make_subject: SubjectMaker = subject_from,
        on_event: OnEvent | None = None,
        max_open_cases: int | None = None,
        max_thread_messages: int = MAX_THREAD_MESSAGES,
        max_thread_characters: int = MAX_THREAD_CHARACTERS,
        attachment_limits: AttachmentLimits = AttachmentLimits(),  # noqa: B008 - a value
        attachment_store: ContentStore | None = None,
        check_attachment: CheckAttachment | None = None,
        webhook_reach: Reach = PUBLIC,
    ) -> None:
        """Serve the cases of `repository`.

        Args:
            repository: Where the cases are kept.
            clock: Returns the present moment, with a time zone.
            new_id: Returns a new UUID for a case or a message.
            make_subject: Returns a subject for a body that came without one; called outside any transaction. Where it
                fails or answers badly, the desk's own rule serves.
            on_event: Gets each `Event` once it is kept, outside any transaction and in the thread that made it happen,
                which waits for it. What it raises is logged and changes nothing.
            max_open_cases: How many open cases a store may have; its merchants then open no more. None is any number.
            max_thread_messages: Up to how many messages a thread takes its merchant's replies; notes do not count.
            max_thread_characters: Up to how many characters of text, in the same way.
            attachment_limits: How large files may be, and how many bytes of them a store may have.
            attachment_store: What keeps the bytes of files from now on; the database unless given.
            check_attachment: Gets the path of a copy of each file, its name and its content type before it counts as
                sent, and raises `AttachmentRefused` for one that is not to be taken, within 30 seconds.
            webhook_reach: Where webhooks may go.
        """
        self.repository: Final = repository
        self.clock: Final = clock
        self._new_id = new_id
        self._make_subject = make_subject
        self._on_event = on_event
        self._max_open_cases = max_open_cases
        self._longest_thread = ThreadSize(max_thread_messages, max_thread_characters)
        self._limits = attachment_limits
        self._contents = contents_of(repository, attachment_store)
        self._check_attachment = check_attachment
        self._reach = webhook_reach
        self._checking: Callable[[], AbstractContextManager[Checker]] = checking

    def subject_for(self, body: str) -> str:
        """Return a subject for a case with that body; it never fails."""
        try:
            return fields.SUBJECT.clean(self._make_subject(body))
        except Exception:
            log.warning("make_subject failed or gave no proper subject; using the built-in rule", exc_info=True)
            return subject_from(body)

    def _must_fit(self, transaction: Transaction, case: Case, body: str) -> None:
        messages, characters = transaction.cases.thread_size(case.store, case.id)
        most = self._longest_thread
        if messages >= most.messages or characters + len(body) > most.characters:
            raise ThreadFull(
                f"This reply does not fit into the case, which takes replies up to {most.messages:,} messages and "
                f"{most.characters:,} characters of text; open a new case."
            )

    @staticmethod
    def _part(check: Checker, limit: int, offset: int, most: Rule[int] = fields.LIMIT) -> tuple[int, int]:
        """Check which part of an answer is wanted."""
        return check("limit", most, limit), check("offset", fields.OFFSET, offset)

    @staticmethod
    def _given(check: Checker, rules: Mapping[str, Rule[Any]], values: Mapping[str, object]) -> dict[str, Any]:
        """Check each value by the rule of its name; one that is None was not given."""
        return {name: check(name, rules[name], value) for name, value in values.items() if value is not None}

    def _wanted(self, check: Checker, *, stores: Stores, **filters: object) -> CaseFilter:
        """Check which cases are wanted, of those stores."""
        return CaseFilter(stores, **self._given(check, fields.FILTERS, filters))

    @staticmethod
    def _words(check: Checker, actor: Actor, author: str | None, body: str, attachments: Sequence[str]) -> SignedText:
        """Check what somebody says, who signs it (the actor, unless given), and which files come with it."""
        if author is None:  # an old API key may have a label of which nothing shows
            with checking() as strictly:
                author = strictly("author", fields.AUTHOR, actor.label)
        label = check("author", fields.AUTHOR, author)
        return check("body", fields.REPLY_BODY, body), label, check("attachments", ATTACHMENTS, attachments)

    def _say(
        self,
        actor: Actor,
        ref: Ref,
        kind: AuthorKind,
        words: SignedText,
        step: Transition,
        *,
        internal: bool = False,
        close: bool = False,
        if_revision: Collection[int] | None = None,
    ) -> Reply:
        """Add a message to a case, take the step that it means, and then, if wanted, close the case."""
        body, label, ids = words
        with self.repository.write() as transaction:
            case = self._find(transaction, actor, ref, if_revision)
            if kind is AuthorKind.MERCHANT:
                self._must_fit(transaction, case, body)
            now = self._now(case)
            files = self._files(transaction, actor, case.store, ids)
            message = Message(self._id(), kind, label, body, now, internal, files)
            self._add_message(transaction, case, message)
            rule, event = step
            case = self._save(transaction, actor, case, rule(case, now), event, now, message)
            if close and case.status is not Status.CLOSED:
                case = self._save(transaction, actor, case, closed(case, now), EventKind.CLOSED, now)
            return Reply(message, case)

    def _files(self, transaction: Transaction, actor: Actor, store: str, ids: Sequence[str]) -> tuple[Attachment, ...]:
        """Return the files that shall come with a message, each of which is there and comes with no other."""
        if not ids:
            return ()
        if len(ids) > (most := self._limits.a_message):
            raise InvalidInput({"attachments": f"Must be up to {most} files, not {len(ids)}."})
        found = self._sent(transaction, actor, store, ids)
        for problem in filter(None, (problem_of(one, found.get(one)) for one in ids)):
            raise InvalidInput({"attachments": problem})
        files = [found[one].attachment for one in ids]
        most = self._limits.attached
        if transaction.attachments.attached_bytes(store) + sum(file.size for file in files) > most:
            raise AttachmentsFull(f"This store's messages have as many bytes of files as they may have ({most:,}).")
        return tuple(files)

    def _sent(self, transaction: Transaction, actor: Actor, store: str, ids: Sequence[str]) -> dict[str, Upload]:
        """Return, by their ids, those of the files that this side announced for the store and that are not too old."""
        since = times.before(self._now(), PENDING_TIME)
        uploads = transaction.attachments.of(store, actor.scope, ids)
        return {upload.id: upload for upload in uploads if upload.created_at >= since}

    @staticmethod
    def _add_message(transaction: Transaction, case: Case, message: Message) -> None:
        transaction.cases.add_message(case, message)
        if message.attachments:
            transaction.attachments.attach(case, message.id, [file.id for file in message.attachments])

    def _change(
        self,
        actor: Actor,
        ref: Ref,
        rule: Callable[[Case, datetime], Case],
        if_revision: Collection[int] | None = None,
    ) -> Case:
        """Change a case by a rule; where that changes nothing, nothing has happened to it."""
        with self.repository.write() as transaction:
            before = self._find(transaction, actor, ref, if_revision)
            now = self._now(before)
            after = rule(before, now)
            if after == before:
                return before
            return self._save(transaction, actor, before, after, kind_of_change(before, after), now)

    def _find(
        self, transaction: Transaction, actor: Actor, ref: Ref, if_revision: Collection[int] | None = None
    ) -> Case:
        """Return the case that `ref` names within the actor's stores, or raise `CaseNotFound`.

        Raises:
            CaseMoved: Its revision is none of `if_revision`.
        """
        case = transaction.cases.find(*self._named(transaction, actor, ref))
        if case is None:
            raise CaseNotFound()
        if if_revision is not None and transaction.events.count(case.store, case.id) not in if_revision:
            raise CaseMoved()
        return case

    @staticmethod
    def _named(transaction: Transaction, actor: Actor, ref: Ref) -> tuple[str, CaseRef]:
        """Return the store in which the actor may look for the case, and what names it there; or raise `CaseNotFound`.

        Only for the support team is the database asked.
        """
        wanted = parse_reference(ref)
        if wanted is None:
            raise CaseNotFound()
        if actor.kind is ActorKind.MERCHANT:
            store = actor.store if wanted.store is None else None
        else:
            store = transaction.cases.store_of(wanted.id) if wanted.id else wanted.store
        if not (store and actor.may_enter(store)):
            raise CaseNotFound()
        return store, wanted

    def _save(
        self,
        transaction: Transaction,
        actor: Actor,
        before: Case,
        after: Case,
        kind: EventKind,
        now: datetime,
        message: Message | None = None,
    ) -> Case:
        """Save a case, where anything of it changed, and record what happened to it."""
        if after != before:
            transaction.cases.update(after, before=before)
        was, became = differences(before, after)
        self._record(transaction, Event(kind, after, actor, now, was, became, message))
        return after

    def _record(self, transaction: Transaction, event: Event) -> None:
        """Keep the event, and tell of it once it is kept."""
        transaction.events.record(event.case, event.entry, event.message.id if event.message else None)
        if self._on_event is not None:
            transaction.after_commit(partial(self._tell, self._on_event, event))

    @staticmethod
    def _tell(on_event: OnEvent, event: Event) -> None:
        try:
            on_event(event)
        except Exception:
            log.exception("on_event failed for %s of %s:%d", event.kind, event.case.store, event.case.number)

    def _id(self) -> str:
        new_id = self._new_id()
        if not isinstance(new_id, UUID):
            raise TypeError(f"new_id must return a uuid.UUID, not {type(new_id).__name__}.")
        return str(new_id)

    def _now(self, case: Case | None = None) -> datetime:
        """Return the time of what is being done: never before the last activity of the case, whatever the clock."""
        now = times.whole_milliseconds(self.clock())
        return max(now, case.last_activity_at) if case else now


def believing(desk: D) -> D:
    """Return the desk for callers whose schemas have checked each field already, by the same rules."""
    believer = copy(desk)
    believer._checking = lambda: nullcontext(Believer())
    return believer
