"""What is taken out of cases for good: a text, a label, a file, or all that somebody wrote."""

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Final

from supportcases.desk.attachments import Attachments
from supportcases.desk.erasure_places import PLACES, the_one, told_of
from supportcases.desk.use_case import Ref
from supportcases.domain import fields
from supportcases.domain.actors import Actor, ActorKind
from supportcases.domain.attachments import Upload
from supportcases.domain.cases import UUID_TEXT, Case, CaseRef
from supportcases.domain.erasure import (
    REDACTED,
    AuthorPlaces,
    ErasedAuthor,
    Erasure,
    ErasureKind,
    Hold,
    Reason,
    Redaction,
)
from supportcases.domain.errors import CaseNotFound, NotPermitted, OnHold, SupportCasesError, VacuumNeeded
from supportcases.domain.events import UNSEEN, Event, EventKind
from supportcases.logs import logger
from supportcases.storage.protocol import Transaction

REASON: Final = fields.ChoiceRule(Reason)
MESSAGE: Final = fields.PatternRule(UUID_TEXT.pattern, "Must be the id of a message of this case.")
FILE: Final = fields.PatternRule(UUID_TEXT.pattern, "Must be the id of a file of this case.")
SUBJECT: Final = fields.BooleanRule()
LABEL: Final = fields.AUTHOR._replace(visible=False)  # an old one may show nothing
AT_ONCE: Final = 100  # cases that are looked for together, and files that are taken away

LEFT: Final = "what is left of what was erased goes with the next erasure: %s"

log: Final = logger("supportcases.desk")


class Erasures(Attachments):
    """The use cases of erasure; for anybody but the support team each raises `NotPermitted`.

    What is erased is gone: of its bytes nothing is left in any file of the database, as `gone` of the answer says.
    Where it is False somebody has read the database for longer than a few seconds; the next erasure, of whatever, or
    the same one again takes away what is left.
    """

    def redact(
        self,
        actor: Actor,
        ref: Ref,
        *,
        reason: str,
        message: str | None = None,
        subject: bool = False,
        label: str | None = None,
        attachment: str | None = None,
        if_revision: Collection[int] | None = None,
    ) -> Redaction:
        """Put `[redacted]` in place of one thing in a case, wherever the case tells of it; to do so twice is once.

        Args:
            actor: One of the support team.
            ref: The case.
            reason: "request", "law" or "mistake".
            message: The id of a message or note, whose text goes.
            subject: Whether the subject goes, and each that the case had before.
            label: Somebody's label, which goes wherever it signs, acts or takes care of this case.
            attachment: The id of a file, whose bytes and name go.
            if_revision: Raise `CaseMoved` unless the case has one of these revisions.

        Raises:
            OnHold: The case is on hold.
            VacuumNeeded: The file may have been written without overwriting what was deleted, by an older version.
            AttachmentStoreNeeded: The bytes of a file that would go are not in the database, and the desk has no other
                store.
        """
        actor.must_be(ActorKind.SUPPORT)
        with self._checking() as check:
            why = check("reason", REASON, reason)
            if label is not None:
                label = check("label", LABEL, label)
        given = {"message": message, "subject": subject or None, "label": label, "attachment": attachment}
        kind, what = the_one(given)
        with self.repository.write() as transaction:
            case = self._find(transaction, actor, ref, if_revision)
            self._must_be_erasable(transaction, case)
            erasure = PLACES[kind](transaction, case, str(what), self._now(case))
            case = self._taken_out(transaction, _without(label, actor), case, erasure._replace(reason=why))
        return Redaction(case, self._is_gone())

    def author_places(self, actor: Actor, *, store: str, label: str) -> AuthorPlaces:
        """Return what `erase_author` would take out."""
        store, label = self._author(actor, store, label)
        cases = messages = 0
        for case in self._cases_with(store, label):
            with self.repository.read() as transaction:
                messages += len(transaction.erasures.places_of(case, label, at=self._now()).labels)
            cases += 1
        with self.repository.read(once=True) as transaction:
            keys = transaction.erasures.keys_with(store, label)
        return AuthorPlaces(cases, messages, len(keys))

    def erase_author(self, actor: Actor, *, store: str, label: str, reason: str) -> ErasedAuthor:
        """Take somebody out of a store: all that they signed, with its files, and their label everywhere.

        Args:
            actor: One of the support team.
            store: The store.
            label: Their label, as it stands under what they wrote.
            reason: "request", "law" or "mistake".

        Raises:
            OnHold: A case in which they are is on hold.
            VacuumNeeded, AttachmentStoreNeeded: As for `redact`.
        """
        store, label = self._author(actor, store, label)
        with self._checking() as check:
            why = check("reason", REASON, reason)
        for case in self._cases_with(store, label):
            with self.repository.read() as transaction:
                self._must_be_erasable(transaction, case)
                files = transaction.erasures.places_of(case, label, at=self._now(case)).files
                self._contents.must_reach(transaction, files)
        cases = messages = 0
        for case in self._cases_with(store, label):
            with self.repository.write() as transaction, suppress(CaseNotFound):  # it may be purged meanwhile
                case = self._find(transaction, actor, f"{store}:{case.number}")
                self._must_be_erasable(transaction, case)
                places = transaction.erasures.places_of(case, label, at=self._now(case))
                self._taken_out(transaction, _without(label, actor), case, places._replace(reason=why))
                cases, messages = cases + 1, messages + len(places.labels)
        keys = self._relabel_keys(store, label, why)
        return ErasedAuthor(cases, messages, keys, self._is_gone())

    def hold(self, actor: Actor, store: str, number: int | None = None) -> Hold:
        """Let nothing be erased of a case, or of any of the store, until it is released."""
        with self.repository.write() as transaction:
            store, number = self._to_hold(transaction, actor, store, number)
            hold = Hold(store, number, self._now())
            transaction.erasures.hold(*hold)
        return hold

    def release(self, actor: Actor, store: str, number: int | None = None) -> bool:
        """Hold a case, or a store, no more; return whether it was held."""
        with self.repository.write() as transaction:
            return transaction.erasures.release(*self._to_hold(transaction, actor, store, number))

    def holds(self, actor: Actor, *, limit: int = fields.DEFAULT_LIMIT, offset: int = 0) -> tuple[Hold, ...]:
        """Return some of what is on hold, in the order of stores and numbers."""
        actor.must_be(ActorKind.SUPPORT)
        with self._checking() as check:
            limit, offset = self._part(check, limit, offset)
        with self.repository.read(once=True) as transaction:
            return transaction.erasures.holds(actor.stores, limit=limit, offset=offset)

    def is_on_hold(self, actor: Actor, ref: Ref) -> bool:
        """Tell whether a case is on hold, by itself or with its store."""
        actor.must_be(ActorKind.SUPPORT)
        with self.repository.read() as transaction:
            case = self._find(transaction, actor, ref)
            return transaction.erasures.is_held(case.store, case.number)

    def _to_hold(
        self, transaction: Transaction, actor: Actor, store: str, number: int | None
    ) -> tuple[str, int | None]:
        actor.must_be(ActorKind.SUPPORT)
        with self._checking() as check:
            store = check("store", fields.STORE, store)
        actor.must_enter(store)
        return store, None if number is None else self._find(transaction, actor, f"{store}:{number}").number

    def _author(self, actor: Actor, store: str, label: str) -> tuple[str, str]:
        actor.must_be(ActorKind.SUPPORT)
        with self._checking() as check:
            store = check("store", fields.STORE, store)
            label = check("label", LABEL, label)
        actor.must_enter(store)
        return store, label

    def _cases_with(self, store: str, label: str) -> Iterator[Case]:
        """Yield the cases of the store in which the label is, some at a time."""
        after = 0
        while True:
            with self.repository.read() as transaction:
                cases = transaction.erasures.cases_with(store, label, after=after, limit=AT_ONCE)
            yield from cases
            if len(cases) < AT_ONCE:
                return
            after = cases[-1].number

    def _relabel_keys(self, store: str, label: str, reason: Reason) -> int:
        with self.repository.write() as transaction:
            keys = transaction.erasures.keys_with(store, label)
            if keys and label != REDACTED:
                now = self._now()
                transaction.erasures.apply(Erasure(ErasureKind.AUTHOR, store, "", 0, now, reason, keys=keys))
        return len(keys)

    @staticmethod
    def _must_serve_all(actor: Actor) -> None:
        if actor.stores is not None:
            raise NotPermitted("The ledger tells of all stores; only who serves all of them may read or apply it.")

    @staticmethod
    def _must_be_erasable(transaction: Transaction, case: Case) -> None:
        if transaction.erasures.is_held(case.store, case.number):
            raise OnHold()
        if not transaction.erasures.may_erase():
            raise VacuumNeeded()

    def _taken_out(self, transaction: Transaction, actor: Actor, case: Case, erasure: Erasure) -> Case:
        """Apply an erasure, tell of it in the history where there was anything to take out, and return the case."""
        told, at = told_of(transaction, erasure), max(erasure.at, case.last_activity_at)
        is_new = transaction.erasures.apply(erasure, is_seen=told != UNSEEN)
        self._contents.must_reach_going(transaction)
        if not is_new:
            return case
        after = transaction.cases.find(case.store, CaseRef(id=case.id)) or case
        about = erasure.bodies[0] if erasure.kind is ErasureKind.MESSAGE else None
        message = transaction.cases.message(case.store, about) if about else None
        became = {"redacted": told, "reason": str(erasure.reason)}
        self._record(transaction, Event(EventKind.REDACTED, after, actor, at, {}, became, message))
        return after

    def _is_gone(self) -> bool:
        """Take away the bytes of files that go, and let the database leave no trace; tell whether nothing is left.

        Within a transaction of the caller's that comes once it is kept: nothing is gone before.
        """
        gone: list[bool] = []
        try:
            with self.repository.write() as transaction:
                transaction.after_commit(lambda: gone.append(self._leaves_no_trace()))
        except SupportCasesError as error:  # what was erased is so already
            log.warning(LEFT, error)
        return gone == [True]

    def _leaves_no_trace(self) -> bool:
        try:
            while going := self._going():
                self._take_away(going)
            return self.repository.leave_no_trace()
        except SupportCasesError as error:
            log.warning(LEFT, error)
            return False

    def _going(self) -> tuple[Upload, ...]:
        with self.repository.read(once=True) as transaction:
            return transaction.attachments.going(limit=AT_ONCE)


def _without(label: str | None, actor: Actor) -> Actor:
    """Return who tells of it in the history: whoever takes out their own label has none there."""
    return replace(actor, label=REDACTED) if actor.label == label else actor
