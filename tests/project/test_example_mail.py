"""`examples/mail.py`: who gets which mail, with which words, whatever somebody writes in a case."""

import json
import re
import shlex
import subprocess
import sys
from email.utils import format_datetime

from supportcases import Actor
from tests.conftest import ACME, ADA
from tests.support.desks import BODY
from tests.support.mailing import EXAMPLE, MARA, TEAM, text
from tests.support.mailing import begun as begun  # a fixture, as are these
from tests.support.mailing import clock as clock
from tests.support.mailing import desk as desk
from tests.support.mailing import mailer as mailer
from tests.support.mailing import post as post
from tests.support.smtp import PATIENCE


def kinds(post):
    """Return to whom each mail went, and its first line."""
    return [(mail["To"], text(mail).partition("\n")[0]) for mail in post.mails]


def test_the_words_of_a_mail_to_each_side(post, mailer, desk, clock):
    desk.open(ACME, body=BODY, subject="Größe in the cart", author="Mára", severity="critical")
    clock.advance(minutes=1)
    file = desk.attach(ADA, name="shöt.png", content_type="image/png", content=b"1", store="acme")
    desk.answer(ADA, "acme:1", body="Which browser?\n.\nAnd $url?", attachments=[file])
    assert mailer.once("--from-beginning")[0] == 0
    opened, answered = post.mails
    case = "0191abc0-0000-7000-8000-000000000001"
    event = f"evt_{case.replace('-', '')}"
    assert dict(opened.items()) == {
        "Content-Type": 'text/plain; charset="utf-8"',
        "MIME-Version": "1.0",
        "Content-Transfer-Encoding": "quoted-printable",
        "Subject": "[acme #1] Größe in the cart",
        "From": "The shöp <support@shop.example>",
        "To": TEAM,
        "Date": "Sat, 15 Jun 2024 10:30:00 +0000",
        "Message-ID": f"<{event}_1.team@shop.example>",
        "In-Reply-To": f"<case.{case}@shop.example>",
        "References": f"<case.{case}@shop.example>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
    }
    assert text(opened) == (
        f"""Mára of the store acme opened a case:

{BODY}

Case #1 of the store acme, "Größe in the cart": severity critical, other, answered now.
https://shop.example/console/cases/acme/1
"""
    )
    assert (answered["Subject"], answered["To"]) == ("[#1] Größe in the cart", MARA)
    assert answered["Message-ID"] == f"<{event}_2.merchant@shop.example>"
    assert answered["References"] == opened["References"]
    assert answered["Date"] == format_datetime(clock())
    assert text(answered) == (
        """Ada answered:

Which browser?
.
And $url?

File: shöt.png

Your case #1, "Größe in the cart", is answered now.
Please reply at https://shop.example/help/1 and not to this mail.
"""
    )
    assert post.envelopes == [("support@shop.example", [TEAM]), ("support@shop.example", [MARA])]


def test_each_side_hears_what_the_other_one_did(post, begun, desk, clock):
    def then(act, *arguments, **words):
        clock.advance(seconds=1)
        act(*arguments, **words)

    then(desk.open, ACME, body=BODY, author="Mara")
    then(desk.note, ADA, "acme:1", body="A secret")
    then(desk.change, ADA, "acme:1", assignee="Zoë", severity="low")
    then(desk.change, ADA, "acme:1", status="answered")
    then(desk.reply, ACME, 1, body="Hello?", author="Mara")
    then(desk.answer, ADA, "acme:1", body="Tried.", author="Elliot", kind="elliot")
    then(desk.answer, ADA, "acme:1", body="All is well again.", author="The desk", kind="system")
    then(desk.close, ADA, "acme:1")
    then(desk.reopen, ADA, "acme:1")
    then(desk.answer, ADA, "acme:1", body="Done.", close=True)
    then(desk.reopen, ACME, 1)
    then(desk.close, ACME, 1)
    then(desk.open, ADA, store="acme", body=BODY, author="Mara")
    assert begun.once()[0] == 0
    assert kinds(post) == [
        (TEAM, "Mara of the store acme opened a case:"),
        (TEAM, "Mara of the store acme replied:"),
        (MARA, "Elliot answered:"),
        (MARA, "The desk wrote:"),
        (MARA, "The support team closed your case."),
        (MARA, "The support team opened your case again."),
        (MARA, "Ada answered:"),
        (TEAM, "The store acme opened its case again."),
        (TEAM, "The support team opened a case for the store acme:"),
    ]
    assert text(post.mails[4]) == (
        f"""The support team closed your case.

Your case #1, "{post.mails[4]["Subject"].removeprefix("[#1] ")}", is closed now.
Please reply at https://shop.example/help/1 and not to this mail.
"""
    )
    for word in (b"secret", b"Zo", b"assign"):
        assert not [raw for raw in post.raw if word in raw]
    assert len({mail["References"] for mail in post.mails}) == 2


def test_at_its_first_start_it_mails_nothing_old_unless_it_is_told_to(post, mailer, desk):
    desk.open(ACME, body=BODY, subject="Old")
    assert mailer.once() == (0, "")
    desk.open(ACME, body=BODY, subject="New")
    assert mailer.once("--from-beginning")[0] == 0  # it has a cursor
    assert [mail["Subject"] for mail in post.mails] == ["[acme #2] New"]
    mailer.cursor.unlink()
    assert mailer.once("--from-beginning")[0] == 0
    assert [mail["Subject"] for mail in post.mails[1:]] == ["[acme #1] Old", "[acme #2] New"]


INJECTED = "=?utf-8?q?a=0D=0ABcc:_evil=40evil=2Eexample?="
SUBJECTS = [
    INJECTED,
    f"ä {INJECTED}",
    "Bcc:\u2028Bcc: evil@evil.example",
    "Größe " * 33,
    "$url $$ ${body} {0}",
    "漢" * 200,
    "x" * 200,
    "\u202eright to left, an 👩‍👩‍👧, and an \u00a0, a space",
]


def test_a_subject_is_never_more_than_a_subject(post, begun, desk):
    body = f"{INJECTED}\n.\n\nBcc: evil@evil.example\n{'ü' * 9000}"
    for number, subject in enumerate(SUBJECTS, start=1):
        desk.open(ACME, body=BODY, subject=subject, author=f"Mára {INJECTED} \u2029x")
        desk.answer(ADA, f"acme:{number}", body=body)
    assert begun.once()[0] == 0
    shown = [" ".join(subject.split()) for subject in SUBJECTS]
    assert [mail["Subject"] for mail in post.mails[::2]] == [f"[acme #{n}] {it}" for n, it in enumerate(shown, start=1)]
    assert [mail["Subject"] for mail in post.mails[1::2]] == [f"[#{n}] {it}" for n, it in enumerate(shown, start=1)]
    assert [mail["To"] for mail in post.mails] == [TEAM, MARA] * len(SUBJECTS)
    assert {len(mail.keys()) for mail in post.mails} == {12}
    assert all(f"\n{body}\n" in text(mail) for mail in post.mails[1::2])
    assert all(raw.isascii() and max(map(len, raw.split(b"\r\n"))) < 300 for raw in post.raw)


NO_ADDRESSES = [
    *(None, "", "mara", "mara@", "@acme.example", f"{MARA}\nBcc: evil@evil.example", f"{MARA}, evil@evil.example"),
    *("Mara <mara@acme.example>", "mára@acme.example", ["mara@acme.example"], 7, "Support@shop.example"),
]


def test_a_store_without_an_address_of_its_own_is_passed_over(post, begun, desk):
    begun.addresses.write_text(json.dumps({f"store-{n}": address for n, address in enumerate(NO_ADDRESSES)}))
    stores = [*(f"store-{n}" for n in range(len(NO_ADDRESSES))), "unknown"]
    for store in stores:
        desk.open(Actor.merchant(store), body=BODY)
        desk.answer(ADA, f"{store}:1", body="Done.")
    status, said = begun.once()
    assert status == 0
    assert [line for line in said.splitlines() if "INFO" not in line] == [
        f"WARNING {store} #1 answered: no address for the merchant" for store in stores
    ]
    assert [mail["To"] for mail in post.mails] == [TEAM] * len(stores)


def test_it_is_short_and_its_page_says_how_to_run_it(post, mailer, desk):
    source, page = EXAMPLE.read_text(encoding="utf-8"), EXAMPLE.with_name("README.md").read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 200
    assert set(re.findall(r'add\("(--[a-z-]+)"', source)) <= set(re.findall(r"--[a-z-]+", page))
    addresses, command = re.search(r"```sh\n(echo .*?)\n(.*?)\n```", page, re.DOTALL).groups()
    desk.open(ACME, body=BODY)
    mailer.addresses.unlink()
    subprocess.run(["sh", "-c", addresses], cwd=mailer.folder, check=True)
    places = {"--db": str(mailer.db), "--smtp": f"127.0.0.1:{mailer.port}"}
    words = shlex.split(command)[2:]
    words = [places.get(option, word) for option, word in zip(["", *words], words, strict=False)]
    command = [sys.executable, str(EXAMPLE), *words, "--once", "--from-beginning"]
    assert subprocess.run(command, cwd=mailer.folder, timeout=PATIENCE).returncode == 0
    assert kinds(post) == [(TEAM, "API of the store acme opened a case:")]
