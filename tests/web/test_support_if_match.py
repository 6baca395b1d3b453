"""If-Match on PATCH /support/cases/{id} and POST .../messages: this case moved while you wrote."""

import http.client
import json

import pytest

from supportcases import create_app
from tests.conftest import ACME, ADA, SUPPORT, call, serving

PATH = f"{SUPPORT}/cases/acme:1"
BODY = "The checkout shows a blank page."
MOVED = {
    "error": "This case has changed since you read it, or the ETag sent is none of its own; read it again first.",
    "code": "precondition_failed",
    "requestId": "test",
}


pytestmark = pytest.mark.usefixtures("blank_pages")


@pytest.fixture
def patch(ada):
    """Change case 1."""
    return lambda if_match=None, **fields: ada.simulate_patch(
        PATH, json=fields, headers={} if if_match is None else {"If-Match": if_match}
    )


@pytest.fixture
def post(ada):
    """Write to case 1."""
    return lambda if_match=None, **fields: ada.simulate_post(
        f"{PATH}/messages", json={"body": "hello", **fields}, headers={} if if_match is None else {"If-Match": if_match}
    )


MATCHING = ['"1"', ' "1" ', '"7", "1"', '"1","7"', "*", " * "]
STALE = ['"2"', '"0"', '""', '"01"', '"1 "', '" 1"', '"one"', '"1', '1"', "1", '"-1"', '"１"', '"' + "9" * 400 + '"']
STALE += [
    "W/*",
    'W/"*"',
    'W/"1"',
    'w/"1"',
    'W/"1", "2"',
    "garbage",
    ",",
    '"é"',
    '"*"',
    '"1.0"',
    '"2" "1"',
    "'1'",
    "x, y",
    "\x00",
    "()",
    "",
    " ",
    "\t",
]


@pytest.mark.parametrize("way", ["patch", "post"])
@pytest.mark.parametrize("tag", [*MATCHING, None])
def test_a_matching_condition_lets_the_change_happen(app, way, tag):
    assert conditional(app, way, tag).status == {"patch": 200, "post": 201}[way]
    assert app.desk.revision(ADA, "acme:1") == 2


@pytest.mark.parametrize(
    ("way", "tag"),
    [
        *(("patch", tag) for tag in STALE),
        *((way, tag) for way in ("post", "note", "close", "retry") for tag in ('"2"', 'W/"1"', "garbage", "")),
    ],
)
def test_any_other_condition_is_412_and_nothing_happens(app, get_queued, way, tag):
    before = get_queued()
    answer = conditional(app, way, tag)
    assert (answer.status, answer.json) == (412, MOVED)
    assert list(answer.json) == ["error", "code", "requestId"]
    assert answer.headers["content-type"] == "application/json"
    assert get_queued().content == before.content
    assert app.desk.revision(ADA, "acme:1") == 1


def conditional(app, way, tag):
    key, _ = app.keys.create_support(label="Ada")
    document = {
        "patch": {"severity": "low"},
        "note": {"body": "x", "internal": True},
        "close": {"body": "x", "close": True},
    }
    body = json.dumps(document.get(way, {"body": "hello"})).encode()
    method, path = ("PATCH", PATH) if way == "patch" else ("POST", f"{PATH}/messages")
    head = {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body)), "HTTP_X_REQUEST_ID": "test"}
    head["HTTP_IDEMPOTENCY_KEY"] = "k" if way == "retry" else None
    return call(app, method, path, body, HTTP_IF_MATCH=tag, HTTP_AUTHORIZATION=f"Bearer {key}", **head)


def test_a_case_that_moved_while_somebody_wrote_is_412_until_it_is_read_again(app, get_queued, patch, post):
    tag = get_queued().headers["ETag"]
    app.desk.reply(ACME, 1, body="Anything new?")
    assert (post(tag).status_code, patch(tag, severity="low").status_code) == (412, 412)
    answer = patch(get_queued().headers["ETag"], severity="low")
    assert (answer.status_code, post(answer.headers["ETag"]).status_code) == (200, 201)


def test_a_condition_is_looked_at_after_the_document_and_the_name(ada, patch):
    assert patch('"9"', severity="x").status_code == 400
    headers = {"If-Match": '"9"'}
    answer = ada.simulate_patch(f"{SUPPORT}/cases/acme:9", json={"severity": "low"}, headers=headers)
    assert answer.status_code == 404


def test_a_retry_with_its_own_condition_gets_its_answer_though_the_case_moved_by_it(app, ada):
    headers = {"If-Match": '"1"', "Idempotency-Key": "k"}
    first, second = (ada.simulate_post(f"{PATH}/messages", json={"body": "hello"}, headers=headers) for _ in range(2))
    assert (first.status_code, second.status_code, first.content == second.content) == (201, 201, True)
    assert second.headers["Idempotent-Replayed"] == "true"


def test_only_this_side_sends_tags(ada, client, get_queued, post):
    assert "ETag" in get_queued().headers
    for answer in (post(), ada.simulate_get(f"{SUPPORT}/cases"), ada.simulate_get(f"{PATH}/history")):
        assert "ETag" not in answer.headers
    merchants = "/api/v1/support-cases/1"
    for answer in (
        client.simulate_get(merchants),
        client.simulate_patch(merchants, json={"status": "closed"}, headers={"If-Match": '"99"'}),
    ):
        assert (answer.status_code, "ETag" in answer.headers) == (200, False)


def test_over_http_an_empty_guard_holds(tmp_path):
    app = create_app(tmp_path / "cases.db")
    app.desk.open(ACME, body="The checkout shows a blank page.")
    key, _ = app.keys.create_support(label="Ada")
    with serving(tmp_path / "cases.db") as server:
        for method, path, sent in (
            ("PATCH", f"{SUPPORT}/cases/acme:1", b'{"severity": "low"}'),
            ("POST", f"{SUPPORT}/cases/acme:1/messages", b'{"body": "hello"}'),
        ):
            client = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=10)
            head = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "If-Match": ""}
            client.request(method, path, sent, head)
            assert client.getresponse().status == 412
            client.close()
    assert app.desk.revision(ADA, "acme:1") == 1
