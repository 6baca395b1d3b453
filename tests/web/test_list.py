"""GET /support-cases: order, pages, filters and the search."""

import pytest

from tests.conftest import ACME, ADA, CASES

BODY = "The checkout shows a blank page."


def open_cases(desk, *subjects, **fields):
    return [desk.open(ACME, body=BODY, subject=subject, **fields) for subject in subjects]


@pytest.fixture
def desk(app):
    return app.desk


@pytest.fixture
def subjects(client):
    """Return the subjects of a page."""

    def ask(**params):
        answer = client.simulate_get(CASES, params=params)
        assert answer.status_code == 200, answer.text
        return [case["subject"] for case in answer.json["data"]]

    return ask


def test_a_store_without_cases_has_an_empty_list(client):
    answer = client.simulate_get(CASES)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.text == '{"data":[],"meta":{"count":0,"offset":0,"limit":10}}'


def test_the_list_has_the_reference_page_s_shape_in_its_order(client, desk, clock):
    open_cases(desk, "Blank page", category="orders_payments", severity="high")
    answer = client.simulate_get(CASES)
    assert answer.text == (
        '{"data":[{"id":"0191abc0-0000-7000-8000-000000000001","number":1,"subject":"Blank page",'
        '"category":"orders_payments","severity":"high","status":"open","createdAt":"2024-06-15T10:30:00.000Z",'
        '"lastActivityAt":"2024-06-15T10:30:00.000Z","closedAt":null}],"meta":{"count":1,"offset":0,"limit":10}}'
    )


def test_the_newest_activity_comes_first(client, desk, clock, subjects):
    open_cases(desk, "one")
    clock.advance(seconds=1)
    open_cases(desk, "two")
    clock.advance(seconds=1)
    desk.reply(ACME, 1, body="more")
    assert subjects() == ["one", "two"]
    clock.advance(seconds=1)
    desk.close(ACME, 2)
    assert subjects() == ["two", "one"]


def test_of_equally_new_cases_the_higher_number_comes_first(desk, subjects):
    open_cases(desk, "one", "two", "three")
    assert subjects() == ["three", "two", "one"]


@pytest.mark.parametrize(
    ("limit", "offset", "wanted"),
    [("1", "0", ["5"]), ("2", "0", ["5", "4"]), ("2", "2", ["3", "2"]), ("2", "4", ["1"]), ("100", "0", list("54321"))],
)
def test_a_page_is_limit_cases_from_offset_and_counts_all(client, desk, limit, offset, wanted):
    open_cases(desk, *(f"case {n}" for n in range(1, 6)))
    answer = client.simulate_get(CASES, params={"limit": limit, "offset": offset}).json
    assert [case["subject"][-1] for case in answer["data"]] == wanted
    assert answer["meta"] == {"count": 5, "offset": int(offset), "limit": int(limit)}


def test_a_page_has_ten_cases_unless_asked_for_more(client, desk):
    open_cases(desk, *(f"case {n}" for n in range(11)))
    answer = client.simulate_get(CASES).json
    assert len(answer["data"]) == 10
    assert answer["meta"] == {"count": 11, "offset": 0, "limit": 10}
    assert len(client.simulate_get(CASES, params={"limit": "100"}).json["data"]) == 11


@pytest.fixture
def mixed(desk):
    """One case of each status and severity: 1 open critical, 2 answered high, 3 closed normal, 4 open low."""
    for subject, severity in [("one", "critical"), ("two", "high"), ("three", "normal"), ("four", "low")]:
        open_cases(desk, subject, severity=severity)
    desk.answer(ADA, "acme:2", body="Done.")
    desk.close(ACME, 3)


@pytest.mark.usefixtures("mixed")
@pytest.mark.parametrize(
    ("params", "wanted"),
    [
        ({}, ["four", "three", "two", "one"]),
        ({"status": "all"}, ["four", "three", "two", "one"]),
        ({"status": "open"}, ["four", "one"]),
        ({"status": "answered"}, ["two"]),
        ({"status": "closed"}, ["three"]),
        ({"severity": "all"}, ["four", "three", "two", "one"]),
        ({"severity": "critical"}, ["one"]),
        ({"severity": "high"}, ["two"]),
        ({"severity": "normal"}, ["three"]),
        ({"severity": "low"}, ["four"]),
        ({"status": "open", "severity": "low"}, ["four"]),
        ({"status": "closed", "severity": "low"}, []),
        ({"status": "open", "query": "o"}, ["four", "one"]),
        ({"status": "open", "query": "two"}, []),
        ({"query": "2"}, ["two"]),
        ({"status": "closed", "query": "#2"}, []),
    ],
)
def test_filters_narrow_the_list_and_the_count(client, params, wanted):
    answer = client.simulate_get(CASES, params=params).json
    assert [case["subject"] for case in answer["data"]] == wanted
    assert answer["meta"]["count"] == len(wanted)
    page = client.simulate_get(CASES, params={**params, "limit": "1", "offset": "1"}).json
    assert [case["subject"] for case in page["data"]] == wanted[1:2]
    assert page["meta"]["count"] == len(wanted)


@pytest.mark.parametrize(
    ("subject", "query"),
    [
        ("Order #1042 refunded", "1042"),
        ("Order #1042 refunded", "#1042"),
        ("Order #1042 refunded", "ORDER"),
        ("Order #1042 refunded", "  r #1042 REF  "),
        ("École fermée", "éCOLE FERMÉE"),
        ("école", "É"),
        ("é è à", "e\u0301"),
        ("Straße gesperrt", "STRASSE"),
        ("STRASSE gesperrt", "straße"),
        ("ΟΔΟΣ", "οδος"),
        ("ΟΔΟΣ", "οδοσ"),
        ("100% off", "%"),
        ("a_b", "_"),
        ('say "no"', '"'),
        ("2 * 2", "*"),
        ("cats OR dogs", "OR"),
        ("a NEAR b", "NEAR"),
        ("it's", "'"),
        ("back\\slash", "\\"),
        ("[abc] x?", "[abc]"),
        ("🛒 cart", "🛒"),
        ("注文できない", "文で"),
        ("a+b & c=d", "+b & c="),
    ],
)
def test_a_query_finds_a_part_of_the_subject_in_any_letter_case(desk, subjects, subject, query):
    open_cases(desk, subject, "not this")
    assert subjects(query=query) == [subject]


@pytest.mark.parametrize(
    "query",
    [
        "%",
        "_",
        "*",
        '"',
        "a%b",
        "a_c",
        "another OR thing",
        "another NEAR thing",
        "thing another",
        "-another",
    ],
)
def test_signs_of_search_languages_mean_themselves(desk, subjects, query):
    open_cases(desk, "another thing", "abc", "é è à")
    assert subjects(query=query) == []


def test_a_query_looks_at_subjects_only(desk, subjects):
    desk.open(ACME, body="needle in the body", subject="haystack", category="billing_plans", author="needle")
    desk.reply(ACME, 1, body="needle in a reply")
    assert subjects(query="needle") == subjects(query="billing") == subjects(query="0191abc0") == []


@pytest.mark.parametrize("query", ["2", "02", "000002", "#2", "#000002", " 2 ", "%232", "0" * 19 + "2"])
def test_a_query_finds_the_exact_number_in_all_its_forms(desk, client, query):
    open_cases(desk, *(f"case {chr(96 + n)}" for n in range(1, 13)))
    query = query if "%" in query else query.replace("#", "%23").replace(" ", "+")
    answer = client.simulate_get(CASES, query_string=f"query={query}").json
    assert [case["number"] for case in answer["data"]] == [2]


@pytest.mark.parametrize("query", ["0", "-2", "+2", "2.0", "２", "##2", "# 2", "#", "99999999999999999999", "9" * 50])
def test_what_is_no_number_finds_none(desk, subjects, query):
    open_cases(desk, "one", "two")
    assert subjects(query=query) == []


def test_a_query_finds_subjects_and_the_number_together(desk, subjects):
    open_cases(desk, "first", "second", "error 1 again")
    assert subjects(query="1") == ["error 1 again", "first"]


def test_a_very_long_query_finds_nothing(client):
    answer = client.simulate_get(CASES, params={"query": "ä" * 20_000})
    assert (answer.status_code, answer.json["meta"]["count"]) == (200, 0)
