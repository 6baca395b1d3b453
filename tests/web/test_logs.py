"""Tracebacks in the log: told whole, and never so that a client's words look like a line of the log."""

import io
import logging

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
