"""GET /support/cases, page by page: limit and offset, cursors that lead through all of it, cursors that are forged."""

import base64

import pytest

from tests.conftest import SUPPORT

QUEUE = f"{SUPPORT}/cases"
CURSOR_PROBLEM = "Must be the nextCursor of a page with the same filters and sort."
SORTS = ["waiting", "activity", "age", "severity"]


@pytest.fixture
def ask(ada):
    """Ask for the queue."""
    return lambda **params: ada.simulate_get(QUEUE, params=params)


def test_meta_tells_the_count_and_where_the_page_lies(queue, ask):
    assert ask(limit=3, offset=7).json["meta"] == {
        "count": 8,
        "offset": 7,
        "limit": 3,
        "countIsExact": True,
        "nextCursor": None,
    }
    meta = ask(limit=3, offset=5).json["meta"]
    assert (list(meta), meta["nextCursor"]) == (["count", "offset", "limit", "countIsExact", "nextCursor"], None)
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
@pytest.mark.parametrize(
    ("limit", "filters"),
    [
        *((limit, {}) for limit in (1, 2, 3, 7, 8, 100)),
        *((1, filters) for filters in ({"status": "open"}, {"store": "globex", "query": "c"}, {"assignee": "none"})),
    ],
)
def test_the_cursors_lead_through_all_pages_in_order(queue, ask, subjects, sort, limit, filters):
    pages = list(walk(ask, sort=sort, limit=limit, **filters))
    assert [case["subject"] for page in pages for case in page["data"]] == subjects(sort=sort, **filters)
    assert all(len(page["data"]) == limit for page in pages[:-1])
    assert pages[-1]["data"]
    assert {page["meta"]["count"] for page in pages} == {len(subjects(sort=sort, **filters))}


def test_a_cursor_goes_on_behind_a_page_reached_by_offset_and_takes_another_limit(queue, ask, subjects):
    cursor = ask(limit=2, offset=1).json["meta"]["nextCursor"]
    assert [case["subject"] for case in ask(limit=4, cursor=cursor).json["data"]] == subjects()[3:7]


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


@pytest.mark.parametrize("sort", SORTS)
def test_a_broken_or_forged_cursor_is_400_with_a_sentence(queue, ask, sort):
    """What else may be forged, and what a forged place shows, is tried in tests/domain/test_cursors.py."""
    cursor = ask(sort=sort, limit=2).json["meta"]["nextCursor"]
    broken = ["x", "-" * 1000, "A" * 1001, f"{cursor}x", cursor[:-1], cursor[1:], f"{cursor}=", f" {cursor}", "é"]
    for text in (*broken, *map(encoded, [b"[" * 700, b"\xff\xfe\xfd", b"{}", b"[null]", b'["x", NaN]'])):
        answer = ask(sort=sort, cursor=text)
        assert answer.status_code == 400, text
        assert [detail["field"] for detail in answer.json["details"]] == ["cursor"]
        assert answer.json["error"] in {f"cursor m{CURSOR_PROBLEM[1:]}", "cursor must be the nextCursor of a page."}


def encoded(written):
    return base64.urlsafe_b64encode(written).decode().rstrip("=")
