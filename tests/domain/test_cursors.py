"""Walks through the queue from cursor to cursor while others write: what does not change comes exactly once."""

import base64
import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supportcases import Actor, InvalidInput, QueuePage, QueueSort, SqliteRepository, SupportDesk
from supportcases.domain.queue import CaseFilter, Cursors
from supportcases.testing import MovableClock
from tests.conftest import ACME, ADA, GLOBEX
from tests.support.processes import let_go, start

BODY = "The card was declined. What can I do?"
INITECH = Actor.merchant("initech")
BOB = Actor.support("Bob", ["acme", "initech"])
REFUSED = "Must be the nextCursor of a page with the same filters and sort."


class Crowd:
    """Everybody who writes at a desk, by dice; it keeps in mind which cases were touched."""

    def __init__(self, desk: SupportDesk, clock: MovableClock, dice: random.Random) -> None:
        self.desk, self.clock, self.dice = desk, clock, dice
        self.touched: set[str] = set()
        self.ids: list[str] = []

    def fill(self, cases: int) -> None:
        """Open some cases and let them have a life; few moments and severities, so that many are equal."""
        with self.desk.repository.write():
            for _ in range(cases):
                self.open()
            for _ in range(cases):
                self.write(self.dice.choice(self.ids))
        self.touched.clear()

    def open(self) -> None:
        opened = self.desk.open(
            self.dice.choice([ACME, ACME, GLOBEX, INITECH]),
            body=self.dice.choice([BODY, "A hydra is in the shop."]),
            severity=self.dice.choice(["critical", "normal", "low"]),
            category=self.dice.choice(["other", "billing_plans"]),
        )
        self.ids.append(opened.id)
        self.touched.add(opened.id)

    def write(self, case_id: str) -> None:
        """Do something to a case."""
        self.touched.add(case_id)
        self.clock.advance(milliseconds=self.dice.choice([-1, 0, 0, 0, 1, 2]))
        case = self.desk.find(ADA, case_id)
        merchant = Actor.merchant(case.store)
        self.dice.choice(
            [
                lambda: self.desk.reply(merchant, case_id, body="A hydra, I say!"),
                lambda: self.desk.answer(ADA, case_id, body="Try again.", close=self.dice.random() < 0.3),
                lambda: self.desk.answer(ADA, case_id, body="Down.", kind="system"),
                lambda: self.desk.note(ADA, case_id, body=self.dice.choice(["Hm", "A hydra indeed"])),
                lambda: self.desk.close(merchant, case_id),
                lambda: self.desk.reopen(ADA, case_id),
                lambda: self.desk.change(
                    ADA,
                    case_id,
                    severity=self.dice.choice(["critical", "high", "normal", "low"]),
                    category=self.dice.choice(["other", "billing_plans"]),
                    assignee=self.dice.choice(["me", None, "Zoë"]),
                    subject=self.dice.choice([None, "A hydra", "A horse"]),
                    status=self.dice.choice([None, "open", "answered", "closed"]),
                ),
            ]
        )()

    def meddle(self) -> None:
        """Write a little between two pages."""
        for _ in range(self.dice.randint(0, 6)):
            if self.dice.random() < 0.3:
                self.open()
            else:
                self.write(self.dice.choice(self.ids))


def walk(
    desk: SupportDesk, actor: Actor, limit: int | Callable[[], int], between=lambda: None, **wanted
) -> Iterator[QueuePage]:
    """Read page after page; a cursor travels as JSON and in a URL."""
    cursor = None
    while True:
        page = desk.queue(actor, limit=limit() if callable(limit) else limit, cursor=cursor, **wanted)
        yield page
        if page.next_cursor is None:
            return
        cursor = parse_qs(urlencode({"cursor": json.loads(json.dumps(page.next_cursor))}))["cursor"][0]
        assert cursor == page.next_cursor
        between()


def all_at_once(desk: SupportDesk, actor: Actor, **wanted) -> list[str]:
    """Return the ids of all that match, in their order, without a cursor."""
    ids, count = [], 1
    while len(ids) < count:
        page = desk.queue(actor, limit=100, offset=len(ids), **wanted)
        ids += [case.id for case in page.cases]
        count = page.count
    return ids


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


@pytest.fixture
def crowd(desk, clock, request):
    crowd = Crowd(desk, clock, random.Random(request.node.name))
    crowd.fill(25)
    return crowd


def assert_once(crowd: Crowd, walked: list[str], before: list[str]) -> None:
    """What was not touched came exactly once and in its order, and nothing that never matched came at all."""
    untouched = [case_id for case_id in before if case_id not in crowd.touched]
    assert [case_id for case_id in walked if case_id not in crowd.touched] == untouched


@pytest.mark.parametrize("sort", QueueSort)
@pytest.mark.parametrize("wanted", WANTED, ids=str)
@pytest.mark.parametrize("actor", [ADA, BOB], ids=["all stores", "some stores"])
def test_a_case_that_does_not_change_comes_exactly_once_whatever_else_is_written(crowd, sort, wanted, actor):
    limit = crowd.dice.randint(1, 7)
    before = all_at_once(crowd.desk, actor, sort=sort, **wanted)
    pages = list(walk(crowd.desk, actor, limit, crowd.meddle, sort=sort, **wanted))
    assert_once(crowd, [case.id for page in pages for case in page.cases], before)
    assert all(len(page.cases) == limit for page in pages[:-1])
    assert actor.stores is None or {case.store for page in pages for case in page.cases} <= actor.stores


@pytest.mark.parametrize("sort", QueueSort)
@pytest.mark.parametrize("limit", range(1, 8))
def test_a_walk_in_peace_is_the_queue_itself(crowd, sort, limit):
    pages = list(walk(crowd.desk, ADA, limit, sort=sort))
    everything = all_at_once(crowd.desk, ADA, sort=sort)
    assert [case.id for page in pages for case in page.cases] == everything
    assert {page.count for page in pages} == {len(everything)}
    assert len(pages) == -(-len(everything) // limit)  # no empty page at the end


@settings(max_examples=60, derandomize=True, deadline=None, database=None)
@given(
    seed=st.integers(0, 2**32),
    sort=st.sampled_from(QueueSort),
    wanted=st.sampled_from(WANTED),
    limits=st.lists(st.integers(1, 7), min_size=1, max_size=5),
)
def test_pages_may_change_their_length_on_the_way(seed, sort, wanted, limits):
    dice = random.Random(seed)
    with closing(SqliteRepository(":memory:")) as repository:
        clock = MovableClock()
        desk = SupportDesk(repository, clock=clock)  # ids of UUIDv7, whose order within a millisecond is by chance
        crowd = Crowd(desk, clock, dice)
        crowd.fill(15)
        before = all_at_once(desk, ADA, sort=sort, **wanted)
        walked = walk(desk, ADA, lambda: dice.choice(limits), crowd.meddle, sort=sort, **wanted)
        assert_once(crowd, [case.id for page in walked for case in page.cases], before)


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


def test_a_cursor_is_as_good_the_second_time_and_after_everything_else_has_gone(desk):
    for _ in range(5):
        desk.open(ACME, body=BODY)
    cursor = desk.queue(ADA, limit=2).next_cursor
    assert desk.queue(ADA, cursor=cursor) == desk.queue(ADA, cursor=cursor)
    for number in range(1, 6):
        desk.close(ADA, f"acme:{number}")
    page = desk.queue(ADA, status="all", cursor=cursor)
    assert page.next_cursor is None


# threads and processes

WRITER = """
    import json, random
    desk = SupportDesk(SqliteRepository(sys.argv[1]))
    ada, dice = Actor.support("Ada"), random.Random(7)
    numbers = [int(number) for number in sys.argv[2].split(",")]
    for n in range(60):
        ref = f"acme:{dice.choice(numbers)}"
        if n % 4 == 0:
            desk.open(Actor.merchant("acme"), body="A hydra while you walk.", severity="critical")
        elif n % 4 == 1:
            desk.answer(ada, ref, body="Try again.", close=n % 8 == 1)
        elif n % 4 == 2:
            desk.reply(Actor.merchant("acme"), ref.removeprefix("acme:"), body="A hydra!")
        else:
            desk.change(ada, ref, severity=dice.choice(["critical", "low"]), assignee="me")
    desk.repository.close()
    print(json.dumps("done"))
"""


@pytest.mark.parametrize("wanted", [{}, {"query": "hydra"}], ids=str)
def test_walks_in_threads_while_threads_and_another_process_write(path, wanted):
    with closing(SqliteRepository(path)) as repository:
        desk = SupportDesk(repository)
        with repository.write():
            for number in range(1, 61):
                desk.open(ACME, body="A hydra is in the shop.", severity="critical" if number % 7 == 0 else "normal")
                if number % 3 == 0:
                    desk.answer(ADA, f"acme:{number}", body="Try again.")
        changing = list(range(1, 61, 2))
        still = {desk.find(ADA, f"acme:{number}").id for number in range(2, 61, 2)}
        orders = {sort: [i for i in all_at_once(desk, ADA, sort=sort, **wanted) if i in still] for sort in QueueSort}
        done = threading.Event()

        def write() -> None:
            dice = random.Random(8)
            while not done.is_set():
                desk.reply(ACME, dice.choice(changing), body="Still the same.")
                desk.answer(ADA, f"acme:{dice.choice(changing)}", body="Try again.")

        def walks(sort: QueueSort) -> int:
            walked = 0
            while not done.is_set() or not walked:
                ids = [case.id for page in walk(desk, ADA, 1 + walked % 7, sort=sort, **wanted) for case in page.cases]
                assert [case_id for case_id in ids if case_id in still] == orders[sort]
                walked += 1
            return walked

        process = start(WRITER, path, ",".join(map(str, changing)))
        with ThreadPoolExecutor(5) as pool:
            writing = pool.submit(write)
            walking = [pool.submit(walks, sort) for sort in QueueSort]
            try:
                assert let_go([process]) == ["done"]
            finally:
                done.set()
            writing.result()
            assert all(walker.result() >= 1 for walker in walking)


# cursors that nobody gave


def encoded(value: object) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def question(sort: str = "waiting", **wanted) -> str:
    """Return what the desk's own cursors begin with."""
    cursor = Cursors(CaseFilter(**wanted), QueueSort(sort)).write(("x",))
    return json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))[0]


@pytest.fixture
def some(desk):
    for _ in range(3):
        desk.open(ACME, body=BODY)
        desk.open(GLOBEX, body=BODY)
    return desk


def tried(desk: SupportDesk, cursor: object, actor: Actor = ADA, **wanted) -> QueuePage | None:
    """Return the page behind a cursor, or None where it is refused with a sentence about it alone."""
    try:
        page = desk.queue(actor, cursor=cursor, limit=2, **wanted)
    except InvalidInput as error:
        refused = error.problems
    else:
        refused = {}
    if refused:
        assert list(refused) == ["cursor"]
        return None
    assert page.count == desk.queue(actor, **wanted).count
    assert len(page.cases) <= 2
    assert actor.stores is None or {case.store for case in page.cases} <= actor.stores
    return page


FORGED = [
    None,
    0,
    "",
    "x",
    [],
    [None],
    {},
    {"Q": 1},
    "Q",
    ["Q"],
    ["Q", None],
    ["Q", True],
    ["Q", 1.5],
    ["Q", -1],
    ["Q", 10],
    ["Q", 2**63],
    ["Q", 10**400],
    ["Q", []],
    ["Q", {}],
    ["Q", ["Q", "a"]],
    ["Q", "\ud800"],
    ["Q", "\0"],
    ["Q", "\n"],
    ["Q", "é"],
    ["Q", "x" * 65],
    [["Q"], "a"],
    [None, "a"],
    ["q" * 16, "a"],
    [0, 0, "a", "b", "c"],
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


places = st.lists(
    st.one_of(
        st.integers(0, 9),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=64),
        st.sampled_from(["", "2024-06-15T10:30:00.000Z", "0191abc0-0000-7000-8000-000000000003", "' OR 1=1 --"]),
    ),
    min_size=1,
    max_size=12,
)
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters(exclude_categories=[]))),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@pytest.fixture(scope="module")
def module_desk():
    with closing(SqliteRepository(":memory:")) as repository:
        desk = SupportDesk(repository, clock=MovableClock())
        for _ in range(3):
            desk.open(ACME, body=BODY)
            desk.open(GLOBEX, body=BODY)
        desk.answer(ADA, "acme:2", body="Try again.")
        yield desk


many = settings(max_examples=300, derandomize=True, deadline=None, database=None)


@many
@given(place=places, sort=st.sampled_from(QueueSort), actor=st.sampled_from([ADA, BOB]))
def test_a_forged_place_is_a_place_and_shows_nothing_that_the_actor_may_not_see(module_desk, place, sort, actor):
    stores = {} if actor.stores is None else {"stores": actor.stores}
    cursor = encoded([question(sort, **stores), *place])
    if len(cursor) <= 1000:
        page = tried(module_desk, cursor, actor, sort=sort)
        assert page is not None
        everything = module_desk.queue(actor, sort=sort).cases
        if not page.next_cursor:
            assert page.cases == everything[len(everything) - len(page.cases) :]


@many
@given(value=json_values, after_question=st.booleans())
def test_any_json_is_refused_or_a_place(module_desk, value, after_question):
    if after_question:
        value = [question(), *(value if isinstance(value, list) else [value])]
    tried(module_desk, encoded(value))


@many
@given(text=st.text(max_size=60) | st.text("ABCDefgh0123_-", max_size=60) | st.binary(max_size=200).map(encoded))
def test_any_text_is_refused_or_a_place(module_desk, text):
    tried(module_desk, text)


@many
@given(data=st.data())
def test_a_cursor_that_was_damaged_is_refused_or_a_place(module_desk, data):
    cursor = module_desk.queue(ADA, limit=2).next_cursor
    at = data.draw(st.integers(0, len(cursor)))
    inserted = data.draw(st.sampled_from(["", "A", "_", "z9", "=", "\n"]))
    tried(module_desk, cursor[:at] + inserted + cursor[at + data.draw(st.integers(0, 3)) :])


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
    some.assign(ADA, "acme:1", "me")
    some.assign(ADA, "acme:2", "me")
    cursor = some.queue(ADA, limit=1, **asked).next_cursor
    assert cursor is not None
    for other in OTHER_QUESTIONS:
        page = tried(some, cursor, **other)
        assert (page is not None) == (other == asked)
    assert tried(some, cursor, BOB, **asked) is None
    with pytest.raises(InvalidInput) as refused:
        some.queue(BOB, cursor=cursor, **asked)
    assert refused.value.problems == {"cursor": REFUSED}


def test_the_same_question_may_be_asked_in_other_words(some):
    asked = {"status": "all", "query": " card ", "created_after": "2024-06-15", "limit": 2}
    cursor = some.queue(ADA, **asked).next_cursor
    again = {"severity": "all", "query": "card", "created_after": "2024-06-15T02:00:00+02:00", "limit": 3}
    assert len(some.queue(ADA, cursor=cursor, **again).cases) == 3
    some.assign(ADA, "acme:1", "me")
    some.assign(ADA, "acme:2", "me")
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


def test_by_age_nothing_ever_moves_whatever_is_written(desk, clock):
    for _ in range(4):
        desk.open(ACME, body=BODY)
        clock.advance(minutes=1)
    seen = Counter()
    for page in walk(desk, ADA, 1, sort="age"):
        seen.update(case.number for case in page.cases)
        desk.reply(ACME, 1, body="More")
    assert seen == {1: 1, 2: 1, 3: 1, 4: 1}


def test_a_cursor_lasts_longer_than_the_clock_is_right(desk, clock):
    for _ in range(4):
        desk.open(ACME, body=BODY)
    cursor = desk.queue(ADA, limit=1).next_cursor
    clock.now -= timedelta(days=30)
    desk.open(ACME, body=BODY)
    clock.now += timedelta(days=365)
    assert [case.number for case in desk.queue(ADA, cursor=cursor).cases] == [2, 3, 4]
