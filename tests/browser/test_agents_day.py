"""What hurt while a day's cases were worked through in the console, and does no longer."""

from playwright.sync_api import expect

from supportcases import Actor
from tests.conftest import ADA
from tests.support.browser import NARROW, WIDE, pixels_too_wide

# how far from the left the last line of a text begins
LAST_LINE = """
body => {
    const line = new Range(), text = body.lastChild
    line.setStart(text, text.data.lastIndexOf("\\n") + 1)
    line.setEnd(text, text.data.length)
    return Math.round(line.getBoundingClientRect().left - body.getBoundingClientRect().left)
}
"""
PLACE = ".queue li:nth-child({}) .what a"


def text_of(page):
    return page.get_by_label("Text", exact=True)


def go_on_by(page, key: str) -> None:
    """Press the key, and wait until the page that it leads to has loaded its scripts, which hear the next key."""
    with page.expect_navigation():
        page.keyboard.press(key)


def test_a_note_stays_a_note_until_it_is_sent(console):
    """What was begun for the team alone must not come back as an answer to the merchant."""
    page = console("/cases/acme/7")
    page.keyboard.press("n")
    page.keyboard.type("They owe us the fees of May")
    with page.expect_navigation():
        page.get_by_label("Severity").select_option("low")
    expect(text_of(page)).to_have_value("They owe us the fees of May")
    expect(page.get_by_role("radio", name="Note")).to_be_checked()
    go_on_by(page, "Control+Enter")
    expect(page.locator(".message.note .body").last).to_have_text("They owe us the fees of May")
    expect(page.get_by_role("radio", name="Answer")).to_be_checked()


def test_one_walks_from_case_to_case_and_back_to_the_view_and_row_one_came_from(console):
    page = console("/?store=nordlys&sort=activity")
    paths = [page.locator(PLACE.format(place)).get_attribute("href") for place in (1, 2, 3)]
    for key in ("j", "j"):
        page.keyboard.press(key)
    for key, path in (("Enter", paths[1]), ("j", paths[2]), ("k", paths[1]), ("k", paths[0])):
        go_on_by(page, key)
        page.wait_for_url(f"**{path}")
    page.keyboard.press("k")  # there is none before
    page.keyboard.press("r")
    page.keyboard.type("It is mended.")
    go_on_by(page, "Control+Enter")
    page.keyboard.press("Escape")
    go_on_by(page, "j")
    page.wait_for_url(f"**{paths[1]}")
    go_on_by(page, "u")
    expect(page).to_have_url(f"{console.root}/?store=nordlys&sort=activity")
    expect(page.locator(f".what a[href='{paths[1]}']")).to_be_focused()
    page.goto(page.url)
    expect(page.locator("body")).to_be_focused()  # nothing has it where one came from elsewhere


def test_in_the_queue_the_letters_take_and_close_what_is_ticked_or_has_the_focus(console, desk_app):
    page = console("/?store=nordlys&status=closed&sort=activity")
    refs = [page.locator(f".queue li:nth-child({place}) input").get_attribute("value") for place in (1, 2, 3)]
    for key in ("j", "x", "j", "x"):
        page.keyboard.press(key)
    go_on_by(page, "a")
    expect(page.locator(PLACE.format(2))).to_be_focused()
    assert [desk_app.desk.find(ADA, ref).assignee for ref in refs] == ["Ada", "Ada", None]
    for ref in refs:
        desk_app.desk.change(ADA, ref, status="open")
    page.goto(f"{console.root}/?store=nordlys&status=open&sort=activity")
    page.keyboard.press("j")
    page.keyboard.press("j")
    going, following = (page.locator(PLACE.format(place)).get_attribute("href") for place in (2, 3))
    go_on_by(page, "e")
    expect(page.locator(f".what a[href='{going}']")).to_have_count(0)
    expect(page.locator(f".what a[href='{following}']")).to_be_focused()


def test_with_the_arrows_one_passes_over_choices_and_picks_with_enter_or_by_going_on(console, desk_app):
    desk_app.desk.change(ADA, "acme:8", severity="critical", category="other")
    page = console("/cases/acme/8")
    page.get_by_label("Severity").focus()
    for key in ("ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    go_on_by(page, "Enter")
    expect(page.get_by_label("Severity")).to_be_focused()
    page.keyboard.press("End")
    go_on_by(page, "Tab")
    expect(page.get_by_label("Category")).to_be_focused()
    assert [entry.became["severity"] for entry in desk_app.desk.history(ADA, "acme:8").entries[-2:]] == [
        "normal",
        "low",
    ]


def test_a_change_of_a_long_case_leaves_the_page_where_it_was(console, desk_app):
    for turn in range(12):
        desk_app.desk.answer(ADA, "acme:9", body=f"Step {turn}:\n\n\n\nDone.")
    page = console("/cases/acme/9")
    page.evaluate("scrollTo(0, 400)")
    with page.expect_navigation():
        page.get_by_label("Category").select_option("other")
    assert page.evaluate("scrollY") == 400


def test_words_without_end_make_no_page_too_wide_and_what_is_known_of_a_case_stays_in_sight(console, desk_app):
    case = desk_app.desk.open(Actor.merchant("acme"), body="It does not end.", subject="Donaudampfschiff" * 12)
    for turn in range(12):
        desk_app.desk.answer(ADA, case.id, body=f"Step {turn}:\n\n\n\nDone.", author="Kapitän" * 17)
    page = console(f"/cases/acme/{case.number}")
    page.get_by_role("link", name="To the newest").click()
    expect(page.locator("#last")).to_be_in_viewport()
    expect(page.get_by_label("Severity")).to_be_in_viewport()
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)
        for path in (page.url, f"{console.root}/?store=acme", f"{console.root}/cases/acme/1"):
            page.goto(path)
            assert pixels_too_wide(page) <= 0, (path, size)
        page.goto(f"{console.root}/cases/acme/{case.number}")
        name, message = (page.locator(what).last.bounding_box() for what in (".message .by b", ".message .body"))
        assert name["x"] + name["width"] <= message["x"] + message["width"] + 1  # a long name stays beside its text


def test_an_answer_that_did_not_arrive_is_there_again(console):
    page = console("/cases/acme/10")
    text_of(page).fill("The first arrives")
    with page.expect_navigation():
        page.get_by_role("button", name="Send answer").click()
    page.route("**/cases/acme/10", lambda route: route.abort("connectionrefused"))
    text_of(page).fill("The second does not")
    with page.expect_event("requestfailed"):
        page.get_by_role("button", name="Send answer").click()
    page.unroute_all()
    page.goto(f"{console.root}/")
    page.goto(f"{console.root}/cases/acme/10#last")
    expect(text_of(page)).to_have_value("The second does not")


def test_the_buttons_stay_where_they_are_while_one_writes(console):
    page = console("/cases/acme/11")
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)
        text_of(page).fill("")
        expect(page.locator("#draft")).to_have_text("")
        before = [part.bounding_box() for part in page.locator(".composer :is(textarea, button)").all()]
        text_of(page).fill("A word")
        expect(page.locator("#draft")).to_have_text("Draft kept in this browser")
        assert [part.bounding_box() for part in page.locator(".composer :is(textarea, button)").all()] == before


def test_a_text_from_right_to_left_stands_so_in_the_queue_and_in_its_case(console, desk_app):
    arabic = "توقفت صفحة الدفع منذ هذا الصباح"
    case = desk_app.desk.open(Actor.merchant("acme"), body=f"{arabic}.\nCheckout!", subject=arabic, author="ليلى")
    page = console("/?store=acme&sort=activity")
    direction = "element => getComputedStyle(element).direction"
    assert page.get_by_role("link", name=arabic).evaluate(direction) == "rtl"
    page.goto(f"{console.root}/cases/acme/{case.number}")
    assert page.get_by_role("heading", name=arabic).evaluate(direction) == "rtl"
    body = page.locator(".message .body")
    assert body.evaluate(direction) == "rtl"
    assert body.evaluate(LAST_LINE) == 0  # a line in English stands as English does
    page.goto(f"{console.root}/cases/acme/1")
    assert page.locator(".others").get_by_role("link", name=arabic).evaluate(direction) == "rtl"
