"""GET and PATCH /support-cases/{idOrNumber}: the names of a case, its thread, closing and reopening."""

import pytest

from tests.conftest import ACME, ADA, CASES, GLOBEX, call

BODY = "The checkout shows a blank page."
CASE_KEYS = ["id", "number", "subject", "category", "severity", "status", "createdAt", "lastActivityAt", "closedAt"]
UUID_1 = "0191abc0-0000-7000-8000-000000000001"
AT_1030, AT_1031, AT_1032 = (f"2024-06-15T10:{minute}:00.000Z" for minute in (30, 31, 32))
NOT_FOUND = {"error": "There is no such support case.", "code": "not_found", "requestId": "test"}
NOTHING_HERE = {"error": "There is nothing at this path.", "code": "not_found", "requestId": "test"}


@pytest.fixture
def case(app):
    """Case 1 of acme; `globex` has cases 1 to 3."""
    for _ in range(3):
        app.desk.open(GLOBEX, body=BODY, subject="theirs")
    return app.desk.open(ACME, body=BODY, subject="Blank page", author="Grace")


@pytest.fixture
def get(client, case):
    """Ask for a case by name; `#` is encoded."""
    return lambda ref="1": client.simulate_get(f"{CASES}/{str(ref).replace('#', '%23')}")


@pytest.fixture
def patch(client, case):
    """Set a case's status."""
    return lambda status, ref="1": client.simulate_patch(f"{CASES}/{ref}", json={"status": status})


def test_a_case_comes_with_its_thread_in_the_reference_page_s_order(app, get, clock):
    clock.advance(minutes=1)
    app.desk.answer(ADA, "acme:1", body="Which browser?")
    answer = get()
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.text == (
        '{"id":"0191abc0-0000-7000-8000-000000000007","number":1,"subject":"Blank page","category":"other",'
        '"severity":"normal","status":"answered","createdAt":"2024-06-15T10:30:00.000Z",'
        '"lastActivityAt":"2024-06-15T10:31:00.000Z","closedAt":null,"messages":['
        '{"id":"0191abc0-0000-7000-8000-000000000008","authorKind":"merchant","authorLabel":"Grace",'
        '"body":"The checkout shows a blank page.","attachments":[],"createdAt":"2024-06-15T10:30:00.000Z"},'
        '{"id":"0191abc0-0000-7000-8000-000000000009","authorKind":"support","authorLabel":"Ada",'
        '"body":"Which browser?","attachments":[],"createdAt":"2024-06-15T10:31:00.000Z"}]}'
    )


def test_messages_are_oldest_first_also_within_one_millisecond(app, get):
    for n in range(20):
        app.desk.reply(ACME, 1, body=f"reply {n}")
    assert [m["body"] for m in get().json["messages"]] == [BODY, *(f"reply {n}" for n in range(20))]


@pytest.mark.parametrize("ref", ["1", "01", "000001", "#1", "#000001", "0" * 19 + "1", "#" + "0" * 19 + "1"])
def test_a_number_names_its_case_in_all_its_written_forms(get, case, ref):
    assert get(ref).json["id"] == case.id


@pytest.mark.parametrize("change", [str.lower, str.upper, str.title])
def test_a_uuid_names_its_case_in_any_letter_case(get, case, change):
    answer = get(change(case.id))
    assert answer.json["id"] == case.id


NOT_NAMES = [
    "0",
    "000",
    "#0",
    "-1",
    "+1",
    "1_0",
    "%201",
    "1%20",
    "1.0",
    "1e0",
    "0x1",
    "１",
    "٣",
    "²",
    "#",
    "##1",
    "1#",
    "# 1",
    "2",
    "9223372036854775807",
    "9223372036854775808",
    "99999999999999999999",
    "0" * 20 + "1",
    "9" * 40,
    "1" * 5000,
    "%00",
    "1%00",
    "%0A1",
    "1%0A",
    "%FF",
    "%ED%A0%80",
    "1%ED%A0%80",
    ".",
    "..",
    "*",
    "%25",
    "acme:1",
    "globex:1",
    ":1",
    "messages",
    "null",
    "all",
    "0191abc0-0000-7000-8000-0000000000ff",
    UUID_1,  # globex's
    "0191abc0000070008000000000000007",
    "{0191abc0-0000-7000-8000-000000000007}",
    "urn:uuid:0191abc0-0000-7000-8000-000000000007",
    "0191abc0-0000-7000-8000-000000000007%20",
    "0191abc0-0000-7000-8000-000000000007%00",
    "#0191abc0-0000-7000-8000-000000000007",
    "0191abc0-0000-7000-8000-00000000000７",
    "0191abc0-0000-7000-8000-000000000008",  # a message's
    "00000000-0000-0000-0000-000000000000",
    "ä",
]


@pytest.mark.parametrize("ref", NOT_NAMES)
def test_everything_else_is_404_for_get_patch_and_reply(client, get, case, ref):
    ref = ref.replace("#", "%23").replace("# 1", "%23%201")
    path = f"{CASES}/{ref}"
    for answer in (
        client.simulate_get(path),
        client.simulate_patch(path, json={"status": "closed"}),
        client.simulate_post(f"{path}/messages", json={"body": "hello"}),
    ):
        assert (answer.status_code, answer.json) == (404, NOT_FOUND)
    assert client.simulate_head(path).status_code == 404
    assert (get().json["status"], len(get().json["messages"])) == ("open", 1)


@pytest.mark.parametrize(
    "path", ["/", "//", "//messages", "/1/", "/1/messages/", "/1//messages", "//1", "/%2F1", "/1%2F"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_a_slash_too_many_is_a_json_404_for_every_verb(client, app, case, method, path):
    key, _ = app.keys.create("acme")
    path = path.replace("%2F", "/")
    answer = call(
        app,
        method,
        f"{CASES}{path}",
        b'{"body": "meant as a reply", "status": "closed"}',
        HTTP_AUTHORIZATION=f"Bearer {key}",
        HTTP_X_REQUEST_ID="test",
        CONTENT_TYPE="application/json",
        CONTENT_LENGTH="47",
    )
    assert answer.status == 404
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-request-id"] == "test"
    if method != "HEAD":
        assert answer.json == NOTHING_HERE
    assert client.simulate_get(CASES).json["meta"]["count"] == 1


def test_head_answers_as_get_without_the_body(client, get):
    head = client.simulate_head(f"{CASES}/1")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == get().headers


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/1", {"GET", "HEAD", "PATCH"}), ("/1/messages", {"POST"}), ("/none", {"GET", "HEAD", "PATCH"})],
)
def test_options_answers_allow(client, case, path, allowed):
    answer = client.simulate_options(f"{CASES}{path}")
    assert (answer.status_code, answer.content) == (200, b"")
    assert set(answer.headers["Allow"].split(", ")) - {"OPTIONS"} == allowed


def test_closing_sets_status_and_both_times(get, patch, clock, case):
    clock.advance(minutes=1)
    answer = patch("closed")
    assert answer.status_code == 200
    assert list(answer.json) == CASE_KEYS
    assert answer.json == {
        "id": case.id,
        "number": 1,
        "subject": "Blank page",
        "category": "other",
        "severity": "normal",
        "status": "closed",
        "createdAt": AT_1030,
        "lastActivityAt": AT_1031,
        "closedAt": AT_1031,
    }
    thread = get().json
    assert len(thread.pop("messages")) == 1
    assert thread == answer.json


def test_reopening_a_closed_case_clears_closed_at(patch, clock, get):
    clock.advance(minutes=1)
    patch("closed")
    clock.advance(minutes=1)
    case = patch("open").json
    assert (case["status"], case["closedAt"], case["lastActivityAt"]) == ("open", None, AT_1032)
    assert get().json["status"] == "open"


def test_open_on_an_answered_case_is_a_reopening(app, patch, clock):
    app.desk.answer(ADA, "acme:1", body="Which browser?")
    clock.advance(minutes=1)
    case = patch("open").json
    assert (case["status"], case["closedAt"], case["lastActivityAt"]) == ("open", None, AT_1031)


def test_an_answered_case_can_be_closed(app, patch, clock):
    app.desk.answer(ADA, "acme:1", body="Fixed.")
    clock.advance(minutes=1)
    case = patch("closed").json
    assert (case["status"], case["closedAt"], case["lastActivityAt"]) == ("closed", AT_1031, AT_1031)


@pytest.mark.parametrize("status", ["open", "closed"])
def test_the_status_that_a_case_has_changes_nothing(client, patch, clock, get, status):
    patch(status)
    before = get().text
    clock.advance(minutes=1)
    answer = patch(status)
    assert answer.status_code == 200
    assert (answer.json["status"], answer.json["lastActivityAt"]) == (status, AT_1030)
    assert get().text == before


def test_last_activity_never_goes_backwards(app, client, patch, clock):
    clock.advance(minutes=-5)
    closed = patch("closed").json
    assert (closed["lastActivityAt"], closed["closedAt"]) == (AT_1030, AT_1030)
    assert patch("open").json["lastActivityAt"] == AT_1030
    reply = client.simulate_post(f"{CASES}/1/messages", json={"body": "later"}).json["message"]
    assert client.simulate_get(f"{CASES}/1").json["lastActivityAt"] == AT_1030 == reply["createdAt"]


def test_answered_is_refused_with_the_reason(patch, get):
    answer = patch("answered")
    assert answer.status_code == 400
    assert answer.json == {
        "error": "status must be open or closed (answered is set by support only).",
        "code": "validation_failed",
        "details": [{"field": "status", "message": "Must be open or closed (answered is set by support only)."}],
        "requestId": "test",
    }
    assert get().json["status"] == "open"


@pytest.mark.parametrize(
    "status", ["", "Open", "CLOSED", " closed", "closed ", "all", "resolved", None, 1, True, [], {}]
)
def test_any_other_status_is_400(patch, get, status):
    answer = patch(status)
    assert (answer.status_code, answer.json["details"][0]["field"]) == (400, "status")
    assert get().json["status"] == "open"


@pytest.mark.parametrize(
    ("document", "fields"),
    [
        ({}, ["status"]),
        ({"Status": "closed"}, ["Status", "status"]),
        ({"status": "closed", "severity": "low"}, ["severity"]),
        ({"status": "closed", "subject": "New title"}, ["subject"]),
        ({"status": "closed", "closedAt": AT_1030}, ["closedAt"]),
    ],
)
def test_a_patch_takes_the_status_only(client, get, document, fields):
    get()
    answer = client.simulate_patch(f"{CASES}/1", json=document)
    assert answer.status_code == 400
    assert sorted(d["field"] for d in answer.json["details"]) == fields
    assert get().json["status"] == "open"


@pytest.mark.parametrize("form", ["1", "000001", "%23000001", "0191ABC0-0000-7000-8000-000000000007"])
def test_patch_takes_every_form_of_the_name(patch, form):
    assert patch("closed", form).json["number"] == 1


def test_a_closed_case_is_still_found(client, patch, get):
    patch("closed")
    assert get().status_code == 200
    assert client.simulate_get(CASES).json["meta"]["count"] == 1


def test_a_body_on_a_get_is_never_parsed(app, case):
    key, _ = app.keys.create("acme")
    head = {"HTTP_AUTHORIZATION": f"Bearer {key}", "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": "4"}
    assert call(app, "GET", f"{CASES}/1", b"{{{{", **head).status == 200
    head = {"HTTP_AUTHORIZATION": f"Bearer {key}", "CONTENT_TYPE": "text/plain", "CONTENT_LENGTH": None}
    assert call(app, "GET", f"{CASES}/1", b"", **head).status == 200
