"""Take the pictures of the pages that the documents show: `python -m dev.tools.pictures [NAME ...]`.

It needs Debian's `chromium` and `fonts-inter`. Each is of a real page of a real desk, once in light and once in dark.
"""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from supportcases import create_app
from supportcases.server import served
from tests.support.browser import FLAGS

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
WINDOW = {"width": 1280, "height": 800}

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


PICTURES: dict[str, Callable[[Visit], Page]] = {"reference": reference}


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
