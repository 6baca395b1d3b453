"""Walks through the queue from cursor to cursor while others write: what does not change comes exactly once."""

import base64
import json
import random
from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supportcases import Actor, InvalidInput, QueuePage, QueueSort, SupportDesk
from supportcases.domain.cases import CaseFilter
from supportcases.domain.queue import PLACES, Cursors
from supportcases.storage.open import open_repository
from supportcases.testing import MovableClock, numbered_ids
from tests.conftest import ACME, ADA, GLOBEX
from tests.support.crowd import Crowd
from tests.support.desks import BODY

BOB = Actor.support("Bob", ["acme", "initech"])
REFUSED = "Must be the nextCursor of a page with the same filters and sort."


def walk(desk: SupportDesk, actor: Actor, between, dice: random.Random, **wanted) -> Iterator[QueuePage]:
    """Read page after page, each of another length; a cursor travels as JSON and in a URL."""
    cursor = None
    while True:
        page = desk.queue(actor, limit=dice.randint(1, 7), cursor=cursor, **wanted)
        yield page
        if page.next_cursor is None:
            return
        cursor = parse_qs(urlencode({"cursor": json.loads(json.dumps(page.next_cursor))}))["cursor"][0]
        assert cursor == page.next_cursor
        between()


WANTED = [
    {},
    {"store": "acme"},
    {"status": "open"},
    {"status": "answered", "store": "acme"},
    {"status": "closed"},
    {"severity": "critical"},
    {"category": "billing_plans"},
    {"assignee": "me"},
    {"assignee": "none", "status": "open"},
    {"query": "hydra"},
    {"query": "HYDRA", "severity": "low"},
    {"query": "1"},
    {"created_after": "2024-06-15T10:30:00.003Z"},
    {"created_before": "2024-06-15T10:30:00.005Z", "active_after": "2024-06-15T10:30:00.004Z"},
    {"active_before": "2024-06-15T10:30:00.010Z", "query": "hydra"},
]


@pytest.mark.parametrize("sort", QueueSort)
@pytest.mark.parametrize("wanted", WANTED, ids=str)
@pytest.mark.parametrize("actor", [ADA, BOB], ids=["all stores", "some stores"])
def test_a_case_that_does_not_change_comes_exactly_once_whatever_else_is_written(repository, sort, wanted, actor):
    dice = random.Random(f"{sort} {wanted} {actor.label}")
    clock = MovableClock()
    desk = SupportDesk(repository, clock=clock)  # ids of UUIDv7, whose order within a millisecond is by chance
    crowd = Crowd(desk, clock, dice)
    crowd.fill(25)
    before = [case.id for case in desk.queue(actor, limit=100, sort=sort, **wanted).cases]
    walked = [case for page in walk(desk, actor, crowd.meddle, dice, sort=sort, **wanted) for case in page.cases]
    untouched = [case_id for case_id in before if case_id not in crowd.touched]
    assert [case.id for case in walked if case.id not in crowd.touched] == untouched
    assert actor.stores is None or {case.store for case in walked} <= actor.stores


def test_the_case_that_a_cursor_stands_on_may_leave(desk, clock):
    for _ in range(6):
        desk.open(ACME, body=BODY)
    clock.advance(minutes=1)
    first = desk.queue(ADA, limit=2, status="open")
    for case in first.cases:
        desk.close(ADA, case.id)
    second = desk.queue(ADA, limit=2, status="open", cursor=first.next_cursor)
    third = desk.queue(ADA, limit=2, status="open", cursor=second.next_cursor)
    assert [case.number for case in second.cases + third.cases] == [3, 4, 5, 6]
    assert (second.count, third.next_cursor) == (4, None)


# cursors that nobody gave


def encoded(value: object) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def question(sort: str = "waiting", **wanted) -> str:
    """Return what the desk's own cursors begin with."""
    cursor = Cursors(CaseFilter(**wanted), QueueSort(sort)).write(("x",))
    return json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))[0]


@pytest.fixture(scope="module")
def some():
    """Three cases of acme, two of them Ada's, and three of globex."""
    with closing(open_repository(":memory:")) as repository:
        desk = SupportDesk(repository, clock=MovableClock(), new_id=numbered_ids())
        for _ in range(3):
            desk.open(ACME, body=BODY)
            desk.open(GLOBEX, body=BODY)
        for ref in ("acme:1", "acme:2"):
            desk.assign(ADA, ref, "me")
        yield desk


def tried(desk: SupportDesk, cursor: object, actor: Actor = ADA, **wanted) -> QueuePage | None:
    """Return the page behind a cursor, or None where it is refused with a sentence about it alone."""
    refused = {}
    try:
        page = desk.queue(actor, cursor=cursor, limit=2, **wanted)
    except InvalidInput as error:
        refused = error.problems
    if refused:
        assert list(refused) == ["cursor"]
        return None
    assert page.count == desk.queue(actor, **wanted).count
    assert len(page.cases) <= 2
    assert actor.stores is None or {case.store for case in page.cases} <= actor.stores
    return page


FORGED = [
    *(None, 0, "x", [], {"Q": 1}, "Q", ["Q"]),  # no list of a question and a place
    *(["Q", place] for place in (None, True, 1.5, -1, 10, 2**63, 10**400, [], {}, ["Q", "a"])),
    *(["Q", place] for place in ("\ud800", "\0", "\n", "é", "x" * 65)),
    *([["Q"], "a"], [None, "a"], ["q" * 16, "a"], [0, 0, "a", "b", "c"]),  # no question of ours
]


@pytest.mark.parametrize("forged", FORGED, ids=lambda forged: ascii(forged)[:30])
def test_a_forged_cursor_is_refused(some, forged):
    written = json.dumps(forged).replace('"Q"', json.dumps(question()))
    for text in (written, written.replace(",", " ,\n")):
        assert tried(some, encoded(text.encode())) is None


@pytest.mark.parametrize(
    "written",
    [
        b"",
        b"[",
        b"\xff\xfe",
        b"\xff" * 700,
        b"[" * 740,
        b'{"a":' * 140,
        b"1" * 740,
        b"[1e999]",
        b"NaN",
        b'["Q", NaN]',
        b'["Q", Infinity]',
        b'["Q", 1e400]',
        b'["Q", "a"',
        b'["Q", "a"] x',
        b'["Q", "\\ud800"]',
        b'["Q", "\xed\xa0\x80"]',
        '["Q", "a"]'.encode("utf-16"),
        '["Q", 99]'.encode("utf-32"),
        b"\xef\xbb\xbf[]",
    ],
    ids=lambda written: ascii(written)[:30],
)
def test_what_is_no_json_of_ours_is_refused_or_a_place(some, written):
    page = tried(some, encoded(written.replace(b'"Q"', json.dumps(question()).encode())))
    assert page is None or page.count == 6


@pytest.mark.parametrize(
    "text", ["=", "a=", "YQ==", "a b", "a\n", "+/+/", "é", "\ud800", "\0", "a" * 1001, "%20", 7, b"YQ"]
)
def test_what_is_no_base64_of_ours_is_refused(some, text):
    assert tried(some, text) is None


ranks = st.integers(0, 9)
texts = st.one_of(
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=64),
    st.sampled_from(["", "2024-06-15T10:30:00.000Z", "0191abc0-0000-7000-8000-000000000003", "' OR 1=1 --"]),
)


def places(sort: QueueSort) -> st.SearchStrategy[tuple]:
    """Return places as that order has them, and others."""
    own = st.tuples(*(ranks if kind is int else texts for kind in PLACES[sort]))
    return st.one_of(own, own, st.lists(st.one_of(ranks, texts), max_size=12).map(tuple))


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters(exclude_categories=[]))),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


many = settings(max_examples=100)


@many
@given(data=st.data(), sort=st.sampled_from(QueueSort), actor=st.sampled_from([ADA, BOB]))
def test_a_forged_place_is_a_place_and_shows_nothing_that_the_actor_may_not_see(some, data, sort, actor):
    stores = {} if actor.stores is None else {"stores": actor.stores}
    place = data.draw(places(sort))
    page = tried(some, encoded([question(sort, **stores), *place]), actor, sort=sort)
    assert (page is not None) == (tuple(map(type, place)) == PLACES[sort])
    if page:
        everything = some.queue(actor, sort=sort).cases
        if not page.next_cursor:
            assert page.cases == everything[len(everything) - len(page.cases) :]


@many
@given(value=json_values, after_question=st.booleans())
def test_any_json_is_refused_or_a_place(some, value, after_question):
    if after_question:
        value = [question(), *(value if isinstance(value, list) else [value])]
    tried(some, encoded(value))


@many
@given(data=st.data())
def test_a_cursor_that_was_damaged_is_refused_or_a_place(some, data):
    cursor = some.queue(ADA, limit=2).next_cursor
    at = data.draw(st.integers(0, len(cursor)))
    inserted = data.draw(st.sampled_from(["", "A", "_", "z9", "=", "\n"]))
    tried(some, cursor[:at] + inserted + cursor[at + data.draw(st.integers(0, 3)) :])


OTHER_QUESTIONS = [
    {},
    {"sort": "age"},
    {"sort": "activity"},
    {"store": "acme"},
    {"status": "open"},
    {"severity": "normal"},
    {"category": "other"},
    {"assignee": "none"},
    {"assignee": "me"},
    {"query": "card"},
    {"query": "Card"},
    {"created_after": "2024-01-01"},
    {"created_before": "2025-01-01"},
    {"active_after": "2024-01-01"},
    {"active_before": "2025-01-01"},
]


@pytest.mark.parametrize("asked", OTHER_QUESTIONS, ids=str)
def test_a_cursor_serves_its_own_question_alone(some, asked):
    cursor = some.queue(ADA, limit=1, **asked).next_cursor
    assert cursor is not None
    for other in OTHER_QUESTIONS:
        page = tried(some, cursor, **other)
        assert (page is not None) == (other == asked)
    assert tried(some, cursor, BOB, **asked) is None
    with pytest.raises(InvalidInput) as refused:
        some.queue(BOB, cursor=cursor, **asked)
    assert refused.value.problems == {"cursor": REFUSED}


def test_a_filter_that_comes_later_leaves_the_cursors_before_it_right():
    wider = NamedTuple("Wider", [("order", str | None), *CaseFilter.__annotations__.items()])
    known, later = CaseFilter(status="open"), wider(None, *CaseFilter(status="open"))
    place = ("2024-06-15T10:30:00.000Z", "x")
    assert Cursors(later, QueueSort.AGE).write(place) == Cursors(known, QueueSort.AGE).write(place)
    assert Cursors(later._replace(order="5"), QueueSort.AGE).write(place) != Cursors(known, QueueSort.AGE).write(place)


def test_the_same_question_may_be_asked_in_other_words(some):
    asked = {"status": "all", "query": " card ", "created_after": "2024-06-15", "limit": 2}
    cursor = some.queue(ADA, **asked).next_cursor
    again = {"severity": "all", "query": "card", "created_after": "2024-06-15T02:00:00+02:00", "limit": 3}
    assert len(some.queue(ADA, cursor=cursor, **again).cases) == 3
    mine = some.queue(ADA, assignee="me", limit=1).next_cursor
    assert some.queue(Actor.support("Zoë"), assignee="Ada", cursor=mine).cases[0].number == 2
    with pytest.raises(InvalidInput):
        some.queue(Actor.support("Zoë"), assignee="me", cursor=mine)


def test_a_cursor_is_short_and_plain_and_tells_no_more_than_a_place(some):
    asked = {"query": "card", "store": "acme", "limit": 1}
    for sort in QueueSort:
        cursor = some.queue(ADA, sort=sort, **asked).next_cursor
        assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
        assert len(cursor) < 200
        held = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        assert "card" not in held
        assert "acme" not in held
