"""Every method that is told a store: how it is asked of acme's cases, and of globex's own."""

from functools import partial

from supportcases import Case, Category, QueueSort, Severity, Status
from supportcases.domain.cases import CaseFilter, CaseRef
from supportcases.domain.feed import BEGINNING, FeedCursor
from supportcases.domain.whole_cases import Dossier
from tests.support import erasing
from tests.support.neighbours import ANSWERED, FILES_OF, LATE, OURS, VICTIM, files_of, webhook_of
from tests.support.rows import T0, a_case, a_message, an_answer, an_entry, id_of

FILES = [file.id for store in ("acme", "globex") for file in files_of(store)]
NOTE = id_of(101, "globex", "8").replace("0191abc0", "0191abc1")
VICTIMS, OWNS = CaseRef(id=VICTIM), CaseRef(id=OURS)


def filters(store: str):
    """Yield what may be wanted of a queue by whoever may see the store, or asks for it."""
    for seen in (
        CaseFilter(stores=frozenset({store})),
        CaseFilter(store=store),
        CaseFilter(stores=frozenset({"globex"}), store=store),
        CaseFilter(stores=frozenset({store}), store="acme"),
    ):
        for more in ({}, {"category": Category.OTHER}):
            yield seen._replace(**more)


def of_the_queue(ask):
    """Return the question for each filter."""
    return lambda t, store: [ask(t.queue, wanted) for wanted in filters(store)]


def pages(t, store: str, *, method: str = "page"):
    queries = (None, "checkout", "104", "107", "of", "hydra")
    wanted = [CaseFilter(query=query) for query in queries] + [
        CaseFilter(status=Status.OPEN),
        CaseFilter(query="checkout", status=Status.OPEN, severity=Severity.NORMAL),
    ]
    sizes = [(100, 0), (1, 0), (2, 1)]
    page = getattr(t.cases, method)
    return [page(store, want, limit=limit, offset=offset) for want in wanted for limit, offset in sizes]


def sought(t, store: str):
    queries = ("hydra", "declined", "107", "order 104", "04", "e")
    return [queued(t.team_search, wanted._replace(query=query)) for wanted in filters(store) for query in queries]


def queued(queue, wanted):
    page = [queue.page(wanted, sort, limit=100, offset=0, after=None) for sort in QueueSort]
    behind = [queue.page(wanted, QueueSort.AGE, limit=100, offset=0, after=("2024-06-15T10:31:00.000Z", ""))]
    return page + behind


def glimpsed(t, store: str):
    cases = [AS_OURS, CHANGED]
    return [t.excerpts.of(frozenset({store}), cases, query=query) for query in ("", "e", "hydra", "declined")]


def followed(feed):
    """Return what a feed tells: all, page after page, and each event again by its cursor, and one of another."""
    pages = [feed.behind(BEGINNING, limit=2)]
    while pages[-1]:
        pages.append(feed.behind(pages[-1][-1].place, limit=2))
    events = [event for page in pages for event in page]
    cursors = [FeedCursor.parse(event.cursor) for event in events]
    others = [FeedCursor((0, 0), case_id, is_seen=True, number=1) for case_id in (VICTIM, OURS)]
    return events, feed.beginning(), feed.newest(), [feed.place_of(cursor) for cursor in cursors + others]


def of_the_team(t, store: str):
    stores = frozenset({store})
    return [followed(t.feeds.of_team(stores, stores)), followed(t.feeds.of_team(stores, frozenset()))]


# what is asked for `store`, of acme's cases and of globex's own
READS = {
    "cases.find": lambda t, store: [t.cases.find(store, ref) for ref in (VICTIMS, CaseRef(number=107))],
    "cases.thread": lambda t, store: [t.cases.thread(store, ref) for ref in (VICTIMS, CaseRef(number=107), OWNS)],
    "cases.written_thread": lambda t, store: [t.cases.written_thread(store, ref) for ref in (VICTIMS, OWNS)],
    "cases.thread_size": lambda t, store: [t.cases.thread_size(store, ref) for ref in (VICTIM, OURS)],
    "cases.thread_with_notes": lambda t, store: [t.cases.thread_with_notes(store, ref) for ref in (VICTIM, OURS)],
    "cases.message": lambda t, store: [t.cases.message(store, one) for one in (NOTE, id_of(900, kind="6"))],
    "cases.following": lambda t, store: t.cases.following(store, 102, limit=100),
    "cases.page": pages,
    "cases.written_page": partial(pages, method="written_page"),
    "queue.count": of_the_queue(lambda queue, wanted: queue.count(wanted)),
    "queue.page": of_the_queue(queued),
    "queue.answered_before": lambda t, store: t.queue.answered_before(frozenset({store}), LATE),
    "queue.stores": lambda t, store: t.queue.stores(frozenset({store}), limit=9, offset=0),
    "queue.count_stores": lambda t, store: t.queue.count_stores(frozenset({store, "initech"})),
    "queue.names": lambda t, store: t.queue.names(frozenset({store, "initech"})),
    "queue.counts": of_the_queue(lambda queue, wanted: queue.counts(wanted)),
    "queue.oldest_unanswered": of_the_queue(lambda queue, wanted: queue.oldest_unanswered(wanted)),
    "queue.first_answers": of_the_queue(lambda queue, wanted: queue.first_answers(wanted)),
    "queue.closings": of_the_queue(lambda queue, wanted: queue.closings(wanted)),
    "team_search.page": sought,
    "excerpts.of": glimpsed,
    "excerpts.figures": lambda t, store: t.excerpts.figures(frozenset({store}), [AS_OURS, CHANGED]),
    "events.history": lambda t, store: [t.events.history(store, ref, limit=9, offset=0) for ref in (VICTIM, OURS)],
    "events.count": lambda t, store: [t.events.count(store, ref) for ref in (VICTIM, OURS)],
    "feeds.of_merchant": lambda t, store: followed(t.feeds.of_merchant(store)),
    "feeds.of_team": of_the_team,
    "webhooks.find": lambda t, store: [t.webhooks.find(webhook_of(one), {store}) for one in ("acme", "globex")],
    "webhooks.page": lambda t, store: t.webhooks.page({store}, limit=9, offset=0),
    "webhooks.count": lambda t, store: t.webhooks.count({store}),
    "webhooks.count_of": lambda t, store: t.webhooks.count_of(store),
    "attachments.of": lambda t, store: t.attachments.of(store, FILES_OF, FILES),
    "attachments.pending": lambda t, store: t.attachments.pending(store, T0),
    "attachments.attached_bytes": lambda t, store: t.attachments.attached_bytes(store),
    "attachments.attached": lambda t, store: [t.attachments.attached(store, ref) for ref in (VICTIM, OURS)],
    "keys.page": lambda t, store: [
        t.keys.page(stores=frozenset((store,)), limit=100, offset=0),
        t.keys.page(store=store, limit=100, offset=0),
    ],
    "keys.count": lambda t, store: [t.keys.count(stores=frozenset(names)) for names in ((store,), (store, "initech"))],
    "keys.labels": lambda t, store: t.keys.labels(frozenset((store,)), T0, limit=100),
    "replays.find": lambda t, store: t.replays.find(f"store:{store}", "k"),
    **erasing.READS,
}

AS_OURS = a_case(101, "globex", id=VICTIM, subject="Hydra in the checkout", severity=Severity.LOW, **ANSWERED)
CHANGED = AS_OURS._replace(id=OURS)
BEFORE = a_case(101, subject="", category=Category.STORE_BUILDER, severity=Severity.HIGH, closed_at=T0, assignee="Bo")


def whole(case: Case) -> Dossier:
    return Dossier(case, (a_message(902),), (an_entry(),))


# what globex writes, at its own cases and elsewhere
WRITES = {
    "cases.next_number": lambda t: t.cases.next_number("globex"),
    "cases.add": lambda t: t.cases.add(CHANGED._replace(id=id_of(104, "globex"), number=104)),
    "cases.add_message": lambda t: t.cases.add_message(CHANGED, a_message(901)),
    "cases.update": lambda t: t.cases.update(CHANGED, before=BEFORE),
    "attachments.attach": lambda t: t.attachments.attach(CHANGED, NOTE, FILES[::2]),
    "whole_cases.add": lambda t: t.whole_cases.add([whole(CHANGED._replace(id=id_of(900, "globex"), number=900))]),
    "events.record": lambda t: t.events.record(CHANGED, an_entry()),
    "replays.keep": lambda t: t.replays.keep("store:globex", "another", an_answer("e" * 64), LATE),
    **erasing.WRITES,
}

# what it writes as if acme's case were its own
REFUSED = {
    "a case": lambda t: t.cases.add(AS_OURS._replace(number=104)),
    "a message": lambda t: t.cases.add_message(AS_OURS, a_message(901)),
    "an event": lambda t: t.events.record(AS_OURS, an_entry()),
    "a whole case": lambda t: t.whole_cases.add([whole(AS_OURS._replace(number=104))]),
}
WITHOUT_EFFECT = {
    "an update": lambda t: t.cases.update(AS_OURS, before=BEFORE),
    "an update with a number of its own": lambda t: t.cases.update(AS_OURS._replace(number=102), before=BEFORE),
    **erasing.WITHOUT_EFFECT,
}
