"""The log: a line a request, tracebacks whole, and no words of a client that look like a line of it."""

import io
import logging
import re

import pytest

from supportcases import create_app
from tests.conftest import ACME, CASES, call

BODY = b'{"body": "The checkout shows a blank page."}'
GIVEN = {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(BODY))}
FORGED = "2024-06-15 10:30:00,000 supportcases.access INFO GET /api/v1/support-cases 200 1.0ms forged acme"


@pytest.fixture
def lines():
    """What an operator's own log gets to read."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    log = logging.getLogger("supportcases")
    log.addHandler(handler)
    yield lambda: stream.getvalue().splitlines()
    log.removeHandler(handler)


def failing(separator):
    def fail(*_):
        raise LookupError(f"who is{separator}{FORGED}{separator}\x1b[2J?")

    return fail


@pytest.mark.parametrize("separator", ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x85", "\u2028"])
@pytest.mark.parametrize("function", ["authenticate", "make_subject", "on_event"])
def test_what_a_host_s_exception_says_forges_no_line(lines, function, separator):
    functions = {"authenticate": lambda req: ACME, function: failing(separator)}
    app = create_app(":memory:", **functions)
    answer = call(app, "POST", CASES, BODY, **GIVEN)
    assert answer.status == (500 if function == "authenticate" else 201)
    told = lines()
    assert [line for line in told if line.startswith("2024-06-15")] == []
    assert any(line.startswith("    LookupError: who is") for line in told)
    assert "    Traceback (most recent call last):" in told
    assert all(line.isprintable() for line in told)
    assert sum(not line.startswith("    ") for line in told) == 1


def test_a_traceback_tells_where_it_was(lines):
    call(create_app(":memory:", authenticate=failing("\n")), "GET", CASES)
    assert any(f'File "{__file__}"' in line and "in fail" in line for line in lines())


# the access log


@pytest.fixture
def accesses(caplog):
    """The access log since the last look."""
    caplog.set_level(logging.INFO, "supportcases.access")

    def accesses():
        found = [r.getMessage() for r in caplog.records if r.name == "supportcases.access"]
        caplog.clear()
        return found

    return accesses


def test_every_request_is_one_line_with_its_id_and_store(client, app, accesses):
    app.desk.open(ACME, body="The checkout shows a blank page.")
    accesses()
    for method, path, status, template, store in [
        ("GET", CASES, 200, CASES, "acme"),
        ("GET", f"{CASES}/1", 200, f"{CASES}/{{id_or_number}}", "acme"),
        ("HEAD", f"{CASES}/1", 200, f"{CASES}/{{id_or_number}}", "acme"),
        ("GET", f"{CASES}/99", 404, f"{CASES}/{{id_or_number}}", "acme"),
        ("OPTIONS", CASES, 200, CASES, "acme"),
        ("PUT", CASES, 405, CASES, "acme"),
        ("POST", CASES, 400, CASES, "acme"),
        ("GET", "/api/v1/none", 404, "-", "acme"),
        ("GET", "/none", 404, "-", "-"),
        ("GET", "/healthz", 200, "/healthz", "-"),
    ]:
        client.simulate_request(method, path)
        (line,) = accesses()
        assert re.fullmatch(rf"{method} {re.escape(template)} {status} \d+\.\dms test {store}", line), line


def test_a_refused_request_is_a_line_without_a_store_with_the_id_of_its_answer(app, accesses):
    for sent in ("mine", "not proper!"):
        answer = call(app, "GET", CASES, HTTP_X_REQUEST_ID=sent)
        (line,) = accesses()
        assert re.fullmatch(rf"GET - 401 \d+\.\dms {answer.headers['x-request-id']} -", line), line


@pytest.mark.parametrize("method", ["WEBSOCKET", "FOO", "GET\nPOST"])
def test_what_falcon_refuses_is_a_line_too(app, accesses, method):
    call(app, method, "/healthz", HTTP_X_REQUEST_ID="mine")
    (line,) = accesses()
    assert re.fullmatch(r"(-|WEBSOCKET) (-|/healthz) 400 \d+\.\dms mine -", line), line


@pytest.mark.parametrize(
    "environ",
    [
        {"PATH_INFO": f"{CASES}/1\nfake line"},
        {"PATH_INFO": "/\r\nfake line\x1b[31m"},
        {"PATH_INFO": "/\xe2\x80\xa8fake line"},
        {"HTTP_X_REQUEST_ID": "a\nfake line"},
        {"HTTP_AUTHORIZATION": "Bearer a\nfake line"},
        {"REQUEST_METHOD": "GET\nfake line"},
        {"HTTP_USER_AGENT": "a\nfake line"},
        {"HTTP_HOST": "a\nfake line"},
        {"QUERY_STRING": "token=fake line"},
        {"QUERY_STRING": "query=\nfake line"},
        {"REMOTE_USER": "a\nfake line"},
    ],
)
def test_nothing_of_a_request_forges_a_line_and_no_query_string_is_logged(app, caplog, environ):
    caplog.set_level(logging.DEBUG)
    key, _ = app.keys.create("acme")
    call(app, "GET", CASES, **{"HTTP_AUTHORIZATION": f"Bearer {key}", **environ})
    assert len([r for r in caplog.records if r.name == "supportcases.access"]) == 1
    for text in [r.getMessage() for r in caplog.records]:
        assert "fake line" not in text
        assert "\n" not in text
        assert "\x1b" not in text


@pytest.mark.parametrize("query", ["\udc80", "limit=\ud800"])
def test_what_falcon_cannot_even_read_is_logged_with_its_id(app, caplog, query):
    caplog.set_level(logging.INFO)
    call(app, "GET", CASES, QUERY_STRING=query, HTTP_X_REQUEST_ID="mine")
    assert any("mine" in r.getMessage() for r in caplog.records if r.name.startswith("supportcases"))


def test_bodies_and_subjects_are_not_logged(client, caplog):
    caplog.set_level(logging.DEBUG)
    client.simulate_post(CASES, json={"body": "a confidential matter", "subject": "hush hush"})
    client.simulate_get(CASES, params={"query": "confidential"})
    assert "confidential" not in caplog.text
    assert "hush" not in caplog.text
