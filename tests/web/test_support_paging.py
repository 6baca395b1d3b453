"""GET /support/cases, page by page: limit and offset, cursors that lead through all of it, cursors that are forged."""

import base64
import itertools
import json

import pytest

from tests.conftest import ACME, ADA, SUPPORT, support_client_of

QUEUE = f"{SUPPORT}/cases"
CURSOR_PROBLEM = "Must be the nextCursor of a page with the same filters and sort."
SORTS = ["waiting", "activity", "age", "severity"]


@pytest.fixture
def ask(ada):
    """Ask for the queue."""
    return lambda **params: ada.simulate_get(QUEUE, params=params)


def test_meta_tells_the_count_and_where_the_page_lies(queue, ask):
    assert ask(limit=3, offset=7).json["meta"] == {"count": 8, "offset": 7, "limit": 3, "nextCursor": None}
    meta = ask(limit=3, offset=5).json["meta"]
    assert (list(meta), meta["nextCursor"]) == (["count", "offset", "limit", "nextCursor"], None)
    assert ask(limit=3, offset=4).json["meta"]["nextCursor"] is not None
    past = ask(offset=2**53 - 1).json
    assert (past["data"], past["meta"]["count"], past["meta"]["nextCursor"]) == ([], 8, None)


def walk(ask, **params):
    """Yield each page along the cursors."""
    page = ask(**params).json
    yield page
    for _ in range(100):  # a cursor that led nowhere would lead there for ever
        if not (cursor := page["meta"]["nextCursor"]):
            return
        page = ask(**params, cursor=cursor).json
        yield page


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 100])
@pytest.mark.parametrize("filters", [{}, {"status": "open"}, {"store": "globex", "query": "c"}, {"assignee": "none"}])
def test_the_cursors_lead_through_all_pages_in_order(queue, ask, subjects, sort, limit, filters):
    pages = list(walk(ask, sort=sort, limit=limit, **filters))
    assert [case["subject"] for page in pages for case in page["data"]] == subjects(sort=sort, **filters)
    assert all(len(page["data"]) == limit for page in pages[:-1])
    assert pages[-1]["data"]
    assert {page["meta"]["count"] for page in pages} == {len(subjects(sort=sort, **filters))}


def test_a_cursor_goes_on_behind_a_page_reached_by_offset_and_takes_another_limit(queue, ask, subjects):
    cursor = ask(limit=2, offset=1).json["meta"]["nextCursor"]
    assert [case["subject"] for case in ask(limit=4, cursor=cursor).json["data"]] == subjects()[3:7]


def test_a_cursor_is_only_of_letters_that_a_url_takes(queue, ask):
    for page in itertools.chain(*(walk(ask, sort=sort, limit=1) for sort in SORTS)):
        assert set(page["meta"]["nextCursor"] or "") <= set(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
        )


def test_a_cursor_with_an_offset_is_400(queue, ask):
    cursor = ask(limit=1).json["meta"]["nextCursor"]
    answer = ask(cursor=cursor, offset=1)
    assert answer.status_code == 400
    assert answer.json["details"] == [{"field": "offset", "message": "Must be left out where there is a cursor."}]
    assert ask(cursor=cursor, offset=0).status_code == 200


@pytest.mark.parametrize(
    "other",
    [
        *({"sort": "age"}, {"store": "acme"}, {"status": "open"}, {"severity": "low"}, {"category": "other"}),
        *({"query": "a"}, {"assignee": "me"}, {"assignee": "none"}),
        *({"createdAfter": "2024-01-01"}, {"activeBefore": "2030-01-01"}),
    ],
)
def test_a_cursor_of_another_question_is_400(queue, ask, other):
    cursor = ask(limit=1).json["meta"]["nextCursor"]
    answer = ask(cursor=cursor, **other)
    assert answer.status_code == 400
    assert answer.json["details"] == [{"field": "cursor", "message": CURSOR_PROBLEM}]


def test_somebody_else_s_cursor_for_me_is_400(app, queue, ask):
    for ref in ("acme:1", "acme:2"):
        app.desk.assign(ADA, ref, "Ada")
    cursor = ask(limit=1, assignee="me").json["meta"]["nextCursor"]
    bob = support_client_of(app, "Bob")
    assert bob.simulate_get(QUEUE, params={"assignee": "me", "cursor": cursor}).status_code == 400
    assert ask(assignee="Ada", cursor=cursor).status_code == 200  # the same question in other words


def forge(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def forgeries(cursor):
    question, *place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    values = [None, True, -1, 10, 2**63, 10**400, 1.5, [], {}, "x" * 65, "é", "\0", "a\nb", [[[]]]]
    yield from (
        "x",
        "_",
        "-" * 1000,
        "A" * 1001,
        cursor + "x",
        cursor[:-1],
        cursor[1:],
        cursor + "=",
        " " + cursor,
        "é",
    )
    yield from map(
        forge, [None, 1, "x", [], [None], {}, {question: 1}, [question], place, [place, question], [[question]]]
    )
    for n, value in itertools.product(range(len(place)), values):
        yield forge([question, *place[:n], value, *place[n + 1 :]])
    yield forge([question[:-1] + "x", *place])
    yield base64.urlsafe_b64encode(b"[" * 700).decode().rstrip("=")
    yield base64.urlsafe_b64encode(b"\xff\xfe\xfd").decode().rstrip("=")
    yield base64.urlsafe_b64encode(f'["{question}",NaN]'.encode()).decode().rstrip("=")


@pytest.mark.parametrize("sort", SORTS)
def test_a_broken_or_forged_cursor_is_400_with_a_sentence(queue, ask, sort):
    cursor = ask(sort=sort, limit=2).json["meta"]["nextCursor"]
    for forged in forgeries(cursor):
        answer = ask(sort=sort, cursor=forged)
        assert answer.status_code == 400, forged
        assert [detail["field"] for detail in answer.json["details"]] == ["cursor"]
        assert answer.json["error"] in {f"cursor m{CURSOR_PROBLEM[1:]}", "cursor must be the nextCursor of a page."}


@pytest.mark.parametrize("sort", SORTS)
def test_a_forged_place_of_the_right_form_shows_what_may_be_seen_and_no_more(app, queue, ask, sort):
    bob = support_client_of(app, "Bob", ["globex"])
    cursor = bob.simulate_get(QUEUE, params={"sort": sort, "limit": 1}).json["meta"]["nextCursor"]
    question, *place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    for places in (
        [0],
        [""],
        ["~"],
        [9],
        [0, ""],
        place[:1],
        [*place, "x", 1, 2],
        [str(place[0])],
        place[::-1],
        [1] * 9,
    ):
        answer = bob.simulate_get(QUEUE, params={"sort": sort, "cursor": forge([question, *places])})
        assert answer.status_code in {200, 400}
        assert {case["store"] for case in answer.json.get("data", [])} <= {"globex"}


@pytest.mark.parametrize("sort", SORTS)
def test_a_case_that_does_not_change_appears_once_whatever_is_written_between_the_pages(app, opened, ask, clock, sort):
    still = {opened(f"still {n}", severity=["low", "critical"][n % 2]).id for n in range(12)}
    busy = [opened(f"busy {n}").id for n in range(12)]
    changes = itertools.cycle(
        [
            lambda ref: app.desk.answer(ADA, ref, body="Which browser?"),
            lambda ref: app.desk.change(ADA, ref, severity="critical"),
            lambda ref: app.desk.reply(ACME, ref, body="Anything new?"),
            lambda ref: app.desk.close(ACME, ref),
            lambda ref: app.desk.note(ADA, ref, body="Hm."),
        ]
    )
    seen, cursor = [], {}
    for turn in range(100):
        page = ask(sort=sort, limit=3, **cursor).json
        seen += [case["id"] for case in page["data"]]
        if not page["meta"]["nextCursor"]:
            break
        cursor = {"cursor": page["meta"]["nextCursor"]}
        clock.advance(seconds=1)
        next(changes)(busy[turn * 5 % 12])
        if turn < 5:
            opened(f"new {turn}", minutes=0)
    assert sorted(ref for ref in seen if ref in still) == sorted(still)
