"""The merchant's pages and their host: who may come in, forms from elsewhere, what fails, headers, hostile texts."""

import re
import sys
from urllib.parse import urlencode

import pytest
from markupsafe import Markup

from supportcases import Actor, DatabaseBusy
from supportcases.console import create_merchant_pages
from supportcases.processes import TIME_BUDGET, waited
from tests.conftest import ACME, ADA
from tests.console.test_forms import ELSEWHERE, OURS
from tests.support.desks import everything
from tests.support.merchant_pages import AT, Merchant, layout, opened, who

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7*7 }}</textarea></title>&amp;"


@pytest.fixture
def mara(desk):
    return Merchant(opened(desk))


@pytest.mark.parametrize("sent", ELSEWHERE, ids=str)
@pytest.mark.parametrize("path", ["/1", "/new", "/", "/nothing"])
def test_a_form_from_elsewhere_is_refused_and_changes_nothing(mara, desk, blank_pages, path, sent):
    before = everything(desk)
    answer = mara.post(path, sent={"Host": "desk.test", **sent}, body="A forged sentence.", do="close")
    assert answer.status_code == 403
    assert "This was not sent from a page of this site; open the page again." in answer.text
    assert everything(desk) == before


@pytest.mark.parametrize("sent", OURS, ids=str)
def test_a_form_of_ours_is_taken(mara, desk, blank_pages, sent):
    assert mara.post("/1", sent={"Host": "desk.test", **sent}, do="close").status_code == 303
    assert desk.find(ACME, 1).status == "closed"


@pytest.mark.parametrize("path", ["/", "/new", "/1", "/nothing"])
def test_whom_the_shop_does_not_know_gets_401_where_it_says_nothing_else(desk, blank_pages, path):
    answer = Merchant(opened(desk), name=None).get(path)
    assert answer.status_code == 401
    assert "<title>You are not signed in. · Shop</title>" in answer.text
    assert "WWW-Authenticate" not in answer.headers


def test_or_is_sent_where_the_shop_says_but_for_a_form_whose_text_would_be_lost(desk, blank_pages):
    stranger = Merchant(opened(desk, sign_in_url="/login?as=merchant"), name=None)
    answer = stranger.get("/1?all=1")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/login?" + urlencode({"as": "merchant", "next": f"{AT}/1?all=1"})
    assert stranger.post("/1", body="A long text").status_code == 401
    at_the_root = Merchant(opened(desk, at="", sign_in_url="/login"), name=None, at="")
    assert at_the_root.get("//evil.test").headers["Location"] == "/login?next=%2Fevil.test"


def test_the_support_team_is_told_that_this_is_not_its_page(desk, blank_pages):
    answer = Merchant(opened(desk), name="Ada").get("/1")
    assert answer.status_code == 403
    assert "These pages are for merchants." in answer.text
    assert "Blank page" not in answer.text


def test_what_is_no_actor_or_no_document_is_the_hosts_fault_and_tells_nobody(desk, blank_pages, caplog):
    for wrong in (
        opened(desk, authenticate=lambda req: "Mara"),
        opened(desk, authenticate=lambda req: Actor.merchant("a@b.com")),
        opened(desk, layout=lambda req, title, html: None),
        opened(desk, layout=lambda req, title, html: 1 / 0),
    ):
        answer = Merchant(wrong).get("/1", **{"X-Request-Id": "the-id"})
        assert answer.status_code == 500
        assert "Something went wrong on our side." in answer.text
        assert "If it happens again, tell us this number: the-id" in answer.text
        assert "Traceback" not in answer.text
    for reason in ("not str", "store must be 1 to 64", "not NoneType", "ZeroDivisionError"):
        assert reason in caplog.text


def test_a_busy_database_is_told_inside_the_layout(desk, blank_pages):
    def busy(req):
        raise DatabaseBusy

    answer = Merchant(opened(desk, authenticate=busy)).get("/1")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert "Support cannot be reached at the moment; try again in a minute." in answer.text
    assert answer.text.endswith("</main></html>")


def test_a_request_that_has_waited_too_long_is_given_up(mara, blank_pages):
    before = waited.set(TIME_BUDGET + 1)
    try:
        answer = mara.get("/1")
    finally:
        waited.reset(before)
    assert answer.status_code == 503
    assert mara.get("/1").status_code == 200


def test_a_request_that_cannot_be_understood_changes_nothing(mara, desk, blank_pages):
    before = everything(desk)
    for body in ("do=close&body=%00", "do=close&body=%ff"):
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
        answer = mara.client.simulate_post(f"{AT}/1", body=body, headers=headers)
        assert answer.status_code == 400
    assert mara.get("/?query=%00").status_code == 400
    assert mara.get("/?status=lost").status_code == 400
    assert mara.client.simulate_put(f"{AT}/1", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 405
    assert mara.post("/1", body="x" * 1_048_576).status_code == 413
    assert everything(desk) == before


def test_the_layout_gets_the_request_and_both_texts_escaped(desk, blank_pages):
    seen = []

    def noted(req, title, html):
        seen.append((req.path, req.get_header("X-User"), title, html))
        return layout(req, title, html)

    desk.open(ACME, body="A harmless sentence.", subject="Lamps & <b>more</b>")
    Merchant(opened(desk, layout=noted)).get("/2")
    ((path, user, title, html),) = seen
    assert (path, user, title) == ("/2", "Mara", Markup("Lamps &amp; &lt;b&gt;more&lt;/b&gt;"))
    assert type(title) is type(html) is Markup


def test_the_headers_leave_the_policy_to_the_shop(mara, blank_pages):
    headers = mara.get("/1").headers
    assert "Content-Security-Policy" not in headers
    assert "Referrer-Policy" not in headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Vary"] == "Accept-Language"


def test_no_page_has_a_style_or_a_script_of_its_own(mara, desk, blank_pages):
    desk.answer(ADA, "acme:1", body="Which browser?")
    for path in ("/", "/new", "/1", "/9", "/?query=zzz"):
        page = mara.get(path).text
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)
        assert re.findall("<script[^>]*>", page) == re.findall(
            rf'<script type="module" src="{AT}/static/(?:attachments|merchant)-[0-9a-f]{{12}}\.js">', page
        )


def test_the_files_are_kept_for_ever_and_need_nobody_signed_in(desk):
    stranger = Merchant(opened(desk), name=None)
    for path in re.findall(rf'"{AT}(/static/.*?)"', Merchant(opened(desk)).get().text):
        answer = stranger.get(path)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_all_of_the_sheet_is_in_a_layer_below_its_own_element(mara):
    (path,) = re.findall(rf'"{AT}(/static/.*?\.css)"', mara.get().text)
    sheet = re.sub(r"/\*.*?\*/", "", mara.get(path).text, flags=re.DOTALL).strip()
    assert sheet.startswith("@layer supportcases {")
    assert sheet.endswith("}")
    assert sheet.count("@layer") == 1
    selectors = [part for rule in re.findall(r"([^{};]+){", sheet) for part in re.split(r",(?![^(]*\))", rule)]
    strange = [each for each in map(str.strip, selectors) if not each.startswith((".supportcases", ".sc-", "@"))]
    assert strange == []


def test_what_people_wrote_is_text_wherever_it_stands(desk, blank_pages):
    mara = Merchant(opened(desk), name="Mara")
    desk.open(ACME, body=HOSTILE, subject=HOSTILE, author=HOSTILE)
    desk.answer(ADA, "acme:2", body=HOSTILE, author=HOSTILE)
    pages = [mara.get(path).text for path in ("/", "/2", f"/?{urlencode({'query': HOSTILE})}")]
    pages += [mara.post("/new", body="x", subject=HOSTILE, severity=HOSTILE).text]
    pages += [mara.post("/1", body=HOSTILE * 200, do="reply").text, mara.get(f"/{urlencode({'': HOSTILE})}").text]
    for page in pages:
        assert "<img" not in page
        assert "alert(1)</script>" not in page
        assert page.count("</title>") == 1
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in pages[0]
    assert "{{ 7*7 }}" in pages[0]


def test_links_in_texts_lead_on_without_telling_where_from(mara, desk, blank_pages):
    desk.answer(ADA, "acme:1", body="See https://status.test/a?b=1&c=2, not evil.test or javascript:alert(1)")
    page = mara.get("/1").text
    rel = 'rel="noopener noreferrer nofollow" target="_blank"'
    assert f'<a href="https://status.test/a?b=1&amp;c=2" {rel}>https://status.test/a?b=1&amp;c=2</a>, not' in page
    assert page.count(rel) == 1


@pytest.mark.parametrize("name", ["jinja2", "linkify_it"])
def test_without_the_extra_a_sentence_names_it(desk, monkeypatch, name):
    for module in [each for each in sys.modules if each.startswith("supportcases.console.")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError) as refused:
        create_merchant_pages(desk, who, layout)
    assert str(refused.value) == f"The merchant's pages need {name}: pip install 'supportcases[console]'."
