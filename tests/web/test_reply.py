"""POST /support-cases/{idOrNumber}/messages: the merchant's reply and what it does to the case."""

import json

import pytest

from tests.conftest import ACME, ADA, CASES

BODY = "The checkout shows a blank page."
AT_1030, AT_1031 = (f"2024-06-15T10:{minute}:00.000Z" for minute in (30, 31))
LONGEST = {"body": 10_000, "author": 120}


@pytest.fixture
def case(app):
    return app.desk.open(ACME, body=BODY, subject="Blank page")


@pytest.fixture
def reply(client, case):
    """Reply to a case."""

    def send(ref="1", **fields):
        document = json.dumps({"body": "More.", **fields})  # all ASCII: a lone surrogate travels as its escape
        return client.simulate_post(
            f"{CASES}/{ref}/messages", body=document, headers={"Content-Type": "application/json"}
        )

    return send


@pytest.fixture
def get(client, case):
    return lambda: client.simulate_get(f"{CASES}/1").json


def faults(answer):
    assert (answer.status_code, answer.json["code"]) == (400, "validation_failed"), answer.text
    return {d["field"]: d["message"] for d in answer.json["details"]}


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


@pytest.mark.parametrize("ref", ["1", "000001", "%231", "%23000001", "0191ABC0-0000-7000-8000-000000000001"])
def test_a_reply_finds_its_case_by_every_form_of_the_name(reply, ref):
    assert reply(ref).status_code == 201


@pytest.mark.parametrize("letter", ["a", "🛒"])
@pytest.mark.parametrize("field", LONGEST)
def test_lengths_are_measured_in_code_points(reply, field, letter):
    longest = LONGEST[field]
    for length in (1, 2, longest - 1, longest):
        assert reply(**{field: letter * length}).status_code == 201
    for length in (0, longest + 1):
        message = f"Must be 1 to {longest:,} characters long, not {length:,}."
        assert faults(reply(**{field: letter * length})) == {field: message}


@pytest.mark.parametrize("space", [" ", "\r\n", "\t", "\u00a0", "\u3000"])
@pytest.mark.parametrize("field", LONGEST)
def test_texts_are_trimmed_before_they_are_measured(reply, field, space):
    text = "a" * LONGEST[field]
    message = reply(**{field: f"{space}{text}{space}"}).json["message"]
    assert message["body" if field == "body" else "authorLabel"] == text
    assert list(faults(reply(**{field: space * 20}))) == [field]


@pytest.mark.parametrize("fault", ["\0", chr(0xD800), chr(0xDFFF)], ids=ascii)
@pytest.mark.parametrize("field", LONGEST)
def test_nul_and_lone_surrogates_are_400(reply, get, field, fault):
    assert list(faults(reply(**{field: f"a{fault}b"}))) == [field]
    assert len(get()["messages"]) == 1


@pytest.mark.parametrize("control", ["\n", "\r\n", "\t", "\x1b", "\x7f", "\x9f"], ids=ascii)
def test_control_characters_may_stand_in_the_body_and_not_in_the_author(reply, control):
    assert reply(body=f"a{control}b").json["message"]["body"] == f"a{control}b"
    assert faults(reply(author=f"a{control}b")) == {"author": "Must be one line without control characters."}


@pytest.mark.parametrize("field", LONGEST)
@pytest.mark.parametrize("value", [1, 0.5, True, [], {}])
def test_a_wrong_type_is_400_and_named(reply, field, value):
    assert faults(reply(**{field: value})) == {field: "Must be a string."}


@pytest.mark.parametrize("field", LONGEST)
def test_null_is_400_and_named(reply, field):
    assert faults(reply(**{field: None})) == {field: "Must not be null."}


@pytest.mark.parametrize("field", ["autor", "subject", "severity", "status", "authorKind", "attachments", "internal"])
def test_an_unknown_field_is_400_and_named(reply, get, field):
    assert faults(reply(**{field: "x"})) == {field: "Is not a known field."}
    assert len(get()["messages"]) == 1


def test_a_missing_body_is_400_and_named(client, case):
    assert faults(client.simulate_post(f"{CASES}/1/messages", json={"author": "Grace"})) == {"body": "Is required."}


def test_the_thread_has_a_post_and_nothing_else(client, case):
    for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE"):
        answer = client.simulate_request(method, f"{CASES}/1/messages")
        assert answer.status_code == 405
        assert set(answer.headers["Allow"].split(", ")) - {"OPTIONS"} == {"POST"}


def test_a_reply_moves_its_case_to_the_top_of_the_list(app, client, reply, clock):
    app.desk.open(ACME, body=BODY, subject="younger")
    clock.advance(seconds=1)
    reply()
    assert [case["number"] for case in client.simulate_get(CASES).json["data"]] == [1, 2]


@pytest.mark.parametrize("text", ["<b>&amp;</b>", "e\u0301", "\\u0000", "line\r\nline", "{}[]\"'", "🛒\u200d🛒"])
def test_text_comes_back_as_it_was_stored(reply, get, text):
    assert reply(body=text, author=text.replace("\r\n", " ")).json["message"]["body"] == text
    assert get()["messages"][1]["body"] == text
