"""A Flask shop with its support desk at /support: `python examples/flask_shop.py` says who may log in where."""

import os
import secrets
from html import escape

from flask import Flask, abort, redirect, request, session
from waitress import serve

from supportcases import Actor, create_app, mount
from supportcases.console import create_merchant_pages

SECRET = os.environ.get("SHOP_SECRET") or secrets.token_hex()  # set it, or a restart logs everybody out
PASSWORD = os.environ.get("SHOP_PASSWORD") or secrets.token_urlsafe(8)  # stands for the hashes in your users' table
USERS = {"mara": Actor.merchant("acme", "Mara"), "gus": Actor.merchant("globex", "Gus"), "ada": Actor.support("Ada")}
FORM = "<form method=post action=/login>"
PAGE = "<!doctype html><html lang=en><meta name=viewport content='width=device-width'><title>{}</title><main>{}</main>"

application = Flask(__name__)
# No other site's POST brings a Lax cookie, and the API takes only application/json (else 415): nothing is forged.
application.config.update(SECRET_KEY=SECRET, SESSION_COOKIE_SAMESITE="Lax")  # behind TLS SESSION_COOKIE_SECURE too


def who_is_asking(req):
    with application.request_context(req.env):
        return USERS.get(session.get("user", ""))


def tell(event):  # your chat; for mail see mail.py
    print(f"{event.case.store} #{event.case.number} {event.kind} by {event.actor.label}", flush=True)


support = create_app(os.environ.get("SHOP_DB", "shop.db"), authenticate=who_is_asking, api_keys=True, on_event=tell)
pages = create_merchant_pages(support.desk, who_is_asking, lambda req, title, html: PAGE.format(title, html))
application.wsgi_app = mount(mount(application.wsgi_app, support, at="/support"), pages, at="/help")


@application.get("/")
def home():
    if (actor := USERS.get(session.get("user", ""))) is None:
        return f"{FORM}<input name=user> <input name=password type=password> <button>Log in</button>"
    find = support.desk.list if actor.kind == "merchant" else support.desk.queue
    cases = "".join(f"<li>{escape(case.subject)}" for case in find(actor, status="open").cases)
    return f"<h1>{actor.label}</h1><ul>{cases}</ul><a href=/help/>Help</a>{FORM}<button>Log out</button>"


@application.post("/login")  # without the right password it is a logout
def login():
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        abort(403)
    session.clear()
    if secrets.compare_digest(request.form.get("password", "").encode(), PASSWORD.encode()):
        session["user"] = request.form.get("user")
    return redirect("/")


if __name__ == "__main__":
    port = os.environ.get("PORT", "8000")
    print(f"http://127.0.0.1:{port} is open: log in as mara, gus or ada (support) with {PASSWORD}", flush=True)
    serve(application, listen=f"127.0.0.1:{port}")
