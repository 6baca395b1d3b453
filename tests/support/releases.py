"""What desks of earlier releases have left in tests/releases/, put where the code of today can open it."""

import json
import lzma
from base64 import b64decode
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from falcon.testing import TestClient

from dev.tools.keep_release import RELEASES
from dev.tools.lived_desk import CASES, headers, path_of, plain
from supportcases import create_app
from supportcases.desk.sessions import SignIns
from supportcases.storage.open import check
from supportcases.testing import MovableClock
from supportcases.web.application import SupportApp
from tests.conftest import ADA
from tests.support.postgres import Cluster

VERSIONS = sorted(path.name for path in RELEASES.iterdir() if path.is_dir())


def unpacked(version: str, name: str) -> bytes:
    """Return what a file of a release holds."""
    return lzma.decompress((RELEASES / version / f"{name}.xz").read_bytes())


def laid_out(version: str, engine: str, place: str, cluster: Cluster | None = None) -> str:
    """Put the database of a release at a place where nothing is yet, as somebody would who has a copy of it."""
    if cluster is None or engine == "sqlite":
        Path(place).write_bytes(unpacked(version, "sqlite.db"))
        return place
    script = cluster.folder / "release.sql"
    script.write_bytes(unpacked(version, "postgres.sql"))
    script.chmod(0o644)
    cluster.run("psql", f"--dbname={place}", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--file={script}")
    return place


def told_by(version: str) -> dict[str, Any]:
    """Return what the desk of a release has told: its keys, and all that its API answered."""
    told: dict[str, Any] = json.loads(unpacked(version, "told.json"))
    return told


def clock_of(told: dict[str, Any]) -> MovableClock:
    """Return the clock of the desk, where it stood."""
    return MovableClock(datetime.fromisoformat(told["now"]))


def lacking(kept: Any, now: Any, where: str = "") -> list[str]:
    """Return the places of what was told once and is told no more, or otherwise; new members may be there."""
    if isinstance(kept, dict) and isinstance(now, dict):
        gone = [f"{where}.{name}" for name in kept.keys() - now.keys()]
        return gone + [
            place for name in kept.keys() & now.keys() for place in lacking(kept[name], now[name], f"{where}.{name}")
        ]
    if isinstance(kept, list) and isinstance(now, list) and len(kept) == len(now):
        pairs = enumerate(zip(kept, now, strict=True))
        return [place for number, pair in pairs for place in lacking(*pair, f"{where}[{number}]")]
    return [] if kept == now else [where]


def told_otherwise(told: dict[str, Any], app: SupportApp) -> list[str]:
    """Ask an app all that the desk was asked; return what it answers otherwise."""
    found: list[str] = []
    for who, answers in told["answers"].items():
        client = TestClient(app, headers=headers(told["keys"][who]))
        for path, answer in answers.items():
            now = client.simulate_get(path)
            found += lacking(answer, [now.status_code, now.json], f"{who} {path} ")
    for url, (status, content_type, content) in told["files"].items():
        got = TestClient(app).simulate_get(path_of(url))
        now = [got.status_code, got.headers.get("content-type"), got.content if status == 200 else b""]
        found += lacking([status, content_type, b64decode(content)], now, url)
    for key, (body, status, answer) in told["retries"].items():
        client = TestClient(app, headers={**headers(told["keys"]["acme"]), "Idempotency-Key": key})
        again = client.simulate_post(CASES, json=body)
        found += lacking([status, answer], [again.status_code, again.json], f"{key} ")
    ledger = [[place, *map(plain, erasure)] for place, erasure in app.desk.erasures(ADA).erasures]
    found += lacking([entry[:5] for entry in told["ledger"]], [entry[:5] for entry in ledger], "ledger")
    session = SignIns(app.desk.repository, clock=app.desk.clock).recognise(told["session"])
    return found + ([] if session and session.label == "Ada" else ["session"])


def faults_of(database: str, version: str, archive: str) -> list[str]:
    """Return what is wrong with the database of a release, opened today, and what its export has no more."""
    told = told_by(version)
    app = create_app(database, clock=clock_of(told))
    with closing(app.desk.repository):
        found = told_otherwise(told, app)
    found += lacking(lines_of(unpacked(version, "archive.jsonl")), lines_of(archive), "archive")
    return [*found, *check(database).faults]


def lines_of(archive: bytes | str) -> list[Any]:
    """Return what the lines of an archive say, but for the version of the format."""
    lines = [json.loads(line) for line in archive.splitlines()]
    for line in lines:
        line.pop("supportcases", None)
    return lines
