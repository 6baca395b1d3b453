"""A plain WSGI shop with its support desk at /support: `python examples/plain_shop.py` says who may log in where."""

import hmac
import os
import secrets
from datetime import date
from html import escape
from urllib.parse import parse_qsl

from falcon import Request
from waitress import serve

from supportcases import Actor, create_app, mount
from supportcases.console import create_merchant_pages

SECRET = os.environ.get("SHOP_SECRET") or secrets.token_hex()  # set it, or a restart logs everybody out
PASSWORD = os.environ.get("SHOP_PASSWORD") or secrets.token_urlsafe(8)  # stands for the hashes in your users' table
USERS = {"mara": Actor.merchant("acme", "Mara"), "gus": Actor.merchant("globex", "Gus"), "ada": Actor.support("Ada")}
FORM = "<form method=post action=/login>"
PAGE = "<!doctype html><html lang=en><meta name=viewport content='width=device-width'><title>{}</title><main>{}</main>"
COOKIE = "session={}; HttpOnly; SameSite=Lax; Path=/"  # no other site's POST brings a Lax one; behind TLS Secure too


def signature(user):  # which is good for today
    return hmac.digest(SECRET.encode(), f"{user} {date.today()}".encode(), "sha256").hex()


def who_is_asking(req):
    user, _, sent = req.cookies.get("session", "").partition(".")
    return USERS.get(user) if hmac.compare_digest(sent.encode(), signature(user).encode()) else None


def shop(environ, start_response):
    status, headers = "200 OK", [("Content-Type", "text/html; charset=utf-8")]
    text = f"{FORM}<input name=user> <input name=password type=password> <button>Log in</button>"
    asked = environ["REQUEST_METHOD"], environ["PATH_INFO"], environ.get("HTTP_SEC_FETCH_SITE", "same-origin")
    if asked == ("POST", "/login", "same-origin"):  # without the right password it is a logout
        form = dict(parse_qsl(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode("latin-1")))
        user, password = form.get("user"), form.get("password", "")
        right = user in USERS and hmac.compare_digest(password.encode(), PASSWORD.encode())
        status, text = "302 Found", ""
        headers += [("Location", "/"), ("Set-Cookie", COOKIE.format(f"{user}.{signature(user)}" if right else ""))]
    elif asked[:2] != ("GET", "/"):
        status, text = "404 Not Found", "There is nothing here."
    elif actor := who_is_asking(Request(environ)):
        find = support.desk.list if actor.kind == "merchant" else support.desk.queue
        cases = "".join(f"<li>{escape(case.subject)}" for case in find(actor, status="open").cases)
        text = f"<h1>{actor.label}</h1><ul>{cases}</ul><a href=/help/>Help</a>{FORM}<button>Log out</button>"
    start_response(status, headers)
    return [text.encode()]


support = create_app(os.environ.get("SHOP_DB", "shop.db"), authenticate=who_is_asking, api_keys=True)
pages = create_merchant_pages(support.desk, who_is_asking, lambda req, title, html: PAGE.format(title, html))
application = mount(mount(shop, support, at="/support"), pages, at="/help")

if __name__ == "__main__":
    port = os.environ.get("PORT", "8000")
    print(f"http://127.0.0.1:{port} is open: log in as mara, gus or ada (support) with {PASSWORD}", flush=True)
    serve(application, listen=f"127.0.0.1:{port}")
