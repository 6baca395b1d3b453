"""The merchant's pages in each of the storefronts of examples/, behind the shop's own login."""

import re

import pytest

from tests.support.shops import FRAMEWORKS, OTHER_SITE, QUEUE, Browser, open_shop

HELP = "/help/"
SAME_SITE = {"Sec-Fetch-Site": "same-origin"}
BODY = "The checkout <b>shows</b> a blank page."


@pytest.fixture(scope="module", params=FRAMEWORKS)
def shop(request, tmp_path_factory):
    with open_shop(request.param, tmp_path_factory.mktemp(request.param)) as shop:
        yield shop


def test_a_merchant_opens_reads_and_closes_a_case_there(shop):
    with Browser(shop) as mara, Browser(shop) as ada, Browser(shop) as gus:
        mara.log_in("mara")
        assert "<a href=/help/>Help</a>" in mara.page()
        assert "No cases yet." in mara.get(HELP).text
        opened = mara.post("/help/new", data={"body": BODY, "subject": "A <b> page"}, headers=SAME_SITE)
        assert (opened.status_code, opened.url) == (200, f"{shop.url}/help/1")
        assert "<title>A &lt;b&gt; page</title><main>" in opened.text
        ada.log_in("ada").post(f"{QUEUE}/acme:1/messages", json={"body": "Which browser?"})
        case = mara.get("/help/1").text
        assert re.findall("<b dir=.auto.>(.*?)</b>", case) == ["Mara", "Ada"]
        closed = mara.post("/help/1", data={"body": "Solved.", "do": "close"}, headers=SAME_SITE)
        assert "Solved." in closed.text
        assert 'class="sc-pill closed"' in closed.text
        assert gus.log_in("gus").get("/help/1").status_code == 404
        assert ada.get("/help/1").status_code == 403


def test_nobody_else_comes_in_and_no_other_site_writes(shop):
    with Browser(shop) as mara, Browser(shop) as stranger:
        before = mara.log_in("mara").count()
        assert "You are not signed in." in stranger.get(HELP).text
        assert stranger.get(HELP).status_code == 401
        for headers in (OTHER_SITE, {}):
            assert mara.post("/help/new", data={"body": BODY}, headers=headers).status_code == 403
        assert mara.count() == before
