"""What the support team looks over: the history of a case, how the desk is doing, the stores."""

from typing import Final

from supportcases.desk.use_case import Moment, Ref, UseCases
from supportcases.domain import fields
from supportcases.domain.actors import Actor, ActorKind
from supportcases.domain.cases import CaseFilter, Severity, Status, Thread
from supportcases.domain.events import History
from supportcases.domain.queue import NONE, QueueViews, StorePage
from supportcases.domain.statistics import Statistics

MOST_ASSIGNEES: Final = 200


class Reports(UseCases):
    """What the support team may ask; for anybody else each raises `NotPermitted`."""

    def history(self, actor: Actor, ref: Ref, *, limit: int = fields.DEFAULT_HISTORY_LIMIT, offset: int = 0) -> History:
        """Return some of what happened to a case, oldest first: who changed what, when, from what to what."""
        actor.must_be(ActorKind.SUPPORT)
        with self._checking() as check:
            limit, offset = self._part(check, limit, offset)
        with self.repository.read() as transaction:
            case = self._find(transaction, actor, ref)
            entries = transaction.events.history(case.store, case.id, limit=limit, offset=offset)
            return History(entries, transaction.events.count(case.store, case.id), offset, limit)

    def whole_case(
        self, actor: Actor, ref: Ref, *, until: int | None = None, limit: int = fields.DEFAULT_HISTORY_LIMIT
    ) -> tuple[Thread, History]:
        """Return a case with its messages and notes, and some of its history, both of one moment.

        Args:
            actor: One of the support team.
            ref: The case.
            until: How many entries of the history, the oldest ones, are looked at; all of them unless given.
            limit: How many of these, the newest ones, are returned, 1 to 1,000.
        """
        actor.must_be(ActorKind.SUPPORT)
        with self._checking() as check:
            limit = check("limit", fields.MANY, limit)
            if until is not None:
                until = check("until", fields.OFFSET, until)
        with self.repository.read() as transaction:
            case = self._find(transaction, actor, ref)
            messages = transaction.cases.thread_with_notes(case.store, case.id)
            count = transaction.events.count(case.store, case.id)
            end = count if until is None else min(until, count)
            begin = max(0, end - limit)
            entries = transaction.events.history(case.store, case.id, limit=limit, offset=begin)[: end - begin]
        return Thread(case, messages, count), History(entries, count, begin, limit)

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
            first_answers = transaction.queue.first_answers(wanted)
            closings = transaction.queue.closings(wanted)
        return Statistics(
            {status: {severity: counts.get((status, severity), 0) for severity in Severity} for status in Status},
            oldest,
            first_answers,
            closings,
        )

    def views(self, actor: Actor) -> QueueViews:
        """Return how many cases each view of the queue has, of the stores that the actor may see.

        `waiting` are the open ones: of these `mine` are the actor's, `unassigned` nobody's, and `critical` the critical
        ones. `answered`, `closed` and `all` are whosoever's.
        """
        actor.must_be(ActorKind.SUPPORT)
        every, waiting = CaseFilter(actor.stores), CaseFilter(actor.stores, status=Status.OPEN)
        with self.repository.read() as transaction:
            counts = transaction.queue.counts(every)
            mine = transaction.queue.count(waiting._replace(assignee=actor.label))
            unassigned = transaction.queue.count(waiting._replace(assignee=NONE))

        def of(*wanted: Status) -> int:
            return sum(count for (status, _), count in counts.items() if status in wanted)

        critical = counts.get((Status.OPEN, Severity.CRITICAL), 0)
        return QueueViews(
            of(Status.OPEN), mine, unassigned, critical, of(Status.ANSWERED), of(Status.CLOSED), of(*Status)
        )

    def assignees(self, actor: Actor) -> tuple[str, ...]:
        """Return whom cases may be given to: the actor, and who has a support key that is good for its stores."""
        actor.must_be(ActorKind.SUPPORT)
        with self.repository.read(once=True) as transaction:
            labels = transaction.keys.labels(actor.stores, self.clock(), limit=MOST_ASSIGNEES)
        return tuple(sorted({actor.label, *labels}))

    def stores(self, actor: Actor, *, limit: int = fields.DEFAULT_LIMIT, offset: int = 0) -> StorePage:
        """Return some of the stores that have cases and that the actor may see, newest activity first."""
        actor.must_be(ActorKind.SUPPORT)
        with self._checking() as check:
            limit, offset = self._part(check, limit, offset)
        with self.repository.read() as transaction:
            count = transaction.queue.count_stores(actor.stores)
            return StorePage(transaction.queue.stores(actor.stores, limit=limit, offset=offset), count, offset, limit)
