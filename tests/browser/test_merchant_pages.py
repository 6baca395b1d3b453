"""The merchant's pages in a real browser: for everybody, on a phone, without JavaScript, under a strict policy."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from supportcases import Actor, create_app, mount
from supportcases.console import create_merchant_pages
from supportcases.domain import times
from supportcases.testing import some_cases
from supportcases.web.pages.content import policy
from tests.conftest import ADA
from tests.support.browser import NARROW, SMALL, pixels_too_wide, tab_stops

MARA = Actor.merchant("acme", label="Mara")
PLACES = ["/", "/?status=answered", "/?query=zzzz", "/new", "/1", "/999", "/?page=2"]
LARGER = ".sc-said a, .sc-list a, .sc-list a *"
ARABIC = "توقفت صفحة الدفع منذ هذا الصباح"
SHEET = """
:root { color-scheme: light dark; --supportcases-accent: #0b7285 }
body { margin: 0; font: 16px/1.5 sans-serif; color: light-dark(#222, #eee); background: light-dark(#fff, #181818) }
main { padding: 16px } a { color: light-dark(#0b5394, #8ab4f8) }
"""


@pytest.fixture(scope="module")
def desk():
    """A desk with believable cases, one of which has a link, a note and a text from right to left."""
    desk = create_app(":memory:").desk
    until = times.now() - timedelta(minutes=4)
    some_cases(desk.repository, 30, store="acme", until=until, seed=4, span=timedelta(days=30))
    desk.answer(ADA, "acme:1", body="See https://status.test/4711?day=28 please.")
    desk.note(ADA, "acme:1", body="Kassandra suspects fraud")
    desk.open(MARA, body=f"{ARABIC}. Checkout!", subject=ARABIC)
    return desk


@pytest.fixture
def shop(desk, serve, browse):
    """Open a page of a shop whose policy is as strict as the console's: `page = shop("/new")`."""

    def layout(req, title, html):
        direction = ' dir="rtl"' if "rtl" in req.env["HTTP_USER_AGENT"] else ""
        return (
            f'<!doctype html><html lang="en"{direction}><head><meta charset="utf-8"><title>{title} · Shop</title>'
            '<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/shop.css">'
            '<link rel="icon" href="/shop.css"></head>'
            f"<body><header>The shop</header><main>{html}</main></body></html>"
        )

    def sheet(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/css")])
        return [SHEET.encode()]

    pages = mount(sheet, create_merchant_pages(desk, lambda req: MARA, layout), at="/help")

    def strict(environ, start_response):
        def start(status, headers, *error):
            return start_response(status, [*headers, ("Content-Security-Policy", policy())], *error)

        return pages(environ, start)

    root = f"{serve(strict)}/help"

    def shop(path="/", **context):
        return browse(root + path, **context)

    shop.root = root
    return shop


def test_nothing_keeps_anybody_out_of_any_page(shop, axe, browse):
    page = shop()
    for path in PLACES:
        page.goto(shop.root + path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert axe(page) == [], path
    browse.expected("404")
    page.goto(f"{shop.root}/1")
    page.get_by_label("Your reply").evaluate("field => field.required = false")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_have_text("Write 1 to 10000 characters, please.")
    assert axe(page) == []
    browse.expected("422")


@pytest.mark.parametrize("context", [{}, {"user_agent": "rtl"}, {"java_script_enabled": False}], ids=str)
def test_at_320_pixels_nothing_is_cut_or_too_small_to_hit(shop, browse, context):
    page = shop(viewport=NARROW, **context)
    for path in PLACES:
        page.goto(shop.root + path)
        assert pixels_too_wide(page) <= 0, path
        assert page.evaluate(SMALL, LARGER) == [], path
    browse.expected("404")


def test_a_case_from_its_opening_to_its_end_without_javascript(shop, desk):
    page = shop(java_script_enabled=False)
    page.get_by_role("link", name="New case").click()
    page.get_by_label("What has happened?").fill("The checkout shows a blank page.\nSince today.")
    page.get_by_label("How bad is it?").select_option("Critical")
    page.get_by_role("button", name="Open the case").click()
    expect(page.get_by_role("heading", name="The checkout shows a blank page")).to_be_visible()
    number = int(page.url.rpartition("/")[2])
    desk.answer(ADA, f"acme:{number}", body="Which browser?")
    page.reload()
    expect(page.locator(".sc-pill")).to_have_text("Your turn")
    expect(page.get_by_role("listitem").last).to_contain_text("Ada Support")
    page.get_by_label("Your reply").fill("Firefox, and it works again.")
    page.get_by_role("button", name="It is solved: close").click()
    expect(page.locator(".sc-pill")).to_have_text("Closed")
    expect(page.get_by_role("listitem").last).to_contain_text("Firefox, and it works again.")
    page.get_by_role("button", name="Reopen").click()
    expect(page.locator(".sc-pill")).to_have_text("With support")
    page.get_by_role("link", name="All cases").click()
    page.get_by_label("Search your cases, by subject or number").fill(f"#{number}")
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".sc-list li")).to_have_count(1)
    case = desk.find(MARA, number)
    assert (case.severity, case.status) == ("critical", "open")


def test_all_is_reached_by_the_keyboard_and_seen_when_it_is(shop):
    page = shop("/1")
    stops = tab_stops(page)
    assert [stop for stop in stops if "status.test" not in stop] == [
        "a: All cases",
        "textarea: Your reply",
        "input: Attach files",
        "button: Send",
        "button: It is solved: close",
    ]
    page.goto(f"{shop.root}/?status=closed")
    first = tab_stops(page)[:7]
    assert first[:3] == ["a: New case", "input: Search your cases, by subject or number", "button: Search"]
    assert [stop.split()[1] for stop in first[3:]] == ["All", "Your", "With", "Closed"]


def test_who_presses_twice_has_meant_it_once(shop, desk):
    before = desk.list(MARA).count
    page = shop("/new")
    page.get_by_label("What has happened?").fill("Pressed twice, in a hurry.")
    page.get_by_role("button", name="Open the case").dblclick()
    expect(page.get_by_role("heading", name="Pressed twice")).to_be_visible()
    assert desk.list(MARA).count == before + 1


def test_times_are_the_readers_own_and_exact_where_the_pointer_rests(shop):
    page = shop("/1", locale="de-DE", timezone_id="Europe/Berlin")
    last = page.locator(".sc-thread time").last
    expect(last).to_have_text("jetzt")
    assert " um " in last.get_attribute("title")
    expect(page.get_by_label("Ihre Antwort")).to_be_visible()


def test_a_text_from_right_to_left_stands_so_beside_others(shop):
    page = shop()
    subject = page.get_by_role("link", name=ARABIC)
    assert subject.evaluate("element => getComputedStyle(element).direction") == "rtl"
    subject.click()
    expect(page.get_by_role("heading", name=ARABIC)).to_be_visible()
    said = page.locator(".sc-said")
    assert said.evaluate("element => getComputedStyle(element).direction") == "rtl"


def test_our_sentences_stand_as_they_are_written_in_a_page_from_right_to_left(shop):
    page = shop("/new", user_agent="rtl")
    label = page.get_by_text("What has happened?")
    assert label.evaluate("element => getComputedStyle(element).direction") == "ltr"
    assert page.evaluate("document.documentElement.dir") == "rtl"


def test_the_shops_own_sheet_wins_and_the_accent_is_one_property(shop):
    page = shop()
    button = page.get_by_role("link", name="New case").locator("span")
    style = "element => [getComputedStyle(element).backgroundColor, getComputedStyle(element).color]"
    assert button.evaluate(style)[0] == "rgb(11, 114, 133)"
    assert page.locator(".sc-list a").first.evaluate("a => getComputedStyle(a).color") == "rgb(11, 83, 148)"
    assert page.locator(".supportcases").evaluate("e => getComputedStyle(e).fontFamily") == "sans-serif"
    assert page.locator("header").evaluate("e => getComputedStyle(e).display") == "block"


def test_on_paper_there_is_what_was_said_and_no_form(shop):
    page = shop("/1")
    page.emulate_media(media="print")
    expect(page.locator(".sc-thread li").first).to_be_visible()
    expect(page.get_by_label("Your reply")).to_be_hidden()
    expect(page.get_by_role("link", name="All cases")).to_be_hidden()
    theirs = page.locator(".sc-theirs").first
    assert theirs.evaluate("element => getComputedStyle(element).backgroundColor") == "rgba(0, 0, 0, 0)"


def test_what_a_merchant_or_the_team_wrote_runs_nowhere(shop, desk):
    hostile = "<img src=x onerror=alert(1)><script>alert(2)</script>\"'>{{ 7*7 }}"
    case = desk.open(MARA, body=hostile, subject=hostile, author=hostile)
    desk.answer(ADA, case.id, body=hostile, author=hostile)
    page, said = shop(), []
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    for path in ("/", f"/{case.number}", "/?query=%3Cimg%20src%3Dx%3E"):
        page.goto(shop.root + path)
        expect(page.locator("img")).to_have_count(0)
    assert said == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_form_on_another_port_or_site_changes_nothing(shop, serve, browse, desk, host):
    form = f'<form method="post" action="{shop.root}/1"><button name="do" value="close">Win</button></form>'

    def elsewhere(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
        return [f"<!doctype html><title>Elsewhere</title>{form}".encode()]

    before = desk.find(MARA, 1)
    page = shop()
    page.goto(serve(elsewhere).replace("127.0.0.1", host))
    page.get_by_role("button", name="Win").click()
    expect(page.get_by_text("This was not sent from a page of this site")).to_be_visible()
    browse.expected("elsewhere")
    browse.expected("403")
    assert desk.find(MARA, 1) == before
