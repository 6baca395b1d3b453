"""POST /support/cases/{id}/messages: answers, the assistant's and the desk's words, notes, closing with a word."""

import pytest

from tests.conftest import ACME, ADA, CASES, SUPPORT, support_client_of
from tests.support.engines import events_of

PATH = f"{SUPPORT}/cases/acme:1"
MESSAGES = f"{PATH}/messages"
BODY = "The checkout shows a blank page."
AT_1031 = "2024-06-15T10:31:00.000Z"


@pytest.fixture(autouse=True)
def case(app, clock):
    """Case 1 of acme, opened a minute ago."""
    case = app.desk.open(ACME, body=BODY, subject="Blank page", author="Grace")
    clock.advance(minutes=1)
    return case


@pytest.fixture
def post(ada):
    return lambda key=None, **fields: ada.simulate_post(
        MESSAGES, json={"body": "Which browser?", **fields}, headers={"Idempotency-Key": key} if key else {}
    )


@pytest.fixture
def state(app):
    """Return what of case 1 a message may change."""

    def state():
        case = app.desk.find(ADA, "acme:1")
        moments = (case.last_activity_at, case.closed_at, case.waiting_since)
        return (case.status, *(moment and moment.strftime("%H:%M") for moment in moments))

    return state


@pytest.fixture
def history(ada):
    return lambda: [entry["kind"] for entry in ada.simulate_get(f"{PATH}/history").json["data"]]


def test_an_answer_to_the_byte(post):
    answer = post()
    assert answer.status_code == 201
    assert answer.headers["Content-Type"] == "application/json"
    assert "Location" not in answer.headers
    assert answer.text == (
        '{"message":{"id":"0191abc0-0000-7000-8000-000000000003","authorKind":"support","authorLabel":"Ada",'
        f'"body":"Which browser?","attachments":[],"createdAt":"{AT_1031}","internal":false}},"status":"answered"}}'
    )


def test_a_note_to_the_byte(post):
    answer = post(internal=True, kind="elliot", author="Elliot")
    assert answer.status_code == 201
    assert answer.text == (
        '{"message":{"id":"0191abc0-0000-7000-8000-000000000003","authorKind":"elliot","authorLabel":"Elliot",'
        f'"body":"Which browser?","attachments":[],"createdAt":"{AT_1031}","internal":true}},"status":"open"}}'
    )


STARTS = {  # status, last activity, closing, waiting
    "open": ("open", "10:30", None, "10:30"),
    "answered": ("answered", "10:31", None, None),
    "closed": ("closed", "10:31", "10:31", None),
}
ANSWERED, CLOSED = ("answered", "10:32", None, None), ("closed", "10:32", "10:32", None)
OUTCOMES = {  # by what was said: what each start becomes, as in STARTS
    "support": dict.fromkeys(STARTS, ANSWERED),
    "elliot": dict.fromkeys(STARTS, ANSWERED),
    "system": {
        "open": ("open", "10:32", None, "10:30"),
        "answered": ANSWERED,
        "closed": ("closed", "10:32", "10:31", None),
    },
    "support, close": dict.fromkeys(STARTS, CLOSED),
    "elliot, close": dict.fromkeys(STARTS, CLOSED),
    "system, close": {"open": CLOSED, "answered": CLOSED, "closed": ("closed", "10:32", "10:31", None)},
    "support, internal": STARTS,
    "elliot, internal": STARTS,
    "system, internal": STARTS,
}


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("said", OUTCOMES)
def test_what_each_word_does_to_a_case_of_each_status(app, post, state, clock, start, said):
    if start != "open":
        app.desk.change(ADA, "acme:1", status=start)
    assert state() == STARTS[start]
    clock.advance(minutes=1)
    kind, _, how = said.partition(", ")
    answer = post(kind=kind, **({how: True} if how else {}))
    assert (answer.status_code, answer.json["status"]) == (201, OUTCOMES[said][start][0])
    assert state() == OUTCOMES[said][start]
    assert answer.json["message"]["authorKind"] == kind


@pytest.mark.parametrize("kind", ["support", "elliot", "system"])
def test_merchants_see_whose_words_they_are(client, post, kind):
    post(kind=kind)
    message = client.simulate_get(f"{CASES}/1").json["messages"][1]
    assert (message["authorKind"], message["authorLabel"], "internal" in message) == (kind, "Ada", False)


def test_the_author_is_the_key_s_label_unless_given(app, post):
    assert post().json["message"]["authorLabel"] == "Ada"
    assert post(author="  The team 🐙 ").json["message"]["authorLabel"] == "The team 🐙"
    bob = support_client_of(app, "Bob", ["acme"])
    assert bob.simulate_post(MESSAGES, json={"body": "x"}).json["message"]["authorLabel"] == "Bob"


def test_internal_with_close_is_400_and_nothing_happens(post, state, history):
    answer = post(internal=True, close=True)
    assert answer.status_code == 400
    assert answer.json == {
        "error": "close must not be true with internal: a note changes nothing of the case.",
        "code": "validation_failed",
        "details": [
            {"field": "close", "message": "Must not be true with internal: a note changes nothing of the case."}
        ],
        "requestId": "test",
    }
    assert (state(), history()) == (STARTS["open"], ["opened"])
    assert post(internal=True, close=False).status_code == 201


def test_closing_with_a_word_is_one_transaction(app, post, monkeypatch, state, history):
    events = events_of(app.desk.repository)
    record = events.record

    def fail_at_closing(self, case, entry):
        if entry.kind == "closed":
            raise RuntimeError("the disk broke")
        record(self, case, entry)

    with monkeypatch.context() as broken:
        broken.setattr(events, "record", fail_at_closing)
        assert post(close=True).status_code == 500
        assert post("k", close=True).status_code == 500
    assert (state(), history(), len(app.desk.get(ADA, "acme:1").messages)) == (STARTS["open"], ["opened"], 1)
    assert "Idempotent-Replayed" not in post("k", close=True).headers
    assert history() == ["opened", "answered", "closed"]


def test_what_did_not_happen_is_not_in_the_history(app, post, history):
    app.desk.close(ACME, 1)
    post(kind="system", close=True)
    assert history() == ["opened", "closed", "announced"]
