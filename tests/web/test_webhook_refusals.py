"""Webhooks over HTTP: what is refused, on both sides, and where webhooks may go."""

import json

import pytest
from falcon.testing import TestClient

from supportcases import create_app
from supportcases.testing import support_desk as kit
from tests.conftest import ACME, ADA, GLOBEX, support_client_of
from tests.support.desks import everything
from tests.support.webhooks import OURS, THEIRS, URL, add, refused

MISSING = "0191abc0-0000-7000-8000-00000000ffff"
TYPES = ", ".join(
    f"support_case.{kind}"
    for kind in ("opened", "replied", "answered", "announced", "closed", "reopened", "changed", "redacted")
)


@pytest.mark.parametrize(
    ("new", "problems"),
    [
        ({}, {"url": "Is required."}),
        ({"url": None}, {"url": "Must not be null."}),
        ({"url": 5}, {"url": "Must be a string."}),
        ({"url": "http://shop.example.com/"}, {"url": "Must begin with https://."}),
        ({"url": "https://10.0.0.7/"}, {"url": "Must lead to a public address, which 10.0.0.7 is not."}),
        ({"url": "https://[::1]/"}, {"url": "Must lead to a public address, which ::1 is not."}),
        ({"url": "http://localhost:8000/"}, {"url": "Must begin with https://."}),
        ({"url": "https://intranet/"}, {"url": "Must have a full name, such as shop.example.com, or an IP address."}),
        ({"url": f"https://a.example?{'x' * 1_982}"}, {"url": "Must be up to 2,000 characters long, not 2,001."}),
        ({"url": "https://a.example/\r\nX: y"}, {"url": None}),
        ({"url": URL, "types": []}, {"types": f"Must be null for all, or a list of some of {TYPES}, each once."}),
        ({"url": URL, "types": ["support_case.noted"]}, {"types": None}),
        ({"url": URL, "types": [["support_case.opened"]]}, {"types": None}),
        ({"url": URL, "types": {"support_case.opened": True}}, {"types": None}),
        ({"url": URL, "description": "a\u0085b"}, {"description": "Must be one line without control characters."}),
        ({"url": URL, "description": "a\0b"}, {"description": "Must not contain a NUL character."}),
        ({"url": URL, "description": "\ud800"}, {"description": "Must not contain a lone surrogate."}),
        ({"url": URL, "description": "\u200b"}, {"description": None}),
        ({"url": URL, "description": True}, {"description": "Must be a string."}),
        ({"url": "x", "types": 1, "description": 1}, {"url": None, "types": None, "description": None}),
        ({"url": URL, "store": "acme"}, {"store": "Is not a known field."}),
        ({"url": URL, "secret": "whsec_"}, {"secret": "Is not a known field."}),
        ({"url": URL, "enabled": False}, {"enabled": "Is not a known field."}),
    ],
    ids=lambda given: str(given)[:40],
)
def test_what_is_not_allowed_names_its_fields_and_makes_no_webhook(client, desk, new, problems):
    before = everything(desk)
    sent = {"body": json.dumps(new), "headers": {"Content-Type": "application/json"}}
    told = refused(client.simulate_post(OURS, **sent), 400, "validation_failed")
    assert told.keys() == problems.keys()
    assert all(told[field] == says for field, says in problems.items() if says)
    assert everything(desk) == before


@pytest.mark.parametrize(
    ("change", "problems"),
    [
        ({}, {"request body": "Must have at least one of url, types, description, enabled."}),
        ({"url": "https://127.0.0.1/"}, {"url": "Must lead to a public address, which 127.0.0.1 is not."}),
        ({"url": "https://[fe80::1]/"}, {"url": "Must lead to a public address, which fe80::1 is not."}),
        ({"url": None}, {"url": "Must not be null."}),
        ({"enabled": None}, {"enabled": "Must not be null."}),
        ({"enabled": "true"}, {"enabled": "Must be true or false."}),
        ({"enabled": False, "types": ["support_case.noted"]}, {"types": None}),
        ({"description": ""}, {"description": "Must be 1 to 200 characters long, not 0."}),
        ({"store": "globex"}, {"store": "Is not a known field."}),
        ({"disabledBecause": None}, {"disabledBecause": "Is not a known field."}),
    ],
    ids=str,
)
def test_a_change_that_is_not_allowed_changes_nothing(side, desk, change, problems):
    who, path, _ = side
    at = f"{path}/{desk.add_webhook(ACME, url=URL).webhook.id}"
    before = everything(desk)
    told = refused(who.simulate_patch(at, json=change), 400, "validation_failed")
    assert told.keys() == problems.keys()
    assert all(told[field] == says for field, says in problems.items() if says)
    assert everything(desk) == before


def test_a_store_s_webhook_is_told_of_no_note_whoever_makes_it(ada):
    told = refused(
        ada.simulate_post(THEIRS, json={"url": URL, "store": "acme", "types": ["support_case.noted"]}),
        400,
        "validation_failed",
    )
    assert told == {"types": f"Must be null for all, or a list of some of {TYPES}, each once."}
    assert refused(ada.simulate_post(THEIRS, json={"url": URL, "store": "a b"}), 400, "validation_failed").keys() == {
        "store"
    }


@pytest.mark.parametrize(
    ("query", "field"),
    [("limit=0", "limit"), ("limit=101", "limit"), ("offset=-1", "offset"), ("limit=1&limit=2", "limit")],
)
def test_no_page_is_asked_for_like_this(side, query, field):
    who, path, _ = side
    assert refused(who.simulate_get(path, query_string=query), 400, "validation_failed").keys() == {field}


@pytest.mark.parametrize("query", ["limit=101", "before=x", "before=-1", "before=9007199254740992"])
def test_no_page_of_the_log_is_asked_for_like_this(side, query):
    who, path, _ = side
    log = f"{path}/{add(who, path)['id']}/deliveries"
    told = refused(who.simulate_get(log, query_string=query), 400, "validation_failed")
    assert list(told) == [query.partition("=")[0]]


def test_there_are_10_of_a_store_and_100_of_the_desk(client, ada, app):
    for _ in range(10):
        add(client)
    for who, path, more in ((client, OURS, {}), (ada, THEIRS, {"store": "acme"})):
        answer = who.simulate_post(path, json={"url": URL, **more})
        assert refused(answer, 409, "too_many_webhooks") == (
            "This store has as many webhooks as it may have (10); remove one first."
        )
    for _ in range(100):
        app.desk.add_webhook(ADA, url=URL)
    assert refused(ada.simulate_post(THEIRS, json={"url": URL}), 409, "too_many_webhooks") == (
        "The desk has as many webhooks as it may have (100); remove one first."
    )
    client.simulate_delete(f"{OURS}/{client.simulate_get(OURS).json['data'][0]['id']}")
    add(client)


def uses(at):
    """Return each request that is about one webhook."""
    return [
        *(("GET", at), ("HEAD", at), ("PATCH", at), ("DELETE", at), ("POST", f"{at}/test"), ("POST", f"{at}/rotate")),
        *(("GET", f"{at}/deliveries"), ("POST", f"{at}/deliveries/1/redeliver")),
    ]


def test_to_others_a_webhook_is_as_one_that_never_was(client, ada, app, desk):
    ours, theirs = desk.add_webhook(ACME, url=URL).webhook, desk.add_webhook(GLOBEX, url=URL).webhook
    whole = desk.add_webhook(ADA, url=URL).webhook
    for one in (ours, theirs, whole):
        desk.test_webhook(ADA, one.id)
    bob = support_client_of(app, "Bob", ["globex"])
    before = everything(desk)
    for who, path, foreign in (
        (client, OURS, theirs),
        (client, OURS, whole),
        (bob, THEIRS, ours),
        (bob, THEIRS, whole),
    ):
        for (method, at), (_, nowhere) in zip(uses(f"{path}/{foreign.id}"), uses(f"{path}/{MISSING}"), strict=True):
            how = {"json": {"enabled": False}} if method == "PATCH" else {}
            answer, missing = (who.simulate_request(method, each, **how) for each in (at, nowhere))
            assert answer.status_code == missing.status_code == 404
            assert answer.content == missing.content
            if method != "HEAD":
                refused(answer, 404, "webhook_not_found")
    answer = bob.simulate_post(THEIRS, json={"url": URL, "store": "acme"})
    assert refused(answer, 403, "forbidden") == "You do not serve the store acme."
    assert refused(bob.simulate_post(THEIRS, json={"url": URL}), 403, "forbidden") == (
        "Only who serves all stores may have a webhook for the whole desk; name a store."
    )
    for store in ("acme", "nosuch"):
        assert bob.simulate_get(THEIRS, params={"store": store}).json["data"] == []
    for path in (THEIRS, f"{THEIRS}/{ours.id}"):
        assert refused(client.simulate_get(path), 404, "not_found") == "There is nothing at this path."
    for method, path in (*uses(f"{OURS}/{ours.id}"), ("GET", OURS), ("POST", OURS)):
        assert ada.simulate_request(method, path).status_code == 403
    assert everything(desk) == before


@pytest.mark.parametrize("name", ["1", "x", "..%2fx", "%00", MISSING[:-1], f"{MISSING}%0a"])
def test_no_webhook_has_such_an_id(side, name):
    who, path, _ = side
    for method, at in uses(f"{path}/{name}"):
        how = {"json": {"enabled": False}} if method == "PATCH" else {}
        assert who.simulate_request(method, at, **how).status_code == 404


@pytest.mark.parametrize("number", ["0", "2", "01", "x", "-1", "1.0", "٣", "9" * 15, "9" * 16, "9" * 40])
def test_no_delivery_has_such_a_number(side, number):
    who, path, _ = side
    at = f"{path}/{add(who, path)['id']}"
    who.simulate_post(f"{at}/test")
    answer = who.simulate_post(f"{at}/deliveries/{number}/redeliver")
    assert refused(answer, 404, "webhook_not_found") == "There is no such webhook, or no such delivery of it."


def test_bodies_have_a_limit_also_where_nothing_in_them_counts(repository, client):
    app = create_app(repository, max_body=100, authenticate=lambda req: ACME)
    small = TestClient(app)
    at = f"{OURS}/{add(client)['id']}"
    for method, path in (("POST", OURS), ("PATCH", at), ("POST", f"{at}/test"), ("POST", f"{at}/rotate")):
        answer = small.simulate_request(method, path, json={"url": URL, "description": "x" * 100})
        assert refused(answer, 413, "payload_too_large") == "The body must not be larger than 100 bytes."
    assert refused(small.simulate_post(OURS, body="url=x"), 415, "unsupported_media_type")
    assert refused(small.simulate_post(OURS), 400, "bad_request")
    assert small.simulate_post(f"{at}/test", body="{").status_code == 202


# where webhooks may go


@pytest.mark.parametrize("actor", [ACME, ADA])
def test_a_host_denies_networks_and_allows_its_own_machine(repository, actor):
    app = create_app(
        repository,
        authenticate=lambda req: actor,
        webhook_deny=["93.184.216.0/24", "2606:4700::/32"],
        allow_http_loopback=True,
    )
    client, path = TestClient(app), OURS if actor is ACME else THEIRS
    for url in ("https://93.184.216.34/", "https://[2606:4700::1111]/", "http://shop.example.com/"):
        assert refused(client.simulate_post(path, json={"url": url}), 400, "validation_failed").keys() == {"url"}
    made = add(client, path, url="http://localhost:8000/x")
    add(client, path, url="https://8.8.8.8/")
    answer = client.simulate_patch(f"{path}/{made['id']}", json={"url": "http://127.0.0.1:9009"})
    assert answer.json["url"] == "http://127.0.0.1:9009/"
    answer = client.simulate_patch(f"{path}/{made['id']}", json={"url": "https://93.184.216.34/"})
    assert refused(answer, 400, "validation_failed") == {
        "url": "Must lead to a public address, which 93.184.216.34 is not."
    }


@pytest.mark.parametrize("deny", ["10.0.0.0/8", ["10.0.0.1/8"], ["x"], ["198.51.100.0/24", None], [5], ["10.0.0.0/33"]])
def test_what_is_no_list_of_networks_is_refused(deny):
    wrong = deny if isinstance(deny, str) else deny[-1]
    if deny == "10.0.0.0/8":  # one, and no list
        assert create_app(":memory:", webhook_deny=deny)
        return
    with pytest.raises(ValueError, match=r"^webhook_deny: Must be networks such as '198\.51\.100\.0/24', not ") as told:
        create_app(":memory:", webhook_deny=deny)
    assert repr(wrong) in str(told.value)


def test_the_kit_takes_both(tmp_path):
    with kit(webhook_deny=["93.184.216.0/24"], allow_http_loopback=True) as desk:
        client = desk.client("acme")
        assert client.post(OURS, json={"url": "http://localhost:1/"}).status_code == 400
        assert client.post(OURS, json={"url": "http://localhost:8000/"}).status_code == 201
        assert client.post(OURS, json={"url": "https://93.184.216.34/"}).status_code == 400
        assert desk.as_merchant("acme").webhooks().count == 1
        assert desk.as_support().add_webhook(url=URL).webhook.store is None
