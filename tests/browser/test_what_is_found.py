"""The checks of the browser's tests find what is wrong on a page: each fault is planted here."""

from importlib.resources import files

import falcon
import pytest

from supportcases import create_app
from supportcases.console import Console
from supportcases.web.pages.content import HTML, set_page_headers
from tests.conftest import ADA
from tests.support.browser import NARROW, empty_repeats, pixels_too_wide, tab_stops

PAGE = """<!doctype html><html lang="en"><head><title>Planted</title></head>
<body><main><h1>Planted</h1><a href="/">Home</a>{planted}</main></body></html>"""
FOREIGN = "http://127.0.0.2:9/pixel.png"


@pytest.fixture
def planted(serve):
    """Serve a page with the fault in it, under the policy of our pages or without one; return its URL."""

    class Planted:
        def __init__(self, html, under_policy):
            self.html, self.under_policy = html, under_policy

        def on_get(self, req, resp):
            if self.under_policy:
                set_page_headers(resp)
            resp.content_type, resp.text = HTML, PAGE.format(planted=self.html)

    def planted(html="", *, under_policy=True):
        app = falcon.App()
        app.add_route("/", Planted(html, under_policy))
        app.add_route("/favicon.ico", Planted("", True))
        return serve(app)

    return planted


@pytest.mark.parametrize(
    ("html", "directive"),
    [
        ('<p style="color: red">Red</p>', "style-src-attr"),
        ("<style>p { color: red }</style>", "style-src-elem"),
        ("<script>document.title = 'ran'</script>", "script-src-elem"),
        ('<button onclick="alert()">Click</button>', "script-src-attr"),
        ('<img src="data:image/gif;base64,R0lGODlh" alt="">', "img-src"),
        ('<iframe src="/" title="itself"></iframe>', "frame-src"),
    ],
)
def test_what_the_policy_forbids_is_found(planted, browse, html, directive):
    page = browse(planted(html))
    assert page.title() == "Planted"
    browse.expected(f"violation of {directive}")
    browse.expected("violates the following Content Security Policy directive")


def test_a_request_to_another_host_is_found(planted, browse):
    browse(planted(f'<img src="{FOREIGN}" alt="">', under_policy=False))
    browse.expected(f"elsewhere: {FOREIGN}")
    browse.expected("console: Failed to load resource")


def test_an_error_that_nobody_catches_is_found(planted, browse):
    browse(planted("<script>nobody.knows()</script>", under_policy=False))
    browse.expected("uncaught: nobody is not defined")


def test_a_file_that_is_missing_is_found(planted, browse):
    browse(planted('<img src="/nothing.png" alt="">'))
    browse.expected("the server responded with a status of 404")


@pytest.mark.parametrize(
    ("html", "rule"),
    [
        ('<p><font color="#999999">Grey</font></p>', "color-contrast"),
        ('<img src="/favicon.ico">', "image-alt"),
        ('<input name="name">', "label"),
        ("<h3>Two levels down</h3>", "heading-order"),
    ],
)
def test_what_keeps_people_out_is_found(planted, browse, axe, html, rule):
    page = browse(planted(html))
    assert [fault.partition(":")[0] for fault in axe(page)] == [rule]


def test_what_keeps_people_out_in_the_dark_alone_is_found(planted, browse, axe):
    dark = "<style>@media (prefers-color-scheme: dark) { p { color: #777; background: #666 } }</style><p>Grey</p>"
    page = browse(planted(dark, under_policy=False))
    assert [fault.partition(":")[0] for fault in axe(page)] == ["color-contrast"]


def test_a_page_that_is_too_wide_is_found(planted, browse):
    page = browse(planted("<pre>" + "wide " * 100 + "</pre>"), viewport=NARROW)
    assert pixels_too_wide(page) > 1000


def test_a_focus_that_nobody_sees_is_found(planted, browse):
    page = browse(planted("<style>a { outline: none }</style>", under_policy=False))
    with pytest.raises(AssertionError, match="a: Home has the focus unseen"):
        tab_stops(page)


def test_a_page_without_fault_has_none(planted, browse, axe):
    page = browse(planted('<p>Nothing is wrong.</p><button type="button">Nothing</button>'), viewport=NARROW)
    assert axe(page) == []
    assert pixels_too_wide(page) == 0
    assert tab_stops(page) == ["a: Home", "button: Nothing"]


def test_what_is_planted_on_pages_of_the_console_is_found(serve, browse, axe, tmp_path):
    planted = {
        "new": ('<p style="color: red">Red</p>', "violation of style-src-attr"),
        "numbers": (f'<img src="{FOREIGN}" alt="">', f"violation of img-src {FOREIGN}"),
        "texts": ("<script>document.title = 'ran'</script>", "violation of script-src-elem"),
        "store": ('<p><font color="#999999">Grey</font></p>', ""),
    }
    templates = files("supportcases.console") / "templates"
    for name, (html, _) in planted.items():
        page = (templates / f"{name}.html").read_text(encoding="utf-8")
        (tmp_path / f"{name}.html").write_text(page.replace("<h1>", f"{html}<h1>"), encoding="utf-8")
    app = create_app(":memory:", authenticate=lambda req: ADA, console=Console(templates=tmp_path))
    root = f"{serve(app)}/console"
    page = browse(f"{root}/")
    assert axe(page) == []
    for name, (_, fault) in planted.items():
        page.goto(f"{root}/stores/acme" if name == "store" else f"{root}/{name}")
        if fault:
            browse.expected(fault)
            browse.expected("violates the following Content Security Policy directive")
    browse.expected(f"elsewhere: {FOREIGN}")
    assert [found.partition(":")[0] for found in axe(page)] == ["color-contrast"]


def test_of_sections_that_look_alike_one_is_kept(planted, browse):
    looks = ("class=a", "class=a", "class=b", "class=a", "class=a hidden")
    page = browse(planted("".join(f"<section><p {look}>Text</p></section>" for look in looks)))
    empty_repeats(page)
    assert page.locator("main section:not(:empty)").evaluate_all("all => all.map(each => each.innerHTML)") == [
        f"<p {look}>Text</p>" for look in ('class="a"', 'class="b"', 'class="a" hidden=""')
    ]
