"""The queue in a real browser: what a search found, and the last words of each case."""

import pytest
from playwright.sync_api import expect

from supportcases import Actor, create_app
from tests.conftest import ADA

ACME, GLOBEX = Actor.merchant("acme"), Actor.merchant("globex")


@pytest.fixture
def desk_app():
    """An app in which one case has a long thread, with what is looked for at its beginning."""
    app = create_app(":memory:", console=True, authenticate=lambda req: ADA)
    app.desk.open(ACME, body="The gateway is slow, and has been so since Monday.", subject="Slow")
    for number in range(30):
        app.desk.reply(ACME, 1, body=f"Still so, for the {number}th time.\n\nPlease look into it.")
    app.desk.open(GLOBEX, body="It is the gateway, I am sure.", subject="Slow too")
    return app


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without"])
def queue(request, desk_app, serve, browse):
    """The queue, with JavaScript and without."""
    return browse(f"{serve(desk_app)}/console/?sort=age", java_script_enabled=request.param)


def test_a_search_leads_to_what_it_found_wherever_that_is(queue):
    queue.get_by_label("Search in subjects").fill("GATEWAY")
    with queue.expect_navigation():
        queue.keyboard.press("Enter")
    expect(queue.locator(".queue .words").first).to_have_text("API The gateway is slow, and has been so since Monday.")
    with queue.expect_navigation():
        queue.get_by_role("link", name="Slow", exact=False).first.click()
    expect(queue.locator("mark")).to_have_text("gateway")
    expect(queue.locator("mark")).to_be_in_viewport()
    with queue.expect_navigation():
        queue.get_by_role("link", name="Queue").click()
    expect(queue.get_by_role("heading", name="Search")).to_be_visible()


def test_the_last_words_are_shown_and_hidden(queue):
    with queue.expect_navigation():
        queue.get_by_role("link", name="Show last words").click()
    expect(queue.locator(".queue .words").first).to_contain_text("Still so, for the 29th time. Please look into it.")
    with queue.expect_navigation():
        queue.get_by_role("link", name="All cases").click()
    expect(queue.get_by_text("31 messages")).to_be_visible()
    with queue.expect_navigation():
        queue.get_by_role("link", name="Hide last words").click()
    expect(queue.locator(".queue .words")).to_have_count(0)
