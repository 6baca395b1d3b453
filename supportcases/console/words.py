"""How the pages put things: the names of choices, and texts with links and marks."""

from bisect import bisect_right
from collections.abc import Mapping
from functools import lru_cache
from operator import itemgetter
from typing import Final

from linkify_it import LinkifyIt
from markupsafe import Markup, escape

from supportcases.domain.cases import Category, Severity, Status
from supportcases.domain.queue import QueueSort
from supportcases.domain.text import places_of


def N_(text: str) -> str:
    """Mark a text for the catalogues, which is translated where it is shown."""
    return text


Names = Mapping[str, str]  # of choices, as people read them

STATUSES: Final[Names] = {Status.OPEN: N_("Open"), Status.ANSWERED: N_("Answered"), Status.CLOSED: N_("Closed")}
SEVERITIES: Final[Names] = {
    Severity.CRITICAL: N_("Critical"),
    Severity.HIGH: N_("High"),
    Severity.NORMAL: N_("Normal"),
    Severity.LOW: N_("Low"),
}
CATEGORIES: Final[Names] = {
    Category.ORDERS_PAYMENTS: N_("Orders & payments"),
    Category.PRODUCTS_CATALOG: N_("Products"),
    Category.DOMAINS_SETUP: N_("Domains"),
    Category.BILLING_PLANS: N_("Billing"),
    Category.STORE_BUILDER: N_("Store builder"),
    Category.OTHER: N_("Other"),
}
ORDERS: Final[Names] = {
    QueueSort.WAITING: N_("Longest wait"),
    QueueSort.ACTIVITY: N_("Newest activity"),
    QueueSort.AGE: N_("Oldest"),
    QueueSort.SEVERITY: N_("Severity"),
}
CHOICES: Final[Names] = {**STATUSES, **SEVERITIES, **CATEGORIES}  # no two have one name

LINKS: Final = LinkifyIt(options={"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
LINK: Final = Markup('<a href="{}" rel="noopener noreferrer nofollow" target="_blank">{}</a>')
MARK: Final = Markup("<mark>{}</mark>")
LINKED_SCHEMAS: Final = ("http:", "https:", "mailto:")


def marked(text: str, query: str) -> Markup:
    """Return `text` as HTML, with each place marked where it reads as the `query`, whatever the case and accents."""
    return _marked(text, 0, len(text), [*places_of(text, query)])


def _marked(text: str, begin: int, end: int, places: list[tuple[int, int]]) -> Markup:
    """Return a part of `text` as HTML, with what of these places is in it marked."""
    parts = []
    at = bisect_right(places, begin, key=itemgetter(1))  # those that are over before
    while at < len(places) and places[at][0] < end:
        first, past = max(begin, places[at][0]), min(end, places[at][1])
        parts += [escape(text[begin:first]), MARK.format(text[first:past])]
        begin, at = past, at + 1
    return Markup().join([*parts, escape(text[begin:end])])


@lru_cache(maxsize=2_048)
def linked(text: str, query: str = "") -> Markup:
    """Return what somebody wrote as HTML: all of it is text, where it has a link one can follow it, and marked."""
    found = LINKS.match(text) if ":" in text else None
    parts, end, places = [], 0, [*places_of(text, query)]
    for link in found or ():
        if link.schema in LINKED_SCHEMAS:
            name = _marked(text, link.index, link.last_index, places)
            parts += [_marked(text, end, link.index, places), LINK.format(link.url, name)]
            end = link.last_index
    return Markup().join([*parts, _marked(text, end, len(text), places)])
