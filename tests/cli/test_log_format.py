"""`--log-format json`: each record is one line of JSON, whatever stands in it."""

import io
import json
import logging
import re
import warnings

import pytest

from supportcases import create_app
from supportcases.cli.log_format import LONGEST, JsonLines
from supportcases.logs import logger
from tests.conftest import ACME, CASES, call, serving, stop
from tests.support.wire import Wire

MEMBERS = ["timestamp", "level", "logger", "message", "request_id", "exception"]


@pytest.fixture
def lines():
    """What a log of ours gets to read, as it is told: each line as JSON."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict", newline="")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    log = logger("supportcases")
    log.addHandler(handler)

    def lines():
        stream.flush()
        return [strictly(line) for line in stream.buffer.getvalue().decode("ascii").splitlines()]

    yield lines
    log.removeHandler(handler)


def strictly(line: str) -> dict:
    """Read a line as a strict parser does, which takes no lone surrogates."""
    record = json.loads(line)
    assert list(record) == MEMBERS
    json.dumps(record, ensure_ascii=False).encode()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record["timestamp"])
    return record


ODD = [
    *(
        "one\ntwo",
        "one\r\ntwo",
        "one\x0btwo",
        "\x85",
        "\u2028",
        "\x00\x1b[31m",
        'a "quoted" \\ word',
        "für Zoë \U0001f600",
    ),
    '{"level": "INFO"}',
]


@pytest.mark.parametrize("text", ODD)
def test_a_message_and_an_exception_come_through_as_they_are(lines, text):
    log = logging.getLogger("supportcases.web")
    try:
        raise LookupError(text)
    except LookupError:
        log.exception("it says %s", text)
    (record,) = lines()
    assert (record["level"], record["logger"], record["message"]) == ("ERROR", "supportcases.web", f"it says {text}")
    assert record["exception"].startswith("Traceback (most recent call last):\n")
    assert record["exception"].endswith(f"LookupError: {text}")


def test_what_is_no_character_is_escaped(lines):
    logging.getLogger("supportcases.web").warning("the file %s", b"caf\xe9".decode("utf-8", "surrogateescape"))
    assert [record["message"] for record in lines()] == ["the file caf\\udce9"]


def test_a_record_that_is_wrong_is_a_line_all_the_same():
    wrong = logging.LogRecord("supportcases.web", logging.WARNING, "a.py", 1, "%d cases of %s", ("many",), None)
    record = strictly(JsonLines().format(wrong))
    assert record["message"].startswith("'%d cases of %s' with TypeError: ")


def test_a_line_has_an_end(lines):
    try:
        raise LookupError("x" * 20_000 + " at last")
    except LookupError:
        logging.getLogger("supportcases.web").exception("y" * 20_000)
    (record,) = lines()
    assert record["message"] == "y" * LONGEST + "..."
    assert record["exception"].endswith("x at last")
    assert len(record["exception"]) == LONGEST + 3


def test_the_lines_of_a_request_have_its_id_and_those_between_have_none(lines):
    def fail(*_):
        raise LookupError("who?")

    app = create_app(":memory:", authenticate=lambda req: ACME, on_event=fail, on_request=fail)
    body = b'{"body": "The checkout shows a blank page."}'
    given = {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body)), "HTTP_X_REQUEST_ID": "mine"}
    assert call(app, "POST", CASES, body, **given).status == 201
    assert call(app, "GET", CASES, QUERY_STRING="\udc80", HTTP_X_REQUEST_ID="yours").status == 400
    logging.getLogger("supportcases.web").warning("between two")
    told = [(record["message"].partition(" for ")[0], record["request_id"]) for record in lines()]
    assert told == [
        ("on_event failed", "mine"),
        ("mine: on_request failed", "mine"),
        ("yours: the request is not decodable", "yours"),
        ("yours: on_request failed", "yours"),
        ("between two", None),
    ]
    assert [record["exception"].splitlines()[-1] for record in lines()[:2]] == ["LookupError: who?"] * 2
    assert lines()[-1]["exception"] is None


@pytest.mark.parametrize("by", ["option", "variable"])
def test_serve_logs_each_line_so(path, monkeypatch, by):
    monkeypatch.setenv("SUPPORTCASES_LOG_FORMAT", "json" if by == "variable" else "")
    with serving(path, *(["--log-format", "json"] if by == "option" else [])) as server:
        with Wire(server.url) as wire:
            assert wire.ask("GET", "/healthz", **{"X-Request-Id": "mine"}).status == 200
            path.rename(path.with_suffix(".aside"))
            assert (
                wire.ask("GET", f"{CASES}/1", Authorization="Bearer sck_x", **{"X-Request-Id": "yours"}).status == 401
            )
        stop(server.process)
    told = [strictly(line) for line in (path.parent / "server.log").read_text(encoding="ascii").splitlines()]
    assert told[0]["message"] == f"serving the new file {path}"
    accesses = [record for record in told if record["logger"] == "supportcases.access"]
    assert [record["request_id"] for record in accesses] == ["mine", "yours"]
    assert re.fullmatch(r"GET /healthz 200 \d+\.\dms mine -", accesses[0]["message"])


def test_warnings_of_python_are_lines_too(lines, exits, monkeypatch):
    from supportcases.cli import log_format

    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    log_format.begin_log(type("Options", (), {"log_format": "json"}))
    try:
        (handler,) = root.handlers
        handler.stream = io.StringIO()
        warnings.showwarning("It is old.", DeprecationWarning, "a.py", 1)
    finally:
        logging.captureWarnings(False)
    assert "DeprecationWarning: It is old." in strictly(handler.stream.getvalue())["message"]


def test_another_format_is_refused(exits):
    assert "must be text or json, not 'xml'" in exits(2, "serve", "--log-format", "xml")
    assert "must be text or json, not 'xml'" in exits(2, "deliver", "--log-format", "xml")
