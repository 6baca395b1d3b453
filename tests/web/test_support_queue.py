"""GET /support/cases: the shape of the queue, its orders and its filters; its pages are in test_support_paging."""

import pytest

from tests.conftest import ACME, ADA, CASES, GLOBEX, SUPPORT

QUEUE = f"{SUPPORT}/cases"
BODY = "The checkout shows a blank page."
SORTS = ["waiting", "activity", "age", "severity"]


@pytest.fixture
def ask(ada):
    """Ask for the queue."""
    return lambda **params: ada.simulate_get(QUEUE, params=params)


def test_an_empty_queue(ask):
    answer = ask()
    assert answer.text == '{"data":[],"meta":{"count":0,"offset":0,"limit":10,"countIsExact":true,"nextCursor":null}}'
    assert answer.headers["Content-Type"] == "application/json"
    assert "ETag" not in answer.headers


def test_a_case_of_the_queue_to_the_byte(app, ask, clock):
    app.desk.open(ACME, body=BODY, subject="Blank page", author="Grace")
    clock.advance(minutes=1)
    app.desk.assign(ADA, "acme:1", "Bob")
    assert ask(limit=5).text == (
        '{"data":[{"id":"0191abc0-0000-7000-8000-000000000001","number":1,"subject":"Blank page","category":"other",'
        '"severity":"normal","status":"open","createdAt":"2024-06-15T10:30:00.000Z",'
        '"lastActivityAt":"2024-06-15T10:30:00.000Z","closedAt":null,"store":"acme","assignee":"Bob",'
        '"waitingSince":"2024-06-15T10:30:00.000Z"}],"meta":{"count":1,"offset":0,"limit":5,"countIsExact":true,"nextCursor":null}}'
    )


def test_a_case_of_the_queue_with_an_excerpt_to_the_byte(app, ask, clock):
    app.desk.open(ACME, body=BODY, subject="Blank page", author="Grace")
    clock.advance(minutes=1)
    app.desk.note(ADA, "acme:1", body="The gateway,\nagain.")
    plain, told = ask().json["data"], ask(excerpts="true")
    assert told.text.startswith(ask().text.split("}]")[0])
    assert told.text.endswith(
        '"messageCount":2,"excerpt":{"messageId":"0191abc0-0000-7000-8000-000000000003","authorKind":"support",'
        '"authorLabel":"Ada","text":"The gateway, again.","createdAt":"2024-06-15T10:31:00.000Z","internal":true}}],'
        '"meta":{"count":1,"offset":0,"limit":10,"countIsExact":true,"nextCursor":null}}'
    )
    assert ask(excerpts="false").json["data"] == plain
    assert ask(excerpts="true", query="shows a").json["data"][0]["excerpt"]["text"] == BODY


# -- orders -----------------------------------------------------------------------------------------------------------


def test_by_default_those_who_wait_come_first_the_critical_ones_before_all(queue, subjects):
    waiting = ["critical a", "critical b", "early low", "late normal", "high"]
    assert subjects() == subjects(sort="waiting") == [*waiting, "answered low", "closed", "answered critical"]


def test_by_activity_the_newest_is_first(queue, subjects):
    moved = ["critical b", "answered low", "closed", "answered critical", "high", "critical a", "late normal"]
    assert subjects(sort="activity") == [*moved, "early low"]


def test_by_age_the_oldest_is_first(queue, subjects):
    aged = ["early low", "late normal", "critical a", "high", "answered critical", "closed", "answered low"]
    assert subjects(sort="age") == [*aged, "critical b"]


def test_by_severity_the_older_of_two_equals_is_first(queue, subjects):
    hurt = ["critical a", "answered critical", "critical b", "high", "closed", "late normal", "early low"]
    assert subjects(sort="severity") == [*hurt, "answered low"]


@pytest.mark.parametrize("sort", SORTS)
def test_ties_have_an_order_that_pages_keep_to(app, ask, sort):
    for n in range(7):
        app.desk.open(ACME if n % 2 else GLOBEX, body=BODY, subject=f"case {n}")
    whole = [case["id"] for case in ask(sort=sort, limit=100).json["data"]]
    assert whole == sorted(whole, reverse=sort == "activity")
    for limit in (1, 2, 3):
        pages = [ask(sort=sort, limit=limit, offset=offset).json["data"] for offset in range(0, 7, limit)]
        assert [case["id"] for page in pages for case in page] == whole


# -- filters ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"store": "globex"}, {"critical b", "closed", "answered low"}),
        ({"store": "GLOBEX"}, set()),
        ({"store": "nosuch"}, set()),
        ({"status": "answered"}, {"answered critical", "answered low"}),
        ({"status": "closed"}, {"closed"}),
        ({"status": "open", "store": "globex"}, {"critical b"}),
        ({"severity": "critical"}, {"critical a", "critical b", "answered critical"}),
        ({"severity": "low", "status": "open"}, {"early low"}),
        ({"category": "billing_plans"}, {"high"}),
        ({"category": "domains_setup", "severity": "low"}, {"early low"}),
        ({"category": "store_builder"}, set()),
        ({"query": "  LOW "}, {"early low", "answered low"}),
        ({"query": "1"}, {"late normal", "critical b"}),
        ({"query": "#000002"}, {"early low", "closed"}),
        ({"query": "1", "store": "acme"}, {"late normal"}),
        ({"query": "which BROWSER"}, {"answered critical"}),
        ({"query": "Fixed.", "store": "acme"}, set()),
        ({"query": "%"}, set()),
        ({"query": "_"}, set()),
    ],
)
def test_filters(queue, subjects, params, expected):
    assert set(subjects(**params)) == expected


@pytest.mark.parametrize("name", ["status", "severity", "category"])
def test_all_is_no_filter(queue, subjects, name):
    assert subjects(**{name: "all"}) == subjects()


def test_the_assignee_is_me_none_or_a_label(app, opened, subjects):
    for subject, assignee in {
        "ada's": "Ada",
        "bob's": "Bob",
        "no one's": None,
        "ME's": "ME",
        "ada small": "ada",
    }.items():
        app.desk.assign(ADA, opened(subject).id, assignee)
    assert subjects(assignee="me") == subjects(assignee="Ada") == subjects(assignee=" Ada ") == ["ada's"]
    assert subjects(assignee="none") == ["no one's"]
    assert subjects(assignee="Bob") == ["bob's"]
    assert subjects(assignee="ME") == ["ME's"]
    assert subjects(assignee="Carol") == []
    assert len(subjects()) == 5


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"createdAfter": "2024-06-15T10:31:00Z"}, ["second", "third"]),
        ({"createdAfter": "2024-06-15T10:31:00.001Z"}, ["third"]),
        ({"createdBefore": "2024-06-15T10:31:00Z"}, ["first"]),
        ({"createdBefore": "2024-06-15T10:31:00.001Z"}, ["first", "second"]),
        ({"createdAfter": "2024-06-15T12:31:00+02:00", "createdBefore": "2024-06-15T05:32:00-05:00"}, ["second"]),
        ({"createdAfter": "2024-06-15"}, ["first", "second", "third"]),
        ({"createdBefore": "2024-06-15"}, []),
        ({"createdAfter": "2024-06-16"}, []),
        ({"createdBefore": "9999-12-31"}, ["first", "second", "third"]),
        ({"createdAfter": "0001-01-01T00:00:00Z"}, ["first", "second", "third"]),
        ({"createdAfter": "2024-06-15T10:32:00Z", "createdBefore": "2024-06-15T10:31:00Z"}, []),
        ({"activeAfter": "2024-06-15T10:40:00Z"}, ["first"]),
        ({"activeAfter": "2024-06-15T10:40:00.001Z"}, []),
        ({"activeBefore": "2024-06-15T10:40:00Z"}, ["second", "third"]),
        ({"activeBefore": "2024-06-15T10:31:00.500Z"}, ["second"]),
    ],
)
def test_moments_are_inclusive_after_and_exclusive_before(app, opened, clock, subjects, params, expected):
    opened("first", minutes=0)
    opened("second")
    opened("third")
    clock.advance(minutes=8)
    app.desk.reply(ACME, 1, body="Anything new?")
    assert subjects(sort="age", **params) == expected


@pytest.mark.parametrize("place", ["subject", "first message", "reply", "answer", "note"])
@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("Die Straße ist gesperrt", "STRASSE"),
        ("CAFÉ crème", "café CRÈME"),
        ("100% _off_", "100% _OFF_"),
        ("ΟΔΟΣ", "οδος"),
    ],
)
def test_a_query_finds_a_part_of_any_word_in_any_letter_case(app, opened, subjects, place, written, asked):
    opened("another")
    opened(written if place == "subject" else "wanted", body=written * 3 if place == "first message" else BODY)
    if place == "reply":
        app.desk.reply(ACME, 2, body=f"so: {written}!")
    if place == "answer":
        app.desk.answer(ADA, "acme:2", body=f"so: {written}!")
    if place == "note":
        app.desk.note(ADA, "acme:2", body=f"so: {written}!")
    assert subjects(query=asked) == [written if place == "subject" else "wanted"]
    assert subjects(query=asked, store="globex") == []


def test_a_renamed_case_is_found_by_its_new_name_on_both_sides(app, ada, client, opened, subjects):
    opened("Blank page")
    assert ada.simulate_patch(f"{QUEUE}/acme:1", json={"subject": "Leere Straße"}).status_code == 200
    assert subjects(query="STRASSE") == ["Leere Straße"]
    assert client.simulate_get(CASES, params={"query": "STRASSE"}).json["meta"]["count"] == 1
    assert subjects(query="blank page", status="open") == ["Leere Straße"]  # the body still says so
    assert client.simulate_get(CASES, params={"query": "blank page"}).json["meta"]["count"] == 0
