"""POST /support/cases/{id}/messages: answers, the assistant's and the desk's words, notes, closing with a word."""

import threading

import pytest
from falcon.testing import TestClient

from supportcases import create_app
from supportcases.storage.sqlite.events import SqliteEvents
from tests.conftest import ACME, ADA, CASES, SUPPORT, support_client_of

PATH = f"{SUPPORT}/cases/acme:1"
MESSAGES = f"{PATH}/messages"
BODY = "The checkout shows a blank page."
AT_1030, AT_1031, AT_1032, AT_1033 = (f"2024-06-15T10:{minute}:00.000Z" for minute in (30, 31, 32, 33))
REUSED = "This Idempotency-Key was already used for a different request; send a new key with a new request."


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
    record = SqliteEvents.record

    def fail_at_closing(self, case, entry):
        if entry.kind == "closed":
            raise RuntimeError("the disk broke")
        record(self, case, entry)

    with monkeypatch.context() as broken:
        broken.setattr(SqliteEvents, "record", fail_at_closing)
        assert post(close=True).status_code == 500
        assert post("k", close=True).status_code == 500
    assert (state(), history(), len(app.desk.get(ADA, "acme:1").messages)) == (STARTS["open"], ["opened"], 1)
    assert "Idempotent-Replayed" not in post("k", close=True).headers
    assert history() == ["opened", "answered", "closed"]


def test_what_did_not_happen_is_not_in_the_history(app, post, history):
    app.desk.close(ACME, 1)
    post(kind="system", close=True)
    assert history() == ["opened", "closed", "announced"]


def test_two_agents_who_answer_at_once_both_succeed_in_order(tmp_path):
    app = create_app(tmp_path / "cases.db")
    app.desk.open(ACME, body=BODY)
    agents = [support_client_of(app, f"agent {n}") for n in range(8)]
    start = threading.Barrier(8)
    statuses = []

    def work(agent):
        start.wait(20)
        statuses.append(agent.simulate_post(MESSAGES, json={"body": "Which browser?"}).status_code)

    run_all(work, agents)
    assert statuses == [201] * 8
    thread = app.desk.get(ADA, "acme:1")
    assert {message.author_label for message in thread.messages[1:]} == {f"agent {n}" for n in range(8)}
    moments = [message.created_at for message in thread.messages]
    assert (moments, thread.revision) == (sorted(moments), 9)
    app.desk.repository.close()


def run_all(work, arguments):
    threads = [threading.Thread(target=work, args=(argument,)) for argument in arguments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)


@pytest.mark.parametrize("way", ["patch", "post"])
def test_of_eight_who_change_at_once_what_they_saw_one_wins(tmp_path, way):
    app = create_app(tmp_path / "cases.db")
    app.desk.open(ACME, body=BODY)
    start, statuses = threading.Barrier(8), []

    def work(agent):
        start.wait(20)
        headers = {"If-Match": '"1"'}
        if way == "patch":
            answer = agent.simulate_patch(PATH, json={"assignee": "me"}, headers=headers)
        else:
            answer = agent.simulate_post(MESSAGES, json={"body": "Which browser?"}, headers=headers)
        statuses.append(answer.status_code)

    run_all(work, [support_client_of(app, f"agent {n}") for n in range(8)])
    assert sorted(statuses) == [{"patch": 200, "post": 201}[way], *[412] * 7]
    assert app.desk.revision(ADA, "acme:1") == 2
    app.desk.repository.close()


# -- retries ----------------------------------------------------------------------------------------------------------


def test_a_repeated_message_is_added_once(app, post):
    first = post("k", close=True)
    app.desk.reply(ACME, 1, body="Firefox.")
    second = post("k", close=True)
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert (second.status_code, second.content) == (201, first.content)
    assert app.desk.find(ACME, 1).status == "open"
    assert len(app.desk.get(ADA, "acme:1").messages) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"body": "Another."},
        {"author": "Bob"},
        {"kind": "elliot"},
        {"kind": "system"},
        {"internal": True},
        {"close": True},
    ],
)
def test_the_same_key_with_another_body_is_422(app, post, change):
    first = post("k")
    answer = post("k", **change)
    assert (answer.status_code, answer.json["error"], answer.json["code"]) == (422, REUSED, "idempotency_key_reused")
    assert len(app.desk.get(ADA, "acme:1").messages) == 2
    assert post("k").content == first.content


def test_a_default_that_is_spelled_out_is_the_same_request(post):
    assert post("k").content == post("k", kind="support", internal=False, close=False).content


def test_the_same_key_for_another_case_or_operation_is_422(app, ada, post):
    app.desk.open(ACME, body=BODY)
    post("k")
    headers = {"Idempotency-Key": "k"}
    for path in (f"{SUPPORT}/cases/acme:2/messages", f"{SUPPORT}/cases"):
        body = {"body": "Which browser?", **({"store": "acme"} if path.endswith("cases") else {})}
        assert ada.simulate_post(path, json=body, headers=headers).status_code == 422
    assert app.desk.list(ACME).count == 2


@pytest.mark.parametrize("name", ["acme:1", "acme:%23000001", "{id}", "{ID}"])
def test_every_name_of_the_case_is_the_same_case(ada, case, post, name):
    first = post("k")
    path = f"{SUPPORT}/cases/{name.format(id=case.id, ID=case.id.upper())}/messages"
    second = ada.simulate_post(path, json={"body": "Which browser?"}, headers={"Idempotency-Key": "k"})
    assert (second.status_code, second.content) == (201, first.content)


def test_keys_for_retries_are_those_of_one_support_key(app, ada, post):
    first = post("k")
    for other in (support_client_of(app, "Ada"), support_client_of(app, "Bob")):
        answer = other.simulate_post(MESSAGES, json={"body": "Which browser?"}, headers={"Idempotency-Key": "k"})
        assert (answer.status_code, "Idempotent-Replayed" in answer.headers) == (201, False)
    assert post("k").content == first.content
    assert len(app.desk.get(ADA, "acme:1").messages) == 4


def test_keys_for_retries_are_not_shared_with_merchants(client, post):
    post("k")
    answer = client.simulate_post(
        f"{CASES}/1/messages", json={"body": "Which browser?"}, headers={"Idempotency-Key": "k"}
    )
    assert (answer.status_code, "Idempotent-Replayed" in answer.headers) == (201, False)
    assert answer.json["message"]["authorKind"] == "merchant"


@pytest.mark.parametrize("key", ["x" * 256, "a\tb", "\x7f"])
def test_a_faulty_key_for_retries_is_400(post, state, key):
    assert post(key).json["details"][0]["field"] == "Idempotency-Key"
    assert state() == STARTS["open"]


@pytest.mark.parametrize("what", [{}, {"internal": True}, {"close": True}])
def test_eight_threads_with_one_key_have_one_effect_and_all_get_its_answer(tmp_path, what):
    app = create_app(tmp_path / "cases.db")
    app.desk.open(ACME, body=BODY)
    key, _ = app.keys.create_support(label="Ada")
    start, answers = threading.Barrier(8), []

    def work(_):
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "one"}
        start.wait(20)
        answers.append(TestClient(app).simulate_post(MESSAGES, json={"body": "Hm.", **what}, headers=headers))

    run_all(work, range(8))
    assert [answer.status_code for answer in answers] == [201] * 8
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == 7
    assert len(app.desk.get(ADA, "acme:1").messages) == 2
    app.desk.repository.close()
