"""Pages in a real browser; a test fails on an error in the console, a violation of the policy, a request elsewhere."""

from contextlib import ExitStack

import pytest
from playwright.sync_api import sync_playwright

from supportcases.server import served
from tests.conftest import TESTS
from tests.support import npm
from tests.support.browser import FLAGS, Browsing, axe_faults
from tests.support.tools import needs

PACKAGES = TESTS / "browser"


@pytest.fixture(scope="package")  # not the session: while Playwright runs, asyncio in this thread is taken
def chromium():
    executable = needs("chromium", package="chromium")
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
    """Return what keeps people out of a page: `assert axe(page) == []`."""
    needs("npm", package="npm")
    npm.install(PACKAGES)
    source = (PACKAGES / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    return lambda page: axe_faults(page, source)
