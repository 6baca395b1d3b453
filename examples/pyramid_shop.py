"""A Pyramid shop with its support desk at /support: `python examples/pyramid_shop.py` says who may log in where."""

import os
import secrets
from html import escape

from pyramid.config import Configurator
from pyramid.csrf import get_csrf_token
from pyramid.httpexceptions import HTTPFound
from pyramid.request import Request
from pyramid.response import Response
from pyramid.session import SignedCookieSessionFactory
from waitress import serve

from supportcases import Actor, create_app, mount
from supportcases.console import create_merchant_pages

SECRET = os.environ.get("SHOP_SECRET") or secrets.token_hex()  # set it, or a restart logs everybody out
PASSWORD = os.environ.get("SHOP_PASSWORD") or secrets.token_urlsafe(8)  # stands for the hashes in your users' table
USERS = {"mara": Actor.merchant("acme", "Mara"), "gus": Actor.merchant("globex", "Gus"), "ada": Actor.support("Ada")}
PAGE = "<!doctype html><html lang=en><meta name=viewport content='width=device-width'><title>{}</title><main>{}</main>"

# No other site's POST brings a Lax cookie, and the API takes only application/json (else 415): nothing is forged.
session_of = SignedCookieSessionFactory(SECRET, httponly=True, samesite="Lax")  # behind TLS secure=True too


def who_is_asking(req):
    return USERS.get(session_of(Request(req.env)).get("user"))


support = create_app(os.environ.get("SHOP_DB", "shop.db"), authenticate=who_is_asking, api_keys=True)
pages = create_merchant_pages(support.desk, who_is_asking, lambda req, title, html: PAGE.format(title, html))


def home(request):
    form = f'<form method=post action=/login><input type=hidden name=csrf_token value="{get_csrf_token(request)}">'
    if (actor := USERS.get(request.session.get("user"))) is None:
        return Response(form + "<input name=user> <input name=password type=password> <button>Log in</button>")
    find = support.desk.list if actor.kind == "merchant" else support.desk.queue
    cases = "".join(f"<li>{escape(case.subject)}" for case in find(actor, status="open").cases)
    return Response(f"<h1>{actor.label}</h1><ul>{cases}</ul><a href=/help/>Help</a>{form}<button>Log out</button>")


def login(request):  # without the right password it is a logout
    request.session.invalidate()
    if secrets.compare_digest(request.POST.get("password", "").encode(), PASSWORD.encode()):
        request.session["user"] = request.POST.get("user")
    return HTTPFound("/")


with Configurator(session_factory=session_of) as config:
    config.add_view(home)
    config.add_view(login, name="login", request_method="POST", require_csrf=True)
    application = mount(mount(config.make_wsgi_app(), support, at="/support"), pages, at="/help")


if __name__ == "__main__":
    port = os.environ.get("PORT", "8000")
    print(f"http://127.0.0.1:{port} is open: log in as mara, gus or ada (support) with {PASSWORD}", flush=True)
    serve(application, listen=f"127.0.0.1:{port}")
