"""Take the pictures of the pages that the documents show: `python -m dev.tools.pictures [NAME ...]`.

It needs Debian's `chromium` and `fonts-inter`. Each is of a real page of a real desk, once in light and once in dark.
"""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

import sample_app
from supportcases import Actor, SupportApp, create_app
from supportcases.server import served
from supportcases.testing import some_cases
from tests.support.browser import FLAGS

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
WINDOW = {"width": 1280, "height": 800}

ADA, GRACE = Actor.support("Ada"), Actor.support("Grace")
STORES = (
    *(("lumen-and-oak", 46, 3), ("nordlys", 38, 5), ("casa-verde", 31, 8)),
    *(("kiyo-ceramics", 22, 13), ("acme", 17, 21), ("tiny-press", 9, 34)),
)
CASE = "kiyo-ceramics:17"
NOTE = "Looks like the gateway again: https://status.example.com/incidents/4711\nDo not promise a date yet."

Visit = Callable[[Any, str], Page]  # serves a WSGI application, and opens a path of it


def reference(visit: Visit) -> Page:
    """The reference, with the answer to a request that it has sent."""
    app = create_app(":memory:", docs=True)
    page = visit(app, "/docs")
    page.get_by_label("API key, kept in this tab only").fill(app.keys.create("acme")[0])
    page.get_by_role("link", name="Open case POST").first.click()
    opening = page.locator("#openCase")
    opening.get_by_role("button", name="Send").click()
    opening.get_by_role("status").get_by_text("Answer").wait_for()
    page.mouse.move(0, 0)
    return page


def console_queue(visit: Visit) -> Page:
    """The console's queue, some of which has been read before."""
    app = a_busy_desk()
    page = signed_in(app, visit, "/console/")
    page.evaluate(
        "document.querySelectorAll('.queue li').forEach((row, place) => "
        "place % 3 && localStorage.setItem(`seen:${row.dataset.ref}`, row.dataset.seen))"
    )
    page.reload()
    page.keyboard.press("j")
    return page


def console_case(visit: Visit) -> Page:
    """A case in the console, with a note."""
    return signed_in(a_busy_desk(), visit, "/console/cases/kiyo-ceramics/17")


def merchant_list(visit: Visit) -> Page:
    """The support page of the sample's shop."""
    return visit(a_shop(), "/help/")


def merchant_case(visit: Visit) -> Page:
    """A case of that shop's, which support has answered."""
    page = visit(a_shop(), "/help/?status=answered")
    page.locator(".sc-list a").first.click()
    page.get_by_role("list", name="What was said").wait_for()
    return page


def a_shop() -> Any:
    """The shop of the sample, with the cases of its first start."""
    app = create_app(":memory:")
    sample_app.seed(app.desk)
    return sample_app.shop_with(app)


def a_busy_desk() -> SupportApp:
    """An app with the cases of a week, some of which somebody has taken."""
    app = create_app(":memory:", console=True)
    desk, until = app.desk, datetime.now(UTC) - timedelta(minutes=4)
    for store, count, seed in STORES:
        some_cases(desk.repository, count, store=store, until=until, seed=seed, span=timedelta(days=7))
    for place, case in enumerate(desk.queue(ADA, status="open", limit=100).cases):
        if place % 3 != 1:
            desk.assign(ADA if place % 2 else GRACE, case.id, "me")
    desk.change(GRACE, CASE, severity="critical", assignee="Ada")
    desk.note(GRACE, CASE, body=NOTE)
    return app


def signed_in(app: SupportApp, visit: Visit, path: str) -> Page:
    """Open a page of the console as Ada."""
    page = visit(app, path)
    page.get_by_label("Support key").fill(app.keys.create_support(label="Ada")[0])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("navigation", name="Views").wait_for()
    return page


PICTURES: dict[str, Callable[[Visit], Page]] = {
    "reference": reference,
    "console-queue": console_queue,
    "console-case": console_case,
    "merchant-list": merchant_list,
    "merchant-case": merchant_case,
}


def main(names: list[str]) -> None:
    """Take the pictures with these names, or all."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for name in names or PICTURES:
            for scheme in ("light", "dark"):
                take(browser, name, scheme)
        browser.close()


def take(browser: Browser, name: str, scheme: str) -> None:
    """Take a picture in light or dark."""
    with ExitStack() as stack:
        page = browser.new_page(viewport=WINDOW, color_scheme=scheme, reduced_motion="reduce")
        stack.callback(page.close)

        def visit(app: Any, path: str) -> Page:
            page.goto(stack.enter_context(served(app)) + path)
            return page

        target = FOLDER / f"{name}-{scheme}.png"
        PICTURES[name](visit).screenshot(path=target)
        print(f"wrote {target}: {target.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
