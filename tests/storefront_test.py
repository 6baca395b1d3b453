"""How a storefront tests that it mounts a support desk: no server, no file, the same every run."""

from falcon.testing import TestClient

from supportcases import mount


def storefront(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"The shop\n"]


def test_the_shop_is_still_there(support_desk):
    client = TestClient(mount(storefront, support_desk.app, at="/support"))
    assert client.get("/").text == "The shop\n"
    assert client.get("/support/api/v1/support-cases").status_code == 401


def test_a_merchant_sees_the_answer(support_desk, support_client):
    support_client.post("/api/v1/support-cases", json={"body": "The export of orders is empty."})
    support_desk.clock.advance(hours=3)
    support_desk.as_support("Ada").answer("acme:1", body="It is full again.", close=True)
    case = support_client.get("/api/v1/support-cases/1").json
    assert (case["status"], case["closedAt"]) == ("closed", "2024-06-15T13:30:00.000Z")
    assert [event.kind for event in support_desk.events] == ["opened", "answered", "closed"]


def test_a_page_of_believable_cases(support_desk, support_client):
    support_desk.some_cases(30)
    assert support_client.get("/api/v1/support-cases").json["meta"] == {"count": 30, "offset": 0, "limit": 10}
