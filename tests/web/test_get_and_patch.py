"""GET and PATCH /support-cases/{idOrNumber}: a case with its thread, closing and reopening."""

import pytest

from tests.conftest import ACME, ADA, CASES

BODY = "The checkout shows a blank page."
AT_1030, AT_1031, AT_1032 = (f"2024-06-15T10:{minute}:00.000Z" for minute in (30, 31, 32))


@pytest.fixture(autouse=True)
def case(app):
    return app.desk.open(ACME, body=BODY, subject="Blank page", author="Grace")


@pytest.fixture
def get(client):
    return lambda: client.simulate_get(f"{CASES}/1")


@pytest.fixture
def patch(client):
    """Set the case's status."""
    return lambda status: client.simulate_patch(f"{CASES}/1", json={"status": status})


def test_a_case_comes_with_its_thread_in_the_reference_page_s_order(app, get, clock):
    clock.advance(minutes=1)
    app.desk.answer(ADA, "acme:1", body="Which browser?")
    answer = get()
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.text == (
        '{"id":"0191abc0-0000-7000-8000-000000000001","number":1,"subject":"Blank page","category":"other",'
        '"severity":"normal","status":"answered","createdAt":"2024-06-15T10:30:00.000Z",'
        '"lastActivityAt":"2024-06-15T10:31:00.000Z","closedAt":null,"messages":['
        '{"id":"0191abc0-0000-7000-8000-000000000002","authorKind":"merchant","authorLabel":"Grace",'
        '"body":"The checkout shows a blank page.","attachments":[],"createdAt":"2024-06-15T10:30:00.000Z"},'
        '{"id":"0191abc0-0000-7000-8000-000000000003","authorKind":"support","authorLabel":"Ada",'
        '"body":"Which browser?","attachments":[],"createdAt":"2024-06-15T10:31:00.000Z"}]}'
    )


def test_messages_are_oldest_first_also_within_one_millisecond(app, get):
    for n in range(20):
        app.desk.reply(ACME, 1, body=f"reply {n}")
    assert [m["body"] for m in get().json["messages"]] == [BODY, *(f"reply {n}" for n in range(20))]


def test_closing_comes_back_in_the_reference_page_s_order(get, patch, clock):
    clock.advance(minutes=1)
    answer = patch("closed")
    assert answer.status_code == 200
    assert answer.text == (
        '{"id":"0191abc0-0000-7000-8000-000000000001","number":1,"subject":"Blank page","category":"other",'
        f'"severity":"normal","status":"closed","createdAt":"{AT_1030}","lastActivityAt":"{AT_1031}",'
        f'"closedAt":"{AT_1031}"}}'
    )
    thread = get().json
    assert len(thread.pop("messages")) == 1
    assert thread == answer.json


@pytest.mark.parametrize("to", ["open", "closed"])
@pytest.mark.parametrize("start", ["open", "answered", "closed"])
def test_a_new_status_is_activity_and_the_old_one_changes_nothing(app, get, patch, clock, start, to):
    clock.advance(minutes=1)
    if start != "open":
        app.desk.change(ADA, "acme:1", status=start)
    before, began = get().text, AT_1030 if start == "open" else AT_1031
    clock.advance(minutes=1)
    answer = patch(to)
    at = began if to == start else AT_1032
    assert answer.status_code == 200
    assert (answer.json["status"], answer.json["lastActivityAt"]) == (to, at)
    assert answer.json["closedAt"] == (at if to == "closed" else None)
    assert (get().text == before) == (to == start)


def test_last_activity_never_goes_backwards(app, client, patch, clock):
    clock.advance(minutes=-5)
    closed = patch("closed").json
    assert (closed["lastActivityAt"], closed["closedAt"]) == (AT_1030, AT_1030)
    assert patch("open").json["lastActivityAt"] == AT_1030
    reply = client.simulate_post(f"{CASES}/1/messages", json={"body": "later"}).json["message"]
    assert client.simulate_get(f"{CASES}/1").json["lastActivityAt"] == AT_1030 == reply["createdAt"]
