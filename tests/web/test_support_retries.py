"""Idempotency-Key on the support team's two POSTs: one effect and one answer for the same request of the same key."""

import pytest
from falcon.testing import TestClient

from supportcases import Actor, create_app
from tests.conftest import ACME, ADA, CASES, SUPPORT, support_client_of

BODY = "The checkout shows a blank page."
OPEN, ANSWER = f"{SUPPORT}/cases", f"{SUPPORT}/cases/acme:1/messages"
DOCUMENTS = {OPEN: {"store": "acme", "body": BODY}, ANSWER: {"body": BODY}}
K = {"Idempotency-Key": "k"}


@pytest.fixture
def post(app, ada):
    """POST with the key k; acme has case 1."""
    app.desk.open(ACME, body=BODY)
    return lambda path, client=ada, **fields: client.simulate_post(path, json=DOCUMENTS[path] | fields, headers=K)


@pytest.fixture
def written(app):
    """Count the cases, and the messages of the first."""
    return lambda: (app.desk.queue(ADA).count, len(app.desk.get(ADA, "acme:1").messages))


def is_replay(first, second):
    assert "Idempotent-Replayed" not in first.headers
    assert (second.status_code, second.content) == (201, first.content)
    assert second.headers.get("Location") == first.headers.get("Location")
    return second.headers.get("Idempotent-Replayed") == "true"


@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_repeat_has_the_first_answer_whatever_happened_since(app, post, written, path):
    first = post(path)
    app.desk.reply(ACME, 1, body="Firefox.")
    before = written()
    assert is_replay(first, post(path))
    assert written() == before
    assert app.desk.find(ACME, 1).status == "open"


@pytest.mark.parametrize(
    ("path", "change"),
    [
        *((OPEN, change) for change in ({"store": "globex"}, {"body": BODY * 2}, {"severity": "low"}, {"author": "G"})),
        *((ANSWER, change) for change in ({"body": "Another."}, {"author": "Bob"}, {"kind": "elliot"})),
        *((ANSWER, change) for change in ({"kind": "system"}, {"internal": True}, {"close": True})),
    ],
)
def test_the_same_key_with_another_body_is_422(post, written, path, change):
    first = post(path)
    before = written()
    answer = post(path, **change)
    assert (answer.status_code, answer.json["code"]) == (422, "idempotency_key_reused")
    assert written() == before
    assert is_replay(first, post(path))


def test_a_default_that_is_spelled_out_is_the_same_request(post):
    assert is_replay(post(ANSWER), post(ANSWER, kind="support", internal=False, close=False))


def test_the_same_key_for_another_case_or_operation_is_422(app, ada, post, written):
    app.desk.open(ACME, body=BODY)
    post(ANSWER)
    assert post(OPEN).status_code == 422
    assert ada.simulate_post(f"{OPEN}/acme:2/messages", json={"body": BODY}, headers=K).status_code == 422
    assert written() == (2, 2)


@pytest.mark.parametrize("name", ["acme:%23000001", "{id}", "{ID}"])
def test_every_name_of_the_case_is_the_same_case(app, ada, post, name):
    first, case = post(ANSWER), app.desk.find(ADA, "acme:1")
    path = f"{OPEN}/{name.format(id=case.id, ID=case.id.upper())}/messages"
    assert is_replay(first, ada.simulate_post(path, json={"body": BODY}, headers=K))


@pytest.mark.parametrize("path", DOCUMENTS)
def test_each_support_key_has_its_own_also_of_one_label_and_merchants_share_none(app, client, post, path):
    first = post(path)
    for other in (support_client_of(app, "Ada"), support_client_of(app, "Bob")):
        answer = post(path, other)
        assert (answer.status_code, "Idempotent-Replayed" in answer.headers) == (201, False)
    merchant = client.simulate_post({OPEN: CASES, ANSWER: f"{CASES}/1/messages"}[path], json={"body": BODY}, headers=K)
    assert (merchant.status_code, "Idempotent-Replayed" in merchant.headers) == (201, False)
    assert is_replay(first, post(path))


@pytest.mark.parametrize("key", ["x" * 256, "a\tb", "\x7f"])
def test_a_faulty_key_is_400(ada, post, written, key):
    answer = ada.simulate_post(ANSWER, json={"body": BODY}, headers={"Idempotency-Key": key})
    assert (answer.status_code, answer.json["details"][0]["field"]) == (400, "Idempotency-Key")
    assert written() == (1, 1)


@pytest.mark.parametrize(("ids", "statuses"), [((None, None), [201, 422]), (("a", "b"), [201, 201])])
def test_retries_of_the_host_s_own_actors_are_kept_by_id_or_else_by_label(repository, ids, statuses):
    actors = iter([Actor.support("Ada", id=name) for name in ids])
    client = TestClient(create_app(repository, authenticate=lambda req: next(actors)))
    answers = [
        client.simulate_post(OPEN, json=DOCUMENTS[OPEN] | {"body": body}, headers=K) for body in (BODY, BODY * 2)
    ]
    assert [answer.status_code for answer in answers] == statuses
