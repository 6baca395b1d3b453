"""What each parameter of a query string allows, on both sides of the desk; whatever is refused is named."""

from urllib.parse import urlencode

import pytest

from supportcases.web.shapes import (
    CaseQuery,
    HistoryQuery,
    IdleQuery,
    QueueQuery,
    StatisticsQuery,
    SupportStoreQuery,
    WholeCaseQuery,
)
from tests.conftest import ACME, ADA, CASES, SUPPORT
from tests.support.answers import checked
from tests.support.desks import problems

QUEUE, STATS, IDLE = f"{SUPPORT}/cases", f"{SUPPORT}/stats", f"{SUPPORT}/idle"
PAGE, FILTERS = ["limit", "offset"], ["status", "severity"]
WINDOW = ["store", "createdAfter", "createdBefore"]
LISTS = {
    CASES: [*PAGE, *FILTERS],
    QUEUE: [
        *PAGE,
        *WINDOW,
        "activeAfter",
        "activeBefore",
        "cursor",
        "sort",
        "status",
        "severity",
        "category",
        "assignee",
        "excerpts",
    ],
    f"{QUEUE}/acme:1/history": PAGE,
    f"{SUPPORT}/stores": PAGE,
    STATS: WINDOW,
    IDLE: ["days", *PAGE],
    f"{QUEUE}/acme:1": ["history"],
}
EVERYTHING = [(path, name) for path, names in LISTS.items() for name in names]
PAGED = [path for path, names in LISTS.items() if "limit" in names and path != IDLE]  # which has no count
NOT_NUMBERS = [
    *("-1", "+1", "1.0", "1e1", "1_0", " 1", "1 ", "abc", "0x1", "１", "٣", "²", "1,2", "true", "9" * 5000, "NaN"),
    *("18446744073709551616", "18446744073709551617"),
]
STATUSES, SEVERITIES = "open, answered, closed or all", "critical, high, normal, low or all"
CHOICES = [
    *((CASES, "status", STATUSES), (CASES, "severity", SEVERITIES)),
    *(
        (QUEUE, "status", STATUSES),
        (QUEUE, "severity", SEVERITIES),
        (QUEUE, "sort", "waiting, activity, age or severity"),
        (QUEUE, "excerpts", "true or false"),
        (f"{QUEUE}/acme:1", "history", "true or false"),
    ),
    (QUEUE, "category", "orders_payments, products_catalog, domains_setup, billing_plans, store_builder, other or all"),
]
MOMENTS = [(path, name) for path, name in EVERYTHING if name.endswith(("After", "Before"))]


@pytest.fixture
def ask(send):
    """GET with a query string as it is written."""
    return lambda path, query: send("GET", path, QUERY_STRING=query)


@pytest.fixture
def refused(ask):
    """Ask what has to be refused; return what is said of each parameter, in its order."""

    def refused(path, **parameters):
        body = checked(ask(path, urlencode(parameters)), 400, "validation_failed")
        return {detail["field"]: detail["message"] for detail in body["details"]}

    return refused


def test_every_parameter_of_every_list_is_tried_here():
    schemas = [CaseQuery, QueueQuery, HistoryQuery, SupportStoreQuery, StatisticsQuery, IdleQuery, WholeCaseQuery]
    for names, schema in zip(LISTS.values(), schemas, strict=True):
        assert set(names) == schema().fields.keys() - {"query"}


@pytest.mark.parametrize("path", PAGED)
def test_a_page_has_1_to_100_and_begins_anywhere(ask, refused, path):
    for limit in ("1", "100", "001"):
        assert ask(path, f"limit={limit}").json["meta"]["limit"] == int(limit)
    for limit in ("0", "000", "101", *NOT_NUMBERS):
        assert refused(path, limit=limit) == {"limit": "Must be a whole number from 1 to 100."}
    past = ask(path, f"offset={2**53 - 1}").json
    assert (past["data"], past["meta"]["count"], past["meta"]["offset"]) == ([], 1, 2**53 - 1)
    for offset in (str(2**53), *NOT_NUMBERS):
        assert refused(path, offset=offset) == {"offset": "Must be a whole number from 0 to 9007199254740991."}


@pytest.mark.parametrize(("path", "name", "words"), CHOICES)
def test_a_choice_is_one_of_its_words_exactly(ask, refused, path, name, words):
    for word in words.replace(" or ", ", ").split(", "):
        assert ask(path, f"{name}={word}").status == 200
        for other in (word.upper(), word.title(), f" {word}", f"{word} ", f"{word},low", f"-{word}"):
            assert refused(path, **{name: other}) == {name: f"Must be {words}."}
    for other in ("pending", "urgent", "none", "noted", "null", "0"):
        assert refused(path, **{name: other}) == {name: f"Must be {words}."}


@pytest.mark.parametrize("path", [QUEUE, STATS])
@pytest.mark.parametrize("store", ["-x", "a b", "é", "a" * 65, "a/b", "acme:1"])
def test_a_store_is_a_name(refused, path, store):
    assert refused(path, store=store)["store"].startswith("Must be 1 to 64 ASCII letters, digits, dots, ")


@pytest.mark.parametrize("assignee", [" ", "a" * 121, "a\nb", "a\x7fb"])
def test_an_assignee_is_a_label(refused, assignee):
    assert list(refused(QUEUE, assignee=assignee)) == ["assignee"]


@pytest.mark.parametrize(("path", "name"), MOMENTS)
def test_a_moment_is_a_date_or_a_time_with_its_zone(refused, path, name):
    for moment in (
        *(" ", "yesterday", "2024-06-15T10:30:00", "2024-06-15T10:30Z", "2024-02-30", "2024-13-01", "20240615"),
        *("2024-W01-1", "1718447400", "2024-06-15 10:30:00Z", "0000-01-01", "２０２４-06-15"),
        *("2024-06-15T10:30:00+99:00", "2024-06-15T10:30:61Z", "2024-06-15T10:30:00z"),
    ):
        assert refused(path, **{name: moment}) == {
            name: "Must be a date or a time with its zone, such as 2024-06-15 or 2024-06-15T10:30:00Z."
        }


@pytest.mark.parametrize(("path", "name"), EVERYTHING)
@pytest.mark.parametrize("query", ["{}=", "{}"])
def test_a_blank_parameter_is_refused_and_named(ask, path, name, query):
    body = checked(ask(path, query.format(name)), 400, "validation_failed")
    assert [detail["field"] for detail in body["details"]] == [name]


@pytest.mark.parametrize("path", [CASES, QUEUE])
@pytest.mark.parametrize("query", ["query=", "query", "query=%20%20", "query=+%09%0A", "query=%C2%A0"])
def test_a_blank_query_is_none(ask, path, query):
    assert ask(path, query).json["meta"]["count"] == 1


@pytest.mark.parametrize(("path", "name"), [*EVERYTHING, (CASES, "query"), (QUEUE, "query")])
def test_a_repeated_parameter_is_refused_and_named(ask, path, name):
    body = checked(ask(path, f"{name}=1&{name}=1"), 400, "validation_failed")
    assert body["details"] == [{"field": name, "message": "Must not appear twice."}]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("query", ["page=2", "Limit=0", "limit[]=0", "x=asc&x=desc", "&&", "=", "=x", "%ZZ=1"])
def test_unknown_parameters_are_ignored(ask, path, query):
    assert ask(path, query).body == ask(path, "").body


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("value", ["%00", "a%00b", "%ED%A0%80", "%FF", "%C3", "%E4%F6", "%F5%80%80%80"])
def test_nul_and_what_is_not_utf_8_is_400_in_every_parameter_and_name(ask, path, value):
    for query in (*(f"{name}={value}" for name in [*LISTS[path], "query", "unknown"]), f"{value}=1"):
        checked(ask(path, query), 400, "validation_failed")


def test_unencoded_utf_8_is_understood(send, ask):
    opened = send("POST", CASES, '{"body": "The checkout fails.", "subject": "Ärger"}'.encode()).json
    assert ask(CASES, "query=ÄRGER".encode().decode("latin-1")).json["data"] == [opened]


def test_every_faulty_parameter_is_named_at_once(refused):
    assert list(refused(CASES, limit="0", offset="-1", status="OPEN", severity="urgent")) == LISTS[CASES]
    faults = {"limit": "0", "sort": "x", "store": "a b", "createdAfter": "x"}
    assert set(refused(QUEUE, **faults)) == set(faults)


@pytest.mark.parametrize("name", ["status", "severity"])
def test_from_python_an_empty_filter_is_refused_too(desk, name):
    assert list(problems(desk.list, ACME, **{name: ""})) == [name]
    assert list(problems(desk.queue, ADA, **{name: ""})) == [name]
    assert list(problems(desk.queue, ADA, category="")) == ["category"]
