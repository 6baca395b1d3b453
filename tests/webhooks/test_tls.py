"""TLS to the name of a webhook: certificates that are not good, handshakes that do not end, and floods below HTTP."""

import socket
import ssl

import pytest

from tests.support.receivers import NAME, OK, PLACE, Called, Receiver, answering

CERTIFICATES = {
    "expired": "Its certificate is not good: certificate has expired.",
    "other": f"Its certificate is not good: Hostname mismatch, certificate is not valid for '{NAME}'.",
    "selfmade": "Its certificate is not good: self-signed certificate.",
}


@pytest.mark.parametrize(("leaf", "problem"), CERTIFICATES.items())
def test_a_certificate_that_is_not_good(leaf, problem, certificates):
    with Receiver(answering(OK), certificates.server(leaf)) as receiver:
        outcome = Called(receiver.port, certificates.client()).send()
    assert (outcome.status, outcome.problem) == (None, problem)
    assert receiver.requests == []


def test_a_certificate_of_an_authority_that_only_the_tests_know(certificates):
    with Receiver(answering(OK), certificates.server()) as receiver:
        outcome = Called(receiver.port).send()  # with the system's authorities
    assert outcome.problem == "Its certificate is not good: unable to get local issuer certificate."
    assert receiver.requests == []


def test_a_certificate_may_be_of_an_address_and_of_no_other(certificates):
    with Receiver(answering(OK), certificates.server()) as receiver:
        called = Called(receiver.port, certificates.client())
        assert called.send(f"https://{PLACE}/").status == 200
        assert called.send("https://93.184.216.35/").problem == (
            "Its certificate is not good: IP address mismatch, certificate is not valid for '93.184.216.35'."
        )


def test_the_receiver_is_told_the_name(certificates):
    named = []
    server = certificates.server()
    server.sni_callback = lambda connection, name, context: named.append(name)
    with Receiver(answering(OK), server) as receiver:
        assert Called(receiver.port, certificates.client()).send().status == 200
    assert named == [NAME]


def test_the_end_is_said(certificates):
    """Or a receiver could take what it got for a part that somebody has cut off."""
    ended = []

    def script(receiver, connection):
        receiver.read(connection)
        connection.sendall(OK)
        connection.suppress_ragged_eofs = False
        ended.append(connection.recv(1))

    with Receiver(script, certificates.server()) as receiver:
        assert Called(receiver.port, certificates.client()).send().status == 200
    assert ended == [b""]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=lambda version: version.name)
def test_both_versions_are_spoken(version, certificates):
    server = certificates.server()
    server.minimum_version = server.maximum_version = version
    with Receiver(answering(OK), server) as receiver:
        assert Called(receiver.port, certificates.client()).send().status == 200


def test_an_old_version_is_not(certificates):
    server = certificates.server()
    server.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        server.minimum_version = server.maximum_version = ssl.TLSVersion.TLSv1_1
    with Receiver(answering(OK), server) as receiver:
        outcome = Called(receiver.port, certificates.client()).send()
    assert outcome.problem == "TLS failed: tlsv1 alert protocol version."


def behind(what, *, seconds=5):
    """Send over https to a socket with that script."""
    context = ssl.create_default_context()

    def script(receiver, connection):
        connection.recv(65_536)
        what(receiver, connection)

    with Receiver(script) as receiver:
        return Called(receiver.port, context).send(seconds=seconds)


def test_no_tls_at_all():
    outcome = behind(lambda receiver, connection: connection.sendall(OK))
    assert (outcome.status, outcome.problem) == (None, "TLS failed: wrong version number.")


def test_it_closes_instead_of_shaking_hands():
    outcome = behind(lambda receiver, connection: None)
    assert outcome.problem == "TLS failed: unexpected eof while reading."


def drip(receiver, connection):
    connection.sendall(b"\x16\x03\x03\x40\0")  # a record of 16 kB
    while not receiver.over.wait(0.02):
        connection.sendall(b"\x02")


@pytest.mark.parametrize("what", [lambda receiver, connection: receiver.over.wait(10), drip], ids=["hangs", "drips"])
def test_a_handshake_that_does_not_end(what):
    outcome = behind(what, seconds=0.3)
    assert (outcome.status, outcome.problem) == (None, "There was no TLS handshake within 0.3 seconds.")
    assert outcome.milliseconds < 5_000


def test_a_million_session_tickets_are_not_taken(certificates):
    """Of which OpenSSL tells nobody who reads through it."""
    server = certificates.server()
    server.num_tickets = 1_000_000
    with Receiver(answering(OK), server) as receiver:
        outcome = Called(receiver.port, certificates.client()).send()
    assert (outcome.status, outcome.problem) == (None, "It sent more than is taken from it.")


def test_half_of_an_answer_is_none_though_the_end_is_not_said(certificates):
    def script(receiver, connection):
        receiver.read(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        connection.shutdown(socket.SHUT_RDWR)

    with Receiver(script, certificates.server()) as receiver:
        outcome = Called(receiver.port, certificates.client()).send()
    assert outcome.problem == "It closed the connection before the head of its answer was whole."
