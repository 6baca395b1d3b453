"""Idempotency-Key on both POSTs: one effect, one answer, however often the request comes."""

import json
import threading
from datetime import timedelta

import pytest
from falcon.testing import TestClient

from supportcases import SupportDesk, create_app
from supportcases.storage.open import open_repository
from supportcases.storage.protocol import Answer, KeptAnswer
from supportcases.testing import MovableClock
from tests.conftest import ACME, ADA, CASES, call, client_of

BODY = "The checkout shows a blank page."
MESSAGES = f"{CASES}/1/messages"
REUSED = {
    "error": "This Idempotency-Key was already used for a different request; send a new key with a new request.",
    "code": "idempotency_key_reused",
    "requestId": "test",
}


@pytest.fixture
def post(client, app):
    """POST with an Idempotency-Key; acme has case 1."""
    app.desk.open(ACME, body=BODY)

    def post(path, key="key-1", **fields):
        headers = {} if key is None else {"Idempotency-Key": key}
        return client.simulate_post(path, json={"body": BODY, **fields}, headers=headers)

    return post


@pytest.fixture
def rows(repository):
    """Count the rows of a table."""

    def count(table):
        with repository.read() as transaction:
            return transaction.connection.execute(f"SELECT count(*) FROM supportcases_{table}").fetchone()[0]

    return count


def same(first, second):
    """Tell whether the second answer is the first one replayed."""
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert second.headers.get("Location") == first.headers.get("Location")
    assert second.headers["Content-Type"] == "application/json"
    return True


def test_a_repeated_case_is_opened_once_with_whatever_key_of_the_store(app, post, rows):
    first = post(CASES)
    assert first.status_code == 201
    assert first.headers["Location"] == f"{CASES}/{first.json['id']}"
    assert all(same(first, post(CASES)) for _ in range(3))
    headers = {"Idempotency-Key": "key-1"}
    assert same(first, client_of(app, "acme").simulate_post(CASES, json={"body": BODY}, headers=headers))
    assert (rows("cases"), rows("messages"), rows("events")) == (2, 2, 2)


def test_a_repeated_reply_is_added_once(post, rows):
    first = post(MESSAGES)
    assert (first.status_code, "Location" in first.headers) == (201, False)
    assert all(same(first, post(MESSAGES)) for _ in range(3))
    assert rows("messages") == 2


@pytest.mark.parametrize("path", [CASES, MESSAGES])
def test_without_a_key_each_request_is_the_first(post, path):
    first, second = post(path, key=None), post(path, key=None)
    assert first.content != second.content
    assert "Idempotent-Replayed" not in second.headers


@pytest.mark.parametrize("key", ["KEY-1", "key-1 x", "key-2", "key-", "key-11"])
def test_keys_are_compared_exactly(post, key):
    first, second = post(CASES), post(CASES, key=key)
    assert first.content != second.content


def test_a_replay_is_the_first_answer_whatever_happened_since(app, post, clock):
    opened = post(CASES)
    replied = post(CASES.replace("support-cases", "support-cases/2/messages"), key="reply")
    clock.advance(hours=1)
    app.desk.answer(ADA, "acme:2", body="Done.")
    app.desk.close(ACME, 2)
    assert same(opened, post(CASES))
    assert opened.json["status"] == "open"
    assert same(replied, post(f"{CASES}/2/messages", key="reply"))
    case = app.desk.get(ACME, 2)
    assert (case.case.status, len(case.messages)) == ("closed", 3)  # the replay reopened nothing


@pytest.mark.parametrize(
    ("path", "change"),
    [
        (CASES, {"body": "Another text altogether."}),
        (CASES, {"subject": "Another subject"}),
        (CASES, {"category": "billing_plans"}),
        (CASES, {"severity": "low"}),
        (CASES, {"author": "Grace"}),
        (MESSAGES, {"body": "Another text altogether."}),
        (MESSAGES, {"author": "Grace"}),
    ],
)
def test_the_same_key_with_another_body_is_422(post, rows, path, change):
    first = post(path)
    before = rows("cases"), rows("messages"), rows("replays")
    answer = post(path, **change)
    assert (answer.status_code, answer.json) == (422, REUSED)
    assert "Idempotent-Replayed" not in answer.headers
    assert (rows("cases"), rows("messages"), rows("replays")) == before
    assert same(first, post(path))


def test_the_same_key_for_another_operation_is_422(post, rows):
    post(CASES)
    assert (post(MESSAGES).status_code, post(MESSAGES).json) == (422, REUSED)
    post(MESSAGES, key="key-2")
    assert post(CASES, key="key-2").status_code == 422
    assert (rows("cases"), rows("messages")) == (2, 3)


def test_the_same_key_for_another_case_is_422(app, post):
    app.desk.open(ACME, body=BODY)
    post(MESSAGES)
    assert post(f"{CASES}/2/messages").json == REUSED
    assert len(app.desk.get(ACME, 2).messages) == 1


@pytest.mark.parametrize("name", ["1", "000001", "%231", "%23000001", "{id}", "{ID}"])
def test_every_name_of_the_case_is_the_same_case(app, post, name):
    case_id = app.desk.get(ACME, 1).case.id
    first = post(MESSAGES)
    path = f"{CASES}/{name.format(id=case_id, ID=case_id.upper())}/messages"
    assert same(first, post(path))


@pytest.mark.parametrize(
    "document",
    ['{"body":"The checkout fails","author":"Grace"}', '{ "author" : "Grace",\n"body" : "The checkout f\\u0061ils" }'],
)
@pytest.mark.parametrize("path", [CASES, MESSAGES])
def test_the_same_body_written_otherwise_is_the_same(client, post, path, document):
    first = post(path, body="The checkout fails", author="Grace")
    headers = {"Idempotency-Key": "key-1", "Content-Type": "application/json; charset=utf-8"}
    assert same(first, client.simulate_post(path, body=document, headers=headers))


def post_raw(app, path, key):
    """POST with a key that no client library would let pass."""
    bearer, _ = app.keys.create("acme")
    document = json.dumps({"body": BODY}).encode()
    environ = {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(document))}
    return call(app, "POST", path, document, HTTP_AUTHORIZATION=f"Bearer {bearer}", HTTP_IDEMPOTENCY_KEY=key, **environ)


@pytest.mark.parametrize(
    "key", ["a", " ", "~", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "x" * 254, "x" * 255, "a b", '"k"']
)
@pytest.mark.parametrize("path", [CASES, MESSAGES])
def test_a_key_is_up_to_255_printable_ascii_characters(app, post, key, path):
    assert post(path, key="other").status_code == 201
    first, second = (post_raw(app, path, key) for _ in range(2))
    assert (first.status, second.status) == (201, 201)
    assert first.body == second.body
    assert second.headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "a\nb", "a\0", "\x7f", "ä", "\u00a0", "\udc80", "a\x1f"])
@pytest.mark.parametrize("path", [CASES, MESSAGES])
def test_any_other_key_is_400_and_nothing_is_done(app, post, rows, key, path):
    answer = post_raw(app, path, key)
    assert answer.status == 400
    assert answer.json["details"] == [
        {"field": "Idempotency-Key", "message": "Must be 1 to 255 printable ASCII characters, and no API key."}
    ]
    assert (rows("cases"), rows("messages"), rows("replays")) == (1, 1, 0)


@pytest.mark.parametrize("path", [CASES, MESSAGES])
def test_a_refused_request_stores_nothing_so_that_the_key_is_still_free(post, rows, path):
    assert post(path, body="").status_code == 400
    assert post(path, author="").status_code == 400
    assert post(path, nonsense=1).status_code == 400
    assert post(f"{CASES}/99/messages").status_code == 404
    assert rows("replays") == 0
    answer = post(path)
    assert (answer.status_code, "Idempotent-Replayed" in answer.headers) == (201, False)
    assert rows("replays") == 1


def test_a_failed_write_keeps_no_answer(repository, clock, monkeypatch):
    app = create_app(repository, clock=clock)
    client = client_of(app, "acme")
    with monkeypatch.context() as broken:
        broken.setattr(SupportDesk, "_id", lambda self: 1 / 0)
        answer = client.simulate_post(CASES, json={"body": BODY}, headers={"Idempotency-Key": "k"})
        assert answer.status_code == 500
    answer = client.simulate_post(CASES, json={"body": BODY}, headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json["number"]) == (201, 1)
    assert "Idempotent-Replayed" not in answer.headers


def test_the_key_is_ignored_where_nothing_is_posted(client, post):
    post(CASES)
    headers = {"Idempotency-Key": "key-1"}
    assert client.simulate_get(CASES, headers=headers).status_code == 200
    patched = client.simulate_patch(f"{CASES}/1", json={"status": "closed"}, headers=headers)
    assert patched.status_code == 200
    assert "Idempotent-Replayed" not in patched.headers


@pytest.mark.parametrize("path", [CASES, MESSAGES])
@pytest.mark.parametrize("traffic", [False, True])
def test_an_answer_is_kept_for_24_hours(post, clock, path, traffic):
    first = post(path)
    for _ in range(24):
        clock.advance(hours=1)
        if traffic:
            post(path, key=f"other-{clock.now}")
        assert same(first, post(path))
    clock.advance(hours=1)
    post(path, key="new")  # forgets what is old
    assert "Idempotent-Replayed" not in post(path).headers


def test_after_a_burst_each_post_forgets_200_old_answers_the_oldest_first(post, rows, repository, clock):
    with repository.write() as transaction:
        for n in range(500):
            kept = KeptAnswer("f" * 64, Answer(201, "{}"))
            transaction.replays.keep("store:acme", f"burst-{n}", kept, clock.now + timedelta(milliseconds=n))
    clock.advance(days=2)
    assert post(CASES, key="new-1").status_code == 201
    assert rows("replays") == 500 - 200 + 1
    with repository.read() as transaction:
        assert transaction.replays.find("store:acme", "burst-199") is None
        assert transaction.replays.find("store:acme", "burst-200") is not None
    assert [post(CASES, key=f"new-{n}").status_code for n in (2, 3)] == [201, 201]
    assert rows("replays") == 3


# -- the subject maker ------------------------------------------------------------------------------------------------


def test_the_subject_maker_is_not_asked_again_for_a_replay(repository):
    asked = []
    client = client_of(
        create_app(repository, make_subject=lambda body: asked.append(body) or f"No. {len(asked)}"), "acme"
    )
    answers = [
        client.simulate_post(CASES, json={"body": BODY}, headers={"Idempotency-Key": "k"}).json["subject"]
        for _ in range(3)
    ]
    assert answers == ["No. 1"] * 3
    assert asked == [BODY]


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "k"}])
@pytest.mark.parametrize("place", ["memory", "file"])
def test_the_subject_maker_is_never_asked_within_a_transaction(tmp_path, headers, place):
    repository = open_repository(":memory:" if place == "memory" else tmp_path / "cases.db")
    done = []

    def make_subject(body):
        def other_writer():
            with repository.write():
                done.append(body)

        thread = threading.Thread(target=other_writer)
        thread.start()
        thread.join(5)
        return "Made meanwhile" if not thread.is_alive() else "Blocked"

    client = client_of(create_app(repository, make_subject=make_subject), "acme")
    answer = client.simulate_post(CASES, json={"body": BODY}, headers=headers)
    assert answer.json["subject"] == "Made meanwhile"
    assert done == [BODY]
    repository.close()


# -- at the same time -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slow", [False, True], ids=["", "subjects made side by side"])
@pytest.mark.parametrize("place", ["memory", "file"])
@pytest.mark.parametrize("path", [CASES, MESSAGES])
def test_eight_threads_with_one_key_have_one_effect_and_all_get_its_answer(tmp_path, place, path, slow):
    start = threading.Barrier(8)

    def make_subject(body):
        if slow:
            start.wait(20)  # all eight have found that there is no answer yet
        return "Made by the host"

    database = ":memory:" if place == "memory" else tmp_path / "cases.db"
    app = create_app(database, make_subject=make_subject, clock=MovableClock())
    app.desk.open(ACME, body=BODY, subject="First")
    key, _ = app.keys.create("acme")
    answers = []

    def work():
        if not slow or path != CASES:
            start.wait(20)
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "one"}
        answers.append(TestClient(app).simulate_post(path, json={"body": BODY}, headers=headers))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [answer.status_code for answer in answers] == [201] * 8
    assert len({answer.content for answer in answers}) == 1
    assert len({answer.headers.get("Location") for answer in answers}) == 1
    assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == 7
    assert app.desk.list(ACME).count == (2 if path == CASES else 1)
    assert len(app.desk.get(ACME, 1).messages) == (1 if path == CASES else 2)
    app.desk.repository.close()
