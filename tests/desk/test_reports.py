"""What the support team looks over, without HTTP: the queue, the stores, the history."""

from datetime import timedelta

import pytest

from supportcases import (
    Actor,
    History,
    HistoryEntry,
    NotPermitted,
    QueueViews,
    Status,
    StoreCounts,
    StorePage,
)
from tests.conftest import ACME, ADA, GLOBEX
from tests.support.desks import BOB, BODY, NOBODYS, T0, names, problems

# the queue


@pytest.fixture
def full(desk, clock):
    """Six cases of three stores, a minute apart: see the comments."""
    for actor in (ACME, GLOBEX, ACME, Actor.merchant("initech"), GLOBEX, ACME):
        desk.open(actor, body=BODY)
        clock.advance(minutes=1)
    desk.change(ADA, "acme:2", severity="critical")  # waits since 10:32
    desk.answer(ADA, "acme:1", body="A hydra!")  # answered at 10:36
    clock.advance(minutes=1)
    desk.answer(ADA, "globex:1", body="Done.", close=True)  # closed at 10:37
    desk.assign(ADA, "globex:2", "Bob")  # waits since 10:34
    desk.assign(ADA, "initech:1", "me")  # waits since 10:33
    desk.note(ADA, "initech:1", body="It is the Größte hydra.")
    return desk  # acme:3 waits since 10:35


BY_WAITING = [("acme", 2), ("initech", 1), ("globex", 2), ("acme", 3), ("globex", 1), ("acme", 1)]


def test_the_queue_has_whoever_waits_first(full):
    page = full.queue(ADA)
    assert names(page) == BY_WAITING
    assert (page.count, page.offset, page.limit, page.next_cursor) == (6, 0, 10, None)
    assert page.cases[0] == full.find(ADA, "acme:2")


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"store": "acme"}, [2, 3, 1]),
        ({"status": "open", "store": "acme"}, [2, 3]),
        ({"status": Status.ANSWERED}, [1]),
        ({"status": "all", "severity": "all", "category": "all", "store": "acme"}, [2, 3, 1]),
        ({"assignee": "me"}, [1]),
        ({"assignee": " Ada "}, [1]),
        ({"assignee": "Bob"}, [2]),
        ({"assignee": "none", "store": "globex"}, [1]),
        ({"assignee": "None"}, []),
        ({"query": " HYDRA "}, [1, 1]),
        ({"query": "grösste"}, [1]),
        ({"query": " ", "store": "acme"}, [2, 3, 1]),
        ({"created_after": "2024-06-15T10:34:00Z"}, [2, 3]),
        ({"created_after": "2024-06-15T12:34:00+02:00"}, [2, 3]),
        ({"created_before": "2024-06-15T10:31:00.001Z"}, [1, 1]),
        ({"created_after": "2024-06-15", "created_before": "2024-06-15T10:31:00Z"}, [1]),
        ({"active_after": "2024-06-15T10:36:00.000Z"}, [1, 1]),
        ({"active_before": "2024-06-15T10:33:00Z"}, [2]),
    ],
    ids=str,
)
def test_the_queue_can_be_filtered(full, wanted, expected):
    page = full.queue(ADA, **wanted)
    assert [case.number for case in page.cases] == expected
    assert page.count == len(expected)


def test_me_is_whoever_asks(full):
    assert names(full.queue(Actor.support("Bob"), assignee="me")) == [("globex", 2)]
    assert full.queue(Actor.support("Eve"), assignee="me").count == 0


def test_the_queue_has_only_the_stores_that_the_actor_serves(full):
    expected = [("initech", 1), ("globex", 2), ("globex", 1)]
    page = full.queue(BOB, limit=2)
    assert (names(page), page.count) == (expected[:2], 3)
    assert names(full.queue(BOB, limit=2, cursor=page.next_cursor)) == expected[2:]
    assert names(full.queue(BOB, query="hydra")) == [("initech", 1)]
    for actor, wanted in ((BOB, {"store": "acme"}), (NOBODYS, {}), (NOBODYS, {"store": "acme"})):
        page = full.queue(actor, **wanted)
        assert (page.cases, page.count, page.next_cursor) == ((), 0, None)


def test_the_queue_comes_in_pages_by_offset_and_by_cursor(full):
    assert [names(full.queue(ADA, limit=4, offset=offset)) for offset in (0, 4, 8)] == [
        BY_WAITING[:4],
        BY_WAITING[4:],
        [],
    ]
    first = full.queue(ADA, limit=4)
    second = full.queue(ADA, limit=2, cursor=first.next_cursor)  # a page may have another length
    assert (names(second), second.count, second.offset, second.limit) == (BY_WAITING[4:], 6, 0, 2)
    assert second.next_cursor is None
    from_offset = full.queue(ADA, limit=2, offset=2)
    assert names(full.queue(ADA, cursor=from_offset.next_cursor)) == BY_WAITING[4:]
    assert full.queue(ADA, offset=2**53 - 1).count == 6


@pytest.mark.parametrize("cursor", ["a", "abcd", "bnVsbA", "W10"])
def test_a_cursor_that_nobody_gave_is_refused(desk, cursor):
    expected = {"cursor": "Must be the nextCursor of a page with the same filters and sort."}
    assert problems(desk.queue, ADA, cursor=cursor) == expected


def test_a_cursor_and_an_offset_exclude_each_other(full):
    cursor = full.queue(ADA, limit=1).next_cursor
    expected = {"offset": "Must be left out where there is a cursor."}
    assert problems(full.queue, ADA, cursor=cursor, offset=1) == expected
    assert full.queue(ADA, cursor=cursor, offset=0).count == 6


# the history


def test_a_history_tells_who_changed_what_and_when_of_both_sides(desk, case, clock):
    zoe = Actor.merchant("acme", "Zoë")
    desk.reply(zoe, 1, body="More")
    desk.assign(ADA, "acme:1", "me")
    clock.advance(minutes=1)
    desk.close(zoe, 1)
    minute = [T0 + timedelta(minutes=n) for n in range(3)]
    entries = (
        HistoryEntry("opened", ACME.kind, "API", minute[0], {}, {"status": "open"}),
        HistoryEntry("replied", ACME.kind, "Zoë", minute[1], {}, {}),
        HistoryEntry("changed", ADA.kind, "Ada", minute[1], {"assignee": None}, {"assignee": "Ada"}),
        HistoryEntry("closed", ACME.kind, "Zoë", minute[2], {"status": "open"}, {"status": "closed"}),
    )
    assert desk.history(ADA, "acme:1") == History(entries, 4, 0, 100)
    assert desk.history(ADA, case.id, limit=2, offset=1) == History(entries[1:3], 4, 1, 2)
    assert desk.history(ADA, "acme:1", offset=4) == History((), 4, 4, 100)
    assert desk.history(ADA, "acme:1", offset=2**53 - 1).count == 4


def test_a_whole_case_is_its_thread_with_the_newest_of_its_history(desk, case):
    desk.note(ADA, case.id, body="The gateway.")
    for severity in ("low", "high", "low"):
        desk.change(ADA, case.id, severity=severity)
    every = desk.history(ADA, case.id).entries
    assert desk.whole_case(ADA, case.id) == (desk.get(ADA, case.id), History(every, 5, 0, 100))
    assert desk.whole_case(ADA, case.id, limit=2)[1] == History(every[3:], 5, 3, 2)
    assert desk.whole_case(ADA, case.id, until=3, limit=2)[1] == History(every[1:3], 5, 1, 2)
    assert desk.whole_case(ADA, case.id, until=99, limit=1_000)[1] == History(every, 5, 0, 1_000)
    assert desk.whole_case(ADA, case.id, until=0)[1] == History((), 5, 0, 100)
    assert problems(desk.whole_case, ADA, case.id, until=-1, limit=1_001) == {
        "limit": "Must be a whole number from 1 to 1000.",
        "until": "Must be a whole number from 0 to 9007199254740991.",
    }
    with pytest.raises(NotPermitted):
        desk.whole_case(ACME, 1)


# stores and statistics


def test_the_views_are_counted_of_the_stores_that_the_actor_serves(full):
    assert full.views(ADA) == QueueViews(waiting=4, mine=1, unassigned=2, critical=1, answered=1, closed=1, all=6)
    assert full.views(BOB) == QueueViews(waiting=2, mine=1, unassigned=0, critical=0, answered=0, closed=1, all=3)
    assert full.views(NOBODYS) == QueueViews(0, 0, 0, 0, 0, 0, 0)
    with pytest.raises(NotPermitted):
        full.views(ACME)


def test_the_stores_have_the_newest_activity_first(full):
    acme = StoreCounts("acme", 2, 1, 0, T0 + timedelta(minutes=6))
    globex = StoreCounts("globex", 1, 0, 1, T0 + timedelta(minutes=7))
    initech = StoreCounts("initech", 1, 0, 0, T0 + timedelta(minutes=3))
    assert full.stores(ADA) == StorePage((globex, acme, initech), 3, 0, 10)
    assert full.stores(ADA, limit=1, offset=1) == StorePage((acme,), 3, 1, 1)
    assert full.stores(BOB) == StorePage((globex, initech), 2, 0, 10)
    assert full.stores(NOBODYS) == StorePage((), 0, 0, 10)


def test_the_statistics_are_of_the_stores_that_the_actor_serves(full):
    globex = full.stats(ADA, store="globex")
    assert globex == full.stats(BOB, store="globex")
    assert globex.oldest_unanswered == full.find(ADA, "globex:2")
    assert full.stats(BOB, store="acme") == full.stats(NOBODYS) == full.stats(ADA, created_before="2024-06-15")
