"""Claim 13: malformed requests, by mutation, over the wire to `supportcases serve` and as environs to the app.

Valid requests of every endpoint are cut, doubled, flipped, crossed with one another and spiced with tokens, the same
for the same seed. On the wire each has a connection whose sending side is closed behind it, so that a server that waits
for more hears that there is no more: it answers, or it closes. What comes back must be JSON of ours and never a 5xx;
what waitress refuses by itself, as text, is counted apart. At the end the log tells of no exception, the database is
whole, and an honest client is served.
"""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any, Final

from dev.torture.experiment import Effort, Outcome
from dev.torture.in_process import App, call, environ_of
from dev.torture.invariants import faults_of
from dev.torture.malformed_answers import Incomplete, Tally, exchanged
from dev.torture.malformed_mutants import Secrets, mutated_environ, mutated_wire
from dev.torture.servers import CASES, PATIENCE, Client, Heard, serving
from supportcases import SqliteRepository, create_app

CLAIM: Final = 13
SEED: Final = 13
BODY: Final = "The checkout shows a blank page."
COMPLAINTS: Final = ("Traceback", " ERROR ", " CRITICAL ")

Ask = Callable[..., Heard]


def run(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Yield what came of the wire and of the environs."""
    mutants = effort.pick(750, 10_000)
    yield on_the_wire(folder / "wire.db", mutants)
    yield in_the_app(folder / "environs.db", mutants)


def on_the_wire(db: Path, mutants: int) -> Outcome:
    """Send bytes to a server of its own."""
    secrets, tally, chance = prepared(db), Tally(), Random(SEED)
    with serving(db) as server:
        for _ in range(mutants):
            exchange(server.port, mutated_wire(chance, secrets), tally)
        tally.faults += faults_afterwards(Client(server.port, secrets[b"@KEY@"].decode()), db)
        if code := server.stop():
            tally.faults.append(f"the server left with {code}")
        tally.faults += [
            line for line in server.log.read_text().splitlines() if any(sign in line for sign in COMPLAINTS)
        ]
    return outcome("malformed on the wire", tally)


def in_the_app(db: Path, mutants: int) -> Outcome:
    """Hand environs to an app in this process."""
    secrets, tally, chance = prepared(db), Tally(), Random(SEED)
    app = create_app(db)
    with logged() as records:
        for _ in range(mutants):
            hand_over(app, mutated_environ(chance, secrets), tally)
        tally.faults += faults_afterwards(caller(app, secrets[b"@KEY@"].decode()), db)
    tally.faults += [record.getMessage() for record in records if record.exc_info or record.levelno >= logging.ERROR]
    return outcome("malformed as environs", tally)


def prepared(db: Path) -> Secrets:
    """Let a new database have a case and keys; return what the placeholders in the requests stand for."""
    app = create_app(db)
    merchant, team = app.keys.create("acme")[0], app.keys.create_support(label="Ada")[0]
    case = caller(app, merchant)("POST", CASES, {"body": BODY}).json
    repository = app.desk.repository
    assert isinstance(repository, SqliteRepository)
    repository.close()
    return {b"@KEY@": merchant.encode(), b"@TEAM@": team.encode(), b"@ID@": case["id"].encode()}


def exchange(port: int, sent: bytes, tally: Tally) -> None:
    """Send a request, and let the tally take what comes back."""
    try:
        tally.take(sent, exchanged(port, sent), head=b"HEAD" in sent)
    except Incomplete as part:
        tally.blame(sent, f"an answer was cut short: {part}")
    except TimeoutError:
        tally.blame(sent, f"no answer within {PATIENCE:.0f} s")


def hand_over(app: App, environ: dict[str, Any], tally: Tally) -> None:
    """Call the app, and let the tally take what comes back."""
    usual = environ_of("", "")
    told = {name: value for name, value in environ.items() if name == "wsgi.input" or value != usual.get(name)}
    told.pop("wsgi.errors")
    try:
        answer = call(app, environ)
    except Exception as error:  # noqa: BLE001 - whatever flies out of the app is a fault
        tally.blame(told, f"raised {error!r}")
    else:
        tally.take(told, [answer], head=environ["REQUEST_METHOD"] == "HEAD")
    if complaint := environ["wsgi.errors"].getvalue():
        tally.blame(told, f"complained: {complaint}")


def caller(app: App, key: str) -> Ask:
    """Return a client of the app in this process."""

    def ask(method: str, target: str, body: Any = None) -> Heard:
        data = b"" if body is None else json.dumps(body).encode()
        return call(app, environ_of(method, target, data, {"Authorization": f"Bearer {key}"}))

    return ask


def faults_afterwards(ask: Ask, db: Path) -> list[str]:
    """Return in what an honest client is not served, and what does not hold of the database."""
    opened = ask("POST", CASES, {"body": BODY})
    read = ask("GET", f"{CASES}/{opened.json.get('number')}")
    listed = ask("GET", f"{CASES}?limit=1")
    served = (opened.status, read.status, listed.status) == (201, 200, 200) and (
        read.json["messages"][0]["body"] == BODY and listed.json["data"][0] == opened.json
    )
    return [*([] if served else [f"an honest client got {opened}, {read}, {listed}"]), *faults_of(db)]


@contextmanager
def logged() -> Iterator[list[logging.LogRecord]]:
    """Yield what is logged within the block."""
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = records.append  # type: ignore[method-assign]
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield records
    finally:
        root.removeHandler(handler)


def outcome(name: str, tally: Tally) -> Outcome:
    """Tell what came of some requests."""
    return Outcome(CLAIM, name, f"{tally.sent:,} mutants, seed {SEED}", str(tally), not tally.faults)
