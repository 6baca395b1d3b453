"""What all pages have in common: headers that let nothing in from outside, and files that are kept for ever."""

import gzip
import hashlib
from importlib.resources import files

import falcon
import pytest
from falcon.testing import TestClient

from supportcases.web.pages.content import HTML, Content, StaticFiles, set_page_headers

MARK = files("supportcases.web.pages").joinpath("static", "mark.svg").read_bytes()
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)


@pytest.fixture
def statics():
    return StaticFiles("supportcases.web.pages", "/docs/static")


@pytest.fixture
def visitor(statics):
    app = falcon.App()
    for path, resource in statics.routes.items():
        app.add_route(path, resource)
    return TestClient(app)


def test_the_name_of_a_file_tells_its_content_and_so_it_is_kept_for_ever(statics, visitor):
    path = statics.path("mark.svg")
    assert path == f"/docs/static/mark-{hashlib.sha256(MARK).hexdigest()[:12]}.svg"
    answer = visitor.simulate_get(path)
    assert (answer.status_code, answer.content) == (200, MARK)
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_a_page_loads_only_what_is_ours_and_nobody_frames_it_or_guesses_its_type(visitor, statics):
    headers = visitor.simulate_get(statics.path("mark.svg")).headers
    assert headers["content-security-policy"] == POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


def test_who_may_frame_a_page_can_be_said():
    resp = falcon.Response()
    set_page_headers(resp, framed_by="https://shop.example")
    frames = "frame-ancestors https://shop.example"
    assert resp.get_header("Content-Security-Policy") == POLICY.replace("frame-ancestors 'none'", frames)


@pytest.mark.parametrize("coding", ["gzip", "br, GZIP", "gzip;q=0.5", "deflate, gzip ; q=1.0, br"])
def test_whoever_takes_gzip_gets_it(visitor, statics, coding):
    answer = visitor.simulate_get(statics.path("mark.svg"), headers={"Accept-Encoding": coding})
    assert (answer.headers["content-encoding"], answer.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert gzip.decompress(answer.content) == MARK


@pytest.mark.parametrize("coding", ["", "br", "x-gzip", "gzip;q=0", "gzip;q=0.0, br", "identity"])
def test_nobody_else_does(visitor, statics, coding):
    answer = visitor.simulate_get(statics.path("mark.svg"), headers={"Accept-Encoding": coding})
    assert answer.content == MARK
    assert "content-encoding" not in answer.headers
    assert answer.headers["vary"] == "Accept-Encoding"


def test_a_page_is_compressed_once_and_always_to_the_same():
    page = Content(b"<p>Hello</p>" * 100, HTML)
    assert page.gzipped is page.gzipped
    assert page.gzipped == Content(page.data, HTML).gzipped


def test_head_answers_as_get_without_the_body(visitor, statics):
    head, get = (visitor.simulate_request(method, statics.path("mark.svg")) for method in ("HEAD", "GET"))
    assert (head.status_code, head.headers, head.content) == (200, get.headers, b"")
