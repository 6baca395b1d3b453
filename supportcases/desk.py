"""The support desk: one method for each thing that somebody can do.

Each says who does it first, looks only at the cases that this actor may see, and keeps all that it changes, with the
event that tells of it, in one transaction.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import UUID

from supportcases import fields, times
from supportcases.actors import Actor, ActorKind
from supportcases.cases import (
    AuthorKind,
    Case,
    CaseFilter,
    CasePage,
    CaseRef,
    Message,
    Reply,
    Status,
    Thread,
    answered,
    closed,
    differences,
    parse_reference,
    reopened,
    replied,
)
from supportcases.errors import CaseNotFound
from supportcases.events import Event, EventKind
from supportcases.fields import checking
from supportcases.ids import uuid7
from supportcases.repository import Repository, Transaction
from supportcases.subjects import subject_from

NewId = Callable[[], UUID]
SubjectMaker = Callable[[str], str]
Ref = str | int | UUID

log: Final = logging.getLogger("supportcases.desk")


class SupportDesk:
    """The use cases of support cases, over a repository.

    A case is named by `ref`: its UUID, or its number in any written form (`42`, `"000042"`, `"#42"`); the support team,
    who sees more than one store, writes a number as `"store:42"`. A case that the actor may not see is as one that
    never was.

    Every method may raise `InvalidInput` (with a sentence for each faulty field), `CaseNotFound`, `NotPermitted` (the
    actor is of the wrong side), `DatabaseBusy` and `DatabaseUnavailable`; then nothing was changed.
    """

    def __init__(
        self,
        repository: Repository,
        *,
        clock: times.Clock = times.now,
        new_id: NewId = uuid7,
        make_subject: SubjectMaker = subject_from,
    ) -> None:
        """Serve the cases of `repository`.

        Args:
            repository: Where the cases are kept.
            clock: Returns the present moment, with a time zone.
            new_id: Returns a new UUID for a case or a message.
            make_subject: Returns a subject for a body that came without one; called outside any transaction. Where it
                fails or answers badly, the desk's own rule serves.
        """
        self.repository: Final = repository
        self.clock: Final = clock
        self._new_id = new_id
        self._make_subject = make_subject

    def open(
        self,
        actor: Actor,
        *,
        body: str,
        subject: str | None = None,
        category: str = fields.DEFAULT_CATEGORY,
        severity: str = fields.DEFAULT_SEVERITY,
        author: str | None = None,
    ) -> Case:
        """Open a case of the merchant's store; `body` becomes its first message.

        `author` is the actor's label unless given, and a `subject` that is left out is made from the body.
        """
        store = actor.store
        with checking() as check:
            body = check("body", fields.CASE_BODY, body)
            label = check("author", fields.AUTHOR, actor.label if author is None else author)
            checked_category = check("category", fields.CATEGORY, category)
            checked_severity = check("severity", fields.SEVERITY, severity)
            if subject is not None:
                subject = check("subject", fields.SUBJECT, subject)
        subject = subject or self.subject_for(body)
        with self.repository.write() as transaction:
            now = self._now()
            case = Case(
                id=self._id(),
                store=store,
                number=transaction.cases.next_number(store),
                subject=subject,
                category=checked_category,
                severity=checked_severity,
                status=Status.OPEN,
                created_at=now,
                last_activity_at=now,
                closed_at=None,
            )
            transaction.cases.add(case)
            transaction.cases.add_message(case, self._message(AuthorKind.MERCHANT, label, body, now))
            transaction.events.record(Event(EventKind.OPENED, case, actor, now, {}, {"status": case.status}))
        return case

    def list(
        self,
        actor: Actor,
        *,
        limit: int = fields.DEFAULT_LIMIT,
        offset: int = 0,
        query: str | None = None,
        status: str | None = None,
        severity: str | None = None,
    ) -> CasePage:
        """Return some of the cases of the merchant's store, newest activity first.

        Args:
            actor: The merchant.
            limit: How many at the most, 1 to 100.
            offset: How many to pass over first.
            query: A part of the subject, in any letter case, or a number.
            status: Only cases of that status; None or "all" for any.
            severity: Only cases of that severity; None or "all" for any.
        """
        store = actor.store
        with checking() as check:
            limit = check("limit", fields.LIMIT, limit)
            offset = check("offset", fields.OFFSET, offset)
            wanted = CaseFilter(
                query=check("query", fields.QUERY, query or ""),
                status=check("status", fields.STATUS_FILTER, status or "all"),
                severity=check("severity", fields.SEVERITY_FILTER, severity or "all"),
            )
        with self.repository.read() as transaction:
            count = transaction.cases.count(store, wanted)
            cases = transaction.cases.page(store, wanted, limit=limit, offset=offset)
        return CasePage(cases, count, offset, limit)

    def find(self, actor: Actor, ref: Ref) -> Case:
        """Return a case without its messages."""
        with self.repository.read() as transaction:
            return self._find(transaction, actor, ref)

    def get(self, actor: Actor, ref: Ref) -> Thread:
        """Return a case with its messages, oldest first."""
        with self.repository.read() as transaction:
            case = self._find(transaction, actor, ref)
            return Thread(case, transaction.cases.thread(case.store, case.id))

    def reply(self, actor: Actor, ref: Ref, *, body: str, author: str | None = None) -> Reply:
        """Add the merchant's word to a case, which makes it open; `author` is the actor's label unless given."""
        actor.must_be(ActorKind.MERCHANT)
        return self._say(actor, ref, AuthorKind.MERCHANT, author, body, replied, EventKind.REPLIED)

    def answer(self, actor: Actor, ref: Ref, *, body: str, author: str | None = None) -> Reply:
        """Add support's word to a case, which makes it answered; `author` is the actor's label unless given."""
        actor.must_be(ActorKind.SUPPORT)
        return self._say(actor, ref, AuthorKind.SUPPORT, author, body, answered, EventKind.ANSWERED)

    def close(self, actor: Actor, ref: Ref) -> Case:
        """Close a case; a closed one stays as it is."""
        return self._change(actor, ref, closed, EventKind.CLOSED)

    def reopen(self, actor: Actor, ref: Ref) -> Case:
        """Open an answered or closed case again; an open one stays as it is."""
        return self._change(actor, ref, reopened, EventKind.REOPENED)

    def subject_for(self, body: str) -> str:
        """Return a subject for a case with that body; it never fails."""
        try:
            return fields.SUBJECT.clean(self._make_subject(body))
        except Exception:
            log.warning("make_subject failed or gave no proper subject; using the built-in rule", exc_info=True)
            return subject_from(body)

    def _say(
        self,
        actor: Actor,
        ref: Ref,
        kind: AuthorKind,
        author: str | None,
        body: str,
        rule: Callable[[Case, datetime], Case],
        event: EventKind,
    ) -> Reply:
        with checking() as check:
            body = check("body", fields.REPLY_BODY, body)
            label = check("author", fields.AUTHOR, actor.label if author is None else author)
        with self.repository.write() as transaction:
            before = self._find(transaction, actor, ref)
            now = self._now(before)
            message = self._message(kind, label, body, now)
            transaction.cases.add_message(before, message)
            return Reply(message, self._save(transaction, actor, before, rule(before, now), event))

    def _change(self, actor: Actor, ref: Ref, rule: Callable[[Case, datetime], Case], event: EventKind) -> Case:
        with self.repository.write() as transaction:
            before = self._find(transaction, actor, ref)
            after = rule(before, self._now(before))
            return before if after == before else self._save(transaction, actor, before, after, event)

    def _find(self, transaction: Transaction, actor: Actor, ref: Ref) -> Case:
        """Return the case that `ref` names within the actor's stores, or raise `CaseNotFound`."""
        wanted = parse_reference(ref)
        store = self._store_of(transaction, actor, wanted) if wanted else None
        case = transaction.cases.find(store, wanted) if wanted and store else None
        if case is None:
            raise CaseNotFound()
        return case

    @staticmethod
    def _store_of(transaction: Transaction, actor: Actor, wanted: CaseRef) -> str | None:
        """Return the store in which the actor may look for the case, or None."""
        if actor.kind is ActorKind.MERCHANT:
            return actor.store if wanted.store is None else None
        store = transaction.cases.store_of(wanted.id) if wanted.id else wanted.store
        return store if store and actor.may_enter(store) else None

    def _save(self, transaction: Transaction, actor: Actor, before: Case, after: Case, kind: EventKind) -> Case:
        transaction.cases.update(after)
        was, became = differences(before, after)
        transaction.events.record(Event(kind, after, actor, after.last_activity_at, was, became))
        return after

    def _message(self, kind: AuthorKind, author: str, body: str, now: datetime) -> Message:
        return Message(self._id(), kind, author, body, now)

    def _id(self) -> str:
        new_id = self._new_id()
        if not isinstance(new_id, UUID):
            raise TypeError(f"new_id must return a uuid.UUID, not {type(new_id).__name__}.")
        return str(new_id)

    def _now(self, case: Case | None = None) -> datetime:
        """Return the moment of what is being done: never before the last activity of the case, whatever the clock."""
        now = times.whole_milliseconds(self.clock())
        return max(now, case.last_activity_at) if case else now
