"""A real browser, Debian's Chromium driven by Playwright: pages in it, and what must not happen while they are open."""

import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect

FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
PATIENCE = 30_000  # milliseconds for what a test waits for, on a busy machine
expect.set_options(timeout=PATIENCE)  # which else waits five seconds, whatever the page does
WIDE = {"width": 1280, "height": 860}
NARROW = {"width": 320, "height": 640}
# the devtools see violations as errors of the console; what a page itself is told has the directive and the place
TELL_VIOLATIONS = """
addEventListener("securitypolicyviolation", event =>
    console.error("violation of", event.effectiveDirective, event.blockedURI, event.sourceFile))
"""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OF_COLOURS = ["color-contrast", "link-in-text-block"]  # those of the rules that see another page in the dark
RUN_AXE = """
([within, rules, but]) => axe.run(within, {
    runOnly: rules, resultTypes: ["violations"], rules: Object.fromEntries(but.map(rule => [rule, {enabled: false}])),
}).then(result =>
    result.violations.flatMap(violation => violation.nodes.map(node =>
        `${violation.id}: ${node.html.slice(0, 160)} ${node.failureSummary}`)))
"""
# an element looks like another with the same tags, classes, types and names of attributes from the section down
EMPTY_REPEATS = """
() => {
    const own = element => [element.localName, element.className, element.type, ...element.getAttributeNames().sort()]
    const looks = (element, above) => [...element.children].flatMap(child => {
        const look = `${above} > ${own(child)}`
        return [look, ...looks(child, look)]
    })
    const seen = new Set()
    for (const section of document.querySelectorAll("main section")) {
        const found = looks(section, own(section))
        if (found.every(look => seen.has(look))) section.replaceChildren()
        found.forEach(look => seen.add(look))
    }
}
"""
# what is hit by more than its own box: a row, a label; and links in what people wrote
SMALL = """
larger => [...document.querySelectorAll("a, button, select, input:not([type=hidden]), summary")].filter(element => {
    const box = element.getBoundingClientRect(), shown = box.width && getComputedStyle(element).opacity > 0
    return shown && (box.height < 24 || box.width < 24) && !element.matches(larger)
}).map(element => element.outerHTML.slice(0, 80))
"""
WATCH_FOCUS = """
() => {
    const focus = (element, style, box) => ({
        what: element.localName + ": " + (element.getAttribute("aria-label") || element.labels?.[0]?.textContent
            || element.textContent).trim().replace(/\\s+/g, " ").slice(0, 60),
        seen: style.outlineStyle !== "none" && box.width > 0 && box.bottom > 0 && box.top < innerHeight,
    })
    window.stops = []
    let first  // where the focus comes from outside again, which may be before the body has had it
    addEventListener("keydown", () => {
        const element = document.activeElement
        const out = element === document.body || element === first
        stops.push(out ? {what: "out"} : focus(element, getComputedStyle(element), element.getBoundingClientRect()))
        if (stops.length > 1 && !out) first ??= element
    }, true)
}
"""
AT_ONCE = 20  # presses of Tab before it is asked where they led


class Browsing:
    """Pages that are open, and the faults that were seen in them: `page = browse(url, color_scheme="dark")`."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.faults: list[str] = []

    def __call__(self, url: str, *, cookies: Sequence[Any] = (), **context: Any) -> Page:
        """Open a page that knows nothing of the others; `context` is what Playwright's `new_context` takes."""
        opened = self._browser.new_context(**{"viewport": WIDE, "reduced_motion": "reduce", **context})
        self._contexts.append(opened)
        opened.add_cookies(cookies)
        opened.set_default_timeout(PATIENCE)
        opened.add_init_script(TELL_VIOLATIONS)
        opened.on("console", self._said)
        opened.on("weberror", lambda error: self.faults.append(f"uncaught: {error.error}"))
        opened.on("request", lambda request: self._asked(request, urlsplit(url).netloc))
        page = opened.new_page()
        page.goto(url)
        return page

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(f"console: {message.text}")

    def _asked(self, request: Request, home: str) -> None:
        if urlsplit(request.url).netloc not in ("", home):  # "" is that of a `data:` URL
            self.faults.append(f"elsewhere: {request.url}")

    def expected(self, words: str) -> None:
        """Forget the faults with these words, which a test has brought about on purpose; some must come."""
        until = time.monotonic() + PATIENCE / 1000
        while not any(words in fault for fault in self.faults):
            assert time.monotonic() < until, self.faults
            self._listen()
        self.faults = [fault for fault in self.faults if words not in fault]

    def _listen(self) -> None:
        """Let the pages say what they have to say: it is heard before the answer to what they are asked after it."""
        for context in self._contexts:
            for page in context.pages:
                page.evaluate("document.title")

    def close(self) -> None:
        self._listen()
        for context in self._contexts:
            context.close()


def axe_faults(page: Page, axe: str, within: str, *, colours: bool = True) -> list[str]:
    """Return what axe-core, whose source is `axe`, finds at fault in a part of the page, in the light and the dark."""
    page.evaluate(axe)  # the devtools protocol is not bound by the page's policy
    faults = page.evaluate(RUN_AXE, [within, RULES, [] if colours else OF_COLOURS])
    if colours:
        page.emulate_media(color_scheme="dark")
        faults += page.evaluate(RUN_AXE, [within, OF_COLOURS, []])
        page.emulate_media(color_scheme="light")
    return list(dict.fromkeys(faults))


def empty_repeats(page: Page) -> None:
    """Empty each section of a long page in which no element looks like none of the sections before."""
    page.evaluate(EMPTY_REPEATS)


def pixels_too_wide(page: Page) -> int:
    """Return by how much the page is wider than its window."""
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


def tab_stops(page: Page, most: int = 2000) -> list[str]:
    """Press Tab until the focus leaves the page; return what had it. Each must be seen, with a line around it."""
    page.evaluate(WATCH_FOCUS)
    for _ in range(0, most, AT_ONCE):
        for _ in range(AT_ONCE):
            page.keyboard.down("Tab")  # held, as it were: the next press tells where this one led
        stops = page.evaluate("stops")[1:]
        names = [stop["what"] for stop in stops]
        past = next((place for place, name in enumerate(names) if name == "out"), None)
        unseen = next((place for place, stop in enumerate(stops[:past]) if not stop["seen"]), None)
        assert unseen is None, f"{names[unseen]} has the focus unseen, after {names[:unseen][-1:]}"
        if past is not None:
            page.keyboard.up("Tab")
            return names[:past]
    raise AssertionError(f"Tab does not come out of the page: {names[-5:]}")
