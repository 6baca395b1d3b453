"""A merchant's browser at the pages in a shop, over HTTP in this process."""

from urllib.parse import urlencode

from falcon.testing import Result, TestClient

from supportcases import Actor, mount
from supportcases.console import create_merchant_pages
from tests.support.console import FORM, SAME

AT = "/shop/help"


def who(req):
    """Return whom the session of the shop knows: a header stands for it."""
    name = req.get_header("X-User")
    if name == "Ada":
        return Actor.support("Ada")
    return Actor.merchant(req.get_header("X-Store", default="acme"), label=name) if name else None


def layout(req, title, html):
    """Return a page of the shop."""
    return f"<!doctype html><html lang=en><title>{title} · Shop</title><main>{html}</main></html>"


def shop(environ, start_response):
    """Answer with what the shop has beside."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"The shop\n"]


def opened(desk, at: str = AT, authenticate=who, layout=layout, **settings):
    """Return a shop with the pages of `desk` in it."""
    pages = create_merchant_pages(desk, authenticate, layout, **settings)
    return mount(shop, pages, at=at) if at else pages


class Merchant:
    """Somebody's browser in the shop; `headers` are sent with each request."""

    def __init__(self, app, name: str | None = "Mara", at: str = AT, **headers: str) -> None:
        self.client = TestClient(app, headers={**headers, **({"X-User": name} if name else {})})
        self.at = at

    def get(self, path: str = "/", **headers: str) -> Result:
        """Open a page."""
        return self.client.simulate_get(self.at + path, headers=headers)

    def post(self, path: str, sent=SAME, **fields: str) -> Result:
        """Send a form as a page of ours does; `sent` are other headers in place of those that say so."""
        return self.client.simulate_post(self.at + path, body=urlencode(fields), headers={**FORM, **sent})
