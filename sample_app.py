"""A small storefront with a support desk: `python sample_app.py`, then open the address that it prints.

The shop is a plain WSGI application. The desk is mounted beside it at /support, all in one process, and the merchant's
pages at /help, in the shop's own layout. The shop's home page shows the store's cases through the Python side of the
same desk. PORT and SAMPLE_DB change where it listens and
what it writes to.
"""

import os
import shlex
import sys
from contextlib import suppress
from datetime import UTC, datetime
from html import escape
from importlib.util import find_spec
from pathlib import Path

import waitress

from supportcases import Actor, KeyRing, Status, SupportCasesError, SupportDesk, create_app, mount
from supportcases.console import create_merchant_pages
from supportcases.testing import some_cases

HAS_CONSOLE = bool(find_spec("jinja2") and find_spec("linkify_it"))  # what supportcases[console] brings
STORE = "lumen-and-oak"
MERCHANT = Actor.merchant(STORE, label="Mara at Lumen & Oak")
SUPPORT = Actor.support("Ada", stores=[STORE])
PRODUCTS = [("Oak desk lamp", "€ 89"), ("Beeswax candle, set of 4", "€ 24"), ("Walnut picture frame", "€ 35")]

LAYOUT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Lumen &amp; Oak</title><link rel="icon" href="data:,">
<style>
:root {{ color-scheme: light dark; --supportcases-accent: light-dark(#4a5d23, #b9cf86) }}
body {{ margin: 0; font: 17px/1.5 Georgia, serif; overflow-wrap: anywhere }}
body {{ color: light-dark(#2b2a26, #e9e5d8); background: light-dark(#fbf7ec, #1d1c18) }}
header {{ display: flex; flex-wrap: wrap; gap: .3rem 1.6rem; align-items: baseline; padding: 1.1rem 1.5rem }}
header {{ background: light-dark(#f1e8d0, #2a2820) }}
header b {{ font-size: 1.35rem }}
a {{ color: inherit }}
main {{ max-width: 48rem; margin: 0 auto; padding: 2rem 1.5rem 4rem }}
table {{ width: 100%; border-collapse: collapse }}
td, th {{ text-align: left; padding: .4rem .3rem; border-bottom: 1px solid light-dark(#e2d9bf, #423f33) }}
</style>
<header><b>Lumen &amp; Oak</b> <a href="/">Shop</a>{links}</header>
<main>{html}</main></html>"""

HOME = """<h1>Good light, good wood</h1>
<table><tr><th>Product<th>Price</tr>{products}</table>
<h2>For the shop's owner: your support cases</h2>
<table><tr><th>Number<th>Subject<th>Severity<th>Status</tr>{cases}</table>
<p>{waiting} waiting for support. The API is at <code>/support/api/v1/support-cases</code>,
to read about and to try at <a href="/support/docs">/support/docs</a>.</p>"""


def layout(req, title, html):
    """Return a page of the shop's, whoever wrote what stands in it."""
    links = ' <a href="/help/">Support</a>' if HAS_CONSOLE else ""
    return LAYOUT.format(title=title, html=html, links=links)


def storefront(desk):
    """Return the shop's own WSGI application, whose page shows the store's support cases."""

    def application(environ, start_response):
        if environ["PATH_INFO"] not in ("", "/"):
            start_response("404 Not Found", [("Content-Type", "text/plain; charset=utf-8")])
            return [b"This shop has only one page: /\n"]
        products = "".join(f"<tr><td>{escape(name)}<td>{price}</tr>" for name, price in PRODUCTS)
        cases = "".join(
            f"<tr><td>#{case.number:06}<td>{escape(case.subject)}<td>{case.severity}<td>{case.status}</tr>"
            for case in desk.list(MERCHANT, limit=100).cases
        )
        waiting = desk.list(MERCHANT, status=Status.OPEN).count
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
        return [layout(None, "Shop", HOME.format(products=products, cases=cases, waiting=waiting)).encode()]

    return application


def shop_with(support):
    """Return the shop with its support desk at /support, and the merchant's pages at /help."""
    shop = mount(storefront(support.desk), support, at="/support")
    if not HAS_CONSOLE:
        return shop
    # whoever opens the sample is its only merchant; in a shop of yours the session decides
    return mount(shop, create_merchant_pages(support.desk, lambda req: MERCHANT, layout), at="/help")


def seed(desk: SupportDesk) -> None:
    """Let a dozen cases have happened in the last month, on first start only."""
    if not desk.list(MERCHANT).count:
        some_cases(desk.repository, 12, store=STORE, until=datetime.now(UTC), seed=2)


def closed_case(desk: SupportDesk) -> int:
    """Return the number of a closed case, so that there is one to reopen at every start."""
    for case in desk.list(MERCHANT, status=Status.CLOSED, limit=1).cases:
        return case.number
    case = desk.open(
        MERCHANT,
        subject="VAT number is missing on our invoice",
        body="The invoice for our plan shows no VAT number, and our accountant sends it back.",
        category="billing_plans",
        severity="low",
    )
    desk.answer(SUPPORT, case.id, body="Corrected: your invoices now carry it, the last three were sent again.")
    return desk.close(MERCHANT, case.id).number


def new_keys(keys: KeyRing) -> tuple[str, str]:
    """Return fresh keys for the store and for the team; those of the start before are revoked."""
    for key in keys.all():
        if key.actor.label in ("sample_app", SUPPORT.label) and key.revoked_at is None:
            keys.revoke(key.id)
    return keys.create(STORE, label="sample_app")[0], keys.create_support(label=SUPPORT.label, stores=[STORE])[0]


def pages(shop: str, key: str) -> str:
    """Return how to open the pages of the merchant and of the support team."""
    if not HAS_CONSOLE:
        more = f"{sys.executable} -m pip install 'supportcases[console]'"
        return f"The pages for your merchant and your support team need more: {more}"
    return (
        f"The merchant's support page is at {shop}/help/\n"
        f"Your support team's console is at {shop}/support/console  (paste this key: {key})"
    )


def told_of(database: str) -> tuple[str, str]:
    """Return where the cases stay, and the command that lists them; a URL is not repeated: it may hold a password."""
    command = [sys.executable, "-m", "supportcases"]
    if "://" in database:
        return "the database of SAMPLE_DB", f'SUPPORTCASES_DB="$SAMPLE_DB" {shlex.join([*command, "cases"])}'
    return database, shlex.join([*command, "--db", os.path.abspath(database), "cases"])


def main() -> None:
    """Serve the shop and print how to talk to its support desk."""
    database = os.environ.get("SAMPLE_DB") or str(Path(__file__).with_name("sample.db"))
    port = os.environ.get("PORT", "8000")
    if not port.isdecimal() or int(port) > 65_535:
        sys.exit(f"sample_app: PORT must be a whole number from 0 to 65535, not {port!r}.")
    try:
        support = create_app(database, docs=True, console=HAS_CONSOLE)
        server = waitress.create_server(shop_with(support), host="127.0.0.1", port=int(port))
    except OSError as error:
        sys.exit(
            f"sample_app: cannot listen on port {port}: {error.strerror}. Try: PORT=8001 {sys.executable} {sys.argv[0]}"
        )
    except SupportCasesError as error:
        sys.exit(f"sample_app: {error} SAMPLE_DB names another one.")

    place, in_a_terminal = told_of(database)
    seed(support.desk)
    number = closed_case(support.desk)
    shop = f"http://127.0.0.1:{server.effective_port}"
    cases = f"{shop}/support/api/v1/support-cases"
    merchants_key, teams_key = new_keys(support.keys)
    key = f"-H 'Authorization: Bearer {merchants_key}'"
    json = "-H 'Content-Type: application/json'"
    print(
        f"Lumen & Oak is open at {shop}  (Ctrl-C closes it; its cases stay in {place})\n\n"
        f"{pages(shop, teams_key)}\n\n"
        f"Paste into a second terminal, with a merchant key that is valid until the next start:\n\n"
        f"curl {key} '{cases}?status=open'\n\n"
        f"curl {key} {json} {cases} -d '"
        '{"body": "The checkout shows a blank page since this morning.", "severity": "critical"}'
        "'\n\n"
        f"curl {key} {json} {cases}/{number}/messages -d '"
        '{"body": "It is back since this morning, the same as before."}'
        "'\n\n"
        "What your support team sees of it, at a terminal:\n\n"
        f"{in_a_terminal}\n",
        flush=True,
    )
    with suppress(KeyboardInterrupt):
        server.run()


if __name__ == "__main__":
    main()
