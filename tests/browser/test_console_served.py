"""The console as people serve it: under gunicorn and waitress, mounted in a site and at the root."""

import pytest
from playwright.sync_api import expect

from supportcases import create_app
from tests.servers.known import SERVERS
from tests.servers.launchers import launcher, running

WORKERS = "-k gthread -w 2 --threads 2"
AT_THE_ROOT = launcher(
    "gunicorn at the root",
    "gunicorn --bind 127.0.0.1:{port}",
    WORKERS,
    "supportcases:create_app('{folder}/shop.db',console=True)",
    "gunicorn",
    prefix="",
)
# waitress in a site is what the other tests of browsers are served with
SERVED = [AT_THE_ROOT, *(each for each in SERVERS if each.name in ("supportcases serve", "gunicorn gthread preload"))]


@pytest.mark.parametrize("chosen", SERVED, ids=lambda launcher: launcher.name)
def test_a_case_is_opened_and_answered(chosen, browse):
    """Whichever process answers knows the session, and each link and file is where the page says."""
    with running(chosen) as server:
        app = create_app(server.db)
        key, _ = app.keys.create_support(label="Ada")
        server.start()
        root = f"http://127.0.0.1:{server.port}{server.prefix}/console"
        page = browse(root)
        page.get_by_label("Support key").fill(key)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("link", name="Open a case").click()
        page.get_by_label("Store").fill("acme")
        page.get_by_label("What is the matter").fill("The checkout shows a blank page.")
        page.get_by_role("button", name="Open the case").click()
        page.get_by_label("Text", exact=True).fill("It is mended.")
        page.get_by_role("button", name="Send answer").click()
        expect(page.locator(".message.support .body")).to_have_text("It is mended.")
        assert page.url == f"{root}/cases/acme/1#last"
        (cookie,) = page.context.cookies()
        assert (cookie["path"], cookie["httpOnly"]) == (server.prefix or "/", True)
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_label("Support key")).to_be_visible()
        assert page.context.cookies() == []
        app.desk.repository.close()
