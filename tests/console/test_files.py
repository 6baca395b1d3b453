"""Files on the console and on the merchant's pages: announced by the page, shown with their messages, kept back."""

import re
from html import unescape

import pytest
from falcon.testing import TestClient

from supportcases import create_app, mount
from tests.conftest import ACME, ADA
from tests.support.console import SAME, Agent, text_of
from tests.support.desks import BODY
from tests.support.merchant_pages import AT, Merchant, opened, shop

GIF = b"GIF89a<script>alert(1)</script>"
HTML = b"<!doctype html><script>alert(1)</script>"
NEW = {"name": "page.gif", "contentType": "image/gif", "size": len(GIF)}
ASKS = {"Accept": "application/json", **SAME}


@pytest.fixture
def mara(app):
    return Merchant(opened(app.desk))


def announced(agent, sent=ASKS, **changed):
    cookie = "; ".join(f"{name}={value}" for name, value in agent.cookies.items())
    body = {**NEW, "store": "acme", **changed}
    return agent.client.simulate_post(f"{agent.at}/console/attachments", json=body, headers={**sent, "Cookie": cookie})


def merchants(mara, sent=ASKS, **changed):
    return mara.client.simulate_post(f"{AT}/attachments", json={**NEW, **changed}, headers=sent)


def urls_in(html):
    return [unescape(url) for url in re.findall(r'(?:href|src)="([^"]*/attachments/[^"]*)"', html)]


@pytest.mark.parametrize("public_url", [None, "https://elsewhere.test/desk"])
def test_the_team_attaches_by_paths_of_this_very_origin(repository, clock, support_key, public_url):
    app = mount(shop, create_app(repository, clock=clock, console=True, public_url=public_url), at="/support")
    agent = Agent(app, support_key, at="/support")
    agent.post("/new", store="acme", body=BODY)
    upload = announced(agent)
    assert upload.status_code == 201
    assert upload.json["uploadUrl"].startswith(f"/support/api/v1/support/attachments/{upload.json['id']}?size=")
    assert agent.client.simulate_put(upload.json["uploadUrl"], body=GIF).status_code == 200
    answer = agent.post("/cases/acme/1", body="See.", kind="answer", attachments=upload.json["id"])
    assert answer.status_code == 303
    page = agent.get("/cases/acme/1").text
    assert "page.gif image/gif , 1 kB" in text_of(page)
    link, picture = urls_in(page)
    assert link == picture
    assert link.startswith(f"/support/api/v1/support/attachments/{upload.json['id']}?")
    got = agent.client.simulate_get(link)
    assert (got.content, got.headers["content-type"]) == (GIF, "image/gif")
    assert "sandbox" in got.headers["content-security-policy"]


def test_a_merchant_attaches_below_the_mount_of_the_pages(mara, desk):
    upload = merchants(mara)
    at = f"{AT}/support-cases/attachments/{upload.json['id']}?"
    assert upload.json["uploadUrl"].startswith(at)
    put = mara.client.simulate_put(upload.json["uploadUrl"], body=GIF, headers=ASKS)
    assert (put.status_code, put.json["name"]) == (200, "page.gif")
    assert mara.post("/new", body=BODY, attachments=upload.json["id"]).status_code == 303
    assert [file.name for file in desk.get(ACME, 1).messages[0].attachments] == ["page.gif"]
    (link, picture) = urls_in(mara.get("/1").text)
    assert link == picture
    assert link.startswith(at)
    assert mara.client.simulate_get(link).content == GIF
    assert TestClient(opened(desk)).simulate_get(link).status_code == 401


@pytest.mark.parametrize("sent", [{}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.test"}], ids=str)
def test_a_page_elsewhere_announces_and_sends_nothing(agent, mara, sent):
    asks = {"Accept": "application/json", **sent}
    for answer in (announced(agent, asks), merchants(mara, asks)):
        assert (answer.status_code, answer.json["code"]) == (403, "forbidden")
    upload = merchants(mara).json
    assert mara.client.simulate_put(upload["uploadUrl"], body=GIF, headers=asks).status_code == 403
    assert mara.client.simulate_put(upload["uploadUrl"], body=GIF, headers=ASKS).status_code == 200


def test_nobody_announces_who_is_not_known(app, desk):
    assert announced(Agent(app)).status_code == 303
    stranger = merchants(Merchant(opened(desk), None))
    assert (stranger.status_code, stranger.json["error"]) == (401, "You are not signed in.")


def test_what_cannot_be_announced_is_said_in_a_sentence(agent, app, desk):
    refused = announced(agent, size=25_000_001)
    assert refused.status_code == 400
    assert refused.json["error"] == "size must be a whole number from 1 to 25,000,000."
    german = Merchant(opened(desk), **{"Accept-Language": "de"})
    refused = merchants(german, size=0)
    assert (refused.status_code, refused.json["error"]) == (400, "Das ist nicht zu verstehen.")


def test_what_is_no_picture_is_a_link_that_downloads(agent, desk):
    desk.open(ACME, body=BODY)
    for name in ("page.html", "page.png", "page.svg"):
        file = desk.attach(ADA, name=name, content_type="image/png", content=HTML, store="acme")
        desk.answer(ADA, "acme:1", body="See.", attachments=[file])
    page = agent.get("/cases/acme/1").text
    assert "<img" not in page
    assert page.count(" download>") == 3
    for link in urls_in(page):
        got = agent.client.simulate_get(link)
        assert got.headers["content-type"] == "application/octet-stream"
        assert got.headers["content-disposition"].startswith("attachment")


def test_a_notes_file_is_on_no_page_of_a_merchants(agent, mara, desk):
    desk.open(ACME, body=BODY)
    before = mara.get("/1").text
    upload = announced(agent, name="secret.gif").json
    agent.client.simulate_put(upload["uploadUrl"], body=GIF)
    agent.post("/cases/acme/1", body="Look.", kind="note", attachments=upload["id"])
    assert "secret.gif" in agent.get("/cases/acme/1").text
    assert mara.get("/1").text == before


def test_an_answer_that_is_refused_keeps_its_files_and_its_text(agent, desk):
    desk.open(ACME, body=BODY)
    file = desk.attach(ADA, name="page.gif", content_type="image/gif", content=GIF, store="acme")
    ours = announced(agent).json
    agent.client.simulate_put(ours["uploadUrl"], body=GIF)
    sent = [("attachments", ours["id"]), ("body", "See."), ("kind", "answer")]
    moved = agent.post("/cases/acme/1", [*sent, ("revision", "9")])
    assert moved.status_code == 409
    assert f'name="attachments" value="{ours["id"]}">' in moved.text
    foreign = agent.post("/cases/acme/1", [("attachments", file), *sent])
    assert foreign.status_code == 422
    assert "See.</textarea>" in foreign.text
    assert f'value="{ours["id"]}">' in foreign.text
    assert f'value="{file}">' not in foreign.text
    assert len(desk.get(ADA, "acme:1").messages) == 1


def test_a_merchants_form_that_is_refused_keeps_what_can_still_be_sent(mara, desk):
    file = desk.attach(ACME, name="page.gif", content_type="image/gif", content=GIF)
    refused = mara.post("/new", body="short", attachments=file)
    assert refused.status_code == 422
    assert f'name="attachments" value="{file}">' in refused.text
    assert mara.post("/new", body=BODY, attachments=file).status_code == 303
    again = mara.post("/1", body="And again.", do="reply", attachments=file)
    assert again.status_code == 422
    assert "A file cannot be sent with this any more; attach it anew." in again.text
    assert f'value="{file}"' not in again.text
    closing = mara.post("/1", body="", do="close", attachments=file)
    assert closing.status_code == 422


def test_a_store_that_is_full_is_told_and_the_text_is_kept(repository, clock, support_key):
    app = create_app(repository, clock=clock, console=True, max_attachment_bytes=1)
    agent, mara = Agent(app, support_key), Merchant(opened(app.desk))
    upload = announced(agent).json
    agent.client.simulate_put(upload["uploadUrl"], body=GIF)
    answer = agent.post("/new", store="acme", body=BODY, attachments=upload["id"])
    assert answer.status_code == 409
    assert BODY in answer.text
    file = app.desk.attach(ACME, name="page.gif", content_type="image/gif", content=GIF)
    answer = mara.post("/new", body=BODY, attachments=file)
    assert answer.status_code == 409
    assert "Your cases have as many files as they may have; send this without one." in answer.text
    assert BODY in answer.text
