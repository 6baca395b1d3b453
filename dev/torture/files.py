"""Claim 25: a file is never lost, half there or left over, whatever dies; and no URL works that is not signed.

- Merchants announce files, send them and open cases with them, while `supportcases serve` is killed (SIGKILL) again and
  again, on both engines. In the end what nobody attached is cleaned up, a day later by the clock, and the database is
  asked with SQL of this module's own: each message must have its files, byte for byte as they were sent, and
  each file its message; not a byte may be left besides. What was answered must be there, what was not may be, whole.
- The disk of the database ends within a file, and so does that of the temporary files: that file is refused, and
  the next small one is taken by the same process.
- Every character of a signed URL is changed, a moment past is signed with the very secret, URLs are used for
  what they are not for, ids of others are attached, and bodies are longer and shorter than they say.
"""

import hashlib
import json
import random
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import psycopg

from dev.torture.experiment import Effort, Outcome, in_words
from dev.torture.files_faults import attacked, full_disks
from dev.torture.load import work_until
from dev.torture.sending import CLAIM, SEED, Asker
from dev.torture.servers import BROKEN, CASES, PATIENCE, Served, serving
from supportcases import KeyRing, SupportDesk
from supportcases.storage.open import open_repository
from tests.support.postgres import Cluster, what_is_missing

STORES: Final = ("acme", "globex", "initech")
LOAD: Final = (0.2, 1.2)  # seconds from the first request to the kill, at least and at most
SIZES: Final = (1, 70_000, 262_144, 600_000, 2_500_000)
LEFT_OVER: Final = {
    "files without a message": "SELECT count(*) FROM supportcases_attachments WHERE message_id IS NULL",
    "orphan bytes": """
        SELECT coalesce(sum(length(bytes)), 0)
        FROM supportcases_chunks AS c
        WHERE NOT EXISTS (
            SELECT 1 FROM supportcases_attachments AS a WHERE a.content = c.content AND a.message_id IS NOT NULL
        )
    """,
}


def run(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Kill, fill the disk, and try what is not signed."""
    kills = effort.pick(5, 50)
    yield killed("SQLite", folder / "cases.db", folder, kills)
    if reason := what_is_missing():
        yield Outcome(CLAIM, "kill -9 amid files, PostgreSQL", "", reason, None)
    else:
        with running_cluster() as cluster:
            yield killed("PostgreSQL", cluster.make("files"), folder, kills)
    yield from full_disks(effort, folder)
    yield attacked(folder / "attacked.db", effort)


@contextmanager
def running_cluster(settings: str = "") -> Iterator[Cluster]:
    """Run a PostgreSQL until the block ends."""
    cluster = Cluster(settings=settings)
    try:
        yield cluster
    finally:
        cluster.stop()


# kills


class Sender:
    """Somebody who sends files, one after the other, and opens a case with each one or two."""

    def __init__(self, name: str, key: str) -> None:
        """Use a name of their own."""
        self.said: list[dict[str, Any]] = []
        self._name = name
        self._key = key
        self._random = random.Random(f"{SEED} {name}")

    def work(self, port: int) -> None:
        """Go on until the server is gone."""
        with suppress(*BROKEN), closing(Asker(port, self._key)) as ask:
            while True:
                self._open(ask)

    def _open(self, ask: Asker) -> None:
        files = {}
        for _ in range(self._random.randint(1, 2)):
            content = self._random.randbytes(self._random.choice(SIZES))
            file_id, url = ask.announce(len(content))
            heard = ask("PUT", url, content)
            if heard.status != 200:
                raise RuntimeError(f"a file was answered {heard.status}: {heard.body!r}")
            files[file_id] = hashlib.sha256(content).hexdigest()
        case: dict[str, Any] = {"body": f"{self._name}-{len(self.said)}: see the pictures", "files": files, "status": 0}
        self.said.append(case)
        case["status"] = ask.json("POST", CASES, {"body": case["body"], "attachments": list(files)}).status


def killed(engine: str, db: Path | str, folder: Path, kills: int) -> Outcome:
    """Kill the server amid files, clean up, and look."""
    chance = random.Random(SEED)
    with closing(open_repository(db)) as repository:
        keys = KeyRing(repository)
        senders = [Sender(f"s{number}", keys.create(STORES[number % len(STORES)])[0]) for number in range(6)]
    for _ in range(kills):
        with serving(db, log=folder / "server.log") as server:
            work_until(Served.kill, senders, server, seconds=chance.uniform(*LOAD))
    faults, gone = [], 0
    with closing(open_repository(db)) as repository:
        later = SupportDesk(repository, clock=lambda: datetime.now(UTC) + timedelta(hours=25))
        while some := later.clean_up():
            gone += some
    with connection_to(db) as ask:
        for what, question in LEFT_OVER.items():
            ((count,),) = ask(question)
            faults += [f"{count} {what}"] if count else []
        acknowledged, kept = looked_for([case for sender in senders for case in sender.said], ask, faults)
    result = f"{acknowledged} messages acknowledged, {kept} kept; {gone} files cleaned up; {in_words(faults)}"
    tried = f"{kills} kills, {len(senders)} clients, files of up to {max(SIZES):,} bytes, seed {SEED}"
    return Outcome(
        CLAIM, f"kill -9 amid files and messages, {engine}", tried, result, not faults and acknowledged > 0 and gone > 0
    )


@contextmanager
def connection_to(db: Path | str) -> Iterator[Any]:
    """Yield what asks a database in SQL."""
    if isinstance(db, Path):
        with closing(sqlite3.connect(db, timeout=PATIENCE)) as file:
            yield lambda question: file.execute(question).fetchall()
    else:
        with psycopg.connect(db) as server:
            yield lambda question: server.execute(question).fetchall()


def looked_for(said: Sequence[dict[str, Any]], ask: Any, faults: list[str]) -> tuple[int, int]:
    """Look for each message with its files; return how many were acknowledged, and how many are there."""
    pieces: dict[str, bytes] = {}
    for content, bytes_ in ask("SELECT content, bytes FROM supportcases_chunks ORDER BY content, number"):
        pieces[content] = pieces.get(content, b"") + bytes(bytes_)
    files: dict[str, dict[str, str]] = {}
    rows = ask(
        "SELECT message_id, id, content, sha256, size FROM supportcases_attachments WHERE message_id IS NOT NULL"
    )
    for message, file_id, content, sha256, size in rows:
        held = pieces.get(content, b"")
        found = hashlib.sha256(held).hexdigest()
        faults += [f"{file_id} is not as it says"] if (found, len(held)) != (sha256, size) else []
        files.setdefault(str(message), {})[str(file_id)] = found
    messages: dict[str, tuple[str, str]] = {}
    for message, body, told in ask("SELECT id, body, attachments FROM supportcases_messages"):
        messages[body] = (str(message), json.dumps(told) if isinstance(told, list) else told or "[]")
    acknowledged = kept = 0
    for case in said:
        message, told = messages.pop(case["body"], ("", "[]"))
        acknowledged += case["status"] == 201
        kept += bool(message)
        if case["status"] not in (0, 201):
            faults.append(f"{case['body']} was answered {case['status']}")
        if case["status"] == 201 and not message:
            faults.append(f"{case['body']} is lost")
        if message and not (files.get(message) == case["files"] and all(one in told for one in case["files"])):
            faults.append(f"{case['body']} is without its files")
    return acknowledged, kept
