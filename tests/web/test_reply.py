"""POST /support-cases/{idOrNumber}/messages: the merchant's reply and what it does to the case."""

import pytest

from tests.conftest import ACME, ADA, CASES

BODY = "The checkout shows a blank page."
AT_1030, AT_1031 = (f"2024-06-15T10:{minute}:00.000Z" for minute in (30, 31))


@pytest.fixture
def reply(app, client):
    """Reply to case 1."""
    app.desk.open(ACME, body=BODY, subject="Blank page")
    return lambda **fields: client.simulate_post(f"{CASES}/1/messages", json={"body": "More.", **fields})


@pytest.fixture
def get(client):
    return lambda: client.simulate_get(f"{CASES}/1").json


def test_a_reply_comes_back_in_the_reference_page_s_shape_and_order(reply, clock):
    clock.advance(minutes=1)
    answer = reply(body="Thanks — it arrived.")
    assert answer.status_code == 201
    assert answer.headers["Content-Type"] == "application/json"
    assert "Location" not in answer.headers
    assert answer.text == (
        '{"message":{"id":"0191abc0-0000-7000-8000-000000000003","authorKind":"merchant","authorLabel":"API",'
        '"body":"Thanks — it arrived.","attachments":[],"createdAt":"2024-06-15T10:31:00.000Z"},"status":"open"}'
    )


def test_a_reply_stands_at_the_end_of_the_thread(reply, get):
    message = reply(author="Grace").json["message"]
    assert message["authorLabel"] == "Grace"
    assert [m["body"] for m in get()["messages"]] == [BODY, "More."]
    assert get()["messages"][1] == message


def close(desk):
    desk.close(ACME, 1)


def answer(desk):
    desk.answer(ADA, "acme:1", body="Which browser?")


def answer_and_close(desk):
    answer(desk)
    close(desk)


@pytest.mark.parametrize("before", [lambda desk: None, close, answer, answer_and_close])
def test_a_reply_reopens_a_closed_or_answered_case_and_is_its_last_activity(app, reply, get, clock, before):
    before(app.desk)
    clock.advance(minutes=1)
    said = reply().json
    assert said["status"] == "open"
    case = get()
    assert (case["status"], case["closedAt"], case["lastActivityAt"]) == ("open", None, AT_1031)
    assert case["lastActivityAt"] == said["message"]["createdAt"]
    assert case["createdAt"] == AT_1030


@pytest.mark.parametrize("before", [close, answer])
def test_a_refused_reply_reopens_nothing(app, reply, get, before):
    before(app.desk)
    was = get()
    assert reply(body=" ").status_code == 400
    assert get() == was
