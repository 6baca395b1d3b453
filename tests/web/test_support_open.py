"""POST /support/cases: a case opened on a store's behalf."""

import pytest
from falcon.testing import TestClient

from supportcases import mount
from tests.conftest import ACME, ADA, CASES, SUPPORT, support_client_of

QUEUE = f"{SUPPORT}/cases"
BODY = "The checkout shows a blank page."
NEW = {"store": "acme", "body": BODY}
AT = {30: "2024-06-15T10:30:00.000Z"}


@pytest.fixture
def post(ada):
    """Open a case on a store's behalf."""
    return lambda key=None, **fields: ada.simulate_post(
        QUEUE, json={**NEW, **fields}, headers={"Idempotency-Key": key} if key else {}
    )


def test_a_case_on_a_store_s_behalf_to_the_byte(ada, post):
    answer = post(subject="Blank page")
    assert answer.status_code == 201
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Location"] == f"{QUEUE}/0191abc0-0000-7000-8000-000000000001"
    assert answer.text == (
        '{"id":"0191abc0-0000-7000-8000-000000000001","number":1,"subject":"Blank page","category":"other",'
        f'"severity":"normal","status":"open","createdAt":"{AT[30]}","lastActivityAt":"{AT[30]}","closedAt":null,'
        f'"store":"acme","assignee":null,"waitingSince":"{AT[30]}"}}'
    )
    assert ada.simulate_get(answer.headers["Location"]).json["id"] == answer.json["id"]


def test_its_first_message_is_the_merchant_s_and_the_history_names_the_agent(ada, post, client):
    post(severity="high", category="billing_plans")
    thread = ada.simulate_get(f"{QUEUE}/acme:1").json
    assert (thread["severity"], thread["category"], thread["subject"]) == ("high", "billing_plans", BODY.rstrip("."))
    (message,) = thread["messages"]
    assert (message["authorKind"], message["authorLabel"], message["body"]) == ("merchant", "API", BODY)
    assert ada.simulate_get(f"{QUEUE}/acme:1/history").json["data"] == [
        {
            "at": AT[30],
            "kind": "opened",
            "actorKind": "support",
            "actorLabel": "Ada",
            "from": {},
            "to": {"status": "open"},
        }
    ]
    assert client.simulate_get(f"{CASES}/1").json["messages"][0]["authorLabel"] == "API"


def test_the_author_may_be_given(ada, post):
    post(author=" Grace ")
    assert ada.simulate_get(f"{QUEUE}/acme:1").json["messages"][0]["authorLabel"] == "Grace"


def test_numbers_go_on_in_each_store_whoever_opens(post, client):
    numbers = [post().json["number"], client.simulate_post(CASES, json={"body": BODY}).json["number"]]
    numbers += [post(store="globex").json["number"], post().json["number"]]
    assert numbers == [1, 2, 1, 3]


@pytest.mark.parametrize("store", ["acme", "nosuch"])
def test_a_store_that_is_not_served_is_403_be_there_such_a_store_or_not(app, store):
    app.desk.open(ACME, body=BODY)
    bob = support_client_of(app, "Bob", ["globex", "initech"])
    for headers in ({}, {"Idempotency-Key": "k"}):
        answer = bob.simulate_post(QUEUE, json={**NEW, "store": store}, headers=headers)
        assert (answer.status_code, answer.json["error"]) == (403, f"You do not serve the store {store}.")
    assert app.desk.queue(ADA).count == 1
    assert bob.simulate_post(QUEUE, json={**NEW, "store": "initech"}).status_code == 201


def test_location_begins_with_where_the_app_is_mounted(app):
    key, _ = app.keys.create_support(label="Ada")
    mounted = mount(lambda env, start: pytest.fail("host"), app, at="/desk")
    headers = {"Authorization": f"Bearer {key}"}
    answer = TestClient(mounted).simulate_post(f"/desk{QUEUE}", json=NEW, headers=headers)
    assert answer.headers["Location"].startswith(f"/desk{QUEUE}/0191abc0-")
