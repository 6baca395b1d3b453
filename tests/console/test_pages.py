"""What all pages have in common: headers, files, errors, and that what people wrote is text."""

import re
from html.parser import HTMLParser
from urllib.parse import quote

import pytest

from supportcases import Actor
from supportcases.domain.errors import DatabaseBusy
from tests.conftest import ACME, ADA
from tests.support.console import Agent, text_of

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
PATHS = [
    "/",
    "/?sort=activity",
    "/?severity=wrong",
    "/cases/acme/1",
    "/cases/acme/1?since=9",
    "/nothing",
    "/sign-in",
    "/new",
    "/stores/acme",
    "/numbers",
    "/webhooks",
]
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onfocus=alert(1) autofocus='",
    "{{ 7 * 7 }}{% for x in () %}",
    'javascript:alert(1) https://a.test/"onmouseover="alert(1) <https://b.test/<b>>',
    "</textarea></title></select><svg onload=alert(1)>",
]


@pytest.mark.parametrize("path", PATHS)
def test_every_page_is_kept_by_nobody_and_loads_only_what_is_ours(agent, blank_pages, path):
    headers = agent.get(path).headers
    assert headers["Content-Security-Policy"] == POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert re.fullmatch("[0-9a-f]{32}", headers["X-Request-Id"])


@pytest.mark.parametrize("path", PATHS)
def test_nothing_stands_inline_and_all_is_ours(agent, blank_pages, path):
    html = agent.get(path).text
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?!( type=.module.)? src=)", html)
    for address in re.findall(r'(?:src|href|action)="([^"]*)"', html):
        assert address.startswith(("/console/", "#"))


def test_files_are_kept_for_ever_under_names_that_tell_their_content(agent, app, blank_pages):
    html = agent.get("/cases/acme/1").text
    files = re.findall(r'(?:src|href)="/console(/static/[^"]*)"', html)
    assert len(files) == 7
    for path in files:
        answer = Agent(app).get(path)  # also for whoever is not signed in
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert re.fullmatch(r"/static/[a-z]+-[0-9a-f]{12}\.(css|js|svg)", path)


def test_an_error_is_a_page_with_its_status(agent, blank_pages):
    for path, status, sentence in (
        ("/nothing", 404, "There is nothing at this path."),
        ("/cases/acme/99", 404, "There is no such support case."),
        ("/cases/acme/one", 404, "There is no such support case."),
        ("/cases/a b/1", 404, "There is no such support case."),
        ("/cases//1", 404, "There is nothing at this path."),
    ):
        answer = agent.get(path)
        assert (answer.status_code, sentence in text_of(answer.text)) == (status, True), path
        assert "Back to the queue" in answer.text
    refused = agent.get("/sign-out")
    assert (refused.status_code, refused.headers["Allow"]) == (405, "POST, OPTIONS")


def test_where_the_database_is_busy_the_page_says_so(agent, monkeypatch, desk, app):
    def busy(*arguments, **named):
        raise DatabaseBusy()

    monkeypatch.setattr(type(app.desk), "queue", busy)
    answer = agent.get("/")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert "The database is busy; try again in a moment." in answer.text
    assert answer.headers["X-Request-Id"] in answer.text


def test_head_is_as_get_without_the_body(agent, blank_pages):
    for path in ("/", "/cases/acme/1", "/sign-in"):
        cookie = {"Cookie": f"supportcases={agent.cookies['supportcases']}"}
        answer = agent.client.simulate_head(f"/console{path}", headers=cookie)
        assert (answer.status_code, answer.text) == (200, "")


def test_the_console_without_its_slash_leads_to_it(agent):
    answer = agent.client.simulate_get("/console", headers={"Cookie": f"supportcases={agent.cookies['supportcases']}"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console/")


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_people_wrote_is_text_wherever_it_shows(agent, desk, hostile):
    harmless, suspected = ("harmless words", "acme"), (hostile, "globex")
    for text, store in (harmless, suspected):
        case = desk.open(Actor.merchant(store), body=f"{text} and more", subject=text[:200], author=text[:120])
        desk.note(ADA, case.id, body=text)
        desk.change(ADA, case.id, assignee=text[:120])
    for shown in (listed, searched, read, moved, refused, signed_out):
        assert skeleton(shown(agent, *suspected)) == skeleton(shown(agent, *harmless))
        assert 'href="javascript:' not in shown(agent, *suspected)


def listed(agent, text, store):
    return agent.get(f"/?store={store}").text


def searched(agent, text, store):
    return agent.get(f"/?assignee=nobody&query=nothing+like+{quote(text)}").text


def read(agent, text, store):
    return agent.get(f"/cases/{store}/1").text


def moved(agent, text, store):
    return agent.get(f"/cases/{store}/1?since=1").text


def refused(agent, text, store):
    return agent.post(f"/cases/{store}/1", body=text * 1_000, kind="note").text


def signed_out(agent, text, store):
    return Agent(agent.client.app).get(f"/sign-in?next={quote(text)}").text


def skeleton(html: str) -> list[tuple[str, ...]]:
    """Return the elements of a page with the names of their attributes, without the links in what people wrote."""
    found = []
    parser = HTMLParser()

    def remember(tag, attributes):
        found.append((tag, *sorted(dict(attributes).keys() - {"aria-current", "selected"})))

    parser.handle_starttag = remember
    parser.feed(html)
    return [element for element in found if element != ("a", "href", "rel", "target")]


def test_links_are_found_in_what_people_wrote_and_lead_away_safely(agent, desk):
    body = "See https://a.test/x?y=1&z=2. Or mail to mailto:me@a.test, not www.b.test, ftp://c.test or //d.test."
    desk.open(ACME, body=body)
    html = agent.get("/cases/acme/1").text
    safe = 'rel="noopener noreferrer nofollow" target="_blank"'
    assert f'<a href="https://a.test/x?y=1&amp;z=2" {safe}>https://a.test/x?y=1&amp;z=2</a>. Or' in html
    assert f'<a href="mailto:me@a.test" {safe}>mailto:me@a.test</a>, not www.b.test, ftp://c.test or //d.test.' in html
