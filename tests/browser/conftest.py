"""Pages in a real browser; a test fails on an error in the console, a violation of the policy, a request elsewhere."""

import shutil
from contextlib import ExitStack
from datetime import timedelta

import pytest
from playwright.sync_api import sync_playwright

from supportcases import Actor, create_app, mount
from supportcases.domain import times
from supportcases.server import served
from supportcases.testing import some_cases
from tests.conftest import TESTS
from tests.support import npm
from tests.support.browser import FLAGS, Browsing, axe_faults
from tests.support.console import Agent
from tests.support.tools import SEARCHED, needs

PACKAGES = TESTS / "browser"
GRACE = Actor.support("Grace")
ADMIN = Actor.support("Grace", admin=True)


@pytest.fixture(scope="package")  # not the session: while Playwright runs, asyncio in this thread is taken
def chromium():
    shell = "chromium-headless-shell"  # the same pages without the windows around them, in half the time
    executable = (
        shutil.which(shell, path=SEARCHED) or shutil.which("chromium", path=SEARCHED) or needs(shell, package=shell)
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def serve():
    """Serve any WSGI application on a free port of 127.0.0.1 until the test ends: `url = serve(app)`."""
    with ExitStack() as stack:
        yield lambda app: stack.enter_context(served(app))


@pytest.fixture
def browse(serve, chromium):
    """Open pages: `page = browse(url, color_scheme="dark", viewport=NARROW)`."""
    browsing = Browsing(chromium)
    yield browsing
    browsing.close()
    assert browsing.faults == []


@pytest.fixture(scope="package")
def axe():
    """Return what keeps people out of a page, or of a part of it: `assert axe(page) == []`."""
    needs("npm", package="npm")
    npm.install(PACKAGES)
    source = (PACKAGES / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    return lambda page, within="html", **how: axe_faults(page, source, within, **how)


def shop(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    return [b"<!doctype html><title>The shop</title><p>The shop"]


@pytest.fixture(scope="module")
def desk_app():
    """An app with believable cases, one of which has a note, a link and changes."""
    app = create_app(":memory:", console=True)
    until = times.now() - timedelta(minutes=4)
    for store, count in (("acme", 17), ("nordlys", 30), ("lumen-and-oak", 40)):
        some_cases(app.desk.repository, count, store=store, until=until, seed=count, span=timedelta(days=7))
    app.desk.change(GRACE, "acme:1", status="open", severity="critical", assignee="Ada")
    app.desk.note(GRACE, "acme:1", body="The gateway again: https://status.test/4711?day=28.\nPromise no date yet.")
    app.desk.add_text(ADMIN, name="Looking into it", body="Hello {author},\n\nwe look into {number} by {tomorrow}.")
    return app


@pytest.fixture
def console(desk_app, serve, browse):
    """Open a page of the console, signed in as somebody: `page = console("/cases/acme/1")`."""
    mounted = mount(shop, desk_app, at="/support")
    root = f"{serve(mounted)}/support/console"

    def console(path="/?status=open", label="Ada", *, admin=False, **context):
        key, _ = desk_app.keys.create_support(label=label, admin=admin)
        cookies = Agent(mounted, key, at="/support").cookies
        return browse(f"{root}{path}", cookies=as_kept(cookies), **context)

    console.root = root
    return console


def as_kept(cookies: dict[str, str]) -> list[dict[str, object]]:
    """Return cookies as a browser keeps those that the console has given it."""
    at = {"domain": "127.0.0.1", "path": "/support", "httpOnly": True, "sameSite": "Lax"}
    return [{"name": name, "value": value, **at} for name, value in cookies.items()]
