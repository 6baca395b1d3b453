"""What rows of acme below cases of globex, which no foreign key would let in, must not do to either."""

import sys

from supportcases.domain.feed import BEGINNING, FeedCursor
from tests.support.erasing import ALL, erasure
from tests.support.neighbours import LATE, OURS, PURGED, note_before_any_answer
from tests.support.rows import CLOSED, a_case, a_message, an_entry, id_of

GLOBEX = frozenset({"globex"})


def assert_strays_are_not_measured(transaction, wrong) -> None:
    """Look for wrong sizes and durations: where nothing else happened, and where something was taken out."""
    note_before_any_answer(transaction)
    assert wrong(transaction.connection) == []
    assert transaction.erasures.apply(erasure("globex", OURS, **ALL))
    assert wrong(transaction.connection) == []


def assert_strays_do_not_go_with_a_case(transaction, monkeypatch) -> None:
    """Look at how many cases go at once, which depends on the length of their histories, and at what is left of one."""
    another = a_case(104, "globex", **CLOSED)
    transaction.cases.add(another)
    for case in (another, a_case(101, "globex"), a_case(101, "globex")):
        transaction.events.record(case, an_entry())
    purging = sys.modules[type(transaction.erasures).closed_before.__module__]
    monkeypatch.setattr(purging, "MOST", 2)
    both = transaction.erasures.closed_before("globex", LATE, limit=9)
    assert [case.number for case in both] == [103, 104]

    gone = a_case(PURGED, "globex")
    events = transaction.feeds.of_team(GLOBEX, GLOBEX).behind(BEGINNING, limit=99)
    (own,) = [event for event in events if event.case_id == gone.id]
    transaction.erasures.purge([gone], LATE)
    for left, count in (
        (f"messages WHERE store = 'acme' AND case_id = '{gone.id}'", 2),
        (f"events WHERE store = 'acme' AND case_id = '{gone.id}'", 2),
        (f"attachments WHERE message_id = '{a_message(910).id}'", 1),
    ):
        assert transaction.connection.execute(f"SELECT count(*) FROM supportcases_{left}").fetchone() == (count,)
    told = transaction.erasures.tombstone("globex", PURGED)
    assert (told.sequences, told.last_sequence, (told.last_xid, told.last_position)) == (1, own.sequence, own.place)


def assert_strays_are_in_no_feed(transaction) -> None:
    """Follow the feeds of acme and of the whole desk, and ask for the place of a stray event."""
    acme = frozenset({"acme"})
    feeds = [transaction.feeds.of_team(None, None), transaction.feeds.of_team(acme, acme)]
    for feed in (*feeds, transaction.feeds.of_merchant("acme")):
        told = {(event.store, event.case_id) for event in feed.behind(BEGINNING, limit=99)}
        assert ("acme", OURS) not in told
        assert ("acme", id_of(102)) in told
    ((stray,),) = transaction.connection.execute(
        f"SELECT min(sequence) FROM supportcases_events WHERE store = 'acme' AND case_id = '{OURS}'"
    ).fetchall()
    assert stray > 12
    for feed in feeds:
        assert feed.place_of(FeedCursor((0, 0), OURS, is_seen=True, number=stray)) is None
