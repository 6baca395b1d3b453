"""The reference and the page at the root, in a real browser: read, reached and sent from by everybody."""

import json

import falcon
import pytest

from supportcases import create_app, mount
from tests.conftest import ACME, ADA
from tests.support.browser import NARROW, empty_repeats, pixels_too_wide, tab_stops

BODY = "The checkout shows a blank page."


@pytest.fixture
def app():
    return create_app(":memory:", docs=True)


@pytest.fixture
def key(app):
    return app.keys.create("acme")[0]


@pytest.fixture
def url(serve, app):
    return serve(app)


def operation(page, name):
    return page.locator(f"#{name}")


def request_of(page, name):
    return page.get_by_role("region", name=f"Request of {name}", exact=True)


def answer_of(page, name):
    return page.get_by_role("region", name=f"Example or answer of {name}", exact=True)


def send(page, name):
    operation(page, name).get_by_role("button", name="Send").click()


def sent(page, name, status):
    """Send a request, and return the body of its answer once that has the status."""
    send(page, name)
    operation(page, name).get_by_role("status").filter(has_text=f"Answer {status} ").wait_for()
    return json.loads(answer_of(page, name).inner_text().partition("\n\n")[2])


def test_nothing_keeps_people_out(url, browse, axe, key):
    page = browse(f"{url}/docs")
    page.get_by_label("API key, kept in this tab only").fill(key)
    operation(page, "listCases").get_by_text("5 optional parameters").click()
    sent(page, "listCases", 200)
    assert axe(page, colours=False) == []
    empty_repeats(page)  # each colour takes seconds where there are 147 sections
    assert page.locator("main section:not(:empty)").count() > 5
    assert axe(page) == []
    page.goto(url)
    assert axe(page) == []


def test_nothing_keeps_people_out_of_the_contents_on_a_phone(url, browse, axe):
    page = browse(f"{url}/docs", viewport=NARROW)
    page.get_by_role("button", name="Contents").click()
    page.get_by_role("link", name="Reply to case").click()
    page.get_by_role("heading", name="Reply; an answered or closed case is open again").wait_for()
    assert not page.get_by_role("navigation").is_visible()
    empty_repeats(page)
    page.get_by_role("button", name="Contents").click()
    assert axe(page, "nav") == []


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_no_window_is_too_narrow_or_too_wide(url, browse, path):
    page = browse(url + path)
    for width in (320, 390, 860, 861, 1180, 1181, 3840):
        page.set_viewport_size({"width": width, "height": 700})
        assert pixels_too_wide(page) == 0, width


def test_the_page_at_the_root_leads_to_the_reference(url, browse):
    page = browse(url)
    page.get_by_role("link", name="API reference").click()
    page.get_by_role("heading", name="Support Cases API").wait_for()
    assert page.url == f"{url}/docs"


def test_a_pasted_key_opens_a_case_reads_it_and_closes_it(url, browse, app, key):
    page = browse(f"{url}/docs")
    page.get_by_label("API key, kept in this tab only").fill(key)
    operation(page, "openCase").get_by_label("Body").fill(json.dumps({"body": BODY}))
    opened = sent(page, "openCase", 201)
    assert [case.subject for case in app.desk.list(ACME).cases] == [opened["subject"]] == [BODY[:-1]]
    assert [case["id"] for case in sent(page, "listCases", 200)["data"]] == [opened["id"]]
    operation(page, "changeCase").get_by_label("id_or_number").fill("1")
    assert sent(page, "changeCase", 200)["status"] == "closed"
    assert app.desk.get(ACME, 1).case.status == "closed"


def test_an_answer_comes_with_its_headers(url, browse, app):
    app.desk.open(ACME, body=BODY)
    page = browse(f"{url}/docs")
    page.get_by_label("API key, kept in this tab only").fill(app.keys.create_support(label="Ada")[0])
    sent(page, "getQueuedCase", 200)
    etag = f'etag: "{app.desk.revision(ADA, "acme:1")}"'
    assert etag in answer_of(page, "getQueuedCase").inner_text()
    operation(page, "changeQueuedCase").get_by_text("1 optional parameter").click()
    operation(page, "changeQueuedCase").get_by_label("If-Match").fill('"9"')
    assert sent(page, "changeQueuedCase", 412)["code"] == "precondition_failed"
    browse.expected("status of 412")


def test_without_a_key_the_answer_says_what_is_missing(url, browse):
    page = browse(f"{url}/docs")
    assert sent(page, "listCases", 401)["code"] == "unauthorized"
    browse.expected("status of 401")


def test_the_curl_line_follows_what_is_filled_in_and_never_shows_the_key(url, browse, key):
    page = browse(f"{url}/docs")
    page.get_by_label("API key, kept in this tab only").fill(key)
    listing = operation(page, "listCases")
    listing.get_by_text("5 optional parameters").click()
    listing.get_by_label("query").fill("it's & more")
    listing.get_by_label("status").select_option("open")
    line = request_of(page, "listCases").inner_text()
    asked = f"{url}/api/v1/support-cases?query=it%27s+%26+more&status=open"
    assert line == f"curl '{asked}' \\\n  -H \"Authorization: Bearer $KEY\""
    operation(page, "replyToCase").get_by_label("Body").fill('{"body": "It\'s so."}')
    line = request_of(page, "replyToCase").inner_text()
    assert line.splitlines()[-1] == "  -d '{\"body\": \"It'\\''s so.\"}'"


def test_the_curl_line_is_copied(url, browse):
    page = browse(f"{url}/docs", permissions=["clipboard-read", "clipboard-write"])
    operation(page, "health").get_by_role("button", name="Copy").click()
    operation(page, "health").get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == f"curl '{url}/healthz'"


def test_the_key_stays_in_its_tab(url, browse, key):
    page = browse(f"{url}/docs")
    page.get_by_label("API key, kept in this tab only").fill(key)
    page.reload()
    assert page.get_by_label("API key, kept in this tab only").input_value() == key
    another = page.context.new_page()
    another.goto(f"{url}/docs")
    assert another.get_by_label("API key, kept in this tab only").input_value() == ""
    assert page.evaluate("localStorage.length + document.cookie.length") == 0


def test_it_works_wherever_the_app_is_mounted(serve, browse, key, app):
    url = serve(mount(falcon.App(), mount(falcon.App(), app, at="/our desk"), at="/support"))
    page = browse(f"{url}/support/our%20desk")
    page.get_by_role("link", name="API reference").click()
    page.get_by_label("API key, kept in this tab only").fill(key)
    assert sent(page, "listCases", 200)["meta"]["count"] == 0
    document = page.get_by_role("link", name="openapi.json", exact=True).evaluate("link => link.href")
    assert page.request.get(document).json()["servers"] == [{"url": "/support/our%20desk"}]


def test_it_works_where_the_prefix_is_another(serve, browse):
    app = create_app(":memory:", prefix="/desk", docs=True)
    page = browse(f"{serve(app)}/docs")
    page.get_by_label("API key, kept in this tab only").fill(app.keys.create("acme")[0])
    assert sent(page, "listCases", 200)["meta"]["count"] == 0


def test_what_people_wrote_is_shown_as_text(url, browse, app, key):
    written = "<img src=/nothing onerror=document.title='ran'><script>document.title = 'ran'</script>"
    app.desk.open(ACME, body=written, subject=written)
    page = browse(f"{url}/docs")
    page.get_by_label("API key, kept in this tab only").fill(key)
    assert sent(page, "getCase", 200)["messages"][0]["body"] == written
    assert (answer_of(page, "getCase").locator("img, script").count(), page.title()) == (0, "Support Cases API")


def test_a_request_that_does_not_arrive_is_told(url, browse):
    page = browse(f"{url}/docs")
    page.context.set_offline(True)
    send(page, "health")
    operation(page, "health").get_by_text("The request could not be sent").wait_for()
    browse.expected("ERR_INTERNET_DISCONNECTED")


def test_without_a_script_it_is_there_to_read(url, browse):
    page = browse(f"{url}/docs", java_script_enabled=False)
    assert request_of(page, "openCase").inner_text().startswith("curl ")
    assert '"number": 1' in answer_of(page, "openCase").inner_text()
    assert page.get_by_role("button", name="Send").count() == 0
    assert not page.get_by_label("API key, kept in this tab only").is_visible()
    page.get_by_role("link", name="Reply to case").click()
    assert page.url == f"{url}/docs#replyToCase"


def test_the_keyboard_alone_reaches_everything(url, browse):
    page = browse(f"{url}/docs")
    empty_repeats(page)
    stops = tab_stops(page)
    assert stops[0] == "a: Skip to the content"
    assert sum(stop == "button: Send" for stop in stops) == page.get_by_role("button", name="Send").count()
    assert sum(stop.startswith("a: ") for stop in stops) > page.locator("nav li a").count() > 140
    assert {"a: List cases", "a: openapi.json", "a: NewCase"} <= {stop.partition("GET")[0] for stop in stops}


def test_the_keyboard_alone_sends_a_request(url, browse, app, key):
    page = browse(f"{url}/docs")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Shift+Tab")
    page.get_by_label("API key, kept in this tab only").focus()
    page.keyboard.type(key)
    page.keyboard.press("Enter")  # which sends nothing
    operation(page, "openCase").get_by_label("Body").focus()
    page.keyboard.press("Control+a")
    page.keyboard.type(json.dumps({"body": BODY}))
    page.keyboard.press("Control+Enter")
    answer_of(page, "openCase").get_by_text("location: /api/v1/support-cases/").wait_for()
    assert app.desk.list(ACME).count == 1


def test_the_contents_tell_where_the_reader_is(url, browse):
    page = browse(f"{url}/docs")
    page.get_by_role("link", name="Answer case").click()
    page.locator("nav [aria-current]").get_by_text("Answer case").wait_for()


def test_a_long_answer_is_cut(serve, browse):
    class Long:
        def on_get(self, req, resp):
            resp.media = ["x" * 1000] * 400

    real = create_app(":memory:", docs=True)
    health = falcon.App()
    health.add_route("/healthz", Long())
    page = browse(f"{serve(mount(real, health, at='/healthz', strip=False))}/docs")
    send(page, "health")
    operation(page, "health").get_by_text("characters more").wait_for()
    assert 200_000 < len(answer_of(page, "health").inner_text()) < 201_000
