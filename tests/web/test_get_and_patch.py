"""GET and PATCH /support-cases/{idOrNumber}: the names of a case, its thread, closing and reopening."""

import pytest

from tests.conftest import ACME, ADA, CASES, GLOBEX

BODY = "The checkout shows a blank page."
CASE_KEYS = ["id", "number", "subject", "category", "severity", "status", "createdAt", "lastActivityAt", "closedAt"]
AT_1030, AT_1031, AT_1032 = (f"2024-06-15T10:{minute}:00.000Z" for minute in (30, 31, 32))


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
