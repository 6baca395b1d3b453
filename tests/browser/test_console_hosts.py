"""The console in somebody's application, in a real browser: who signs in elsewhere, and who reads from the right."""

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from supportcases import Actor, create_app
from supportcases.console import Console, languages
from tests.conftest import ACME
from tests.support.browser import NARROW, WIDE, pixels_too_wide
from tests.support.pseudo import pseudo_languages


@pytest.fixture
def signed_in():
    """Who is at the host: nobody, where it is empty."""
    return {"Ada"}


@pytest.fixture
def elsewhere(serve):
    """The host's sign-in page, on another origin than the console, which sends people on to a third."""

    def page(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
        return [b"<!doctype html><html lang=en><title>Who are you?</title><link rel=icon href=data:,><h1>Who are you?"]

    third = serve(page)

    def onward(environ, start_response):
        start_response("303 See Other", [("Location", f"{third}/?{environ['QUERY_STRING']}")])
        return [b""]

    return serve(onward)


@pytest.mark.parametrize("is_form_with_a_text", [True, False])
def test_a_form_of_one_who_is_signed_out_meanwhile_leads_to_a_sign_in_page_on_any_origin(
    serve, browse, signed_in, elsewhere, is_form_with_a_text
):
    app = create_app(
        ":memory:",
        authenticate=lambda req: Actor.support("Ada") if signed_in else None,
        console=Console(sign_in_url=f"{elsewhere}/?app=desk"),
    )
    app.desk.open(ACME, body="The checkout shows a blank page.")
    url = serve(app)
    page = browse(f"{url}/console/cases/acme/1")
    page.get_by_label("Text", exact=True).fill("We are on it.")
    signed_in.clear()
    if is_form_with_a_text:
        page.get_by_role("button", name="Send answer").click()
    else:
        page.get_by_label("Search in subjects").fill("blank")
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Who are you?")).to_be_visible()
    browse.expected("elsewhere")
    browse.expected("401")
    signed_in.add("Ada")
    (onward,) = parse_qs(urlsplit(page.url).query)["next"]
    assert onward == ("/console/cases/acme/1" if is_form_with_a_text else "/console/?query=blank")
    page.goto(url + onward)
    if is_form_with_a_text:
        expect(page.get_by_label("Text", exact=True)).to_have_value("We are on it.")


@pytest.fixture
def mirrored(desk_app, serve, browse, tmp_path, monkeypatch):
    """Open a page of the console in a language that is written from right to left."""
    monkeypatch.setattr(languages, "LOCALE", pseudo_languages(tmp_path / "locale", "he"))
    app = create_app(desk_app.desk.repository, authenticate=lambda req: Actor.support("Ada"), console=True)
    root = f"{serve(app)}/console"

    def mirrored(path, **context):
        return browse(f"{root}{path}", locale="he-IL", **context)

    mirrored.root = root
    return mirrored


def test_from_right_to_left_everything_stands_on_the_other_side(mirrored, axe):
    page = mirrored("/")
    for path in ("/", "/cases/acme/1", "/numbers", "/new"):
        page.goto(mirrored.root + path)
        assert page.locator("html").get_attribute("dir") == "rtl"
        for viewport in (NARROW, WIDE):
            page.set_viewport_size(viewport)
            assert pixels_too_wide(page) == 0, path
            assert axe(page) == [], path
        views, content = (page.locator(place).bounding_box() for place in ("nav.side", "main"))
        assert content["x"] + content["width"] <= views["x"] + 1
