"""The stores, and each: its cases, how many of each status, and the states of its keys."""

import re
from typing import Final

import falcon

from supportcases.console.pages import Pages
from supportcases.console.request import ConsoleRequest, offset_of
from supportcases.desk.keys import KeyRing
from supportcases.domain.cases import STORE_NAME, Status
from supportcases.web.auth import asker

PAGE: Final = 100  # stores that are listed
NEWEST: Final = 10  # cases that are listed
MOST_KEYS: Final = 100


class StoresPage:
    """All stores: `/console/stores`."""

    def __init__(self, pages: Pages) -> None:
        """Show them on `pages`."""
        self._pages = pages

    def on_get(self, req: ConsoleRequest, resp: falcon.Response) -> None:
        """List the stores that the asker serves, newest activity first, with how many cases each has."""
        offset = offset_of(req)
        page = self._pages.desk.stores(asker(req), limit=PAGE, offset=offset)
        onward = offset + PAGE if page.count > offset + PAGE else None
        self._pages.show_framed(req, resp, "stores.html", asked={}, page=page, onward=onward)

    on_head = on_get


class StorePage:
    """One store: `/console/stores/STORE`."""

    def __init__(self, pages: Pages, keys: KeyRing) -> None:
        """Show it on `pages`, with the states of its `keys`."""
        self._pages = pages
        self._desk = pages.desk
        self._keys = keys

    def on_get(self, req: ConsoleRequest, resp: falcon.Response, store: str) -> None:
        """Show the store, if the asker serves it.

        Raises:
            falcon.HTTPRouteNotFound: They do not, or none can be called so.
        """
        actor = asker(req)
        if not (re.fullmatch(STORE_NAME, store) and actor.may_enter(store)):
            raise falcon.HTTPRouteNotFound()
        kept = self._keys.within((store,), store=store, limit=MOST_KEYS)
        self._pages.show_framed(
            req,
            resp,
            "store.html",
            asked={},
            store=store,
            newest=self._desk.queue(actor, store=store, sort="activity", limit=NEWEST).cases,
            counts={status: self._desk.queue(actor, store=store, status=status, limit=1).count for status in Status},
            keys=[(key, self._keys.is_valid(key)) for key in kept.keys],
            more_keys=kept.count - len(kept.keys),
        )

    on_head = on_get
