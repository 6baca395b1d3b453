"""A desk that was used for everything, and all that its API tells: to be the same wherever the desk is moved to."""

from typing import Any

import pytest
from falcon.testing import TestClient

from supportcases import create_app
from supportcases.testing import MovableClock
from supportcases.web.application import SupportApp
from tests.conftest import ADA, CASES, SUPPORT
from tests.support.engine_option import CLUSTER

TEXTS = (
    "Straße & 100% 'off' \\ \"quoted\"\ttab\nline",
    "Привет, касса",
    "カードの決済が失敗する 🙂",
    "مرحبا، لا يعمل",
    "50%_done, or not?",
)
RETRIED = {"path": CASES, "headers": {"Idempotency-Key": "again"}, "json": {"body": "Once only.", "subject": "Once"}}
QUERIES = ("", "query=100%25", "query=%D0%BA%D0%B0%D1%81", "query=%E6%B1%BA", "query=50%25_", "query=of", "query=water")
FILTERS = ("status=open", "status=closed", "severity=critical", "category=other", "limit=2", "limit=2&offset=3")


class Lived:
    """A desk in which everything has happened: its clock, its keys, and the answer to a request that may come again."""

    def __init__(self, database: str) -> None:
        """Let it happen."""
        self.clock = MovableClock()
        self.app = self.serve(database)
        keys, desk = self.app.keys, self.app.desk
        self.keys = {store: keys.create(store)[0] for store in ("acme", "globex", "empty")}
        self.keys |= {"ada": keys.create_support(label="Ada", admin=True)[0]}
        self.keys |= {"bo": keys.create_support(label="Bo", stores=["acme"])[0]}
        revoked, kept = keys.create("acme", label="Lost")
        keys.revoke(kept.id)
        self.keys["revoked"] = revoked
        ada, acme = self.client(self.app, "ada"), self.client(self.app, "acme")
        for number, text in enumerate(TEXTS * 3):
            self.clock.advance(minutes=7, milliseconds=250 * (number % 2))
            store = ("acme", "globex")[number % 2]
            severity = ("critical", "high", "normal", "low")[number % 4]
            body = {"body": text, "subject": f"{number}: {text[:20]}".split("\t")[0], "severity": severity}
            opened = self.client(self.app, store).simulate_post(CASES, json=body)
            assert opened.status_code == 201, opened.text
        ada.simulate_post(f"{SUPPORT}/cases/acme:1/messages", json={"body": "Use some water."})
        ada.simulate_post(f"{SUPPORT}/cases/acme:1/messages", json={"body": "Do they pay?", "internal": True})
        acme.simulate_post(f"{CASES}/1/messages", json={"body": "It still burns.", "author": "Grace"})
        ada.simulate_patch(f"{SUPPORT}/cases/acme:2", json={"severity": "low", "assignee": "me", "subject": "Renamed"})
        self.clock.advance(hours=3)
        acme.simulate_patch(f"{CASES}/3", json={"status": "closed"})
        acme.simulate_patch(f"{CASES}/4", json={"status": "closed"})
        acme.simulate_patch(f"{CASES}/4", json={"status": "open"})
        desk.close(ADA, "globex:2")
        ada.simulate_post(f"{SUPPORT}/texts", json={"name": "Greeting", "body": "Hello,\n\n🙂"})
        self.first = acme.simulate_post(**RETRIED)
        assert self.first.status_code == 201
        self.ids = [case.id for case in desk.queue(ADA, limit=100).cases]

    def serve(self, database: str) -> SupportApp:
        """Return the app of a database, at the time of this desk."""
        return create_app(database, clock=self.clock)

    def client(self, app: SupportApp, who: str) -> TestClient:
        """Return a client of an app with one of the keys."""
        return TestClient(app, headers={"Authorization": f"Bearer {self.keys[who]}", "X-Request-Id": "test"})

    def walk(self, app: SupportApp) -> dict[tuple[str, str], Any]:
        """Return each answer of an app to whoever has a key: its status, its text and what its headers tell of it."""
        answers: dict[tuple[str, str], Any] = {}
        for who in self.keys:
            client = self.client(app, who)
            paths = self._merchants() if who not in ("ada", "bo") else self._teams()
            for path in paths:
                while path and (who, path) not in answers:
                    answer = client.simulate_get(path)
                    told = {name: answer.headers.get(name) for name in ("etag", "content-type", "link")}
                    answers[who, path] = answer.status_code, answer.content, told
                    base, _, query = path.partition("?")
                    following = (answer.json.get("meta") or {}).get("nextCursor") if base.endswith("/cases") else None
                    rest = "&".join(part for part in query.split("&") if not part.startswith(("cursor=", "offset=")))
                    path = f"{base}?{rest}&cursor={following}" if following else ""
        return answers

    def _merchants(self) -> list[str]:
        lists = [f"{CASES}?{query}" for query in (*QUERIES, *FILTERS)]
        return [*lists, *(f"{CASES}/{name}" for name in (*range(1, 11), *self.ids))]

    def _teams(self) -> list[str]:
        queue = [f"{SUPPORT}/cases?{query}" for query in (*QUERIES, *FILTERS, "assignee=Ada", "store=globex")]
        sorts = [f"{SUPPORT}/cases?sort={sort}&limit=3" for sort in ("waiting", "activity", "age", "severity")]
        of_each = [f"{SUPPORT}/cases/{name}{more}" for name in self.ids for more in ("", "/history")]
        found = [f"{SUPPORT}/cases?excerpts=true&{query}" for query in QUERIES]
        whole = [f"{SUPPORT}/{what}" for what in ("stats", "stats?store=acme", "views", "stores", "texts", "assignees")]
        return [*queue, *sorts, *of_each, *found, *whole, f"{SUPPORT}/keys", f"{SUPPORT}/keys?store=acme"]


@pytest.fixture
def owned_postgres(pytestconfig, lend_postgres, tmp_path_factory):
    """Return what makes an empty database of PostgreSQL, and returns its URL for who owns it."""
    worker = tmp_path_factory.getbasetemp().name.replace("-", "_")
    return lambda name="moving": pytestconfig.stash[CLUSTER].make(f"{worker}_{name}")
