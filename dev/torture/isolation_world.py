"""Two worlds that are alike but for one store: in the first there is a victim, in the second there never was.

Every field that the victim and its agent can fill holds a secret of its own. Ids, keys and the clock are the same in
both worlds, so that whoever may not see the victim has to be answered with the same bytes in both.
"""

import hashlib
import json
import random
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

import falcon

from dev.torture.in_process import call, environ_of
from dev.torture.servers import CASES, SUPPORT, Heard
from supportcases import Actor, KeyRing, SqliteRepository, create_app
from supportcases.testing import MovableClock, numbered_ids, numbered_keys

SEED: Final = 20_240_615
START: Final = datetime(2024, 6, 15, 10, 30, tzinfo=UTC)
VICTIM: Final = "Umbra.Ltd-7f3a"  # the store's name is a secret too
NOBODY: Final = "Umbra.Ltd-7f3b"  # as long, and of no store
OWN: Final = "globex"
OWN_CASES: Final = 3
VICTIMS_CASES: Final = range(1, 14)
WALKED: Final = range(10, 14)  # those of them whose numbers globex has not
RETRIED: Final = "retried-once"  # the Idempotency-Key of everybody
WORDS: Final = "Let me in, please."  # what everybody says under it
SORTS: Final = ("waiting", "activity", "age", "severity")


class Asker(NamedTuple):
    """Somebody who sends requests: the side of the API where they may ask, "" for nobody known, and their headers."""

    name: str
    side: str
    headers: dict[str, str]


def bearer(key: str) -> dict[str, str]:
    """Return the header of somebody with that key."""
    return {"Authorization": f"Bearer {key}"}


def host_s_own(req: falcon.Request) -> Actor | None:
    """Recognise whom a host knows, as a host would by its session: `X-User: merchant globex`, `agent Ada globex`."""
    kind, *words = req.get_header("X-User", default="nobody").split()
    if kind == "merchant":
        return Actor.merchant(*words)
    return Actor.support(words[0], words[1:] or None) if kind == "agent" else None


class World:
    """A desk, its application and who comes there by a key."""

    def __init__(self, *, with_victim: bool, begun: datetime = START) -> None:
        """Fill it: globex first, so that its rows, ids and keys are the same with and without the victim."""
        self.repository = SqliteRepository(":memory:")
        self.clock = MovableClock(begun)
        self.app = create_app(
            self.repository, authenticate=host_s_own, api_keys=True, clock=self.clock, new_id=numbered_ids()
        )
        keys = KeyRing(self.repository, clock=self.clock, new_key=numbered_keys())
        self.keys = {
            "merchant": keys.create(OWN)[0],
            "agent": keys.create_support(label="Bob", stores=[OWN])[0],
            "agent of no store": keys.create_support(label="Bob", stores=[])[0],
            "namesake": keys.create(VICTIM.lower())[0],
            "agent of all stores": keys.create_support(label="Ada")[0],
        }
        for number in range(OWN_CASES):
            self.clock.advance(seconds=1)
            ours = {"body": "The checkout shows a blank page.", "subject": f"ours {number}", "severity": "critical"}
            self.done(bearer(self.keys["merchant"]), "POST", CASES, ours)
        answer = {"body": "Which browser?"}
        self.done(bearer(self.keys["agent"]), "POST", f"{SUPPORT}/cases/{OWN}:1/messages", answer)
        self.victim = Victim(self) if with_victim else None
        self.clock.now = begun + timedelta(hours=1)

    def call(
        self, method: str, path: str, query: str = "", body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Heard:
        """Send a request as a WSGI server would hand it over, and return the whole answer."""
        return called(self.app, method, path, query, body, headers or {})

    def done(self, who: Mapping[str, str], method: str, path: str, body: Any = None, query: str = "") -> Any:
        """Send a request that has to succeed; return its JSON."""
        return succeeded(self.app, who, method, path, body, query)

    @property
    def changes(self) -> int:
        """How many rows were ever changed, whosever they are."""
        with self.repository.read(once=True) as transaction:
            return transaction.connection.total_changes

    def everything_of_the_victim(self) -> str:
        """Return a hash of all its rows in every table, of what is kept for its retries, and of its search index."""
        with self.repository.read() as transaction:
            return everything_of_the_victim(transaction.connection)

    def write_to(self, path: Path) -> None:
        """Copy the database to a file."""
        with self.repository.read() as transaction, closing(sqlite3.connect(path)) as file:
            transaction.connection.backup(file)

    def close(self) -> None:
        """Let go of the database."""
        self.repository.close()


class Victim:
    """A store whose merchant and agent have filled every field with secrets, and retried, and lost keys."""

    def __init__(self, world: World) -> None:
        """Move into a world."""
        self._random = random.Random(SEED)
        self.secrets = {VICTIM}
        numbers = count(1)
        self._app = create_app(
            world.repository,
            authenticate=host_s_own,
            api_keys=True,
            clock=world.clock,
            new_id=lambda: UUID(f"0191abc0-0000-7000-9000-{next(numbers):012x}"),
        )
        keys = KeyRing(world.repository, clock=world.clock)
        self.key = keys.create(VICTIM, label=self.secret("label"))[0]
        self.agent = keys.create_support(label=self.secret("agent"))[0]
        self.lost = self._lost(keys)
        for number in VICTIMS_CASES:
            world.clock.advance(seconds=1)
            self._live(number)
        self._retry()
        self.cases = [self._get(number) for number in VICTIMS_CASES]
        self.walked = [case for case in self.cases if case["number"] in WALKED]
        self.messages = [message["id"] for case in self.walked for message in case["messages"]]
        self.secrets |= {case["id"] for case in self.cases} | set(self.messages)
        everywhere = bearer(world.keys["agent of all stores"])
        pages = {
            sort: world.done(everywhere, "GET", f"{SUPPORT}/cases", None, f"limit=2&sort={sort}") for sort in SORTS
        }
        self.cursors = {sort: page["meta"]["nextCursor"] for sort, page in pages.items()}

    def secret(self, field: str) -> str:
        """Return a word that nobody else can have made up."""
        word = f"{field}{self._random.getrandbits(48):012x}"
        self.secrets.add(word)
        return word

    def _live(self, number: int) -> None:
        secret, merchant, agent = self.secret, bearer(self.key), bearer(self.agent)
        new = {
            "body": f"{secret('body')} in order 1042",
            "subject": f"{secret('subject')} of order 1042",
            "author": secret("author"),
            "category": "domains_setup",
            "severity": "critical" if number % 2 else "low",
        }
        path = f"{SUPPORT}/cases/{VICTIM}:{number}"
        succeeded(self._app, merchant, "POST", CASES, new)
        succeeded(self._app, agent, "PATCH", path, {"assignee": secret("assignee")})
        succeeded(self._app, agent, "POST", f"{path}/messages", {"body": secret("note"), "internal": True})
        if number % 3:
            answer = {"body": secret("answer"), "author": secret("signature"), "close": number % 3 == 1}
            succeeded(self._app, agent, "POST", f"{path}/messages", answer)

    def _retry(self) -> None:
        """Let everybody around the victim have answers kept under the one key."""
        once, said = {"Idempotency-Key": RETRIED}, {"body": WORDS}
        messages = f"{CASES}/{VICTIMS_CASES[-1]}/messages", f"{SUPPORT}/cases/{VICTIM}:{VICTIMS_CASES[-1]}/messages"
        opened = succeeded(self._app, {**bearer(self.key), **once}, "POST", CASES, said)
        self.secrets.add(opened["id"])
        again = {"Idempotency-Key": f"{RETRIED}-more"}
        succeeded(self._app, {**bearer(self.key), **again}, "POST", messages[0], said)
        for agent in (bearer(self.agent), {"X-User": "agent Ada"}):
            succeeded(self._app, {**agent, **once}, "POST", messages[1], said)

    def _get(self, number: int) -> dict[str, Any]:
        found: dict[str, Any] = succeeded(self._app, bearer(self.agent), "GET", f"{SUPPORT}/cases/{VICTIM}:{number}")
        return found

    def _lost(self, keys: KeyRing) -> dict[str, str]:
        """Return keys that were good once: of the merchant and of an agent, revoked and expired."""
        revoked = [keys.create(VICTIM), keys.create_support(label="Ada")]
        for _, kept in revoked:
            keys.revoke(kept.id)
        moment = timedelta(milliseconds=1)
        expired = [keys.create(VICTIM, lifetime=moment), keys.create_support(label="Ada", lifetime=moment)]
        names = ("revoked merchant", "revoked agent", "expired merchant", "expired agent")
        return {name: key for name, (key, _) in zip(names, [*revoked, *expired], strict=True)}


def called(app: Any, method: str, path: str, query: str, body: Any, headers: Mapping[str, str]) -> Heard:
    """Call an application as a WSGI server does, always with one request id."""
    sent = b"" if body is None else json.dumps(body).encode()
    place = {"PATH_INFO": path.encode("utf-8", "surrogateescape").decode("latin-1"), "QUERY_STRING": query}
    return call(app, environ_of(method, "", sent, {"X-Request-Id": "same", **headers}, **place))


def succeeded(app: Any, who: Mapping[str, str], method: str, path: str, body: Any = None, query: str = "") -> Any:
    """Send a request that has to succeed; return its JSON."""
    answer = called(app, method, path, query, body, who)
    if answer.status not in (200, 201):
        raise RuntimeError(f"{method} {path} was answered with {answer.status}: {answer.body.decode()}")
    return answer.json


def everything_of_the_victim(connection: sqlite3.Connection) -> str:
    """Return a hash of all its rows in every table, of what is kept for its retries, and of its search index."""
    sql = connection.execute
    tables = [name for (name,) in sql("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
    rows = []
    for table in tables:
        columns = {"store", "scope"} & {row[1] for row in sql(f"PRAGMA table_info({table})")}
        for column in columns:
            found = sql(f"SELECT * FROM {table} WHERE {column} IN (?, ?)", (VICTIM, f"store:{VICTIM}"))
            rows.append((table, sorted(map(repr, found))))
    index = """
        SELECT rowid
        FROM supportcases_search
        WHERE supportcases_search MATCH '"order"'
          AND rowid >> 32 = (SELECT ordinal FROM supportcases_stores WHERE store = ?)
    """
    rows.append(("search", [repr(row) for row in sql(index, (VICTIM,))]))
    return hashlib.sha256(repr(rows).encode()).hexdigest()
