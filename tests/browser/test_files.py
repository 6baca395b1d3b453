"""Files in a real browser: chosen, dropped and pasted, while they are on their way, and what must not run in them."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from supportcases import Actor, create_app, mount
from supportcases.console import create_merchant_pages
from supportcases.domain import times
from supportcases.testing import some_cases
from supportcases.web.pages.content import policy
from tests.browser.conftest import as_kept
from tests.support.browser import NARROW, SMALL, pixels_too_wide
from tests.support.console import Agent

MARA = Actor.merchant("acme", label="Mara")
SCRIPT = b"<script>alert(document.domain)</script>"
HOSTILE = {
    "polyglot.gif": b"GIF89a" + SCRIPT,
    "page.png": b"<!doctype html>" + SCRIPT,
    "drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
}
DRAWN = """
name => new Promise(done => {
    const canvas = Object.assign(document.createElement("canvas"), {width: 320, height: 200})
    const pen = canvas.getContext("2d")
    pen.fillStyle = "#c33"
    pen.fillRect(20, 20, 200, 100)
    canvas.toBlob(blob => done(window.drawn = new File([blob], name, {type: "image/png"})))
}).then(() => true)
"""
GIVE = """
([selector, kind, member]) => {
    const data = new DataTransfer()
    data.items.add(window.drawn)
    const event = new (kind === "paste" ? ClipboardEvent : DragEvent)(
        kind, {bubbles: true, cancelable: true, [member]: data})
    document.querySelector(selector).dispatchEvent(event)
    return event.defaultPrevented
}
"""


@pytest.fixture(scope="module")
def app():
    """An app with the console, and a few cases."""
    app = create_app(":memory:", console=True, max_attachment_size=200_000)
    until = times.now() - timedelta(minutes=4)
    some_cases(app.desk.repository, 3, store="acme", until=until, seed=4, span=timedelta(days=3))
    return app


@pytest.fixture
def places(app, serve, browse):
    """Open the composer of case 1 of either side: `page = places("console")`."""

    def layout(req, title, html):
        head = f'<meta charset="utf-8"><title>{title}</title><meta name="viewport" content="width=device-width">'
        head += '<link rel="icon" href="/healthz">'
        return f'<!doctype html><html lang="en"><head>{head}</head><body><main>{html}</main></body></html>'

    pages = mount(app, create_merchant_pages(app.desk, lambda req: MARA, layout), at="/help")

    def strict(environ, start_response):
        def start(status, headers, *error):
            ours = environ["PATH_INFO"].startswith("/help")
            more = (
                [("Content-Security-Policy", policy())] if ours and "attachments/" not in environ["PATH_INFO"] else []
            )
            return start_response(status, [*headers, *more], *error)

        return pages(environ, start)

    root = serve(strict)
    key, _ = app.keys.create_support(label="Ada")
    cookies = [{**cookie, "path": "/"} for cookie in as_kept(Agent(app, key).cookies)]

    def places(side, path=None, **context):
        at = {"console": "/console/cases/acme/1", "merchant": "/help/1"}[side] if path is None else path
        return browse(root + at, cookies=cookies, **context)

    return places


def text_in(page):
    return page.locator("textarea[name=body]").last


def rows_in(page):
    return page.locator("[data-files] li")


SIDES = pytest.mark.parametrize("side", ["console", "merchant"])
SEND = {"console": "Send answer", "merchant": "Send"}


def send(page, side):
    page.get_by_role("button", name=SEND[side], exact=True).click()


@SIDES
def test_files_are_chosen_dropped_and_pasted_and_come_with_the_message(places, side, axe):
    page = places(side)
    text_in(page).fill(f"Three files of {side}.")
    chosen = [{"name": "log.txt", "mimeType": "text/plain", "buffer": b"one\n" * 900}]
    page.get_by_label("Attach files").set_input_files(chosen)
    assert page.evaluate(DRAWN, "dropped.png")
    assert page.evaluate(GIVE, ["main", "drop", "dataTransfer"])
    assert page.evaluate(DRAWN, "pasted.png")
    assert page.evaluate(GIVE, ["textarea[name=body]", "paste", "clipboardData"])
    expect(page.locator("[name=attachments]:enabled")).to_have_count(3)
    expect(rows_in(page).locator("canvas:visible")).to_have_count(2)
    expect(rows_in(page).first.locator("[data-size]")).to_have_text("4 kB")
    assert axe(page) == []
    page.set_viewport_size(NARROW)
    assert pixels_too_wide(page) <= 0
    assert page.evaluate(SMALL, ".message a, [type=radio], [type=checkbox]") == []
    rows_in(page).first.get_by_role("button", name="Remove the file: log.txt").click()
    expect(rows_in(page)).to_have_count(2)
    send(page, side)
    pictures = page.locator("ol > li").last.locator("img")
    expect(pictures).to_have_count(2)
    pictures.first.scroll_into_view_if_needed()
    page.wait_for_function("image => image.naturalWidth === 320", arg=pictures.first.element_handle())
    expect(rows_in(page)).to_have_count(0)
    assert axe(page) == []
    assert pixels_too_wide(page) <= 0


@SIDES
def test_sending_waits_for_the_files_and_a_file_on_its_way_can_be_removed(places, side):
    page, held = places(side), []
    page.route("**/attachments/*-*", lambda route: held.append(route))
    text_in(page).fill(f"Waits, says {side}.")
    for name in ("one.txt", "two.txt"):
        page.get_by_label("Attach files").set_input_files([{"name": name, "mimeType": "", "buffer": b"x"}])
    expect(page.locator("progress:visible")).to_have_count(2)
    send(page, side)
    expect(page.locator("[data-told]")).to_have_text("It goes out as soon as the files are there.")
    while len(held) < 2:
        page.evaluate("document.title")
    rows_in(page).last.get_by_role("button", name="Remove the file: two.txt").click()
    with page.expect_navigation():
        held[0].continue_()
    expect(page.locator("ol > li").last).to_contain_text("one.txt")
    expect(page.get_by_text("two.txt")).to_have_count(0)


@SIDES
def test_what_goes_wrong_is_said_and_the_text_stays(places, side, browse):
    page = places(side)
    text_in(page).fill("This text stays.")
    files = [("empty.txt", b""), ("large.bin", b"x" * 200_001), ("lost.txt", b"x")]
    page.context.set_offline(True)
    for name, content in files:
        page.get_by_label("Attach files").set_input_files([{"name": name, "mimeType": "", "buffer": content}])
    problems = rows_in(page).locator("[data-problem]")
    expect(problems).to_have_text(
        ["This file is empty.", "This file is larger than 200 kB.", "The connection was lost."]
    )
    expect(rows_in(page).first.locator("[data-size]")).to_have_text("0 kB")
    browse.expected("ERR_INTERNET_DISCONNECTED")
    page.context.set_offline(False)
    send(page, side)
    expect(page.locator("[data-told]")).to_have_text("Nothing was sent: try the file again, or remove it.")
    expect(text_in(page)).to_have_value("This text stays.")
    page.get_by_role("button", name="Remove the file: empty.txt").click()
    page.get_by_role("button", name="Remove the file: large.bin").click()
    page.get_by_role("button", name="Try again lost.txt").click()
    expect(page.locator("[name=attachments]:enabled")).to_have_count(1)
    many = [{"name": f"{n}.txt", "mimeType": "text/plain", "buffer": b"x"} for n in range(10)]
    page.get_by_label("Attach files").set_input_files(many)
    expect(rows_in(page)).to_have_count(10)
    expect(page.locator("[name=attachments]:enabled")).to_have_count(10)
    expect(text_in(page)).to_have_value("This text stays.")


def test_a_draft_comes_back_with_its_files(places):
    page = places("console", "/console/cases/acme/2")
    text_in(page).fill("A draft.")
    page.get_by_label("Attach files").set_input_files([{"name": "log.txt", "mimeType": "", "buffer": b"x"}])
    expect(page.locator("#draft")).to_have_text("Draft kept in this browser")
    expect(page.locator("[name=attachments]:enabled")).to_have_count(1)
    page.reload()
    expect(text_in(page)).to_have_value("A draft.")
    expect(rows_in(page)).to_contain_text(["log.txt"])
    send(page, "console")
    expect(page.locator("#last")).to_contain_text("log.txt")
    expect(rows_in(page)).to_have_count(0)
    page.reload()
    expect(rows_in(page)).to_have_count(0)


def test_a_case_for_a_store_waits_until_it_is_named_and_takes_its_files_along(places):
    page = places("console", "/console/new")
    page.get_by_label("Attach files").set_input_files([{"name": "log.txt", "mimeType": "", "buffer": b"x"}])
    expect(rows_in(page).locator("[data-problem]")).to_have_text("Say first which store it is for.")
    for store in ("globex", "acme"):
        page.get_by_label("Store", exact=True).fill(store)
        page.get_by_label("What is the matter").fill("Somebody called, and the page is blank.")
        expect(page.locator("[name=attachments]:enabled")).to_have_count(1)
    page.get_by_role("button", name="Open the case").click()
    expect(page.locator("#last")).to_contain_text("log.txt")


@SIDES
def test_nothing_in_a_file_runs_and_what_is_no_picture_is_downloaded(places, side, app, browse):
    case = app.desk.open(MARA, body=f"Look at these, says {side}.")
    files = [
        app.desk.attach(MARA, name=name, content_type="text/html", content=content) for name, content in HOSTILE.items()
    ]
    app.desk.reply(MARA, case.number, body="Files.", attachments=files)
    at = {"console": f"/console/cases/acme/{case.number}", "merchant": f"/help/{case.number}"}[side]
    page, said = places(side, at), []
    page.context.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    expect(page.locator("ol img")).to_have_count(1)
    for name in ("page.png", "drawing.svg"):
        with page.expect_download() as download:
            page.get_by_role("link", name=name).click()
        assert download.value.suggested_filename == name
    with page.expect_popup() as popup:
        page.get_by_role("link", name="polyglot.gif").click()
    popup.value.wait_for_load_state()
    assert popup.value.evaluate("document.contentType") == "image/gif"
    browse.expected("Applying inline style")  # of the browser's own page around a picture
    browse.expected("Blocked script execution")  # of the test's own: the sandbox lets none in
    assert said == []


@SIDES
def test_without_javascript_files_are_read_and_the_rest_is_said(places, side, app):
    file = app.desk.attach(MARA, name="plain.txt", content_type="text/plain", content=b"plain")
    case = app.desk.open(MARA, body=f"Without a script, says {side}.", attachments=[file])
    at = {"console": f"/console/cases/acme/{case.number}", "merchant": f"/help/{case.number}"}[side]
    page = places(side, at, java_script_enabled=False)
    expect(page.get_by_text("Attaching files needs JavaScript.")).to_be_visible()
    expect(page.get_by_text("Attach files", exact=True)).to_be_hidden()
    with page.expect_download() as download:
        page.get_by_role("link", name="plain.txt").click()
    assert download.value.suggested_filename == "plain.txt"
