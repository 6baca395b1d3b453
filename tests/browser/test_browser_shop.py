"""docs/browser-shop.md, as written: a page of another origin opens a case with a file by the official client."""

import re
import time
from types import SimpleNamespace

import pytest

from supportcases import Actor
from tests.conftest import CASES, ROOT, call
from tests.support.official_client import SDK, fetch_packages

PAGE = (ROOT / "docs" / "browser-shop.md").read_text(encoding="utf-8")
(PYTHON,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
FILES = {
    name: text
    for text, name in re.findall(r"```(?:html|js)\n((?:<!--|//) ([a-z]+\.(?:html|js)).*?)```", PAGE, re.DOTALL)
}
SHOP, DESK = "https://shop.example", "https://desk.example"
TYPES = {"html": "text/html", "js": "text/javascript"}
MARA = Actor.merchant("acme")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(300_000)


@pytest.fixture
def written(tmp_path, monkeypatch):
    """The names of the Python block, which takes the shop for that of `origin`: `names = written(origin)`."""
    monkeypatch.chdir(tmp_path)

    def names(origin: str) -> SimpleNamespace:
        assert PYTHON.count(SHOP) == 1
        found = {}
        exec(compile(PYTHON.replace(SHOP, origin), "browser-shop.md", "exec"), found)
        return SimpleNamespace(**found)

    return names


@pytest.fixture
def shop(serve, written):
    """The shop and the desk, each at an origin of its own: where the shop is, and the names of the Python block."""
    fetch_packages()
    files = dict(FILES)
    names = None

    def site(environ, start_response):
        path = environ["PATH_INFO"].lstrip("/") or "index.html"
        if path == "support-token":
            return names.support_token(environ, start_response)
        if path.startswith("commerce-kit/"):
            body = (SDK / "node_modules" / "commerce-kit" / "dist" / path.partition("/")[2]).read_text()
        elif (body := files.get(path)) is None:
            start_response("404 Not Found", [])
            return []
        start_response("200 OK", [("Content-Type", TYPES[path.rpartition(".")[2]])])
        return [body.encode()]

    origin = serve(site)
    names = written(origin)
    desk = serve(names.desk)
    for name in ("index.html", "shop.js"):
        assert DESK in files[name]
        files[name] = files[name].replace(DESK, desk)
    yield origin, names
    names.desk.desk.repository.close()


def test_the_merchant_opens_a_case_with_a_file_sees_it_and_replies(shop, chromium):
    origin, names = shop
    faults = []
    with chromium.new_context() as context:
        context.on("console", lambda message: faults.append(message.text))
        context.on("weberror", lambda error: faults.append(str(error.error)))
        page = context.new_page()
        page.goto(origin)
        page.get_by_text("Sign in first.").wait_for()
        (fault,) = faults
        assert "401" in fault
        faults.clear()

        context.add_cookies([{"name": "session", "value": "of-mara", "url": origin}])
        page.reload()
        page.get_by_label("What is wrong?").fill("The <b>checkout</b> is blank.")
        page.get_by_label("A picture").set_input_files({"name": "page.png", "mimeType": "image/png", "buffer": PNG})
        page.get_by_role("button", name="Send").click()
        page.get_by_role("button", name="1 The checkout is blank (open)").click()
        assert page.locator("#case li").all_inner_texts() == ["API: The <b>checkout</b> is blank. page.png"]
        names.desk.desk.answer(Actor.support("Ada"), "acme:1", body="Which browser?")
        page.get_by_role("textbox", name="Reply").fill("This one.")
        page.get_by_role("button", name="Reply", exact=True).click()
        page.get_by_text("API: This one.").wait_for()
        assert page.locator("#case li").count() == 3
        assert page.locator("#problem").inner_text() == ""
    assert faults == []
    messages = names.desk.desk.get(MARA, 1).messages
    assert [message.body for message in messages] == ["The <b>checkout</b> is blank.", "Which browser?", "This one."]
    (file,) = messages[0].attachments
    assert b"".join(names.desk.desk.read_attachment(MARA, 1, file.id)) == PNG


def test_no_token_is_good_for_another_store_or_for_longer(written, monkeypatch):
    names = written(SHOP)
    good = names.token_for("acme")
    _, until, signature = good.split("/")

    def status(token: str) -> int:
        return call(names.desk, "GET", CASES, HTTP_AUTHORIZATION=f"Bearer {token}").status

    wrong = (f"globex/{until}/{signature}", f"acme/{int(until) + 1}/{signature}", f"acme/{until}/é", good[:-1], "")
    assert [status(token) for token in (good, *wrong)] == [200, 401, 401, 401, 401, 401]
    later = time.time() + 900
    monkeypatch.setattr(names.time, "time", lambda: later)
    assert status(good) == 401
    names.desk.desk.repository.close()
