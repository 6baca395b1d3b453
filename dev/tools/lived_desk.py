"""A desk in which all that a database keeps has happened, the same every time, and what its API tells of it.

`keep_release` keeps it for each release. All in it is made up: its keys are numbers, its secrets too.
"""

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from typing import Any
from unittest.mock import patch
from uuid import UUID

from falcon.testing import TestClient

from supportcases import Actor
from supportcases.desk.sessions import SignIns
from supportcases.testing import support_desk
from supportcases.webhooks.sending import Outcome
from supportcases.webhooks.signing import PREFIX
from supportcases.webhooks.worker import Worker

CASES = "/api/v1/support-cases"
SUPPORT = "/api/v1/support"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4
LONG = bytes(number * number % 251 for number in range(300_000))  # in more than one piece
ONCE = {"body": "The cart is empty after signing in.", "subject": "Empty cart", "author": "Grace"}
ERASED = {"body": "My card is 4111 1111 1111 1111.", "subject": "Card declined", "author": "Mara"}
TEXTS = (
    ("Straße", "Die Kasse an der Straße zeigt 100 % 'Rabatt' \\ \"immer\".\n\tUnd dann?", "critical", "billing_plans"),
    ("Касса", "Привет, касса не работает уже второй день.", "high", "domains_setup"),
    ("カード", "カードの決済が失敗する 🙂", "low", "store_builder"),
    ("Discount", "مرحبا، لا يعمل: 50%_done, or not?", "normal", "other"),
)
MERCHANTS = ("acme", "globex", "mara", "expired", "revoked")
ASKED = ("acme", "globex", "ada", "bo")  # those who ask for everything
OF_MERCHANTS = ("", "?query=%C3%9F", "?query=%D0%BA%D0%B0%D1%81", "?status=closed", "/events?limit=1000", "/webhooks")
OF_THE_TEAM = (
    *("cases?limit=100", "cases?query=water&excerpts=true", "cases?query=555", "cases?sort=age&limit=3", "idle?days=1"),
    *("stats", "views", "stores", "texts", "assignees", "holds", "webhooks", "events?limit=1000", "keys?limit=100"),
)


@contextmanager
def repeatable() -> Iterator[None]:
    """Let nothing be by chance: what is a secret elsewhere is a number here."""
    numbers = count(1)
    with (
        patch("supportcases.desk.attachments.new_secret", lambda: f"{next(numbers):064x}"),
        patch("supportcases.desk.webhooks.new_secret", lambda: PREFIX + b64encode(next(numbers).to_bytes(32)).decode()),
        patch("supportcases.desk.attachments.uuid7", lambda: UUID(int=next(numbers))),
        patch("supportcases.desk.webhooks.uuid4", lambda: UUID(int=next(numbers))),
    ):
        yield


class Receivers:
    """Stands in for the receivers of webhooks, who answer the same every time."""

    def __init__(self) -> None:
        """Have heard nothing."""
        self._heard: dict[str, int] = {}

    def send(self, url: str, body: bytes, headers: dict[str, str]) -> Outcome:
        """Return what the receiver at that address answers."""
        self._heard[url] = heard = self._heard.get(url, 0) + 1
        if url.endswith("/gone"):
            return Outcome(410, None, 7)
        if url.endswith("/slow") and heard == 3:
            return Outcome(None, "It did not answer within 15 seconds.", 15_000)
        if url.endswith("/slow") and heard == 5:
            return Outcome(503, None, 20, timedelta(minutes=30))
        return Outcome(200, None, 12)


class LivedDesk:
    """What has happened, and who can ask about it.

    Attributes:
        told: The time, the keys, the session and all that the API answers, as JSON has it.
    """

    def __init__(self, database: str) -> None:
        """Let it happen in an empty database."""
        self.keys: dict[str, str] = {}
        with repeatable(), support_desk(database) as kit:
            self._kit = kit
            self._receivers = Worker(kit.desk.repository, Receivers(), clock=kit.clock, chance=lambda: 0.5)
            self._make_keys()
            self._purge()
            self._write()
            self._hear()
            self._erase()
            self.told = self._told()

    def _make_keys(self) -> None:
        ring = self._kit.keys
        self.keys["acme"], _ = ring.create("acme", label="Grace")
        self.keys["globex"], _ = ring.create("globex")
        self.keys["ada"], _ = ring.create_support(label="Ada", admin=True)
        self.keys["bo"], _ = ring.create_support(label="Bo", stores=["acme", "initech"])
        self.keys["mara"], _ = ring.create("acme", label="Mara")
        self.keys["expired"], _ = ring.create("acme", label="A trial", lifetime=timedelta(days=1))
        self.keys["lasting"], _ = ring.create_support(label="Cy", lifetime=timedelta(days=3_650))
        self.keys["revoked"], lost = ring.create("acme", label="Lost")
        self.keys["left"], left = ring.create_support(label="Dee")
        for key in (lost, left):
            ring.revoke(key.id)

    def _purge(self) -> None:
        """Let some cases be purged, one with a file, so that numbers and the feed have to go on behind them."""
        kit, acme, ada = self._kit, self._kit.as_merchant("acme"), self._kit.as_support()
        file = acme.attach(name="old.txt", content_type="text/plain", content=b"long gone")
        acme.open(body="It is forgotten.", attachments=[file])
        acme.open(body="This one stays.", subject="The oldest")
        kit.as_merchant("globex").open(body="It is forgotten, too.")
        for ref in ("acme:1", "globex:1"):
            ada.close(ref)
        kit.clock.advance(days=60)
        assert ada.purge(closed_for=timedelta(days=30)).cases == 2
        kit.some_cases(12, store="initech")

    def _write(self) -> None:
        """Let cases of every status, category and severity be written to, from both sides."""
        kit, acme, ada, clock = (
            self._kit,
            self._kit.as_merchant("acme", "Grace"),
            self._kit.as_support(),
            self._kit.clock,
        )
        for name, body in (("Greeting", "Hello {author},\n\n🙂"), ("Till", "See to the till, {agent}.")):
            clock.advance(minutes=1)
            kit.desk.add_text(Actor.support("Ada", admin=True), name=name, body=body)
        picture = acme.attach(name="Kasse ä.png", content_type="image/png", content=PNG)
        log = ada.attach(name="till.log", content_type="text/plain", content=LONG, store="acme")
        for subject, body, severity, category in TEXTS:
            for merchant in (acme, kit.as_merchant("globex")):
                clock.advance(minutes=7, milliseconds=125)
                files = [picture] if subject == "Straße" and merchant is acme else []
                merchant.open(body=body, subject=subject, severity=severity, category=category, attachments=files)
        ada.answer("acme:3", body="Use some water.")
        ada.note("acme:3", body="Do they pay? See the log.", attachments=[log])
        clock.advance(minutes=5)
        acme.reply(3, body="It still burns.", author="Heidi")
        ada.answer("acme:4", body="I am a machine.", author="Elliot", kind="elliot")
        ada.answer("acme:5", body="The desk is closed on Monday.", kind="system")
        ada.change("acme:5", severity="high", category="other", subject="Renamed", assignee="me")
        ada.assign("globex:2", "Bo")
        ada.assign("globex:2", None)
        clock.advance(hours=2)
        acme.close(2)
        acme.close(6)
        acme.reopen(6)
        ada.answer("globex:3", body="Done.", close=True)
        ada.answer("globex:4", body="Is it well now?")
        clock.advance(days=20)
        assert len(ada.close_idle(answered_for=timedelta(days=14))) >= 1
        ada.answer("globex:5", body="Which browser?")
        self._waiting = self._sent({"name": "not yet.csv", "contentType": "text/csv", "size": 8}, b"a,b\n1,2\n")
        never = acme.announce(name="never sent.pdf", content_type="application/pdf", size=1_000)
        kit.desk._begun(never.id)  # as whoever is killed while it is sent leaves it

    def _sent(self, file: dict[str, Any], content: bytes) -> str:
        """Send a file over HTTP and return its id."""
        client = TestClient(self._kit.app, headers=headers(self.keys["acme"]))
        announced = client.simulate_post(f"{CASES}/attachments", json=file).json
        sent = TestClient(self._kit.app).simulate_put(path_of(announced["uploadUrl"]), body=content)
        assert sent.status_code == 200, sent.text
        return str(announced["id"])

    def _hear(self) -> None:
        """Let webhooks be told, fail, be tried again, be given up, tested and told by hand."""
        kit, acme, ada = self._kit, self._kit.as_merchant("acme"), self._kit.as_support()
        mine = acme.add_webhook(url="https://hooks.example.com/acme", types=["support_case.answered"])
        all_of_it = ada.add_webhook(url="https://hooks.example.com/slow", description="All that happens")
        gone = ada.add_webhook(url="https://hooks.example.com/gone", store="globex").webhook
        off = acme.add_webhook(url="https://hooks.example.com/off", description="Off for now").webhook
        acme.change_webhook(off.id, enabled=False)
        new = acme.rotate_secret(mine.webhook.id)
        self._secrets = {"evt": [all_of_it.secret], "test": [new.secret, mine.secret]}  # for what is not told yet
        for ref in ("acme:3", "globex:2", "acme:6", "acme:4"):
            kit.clock.advance(minutes=3)
            ada.answer(ref, body="We are looking into it.")
            self._receivers.deliver_due()
        assert not ada.webhook(gone.id).enabled
        newest = acme.deliveries(mine.webhook.id).deliveries[0]
        acme.redeliver(mine.webhook.id, newest.id)
        self._receivers.deliver_due()
        acme.test_webhook(mine.webhook.id)  # which waits
        ada.note("acme:4", body="Nobody was told of this yet.")

    def _erase(self) -> None:
        """Let something of each kind be taken out, answers be kept for retries, and cases and a store be on hold."""
        kit, ada, clock = self._kit, self._kit.as_support(), self._kit.clock
        mara = kit.as_merchant("acme", "Mara")
        self._first = self._posted("once", ONCE)
        self._posted("erased", ERASED)
        clock.advance(minutes=1)
        files = [mara.attach(name=f"{n}.txt", content_type="text/plain", content=b"x" * n) for n in (1, 2)]
        number = mara.open(body="Her name is Mara.", subject="Mara's", attachments=files).number
        note = ada.note(f"acme:{number}", body="Her number is 555 1234").message
        taken: list[dict[str, Any]] = [{"message": note.id}, {"subject": True}, {"attachment": files[0]}]
        for what in taken:
            ada.redact(f"acme:{number}", **what, reason="law")
        ada.redact("acme:3", label="Heidi", reason="mistake")
        assert ada.erase_author(store="acme", label="Mara", reason="request").cases == 2
        ada.hold("acme", 5)
        ada.hold("globex")
        clock.advance(minutes=1)

    def _posted(self, key: str, body: dict[str, Any]) -> Any:
        client = TestClient(self._kit.app, headers=headers(self.keys["acme"]))
        answer = client.simulate_post(CASES, json=body, headers={"Idempotency-Key": key})
        assert answer.status_code == 201, answer.text
        return answer.json

    def _told(self) -> dict[str, Any]:
        kit = self._kit
        token = f"{1:043d}"
        assert SignIns(kit.desk.repository, clock=kit.clock, new_token=lambda: token).sign_in(self.keys["ada"])
        clients = {who: TestClient(kit.app, headers=headers(key)) for who, key in self.keys.items()}
        answers: dict[str, dict[str, Any]] = {}
        for who, client in clients.items():
            found = {path: client.simulate_get(path) for path in self._paths(who)}
            answers[who] = {path: [answer.status_code, answer.json] for path, answer in found.items()}
        return {
            "now": kit.clock.now.isoformat(),
            "keys": self.keys,
            "session": token,
            "retries": {"once": [ONCE, 201, self._first], "erased": [ERASED, 410, {"code": "erased"}]},
            "waiting": self._waiting,
            "secrets": self._secrets,
            "answers": answers,
            "cursors": {who: _cursor(answers[who]) for who in ASKED},
            "files": {url: self._file(url) for url in sorted(_urls(answers["ada"]))},
            "ledger": [[place, *map(plain, erasure)] for place, erasure in kit.as_support().erasures().erasures],
        }

    def _paths(self, who: str) -> list[str]:
        """Return what is asked with a key: everything with some, and with the others whether they open the door."""
        kit = self._kit
        if who not in ASKED:
            return [CASES if who in MERCHANTS else f"{SUPPORT}/stats"]
        queue = kit.as_support(stores=("acme", "initech") if who == "bo" else None).queue(limit=100).cases
        if who in MERCHANTS:
            own = [f"/{case.number}" for case in queue if case.store == who]
            log = [f"/webhooks/{one.id}/deliveries?limit=100" for one in kit.as_merchant(who).webhooks().webhooks]
            return [f"{CASES}{path}" for path in (*OF_MERCHANTS, *own, *log)]
        refs = [each for case in queue for each in (f"cases/{case.id}", f"cases/{case.id}/history?limit=100")]
        webhooks = kit.as_support().webhooks().webhooks if who == "ada" else ()
        log = [f"webhooks/{one.id}/deliveries?limit=100" for one in webhooks]
        return [f"{SUPPORT}/{path}" for path in (*OF_THE_TEAM, *refs, *log)]

    def _file(self, url: str) -> tuple[int, str | None, str]:
        """Return what comes from the URL of a file: the status, the type, and in base64 the bytes if there are any."""
        answer = TestClient(self._kit.app).simulate_get(path_of(url))
        content = answer.content if answer.status_code == 200 else b""
        return answer.status_code, answer.headers.get("content-type"), b64encode(content).decode()


def headers(key: str) -> dict[str, str]:
    """Return the headers of whoever has the key."""
    return {"Authorization": f"Bearer {key}", "X-Request-Id": "test"}


def path_of(url: str) -> str:
    """Return the path and query of a URL."""
    return "/" + url.split("/", 3)[3] if "://" in url else url


def _cursor(answers: dict[str, Any]) -> str:
    """Take out of the answers where the feed has come to, which each engine says in another way, and return it."""
    (path,) = (path for path in answers if "/events" in path)
    cursor: str = answers[path][1]["meta"].pop("next")
    return cursor


def _urls(answers: dict[str, Any]) -> set[str]:
    messages = [message for _, answer in answers.values() for message in answer.get("messages", ())]
    return {file["url"] for message in messages for file in message["attachments"] if file["url"]}


def plain(value: Any) -> Any:
    """Return what JSON can say."""
    return (
        value.isoformat() if hasattr(value, "isoformat") else list(value) if isinstance(value, tuple | list) else value
    )
