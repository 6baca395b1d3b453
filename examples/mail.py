"""Mail about cases, to merchants and to the team: `python examples/mail.py --help`.

It follows the change feed. How far it is stands in a file, which is written once the SMTP server has taken a mail:
whatever stops it, no event goes without its mail. After `kill -9` one may come twice, with the same Message-ID.
"""

import argparse
import fcntl
import json
import logging
import os
import re
import signal
import smtplib
import ssl
import sys
import time
from contextlib import contextmanager
from email import charset
from email.header import Header
from email.mime.text import MIMEText
from email.utils import format_datetime, formataddr, parseaddr
from pathlib import Path
from string import Template

from supportcases import Actor, CaseNotFound, CursorExpired, DatabaseBusy, DatabaseUnavailable, create_app

READER = Actor.support("mail")  # sees the events of all stores
PAUSE, LONGEST_PAUSE, TIMEOUT = 2, 300, 30  # seconds; the first is the feed's own
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,190}")

# Who did what: which side gets a mail, and its first line. Each side hears what the other one did.
MAILS = {
    ("merchant", "opened"): ("team", "$author of the store $store opened a case:"),
    ("support", "opened"): ("team", "The support team opened a case for the store $store:"),
    ("merchant", "replied"): ("team", "$author of the store $store replied:"),
    ("merchant", "reopened"): ("team", "The store $store opened its case again."),
    ("support", "answered"): ("merchant", "$author answered:"),
    ("support", "announced"): ("merchant", "$author wrote:"),
    ("support", "closed"): ("merchant", "The support team closed your case."),
    ("support", "reopened"): ("merchant", "The support team opened your case again."),
}
# A string.Template puts in what has a name, and looks into nothing of it: anybody may write $url in a case.
TEMPLATES = {
    "merchant": Template("""$text

Your case #$number, "$subject", is $status now.
Please reply at $url/help/$number and not to this mail.
"""),
    "team": Template("""$text

Case #$number of the store $store, "$subject": severity $severity, $category, $status now.
$url/console/cases/$store/$number
"""),
}
charset.add_charset("utf-8", charset.SHORTEST, charset.QP, "utf-8")  # else base64, which looks like spam to some


def address_of(store, options):
    """Return the address of a store's merchant, or None: ask the table of your users here."""
    return json.loads(options.addresses.read_text(encoding="utf-8")).get(store)


def mail_about(event, desk, options):
    """Return the mail that an event deserves, or None."""
    side, first_line = MAILS.get((event.actor_kind, event.kind), (None, ""))
    if side is None:
        return None
    try:  # as the merchant sees it, whoever gets the mail: so no note is ever in one
        case, messages, _ = desk.get(Actor.merchant(event.store), event.case_id)
    except CaseNotFound:
        return None
    message = next((message for message in messages if message.id == event.message_id), None)
    if message is None and event.kind not in ("closed", "reopened"):  # it was marked as answered, without a word
        return None
    if event.kind == "closed" and event.at in [said.created_at for said in messages if said.author_kind != "merchant"]:
        return None  # with an answer, whose mail says so
    to = options.team if side == "team" else address_of(event.store, options)
    if not ADDRESS.fullmatch(str(to)) or to.lower() == options.sender.lower():  # mail to ourselves might go in circles
        logging.warning("%s #%d %s: no address for the %s", event.store, event.number, event.kind, side)
        return None
    subject = " ".join(case.subject.split())
    names = {name: getattr(case, name) for name in ("store", "number", "severity", "category", "status")}
    names |= {"subject": subject, "author": message.author_label if message else "", "url": options.url}
    words = [message.body, *(f"File: {file.name}" for file in message.attachments)] if message else []
    text = "\n\n".join([Template(first_line).substitute(names), *words])
    # An EmailMessage would read "=?utf-8?q?=0ABcc:...?=" in a subject as a line end, and older Pythons would send that.
    mail = MIMEText(TEMPLATES[side].substitute(names, text=text), "plain", "utf-8")
    subject = f"[{case.store} #{case.number}] {subject}" if side == "team" else f"[#{case.number}] {subject}"
    letters = "us-ascii" if subject.isascii() and "=?" not in subject else "utf-8"
    mail["Subject"] = Header(subject, letters, header_name="Subject").encode()
    mail["From"], mail["To"] = formataddr((options.name, options.sender)), to
    mail["Date"] = format_datetime(event.at)
    domain = options.sender.rpartition("@")[2]
    mail["Message-ID"] = f"<{event.id}.{side}@{domain}>"
    mail["In-Reply-To"] = mail["References"] = f"<case.{case.id}@{domain}>"  # never sent: it holds the thread together
    mail["Auto-Submitted"] = "auto-generated"  # or a vacation answers, and some program makes a case of that
    mail["X-Auto-Response-Suppress"] = "All"  # Exchange wants it in these words
    return mail


@contextmanager
def connected(options):
    """Yield a connection to the SMTP server."""
    user = os.environ.get("SMTP_USER")
    with smtplib.SMTP(options.host, int(options.port), timeout=TIMEOUT) as smtp:
        if user or os.environ.get("SMTP_STARTTLS"):  # no password goes in the clear
            smtp.starttls(context=ssl.create_default_context())
        if user:
            smtp.login(user, os.environ.get("SMTP_PASSWORD", ""))
        yield smtp


def send(mail, smtp, options):
    """Hand a mail to the SMTP server; of one that it will never take tell the log."""
    try:
        smtp.send_message(mail, options.sender, [mail["To"]])
        logging.info("%s sent", mail["Message-ID"])
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError) as refused:
        ((code, answer),) = getattr(refused, "recipients", {"": refused.args}).values()
        if code < 500:
            raise
        logging.error("%s refused for good: %d %r", mail["Message-ID"], code, answer)


def keep(cursor, path):
    """Write down how far everything is mailed, so that there is one whole file at any time."""
    new = path.with_name(f"{path.name}.new")
    with new.open("w") as file:
        file.write(cursor)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def mail_next(desk, options):
    """Send the mail for the next events; return whether there are no more yet."""
    if not options.cursor.exists():  # nobody wants mail about old cases
        keep("start" if options.from_beginning else desk.events(READER, after="latest").next, options.cursor)
    cursor = options.cursor.read_text().strip()
    page = desk.events(READER, after=cursor, limit=20)  # some servers take no more mail from one connection
    if page.events:
        keep(cursor, options.cursor)  # a full disk is to be met before somebody gets the same mail again and again
        if mails := [(mail, event) for event in page.events if (mail := mail_about(event, desk, options))]:
            with connected(options) as smtp:
                for mail, event in mails:
                    send(mail, smtp, options)
                    keep(event.cursor, options.cursor)
        keep(page.next, options.cursor)
    return page.end


def follow(desk, options):
    """Send mail for ever, or with --once until there is none; return the status to exit with."""
    lock, pause = os.open(f"{options.cursor}.lock", os.O_CREAT | os.O_RDWR), PAUSE
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # two at work would send all of it twice
            if (is_end := mail_next(desk, options)) and options.once:
                return 0
            pause = PAUSE if is_end else 0
        except CursorExpired:
            return f"The feed has no such place as {options.cursor} tells: remove it to begin with what happens next."
        except (OSError, DatabaseBusy, DatabaseUnavailable, json.JSONDecodeError) as problem:  # smtplib's are OSErrors
            logging.warning("not now: %s: %s", type(problem).__name__, problem)
            if options.once:
                return os.EX_TEMPFAIL
            pause = min(2 * pause or PAUSE, LONGEST_PAUSE)
        time.sleep(pause)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    add = parser.add_argument
    add("--db", default=os.environ.get("SUPPORTCASES_DB", "cases.db"), help="the file or the URL of the cases")
    add("--smtp", default="localhost:25", metavar="HOST:PORT", help="your mail server")
    add("--from", required=True, dest="sender", metavar="ADDRESS", help='such as "The shop <support@shop.example>"')
    add("--team", required=True, metavar="ADDRESS", help="where the team reads its mail")
    add("--addresses", required=True, type=Path, metavar="FILE", help='such as {"acme": "mara@acme.example"}')
    add("--url", required=True, help="where the shop is: links begin with it")
    add("--cursor", default="mail.cursor", type=Path, metavar="FILE", help="where it is kept how far all is mailed")
    add("--from-beginning", action="store_true", help="at the first start, mail about all that ever happened")
    add("--once", action="store_true", help="stop where there is no more: with 0, or with 75 to be started again later")
    options = parser.parse_args()
    options.name, options.sender = parseaddr(options.sender)
    options.host, _, options.port = options.smtp.rpartition(":")
    if not (ADDRESS.fullmatch(options.sender) and ADDRESS.fullmatch(options.team) and options.port.isdecimal()):
        parser.error("--from and --team take an address, --smtp takes HOST:PORT")
    if "://" not in options.db and not Path(options.db).exists():
        parser.error(f"there is no {options.db}")
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # it may be stopped at any moment
    sys.exit(follow(create_app(options.db).desk, options))


if __name__ == "__main__":
    main()
