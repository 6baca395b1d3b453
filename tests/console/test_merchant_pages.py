"""The merchant's pages in a shop: list, search, open, read, reply, close and reopen."""

import re

import pytest

from tests.conftest import ACME, ADA
from tests.support.console import text_of
from tests.support.merchant_pages import AT, Merchant, opened

BODY = "The checkout shows a blank page."


@pytest.fixture
def mara(desk):
    """Mara of acme, whom the shop's session knows."""
    return Merchant(opened(desk))


def thread_of(html: str) -> list[str]:
    """Return what was said, without the times."""
    rows = re.search('<ol class="sc-thread".*?</ol>', html, re.DOTALL)[0].split("<li")[1:]
    return [text_of(re.sub("<time.*?</time>", "", f"<li{row}")) for row in rows]


def subjects_of(html: str) -> list[str]:
    return re.findall(rf'<a href="{AT}/\d+" dir="auto">(.*?)</a>', html)


def buttons_of(html: str) -> list[str]:
    return re.findall(
        r"<button[^>]*>(.*?)</button>", html.partition("<template>")[0] + html.partition("</template>")[2]
    )


def test_the_list_stands_in_the_shops_own_page(mara, blank_pages):
    page = mara.get()
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert page.text.startswith("<!doctype html><html lang=en><title>Support · Shop</title><main><link ")
    assert page.text.endswith("</div></main></html>")
    assert subjects_of(page.text) == ["Blank page"]
    assert "Blank page #000001 Other 2024-06-15 10:30 UTC With support" in text_of(page.text)


def test_the_path_of_the_mount_without_a_slash_is_the_list_too(mara, blank_pages):
    assert mara.get("").text == mara.get("/").text


@pytest.mark.parametrize("at", ["", "/shop/help", "/ä b"])
def test_every_link_begins_with_where_the_pages_are(desk, blank_pages, at):
    desk.answer(ADA, "acme:1", body="Which browser?")
    mara = Merchant(opened(desk, at=at), at=at)
    inside = at.replace("ä b", "%C3%A4%20b")
    for path in ("/", "/new", "/1", "/?query=zzz", "/9"):
        found = re.findall(r'(?:href|src|action)="(.*?)"', mara.get(path).text)
        assert found
        assert all(link.startswith(f"{inside}/") for link in found)
        assert {mara.client.simulate_get(link).status_code for link in found if "/static/" in link} == {200}


def test_a_search_a_status_and_pages_are_plain_links(mara, desk, clock):
    for number in range(1, 46):
        desk.open(ACME, body=BODY, subject=f"Checkout {number}" if number % 2 else f"Order {number}")
        clock.advance(minutes=1)
    for number in (1, 2, 3):
        desk.answer(ADA, f"acme:{number}", body="Which browser?")
    desk.close(ACME, 4)
    first = mara.get().text
    assert len(subjects_of(first)) == 20
    assert "Your turn <b>3</b>" in first
    assert 'rel="next" href="/shop/help/?page=2"' in first
    assert 'rel="prev"' not in first
    last = mara.get("/?page=3").text
    assert len(subjects_of(last)) == 5
    assert 'rel="next"' not in last
    assert 'rel="prev" href="/shop/help/?page=2"' in last
    assert subjects_of(mara.get("/?status=answered&query=check").text) == ["Checkout 3", "Checkout 1"]
    assert subjects_of(mara.get("/?status=closed").text) == ["Order 4"]
    assert subjects_of(mara.get("/?query=%23000045").text) == ["Checkout 45"]
    assert 'rel="next" href="/shop/help/?page=2&amp;query=checkout"' in mara.get("/?query=checkout").text
    assert 'href="/shop/help/?status=closed&amp;query=checkout"' in mara.get("/?query=checkout").text


@pytest.mark.parametrize("page", ["0", "-1", "x", "1" * 7, "%D9%A3", ""])
def test_a_page_that_is_none_is_the_first(mara, blank_pages, page):
    assert subjects_of(mara.get(f"/?page={page}").text) == ["Blank page"]


def test_an_empty_list_says_what_to_do_and_a_search_how_to_go_back(mara, blank_pages, desk):
    gus = Merchant(mara.client.app, **{"X-Store": "initech"})
    assert "No cases yet. Something is not as it should be? Tell us, and we answer here." in gus.get().text
    nothing = mara.get("/?query=zzz").text
    assert "No case matches." in nothing
    assert 'value="zzz"' in nothing


def test_a_case_is_opened_with_all_that_the_form_has(mara, desk):
    form = mara.get("/new").text
    assert '<option value="other" selected>' in form
    assert '<option value="normal" selected>' in form
    sent = {"body": f"{BODY}\r\nSince today.", "subject": "Blank", "severity": "high", "category": "store_builder"}
    answer = mara.post("/new", **sent)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/shop/help/1")
    case, messages, _ = desk.get(ACME, 1)
    assert (case.subject, case.severity, case.category) == ("Blank", "high", "store_builder")
    assert [(message.author_label, message.body) for message in messages] == [("Mara", f"{BODY}\nSince today.")]


def test_a_case_without_a_subject_gets_one(mara, desk):
    mara.post("/new", body=BODY, subject=" ", severity="", category="")
    assert desk.find(ACME, 1).subject == "The checkout shows a blank page"


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"body": "Help"}, "Write 10 to 10000 characters, please."),
        ({}, "Write 10 to 10000 characters, please."),
        ({"body": BODY, "subject": "ab"}, "The subject is to be one line of 3 to 200 characters."),
        ({"body": BODY, "subject": "one\ntwo"}, "The subject is to be one line of 3 to 200 characters."),
        ({"body": BODY, "severity": "urgent"}, "This cannot be understood."),
    ],
)
def test_what_is_refused_is_kept_in_the_form(mara, desk, sent, sentence):
    answer = mara.post("/new", **sent)
    assert answer.status_code == 422
    assert f"{sentence}</p>" in answer.text
    assert f">{sent.get('body', '')}</textarea>" in answer.text
    assert desk.list(ACME).count == 0


def test_a_case_shows_what_both_sides_said(mara, desk, blank_pages, clock):
    desk.answer(ADA, "acme:1", body="Which browser?")
    desk.answer(ADA, "acme:1", body="Have you cleared the cache?", kind="elliot", author="Elliot")
    desk.answer(ADA, "acme:1", body="We look into it.", kind="system", author="Desk")
    page = mara.get("/1").text
    assert "<title>Blank page · Shop</title>" in page
    assert "Your turn #000001 Other Severity: Normal" in text_of(page)
    assert thread_of(page) == [
        "Grace The checkout shows a blank page.",
        "Ada Support Which browser?",
        "Elliot Assistant Have you cleared the cache?",
        "Desk Automatic We look into it.",
    ]


def test_a_reply_opens_the_case_and_its_line_ends_are_lf(mara, desk, blank_pages):
    desk.close(ACME, 1)
    assert "This case is closed. If you write, it is open again." in mara.get("/1").text
    answer = mara.post("/1", body="one\r\ntwo\rthree", do="reply")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/shop/help/1#sc-last")
    case, messages, _ = desk.get(ACME, 1)
    assert (case.status, messages[-1].body, messages[-1].author_label) == ("open", "one\ntwo\nthree", "Mara")


def test_a_case_is_closed_and_reopened_and_a_text_in_the_form_goes_with_it(mara, desk, blank_pages):
    assert buttons_of(mara.get("/1").text) == ["Send", "It is solved: close"]
    mara.post("/1", body="", do="close")
    assert (desk.find(ACME, 1).status, len(desk.get(ACME, 1).messages)) == ("closed", 1)
    assert buttons_of(mara.get("/1").text) == ["Send", "Reopen"]
    mara.post("/1", body=" \r\n", do="reopen")
    assert (desk.find(ACME, 1).status, len(desk.get(ACME, 1).messages)) == ("open", 1)
    mara.post("/1", body="Thank you.", do="close")
    case, messages, _ = desk.get(ACME, 1)
    assert (case.status, messages[-1].body) == ("closed", "Thank you.")
    desk.answer(ADA, "acme:1", body="Gladly.")
    assert buttons_of(mara.get("/1").text) == ["Send", "It is solved: close"]


@pytest.mark.parametrize("body", ["", " ", "x" * 10_001])
def test_a_reply_that_is_refused_changes_nothing_and_is_kept(mara, desk, blank_pages, body):
    before = desk.get(ADA, "acme:1")
    answer = mara.post("/1", body=body, do="reply")
    assert answer.status_code == 422
    assert "Write 1 to 10000 characters, please." in answer.text
    assert f">{body}</textarea>" in answer.text
    assert desk.get(ADA, "acme:1") == before


def test_a_case_may_be_named_by_its_id_and_with_zeros(mara, desk, blank_pages):
    for name in (desk.find(ACME, 1).id, "000001", "%23000001"):
        assert thread_of(mara.get(f"/{name}").text) == ["Grace The checkout shows a blank page."]


@pytest.mark.parametrize("name", ["2", "acme:1", "globex:1", "nothing", "1/", "0", "9" * 30])
def test_what_is_not_there_is_404(mara, blank_pages, name):
    answer = mara.get(f"/{name}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "<title>There is no" in answer.text


def test_another_stores_case_is_as_one_that_never_was(mara, desk, blank_pages):
    theirs = desk.find(ADA, "globex:1")
    desk.open(ACME, body=BODY)
    never = f"{theirs.id[:-1]}{'0' if theirs.id[-1] != '0' else '1'}"
    for method in ("GET", "POST"):
        found = [
            mara.client.simulate_request(method, f"{AT}/{name}", headers={"Sec-Fetch-Site": "same-origin"})
            for name in (theirs.id, never)
        ]
        assert [answer.status_code for answer in found] == [404, 404]
        assert found[0].text == found[1].text
        assert "theirs" not in found[0].text
    assert desk.find(ADA, "globex:1") == theirs


def test_of_a_long_thread_the_last_hundred_are_shown_and_the_rest_on_demand(mara, desk, blank_pages):
    for number in range(101):
        desk.reply(ACME, 1, body=f"Word {number}")
    page = mara.get("/1").text
    assert len(thread_of(page)) == 100
    assert '<a href="/shop/help/1?all=1"><span class="sc-button">Show 2 earlier messages</span></a>' in page
    whole = mara.get("/1?all=1").text
    assert len(thread_of(whole)) == 102
    assert "earlier" not in whole


def test_limits_of_the_desk_are_told_and_the_text_is_kept(support_desk):
    from supportcases.testing import support_desk as kit

    with kit(max_open_cases=1, max_thread_messages=1) as limited:
        mara = Merchant(opened(limited.desk))
        assert mara.post("/new", body=BODY).status_code == 303
        answer = mara.post("/new", body="Another blank page.")
        assert answer.status_code == 409
        assert "You have as many open cases as you may have; reply to one, or close one first." in answer.text
        assert ">Another blank page.</textarea>" in answer.text
        answer = mara.post("/1", body="One more word", do="close")
        assert answer.status_code == 409
        assert "This case has no room for one more reply; open a new case." in answer.text
        assert limited.desk.find(ACME, 1).status == "open"


def test_what_was_taken_out_is_said_plainly_and_nobody_is_told_of_notes(mara, blank_pages, desk):
    file = desk.attach(ACME, name="card.txt", content_type="text/plain", content=b"4111")
    reply = desk.reply(ACME, 1, body="My card is 4111.", attachments=[file]).message
    note = desk.note(ADA, "acme:1", body="Their card is 4111.").message
    for what in ({"message": reply.id}, {"attachment": file}, {"subject": True}, {"message": note.id}):
        desk.redact(ADA, "acme:1", reason="law", **what)
    page = mara.get("/1").text
    assert '<h1 dir="auto">[redacted]</h1>' in page
    said = re.findall('<div class="sc-said" dir="auto">(.*?)</div>', page)
    assert said == ["The checkout shows a blank page.", "[redacted]"]
    assert not re.search("4111|card|took|law", text_of(page))
    assert f"/attachments/{file}" not in page
    assert subjects_of(mara.get().text) == ["[redacted]"]
