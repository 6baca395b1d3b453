"""What happened to all cases, one after the other, for whoever follows it."""

from supportcases.desk.use_case import UseCases
from supportcases.domain import fields
from supportcases.domain.actors import Actor, ActorKind
from supportcases.domain.errors import CursorExpired
from supportcases.domain.feed import LATEST, START, FeedCursor, FeedPage, FeedPlace, WrittenFeedPage
from supportcases.storage.protocol import Transaction
from supportcases.storage.protocol.feed import Feed


class Feeds(UseCases):
    """The change feed of each side."""

    def events(
        self,
        actor: Actor,
        *,
        after: str | None = None,
        limit: int = fields.DEFAULT_FEED_LIMIT,
        store: str | None = None,
    ) -> FeedPage:
        """Return what happened to the cases that the actor may see, oldest first: to a merchant what merchants see.

        Whoever reads page after page sees each event once, and none is ever added before one that was seen. It begins
        behind the newest event that was purged: what is told has no gap.

        Args:
            actor: Who asks.
            after: The `next` of the page before, or "latest" for what happens from now on; the beginning unless given.
            limit: How many at the most, 1 to 1,000.
            store: Only what happened to cases of that store; for the support team.

        Raises:
            CursorExpired: `after` is no cursor of this feed, or older than what was purged.
            NotPermitted: A merchant names a `store`.
        """
        page = self.written_events(actor, after=after, limit=limit, store=store)
        return FeedPage(tuple(event.read() for event in page.events), page.next, page.end)

    def written_events(
        self,
        actor: Actor,
        *,
        after: str | None = None,
        limit: int = fields.DEFAULT_FEED_LIMIT,
        store: str | None = None,
    ) -> WrittenFeedPage:
        """Return what `events` returns as it is written down: for who writes it on at once, as the API does."""
        with self._checking() as check:
            limit = check("limit", fields.MANY, limit)
            if store is not None:
                store = check("store", fields.STORE, store)
            if after is not None:
                after = check("after", fields.FEED_CURSOR, after)
        if store is not None:
            actor.must_be(ActorKind.SUPPORT)
        with self.repository.read() as transaction:
            feed = self._feed(transaction, actor, store)
            if after == LATEST:
                newest = feed.newest()
                return WrittenFeedPage((), newest.cursor if newest else START, end=True)
            events = feed.behind(self._place(feed, after), limit=limit + 1)
        page = events[:limit]
        return WrittenFeedPage(page, page[-1].cursor if page else after or START, end=len(events) <= limit)

    @staticmethod
    def _feed(transaction: Transaction, actor: Actor, store: str | None) -> Feed:
        if actor.kind is ActorKind.MERCHANT:
            return transaction.feeds.of_merchant(actor.store)
        if store is None:
            return transaction.feeds.of_team(actor.stores, actor.stores)
        return transaction.feeds.of_team(actor.stores, frozenset([store] if actor.may_enter(store) else []))

    @staticmethod
    def _place(feed: Feed, after: str | None) -> FeedPlace:
        """Return the place of the event at which the cursor stands: it may have another one here than it once had."""
        beginning = feed.beginning()
        if after is None or after == START:
            return beginning
        place = feed.place_of(FeedCursor.parse(after))
        if place is None or place < beginning:  # something was purged that the cursor has not come to
            raise CursorExpired()
        return place
