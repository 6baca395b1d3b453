"""How long cases are kept, and the ledger of what was erased, which is applied to a restored backup."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from supportcases.desk.erasure import Erasures
from supportcases.domain import fields, times
from supportcases.domain.actors import Actor, ActorKind
from supportcases.domain.cases import CaseRef, Stores
from supportcases.domain.erasure import Erasure, ErasureKind, ErasurePage, Purgeable, Purged, Replayed
from supportcases.domain.errors import VacuumNeeded
from supportcases.storage.protocol import Transaction

PURGED_AT_ONCE: Final = 25  # cases of one transaction, for which others wait
APPLIED: Final = "applied"
DONE: Final = "done"
UNKNOWN: Final = "unknown"
HELD: Final = "held"


class Retention(Erasures):
    """The use cases of retention; for anybody but the support team each raises `NotPermitted`."""

    def purgeable(self, actor: Actor, *, closed_for: timedelta, store: str | None = None) -> Purgeable:
        """Return how many cases `purge` would delete, and how many it would pass over since they are on hold."""
        stores, moment = self._old(actor, closed_for, store)
        with self.repository.read(once=True) as transaction:
            return Purgeable(*transaction.erasures.count_closed_before(stores, moment))

    def purge(self, actor: Actor, *, closed_for: timedelta, store: str | None = None) -> Purged:
        """Delete the cases that have been closed for that long, with all that belongs to them, until none is left.

        Of each a tombstone is kept, which tells its number and when it went. Up to 25 go in one transaction,
        which asks again: a case that was reopened meanwhile stays, and so does one that is on hold.

        Args:
            actor: One of the support team.
            closed_for: How long ago they must have been closed, without a word since.
            store: Only those of that store; else of all that the actor serves.

        Raises:
            VacuumNeeded, AttachmentStoreNeeded: As for `redact`.
        """
        stores, moment = self._old(actor, closed_for, store)
        with self.repository.read() as transaction:
            if not transaction.erasures.may_erase():
                raise VacuumNeeded()
            self._contents.must_reach_old(transaction, stores, moment)
            names = transaction.queue.names(stores)
        purged = sum(self._purge_store(name, moment) for name in names)
        with self.repository.read(once=True) as transaction:
            _, held = transaction.erasures.count_closed_before(stores, moment)
        return Purged(purged, held, self._is_gone())

    def erasures(self, actor: Actor, *, after: int = 0, limit: int = fields.DEFAULT_IDLE_LIMIT) -> ErasurePage:
        """Return some of what was erased, in its order, each with its place in the ledger.

        It names ids and times, and nothing of what stood there: keep it apart from the backups, so that it can be
        applied to one that is restored.

        Args:
            actor: One of the support team who serves all stores.
            after: The `next` of the page before.
            limit: How many at the most, 1 to 1,000.
        """
        actor.must_be(ActorKind.SUPPORT)
        self._must_serve_all(actor)
        with self._checking() as check:
            after, limit = check("after", fields.OFFSET, after), check("limit", fields.MANY, limit)
        with self.repository.read(once=True) as transaction:
            found = transaction.erasures.ledger(after=after, limit=limit + 1)
        page = found[:limit]
        return ErasurePage(page, page[-1][0] if len(found) > limit else None)

    def replay_erasures(self, actor: Actor, erasures: Sequence[Erasure], *, dry_run: bool = False) -> Replayed:
        """Erase in this database what a ledger tells of, and return what came of it; to do so again changes nothing.

        Args:
            actor: One of the support team who serves all stores.
            erasures: The ledger, in its order.
            dry_run: Whether nothing is done, and what would be is counted; it raises what doing it would raise.

        Raises:
            VacuumNeeded, AttachmentStoreNeeded: As for `redact`.
        """
        actor.must_be(ActorKind.SUPPORT)
        self._must_serve_all(actor)
        counts = dict.fromkeys((APPLIED, DONE, UNKNOWN, HELD), 0)
        for erasure in erasures:
            with self.repository.read() if dry_run else self.repository.write() as transaction:
                counts[self._replayed(transaction, actor, erasure, dry_run=dry_run)] += 1
        return Replayed(**counts, gone=None if dry_run else self._is_gone())

    def _old(self, actor: Actor, closed_for: timedelta, store: str | None) -> tuple[Stores, datetime]:
        actor.must_be(ActorKind.SUPPORT)
        with self._checking() as check:
            closed_for = check("closed_for", fields.SPAN, closed_for)
            if store is not None:
                store = check("store", fields.STORE, store)
        if store is not None:
            actor.must_enter(store)
        return actor.stores if store is None else frozenset([store]), times.before(self._now(), closed_for)

    def _purge_store(self, store: str, moment: datetime) -> int:
        with self.repository.read(once=True) as transaction:  # nobody waits where there is nothing to do
            more = bool(transaction.erasures.closed_before(store, moment, limit=1))
        purged = 0
        while more:
            with self.repository.write() as transaction:
                cases = transaction.erasures.closed_before(store, moment, limit=PURGED_AT_ONCE)
                transaction.erasures.purge(cases, self._now())
                self._contents.must_reach_going(transaction)
            purged += len(cases)
            more = bool(cases)
        return purged

    def _replayed(self, transaction: Transaction, actor: Actor, erasure: Erasure, *, dry_run: bool) -> str:
        """Apply an erasure to the case that it was applied to once, and return what came of it."""
        if transaction.erasures.is_done(erasure):
            return DONE
        if not transaction.erasures.may_erase():
            raise VacuumNeeded()
        if not erasure.case_id:
            return APPLIED if dry_run or transaction.erasures.apply(erasure) else UNKNOWN
        case = transaction.cases.find(erasure.store, CaseRef(id=erasure.case_id))
        if case is None:
            return UNKNOWN
        if transaction.erasures.is_held(case.store, case.number):
            return HELD
        is_purge = erasure.kind is ErasureKind.PURGE
        files = [file.id for file in transaction.attachments.attached(case.store, case.id)] if is_purge else []
        self._contents.must_reach(transaction, files or erasure.files)
        if dry_run:
            return APPLIED
        if is_purge:
            transaction.erasures.purge([case], erasure.at)
        else:
            self._taken_out(transaction, actor, case, erasure)
        return APPLIED
