"""What holds whichever server stands in front: the API over a real socket, beside the shop that it is mounted in."""

import gzip
import itertools
import json
import re
import socket
import time
from urllib.parse import urljoin

import pytest

BODY = "The checkout shows a blank page."
PLANES = "é ü ß Ω Ж 漢字 サポート العربية 👩‍👩‍👧 𝔘𝔫𝔦 𐍈 \U0002f800"  # from one to four bytes a character
MIB = 1_048_576
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def error(code, sentence):
    return {"error": sentence, "code": code, "requestId": "test"}


def opened(server, merchant, **fields):
    answer = merchant.ask("POST", server.cases, {"body": BODY, **fields})
    assert answer.status == 201, answer
    return answer.json


# the shop and the desk


def test_the_shop_is_beside_the_desk(site, stranger):
    for path in ("/", "/orders/7", "/api/v1/support-cases", "/supportx"):
        answer = stranger.ask("GET", path)
        assert (answer.status, answer.body.decode()) == (200, f"The shop at {path}")
    answer = stranger.ask("GET", "/support/orders")
    assert (answer.status, answer.json) == (404, error("not_found", "There is nothing at this path."))


def test_a_path_of_all_planes_comes_to_the_shop_as_it_was_sent(site, stranger):
    answer = stranger.ask("GET", "/caf%C3%A9/%E6%BC%A2/%F0%9F%91%A9%20+")
    assert answer.body.decode() == "The shop at /café/漢/👩 +"


# cases


def test_the_desk_is_healthy_and_describes_itself_where_it_is(server, stranger):
    assert stranger.ask("GET", f"{server.prefix}/healthz").json == {"status": "ok", "database": "ok"}
    document = stranger.ask("GET", f"{server.prefix}/openapi.json").json
    assert document["servers"] == [{"url": server.prefix or "/"}]


def test_a_browser_finds_the_reference_and_what_it_loads(server, stranger):
    path = f"{server.prefix}/docs"
    for root in {server.prefix or "/", f"{server.prefix}/"}:
        (link,) = re.findall(r'href="([^"]+/docs)"', stranger.ask("GET", root).body.decode())
        assert urljoin(root, link) == path
    page = stranger.ask("GET", path, Accept_Encoding="gzip")
    assert (page.headers["content-type"], page.headers["content-encoding"]) == ("text/html; charset=utf-8", "gzip")
    files = re.findall(r'<(?:link|script)[^>]* (?:href|src)="([^"]+)"', gzip.decompress(page.body).decode())
    answers = [stranger.ask("GET", urljoin(path, file)) for file in files]
    kinds = ["image/svg+xml", "text/css; charset=utf-8", "text/javascript; charset=utf-8"]
    assert [(answer.status, answer.headers["content-type"]) for answer in answers] == [(200, kind) for kind in kinds]
    assert {answer.headers["cache-control"] for answer in answers} == {"public, max-age=31536000, immutable"}


def test_a_case_is_opened_followed_closed_and_replied_to(server, merchant):
    answer = merchant.ask("POST", server.cases, {"body": BODY, "author": "Grace", "severity": "high"})
    case = answer.json
    assert (answer.status, answer.headers["content-type"]) == (201, "application/json")
    assert UUID.fullmatch(case["id"])
    assert MOMENT.fullmatch(case["createdAt"])
    assert (case["number"], case["severity"], case["status"]) == (1, "high", "open")
    assert answer.headers["location"] == f"{server.cases}/{case['id']}"
    closed = merchant.ask("PATCH", answer.headers["location"], {"status": "closed"}).json
    assert closed == {**case, "status": "closed", "closedAt": closed["closedAt"], "lastActivityAt": closed["closedAt"]}
    reply = merchant.ask("POST", f"{server.cases}/%231/messages", {"body": "It is back."})
    assert (reply.status, reply.json["status"]) == (201, "open")
    thread = merchant.ask("GET", answer.headers["location"]).json
    assert (thread["status"], thread["closedAt"]) == ("open", None)
    assert [(m["authorLabel"], m["body"]) for m in thread["messages"]] == [("Grace", BODY), ("API", "It is back.")]
    assert thread["messages"][1] == reply.json["message"]


def test_a_case_has_many_names(server, merchant):
    case = opened(server, merchant)
    answers = [merchant.ask("GET", f"{server.cases}/{name}") for name in (case["id"], "1", "0001", "%231", "%23001")]
    assert [answer.status for answer in answers] == [200] * 5
    assert {answer.body for answer in answers} == {answers[0].body}
    assert answers[0].json["id"] == case["id"]


def test_texts_of_all_planes_come_back_as_they_were_sent(server, merchant):
    case = opened(server, merchant, subject=PLANES, body=f"{PLANES}\n\t{PLANES}", author=PLANES)
    thread = merchant.ask("GET", f"{server.cases}/{case['id']}").json
    (message,) = thread["messages"]
    assert (thread["subject"], message["body"], message["authorLabel"]) == (PLANES, f"{PLANES}\n\t{PLANES}", PLANES)


@pytest.mark.parametrize(
    "query",
    ["%C3%A9", "%E6%BC%A2%E5%AD%97", "%F0%9F%91%A9", "%F0%90%8D%88", "+%C3%9C+", "stra%C3%9Fe%20%26", "%25_%22%2B"],
)
def test_queries_of_all_planes_find_what_they_say(server, merchant, query):
    found = opened(server, merchant, subject=f'{PLANES} STRASSE & %_"+')
    opened(server, merchant, subject="Not this")
    answer = merchant.ask("GET", f"{server.cases}?query={query}")
    assert answer.json == {"data": [found], "meta": {"count": 1, "offset": 0, "limit": 10}}


# the support team's side


def test_the_team_names_a_case_by_store_and_number(server, merchant, ada, store):
    case = opened(server, merchant)
    for name in (case["id"], f"{store}:1", f"{store}%3A1", f"{store}:%231"):
        answer = ada.ask("GET", f"{server.queue}/{name}")
        assert (answer.status, answer.json["id"], answer.json["store"]) == (200, case["id"], store)


@pytest.mark.parametrize("name", ["caf%C3%A9:1", "%E6%BC%A2%E5%AD%97:1", "%F0%9F%91%A9:1", "%FF:1", "none:1"])
def test_a_store_that_cannot_be_is_no_case(server, ada, name):
    answer = ada.ask("GET", f"{server.queue}/{name}")
    assert (answer.status, answer.json) == (404, error("not_found", "There is no such support case."))


def test_an_answer_and_a_condition_go_through(server, merchant, ada, store):
    opened(server, merchant)
    path = f"{server.queue}/{store}:1"
    assert ada.ask("POST", f"{path}/messages", {"body": PLANES, "author": "Zoë 🛒"}).json["status"] == "answered"
    tag = ada.ask("GET", path).headers["etag"]
    assert re.fullmatch(r'"\d+"', tag)
    changed = ada.ask("PATCH", path, {"severity": "critical"}, If_Match=tag)
    assert (changed.status, changed.json["severity"]) == (200, "critical")
    late = ada.ask("PATCH", path, {"severity": "low"}, If_Match=tag)
    assert (late.status, late.json["code"]) == (412, "precondition_failed")
    last = merchant.ask("GET", f"{server.cases}/1").json["messages"][-1]
    assert (last["authorLabel"], last["body"]) == ("Zoë 🛒", PLANES)


# HTTP


def test_head_is_get_without_its_body(server, merchant):
    opened(server, merchant)
    get, head = (merchant.ask(method, f"{server.cases}/1") for method in ("GET", "HEAD"))
    assert (get.status, head.status, head.body) == (200, 200, b"")
    kept = ("content-type", "cache-control", "x-request-id")
    assert [head.headers[name] for name in kept] == [get.headers[name] for name in kept]
    assert merchant.ask("GET", f"{server.cases}/1").body == get.body  # the connection is still in step


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer sck_no", "Basic c2NrX25vOg==", "Bearer \xe9"])
def test_without_a_key_nothing_is_found_below_the_api(server, stranger, authorization):
    for path in (server.cases, f"{server.cases}/1", f"{server.prefix}/api/v1/none"):
        answer = stranger.ask("GET", path, Authorization=authorization)
        assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert answer.json["code"] == "unauthorized"


@pytest.mark.parametrize("name", ["2", "0", "none", "0191abc0-0000-7000-8000-000000000001", "caf%C3%A9", "%FF"])
def test_a_case_that_is_not_there(server, merchant, name):
    answer = merchant.ask("GET", f"{server.cases}/{name}")
    assert (answer.status, answer.json) == (404, error("not_found", "There is no such support case."))


@pytest.mark.parametrize("name", ["a%2Fb", "%00"])
def test_an_odd_paths_or_nul_is_nobody_s_case(server, merchant, name):
    answer = merchant.ask("GET", f"{server.cases}/{name}")
    assert answer.status == 404
    by_the_desk = answer.headers["content-type"] == "application/json"
    assert by_the_desk == (server.launcher.odd_paths == "desk")


def test_a_method_that_is_not_there(server, merchant):
    for path, allowed in (
        (server.cases, "GET, HEAD, POST, OPTIONS"),
        (f"{server.cases}/1", "GET, HEAD, PATCH, OPTIONS"),
    ):
        answer = merchant.ask("DELETE", path)
        assert (answer.status, answer.headers["allow"]) == (405, allowed)
        assert answer.json == error("method_not_allowed", f"This path takes only {allowed}.")


def test_a_body_over_the_limit_is_refused_in_words(server, merchant):
    answer = merchant.ask("POST", server.cases, {"body": "x" * MIB})
    assert (answer.status, answer.json) == (
        413,
        error("payload_too_large", "The body must not be larger than 1,048,576 bytes."),
    )
    assert merchant.ask("GET", server.cases).json["data"] == []


def test_a_body_at_the_limit_is_read_whole(server, merchant):
    body = json.dumps({"body": BODY}).encode().ljust(MIB)
    assert merchant.ask("POST", server.cases, body).status == 201


def test_what_is_not_sent_as_json_is_refused(server, merchant):
    answer = merchant.ask("POST", server.cases, b"body=x", Content_Type="application/x-www-form-urlencoded")
    assert (answer.status, answer.json["code"]) == (415, "unsupported_media_type")


def test_a_chunked_body(server, merchant):
    chunks = [b'{"body": ', b'"The checkout ', b'shows a blank page."}']
    answer = merchant.ask("POST", server.cases, iter(chunks), Transfer_Encoding="chunked")
    assert answer.status == server.launcher.chunked
    count = merchant.ask("GET", server.cases).json["meta"]["count"]
    assert count == (1 if answer.status == 201 else 0)


def test_a_client_that_waits_for_leave_to_send_its_body_gets_it(server, merchant):
    answer = merchant.ask("POST", server.cases, {"body": BODY}, Expect="100-continue")
    assert (answer.status, answer.json["number"]) == (201, 1)


def test_several_requests_use_one_connection(server, merchant):
    connections = set()
    for number in range(1, 6):
        assert opened(server, merchant)["number"] == number
        assert merchant.ask("GET", f"{server.cases}/{number}").status == 200
        assert merchant.ask("GET", f"{server.cases}/99").status == 404
        connections.add(merchant.connection.sock)
    assert merchant.is_connected == server.launcher.keeps_connections
    if server.launcher.keeps_connections:
        assert len(connections) == 1


def test_a_retry_gets_the_first_answer_again(server, merchant):
    first, again = (merchant.ask("POST", server.cases, {"body": BODY}, Idempotency_Key="one") for _ in range(2))
    assert (first.status, again.status) == (201, 201)
    assert (first.body, first.headers["location"]) == (again.body, again.headers["location"])
    assert ("idempotent-replayed" in first.headers, again.headers["idempotent-replayed"]) == (False, "true")
    assert merchant.ask("GET", server.cases).json["meta"]["count"] == 1


def test_every_answer_has_the_id_of_its_request(server, merchant):
    assert merchant.ask("GET", server.cases, X_Request_Id="Shop.42_a-b").headers["x-request-id"] == "Shop.42_a-b"
    refused = merchant.ask("GET", server.cases, X_Request_Id="not one")
    assert re.fullmatch("[0-9a-f]{32}", refused.headers["x-request-id"])


def test_no_answer_is_kept_in_a_cache(server, merchant):
    opened(server, merchant)
    conditions = {"If_Modified_Since": "Tue, 01 Jan 2999 00:00:00 GMT", "If_None_Match": "*"}
    for path in (server.cases, f"{server.cases}/1", f"{server.cases}/2"):
        answer = merchant.ask("GET", path, **conditions)
        assert answer.status == (404 if path.endswith("/2") else 200)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.json


def test_a_big_answer_comes_whole(server, merchant):
    cases = [opened(server, merchant, subject=f"{number:03}{'👩' * 197}") for number in range(1, 101)]
    answer = merchant.ask("GET", f"{server.cases}?limit=100")
    assert answer.json == {"data": cases[::-1], "meta": {"count": 100, "offset": 0, "limit": 100}}
    replies = [merchant.ask("POST", f"{server.cases}/1/messages", {"body": "漢" * 10_000}).json for _ in range(50)]
    thread = merchant.ask("GET", f"{server.cases}/1")
    assert len(thread.body) > 1_500_000
    assert thread.json["messages"][1:] == [reply["message"] for reply in replies]


def test_a_client_that_leaves_in_the_middle_of_its_body_opens_no_case(server, merchant):
    head = (
        f"POST {server.cases} HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer {merchant.key}\r\n"
        "Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n"
    )
    for _ in itertools.repeat(None, 8):
        with socket.create_connection(("127.0.0.1", server.port)) as leaving:
            leaving.sendall(head.encode() + b'{"body": "The checkout')
    time.sleep(0.2)
    assert opened(server, merchant)["number"] == 1
