"""Webhooks: endpoints of a store, made by its merchants or the team, and endpoints of the whole desk."""

import re
import time
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from supportcases.desk.feed import Feeds
from supportcases.domain import endpoints as rules
from supportcases.domain import fields
from supportcases.domain.actors import Actor, ActorKind
from supportcases.domain.cases import UUID_TEXT
from supportcases.domain.checking import checking
from supportcases.domain.endpoints import (
    MOST_BY_HAND,
    MOST_OF_A_STORE,
    MOST_OF_THE_DESK,
    Delivery,
    DeliveryPage,
    NewSecret,
    Progress,
    Secrets,
    Webhook,
    WebhookPage,
)
from supportcases.domain.errors import InvalidInput, NotPermitted, TooManyAttempts, TooManyWebhooks, WebhookNotFound
from supportcases.domain.feed import BEGINNING
from supportcases.domain.fields import Rule
from supportcases.domain.webhooks import UrlRule
from supportcases.storage.protocol import Transaction
from supportcases.webhooks.signing import new_secret

if TYPE_CHECKING:
    from supportcases.webhooks.worker import Worker

A_MINUTE: Final = timedelta(minutes=1)


class Webhooks(Feeds):
    """The use cases of webhooks: a merchant's are those of the store, the team's those of all the stores it serves.

    The desk's own, which are told all that happens, are for who serves all stores.
    """

    def webhooks(
        self, actor: Actor, *, store: str | None = None, limit: int = fields.DEFAULT_LIMIT, offset: int = 0
    ) -> WebhookPage:
        """Return some of the webhooks, oldest first.

        With a `store` they are its own; none where the actor does not serve it.
        """
        with self._checking() as check:
            limit, offset = self._part(check, limit, offset)
            if store is not None:
                store = check("store", fields.STORE, store)
        stores = actor.stores
        if store is not None:
            stores = frozenset([store] if actor.may_enter(store) else [])
        with self.repository.read() as transaction:
            found = transaction.webhooks.page(stores, limit=limit, offset=offset)
            return WebhookPage(found, transaction.webhooks.count(stores), offset, limit)

    def webhook(self, actor: Actor, webhook_id: str) -> Webhook:
        """Return a webhook, or raise `WebhookNotFound`."""
        with self.repository.read() as transaction:
            return self._webhook(transaction, actor, webhook_id)

    def add_webhook(
        self,
        actor: Actor,
        *,
        url: str,
        types: list[str] | tuple[str, ...] | None = None,
        store: str | None = None,
        description: str | None = None,
    ) -> NewSecret:
        """Add a webhook, which is told what happens from now on, and return it with its secret, shown this once.

        Args:
            actor: A merchant, or one of the support team.
            url: Where it is: over https, at a public address.
            types: The types of events that it is told, such as "support_case.answered"; all unless given.
            store: For the team the store whose merchants' events it is told; unless given, all that happens, notes
                among it, which takes somebody who serves all stores.
            description: What it is called.

        Raises:
            TooManyWebhooks: The store has 10 already, or the desk 100.
        """
        own = actor.store if actor.kind is ActorKind.MERCHANT else None
        with checking() as check:  # also what a schema has seen: what is allowed depends on more than the request
            if own or store is not None:
                store = check("store", fields.StoreRule(own), own if store is None else store)
            values = {"url": url, "types": types, "description": description}
            given = {name: check(name, rule, values[name]) for name, rule in self._rules(store).items()}
        self._must_reach(actor, store)
        now = self._now()
        webhook = Webhook(self._id(), store, enabled=True, disabled_because=None, created_at=now, **given)
        secrets = Secrets(new_secret())
        most = MOST_OF_A_STORE if store else MOST_OF_THE_DESK
        with self.repository.write() as transaction:
            if transaction.webhooks.count_of(store) >= most:
                whose = "This store" if store else "The desk"
                raise TooManyWebhooks(f"{whose} has as many webhooks as it may have ({most}); remove one first.")
            feeds = transaction.feeds
            newest = (feeds.of_merchant(store) if store else feeds.of_team(None, None)).newest()
            transaction.webhooks.add(webhook, secrets, Progress(newest.place if newest else BEGINNING))
        return NewSecret(webhook, secrets.secret)

    def change_webhook(self, actor: Actor, /, webhook_id: str, **changes: object) -> Webhook:
        """Change the `url`, the `types`, the `description` or `enabled` of a webhook; None where it has no such one.

        One that is enabled again goes on where it stopped. Its failures are forgotten, as they are with another URL.
        """
        with self.repository.write() as transaction:
            webhook = self._webhook(transaction, actor, webhook_id)
            known = self._rules(webhook.store) | {"enabled": rules.ENABLED}
            if unknown := changes.keys() - known.keys():
                raise InvalidInput(dict.fromkeys(sorted(unknown), "Is not a known field."))
            with checking() as check:  # as `add_webhook` does
                clean = {name: check(name, known[name], value) for name, value in changes.items()}
            changed = webhook._replace(**clean)
            if changed.enabled and (changed.url != webhook.url or not webhook.enabled):
                changed = changed._replace(disabled_because=None, failing_since=None)
                transaction.webhooks.go_on(webhook.id)
            transaction.webhooks.update(changed)
        return changed

    def remove_webhook(self, actor: Actor, webhook_id: str) -> Webhook:
        """Remove a webhook and return what it was; what waits for it is never sent."""
        with self.repository.write() as transaction:
            webhook = self._webhook(transaction, actor, webhook_id)
            transaction.webhooks.remove(webhook.id)
        return webhook

    def rotate_secret(self, actor: Actor, webhook_id: str) -> NewSecret:
        """Give a webhook a new secret; for a day the old one signs, too."""
        with self.repository.write() as transaction:
            webhook = self._webhook(transaction, actor, webhook_id)
            secrets = Secrets(new_secret(), transaction.webhooks.secrets(webhook.id).secret, self._now())
            transaction.webhooks.rotate(webhook.id, secrets)
        return NewSecret(webhook, secrets.secret)

    def test_webhook(self, actor: Actor, webhook_id: str) -> Delivery:
        """Let a webhook be told `webhook.test`, once, also where it is disabled; `deliveries` tells what came of it.

        Raises:
            TooManyAttempts: It was tested or told again 10 times within a minute.
        """
        with self.repository.write() as transaction:
            webhook = self._webhook(transaction, actor, webhook_id)
            return self._by_hand(transaction, webhook, rules.TESTED, f"test_{uuid4().hex}", rules.TEST)

    def redeliver(self, actor: Actor, webhook_id: str, delivery: int) -> Delivery:
        """Let a webhook be told of the same event once more; nothing follows from whether that succeeds.

        Raises:
            TooManyAttempts: It was tested or told again 10 times within a minute.
        """
        with self._checking() as check:
            delivery = check("delivery", fields.OFFSET, delivery)
        with self.repository.write() as transaction:
            webhook = self._webhook(transaction, actor, webhook_id)
            told = transaction.deliveries.find(webhook.id, delivery)
            if told is None or told.event_id is None:
                raise WebhookNotFound()
            return self._by_hand(transaction, webhook, rules.BY_HAND, told.event_id, told.type)

    def deliveries(
        self,
        actor: Actor,
        webhook_id: str,
        *,
        before: int | None = None,
        limit: int = fields.DEFAULT_HISTORY_LIMIT,
    ) -> DeliveryPage:
        """Return some attempts to tell a webhook of something within the last 30 days, newest first.

        Args:
            actor: A merchant, or one of the support team.
            webhook_id: The webhook.
            before: The `next` of the page before.
            limit: How many at the most, 1 to 100.
        """
        with self._checking() as check:
            limit = check("limit", fields.LIMIT, limit)
            if before is not None:
                before = check("before", fields.OFFSET, before)
        with self.repository.read() as transaction:
            webhook = self._webhook(transaction, actor, webhook_id)
            found = transaction.deliveries.page(webhook.id, before=before, limit=limit + 1)
        page = found[:limit]
        return DeliveryPage(page, page[-1].id if len(found) > limit else None)

    def deliver_due(self, *, seconds: float = 60.0) -> int:
        """Tell webhooks all that is due, for up to so many seconds and the last attempt; return how many attempts.

        For a job of the host's own; `supportcases deliver` does so all the time. Several may do it at once.

        Raises:
            SupportCasesError: The database cannot be used, or this machine has no descriptor, port or thread left; what
                was due still is.
        """
        end = time.monotonic() + seconds
        return self._worker.deliver_due(lambda: time.monotonic() < end)

    @cached_property
    def _worker(self) -> "Worker":
        from supportcases.webhooks.sending import Sender  # here: whoever delivers nothing needs no TLS
        from supportcases.webhooks.worker import Worker

        return Worker(self.repository, Sender(self._reach), clock=self.clock)

    def _rules(self, store: str | None) -> dict[str, Rule[Any]]:
        """Return the rules of what an owner may say of an endpoint."""
        known = rules.OF_MERCHANTS if store else rules.OF_THE_TEAM
        return {"url": UrlRule(self._reach), "types": rules.TypesRule(known), "description": rules.DESCRIPTION}

    @staticmethod
    def _must_reach(actor: Actor, store: str | None) -> None:
        if store is not None:
            actor.must_enter(store)
        elif actor.stores is not None:
            raise NotPermitted("Only who serves all stores may have a webhook for the whole desk; name a store.")

    def _webhook(self, transaction: Transaction, actor: Actor, webhook_id: str) -> Webhook:
        found = re.fullmatch(UUID_TEXT, webhook_id)
        webhook = transaction.webhooks.find(webhook_id.lower(), actor.stores) if found else None
        if webhook is None:
            raise WebhookNotFound()
        return webhook

    def _by_hand(self, transaction: Transaction, webhook: Webhook, kind: str, event_id: str, type: str) -> Delivery:
        now: datetime = self._now()
        if transaction.deliveries.by_hand_since(webhook.id, now - A_MINUTE) >= MOST_BY_HAND:
            raise TooManyAttempts()
        delivery = Delivery(0, webhook.id, kind, event_id, type, 1, now)
        return delivery._replace(id=transaction.deliveries.add(delivery))
