"""What the support team looks over: the queue, the history of a case, how the desk is doing, the stores."""

from datetime import datetime

from supportcases.desk.use_case import Ref, UseCases
from supportcases.domain import fields
from supportcases.domain.actors import Actor, ActorKind
from supportcases.domain.cases import Severity, Status
from supportcases.domain.errors import InvalidInput
from supportcases.domain.events import History
from supportcases.domain.queue import ME, Cursors, QueuePage, StorePage
from supportcases.domain.statistics import Statistics, spread_of

Moment = datetime | str | None


class Reports(UseCases):
    """What the support team may ask; for anybody else each raises `NotPermitted`."""

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
            query: A part of the subject, of a message or of a note, in any letter case, or a number.
            created_after: Only cases opened then or later: a datetime, or text such as "2024-06-15T10:30:00Z".
            created_before: Only cases opened before.
            active_after: Only cases whose last activity was then or later.
            active_before: Only cases whose last activity was before.
        """
        actor.must_be(ActorKind.SUPPORT)
        with self._checking() as check:
            limit, offset = self._part(check, limit, offset)
            checked_sort = check("sort", fields.QUEUE_SORT, sort)
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
            count = transaction.queue.count(wanted)
            found = transaction.queue.page(wanted, checked_sort, limit=limit + 1, offset=offset, after=after)
        page = found[:limit]
        next_cursor = cursors.write(page[-1][1]) if len(found) > limit else None
        return QueuePage(tuple(case for case, _ in page), count, offset, limit, next_cursor)

    def history(self, actor: Actor, ref: Ref, *, limit: int = fields.DEFAULT_HISTORY_LIMIT, offset: int = 0) -> History:
        """Return some of what happened to a case, oldest first: who changed what, when, from what to what."""
        actor.must_be(ActorKind.SUPPORT)
        with self._checking() as check:
            limit, offset = self._part(check, limit, offset)
        with self.repository.read() as transaction:
            case = self._find(transaction, actor, ref)
            entries = transaction.events.history(case.store, case.id, limit=limit, offset=offset)
            return History(entries, transaction.events.count(case.store, case.id), offset, limit)

    def revision(self, actor: Actor, ref: Ref) -> int:
        """Return how many things have happened to a case, notes among them; `if_revision` takes it."""
        actor.must_be(ActorKind.SUPPORT)
        with self.repository.read() as transaction:
            case = self._find(transaction, actor, ref)
            return transaction.events.count(case.store, case.id)

    def stats(
        self,
        actor: Actor,
        *,
        store: str | None = None,
        created_after: Moment = None,
        created_before: Moment = None,
    ) -> Statistics:
        """Return how the desk is doing with the cases opened in a window: of one store, or of all the actor may see.

        Args:
            actor: One of the support team.
            store: Only cases of that store.
            created_after: Only cases opened then or later.
            created_before: Only cases opened before.
        """
        actor.must_be(ActorKind.SUPPORT)
        with self._checking() as check:
            wanted = self._wanted(
                check,
                stores=actor.stores,
                store=store,
                created_after=created_after,
                created_before=created_before,
            )
        with self.repository.read() as transaction:
            counts = transaction.queue.counts(wanted)
            oldest = transaction.queue.oldest_unanswered(wanted)
            first_answers = transaction.queue.first_answer_times(wanted)
            closings = transaction.queue.closing_times(wanted)
        return Statistics(
            {status: {severity: counts.get((status, severity), 0) for severity in Severity} for status in Status},
            oldest,
            spread_of(first_answers),
            spread_of(closings),
        )

    def stores(self, actor: Actor, *, limit: int = fields.DEFAULT_LIMIT, offset: int = 0) -> StorePage:
        """Return some of the stores that have cases and that the actor may see, newest activity first."""
        actor.must_be(ActorKind.SUPPORT)
        with self._checking() as check:
            limit, offset = self._part(check, limit, offset)
        with self.repository.read() as transaction:
            count = transaction.queue.count_stores(actor.stores)
            return StorePage(transaction.queue.stores(actor.stores, limit=limit, offset=offset), count, offset, limit)
