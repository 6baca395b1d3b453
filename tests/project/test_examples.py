"""The storefronts of examples/, run as their reader runs them and used through their own logins, by the same tests."""

import ast
import itertools
import os
import re
import subprocess
import sys
from html import escape

import pytest
import requests

from tests.conftest import ROOT
from tests.support.official_client import (
    NO_KEY,
    PAGE,
    Thrown,
    check,
)
from tests.support.official_client import sdk as sdk  # a fixture
from tests.support.shops import (
    BODY,
    CASES,
    EXAMPLES,
    FRAMEWORKS,
    OTHER_SITE,
    PASSWORD,
    PATIENCE,
    QUEUE,
    SESSION,
    STRICTLY,
    SUBJECTS,
    Browser,
    open_shop,
)


@pytest.fixture(scope="module", params=FRAMEWORKS)
def shop(request, tmp_path_factory):
    """One running shop for all tests of a framework."""
    with open_shop(request.param, tmp_path_factory.mktemp(request.param)) as shop:
        yield shop


@pytest.fixture
def browser(shop):
    """Return a new browser with nobody logged in."""
    with Browser(shop) as browser:
        yield browser


@pytest.fixture
def mara(shop):
    """The merchant of acme, logged in."""
    with Browser(shop) as browser:
        yield browser.log_in("mara")


@pytest.fixture
def gus(shop):
    """The merchant of globex, logged in."""
    with Browser(shop) as browser:
        yield browser.log_in("gus")


@pytest.fixture
def ada(shop):
    """Somebody of the support team, logged in."""
    with Browser(shop) as browser:
        yield browser.log_in("ada")


def refused(answer: requests.Response, status: int, code: str) -> None:
    """Hold an answer to the shape of the API's errors."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/json"), answer.text
    assert list(answer.json()) == ["error", "code", "requestId"]
    assert answer.json()["code"] == code


def test_the_first_line_says_where_the_shop_is_and_who_may_log_in(shop):
    assert shop.log.read_text().splitlines()[0] == (
        f"{shop.url} is open: log in as mara, gus or ada (support) with {PASSWORD}"
    )


def test_who_is_not_logged_in_gets_a_login_and_401(browser):
    page = browser.page()
    assert "<input name=user>" in page
    assert "<li>" not in page
    for method, path in [("GET", CASES), ("POST", CASES), ("GET", QUEUE), ("OPTIONS", CASES)]:
        refused(browser.request(method, path, json={"body": BODY}), 401, "unauthorized")


@pytest.mark.parametrize(
    ("user", "password"),
    [("mara", "wrong"), ("mara", ""), ("mara", "correct hörse"), ("nobody", PASSWORD), ("", PASSWORD), ("", "")],
)
def test_a_wrong_name_or_password_logs_nobody_in(browser, user, password):
    browser.log_in(user, password)
    assert "<input name=user>" in browser.page()
    refused(browser.get(CASES), 401, "unauthorized")


def test_a_case_opened_with_the_session_is_on_the_page_and_escaped(mara):
    subject = next(SUBJECTS)
    assert subject not in mara.page()
    answer = mara.open_case(subject=subject)
    assert answer.headers["Location"] == f"{CASES}/{answer.json()['id']}"
    assert mara.get(answer.headers["Location"]).json()["messages"][0]["body"] == BODY
    page = mara.page()
    assert "<h1>Mara</h1>" in page
    assert subject not in page
    assert "<b>" not in page
    assert f"<li>{escape(subject)}" in page


def test_the_page_shows_only_what_is_open(mara):
    subject = next(SUBJECTS)
    opened = mara.open_case(subject=subject)
    assert mara.patch(opened.headers["Location"], json={"status": "closed"}).json()["status"] == "closed"
    assert escape(subject) not in mara.page()


def test_another_store_s_merchant_sees_nothing_of_it(mara, gus):
    subject = next(SUBJECTS)
    opened = mara.open_case(subject=subject)
    before = gus.count()
    assert escape(subject) not in gus.page()
    refused(gus.get(opened.headers["Location"]), 404, "not_found")
    refused(gus.patch(opened.headers["Location"], json={"status": "closed"}), 404, "not_found")
    refused(gus.get(QUEUE), 404, "not_found")
    assert gus.count() == before


def test_who_has_logged_out_is_a_stranger_again(mara):
    assert mara.get(CASES).status_code == 200
    assert mara.submit().status_code == 302
    assert "<input name=user>" in mara.page()
    refused(mara.get(CASES), 401, "unauthorized")


def test_who_logs_in_after_another_is_only_the_later(browser):
    browser.log_in("mara").log_in("gus")
    assert "<h1>Gus</h1>" in browser.page()
    assert browser.get(QUEUE).status_code == 404


def test_the_support_team_sees_all_stores_and_answers(mara, gus, ada):
    ours, theirs = next(SUBJECTS), next(SUBJECTS)
    opened = mara.open_case(subject=ours).json()
    gus.open_case(subject=theirs)
    page = ada.page()
    assert "<h1>Ada</h1>" in page
    queue = {(case["store"], case["subject"]) for case in ada.get(f"{QUEUE}?limit=100").json()["data"]}
    assert {("acme", ours), ("globex", theirs)} <= queue
    answer = ada.post(f"{QUEUE}/{opened['id']}/messages", json={"body": "We are on it."})
    assert (answer.status_code, answer.json()["message"]["authorLabel"]) == (201, "Ada")
    assert mara.get(f"{CASES}/{opened['id']}").json()["status"] == "answered"
    refused(ada.get(CASES), 403, "forbidden")


def test_the_support_team_s_page_is_the_queue(mara, ada):
    while ada.get(f"{QUEUE}?status=open").json()["meta"]["count"]:
        case = ada.get(f"{QUEUE}?status=open").json()["data"][0]
        ada.patch(f"{QUEUE}/{case['id']}", json={"status": "closed"})
    subject = next(SUBJECTS)
    mara.open_case(subject=subject)
    assert re.findall("<li>([^<]*)", ada.page()) == [escape(subject)]


@pytest.mark.parametrize("media_type", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data"])
def test_a_form_of_another_site_opens_nothing_even_if_the_cookie_came_with_it(mara, media_type):
    before = mara.count()
    body = f'{{"body": "{BODY}"}}'
    for headers in ({"Content-Type": media_type}, {"Content-Type": media_type, **OTHER_SITE}):
        refused(mara.post(CASES, data=body, headers=headers), 415, "unsupported_media_type")
    assert mara.count() == before


def test_a_script_of_another_site_is_told_no_by_its_browser(browser):
    preflight = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = browser.options(CASES, headers={**preflight, "Access-Control-Request-Headers": "content-type"})
    refused(answer, 401, "unauthorized")
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


def test_the_session_is_a_cookie_that_scripts_and_other_sites_do_not_have(browser):
    answer = browser.submit(user="mara", password=PASSWORD)
    name = SESSION[browser.shop.framework]
    cookies = [line for line in answer.raw.headers.getlist("Set-Cookie") if line.startswith(f"{name}=")]
    attributes = {part.strip().lower() for part in cookies[-1].split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/"} <= attributes


def test_another_site_cannot_log_a_browser_in_or_out(mara, browser):
    attack = {"data": {"user": "gus", "password": PASSWORD}, "headers": OTHER_SITE, "allow_redirects": False}
    for victim in (mara, browser):
        answer = victim.post("/login", **attack)
        assert answer.status_code in (400, 403, 404)
    assert "<h1>Mara</h1>" in mara.page()
    assert "<input name=user>" in browser.page()


def forgeries(cookie: str):
    """Return cookies that are almost like a true one."""
    middle = len(cookie) // 2
    changed = "A" if cookie[middle] != "A" else "B"
    return [f"{cookie[:middle]}{changed}{cookie[middle + 1 :]}", cookie[:-9], cookie[9:], "", "mara", "mara.", ".", "é"]


def test_a_forged_session_is_nobody_s(mara, browser):
    name = SESSION[mara.shop.framework]
    true = mara.cookies[name]
    assert browser.get(CASES, headers={"Cookie": f"{name}={true}"}).status_code == 200
    for forged in forgeries(true):
        cookie = {"Cookie": f"{name}={forged}".encode()}
        refused(browser.get(CASES, headers=cookie), 401, "unauthorized")
        assert "<input name=user>" in browser.get("/", headers=cookie).text


@pytest.mark.parametrize("others", ["a=1; {}", "{}; b=2", "a@b=1; {}", "novalue; {}", "; {};", 'q="x y"; {}'])
def test_the_session_is_found_among_other_cookies(mara, browser, others):
    name = SESSION[mara.shop.framework]
    cookie = {"Cookie": others.format(f"{name}={mara.cookies[name]}")}
    assert browser.get(CASES, headers=cookie).status_code == 200
    assert "<h1>Mara</h1>" in browser.get("/", headers=cookie).text


@pytest.mark.parametrize("path", ["/supportx", "/suppor", "/api/v1/support-cases", "/healthz", "/nowhere"])
def test_everything_beside_the_desk_is_the_shop_s_own_404(mara, path):
    answer = mara.get(path)
    assert (answer.status_code, "requestId" in answer.text) == (404, False)


@pytest.mark.parametrize("path", ["/support", "/support/", "/support/nowhere"])
def test_everything_below_support_is_the_desk_s_404(browser, path):
    refused(browser.get(path), 404, "not_found")


def test_the_desk_tells_its_health_and_where_it_is(browser):
    assert browser.get("/support/healthz").json() == {"status": "ok", "database": "ok"}
    assert browser.get("/support/openapi.json").json()["servers"] == [{"url": "/support"}]


def test_a_key_does_without_a_session_and_a_wrong_one_does_not(shop, browser, mara):
    opened = mara.open_case().json()
    for store, found in (("acme", True), ("globex", False)):
        head = {"Authorization": f"Bearer {shop.key(store)}"}
        assert (browser.get(f"{CASES}/{opened['id']}", headers=head).status_code == 200) is found
    refused(browser.get(CASES, headers={"Authorization": "Bearer sck_" + "0" * 48}), 401, "unauthorized")


def test_the_official_client_speaks_to_the_desk_of_the_shop(sdk, shop, mara, ada):
    client = sdk(f"{shop.url}/support", shop.key("acme"))
    opened = client.create(subject="By the client", severity="critical")
    assert "<li>By the client" in mara.page()
    answer = {"body": "Which browser is it?"}
    assert ada.post(f"{QUEUE}/acme:{opened['number']}/messages", json=answer).status_code == 201
    assert [m["authorLabel"] for m in client.get(f"%23{opened['number']}")["messages"]] == ["API", "Ada"]
    assert client.reply(opened["id"])["status"] == "open"
    assert client.update(str(opened["number"]), "closed")["status"] == "closed"
    page = client.browse(query="by the client")
    check(page, PAGE)
    assert page["data"][0]["id"] == opened["id"]
    stranger = sdk(f"{shop.url}/support", "sck_" + "0" * 48)
    with pytest.raises(Thrown, match=f"^{re.escape(NO_KEY)}$"):
        stranger.browse()


def test_flask_s_shop_is_told_what_happened(tmp_path):
    with open_shop("flask", tmp_path) as shop, Browser(shop) as mara, Browser(shop) as ada:
        mara.log_in("mara").open_case()
        ada.log_in("ada").post(f"{QUEUE}/acme:1/messages", json={"body": "We are on it."})
        mara.post(f"{CASES}/1/messages", json={"body": "Thanks."})
        ada.post(f"{QUEUE}/acme:1/messages", json={"body": "Done.", "close": True})
        assert shop.log.read_text().splitlines()[1:] == [
            "acme #1 opened by Mara",
            "acme #1 answered by Ada",
            "acme #1 replied by Mara",
            "acme #1 answered by Ada",
            "acme #1 closed by Ada",
        ]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_any_server_finds_the_application(framework, tmp_path):
    script = (
        f"import {framework}_shop as shop, sys\n"
        "from wsgiref.util import setup_testing_defaults\n"
        "for path in '/', '/support/healthz', '/support/api/v1/support-cases':\n"
        "    environ = {'PATH_INFO': path, 'HTTP_HOST': '127.0.0.1'}\n"
        "    setup_testing_defaults(environ)\n"
        "    list(shop.application(environ, lambda status, headers, exc_info=None: print(status[:3])))\n"
    )
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(EXAMPLES), str(ROOT)]), "PYTHONDONTWRITEBYTECODE": "1"}
    strictly = itertools.chain.from_iterable(("-W", rule) for rule in STRICTLY)
    command = [sys.executable, *strictly, "-c", script]
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.stdout.split(), done.stderr) == (["200", "200", "401"], "")
    assert (tmp_path / "shop.db").exists()


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_an_example_has_at_most_sixty_lines(framework):
    lines = (EXAMPLES / f"{framework}_shop.py").read_text().splitlines()
    assert len(lines) <= 60
    assert max(map(len, lines)) <= 120


def test_the_storefronts_are_these_five_and_begin_and_end_alike():
    assert sorted(path.name for path in EXAMPLES.glob("*_shop.py")) == sorted(f"{name}_shop.py" for name in FRAMEWORKS)
    texts = [(EXAMPLES / f"{framework}_shop.py").read_text() for framework in FRAMEWORKS]
    for name in ("PASSWORD", "USERS"):
        assert len({assigned(text, name) for text in texts}) == 1
    assert len({text.partition("if __name__")[2] for text in texts}) == 1
    assert len({re.sub(r"\n +", "\n", text[text.index("find = ") : text.index("for case in")]) for text in texts}) == 1


def test_their_page_names_each_setting():
    rows = re.findall(r"^\| (`[A-Z].*?) \|", (EXAMPLES / "README.md").read_text(), re.M)
    told = set(re.findall(r"\w+", " ".join(rows)))
    assert told == {
        name for path in EXAMPLES.glob("*.py") for name in re.findall(r"os\.environ\S*\W([A-Z_]+)\"", path.read_text())
    }


def assigned(text: str, name: str) -> str:
    """Return the line that assigns to `name`."""
    (line,) = [
        ast.get_source_segment(text, node)
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name
    ]
    return line
