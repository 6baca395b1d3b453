"""What merchants do with their cases, what both sides do, and the list of each side."""

from collections.abc import Sequence

from supportcases.desk.use_case import Moment, Ref, UseCases
from supportcases.domain import fields
from supportcases.domain.actors import Actor, ActorKind
from supportcases.domain.attachments import ATTACHMENTS
from supportcases.domain.cases import (
    AuthorKind,
    Case,
    CaseFilter,
    CasePage,
    Message,
    Reply,
    Status,
    Thread,
    closed,
    reopened,
    replied,
)
from supportcases.domain.errors import CaseNotFound, InvalidInput, TooManyCases
from supportcases.domain.events import Event, EventKind
from supportcases.domain.queue import ME, Cursors, QueuePage
from supportcases.domain.written import WrittenPage, WrittenThread
from supportcases.storage.protocol import Transaction


class Cases(UseCases):
    """The use cases of merchants and of both sides, and the queue, which is the support team's alone."""

    def open(
        self,
        actor: Actor,
        *,
        body: str,
        store: str | None = None,
        subject: str | None = None,
        category: str = fields.DEFAULT_CATEGORY,
        severity: str = fields.DEFAULT_SEVERITY,
        author: str | None = None,
        attachments: Sequence[str] = (),
    ) -> Case:
        """Open a case; `body` becomes its first message, the merchant's, and a `subject` left out is made from it.

        A merchant's case is of the merchant's store, and `author` is the actor's label unless given. The support team
        names the `store` on whose behalf it opens one, and `author` is "API" unless given. `attachments` are the ids of
        files that `attach` gave, which come with the first message.
        """
        own = actor.store if actor.kind is ActorKind.MERCHANT else None
        signed = actor.label if own else fields.DEFAULT_AUTHOR
        with self._checking() as check:
            checked_store = check("store", fields.StoreRule(own), own if store is None else store)
            body = check("body", fields.CASE_BODY, body)
            label = check("author", fields.AUTHOR, signed if author is None else author)
            checked_category = check("category", fields.CATEGORY, category)
            checked_severity = check("severity", fields.SEVERITY, severity)
            ids = check("attachments", ATTACHMENTS, attachments)
            if subject is not None:
                subject = check("subject", fields.SUBJECT, subject)
        actor.must_enter(checked_store)
        subject = subject or self.subject_for(body)
        with self.repository.write() as transaction:
            number = transaction.cases.next_number(checked_store)  # first: whoever has it counts alone
            if own:
                self._must_have_room(transaction, own)
            now = self._now()
            case = Case(
                id=self._id(),
                store=checked_store,
                number=number,
                subject=subject,
                category=checked_category,
                severity=checked_severity,
                status=Status.OPEN,
                created_at=now,
                last_activity_at=now,
                closed_at=None,
                unanswered_since=now,
            )
            files = self._files(transaction, actor, checked_store, ids)
            message = Message(self._id(), AuthorKind.MERCHANT, label, body, now, attachments=files)
            transaction.cases.add(case)
            self._add_message(transaction, case, message)
            self._record(transaction, Event(EventKind.OPENED, case, actor, now, {}, {"status": case.status}, message))
        return case

    def _must_have_room(self, transaction: Transaction, store: str) -> None:
        most = self._max_open_cases
        if most is not None and transaction.queue.count(CaseFilter(store=store, status=Status.OPEN)) >= most:
            raise TooManyCases(
                f"This store has as many open cases as it may have ({most:,}); reply to one, or close one first."
            )

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
            query: A part of the subject, whatever the letter case and accents, or a number.
            status: Only cases of that status; None or "all" for any.
            severity: Only cases of that severity; None or "all" for any.
        """
        store, wanted, part = self._listed(actor, limit, offset, query=query, status=status, severity=severity)
        with self.repository.read(once=_is_first(wanted, **part)) as transaction:
            return transaction.cases.page(store, wanted, **part)

    def written_list(
        self,
        actor: Actor,
        *,
        limit: int = fields.DEFAULT_LIMIT,
        offset: int = 0,
        query: str | None = None,
        status: str | None = None,
        severity: str | None = None,
    ) -> WrittenPage:
        """Return what `list` returns as it is written down: for who writes it on at once, as the API does."""
        store, wanted, part = self._listed(actor, limit, offset, query=query, status=status, severity=severity)
        with self.repository.read(once=_is_first(wanted, **part)) as transaction:
            return transaction.cases.written_page(store, wanted, **part)

    def _listed(
        self, actor: Actor, limit: int, offset: int, **filters: str | None
    ) -> tuple[str, CaseFilter, dict[str, int]]:
        """Check what a merchant's list shall have; return of which store, which cases, and which part of them."""
        store = actor.store
        with self._checking() as check:
            limit, offset = self._part(check, limit, offset)
            wanted = self._wanted(check, stores=actor.stores, **filters)
        return store, wanted, {"limit": limit, "offset": offset}

    def queue(
        self,
        actor: Actor,
        *,
        limit: int = fields.DEFAULT_LIMIT,
        offset: int = 0,
        cursor: str | None = None,
        sort: str = fields.DEFAULT_QUEUE_SORT,
        store: str | None = None,
        status: str | None = None,
        severity: str | None = None,
        category: str | None = None,
        assignee: str | None = None,
        query: str | None = None,
        created_after: Moment = None,
        created_before: Moment = None,
        active_after: Moment = None,
        active_before: Moment = None,
        excerpts: bool = False,
    ) -> QueuePage:
        """Return some of the cases of all stores that the actor may see.

        Args:
            actor: One of the support team.
            limit: How many at the most, 1 to 100.
            offset: How many to pass over first.
            cursor: The `next_cursor` of a page with the same filters and sort: go on behind it, whatever was written
                since. A case that does not change while all pages are read is on exactly one of them.
            sort: A `QueueSort`: "waiting", "activity", "age" or "severity".
            store: Only cases of that store.
            status: Only cases of that status; None or "all" for any.
            severity: Only cases of that severity; None or "all" for any.
            category: Only cases of that category; None or "all" for any.
            assignee: Only cases of that assignee; "me" for the actor's own, "none" for nobody's.
            query: A part of the subject, of a message or of a note, whatever the letter case and accents, or a number.
            created_after: Only cases opened then or later: a datetime, or text such as "2024-06-15T10:30:00Z".
            created_before: Only cases opened before.
            active_after: Only cases whose last activity was then or later.
            active_before: Only cases whose last activity was before.
            excerpts: Whether each case comes with a few words, and how many messages it has: the first words of its
                last message or note; or, where the `query` is not in its subject, those around it in the newest one.
        """
        actor.must_be(ActorKind.SUPPORT)
        with self._checking() as check:
            limit, offset = self._part(check, limit, offset)
            checked_sort = check("sort", fields.QUEUE_SORT, sort)
            excerpts = check("excerpts", fields.EXCERPTS, excerpts)
            wanted = self._wanted(
                check,
                stores=actor.stores,
                store=store,
                status=status,
                severity=severity,
                category=category,
                assignee=assignee,
                query=query,
                created_after=created_after,
                created_before=created_before,
                active_after=active_after,
                active_before=active_before,
            )
            if cursor is not None:
                cursor = check("cursor", fields.CURSOR, cursor)
        if wanted.assignee == ME:
            wanted = wanted._replace(assignee=actor.label)
        if cursor is not None and offset:
            raise InvalidInput({"offset": "Must be left out where there is a cursor."})
        cursors = Cursors(wanted, checked_sort)
        after = cursors.read(cursor) if cursor is not None else None
        with self.repository.read() as transaction:
            table = transaction.team_search if wanted.query else transaction.queue
            found = table.page(wanted, checked_sort, limit=limit + 1, offset=offset, after=after)
            cases = tuple(case for case, _ in found.cases[:limit])
            words = transaction.excerpts.of(actor.stores, cases, query=wanted.query or "") if excerpts else None
        next_cursor = cursors.write(found.cases[limit - 1][1]) if len(found.cases) > limit else None
        return QueuePage(cases, found.count, offset, limit, next_cursor, found.count_is_exact, words)

    def find(self, actor: Actor, ref: Ref) -> Case:
        """Return a case without its messages."""
        with self.repository.read() as transaction:
            return self._find(transaction, actor, ref)

    def get(self, actor: Actor, ref: Ref) -> Thread:
        """Return a case with its messages, oldest first; for the support team with its notes and its revision."""
        if actor.kind is ActorKind.MERCHANT:
            with self.repository.read(once=True) as transaction:
                thread = transaction.cases.thread(*self._named(transaction, actor, ref))
            if thread is None:
                raise CaseNotFound()
            return thread
        with self.repository.read() as transaction:
            case = self._find(transaction, actor, ref)
            messages = transaction.cases.thread_with_notes(case.store, case.id)
            return Thread(case, messages, transaction.events.count(case.store, case.id))

    def written_thread(self, actor: Actor, ref: Ref) -> WrittenThread:
        """Return what `get` returns to a merchant as it is written down: for who writes it on, as the API does."""
        actor.must_be(ActorKind.MERCHANT)
        with self.repository.read(once=True) as transaction:
            thread = transaction.cases.written_thread(*self._named(transaction, actor, ref))
        if thread is None:
            raise CaseNotFound()
        return thread

    def reply(
        self, actor: Actor, ref: Ref, *, body: str, author: str | None = None, attachments: Sequence[str] = ()
    ) -> Reply:
        """Add the merchant's word to a case, which makes it open.

        `author` is the actor's label unless given; `attachments` are the ids of files that `attach` gave.
        """
        actor.must_be(ActorKind.MERCHANT)
        with self._checking() as check:
            words = self._words(check, actor, author, body, attachments)
        return self._say(actor, ref, AuthorKind.MERCHANT, words, (replied, EventKind.REPLIED))

    def close(self, actor: Actor, ref: Ref) -> Case:
        """Close a case; a closed one stays as it is."""
        return self._change(actor, ref, closed)

    def reopen(self, actor: Actor, ref: Ref) -> Case:
        """Open an answered or closed case again; an open one stays as it is."""
        return self._change(actor, ref, reopened)


def _is_first(wanted: CaseFilter, *, limit: int, offset: int) -> bool:
    """Tell whether these are the first cases of no search, which a repository reads as one thing."""
    return wanted.query is None and offset == 0
