"""The reference at `/docs` and the way to it at `/`: made of the OpenAPI document, whole, small, off unless wanted."""

import gzip
import json
import re
import subprocess
from html import unescape
from urllib.parse import unquote, urljoin

import falcon
import pytest
from falcon.testing import TestClient

from dev.tools import make_openapi, reference_page
from supportcases import ApiKey, CannedText, create_app, mount
from supportcases.domain.endpoints import Progress, Secrets
from supportcases.domain.feed import BEGINNING
from supportcases.server import served
from supportcases.web.pages.content import policy
from supportcases.webhooks.signing import new_secret
from tests.conftest import ACME, CASES, SUPPORT, call
from tests.support.tools import needs

FRAME, EACH = 6_000, 520  # bytes, gzipped, that the page and all that it loads may have, and more for each operation


@pytest.fixture
def app():
    return create_app(":memory:", docs=True)


@pytest.fixture
def visitor(app):
    return TestClient(app)


@pytest.fixture
def page(visitor):
    return visitor.simulate_get("/docs").text


@pytest.fixture
def document(visitor):
    return visitor.simulate_get("/openapi.json").json


def loaded_by(page):
    """Return the addresses of what a page loads."""
    return set(re.findall(r'<(?:link|script|img)[^>]* (?:href|src)="([^"]+)"', page))


def test_the_shipped_page_is_what_the_document_makes():
    shipped = json.loads(make_openapi.TARGET.read_text(encoding="utf-8"))
    kept = reference_page.TARGET.read_text(encoding="utf-8")
    assert kept == reference_page.page(shipped), "run: python -m dev.tools.make_openapi"


def test_there_are_no_pages_unless_they_are_asked_for(client):
    assert [client.simulate_get(path).status_code for path in ("/", "/docs")] == [404, 404]


def test_pages_that_tell_of_the_service_routes_need_them():
    with pytest.raises(ValueError, match=r"^docs=True needs service_routes=True: it tells of them"):
        create_app(":memory:", docs=True, service_routes=False)


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_a_page_is_html_for_everybody_that_loads_only_what_is_ours(visitor, path):
    answer = visitor.simulate_get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["content-security-policy"] == policy()
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.text.startswith("<!doctype html>\n")
    assert not re.search(r"<style|\sstyle=|<script(?! src=)|\son\w+=|(?:href|src)=\"(?:https?:)?//", answer.text)


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_head_answers_as_get_without_the_body(app, path):
    head, get = (call(app, method, path, HTTP_X_REQUEST_ID="same") for method in ("HEAD", "GET"))
    assert (head.status, head.headers, head.body) == (200, get.headers, b"")


def test_what_a_page_loads_is_there_and_kept_for_ever(visitor, page):
    files = loaded_by(page)
    assert {re.sub("-[0-9a-f]{12}", "", file) for file in files} == {
        "docs/static/mark.svg",
        "docs/static/pages.css",
        "docs/static/reference.js",
    }
    for file in files:
        answer = visitor.simulate_get(f"/{file}")
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "public, max-age=31536000, immutable")


def test_all_of_it_is_small(visitor, page):
    paths = ["/docs", *(f"/{file}" for file in loaded_by(page))]
    answers = [visitor.simulate_get(path, headers={"Accept-Encoding": "gzip"}) for path in paths]
    assert {answer.headers["content-encoding"] for answer in answers} == {"gzip"}
    assert gzip.decompress(answers[0].content).decode() == page
    assert sum(len(answer.content) for answer in answers) <= FRAME + EACH * page.count('class="operation"')


def test_it_tells_of_every_operation_with_all_that_it_takes_and_answers(page, document):
    for path, item in document["paths"].items():
        for method in item.keys() - {"parameters"}:
            told = item[method]
            section = re.search(rf'<section id="{told["operationId"]}".*?</section>', page, re.DOTALL)[0]
            assert f"<code>{path}</code>" in section
            assert told["summary"] in unescape(section)
            parameters = item.get("parameters", []) + told.get("parameters", [])
            is_signed = any(parameter["name"] == "signature" for parameter in parameters)  # nobody can send that here
            for parameter in parameters:
                assert f"<code>{parameter['name']}</code> <i>{parameter['in']}</i>" in section
                assert (f'name="{parameter["name"]}" data-in="{parameter["in"]}"' in section) != is_signed
            assert ('data-in="body"' in section) == ("requestBody" in told and not is_signed)
            for status in told["responses"]:
                assert re.search(rf'href="#error-{status}"|class="status good">{status}<', section)
            assert section.count("<button") == (1 if is_signed else 2)


def test_it_tells_of_every_shape_and_every_error(page, document):
    for name, shape in document["components"]["schemas"].items():
        section = re.search(rf'<section id="{name}".*?</section>', page, re.DOTALL)[0]
        assert re.findall(r"<dt><code>(.*?)</code>", section) == list(shape["properties"])
    for name, error in document["components"]["responses"].items():
        row = re.search(rf'<div id="error-{name[5:]}">.*?</div>', page, re.DOTALL)[0]
        assert error["content"]["application/json"]["example"]["code"] in row


def test_its_links_lead_somewhere_and_no_place_is_there_twice(page):
    places = re.findall(r'\sid="([^"]+)"', page)
    assert len(places) == len(set(places)) > 60
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(places)


def a_webhook(app):
    """Let there be the webhook that the examples name, whatever became of it, and a delivery of it."""
    webhook = app.desk.add_webhook(ACME, url="https://shop.example.com/hooks").webhook
    named = webhook._replace(id=reference_page.TEXT_ID)
    with app.desk.repository.write() as transaction:
        for each in (webhook, named):
            transaction.webhooks.remove(each.id)
        transaction.webhooks.add(named, Secrets(new_secret()), Progress(BEGINNING))
        if not transaction.deliveries.find(named.id, 1):
            app.desk.test_webhook(ACME, named.id)


def test_its_curl_lines_do_what_they_say(app, page):
    needs("curl", package="curl")
    opened = app.desk.open(ACME, body="The checkout shows a blank page.").created_at
    with app.desk.repository.write() as transaction:
        transaction.texts.add(CannedText(reference_page.TEXT_ID, "Mended", "It works again."))
        transaction.keys.add(ApiKey(reference_page.KEY_ID, ACME, opened), key_hash="0" * 64)
    keys = {CASES: app.keys.create("acme")[0], SUPPORT: app.keys.create_support(label="Ada", admin=True)[0]}
    sections = re.findall(r'<section id="\w+" class="operation".*?</section>', page, re.DOTALL)
    with served(app) as url:
        for section in sections:
            status = re.search(r'class="status good">(\d+)<', section)[1]
            line = unescape(re.search(r"<pre[^>]*>(.*?)</pre>", section, re.DOTALL)[1])
            if f"webhooks/{reference_page.TEXT_ID}" in line:
                a_webhook(app)
            if "URL" in line:  # which comes whole from another answer
                continue
            asked = line.replace(reference_page.ORIGIN, url).replace("curl ", r"curl -sS -w '\n%{http_code}' ", 1)
            key = keys[SUPPORT if f"{SUPPORT}/" in line else CASES]
            done = subprocess.run(["bash", "-c", asked], env={"KEY": key}, capture_output=True, text=True, timeout=30)
            assert (done.stderr, done.stdout.splitlines()[-1]) == ("", status), line


@pytest.mark.parametrize("prefix", ["", "/desk", "/a/b"])
def test_it_tells_of_the_api_where_that_is_and_needs_no_key_even_there(prefix):
    visitor = TestClient(create_app(":memory:", prefix=prefix, docs=True))
    page = visitor.simulate_get("/docs").text
    assert f"<code>{prefix}/support-cases/{{id_or_number}}</code>" in page
    assert "/api/v1" not in page
    assert [visitor.simulate_get(f"/{file}").status_code for file in loaded_by(page)] == [200, 200, 200]
    assert visitor.simulate_get("/").status_code == 200
    assert visitor.simulate_get(f"{prefix}/support-cases").status_code == 401


def test_the_page_at_the_root_says_where_things_are(visitor):
    page = visitor.simulate_get("/").text
    links = re.findall(r'<li><a href="([^"]+)"><b>(.*?)</b>', page)
    assert links == [("./docs", "API reference"), ("./openapi.json", "openapi.json"), ("./healthz", "Health")]
    assert [visitor.simulate_get(link[1:]).status_code for link, _ in links] == [200, 200, 200]


@pytest.mark.parametrize("path", ["/hilfe%20f%C3%BCr%20alle", "/hilfe%20f%C3%BCr%20alle/"])
def test_its_links_lead_there_wherever_the_app_is_mounted(app, path):
    mounted = mount(falcon.App(), app, at="/hilfe für alle")
    page = call(mounted, "GET", unquote(path, "latin-1")).body.decode()
    for link in [*loaded_by(page), *re.findall(r'<li><a href="([^"]+)"', page)]:
        answer = call(mounted, "GET", unquote(urljoin(path, link), "latin-1"))
        assert (answer.status, urljoin(path, link)[:25]) == (200, "/hilfe%20f%C3%BCr%20alle/"), link
