"""An agent at the console, over HTTP in this process: signed in, with a browser's headers."""

import re
from html import unescape
from urllib.parse import urlencode

from falcon.testing import Result, TestClient

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SAME = {"Sec-Fetch-Site": "same-origin"}


class Agent:
    """Somebody's browser, which keeps the cookies that it gets; `at` is where the app is mounted."""

    def __init__(self, app, key: str | None = None, at: str = "", **headers: str) -> None:
        self.client = TestClient(app, headers=headers)
        self.at = at
        self.cookies: dict[str, str] = {}
        if key:
            assert self.post("/sign-in", key=key).status_code == 303

    def get(self, path: str = "/", **headers: str) -> Result:
        """Open a page of the console."""
        return self._keep(self.client.simulate_get(f"{self.at}/console{path}", headers=self._sent(headers)))

    def post(self, path: str, fields=(), sent=SAME, **named: str) -> Result:
        """Send a form as a page of ours does; `sent` are other headers in place of those that say so."""
        body = urlencode([*fields, *named.items()])
        headers = self._sent({**FORM, **sent})
        return self._keep(self.client.simulate_post(f"{self.at}/console{path}", body=body, headers=headers))

    def _sent(self, headers: dict[str, str]) -> dict[str, str]:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {**headers, "Cookie": cookie} if cookie else headers

    def _keep(self, answer: Result) -> Result:
        for name, cookie in answer.cookies.items():
            self.cookies.pop(name, None)
            if cookie.value:
                self.cookies[name] = cookie.value
        return answer


def text_of(html: str) -> str:
    """Return what a page says, without its tags, in one line."""
    return " ".join(re.sub(r"<(style|script).*?</\1>|<[^>]+>", " ", html, flags=re.DOTALL).split())


def noticed(agent: Agent, path: str = "/") -> str | None:
    """Return what a page tells of what was done on the page before."""
    found = re.search('<p id="notice"[^>]*>(.*?)</p>', agent.get(path).text, re.DOTALL)
    return unescape(found[1]) if found else None


def subjects_of(html: str) -> list[str]:
    """Return the subjects of the cases in the queue."""
    return re.findall(r'<div class="what"><a [^>]*>(.*?)</a>', html.replace("<mark>", "").replace("</mark>", ""))
