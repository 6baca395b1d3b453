"""GET /support-cases: order, pages, filters and the search."""

import pytest

from tests.conftest import ACME, ADA, CASES, GLOBEX, call

BODY = "The checkout shows a blank page."
UUIDS = [f"0191abc0-0000-7000-8000-{n:012x}" for n in range(100)]
CASE_KEYS = ["id", "number", "subject", "category", "severity", "status", "createdAt", "lastActivityAt", "closedAt"]
LIMIT = "Must be a whole number from 1 to 100."
OFFSET = "Must be a whole number from 0 to 9007199254740991."


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


def refusal(answer):
    assert answer.status_code == 400, answer.text
    assert answer.json["code"] == "validation_failed"
    return [(d["field"], d["message"]) for d in answer.json["details"]]


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
    assert list(answer.json["data"][0]) == CASE_KEYS
    assert "messages" not in answer.json["data"][0]


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


@pytest.mark.parametrize("offset", [1, 2, 9_007_199_254_740_991])
def test_an_offset_past_the_end_is_an_empty_page_with_the_right_count(client, desk, offset):
    open_cases(desk, "only one")
    answer = client.simulate_get(CASES, params={"offset": str(offset)})
    assert answer.status_code == 200
    assert answer.json == {"data": [], "meta": {"count": 1, "offset": offset, "limit": 10}}


NOT_NUMBERS = [
    "-1",
    "+1",
    "1.0",
    "1e1",
    "1_0",
    " 1",
    "1 ",
    "abc",
    "0x1",
    "１",
    "٣",
    "²",
    "1,2",
    "true",
    "9" * 5000,
    "NaN",
]


@pytest.mark.parametrize("limit", ["0", "000", "101", "18446744073709551617", *NOT_NUMBERS])
def test_a_limit_outside_1_to_100_is_400_with_the_range(client, limit):
    assert refusal(client.simulate_get(CASES, params={"limit": limit})) == [("limit", LIMIT)]


@pytest.mark.parametrize("offset", ["9007199254740992", "18446744073709551616", *NOT_NUMBERS])
def test_an_offset_outside_0_to_2_to_the_53_minus_1_is_400_with_the_range(client, offset):
    assert refusal(client.simulate_get(CASES, params={"offset": offset})) == [("offset", OFFSET)]


@pytest.mark.parametrize("limit", ["1", "100", "001"])
def test_the_limits_of_the_limit_are_allowed(client, limit):
    assert client.simulate_get(CASES, params={"limit": limit}).json["meta"]["limit"] == int(limit)


def test_every_faulty_parameter_is_named_at_once(client):
    query = "limit=0&offset=-1&status=OPEN&severity=urgent"
    assert dict(refusal(client.simulate_get(CASES, query_string=query))) == {
        "limit": LIMIT,
        "offset": OFFSET,
        "status": "Must be open, answered, closed or all.",
        "severity": "Must be critical, high, normal, low or all.",
    }


@pytest.mark.parametrize("name", ["limit", "offset", "query", "status", "severity"])
def test_a_repeated_parameter_is_400(client, name):
    good = {"limit": "5", "offset": "5", "query": "x", "status": "open", "severity": "low"}[name]
    faults = refusal(client.simulate_get(CASES, query_string=f"{name}={good}&{name}={good}"))
    assert [field for field, _ in faults] == [name]


@pytest.mark.parametrize("query", ["{}=", "{}"])
@pytest.mark.parametrize("name", ["limit", "offset", "status", "severity"])
def test_a_blank_parameter_is_400(client, name, query):
    faults = refusal(client.simulate_get(CASES, query_string=query.format(name)))
    assert [field for field, _ in faults] == [name]


@pytest.mark.parametrize("query", ["query=", "query", "query=%20%20", "query=+%09%0A", "query=%C2%A0"])
def test_a_blank_query_is_none(desk, client, query):
    open_cases(desk, "one", "two")
    assert client.simulate_get(CASES, query_string=query).json["meta"]["count"] == 2


@pytest.mark.parametrize("query", ["page=2", "Limit=0", "limit[]=0", "sort=asc&sort=desc", "&&", "=", "=x", "%ZZ=1"])
def test_unknown_parameters_are_ignored(client, query):
    answer = client.simulate_get(CASES, query_string=query)
    assert answer.status_code == 200
    assert answer.json["meta"] == {"count": 0, "offset": 0, "limit": 10}


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


@pytest.mark.parametrize("status", ["OPEN", "Open", " open", "open ", "ALL", "pending", "open,closed", "null", "1"])
def test_an_unknown_status_is_400_with_the_choices(client, status):
    told = refusal(client.simulate_get(CASES, params={"status": status}, params_csv=False))
    assert told == [("status", "Must be open, answered, closed or all.")]


@pytest.mark.parametrize("severity", ["HIGH", "urgent", "low,high", "none", "0"])
def test_an_unknown_severity_is_400_with_the_choices(client, severity):
    told = refusal(client.simulate_get(CASES, params={"severity": severity}, params_csv=False))
    assert told == [("severity", "Must be critical, high, normal, low or all.")]


@pytest.mark.parametrize(
    ("subject", "query"),
    [
        ("Order #1042 refunded", "1042"),
        ("Order #1042 refunded", "#1042"),
        ("Order #1042 refunded", "ORDER"),
        ("Order #1042 refunded", "  r #1042 REF  "),
        ("École fermée", "éCOLE FERMÉE"),
        ("école", "É"),
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
    open_cases(desk, subject, "another thing")
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
        "e\u0301",
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


@pytest.mark.parametrize("name", ["query", "status", "limit", "unknown"])
@pytest.mark.parametrize("value", ["%00", "a%00b", "%ED%A0%80", "%FF", "%C3", "%E4%F6", "%F5%80%80%80"])
def test_nul_and_what_is_not_utf_8_is_400_in_every_parameter(client, name, value):
    answer = client.simulate_get(CASES, query_string=f"{name}={value}")
    assert answer.status_code == 400
    assert answer.json["code"] == "validation_failed"


@pytest.mark.parametrize("query", ["%00=1", "%FF=1", "%ED%A0%80=1"])
def test_nul_and_what_is_not_utf_8_is_400_in_a_parameter_s_name(client, query):
    assert client.simulate_get(CASES, query_string=query).status_code == 400


def test_unencoded_utf_8_in_the_query_string_is_understood(app, desk):
    key, _ = app.keys.create("acme")
    open_cases(desk, "Ärger", "anything")
    raw = "query=ÄRGER".encode().decode("latin-1")
    answer = call(app, "GET", CASES, HTTP_AUTHORIZATION=f"Bearer {key}", QUERY_STRING=raw)
    assert [case["subject"] for case in answer.json["data"]] == ["Ärger"]


def test_other_stores_cases_are_neither_listed_nor_counted(client, desk):
    desk.open(GLOBEX, body=BODY, subject="theirs")
    open_cases(desk, "ours")
    answer = client.simulate_get(CASES).json
    assert [case["subject"] for case in answer["data"]] == ["ours"]
    assert answer["meta"]["count"] == 1
    assert client.simulate_get(CASES, params={"query": "theirs"}).json["meta"]["count"] == 0
