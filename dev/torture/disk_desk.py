"""A desk called without a server, for the experiments with disks that fail, and what an answer of it may be."""

import json
from pathlib import Path
from typing import Any, Final

from dev.torture.in_process import call, environ_of
from dev.torture.servers import Heard
from supportcases import create_app

STORE: Final = "acme"
TRACES: Final = ("Traceback", "sqlite3", "psycopg", ".py")  # of our code, in an answer


class Desk:
    """The API on a database, as a merchant with a key uses it; what is wrong with any answer is noted in `faults`."""

    def __init__(self, db: Path | str) -> None:
        """Start it."""
        self.app: Final = create_app(db)
        self.faults: list[str] = []
        self._key = self.app.keys.create(STORE)[0]

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Heard:
        """Send a request; return the answer."""
        sent = {
            "Authorization": f"Bearer {self._key}",
            **{name.replace("_", "-"): text for name, text in headers.items()},
        }
        heard = call(self.app, environ_of(method, path, json.dumps(body).encode() if body else b"", sent))
        if heard.status >= 300:
            self.faults += (f"{method} {path}: {fault}" for fault in faults_of_refusal(heard))
        return heard


def faults_of_refusal(heard: Heard, status: int = 503, code: str | None = None) -> list[str]:
    """Return what an answer lacks to be a refusal in the one shape that errors have."""
    text = heard.body.decode(errors="replace")
    try:
        body = heard.json
        shaped = {"error", "code", "requestId"} == set(body) and body["error"].endswith(".")
    except ValueError:
        body, shaped = {}, False
    faults = {
        f"{heard.status} {text[:200]}": heard.status != status,
        f"no error as others: {text[:200]}": not shaped,
        f"the code is not {code}: {text[:200]}": shaped and code is not None and body["code"] != code,
        f"it tells of our code: {text[:200]}": any(trace in text for trace in TRACES),
        "no Retry-After": status == 503
        and body.get("code") != "outcome_unknown"
        and not heard.headers.get("retry-after", "").isdecimal(),
    }
    return [fault for fault, happened in faults.items() if happened]
