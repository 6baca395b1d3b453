"""A page of another origin asks the API in a real browser: one that the host allows, and one that it does not."""

from supportcases import create_app
from tests.conftest import CASES

PAGE = b"<!doctype html><title>A shop</title>"
OPENS = """async ([url, key]) => {
    const headers = {Authorization: `Bearer ${key}`, "Content-Type": "application/json"};
    const body = JSON.stringify({body: "The checkout shows a blank page."});
    const answer = await fetch(url, {method: "POST", headers, body}).catch(error => null);
    return answer && [answer.status, new URL(answer.headers.get("Location"), url).pathname.split("/").length];
}"""


def shop(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    return [PAGE]


def test_who_is_allowed_opens_a_case_and_nobody_else_reads_anything(serve, chromium):
    allowed, other = serve(shop), serve(shop)
    app = create_app(":memory:", allow_origins=[allowed])
    key, _ = app.keys.create("acme")
    api = f"{serve(app)}{CASES}"
    with chromium.new_context() as context:
        page = context.new_page()
        page.goto(allowed)
        assert page.evaluate(OPENS, [api, key]) == [201, 5]
        page.goto(other)
        assert page.evaluate(OPENS, [api, key]) is None
    assert app.desk.list(app.keys.recognise(key)).count == 1  # the preflight was refused: nothing was sent
