"""Looking names up: nobody waits longer than he may, and what hangs is counted."""

import socket
from contextlib import suppress
from ipaddress import ip_address
from threading import Event, active_count

import pytest

from supportcases.webhooks import lookups as lookups_module
from supportcases.webhooks.deadline import Deadline, NotTried
from supportcases.webhooks.lookups import Lookups, look_up
from supportcases.webhooks.sending import Sender


@pytest.fixture
def hanging():
    """A resolver that does not come back until the test lets it."""
    come_back = Event()
    threads = active_count()
    yield Lookups(lambda host: ()[come_back.wait(20) :], most=2), come_back
    come_back.set()
    while active_count() > threads:
        Event().wait(0.01)


def test_a_lookup_that_hangs_is_left_behind_and_so_many_of_them_are_the_most(hanging):
    lookups, come_back = hanging
    sender = Sender(lookups=lookups)
    for _ in range(2):
        outcome = sender.send("https://hooks.example.com/", b"", {}, seconds=0.1)
        assert outcome.problem == "There was no address for its name within 0.1 seconds."
        assert 100 <= outcome.milliseconds < 5_000
    with pytest.raises(NotTried, match=r"^Too many lookups of names have not come back\.$"):
        sender.send("https://hooks.example.com/", b"", {})
    come_back.set()
    while not (outcome := tried(sender)):
        Event().wait(0.01)
    assert outcome.problem == "hooks.example.com has no address, or one that is not public."


def tried(sender):
    with suppress(NotTried):
        return sender.send("https://hooks.example.com/", b"", {})


def test_without_a_thread_to_be_had_it_is_for_later_and_no_place_is_lost(monkeypatch):
    def start(thread):
        raise RuntimeError("can't start new thread")

    lookups = Lookups(lambda host: (ip_address("1.1.1.1"),), most=1)
    with monkeypatch.context() as patched:
        patched.setattr(lookups_module.Thread, "start", start)
        for _ in range(2):
            with pytest.raises(NotTried, match=r"^There is no thread to look a name up in\.$"):
                lookups("hooks.example.com", Deadline(5))
    assert lookups("hooks.example.com", Deadline(5)) == (ip_address("1.1.1.1"),)


def test_localhost_is_this_machine():
    assert set(look_up("localhost")) <= {ip_address("127.0.0.1"), ip_address("::1")}
    assert look_up("localhost") != ()


def test_a_name_that_nobody_knows_has_no_address(monkeypatch):
    def fails(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fails)
    assert look_up("hooks.example.com") == ()


def test_an_address_with_a_zone_is_kept_with_it(monkeypatch):
    answer = [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("fe80::1%eth0", 0, 0, 2))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer)
    (address,) = look_up("hooks.example.com")
    assert (str(address), address.scope_id) == ("fe80::1%eth0", "eth0")
