"""Errors: the one shape, its sentence and its details, request ids, and environments that no client library makes."""

import json
import subprocess
import sys
from urllib.parse import quote

import pytest

from supportcases.domain import errors
from tests.conftest import CASES, ROOT, call
from tests.support.answers import checked
from tests.web.test_exceptions import tree

JSON = {"Content-Type": "application/json"}


def test_the_whole_shape_once(send):
    answer = send("GET", CASES, QUERY_STRING="limit=0", HTTP_X_REQUEST_ID="quote.me_1-2")
    assert checked(answer, 400) == {
        "error": "limit must be a whole number from 1 to 100.",
        "code": "validation_failed",
        "details": [{"field": "limit", "message": "Must be a whole number from 1 to 100."}],
        "requestId": "quote.me_1-2",
    }


def test_faulty_fields_are_told_in_the_order_of_the_document_and_unknown_ones_by_name(client):
    body = {"zebra": 1, "severity": None, "apple": 2, "body": "short", "mango": 3}
    answer = client.simulate_post(CASES, json=body).json
    assert [detail["field"] for detail in answer["details"]] == ["body", "severity", "apple", "mango", "zebra"]


@pytest.mark.parametrize(
    "name", ["a\r\nb", "tab\t", "next\x85line", "\u2028", "\u202e", "\x1b[31m", "", "\0", "\ud800"], ids=ascii
)
def test_a_name_that_cannot_be_printed_is_quoted_in_the_sentence_and_as_sent_in_the_details(client, name):
    answer = client.simulate_post(CASES, body=json.dumps({"body": "A long enough body.", name: 1}), headers=JSON)
    assert answer.json["details"] == [{"field": name, "message": "Is not a known field."}]
    assert answer.json["error"] == f"{json.dumps(name)} is not a known field."
    if name not in ("\0", "\ud800"):
        asked = client.simulate_get(CASES, query_string=f"{quote(name)}=%00")
        assert asked.json["error"] == f"{json.dumps(name)} must not contain a NUL character."


def test_a_very_long_name_is_cut(client):
    answer = client.simulate_post(CASES, json={"body": "A long enough body.", "x" * 100_000: 1})
    assert ("x" * 100_000).startswith(answer.json["details"][0]["field"])
    assert len(answer.content) < 10_000


def test_one_repeated_field_among_seventy_thousand_is_found(client):
    fields = ",".join(f'"field{number}":1' for number in range(70_000))
    answer = client.simulate_post(CASES, body=f'{{{fields},"field69999":1}}', headers=JSON)
    assert answer.json["error"] == "field69999 must not appear twice."


@pytest.mark.parametrize("faults", [25, 10_000])
def test_of_very_many_faults_the_first_twenty_are_told_and_the_others_counted(client, faults):
    fields = {f"field{number:05}": 1 for number in range(faults)}
    answer = client.simulate_post(CASES, json={"body": "A long enough body.", **fields})
    assert [detail["field"] for detail in answer.json["details"]] == [f"field{number:05}" for number in range(20)]
    assert answer.json["error"].endswith(f"field00019 is not a known field; and {faults - 20} more.")


ODD_METHODS = ["WEBSOCKET", "FOO", "get", "", "G E T", "POST\n", "ÄÖ", "\udc80", "X" * 10_000]


@pytest.mark.parametrize("path", ["/api/v1", CASES, f"{CASES}/1", f"{CASES}/", "/healthz", "/none", "/"])
def test_an_odd_method_is_refused_in_json(send, path):
    for method in ODD_METHODS:
        answer = send(method, path, HTTP_X_REQUEST_ID="odd")
        assert answer.status in (400, 404, 405)
        body = checked(answer, answer.status)
        assert body["requestId"] == "odd"
        assert body["error"].endswith(".")


def test_a_websocket_handshake_is_a_get_as_wsgi_knows_no_upgrade(send):
    assert send("GET", CASES, HTTP_UPGRADE="websocket", HTTP_CONNECTION="Upgrade").status == 200


ANSWERS = [
    ("GET", CASES, 200),
    ("GET", f"{CASES}/999", 404),
    ("HEAD", CASES, 200),
    ("OPTIONS", CASES, 200),
    ("GET", "/healthz", 200),
    ("GET", "/openapi.json", 200),
    ("GET", "/none", 404),
    ("GET", f"{CASES}/", 404),
    ("PUT", CASES, 405),
    ("WEBSOCKET", CASES, 400),
    ("FOO", CASES, 400),
    ("POST", CASES, 400),
]


@pytest.mark.parametrize(
    "accept",
    ["text/html", "application/xml", "*/*", "", "garbage", "application/json;q=0", "a/b;q=x", "*" * 9_999],
)
def test_every_answer_is_json_whatever_the_client_accepts(send, accept):
    for method, path, status in ANSWERS:
        answer = send(method, path, HTTP_ACCEPT=accept)
        assert answer.status == status
        if answer.body:
            assert answer.headers["content-type"] == "application/json"
        if status >= 400:
            checked(answer, status)


# request ids


@pytest.mark.parametrize("request_id", ["a", "A.b_c-9", "0" * 128])
def test_a_proper_request_id_comes_back_on_every_answer(send, request_id):
    for method, path, status in ANSWERS:
        answer = send(method, path, HTTP_X_REQUEST_ID=request_id)
        assert answer.status == status
        assert answer.headers["x-request-id"] == request_id
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "sent", [None, "", " ", "0" * 129, "a b", "a\nb", "a\r\nX: y", "ä", "a/b", "a,b", "a\0", "\udc80", "a\n"]
)
def test_any_other_request_id_is_replaced(send, sent):
    first, second = (send("GET", f"{CASES}/999", HTTP_X_REQUEST_ID=sent) for _ in range(2))
    ids = {checked(answer, 404)["requestId"] for answer in (first, second)}
    assert len(ids) == 2
    assert all(len(i) == 32 and set(i) <= set("0123456789abcdef") for i in ids)


# environments that no client library makes


@pytest.mark.parametrize("query", ["\udc80", "limit=\ud800", "ä€", "a=\U0001f6d2", "query=\x80", "query=\xff"])
def test_an_undecodable_query_string_is_400(send, query):
    assert checked(send("GET", CASES, QUERY_STRING=query, HTTP_X_REQUEST_ID="odd"), 400)["requestId"] == "odd"


@pytest.mark.parametrize("path", ["/\udc80", f"{CASES}/\ud800", "/€", f"{CASES}/🛒", f"{CASES}/\x80", "/\xff"])
def test_an_undecodable_path_is_400_or_404(send, path):
    answer = send("GET", path, HTTP_X_REQUEST_ID="odd")
    assert answer.status in (400, 404)
    assert checked(answer, answer.status)["requestId"] == "odd"


def test_a_missing_path_is_the_root_as_pep_3333_says(app):
    checked(call(app, "GET", "/", PATH_INFO=None), 404, "not_found")


@pytest.mark.parametrize("name", ["SCRIPT_NAME", "QUERY_STRING", "CONTENT_TYPE", "CONTENT_LENGTH", "SERVER_PROTOCOL"])
def test_what_pep_3333_lets_a_server_leave_out_may_be_left_out(send, name):
    assert send("GET", CASES, **{name: None}).status == 200


@pytest.mark.parametrize(
    "name", ["HTTP_HOST", "HTTP_COOKIE", "HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_RANGE", "HTTP_DATE"]
)
@pytest.mark.parametrize("value", ["", "\udc80", "ä\0", ";" * 5_000, 'for=;;,"', "[::"])
def test_odd_headers_hurt_nobody(send, name, value):
    assert send("GET", CASES, **{name: value}).status == 200
    checked(send("GET", f"{CASES}/999", **{name: value}), 404, "not_found")


WITHOUT_DOCSTRINGS = """
import json
from wsgiref.util import setup_testing_defaults
from supportcases import create_app
from supportcases.domain import errors

def tree(root):
    return [root, *(leaf for kind in root.__subclasses__() for leaf in tree(kind))]

print(errors.SupportCasesError.__doc__)
for kind in tree(errors.SupportCasesError):
    print(kind.__name__, kind({}) if kind is errors.InvalidInput else kind())
environ = {"PATH_INFO": "/api/v1/support-cases"}
setup_testing_defaults(environ)
print(json.loads(b"".join(create_app(":memory:")(environ, lambda *_: None)))["error"])
"""


def test_errors_have_their_sentences_where_python_takes_docstrings_away():
    """The tree comes without the classes that only tests make."""
    done = subprocess.run(
        [sys.executable, "-OO", "-c", WITHOUT_DOCSTRINGS], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    doc, *sentences, answered = done.stdout.splitlines()
    ours = [kind for kind in tree(errors.SupportCasesError) if kind.__module__ == errors.__name__]
    assert (doc, done.stderr) == ("None", "")
    assert sentences == [f"{kind.__name__} {kind.__doc__}" for kind in ours]
    assert answered == errors.Unauthorized.__doc__
