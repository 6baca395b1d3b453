"""An agent in a browser, for each house: answers cases in the console, and leaves the queue open beside."""

import shutil
import threading
import time
from collections.abc import Sequence
from typing import Final

from playwright.sync_api import Browser, Page, TimeoutError, sync_playwright

from dev.torture.soak.house import House
from tests.support.browser import FLAGS
from tests.support.tools import SEARCHED

NEWEST: Final = "/?store=acme&sort=activity"
PACE: Final = 3.0  # seconds between two cases
MEMORY: Final = "performance.memory.usedJSHeapSize / 1e6"


class Console:
    """The agents' browser."""

    def __init__(self, houses: Sequence[House], over: threading.Event) -> None:
        """Take the houses that are worked in."""
        self._houses = houses
        self._over = over

    def work(self) -> None:
        """Go on until it is over, in one house after the other."""
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium-headless-shell", path=SEARCHED),
                args=[*FLAGS, "--enable-precise-memory-info"],
            )
            seats = []
            for house in self._houses:
                if house.ready.wait(60):
                    seats.append(Seat(browser, house))
            while seats and not self._over.wait(PACE / len(seats)):
                seats.append(seats.pop(0))
                seats[0].answer_one()
            browser.close()


class Seat:
    """One agent's two pages: a case that is answered, and the queue that keeps itself fresh."""

    def __init__(self, browser: Browser, house: House) -> None:
        """Open the queue, for good."""
        self._house = house
        context = browser.new_context()
        context.set_default_timeout(20_000)
        context.on("weberror", lambda error: house.faults.append(f"the console: {error.error}"))
        self._page = context.new_page()
        self._queue = context.new_page()
        self._open(self._page, "/")
        self._open(self._queue, "/")

    def answer_one(self) -> None:
        """Answer the case in which something happened last, and look at how much memory the queue takes."""
        begun = time.monotonic()
        try:
            self._open(self._page, NEWEST)
            self._page.locator(".queue .what a").first.click()
            self._page.get_by_label("Text", exact=True).fill("It is mended. Can you try again?")
            self._page.get_by_role("button", name="Send answer").click()
            self._page.wait_for_url("**#last")
        except TimeoutError as error:
            if self._page.locator(".queue .what a").count():  # else nothing waits
                self._house.faults.append(f"the console after {time.monotonic() - begun:.0f} s: {error.message[:300]}")
            return
        self._house.answered_in_console += 1
        if self._queue.get_by_label("Support key").count():
            self._open(self._queue, "/")
        self._queue.request_gc()
        self._house.watch.console_memory = self._queue.evaluate(MEMORY)

    def _open(self, page: Page, path: str) -> None:
        page.goto(f"http://127.0.0.1:{self._house.old.port}/console{path}")
        if page.get_by_label("Support key").count():
            page.get_by_label("Support key").fill(self._house.team_key)
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url("**/console/**")
