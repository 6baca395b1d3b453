"""The console in a real browser: for everybody, by the keyboard, on a phone, without JavaScript, and two at once."""

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from supportcases import Actor
from tests.conftest import ADA
from tests.support.browser import NARROW, SMALL, WIDE, pixels_too_wide, tab_stops

ADMIN = Actor.support("Grace", admin=True)
LARGER = ".body a, .queue .what a, .skip, [type=radio], [type=checkbox]"
MISSING = "/cases/acme/999"
PLACES = [
    "/?status=open",
    "/new",
    "/stores/acme",
    "/numbers",
    "/texts",
    "/webhooks",
    "/cases/acme/1",
    "/cases/acme/1/erase",
    "/idle?days=1",
    "/?query=zzzz",
    "/?query=gateway&excerpts=true",
    "/?severity=wrong",
    MISSING,
    "/keys",
    "/sign-in",
]
FIRST_STOPS = {MISSING: "a: Back to the queue", "/sign-in": "button: Sign in"}  # its field has the focus already
WIDTHS = [320, 390, 720, 1080, 2560]


def test_nothing_keeps_anybody_out_of_any_page(console, axe, browse):
    """In the light and in the dark; at every width, with each thing large enough to hit; by Tab alone."""
    page = console(admin=True)
    for path in PLACES:
        page.goto(console.root + path)
        assert axe(page) == [], path
        for width in WIDTHS:
            page.set_viewport_size({**NARROW, "width": width})
            assert pixels_too_wide(page) <= 0, (path, width)
            assert page.evaluate(SMALL, LARGER) == [], (path, width)
        page.set_viewport_size(WIDE)
        assert tab_stops(page)[0] == FIRST_STOPS.get(path, "a: Skip to the content"), path
    browse.expected("404")
    browse.expected("400")


def test_the_amber_composer_and_the_list_of_keys_keep_nobody_out(console, axe):
    page = console("/cases/acme/1")
    page.keyboard.press("n")
    assert axe(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keyboard shortcuts")).to_be_visible()
    assert axe(page) == []


def go_on_by(page, key: str) -> None:
    """Press the key, and wait until the page that it leads to has loaded its scripts, which hear the next key."""
    with page.expect_navigation():
        page.keyboard.press(key)


def test_a_day_by_the_keyboard_alone(console, browse, desk_app):
    page = browse(f"{console.root}/?status=open")
    expect(page.get_by_label("Support key")).to_be_focused()
    page.keyboard.type(desk_app.keys.create_support(label="Ada")[0])
    go_on_by(page, "Enter")
    expect(page.get_by_role("heading", name="Waiting")).to_be_visible()
    for key in ("j", "j", "k"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.matches('.queue li:first-child .what a')")
    page.keyboard.press("j")
    go_on_by(page, "Enter")
    expect(page.get_by_role("list", name="What was said")).to_be_visible()
    page.keyboard.press("r")
    page.keyboard.type("We are on it.\nj k e stay letters")
    expect(page.locator("#draft")).to_have_text("Draft kept in this browser")
    page.reload()
    expect(page.get_by_label("Text", exact=True)).to_have_value("We are on it.\nj k e stay letters")
    page.keyboard.press("r")
    go_on_by(page, "Control+Enter")
    expect(page.locator(".message.support .body").last).to_contain_text("j k e stay letters")
    expect(page.locator(".thread .pill")).to_have_text("Answered")
    expect(page.get_by_label("Text", exact=True)).to_have_value("")
    go_on_by(page, "e")
    expect(page.locator(".thread .pill")).to_have_text("Closed")
    go_on_by(page, "u")
    expect(page.get_by_role("heading", name="Waiting")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("acme:1")
    go_on_by(page, "Enter")
    expect(page).to_have_url(f"{console.root}/cases/acme/1")


def test_letters_can_be_switched_off(console):
    page = console("/cases/acme/1")
    page.keyboard.press("?")
    page.get_by_label("Switch single-letter shortcuts off").check()
    page.get_by_role("button", name="Done").click()
    page.reload()
    page.keyboard.press("u")
    page.keyboard.press("n")
    expect(page).to_have_url(f"{console.root}/cases/acme/1")
    expect(page.get_by_label("Text", exact=True)).not_to_be_focused()


def test_two_at_one_case_see_what_the_other_wrote_and_lose_nothing(console, browse, desk_app):
    desk_app.desk.change(ADA, "acme:2", status="open")
    ada, grace = (console("/cases/acme/2", label=label) for label in ("Ada", "Grace"))
    ada.get_by_label("Text", exact=True).fill("My answer, written in the meantime")
    grace.get_by_label("Text", exact=True).fill("I was quicker")
    grace.get_by_role("button", name="Send answer").click()
    expect(grace.locator(".message .body").last).to_have_text("I was quicker")
    ada.evaluate("document.querySelector('#pulse').dispatchEvent(new Event('refresh'))")
    expect(ada.locator("#pulse")).to_contain_text("This case has moved. Grace wrote a moment ago.")
    ada.get_by_role("button", name="Send answer").click()
    expect(ada.locator("#moved")).to_contain_text("This case moved while you wrote.")
    browse.expected("409")
    expect(ada.get_by_label("Text", exact=True)).to_have_value("My answer, written in the meantime")
    expect(ada.get_by_label("Text", exact=True)).to_be_focused()
    ada.keyboard.press("Control+Enter")
    expect(ada.locator(".message .body").last).to_have_text("My answer, written in the meantime")


def test_without_a_connection_nothing_is_sent_and_nothing_lost(console, browse):
    page = console("/cases/acme/3")
    page.context.set_offline(True)
    page.evaluate("document.querySelector('#pulse').dispatchEvent(new Event('refresh'))")
    page.get_by_label("Text", exact=True).fill("Written in a tunnel")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("No connection.")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text("No connection.")).to_be_hidden()
    browse.expected("ERR_INTERNET_DISCONNECTED")  # of the pulse
    page.reload()
    expect(page.get_by_label("Text", exact=True)).to_have_value("Written in a tunnel")


def test_a_session_that_ends_meanwhile_leaves_the_page_and_the_text(console, desk_app):
    page = console("/cases/acme/4", label="Zoë")
    page.get_by_label("Text", exact=True).fill("Still writing")
    (key,) = [key for key in desk_app.keys.all() if key.actor.label == "Zoë"]
    desk_app.keys.revoke(key.id)
    page.evaluate("document.querySelector('#pulse').dispatchEvent(new Event('refresh'))")
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    page.get_by_role("button", name="Send answer").click()
    page.get_by_label("Support key").fill(desk_app.keys.create_support(label="Zoë again")[0])
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{console.root}/cases/acme/4")
    expect(page.get_by_label("Text", exact=True)).to_have_value("Still writing")


def test_the_queue_keeps_itself_fresh_and_neither_unticks_nor_scrolls_anything(console, desk_app):
    page = console("/?store=nordlys")
    page.locator(".pick input").nth(2).check()
    page.mouse.wheel(0, 200)
    page.wait_for_function("scrollY > 100")
    ticked, scrolled = page.locator(".pick input:checked").get_attribute("value"), page.evaluate("scrollY")
    desk_app.desk.open(Actor.merchant("nordlys"), body="The newest of them all", subject="The newest of them all")
    page.evaluate("document.querySelector('#queue').dispatchEvent(new Event('refresh'))")
    expect(page.get_by_role("link", name="The newest of them all")).to_be_attached()
    assert page.locator(".pick input:checked").get_attribute("value") == ticked
    assert page.evaluate("scrollY") == scrolled


def test_what_is_new_is_marked_until_it_is_opened(console, desk_app):
    case = desk_app.desk.open(Actor.merchant("nordlys"), body="Something that is new", subject="Something new")
    page = console("/?store=nordlys&sort=activity")
    row = page.locator(f"li[data-ref='nordlys:{case.number}']")
    expect(row).to_have_class(re.compile("new"))
    expect(row.get_by_role("link")).to_have_text("New since your last visit: Something new")
    with page.expect_navigation():  # until its scripts have seen it
        row.get_by_role("link").click()
    page.go_back()
    page.reload()
    expect(row).not_to_have_class(re.compile("new"))
    expect(row.get_by_role("link")).to_have_text("Something new")
    desk_app.desk.reply(Actor.merchant("nordlys"), case.number, body="More of it")
    page.reload()
    expect(row.get_by_role("link")).to_have_text("Moved since your last visit: Something new")


def test_a_canned_text_is_inserted_at_the_cursor_and_can_be_undone(console):
    page = console("/cases/acme/6")
    text = page.get_by_label("Text", exact=True)
    text.fill("Before. After.")
    text.evaluate("element => element.setSelectionRange(8, 8)")
    page.get_by_label("Insert a text").select_option("Looking into it")
    expect(text).to_have_value(re.compile(r"Before\. Hello .+,\n\nwe look into #000006 by \w+day\.After\."))
    page.keyboard.press("Control+z")
    expect(text).to_have_value("Before. After.")


def test_a_view_is_saved_under_a_name_and_removed(console):
    page = console("/?store=nordlys&sort=age")
    page.get_by_text("Save this view").click()
    page.get_by_label("Name of the view").fill("Oldest <b>of</b> nordlys")
    page.get_by_role("button", name="Save", exact=True).click()
    page.goto(f"{console.root}/?status=open")
    page.get_by_role("link", name="Oldest <b>of</b> nordlys").click()
    expect(page).to_have_url(f"{console.root}/?store=nordlys&sort=age")
    page.get_by_role("button", name="Remove the view Oldest <b>of</b> nordlys").click()
    page.reload()
    expect(page.get_by_text("My views")).to_be_hidden()


def test_after_sending_one_goes_on_to_the_next_case_where_one_wants_to(console):
    page = console("/?store=lumen-and-oak&status=closed")
    links = [page.locator(".queue .what a").nth(row).get_attribute("href") for row in (0, 1)]
    page.locator(".queue .what a").first.click()
    page.get_by_label("then the next case").check()
    page.get_by_label("Text", exact=True).fill("Mended, and on to the next")
    page.get_by_role("button", name="Send answer").click()
    page.wait_for_url(f"**{links[1]}")
    expect(page.get_by_role("link", name="Back to that case")).to_have_attribute(
        "href", re.compile(re.escape(links[0]))
    )
    expect(page.get_by_label("then the next case")).to_be_checked()
    expect(page.get_by_label("Text", exact=True)).to_have_value("")


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_many_are_ticked_and_taken_at_once(console, desk_app, size):
    page = console("/?store=nordlys&status=open", viewport=size)
    for row in (0, 1):
        page.locator(".pick input").nth(row).check()
    expect(page.locator("#chosen")).to_have_text("2 selected")
    refs = [page.locator(".pick input").nth(row).get_attribute("value") for row in (0, 1)]
    page.get_by_role("button", name="Assign to me").click()
    expect(page.locator("#chosen")).to_have_text("With the selected")
    expect(page.get_by_role("status").get_by_text("2 cases are yours now.")).to_be_visible()
    assert [desk_app.desk.find(ADA, ref).assignee for ref in refs] == ["Ada", "Ada"]


def test_everything_that_can_works_without_javascript(console):
    page = console(java_script_enabled=False)
    page.get_by_label("Severity", exact=True).select_option("high")
    page.get_by_role("button", name="Apply").click()
    assert "severity=high" in page.url
    page.goto(f"{console.root}/cases/acme/1")
    page.get_by_label("Text", exact=True).fill("Sent without a script")
    page.get_by_text("Note", exact=True).click()
    page.get_by_role("button", name="Send note").click()
    expect(page.locator(".message.note .body").last).to_have_text("Sent without a script")
    page.get_by_label("Severity").select_option("low")
    page.locator(".props form").nth(1).get_by_role("button", name="Set").click()
    expect(page.locator(".facts")).to_contain_text("Low")


def test_what_people_wrote_runs_nowhere(console, desk_app):
    """Every field that takes a text, and every page that shows one."""
    hostile = "\"><img src=x onerror=alert(1)><script>alert(2)</script>'onfocus=alert(3) autofocus=' </textarea>"
    case = desk_app.desk.open(Actor.merchant("acme"), body=hostile, subject=hostile, author=hostile)
    desk_app.desk.note(ADA, case.id, body=hostile)
    desk_app.desk.change(ADA, case.id, assignee=hostile)
    desk_app.desk.add_text(ADMIN, name=hostile, body=hostile)
    desk_app.keys.create("acme", label=hostile)
    page = console(f"/cases/acme/{case.number}", label=hostile, admin=True)
    said = []
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    text = page.get_by_label("Text", exact=True)
    text.fill(hostile)
    expect(page.locator("#draft")).to_have_text("Draft kept in this browser")
    query = quote(hostile)
    places = [f"/cases/acme/{case.number}", "/?store=acme", f"/?query={query}", "/texts", "/keys", "/numbers"]
    for path in (*places, "/stores/acme", f"/new?store={query}", f"/sign-in?next={query}"):
        page.goto(console.root + path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.locator("img")).to_have_count(0)
    page.goto(f"{console.root}/cases/acme/{case.number}")
    expect(text).to_have_value(hostile)
    page.get_by_label("Insert a text").select_option(hostile)
    expect(text).to_have_value(hostile * 2)
    assert said == []


def test_a_key_is_made_copied_once_and_revoked(console, desk_app, axe):
    page = console("/keys", admin=True)
    page.get_by_label("Name, which merchants see").fill("Trent")
    page.get_by_label("Only for the stores").fill("acme")
    page.get_by_role("button", name="Make the agent's key").click()
    made = page.get_by_role("status").get_by_text("sck_").inner_text()
    assert desk_app.keys.recognise(made).stores == {"acme"}
    assert axe(page) == []
    assert pixels_too_wide(page) <= 0
    row = page.get_by_role("row", name="Trent")
    row.get_by_text("Revoke …").click()
    assert axe(page) == []
    row.get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("status").get_by_text("The key is revoked")).to_be_visible()
    expect(row).to_contain_text("Revoked")
    assert desk_app.keys.recognise(made) is None


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_form_on_another_port_or_site_changes_nothing(console, serve, browse, desk_app, host):
    target = f"{console.root}/cases/acme/5"
    form = f'<form method="post" action="{target}"><button name="subject" value="Taken over">Win</button></form>'

    def elsewhere(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
        return [f"<!doctype html><title>Elsewhere</title>{form}".encode()]

    before = desk_app.desk.find(ADA, "acme:5")
    page = console()
    page.goto(serve(elsewhere).replace("127.0.0.1", host))  # with the cookies of the session
    page.get_by_role("button", name="Win").click()
    expect(page.get_by_text("This form was not sent from a page of this site")).to_be_visible()
    browse.expected("elsewhere")
    browse.expected("403")
    assert desk_app.desk.find(ADA, "acme:5") == before
