"""What every repository must do of the change feed."""

from supportcases.domain.erasure import Tombstone
from supportcases.domain.events import EventKind
from supportcases.domain.feed import BEGINNING, FeedCursor
from tests.support.rows import T0, a_case, an_entry, id_of, kept

ACME = frozenset({"acme"})
HAPPENED = [(1, EventKind.OPENED), (2, EventKind.OPENED), (1, EventKind.NOTED), (2, EventKind.ANSWERED)]


class FeedContract:
    """Subclasses give the fixture `repository`."""

    def test_a_cursor_is_the_place_of_an_event_of_the_case_that_it_names(self, repository):
        kept(repository, a_case(1), a_case(2))
        with repository.write() as transaction:
            for number, kind in HAPPENED:
                transaction.events.record(a_case(number), an_entry(kind))
        with repository.read() as transaction:
            feeds = transaction.feeds
            for feed, seen in (
                (feeds.of_merchant("acme"), [1, 2, 2]),
                (feeds.of_team(ACME, ACME), [1, 2, 1, 2]),
                (feeds.of_team(None, None), [1, 2, 1, 2]),
            ):
                events = feed.behind(BEGINNING, limit=9)
                assert [event.case_id for event in events] == list(map(id_of, seen))
                cursors = [FeedCursor.parse(event.cursor) for event in events]
                assert [feed.place_of(cursor) for cursor in cursors] == [event.place for event in events]
                for cursor, number in zip(cursors, seen, strict=True):
                    assert feed.place_of(cursor._replace(case_id=id_of(3 - number))) is None

    def test_the_events_of_each_store_are_numbered_behind_its_own_and_what_it_has_purged(self, repository):
        kept(repository, a_case(1), a_case(2), a_case(1, "globex"))
        with repository.write() as transaction:
            transaction.erasures.bury([Tombstone("acme", 9, id_of(9), T0, 1, 7, 0, 0)])
            for case in (a_case(1), a_case(2), a_case(1, "globex")):
                transaction.events.record(case, an_entry())
            for store, numbers in (("acme", [8, 9]), ("globex", [1])):
                events = transaction.feeds.of_merchant(store).behind(BEGINNING, limit=9)
                assert [event.sequence for event in events] == numbers
