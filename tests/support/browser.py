"""A real browser, Debian's Chromium driven by Playwright: pages in it, and what must not happen while they are open."""

from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
PATIENCE = 10_000  # milliseconds for what a test waits for
WIDE = {"width": 1280, "height": 860}
NARROW = {"width": 320, "height": 640}
# the devtools see violations as errors of the console; what a page itself is told has the directive and the place
TELL_VIOLATIONS = """
addEventListener("securitypolicyviolation", event =>
    console.error("violation of", event.effectiveDirective, event.blockedURI, event.sourceFile))
"""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN_AXE = """
rules => axe.run(document, {runOnly: rules}).then(result => result.violations.flatMap(violation =>
    violation.nodes.map(node => `${violation.id}: ${node.html.slice(0, 160)} ${node.failureSummary}`)))
"""
FOCUS = """
() => {
    const element = document.activeElement, style = getComputedStyle(element), box = element.getBoundingClientRect()
    const name = element.getAttribute("aria-label") || element.labels?.[0]?.textContent || element.textContent
    return {
        what: element.localName + ": " + name.trim().replace(/\\s+/g, " ").slice(0, 60),
        seen: style.outlineStyle !== "none" && box.width > 0 && box.bottom > 0 && box.top < innerHeight,
    }
}
"""


class Browsing:
    """Pages that are open, and the faults that were seen in them: `page = browse(url, color_scheme="dark")`."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.faults: list[str] = []

    def __call__(self, url: str, **context: Any) -> Page:
        """Open a page that knows nothing of the others; `context` is what Playwright's `new_context` takes."""
        opened = self._browser.new_context(**{"viewport": WIDE, "reduced_motion": "reduce", **context})
        self._contexts.append(opened)
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
        """Forget the faults with these words, which a test has brought about on purpose; there must be some."""
        assert any(words in fault for fault in self.faults), self.faults
        self.faults = [fault for fault in self.faults if words not in fault]

    def close(self) -> None:
        for context in self._contexts:
            context.close()


def axe_faults(page: Page, axe: str) -> list[str]:
    """Return what axe-core, whose source is `axe`, finds at fault with the page."""
    page.evaluate(axe)  # the devtools protocol is not bound by the page's policy
    return page.evaluate(RUN_AXE, RULES)


def pixels_too_wide(page: Page) -> int:
    """Return by how much the page is wider than its window."""
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


def tab_stops(page: Page, most: int = 2000) -> list[str]:
    """Press Tab until the focus leaves the page; return what had it. Each must be seen, with a line around it."""
    stops = []
    for _ in range(most):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS)
        if focus["what"].startswith("body"):
            return stops
        assert focus["seen"], f"{focus['what']} has the focus unseen, after {stops[-1:]}"
        stops.append(focus["what"])
    raise AssertionError(f"Tab does not come out of the page: {stops[-5:]}")
