"""The examples of the OpenAPI document: each is what a real app in memory answers to a real request."""

import itertools
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import falcon
from falcon.testing import TestClient

from supportcases import Actor, create_app
from supportcases.app import MAX_BODY
from supportcases.domain.errors import DatabaseBusy
from supportcases.testing import numbered_keys
from supportcases.web.service import PREFIX
from supportcases.webhooks.sending import Outcome
from supportcases.webhooks.worker import Worker

CASES: Final = f"{PREFIX}/support-cases"
ITEM: Final = f"{CASES}/{{id_or_number}}"
MESSAGES: Final = f"{ITEM}/messages"

FILES: Final = f"{CASES}/attachments"
FILE: Final = f"{FILES}/{{id}}"

EVENTS: Final = f"{CASES}/events"
HOOKS: Final = f"{CASES}/webhooks"

SUPPORT: Final = f"{PREFIX}/support"
SUPPORT_EVENTS: Final = f"{SUPPORT}/events"
SUPPORT_HOOKS: Final = f"{SUPPORT}/webhooks"
SUPPORT_FILES: Final = f"{SUPPORT}/attachments"
SUPPORT_FILE: Final = f"{SUPPORT_FILES}/{{id}}"
QUEUE: Final = f"{SUPPORT}/cases"
QUEUED: Final = f"{QUEUE}/{{id}}"
QUEUED_MESSAGES: Final = f"{QUEUED}/messages"
HISTORY: Final = f"{QUEUED}/history"
REDACTIONS: Final = f"{QUEUED}/redactions"
HOLD: Final = f"{QUEUED}/hold"
HOLDS: Final = f"{SUPPORT}/holds"
STATISTICS: Final = f"{SUPPORT}/stats"
IDLE: Final = f"{SUPPORT}/idle"
TEXTS: Final = f"{SUPPORT}/texts"
TEXT: Final = f"{TEXTS}/{{id}}"
VIEWS: Final = f"{SUPPORT}/views"
ASSIGNEES: Final = f"{SUPPORT}/assignees"
KEYS: Final = f"{SUPPORT}/keys"
KEY: Final = f"{KEYS}/{{id}}"
STORES: Final = f"{SUPPORT}/stores"
STORE_HOLD: Final = f"{STORES}/{{store}}/hold"

LIMITED: Final[dict[int, dict[str, Any]]] = {409: {"max_open_cases": 1}, 429: {"rate_limit": "1/minute"}}

RANDOM: Final = {r"whsec_[A-Za-z0-9+/]{43}=": "whsec_example", r"test_[0-9a-f]{32}": f"test_{7:032x}"}
ACTORS: Final = {"sck_example": Actor.merchant("acme"), "sck_support": Actor.support("Ada", admin=True)}


def _headers(key: str, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}", "X-Request-Id": "7d2c1f04", **more}


class Receiver:
    """Takes what webhooks are told, in place of the network."""

    def __init__(self) -> None:
        """Know of nothing yet."""
        self.told: dict[str, Any] = {}

    def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> Outcome:
        """Take it."""
        told = json.loads(alike(body.decode()))
        self.told["test" if told["type"] == "webhook.test" else url] = told
        return Outcome(204, None, 87)


class Examples:
    """Requests and what a real app answers to them.

    Attributes:
        told: What webhooks are told: of a store, of the whole desk, and where somebody tests one.
    """

    def __init__(self) -> None:
        moments = (datetime(2024, 6, 15, 10, 30, tzinfo=UTC) + timedelta(minutes=29 * n) for n in itertools.count())
        numbers = itertools.count(1)
        self._later = timedelta(0)
        self._stopped: datetime | None = None
        app = create_app(
            ":memory:",
            clock=lambda: self._stopped or next(moments) + self._later,
            new_id=lambda: UUID(f"0191abc0-1234-7def-8000-{next(numbers):012x}"),
            authenticate=self._who,
        )
        app.keys._new_key = numbered_keys()  # the same every time
        self._keys = app.keys
        app.attachment_urls._secret = bytes(32)
        self._client = TestClient(app)
        self._desk = app.desk
        self._made: dict[tuple[str, str], tuple[Any, Any]] = {}
        self._make()

    def of(self, method: str, path: str) -> tuple[Any, Any]:
        """Return a request's body and the answer's."""
        return self._made.get((method, path), (None, None))

    @staticmethod
    def _who(req: falcon.Request) -> Actor | None:
        key = (req.auth or "").removeprefix("Bearer ")
        if key == "sck_busy":
            raise DatabaseBusy()
        if key == "sck_broken":
            raise RuntimeError("an example of a fault inside")
        return ACTORS.get(key)

    def _make(self) -> None:
        said = (
            "Order #1042 was marked as refunded but the customer did not receive the funds. It is pending since Monday."
        )
        new = {"body": said, "category": "orders_payments", "severity": "high"}
        self._ask("POST", CASES, CASES, new)
        self._desk.answer(Actor.support("YNS Support"), "acme:1", body="We've escalated this with Stripe.")
        self._ask("GET", ITEM, f"{CASES}/1")
        thanks = {"body": "Thanks — the customer confirmed the refund arrived.", "author": "Mara"}
        self._ask("POST", MESSAGES, f"{CASES}/1/messages", thanks)
        self._ask("PATCH", ITEM, f"{CASES}/1", {"status": "closed"})
        self._ask("GET", CASES, CASES)
        self._ask("GET", EVENTS, f"{EVENTS}?limit=2")
        self._ask("GET", "/healthz", "/healthz")
        self._ask("GET", "/readyz", "/readyz")
        self._make_files(FILES, FILE, {})
        self._make_files(SUPPORT_FILES, SUPPORT_FILE, {"store": "acme"})
        self._make_support()

    def _make_support(self) -> None:
        told = "On the phone: the checkout shows a blank page since this morning."
        new = {"store": "globex", "body": told, "category": "store_builder", "author": "Hank"}
        self._ask("POST", QUEUE, QUEUE, new)
        self._ask("PATCH", QUEUED, f"{QUEUE}/globex:1", {"severity": "critical", "assignee": "me"})
        self._desk.note(ACTORS["sck_support"], "globex:1", body="Began with the theme update of last night.")
        answer = {"body": "A theme update broke it; we have taken it back. Does it work for you now?"}
        self._ask("POST", QUEUED_MESSAGES, f"{QUEUE}/globex:1/messages", answer)
        self._ask("GET", QUEUED, f"{QUEUE}/globex:1")
        self._ask("GET", HISTORY, f"{QUEUE}/globex:1/history")
        self._desk.open(
            Actor.merchant("acme"), body="Our new domain still shows the old shop.", category="domains_setup"
        )
        self._ask("GET", QUEUE, f"{QUEUE}?limit=2")
        many = {"cases": ["acme:2", "globex:1"], "assignee": "me", "note": "The same fault."}
        self._ask("PATCH", QUEUE, QUEUE, many)
        self._ask("GET", STATISTICS, STATISTICS)
        self._ask("GET", VIEWS, VIEWS)
        new = {"name": "Looking into it", "body": "Hello {author},\n\nwe are looking into it.\n\n{agent}"}
        self._ask("POST", TEXTS, TEXTS, new)
        (text,) = self._desk.texts(ACTORS["sck_support"])
        self._ask("PATCH", TEXT, f"{TEXTS}/{text.id}", {"name": "On it"})
        self._ask("GET", TEXT, f"{TEXTS}/{text.id}")
        self._ask("GET", TEXTS, TEXTS)
        self._ask("GET", STORES, STORES)
        self._ask("GET", SUPPORT_EVENTS, f"{SUPPORT_EVENTS}?store=globex&limit=3")
        self._make_keys()
        self._later = timedelta(days=20)
        self._ask("GET", IDLE, IDLE)
        self._ask("POST", IDLE, IDLE, {"days": 14})
        self._make_webhooks()
        self._make_erasures()

    def _make_erasures(self) -> None:
        self._ask("POST", REDACTIONS, f"{QUEUE}/acme:2/redactions", {"subject": True, "reason": "request"})
        self._ask("PUT", HOLD, f"{QUEUE}/acme:2/hold")
        self._ask("PUT", STORE_HOLD, f"{STORES}/globex/hold")
        self._ask("GET", HOLDS, HOLDS)

    def _make_files(self, files: str, file: str, more: dict[str, str]) -> None:
        self._stopped = self._desk.clock()  # the URL is good for an hour
        self._ask("POST", files, files, {"name": "page.png", "contentType": "image/png", "size": 8, **more})
        path, _, query = self._made["POST", files][1]["uploadUrl"].partition("/api/")[2].partition("?")
        answer = self._client.simulate_put(f"/api/{path}", query_string=query, body=b"\x89PNG\r\n\x1a\n")
        assert answer.status_code == 200, answer.text
        self._made["PUT", file] = (None, answer.json)
        actor = ACTORS["sck_support" if more else "sck_example"]
        self._desk.open(actor, body="The page is broken, see here.", attachments=[answer.json["id"]], **more)
        self._stopped = None

    def _make_keys(self) -> None:
        self._ask("GET", ASSIGNEES, ASSIGNEES)
        new = {"label": "Bob", "stores": ["acme", "globex"], "days": 365}
        self._ask("POST", KEYS, KEYS, new)
        self._keys.create("acme", label="Till")
        self._ask("GET", KEYS, KEYS)
        made = self._made["POST", KEYS][1]
        self._ask("GET", KEY, f"{KEYS}/{made['id']}")
        made["key"] = "sck_example"  # what looks like a real one alarms whoever scans for keys

    def _make_webhooks(self) -> None:
        of_shop, of_desk = "https://shop.example.com/hooks", "https://desk.example.com/hooks"
        new = {"url": of_shop, "types": ["support_case.answered"], "description": "Our shop"}
        self._ask("POST", HOOKS, HOOKS, new)
        self._ask("POST", SUPPORT_HOOKS, SUPPORT_HOOKS, {"url": of_desk, "description": "All that happens"})
        self._desk.answer(ACTORS["sck_support"], "acme:2", body="The file has arrived, thank you.")
        receiver = Receiver()
        worker = Worker(self._desk.repository, receiver, clock=self._desk.clock)  # type: ignore[arg-type]
        worker.deliver_due()
        for at in (HOOKS, SUPPORT_HOOKS):
            one = f"{at}/{self._made['POST', at][1]['id']}"
            self._ask("PATCH", f"{at}/{{id}}", one, {"types": ["support_case.answered", "support_case.closed"]})
            self._ask("POST", f"{at}/{{id}}/test", f"{one}/test")
            worker.deliver_due()
            self._ask("POST", f"{at}/{{id}}/deliveries/{{delivery}}/redeliver", f"{one}/deliveries/1/redeliver")
            self._ask("GET", f"{at}/{{id}}/deliveries", f"{one}/deliveries")
            self._ask("GET", f"{at}/{{id}}", one)
            self._ask("GET", at, at)
            self._ask("POST", f"{at}/{{id}}/rotate", f"{one}/rotate")
            self._ask("DELETE", f"{at}/{{id}}", one)
        self.told = {
            "event": receiver.told[of_shop],
            "supportEvent": receiver.told[of_desk],
            "test": receiver.told["test"],
        }

    def _ask(self, method: str, template: str, path: str, body: Any = None) -> None:
        key = "sck_support" if template.startswith(f"{SUPPORT}/") else "sck_example"
        answer = self._client.simulate_request(method, path, json=body, headers=_headers(key))
        assert answer.status_code in (200, 201, 202), answer.text
        self._made[method, template] = (body, json.loads(alike(answer.text)))

    def error(self, status: int) -> Any:
        """Return the body of an error."""
        once = _headers("sck_example", **{"Idempotency-Key": "a"})
        text = _headers("sck_example", **{"Content-Type": "text/plain"})
        stale = _headers("sck_support", **{"If-Match": '"1"'})
        body = {"body": "The checkout shows a blank page."}
        wrong: dict[int, dict[str, Any]] = {
            400: {"method": "GET", "path": CASES, "query_string": "limit=0"},
            401: {"method": "GET", "path": CASES, "headers": {"X-Request-Id": "7d2c1f04"}},
            403: {"method": "GET", "path": CASES, "headers": _headers("sck_support")},
            404: {"method": "GET", "path": f"{CASES}/999"},
            405: {"method": "DELETE", "path": CASES},
            409: {"method": "POST", "path": CASES, "json": body},
            410: {"method": "GET", "path": EVENTS, "query_string": "after=x"},
            412: {"method": "PATCH", "path": f"{QUEUE}/globex:1", "json": {"status": "closed"}, "headers": stale},
            413: {"method": "POST", "path": CASES, "json": {"body": "x" * MAX_BODY}},
            415: {"method": "POST", "path": CASES, "body": "x", "headers": text},
            422: {"method": "POST", "path": CASES, "json": {**body, "severity": "high"}, "headers": once},
            429: {"method": "POST", "path": CASES, "json": body},
            500: {"method": "GET", "path": CASES, "headers": _headers("sck_broken")},
            503: {"method": "GET", "path": CASES, "headers": _headers("sck_busy")},
        }
        client = self._client
        if status == 416:
            self._stopped = self._desk.clock()
            thread = client.simulate_get(f"{CASES}/2", headers=_headers("sck_example")).json
            path, _, query = thread["messages"][0]["attachments"][0]["url"].partition("/api/")[2].partition("?")
            beyond = {"Range": "bytes=8-", "X-Request-Id": "7d2c1f04"}
            wrong[416] = {"method": "GET", "path": f"/api/{path}", "query_string": query, "headers": beyond}
        if status in LIMITED:
            client = TestClient(create_app(":memory:", authenticate=self._who, **LIMITED[status]))
            client.simulate_post(CASES, json=body, headers=_headers("sck_example"))
        if status == 422:
            client.simulate_post(CASES, json=body, headers=once)
        answer = client.simulate_request(**{"headers": _headers("sck_example"), **wrong[status]})
        assert answer.status_code == status, answer.text
        return answer.json


def alike(text: str) -> str:
    """Return text in which what is random is the same every time."""
    for pattern, instead in RANDOM.items():
        text = re.sub(pattern, instead, text)
    return text
