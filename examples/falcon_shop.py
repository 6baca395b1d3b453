"""A Falcon shop with its support desk at /support: `python examples/falcon_shop.py` says who may log in where."""

import hmac
import os
import secrets
from datetime import date
from html import escape

import falcon
from waitress import serve

from supportcases import Actor, create_app, mount
from supportcases.console import create_merchant_pages

SECRET = os.environ.get("SHOP_SECRET") or secrets.token_hex()  # set it, or a restart logs everybody out
PASSWORD = os.environ.get("SHOP_PASSWORD") or secrets.token_urlsafe(8)  # stands for the hashes in your users' table
USERS = {"mara": Actor.merchant("acme", "Mara"), "gus": Actor.merchant("globex", "Gus"), "ada": Actor.support("Ada")}
FORM = "<form method=post action=/login>"
PAGE = "<!doctype html><html lang=en><meta name=viewport content='width=device-width'><title>{}</title><main>{}</main>"


def signature(user):  # which is good for today
    return hmac.digest(SECRET.encode(), f"{user} {date.today()}".encode(), "sha256").hex()


def who_is_asking(req):
    user, _, sent = req.cookies.get("session", "").partition(".")
    return USERS.get(user) if hmac.compare_digest(sent.encode(), signature(user).encode()) else None


class Shop:
    def on_get(self, req, resp):
        resp.text = f"{FORM}<input name=user> <input name=password type=password> <button>Log in</button>"
        if actor := who_is_asking(req):
            find = support.desk.list if actor.kind == "merchant" else support.desk.queue
            cases = "".join(f"<li>{escape(case.subject)}" for case in find(actor, status="open").cases)
            resp.text = f"<h1>{actor.label}</h1><ul>{cases}</ul><a href=/help/>Help</a>{FORM}<button>Log out</button>"

    def on_post_login(self, req, resp):  # without the right password it is a logout
        if req.get_header("Sec-Fetch-Site", default="same-origin") != "same-origin":
            raise falcon.HTTPForbidden
        form = req.get_media(default_when_empty={})
        user, password = form.get("user"), form.get("password", "")
        right = user in USERS and hmac.compare_digest(password.encode(), PASSWORD.encode())
        session = f"{user}.{signature(user)}" if right else ""  # in a Lax cookie, which no other site's POST brings
        resp.set_cookie("session", session, path="/", same_site="Lax", secure=False)  # behind TLS secure=True
        resp.status, resp.location = falcon.HTTP_FOUND, "/"


shop = falcon.App(media_type=falcon.MEDIA_HTML)
shop.add_route("/", Shop())
shop.add_route("/login", Shop(), suffix="login")
support = create_app(os.environ.get("SHOP_DB", "shop.db"), authenticate=who_is_asking, api_keys=True)
pages = create_merchant_pages(support.desk, who_is_asking, lambda req, title, html: PAGE.format(title, html))
application = mount(mount(shop, support, at="/support"), pages, at="/help")

if __name__ == "__main__":
    port = os.environ.get("PORT", "8000")
    print(f"http://127.0.0.1:{port} is open: log in as mara, gus or ada (support) with {PASSWORD}", flush=True)
    serve(application, listen=f"127.0.0.1:{port}")
