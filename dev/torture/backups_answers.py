"""What a desk says over HTTP of every case it has, and the command line that copies it."""

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from dev.torture.load import STORES
from dev.torture.servers import CASES, ROOT, SUPPORT, Client, keys_of, serving
from supportcases import KeyRing, SqliteRepository

PAGE: Final = 100  # cases that a page of a list has


def key_of_team(db: Path) -> str:
    """Return a new key of the team."""
    with closing(SqliteRepository(db)) as repository:
        return KeyRing(repository).create_support(label="Ada")[0]


def supportcases(*arguments: str, stdout: object = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    command = [sys.executable, "-m", "supportcases", *arguments]
    return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, cwd=ROOT, timeout=600)


def answers(db: Path) -> dict[str, tuple[int, str, bytes]]:
    """Serve the file; return the status, the ETag and the body of every answer about its cases."""
    heard: dict[str, tuple[int, str, bytes]] = {}
    keys = {**keys_of(db, *STORES), "": key_of_team(db)}
    with serving(db) as server:

        def ask(path: str, store: str = "") -> Any:
            answer = clients[store]("GET", path)
            heard[f"{path} of {store or 'the team'}"] = (answer.status, answer.headers.get("etag", ""), answer.body)
            return json.loads(answer.body)

        clients = {store: Client(server.port, key) for store, key in keys.items()}
        for path in ("/stats", "/stores?limit=100", "/cases?sort=severity&limit=100", "/cases?query=look&limit=100"):
            ask(f"{SUPPORT}{path}")
        cursor: str | None = ""
        while cursor is not None:
            page = ask(f"{SUPPORT}/cases?limit={PAGE}" + (f"&cursor={cursor}" if cursor else ""))
            for case in page["data"]:
                ask(f"{SUPPORT}/cases/{case['id']}")
                ask(f"{SUPPORT}/cases/{case['id']}/history")
            cursor = page["meta"]["nextCursor"]
        for store in STORES:
            for offset in range(0, ask(f"{CASES}?limit=1", store)["meta"]["count"], PAGE):
                for case in ask(f"{CASES}?limit={PAGE}&offset={offset}", store)["data"]:
                    ask(f"{CASES}/{case['number']}", store)
            ask(f"{CASES}?query=not+arr&status=closed&severity=low", store)
        for client in clients.values():
            client.close()
    return heard
