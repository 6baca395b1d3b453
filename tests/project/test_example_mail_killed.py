"""`examples/mail.py` where something fails, and where it is killed: no event goes without its mail."""

import importlib
import random
import re
import signal
import ssl
import subprocess
import sys
import threading
from collections import Counter
from contextlib import closing
from types import SimpleNamespace

import pytest
from aiosmtpd.smtp import AuthResult

from supportcases import create_app
from tests.conftest import ACME, ADA
from tests.support.desks import BODY
from tests.support.mailing import EXAMPLE, MARA, TEAM, Mailer
from tests.support.mailing import begun as begun  # a fixture, as are these
from tests.support.mailing import clock as clock
from tests.support.mailing import desk as desk
from tests.support.mailing import mailer as mailer
from tests.support.mailing import post as post
from tests.support.smtp import PATIENCE, smtp_server
from tests.support.tools import needs

AGAIN = 75  # os.EX_TEMPFAIL


@pytest.fixture
def answered(begun, desk):
    """The program where two mails to the team are to be sent, and one to a merchant between them."""
    desk.open(ACME, body=BODY)
    desk.answer(ADA, "acme:1", body="Done.")
    desk.open(ACME, body=BODY)
    return begun


def test_a_mail_that_is_refused_for_good_is_told_of_and_passed_over(post, answered, desk):
    post.refusals[MARA] = ["550 5.1.1 No such user"]
    post.taken = lambda mail: "554 5.7.1 Not such a mail" if "#2" in mail["Subject"] else None
    desk.answer(ADA, "acme:1", body="Done again.")
    status, said = answered.once()
    assert status == 0
    assert re.findall(r"^ERROR <evt_\w+_(\d\.\w+)@shop\.example> refused for good: (\d+) ", said, re.M) == [
        ("2.merchant", "550"),
        ("3.team", "554"),
    ]
    assert [mail["To"] for mail in post.mails] == [TEAM, MARA]
    assert answered.once() == (0, "")


def fails_for_now(mailer, why):
    status, said = mailer.once()
    assert (status, said.rpartition("WARNING not now: ")[2].count(why)) == (AGAIN, 1), said


def test_what_fails_for_now_is_mailed_later_and_nothing_before_it_twice(post, answered):
    good, new = answered.addresses.read_text(), answered.folder / "mail.cursor.new"
    new.mkdir()
    fails_for_now(answered, "IsADirectoryError")  # as on a full disk: nobody gets a mail that would be forgotten
    new.rmdir()
    answered.addresses.write_text(good[:-3])
    fails_for_now(answered, "JSONDecodeError")
    answered.addresses.write_text(good)
    assert post.mails == []
    post.refusals[MARA] = ["450 4.2.0 Greylisted", "421 4.7.0 Too many"]
    fails_for_now(answered, "450")
    fails_for_now(answered, "421")
    post.taken = lambda mail: "452 4.3.1 The disk is full" if mail["To"] == MARA else None
    fails_for_now(answered, "452")
    assert [mail["To"] for mail in post.mails] == [TEAM]
    post.taken = lambda mail: None
    assert answered.once()[0] == 0
    assert [mail["To"] for mail in post.mails] == [TEAM, MARA, TEAM]


@pytest.fixture
def example(monkeypatch):
    """The example as a module."""
    monkeypatch.syspath_prepend(EXAMPLE.parent)
    monkeypatch.delitem(sys.modules, "mail", raising=False)
    yield importlib.import_module("mail")
    del sys.modules["mail"]


def test_where_nobody_listens_it_waits_longer_and_longer_but_never_long(example, tmp_path, monkeypatch):
    pauses = []

    def sleep(pause):
        pauses.append(pause)
        if len(pauses) == 10:
            raise KeyboardInterrupt

    def fail(*_):
        raise ConnectionRefusedError

    monkeypatch.setattr(example, "mail_next", fail)
    monkeypatch.setattr(example.time, "sleep", sleep)
    with pytest.raises(KeyboardInterrupt):
        example.follow(None, SimpleNamespace(cursor=tmp_path / "mail.cursor", once=False))
    assert pauses == [4, 8, 16, 32, 64, 128, 256, 300, 300, 300]


def test_a_cursor_that_the_feed_does_not_have_is_told_of_in_one_sentence(post, mailer, desk):
    cursor = "MC4xLmV2dF8wMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMF8x"
    desk.open(ACME, body=BODY)
    mailer.cursor.write_text(cursor)
    sentence = "The feed has no such place as mail.cursor tells: remove it to begin with what happens next.\n"
    assert mailer.once() == (1, sentence)
    assert (post.mails, mailer.cursor.read_text()) == ([], cursor)


def test_a_second_one_with_the_same_cursor_sends_nothing(post, begun, desk):
    with begun.running() as first:
        desk.open(ACME, body=BODY)
        post.wait_for(1)
        status, said = begun.once()
        assert (status, said.count("not now: BlockingIOError")) == (AGAIN, 1)
        first.kill()
        first.wait()
        assert begun.once()[0] == 0
    assert len(post.mails) in (1, 2)


@pytest.mark.parametrize("options", [["--db", "caes.db"], ["--team", "nobody"], ["--smtp", "localhost"]])
def test_what_cannot_work_is_refused_at_once(example, monkeypatch, capsys, tmp_path, options):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cases.db").touch()
    given = ["--from", TEAM, "--team", TEAM, "--addresses", "addresses.json", "--url", "https://shop.example"]
    monkeypatch.setattr(sys, "argv", ["mail.py", *given, *options])
    with pytest.raises(SystemExit, match="2"):
        example.main()
    assert capsys.readouterr().err.startswith("usage: ")
    assert [path.name for path in tmp_path.iterdir()] == ["cases.db"]


def test_ctrl_c_ends_it_quietly(post, begun, desk):
    with begun.running() as process:
        desk.open(ACME, body=BODY)
        post.wait_for(1)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=PATIENCE) == -signal.SIGINT
        assert process.stderr.read().count("\n") <= 1


def test_killed_when_the_server_has_the_mail_it_sends_it_once_more_by_the_same_name(post, begun, desk):
    desk.open(ACME, body=BODY)
    with begun.start() as process:

        def kill(mail):
            process.kill()
            process.wait()

        post.taken = kill
        process.communicate(timeout=PATIENCE)
    post.taken = lambda mail: None
    assert begun.once()[0] == 0
    first, again = post.mails
    assert first.as_bytes() == again.as_bytes()
    assert begun.once() == (0, "")


@pytest.fixture(params=["sqlite", "postgres"])
def anywhere(request, tmp_path):
    """Where the cases are: on both engines in any run."""
    return tmp_path / "cases.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")


def test_killed_at_any_moment_it_sends_a_mail_for_each_event_and_one_twice_at_the_most(tmp_path, anywhere, post):
    desk = create_app(str(anywhere)).desk
    mailer = Mailer(tmp_path, anywhere, post.port)
    mailer.cursor.write_text("start")
    chosen, kills, is_over = random.Random(), 10, threading.Event()
    wanted_mails = threading.Semaphore(20)  # what is written is always some mails ahead of what is sent
    post.taken = lambda mail: wanted_mails.release()

    def write():
        while not is_over.is_set():
            wanted_mails.acquire()
            case = desk.open(ACME, body=BODY)
            desk.note(ADA, case.id, body="A secret")
            wanted_mails.acquire()
            desk.answer(ADA, case.id, body="Done.", close=True)

    writer = threading.Thread(target=write)
    with closing(desk.repository):
        writer.start()
        try:
            for _ in range(kills):
                with mailer.killed_behind():
                    post.wait_for(len(post.mails) + chosen.randrange(1, 9))
                    is_over.wait(chosen.uniform(0, 0.02))
        finally:
            is_over.set()
            wanted_mails.release(2)
            writer.join()
        assert mailer.once()[0] == 0
        events = [event for event in pages(desk) if event.kind in ("opened", "answered")]
    sides = {"opened": "team", "answered": "merchant"}
    wanted = [f"<{event.id}.{sides[event.kind]}@shop.example>" for event in events]
    sent = [mail["Message-ID"] for mail in post.mails]
    assert len(wanted) > kills
    assert list(dict.fromkeys(sent)) == wanted
    assert max(Counter(sent).values()) <= 1 + kills
    assert len(sent) - len(wanted) <= kills


def pages(desk):
    """Yield all that happened."""
    page = desk.events(ADA)
    yield from page.events
    while not page.end:
        page = desk.events(ADA, after=page.next)
        yield from page.events


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for this machine, and its key."""
    pem = tmp_path_factory.mktemp("certificate") / "both.pem"
    command = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    subject = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(pem), "-out", f"{pem}.crt"]
    subprocess.run([needs("openssl", package="openssl"), *command.split(), *subject], check=True, capture_output=True)
    return pem


def test_it_logs_in_behind_starttls_alone_and_tells_its_password_to_no_stranger(tmp_path, db, desk, certificate):
    context, told = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), []
    context.load_cert_chain(f"{certificate}.crt", certificate)

    def log_in(server, session, envelope, mechanism, data):
        told.append((data.login, data.password, bool(session.ssl)))
        return AuthResult(success=data.password == b"correct", handled=False)

    with smtp_server(tls_context=context, require_starttls=True, auth_required=True, authenticator=log_in) as post:
        mailer = Mailer(tmp_path, db, post.port)
        mailer.cursor.write_text("start")
        desk.open(ACME, body=BODY)
        trust = {"SSL_CERT_FILE": f"{certificate}.crt"}
        stranger = mailer.once(SMTP_USER="shop", SMTP_PASSWORD="correct")
        assert (stranger[0], "SSLCertVerificationError" in stranger[1], told) == (AGAIN, True, [])
        assert mailer.once()[0] == mailer.once(SMTP_STARTTLS="1", **trust)[0] == AGAIN
        assert mailer.once(SMTP_USER="shop", SMTP_PASSWORD="wrong", **trust)[0] == AGAIN
        assert (post.mails, {password for _, password, _ in told}) == ([], {b"wrong"})
        assert mailer.once(SMTP_USER="shop", SMTP_PASSWORD="correct", **trust)[0] == 0
        assert len(post.mails) == 1
    assert {(login, is_secret) for login, _, is_secret in told} == {(b"shop", True)}
