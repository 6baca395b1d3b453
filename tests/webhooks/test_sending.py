"""One attempt to call a webhook: what is sent, what is answered, and how long it takes at the most."""

import json
import socket
from ipaddress import ip_network

import pytest

from supportcases.domain.webhooks import Reach
from supportcases.webhooks.sending import Outcome, Sender
from tests.support.receivers import HERE, NAME, OK, PLACE, Called, Receiver, answering, outcome_of

NOT_PUBLIC = f"{NAME} has no address, or one that is not public."


def test_what_is_sent(certificates):
    with Receiver(answering(OK), certificates.server()) as receiver:
        called = Called(receiver.port, certificates.client())
        body = json.dumps({"é": 1}, ensure_ascii=False).encode()
        outcome = called.send(f"https://{NAME}:8443/a?b=%20", body, {"webhook-id": "1"})
    assert outcome == Outcome(200, None, outcome.milliseconds, None)
    assert outcome.delivered
    assert receiver.requests == [
        b"POST /a?b=%20 HTTP/1.1\r\nHost: hooks.example.com:8443\r\nUser-Agent: supportcases\r\n"
        b"Content-Type: application/json\r\nContent-Length: 9\r\nConnection: close\r\nwebhook-id: 1\r\n\r\n" + body
    ]
    assert (called.looked_up, called.connected) == ([NAME], [(str(PLACE), 8443)])


@pytest.mark.parametrize("value", ["a\r\nb: c", "a\nb", "é", "a\0"])
def test_a_header_of_more_than_one_line_is_the_callers_fault(value):
    with pytest.raises(ValueError, match=r"^A header must be one line of ASCII\.$"):
        HERE.send("http://127.0.0.1:8000/", b"", {"webhook-id": value})


def test_a_large_body_arrives_whole(certificates):
    body = bytes(range(256)) * 8_000
    with Receiver(answering(OK), certificates.server()) as receiver:
        assert Called(receiver.port, certificates.client()).send(body=body).status == 200
    assert receiver.requests[0].endswith(b"\r\n\r\n" + body)


def test_a_receiver_that_reads_nothing_is_given_up():
    def connect(address, port, seconds):
        connected = socket.create_connection((str(address), port), seconds)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)  # or the system would take all of it
        return connected

    with Receiver(lambda receiver, connection: receiver.over.wait(20)) as receiver:
        sender = Sender(Reach(http_loopback=True), connect=connect)
        outcome = sender.send(receiver.url, bytes(8_000_000), {}, seconds=0.5)
    assert outcome.problem == "There was no end of the request within 0.5 seconds."
    assert outcome.milliseconds < 5_000


def test_neither_the_environment_nor_a_redirect_leads_elsewhere(monkeypatch):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with Receiver(answering(OK)) as other:
        answer = f"HTTP/1.1 307 See\r\nLocation: {other.url}\r\nContent-Length: 0\r\n\r\n".encode()
        outcome = outcome_of(answering(answer))
    assert (outcome.status, outcome.problem, outcome.delivered) == (307, None, False)
    assert other.requests == []


def test_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    outcome = HERE.send(f"http://127.0.0.1:{port}/", b"", {})
    assert outcome == Outcome(None, "It refused the connection.", outcome.milliseconds)


def test_it_closes_at_once():
    def script(receiver, connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    outcome = outcome_of(script)
    assert outcome.status is None
    assert outcome.problem in (
        "The connection failed: Connection reset by peer.",
        "The connection failed: Broken pipe.",
    )


def test_a_short_answer_is_heard_out_so_that_no_receiver_finds_its_connection_reset():
    ended = []

    def script(receiver, connection):
        receiver.read(connection)
        connection.sendall(OK[:-2])
        connection.sendall(b"ok")
        ended.append(connection.recv(1))

    assert outcome_of(script).status == 200
    assert ended == [b""]


TIMES_OUT = "There was no connection within 0.3 seconds."


def test_a_place_where_nobody_answers_is_given_up_and_another_one_tried(certificates):
    tried = []

    def connect(address, port, seconds):
        tried.append((str(address), seconds))
        if len(tried) < 3:
            raise TimeoutError("timed out")
        return socket.create_connection(("127.0.0.1", receiver.port), seconds)

    leads_to = ["93.184.216.34", "93.184.216.35", "2606:4700::1", "93.184.216.36"]
    with Receiver(answering(OK), certificates.server()) as receiver:
        called = Called(receiver.port, certificates.client(), connect=connect, leads_to=[leads_to])
        assert called.send(seconds=8).status == 200
    assert [address for address, _ in tried] == leads_to[:3]
    assert [round(seconds) for _, seconds in tried] == [4, 4, 8]  # no time passed: half of what is left, and all of it


def test_none_of_them_answers(certificates):
    def connect(address, port, seconds):
        raise TimeoutError("timed out")

    outcome = Called(0, certificates.client(), connect=connect, leads_to=[["93.184.216.34"] * 9]).send(seconds=0.3)
    assert outcome.problem == TIMES_OUT


@pytest.mark.parametrize(
    "leads_to",
    [
        [],
        ["10.0.0.1"],
        ["127.0.0.1"],
        ["::1"],
        ["fe80::1%2"],
        ["169.254.169.254"],
        ["64:ff9b::7f00:1"],
        ["93.184.216.34", "10.0.0.1"],
        ["10.0.0.1", "93.184.216.34"],
        ["93.184.216.34"] * 5 + ["::ffff:127.0.0.1"],
    ],
    ids=lambda leads_to: " ".join(leads_to) or "nowhere",
)
def test_a_name_of_which_any_address_is_not_public_is_not_called_and_nothing_tells_why(leads_to):
    called = Called(0, leads_to=[leads_to])
    outcome = called.send()
    assert outcome == Outcome(None, NOT_PUBLIC, outcome.milliseconds)
    assert called.connected == []


def test_a_name_that_leads_elsewhere_the_second_time_is_asked_once(certificates):
    leads_to = [["93.184.216.34"], ["127.0.0.1"]]
    with Receiver(answering(OK), certificates.server()) as receiver:
        called = Called(receiver.port, certificates.client(), leads_to=leads_to)
        assert called.send().status == 200
        assert (called.looked_up, called.connected) == ([NAME], [("93.184.216.34", 443)])
        assert called.send().problem == NOT_PUBLIC
    assert called.connected == [("93.184.216.34", 443)]


def test_an_address_is_not_looked_up(certificates):
    with Receiver(answering(OK), certificates.server()) as receiver:
        called = Called(receiver.port, certificates.client())
        assert called.send(f"https://{PLACE}/").status == 200
    assert (called.looked_up, called.connected) == ([], [(str(PLACE), 443)])


def test_networks_may_be_denied():
    called = Called(0, reach=Reach(denied=(ip_network("93.184.216.0/24"),)))
    assert called.send().problem == NOT_PUBLIC
    assert called.send(f"https://{PLACE}/").problem == (
        f"Its URL may not be called: it must lead to a public address, which {PLACE} is not."
    )
    assert (called.looked_up, called.connected) == ([NAME], [])


def test_a_url_is_looked_at_again_when_it_is_called():
    outcome = Sender().send("http://127.0.0.1:8000/", b"", {})
    assert outcome.problem == "Its URL may not be called: it must begin with https://."


def test_in_development_localhost_must_be_this_machine():
    with Receiver(answering(OK)) as receiver:
        url = f"http://localhost:{receiver.port}/"
        assert HERE.send(url, b"{}", {}).status == 200
        elsewhere = Called(receiver.port, reach=Reach(http_loopback=True), leads_to=[["127.0.0.1", "93.184.216.34"]])
        assert elsewhere.send(url).problem == "localhost has no address, or one that is not public."
    assert len(receiver.requests) == 1
