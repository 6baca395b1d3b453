"""The console in somebody's application: their session decides, with their settings; and without the extra."""

import sys

import pytest

from supportcases import Actor, create_app
from supportcases.console import Console
from tests.support.console import Agent


def who(req):
    name = req.get_header("X-User")
    if name is None:
        return None
    return Actor.merchant("acme") if name == "Mara" else Actor.support(name, stores=["acme"])


@pytest.fixture
def hosted(repository, clock):
    def hosted(console=True, **settings):
        return create_app(repository, clock=clock, authenticate=who, console=console, **settings)

    return hosted


def test_whom_the_host_knows_needs_no_key_and_sees_only_their_stores(hosted, blank_pages):
    page = Agent(hosted()).get("/?sort=activity", **{"X-User": "Bob"})
    assert page.status_code == 200
    assert "Blank page" in page.text
    assert "theirs" not in page.text
    assert "Sign out" not in page.text
    assert Agent(hosted()).get("/cases/globex/1", **{"X-User": "Bob"}).status_code == 404


def test_whom_the_host_does_not_know_gets_401_where_it_says_nothing_else(hosted):
    answer = Agent(hosted()).get("/cases/acme/1")
    assert (answer.status_code, answer.headers["Content-Type"]) == (401, "text/html; charset=utf-8")
    assert "You are not signed in, or may not see this." in answer.text
    assert "WWW-Authenticate" not in answer.headers
    assert Agent(hosted()).get("/sign-in").status_code == 404


@pytest.mark.parametrize(("url", "joint"), [("/login", "?"), ("https://id.example/?app=desk", "&")])
def test_or_is_led_where_the_host_says(hosted, url, joint):
    agent = Agent(hosted(Console(sign_in_url=url)))
    for answer, onward in (
        (agent.get("/cases/acme/1?all=1"), "%2Fconsole%2Fcases%2Facme%2F1%3Fall%3D1"),
        (agent.post("/cases/acme/1", body="Hello"), "%2Fconsole%2Fcases%2Facme%2F1"),
    ):
        place = f"{url}{joint}next={onward}".replace("&", "&amp;")
        assert answer.status_code == 401
        assert f'<meta http-equiv="refresh" content="0; url={place}">' in answer.text
        assert f'href="{place}">Sign in</a>' in answer.text


def test_to_a_merchant_it_is_as_if_there_were_no_console(hosted):
    answer = Agent(hosted()).get("/", **{"X-User": "Mara"})
    assert answer.status_code == 404
    assert "There is nothing at this path." in answer.text


def test_keys_let_people_in_beside_the_host_where_it_says_so(hosted, support_key, blank_pages):
    app = hosted(api_keys=True)
    assert Agent(app).get("/", **{"X-User": "Bob"}).status_code == 200
    assert "theirs" in Agent(app, support_key).get("/?sort=activity").text


def test_what_is_no_actor_is_the_hosts_fault(repository):
    app = create_app(repository, authenticate=lambda req: "Ada", console=True)
    assert Agent(app).get().status_code == 500


def test_a_host_gives_a_brand_a_theme_templates_and_who_may_frame_it(repository, support_key, tmp_path):
    (tmp_path / "error.html").write_text("<p>{{ brand }} says: {{ refusal.sentence }}</p>")
    wanted = Console(brand="L & O", theme="/own.css", templates=tmp_path, framed_by="https://shop.example")
    browser = Agent(create_app(repository, console=wanted), support_key)
    page = browser.get()
    assert "Waiting (0) · L &amp; O</title>" in page.text
    assert '<link rel="stylesheet" href="/own.css">' in page.text
    assert "frame-ancestors https://shop.example" in page.headers["Content-Security-Policy"]
    assert browser.get("/nothing").text == "<p>L &amp; O says: There is nothing at this path.</p>"


def test_without_it_there_is_nothing_at_its_path(support_desk):
    for path in ("/console", "/console/", "/console/sign-in"):
        assert Agent(support_desk.app).client.simulate_get(path).status_code == 404


@pytest.mark.parametrize("name", ["jinja2", "linkify_it"])
def test_without_the_extra_a_sentence_names_it(repository, monkeypatch, name):
    for module in [each for each in sys.modules if each.startswith("supportcases.console.")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError) as refused:
        create_app(repository, console=True)
    assert str(refused.value) == f"The console needs {name}: pip install 'supportcases[console]'."
    create_app(repository)


@pytest.mark.parametrize("prefix", ["/console", "/console/api"])
def test_the_api_cannot_be_below_it(repository, prefix):
    with pytest.raises(ValueError, match="prefix must not be '/console' or below it"):
        create_app(repository, console=True, prefix=prefix)
    create_app(repository, console=True, prefix="/consoles")
