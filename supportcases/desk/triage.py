"""What only the support team does to a case: answer, note, triage, and close what has gone quiet."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from operator import itemgetter
from types import EllipsisType
from typing import Final

from supportcases.desk.use_case import Ref, Transition, UseCases
from supportcases.domain import fields, lists, times
from supportcases.domain.actors import Actor, ActorKind
from supportcases.domain.cases import AuthorKind, Case, Reply, announced, answered, is_idle, with_status
from supportcases.domain.errors import CaseNotFound
from supportcases.domain.events import EventKind
from supportcases.domain.queue import ME
from supportcases.storage.protocol import Transaction

ANSWERS: Final[dict[AuthorKind, Transition]] = {
    AuthorKind.SUPPORT: (answered, EventKind.ANSWERED),
    AuthorKind.ELLIOT: (answered, EventKind.ANSWERED),
    AuthorKind.SYSTEM: (announced, EventKind.ANNOUNCED),
}


def idle_notice(answered_for: timedelta) -> str:
    """Return the word with which an idle case is closed."""
    span = times.spelled(answered_for)
    why = f"This case was closed because nobody has written for {span} since it was answered."
    return f"{why} Reply, and it is open again."


class Triage(UseCases):
    """The use cases of the support team; for anybody else each raises `NotPermitted`."""

    def answer(
        self,
        actor: Actor,
        ref: Ref,
        *,
        body: str,
        author: str | None = None,
        kind: str = fields.DEFAULT_SUPPORT_KIND,
        close: bool = False,
        attachments: Sequence[str] = (),
        if_revision: Collection[int] | None = None,
    ) -> Reply:
        """Add a public word to a case, which makes it answered.

        Args:
            actor: One of the support team.
            ref: The case.
            body: The text.
            author: Who signs it; the actor's label unless given.
            kind: "support"; "elliot" for the platform's automated assistant; "system" for the desk's own words, which
                leave the status alone.
            close: Whether the case is closed with it, in the same transaction.
            attachments: The ids of files that `attach` gave.
            if_revision: Raise `CaseMoved` unless the case has one of these revisions.
        """
        actor.must_be(ActorKind.SUPPORT)
        with self._checking() as check:
            author_kind = check("kind", fields.SUPPORT_KIND, kind)
            close = check("close", fields.CLOSE, close)
            words = self._words(check, actor, author, body, attachments)
        step = ANSWERS[author_kind]
        return self._say(actor, ref, author_kind, words, step, close=close, if_revision=if_revision)

    def note(
        self,
        actor: Actor,
        ref: Ref,
        *,
        body: str,
        author: str | None = None,
        kind: str = fields.DEFAULT_SUPPORT_KIND,
        attachments: Sequence[str] = (),
        if_revision: Collection[int] | None = None,
    ) -> Reply:
        """Add an internal note to a case, of which a merchant sees and notices nothing; the case stays as it is."""
        actor.must_be(ActorKind.SUPPORT)
        with self._checking() as check:
            author_kind = check("kind", fields.SUPPORT_KIND, kind)
            words = self._words(check, actor, author, body, attachments)
        step = (_unchanged, EventKind.NOTED)
        return self._say(actor, ref, author_kind, words, step, internal=True, if_revision=if_revision)

    def change(
        self,
        actor: Actor,
        ref: Ref,
        *,
        status: str | None = None,
        severity: str | None = None,
        category: str | None = None,
        subject: str | None = None,
        assignee: str | EllipsisType | None = ...,
        if_revision: Collection[int] | None = None,
    ) -> Case:
        """Change what is given of a case, all at once; only a new status is activity.

        Args:
            actor: One of the support team.
            ref: The case.
            status: Any status.
            severity: Any severity.
            category: Any category.
            subject: A new title.
            assignee: The label of whoever shall take care of it, "me" for the actor's own, None for nobody.
            if_revision: Raise `CaseMoved` unless the case has one of these revisions.
        """
        actor.must_be(ActorKind.SUPPORT)
        with self._checking() as check:
            given = {"status": status, "severity": severity, "category": category, "subject": subject}
            changes = self._given(check, fields.CHANGES, given)
            new_status = changes.pop("status", None)
            if assignee is None:
                changes["assignee"] = None
            elif assignee is not ...:
                label = check("assignee", fields.ASSIGNEE, assignee)
                changes["assignee"] = actor.label if label == ME else label

        def rule(case: Case, now: datetime) -> Case:
            triaged = case._replace(**changes)
            return with_status(triaged, new_status, now) if new_status else triaged

        return self._change(actor, ref, rule, if_revision)

    def change_many(
        self,
        actor: Actor,
        refs: Sequence[Ref],
        *,
        status: str | None = None,
        severity: str | None = None,
        category: str | None = None,
        assignee: str | EllipsisType | None = ...,
        note: str | None = None,
    ) -> tuple[Case, ...]:
        """Change what is given of many cases, and add a note to each, all at once; return them, store by store.

        Args:
            actor: One of the support team.
            refs: The cases, up to 100; one that is not there is passed over.
            status: As for `change`, and so the rest.
            severity: Any severity.
            category: Any category.
            assignee: The label of whoever shall take care of them, "me" for the actor's own, None for nobody.
            note: The text of a note that each gets.
        """
        actor.must_be(ActorKind.SUPPORT)
        with self._checking() as check:
            wanted = check("cases", lists.CASES_AT_ONCE, refs)
            self._given(check, fields.CHANGES, {"status": status, "severity": severity, "category": category})
            if note is not None:
                note = check("note", fields.REPLY_BODY, note)
        changed: dict[str, Case] = {}
        with self.repository.write() as transaction:
            for ref in self._store_by_store(transaction, actor, wanted):
                with suppress(CaseNotFound):
                    case = self.change(
                        actor, ref, status=status, severity=severity, category=category, assignee=assignee
                    )
                    if note is not None and case.id not in changed:
                        self.note(actor, case.id, body=note)
                    changed[case.id] = case
        return tuple(changed.values())

    def _store_by_store(self, transaction: Transaction, actor: Actor, refs: Sequence[Ref]) -> list[Ref]:
        """Return the cases in the order of their stores: two that lock several stores never wait for each other."""
        stores = []
        for ref in refs:
            with suppress(CaseNotFound):
                store, _ = self._named(transaction, actor, ref)
                stores.append((store, ref))
        return [ref for _, ref in sorted(stores, key=itemgetter(0))]

    def assign(self, actor: Actor, ref: Ref, assignee: str | None) -> Case:
        """Let somebody take care of a case, by label; "me" is the actor, None nobody."""
        return self.change(actor, ref, assignee=assignee)

    def idle(
        self, actor: Actor, *, answered_for: timedelta, limit: int = fields.DEFAULT_IDLE_LIMIT, offset: int = 0
    ) -> tuple[Case, ...]:
        """Return some of the cases that have been answered for that long without a word since, the longest quiet first.

        Args:
            actor: One of the support team.
            answered_for: How long nobody must have written since the answer.
            limit: How many at the most, 1 to 1,000.
            offset: How many to pass over first.
        """
        actor.must_be(ActorKind.SUPPORT)
        with self._checking() as check:
            answered_for = check("answered_for", fields.SPAN, answered_for)
            limit, offset = self._part(check, limit, offset, most=fields.MANY)
        with self.repository.read() as transaction:
            before = times.before(self._now(), answered_for)
            return transaction.queue.answered_before(actor.stores, before, limit=limit, offset=offset)

    def close_idle(
        self,
        actor: Actor,
        *,
        answered_for: timedelta,
        limit: int = fields.DEFAULT_IDLE_LIMIT,
        cases: Sequence[Ref] | None = None,
    ) -> tuple[Case, ...]:
        """Close the idle cases, up to `limit`, each with a word of the desk's own that says so; return them.

        Call it again until it returns none: then all are closed. Each is looked at again in the transaction that closes
        it, so that a reply that comes meanwhile wins, and a second run at the same time closes no case twice.

        Args:
            actor: One of the support team.
            answered_for: How long nobody must have written since the answer.
            limit: How many at the most, 1 to 1,000.
            cases: Only those of these, up to 100, that are idle, in this order; one that is not there is passed over.
        """
        actor.must_be(ActorKind.SUPPORT)
        with self._checking() as check:
            answered_for = check("answered_for", fields.SPAN, answered_for)
            limit = check("limit", fields.MANY, limit)
            refs: Sequence[Ref] = check("cases", lists.CASES_AT_ONCE, cases) if cases is not None else ()
        if cases is None:
            refs = [case.id for case in self.idle(actor, answered_for=answered_for, limit=limit)]
        found = (self._close_if_idle(actor, ref, answered_for) for ref in refs)
        return tuple(case for case in found if case)

    def _close_if_idle(self, actor: Actor, ref: Ref, answered_for: timedelta) -> Case | None:
        """Close a case, if it is there and idle, and return it."""
        with self.repository.write() as transaction, suppress(CaseNotFound):
            case = self._find(transaction, actor, ref)
            if is_idle(case, self._now(case), answered_for):
                notice = idle_notice(answered_for)
                return self.answer(actor, case.id, body=notice, kind=AuthorKind.SYSTEM, close=True).case
        return None


def _unchanged(case: Case, now: datetime) -> Case:
    return case
