"""A Django shop with its support desk at /support: `python examples/django_shop.py` says who may log in where."""

import os
import secrets
from html import escape

from django.conf import settings
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, HttpResponseRedirect
from django.middleware.csrf import get_token
from django.urls import path
from django.views.decorators.http import require_POST
from waitress import serve

from supportcases import Actor, create_app, mount
from supportcases.console import create_merchant_pages

PASSWORD = os.environ.get("SHOP_PASSWORD") or secrets.token_urlsafe(8)  # stands for the hashes in your users' table
USERS = {"mara": Actor.merchant("acme", "Mara"), "gus": Actor.merchant("globex", "Gus"), "ada": Actor.support("Ada")}
PAGE = "<!doctype html><html lang=en><meta name=viewport content='width=device-width'><title>{}</title><main>{}</main>"
# No other site's POST brings a Lax cookie, and the API takes only application/json (else 415): nothing is forged.
settings.configure(
    ALLOWED_HOSTS=["127.0.0.1", "localhost"],
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.csrf.CsrfViewMiddleware"],
    ROOT_URLCONF=__name__,
    SECRET_KEY=os.environ.get("SHOP_SECRET") or secrets.token_hex(),  # set it, or a restart logs everybody out
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
)


def who_is_asking(req):
    return USERS.get(SessionStore(req.cookies.get("sessionid")).get("user"))


def home(request):
    form = f'<form method=post action=/login><input type=hidden name=csrfmiddlewaretoken value="{get_token(request)}">'
    if (actor := USERS.get(request.session.get("user"))) is None:
        return HttpResponse(form + "<input name=user> <input name=password type=password> <button>Log in</button>")
    find = support.desk.list if actor.kind == "merchant" else support.desk.queue
    cases = "".join(f"<li>{escape(case.subject)}" for case in find(actor, status="open").cases)
    return HttpResponse(f"<h1>{actor.label}</h1><ul>{cases}</ul><a href=/help/>Help</a>{form}<button>Log out</button>")


def login(request):  # without the right password it is a logout
    request.session.flush()
    if secrets.compare_digest(request.POST.get("password", "").encode(), PASSWORD.encode()):
        request.session["user"] = request.POST.get("user")
    return HttpResponseRedirect("/")


urlpatterns = [path("", home), path("login", require_POST(login))]
support = create_app(os.environ.get("SHOP_DB", "shop.db"), authenticate=who_is_asking, api_keys=True)
pages = create_merchant_pages(support.desk, who_is_asking, lambda req, title, html: PAGE.format(title, html))
application = mount(mount(get_wsgi_application(), support, at="/support"), pages, at="/help")

if __name__ == "__main__":
    port = os.environ.get("PORT", "8000")
    print(f"http://127.0.0.1:{port} is open: log in as mara, gus or ada (support) with {PASSWORD}", flush=True)
    serve(application, listen=f"127.0.0.1:{port}")
