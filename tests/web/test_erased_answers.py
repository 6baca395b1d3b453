"""A request that comes again with its Idempotency-Key once what it did was taken out: 410, and nothing is done."""

from datetime import timedelta

import pytest

from tests.conftest import ACME, ADA, CASES, SUPPORT

WORD = "The Zanzibar shows a blank page."
MERCHANTS = {CASES: {"body": WORD}, f"{CASES}/1/messages": {"body": WORD}}
TEAMS = {
    f"{SUPPORT}/cases": {"store": "acme", "body": WORD},
    f"{SUPPORT}/cases/acme:1/messages": {"body": WORD},
    f"{SUPPORT}/cases/acme:1/messages?": {"body": WORD, "internal": True},
}
K = {"Idempotency-Key": "k"}


def said(app) -> list[tuple[str, int]]:
    return [(case.id, len(app.desk.get(ADA, case.id).messages)) for case in app.desk.queue(ADA).cases]


@pytest.fixture
def post(app, client, ada):
    app.desk.open(ACME, body="A long enough body.")

    def post(path):
        sender, document = (ada, TEAMS[path]) if path in TEAMS else (client, MERCHANTS[path])
        return sender.simulate_post(path.rstrip("?"), json=document, headers=K)

    return post


def test_the_document_tells_of_it_wherever_a_key_is_taken(client):
    document = client.simulate_get("/openapi.json").json
    taken = {
        operation["operationId"]: {"409", "410"} <= operation["responses"].keys()  # 409: the files of a store are full
        for path in document["paths"].values()
        for operation in path.values()
        if "Idempotency-Key" in str(operation)
    }
    assert taken == dict.fromkeys(["openCase", "replyToCase", "openCaseForStore", "answerCase"], True)


def redact(app, clock):
    for case in app.desk.queue(ADA).cases:
        for message in app.desk.get(ADA, case.id).messages:
            app.desk.redact(ADA, case.id, message=message.id, reason="law")


def purge(app, clock):
    for case in app.desk.queue(ADA).cases:
        app.desk.change(ADA, case.id, status="closed")
    clock.advance(days=1)
    assert app.desk.purge(ADA, closed_for=timedelta(days=1)).gone


@pytest.mark.parametrize("path", [*MERCHANTS, *TEAMS])
def test_a_retry_of_what_was_redacted_is_410_and_does_nothing(app, post, clock, path):
    assert post(path).status_code == 201
    assert post(path).headers["Idempotent-Replayed"] == "true"
    redact(app, clock)
    before = said(app)
    refused = post(path)
    assert (refused.status_code, refused.json["code"], "Zanzibar" in refused.text) == (410, "erased", False)
    assert said(app) == before


@pytest.mark.parametrize("path", [*MERCHANTS, *TEAMS])
def test_a_retry_of_what_was_purged_opens_nothing_again(app, post, clock, path):
    assert post(path).status_code == 201
    purge(app, clock)
    opens = path in (CASES, f"{SUPPORT}/cases")
    refused = post(path)
    assert (refused.status_code, refused.json["code"]) == ((410, "erased") if opens else (404, "not_found"))
    assert said(app) == []
