"""What a receiver answers, in time or not: an answer is a whole head."""

from datetime import timedelta

import pytest

from supportcases.processes import ticks
from supportcases.webhooks import sending
from supportcases.webhooks.sending import Outcome
from tests.support.receivers import HERE, OK, Called, Receiver, answering, dripping, flooding, outcome_of

HEAD_IS_CUT = "It closed the connection before the head of its answer was whole."
NO_HTTP = "It does not answer in HTTP/1.1."
SHORT = 0.5
NONE_IN_TIME = f"There was no whole answer within {SHORT} seconds."

ANSWERS = {
    b"HTTP/1.1 204 No Content\r\n\r\n": 204,
    b"HTTP/1.0 200 OK\r\n\r\n": 200,
    b"HTTP/1.1 200\r\n\r\n": 200,
    b"HTTP/1.1 201 \xe9\xff\r\n\r\n": 201,
    b"HTTP/1.1 200 OK\nContent-Length: 0\n\n": 200,  # as a script of somebody's writes it
    b"HTTP/1.1 410 Gone\r\n\r\n": 410,
    b"HTTP/1.1 599 x\r\n\r\n": 599,
    b"HTTP/1.1 100 Continue\r\n\r\n" + OK: 200,
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK: 200,
    b"HTTP/1.1 103 Early Hints\r\n\r\n" * 500 + b"HTTP/1.1 500 x\r\n\r\n": 500,
    b"HTTP/1.1 200 OK\r\nno field\r\n folded: x\r\n: x\r\n\xff\0: x\r\n\r\n": 200,
    b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this": 200,  # the length is a lie, and the head is whole
    b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nmore than this": 200,
    b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\nContent-Length: 9\r\n\r\n": 200,
    b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n": 200,
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx": 200,
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n": 200,
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\0bomb": 200,
}


@pytest.mark.parametrize(("answer", "status"), ANSWERS.items())
def test_an_answer_is_its_head(answer, status):
    outcome = outcome_of(answering(answer))
    assert (outcome.status, outcome.problem, outcome.delivered) == (status, None, status < 300)


NO_ANSWERS = {
    b"": HEAD_IS_CUT,
    b"H": HEAD_IS_CUT,
    b"HTTP/1.1 200 OK": HEAD_IS_CUT,
    b"HTTP/1.1 200 OK\r\n": HEAD_IS_CUT,
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n": HEAD_IS_CUT,
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r": HEAD_IS_CUT,
    b"HTTP/1.1 100 Continue\r\n\r\n": HEAD_IS_CUT,
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n": HEAD_IS_CUT,
    b"ok\n": NO_HTTP,  # HTTP/0.9
    b"<html>200</html>": NO_HTTP,
    b"\r\n\r\nHTTP/1.1 200 OK\r\n\r\n": NO_HTTP,
    b"HTTP/2 200\r\n\r\n": NO_HTTP,
    b"PRI * HTTP/2.0\r\n\r\n": NO_HTTP,
    b"ICY 200 OK\r\n\r\n": NO_HTTP,
    b"http/1.1 200 OK\r\n\r\n": NO_HTTP,
    b"HTTP/1.2 200 OK\r\n\r\n": NO_HTTP,
    b"HTTP/1.1  200 OK\r\n\r\n": NO_HTTP,
    b"HTTP/1.1 20 OK\r\n\r\n": NO_HTTP,
    b"HTTP/1.1 2000 OK\r\n\r\n": NO_HTTP,
    b"HTTP/1.1 099 OK\r\n\r\n": NO_HTTP,
    b"HTTP/1.1 600 OK\r\n\r\n": NO_HTTP,
    b"HTTP/1.1 -20 OK\r\n\r\n": NO_HTTP,
    b"HTTP/1.1 \xb2\xb0\xb0 OK\r\n\r\n": NO_HTTP,
    b"HTTP/1.1 100 Continue\r\n\r\nx": NO_HTTP,
    b"\x15\x03\x03\x00\x02\x02\x28": NO_HTTP,  # TLS
    b"\0" * 7: NO_HTTP,
}


@pytest.mark.parametrize(("answer", "problem"), NO_ANSWERS.items())
def test_what_is_no_whole_head_is_no_answer(answer, problem):
    outcome = outcome_of(answering(answer))
    assert outcome == Outcome(None, problem, outcome.milliseconds)
    assert not outcome.delivered


def test_a_head_that_was_cut_anywhere_is_none():
    for length in range(len(OK) - 2):
        assert outcome_of(answering(OK[:length])).problem == HEAD_IS_CUT


WAITS = {
    "120": timedelta(minutes=2),
    "0": timedelta(0),
    "86401": timedelta(hours=24),
    "9999999999": timedelta(hours=24),
    "Mon, 30 Nov 2026 12:05:00 GMT": timedelta(minutes=5),
    "Monday, 30-Nov-26 12:05:00 GMT": timedelta(minutes=5),
    "Mon, 30 Nov 2026 12:05:00 -0000": timedelta(minutes=5),
    "Mon, 30 Nov 2026 11:00:00 GMT": timedelta(0),
    "Fri, 31 Dec 9999 23:59:59 GMT": timedelta(hours=24),
    "99999999999": None,
    "-1": None,
    "1.5": None,
    "soon": None,
    "²": None,
    "": None,
    "Mon, 99 Nov 2026 12:05:00 GMT": None,
    "Mon, 30 Nov 2026 12:05:00 +9999999999": None,
    "Mon, 30 Nov " + "9" * 5_000 + " 12:05:00 GMT": None,
}


@pytest.mark.parametrize(("written", "wait"), WAITS.items())
def test_how_long_to_wait(written, wait):
    answer = f"HTTP/1.1 503 x\r\nretry-AFTER:  {written} \r\nRetry-After: 7\r\n\r\n".encode("latin-1")
    outcome = outcome_of(answering(answer))
    assert (outcome.status, outcome.retry_after) == (503, wait)


# what goes on for ever: script, the problem, and where it is that an answer counts all the same
ENDLESS = {
    "hangs": (dripping(b"", b""), NONE_IN_TIME),
    "drips a head": (dripping(b"HTTP/1.1 200 OK\r\nA: ", b"a"), NONE_IN_TIME),
    "drips fields": (dripping(b"HTTP/1.1 200 OK\r\n", b"A: a\r\n"), NONE_IN_TIME),
    "drips interim ones": (dripping(b"", b"HTTP/1.1 100 x\r\n\r\n"), NONE_IN_TIME),
    "switches": (dripping(b"HTTP/1.1 101 x\r\n\r\n", b""), NONE_IN_TIME),
    "floods a field": (
        flooding(b"HTTP/1.1 200 OK\r\nA: ", b"a" * 65_536),
        "The head of its answer is longer than 32,768 bytes.",
    ),
    "floods with interim ones": (
        flooding(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000),
        "The head of its answer is longer than 32,768 bytes.",
    ),
    "floods with what is no HTTP": (flooding(b"", b"a" * 65_536), NO_HTTP),
    "drips a body": (dripping(OK[:-2], b"o"), None),
    "drips a body without an end": (dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"o"), None),
    "holds a body back": (dripping(OK[:-2], b""), None),
    "floods a body": (flooding(b"HTTP/1.1 200 OK\r\n\r\n", b"a" * 65_536), None),
}


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
@pytest.mark.parametrize(("script", "problem"), ENDLESS.values(), ids=ENDLESS)
def test_nothing_takes_longer_or_brings_more_than_it_may(script, problem, tls, certificates, monkeypatch):
    monkeypatch.setattr(sending, "PAUSE", 0.1)
    seconds = SHORT if problem == NONE_IN_TIME else 10
    with Receiver(script, certificates.server() if tls else None) as receiver:
        called = Called(receiver.port, certificates.client())
        outcome = called.send(seconds=seconds) if tls else HERE.send(receiver.url, b"{}", {}, seconds=seconds)
    assert (outcome.status, outcome.problem) == (None if problem else 200, problem)
    assert outcome.milliseconds < 5_000
    assert getattr(receiver, "sent", 0) < 10_000_000  # of a gigabyte, and it waits in the system's buffers


def seconds_behind(script):
    """Return for how long a sender waited behind the head of an answer that counts."""
    begun = ticks()
    outcome = outcome_of(script, seconds=60)
    assert outcome.status == 200
    return ticks() - begun - outcome.milliseconds / 1_000


@pytest.mark.parametrize("drop", [b"", b"o"], ids=["holds back", "drips"])
def test_a_body_is_waited_for_a_second(drop):
    assert 0.9 < seconds_behind(dripping(b"HTTP/1.1 200 OK\r\n\r\n", drop)) < 5


def test_and_for_no_more_of_it_than_is_told_or_a_kilobyte(monkeypatch):
    monkeypatch.setattr(sending, "PAUSE", 20)
    assert seconds_behind(dripping(OK, b"")) < 5
    for head in (b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n"):
        assert seconds_behind(dripping(head + b"o" * 1_024, b"")) < 5
