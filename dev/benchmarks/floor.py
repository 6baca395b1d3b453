"""The floor: the least that a good engineer would write by hand for the same answers.

One Falcon app with `sqlite3` directly, on a file with our schema, so that its triggers keep counts and search for both.
It writes the rows that ours writes, as durably, and answers with the same bytes. It checks nothing, and has no layers.
"""

import hashlib
import json
import sqlite3
import threading
from datetime import UTC, datetime
from typing import Any

import falcon

from supportcases.domain.ids import uuid7  # what a standard library of 3.14 has
from supportcases.domain.text import fold

NAMES = ["id", "number", "subject", "category", "severity", "status", "createdAt", "lastActivityAt", "closedAt"]
COLUMNS = "id, number, subject, category, severity, status, created_at, last_activity_at, closed_at"
CASE = """INSERT INTO supportcases_cases (id, store, number, subject, subject_folded, category, severity, status,
    created_at, last_activity_at, unanswered_since) VALUES (?, ?, ?, ?, ?, ?, ?, 'open', ?, ?, ?)"""
NUMBER = """INSERT INTO supportcases_stores (store, last_number) VALUES (?, 1)
    ON CONFLICT (store) DO UPDATE SET last_number = supportcases_stores.last_number + 1 RETURNING last_number"""
MESSAGE = """INSERT INTO supportcases_messages (id, store, case_id, author_kind, author_label, body, created_at)
    VALUES (?, ?, ?, 'merchant', ?, ?, ?)"""
EVENT = """INSERT INTO supportcases_events (store, case_id, kind, actor_kind, actor_label, happened_at, was, became,
    message_id, revision, sequence) VALUES (?, ?, ?, 'merchant', 'API', ?, ?, ?, ?,
    (SELECT coalesce(max(revision), 0) + 1 FROM supportcases_events WHERE store = ? AND case_id = ?),
    (SELECT coalesce(max(sequence), 0) + 1 FROM supportcases_events WHERE store = ? AND sequence IS NOT NULL))"""
UPDATE = """UPDATE supportcases_cases SET status = ?, last_activity_at = ?, closed_at = ?,
    unanswered_since = coalesce(unanswered_since, ?) WHERE store = ? AND id = ?"""
KEY = "SELECT store FROM supportcases_keys WHERE key_hash = ? AND revoked_at IS NULL"
FIND = f"SELECT {COLUMNS} FROM supportcases_cases WHERE store = ? AND number = ?"
COUNT = "SELECT coalesce(sum(cases), 0) FROM supportcases_counts WHERE store = ?"
PAGE = f"SELECT {COLUMNS} FROM supportcases_cases WHERE store = ?"
ORDER = " ORDER BY last_activity_at DESC, number DESC LIMIT ? OFFSET ?"
THREAD = """SELECT id, author_kind, author_label, body, created_at FROM supportcases_messages
    WHERE store = ? AND case_id = ? AND internal = 0 ORDER BY position"""
encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")[:23] + "Z"


def message(row: tuple[Any, ...]) -> dict[str, Any]:
    *said, at = row
    names = ("id", "authorKind", "authorLabel", "body")
    return {**dict(zip(names, said, strict=True)), "attachments": [], "createdAt": at}


class Floor:
    find_alone = FIND

    def __init__(self, path: str) -> None:
        self.path, self.local = path, threading.local()

    def database(self) -> Any:
        if not hasattr(self.local, "database"):
            self.local.database = sqlite3.connect(self.path, timeout=10, isolation_level=None)
            self.local.database.executescript("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON")
        return self.local.database

    def store(self, req: falcon.Request, database: Any) -> str:
        key = hashlib.sha256(req.env.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer ").encode()).hexdigest()
        row = database.execute(KEY, (key,)).fetchone()
        if row is None:
            raise falcon.HTTPUnauthorized
        return row[0]

    def add_message(self, database: Any, message_id: str, store: str, case_id: str, body: str, at: str) -> None:
        database.execute(MESSAGE, (message_id, store, case_id, "API", body, at))

    def add_event(self, database: Any, store: str, case_id: str, *told: str | None) -> None:
        kind, at, was, became, *said = told
        values = (store, case_id, kind, at, was, became, said[0] if said else None, store, case_id, store)
        database.execute(EVENT, values)


class Cases(Floor):
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        database = self.database()
        store = self.store(req, database)
        limit, offset = int(req.get_param("limit") or 10), int(req.get_param("offset") or 0)
        where, values = "", [store]
        for name in ("status", "severity"):
            if value := req.get_param(name):
                where, values = f"{where} AND {name} = ?", [*values, value]
        database.execute("BEGIN")
        ((count,),) = database.execute(COUNT + where, values).fetchall()
        rows = database.execute(PAGE + where + ORDER, (*values, limit, offset)).fetchall()
        database.execute("COMMIT")
        data = [dict(zip(NAMES, row, strict=True)) for row in rows]
        resp.content_type = falcon.MEDIA_JSON
        resp.data = encode({"data": data, "meta": {"count": count, "offset": offset, "limit": limit}}).encode()

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        database, new = self.database(), json.loads(req.bounded_stream.read())
        store = self.store(req, database)
        case_id, severity, category = str(uuid7()), new.get("severity", "normal"), new.get("category", "other")
        subject = new["subject"]
        database.execute("BEGIN IMMEDIATE")
        at = now()  # not before: whoever waited longer would write an older moment
        ((number,),) = database.execute(NUMBER, (store,)).fetchall()
        database.execute(CASE, (case_id, store, number, subject, fold(subject), category, severity, at, at, at))
        message_id = str(uuid7())
        self.add_message(database, message_id, store, case_id, new["body"], at)
        self.add_event(database, store, case_id, "opened", at, "{}", '{"status": "open"}', message_id)
        database.execute("COMMIT")
        resp.status, resp.content_type = 201, falcon.MEDIA_JSON
        resp.set_header("Location", f"/api/v1/support-cases/{case_id}")
        row = (case_id, number, subject, category, severity, "open", at, at, None)
        resp.data = encode(dict(zip(NAMES, row, strict=True))).encode()


class Case(Floor):
    def on_get(self, req: falcon.Request, resp: falcon.Response, number: int) -> None:
        database = self.database()
        store = self.store(req, database)
        database.execute("BEGIN")
        row = database.execute(FIND, (store, number)).fetchone()
        thread = database.execute(THREAD, (store, row[0])).fetchall()
        database.execute("COMMIT")
        resp.content_type = falcon.MEDIA_JSON
        resp.data = encode({**dict(zip(NAMES, row, strict=True)), "messages": list(map(message, thread))}).encode()

    def on_patch(self, req: falcon.Request, resp: falcon.Response, number: int) -> None:
        database, status = self.database(), json.loads(req.bounded_stream.read())["status"]
        store = self.store(req, database)
        database.execute("BEGIN IMMEDIATE")
        at = now()  # not before: whoever waited longer would write an older moment
        row = database.execute(self.find_alone, (store, number)).fetchone()
        if row[5] != status:
            closed_at, waits = (at, None) if status == "closed" else (None, at)
            database.execute(UPDATE, (status, at, closed_at, waits, store, row[0]))
            kind = "closed" if status == "closed" else "reopened"
            was, became = json.dumps({"status": row[5]}), json.dumps({"status": status})
            self.add_event(database, store, row[0], kind, at, was, became)
            row = (*row[:5], status, row[6], at, closed_at)
        database.execute("COMMIT")
        resp.content_type = falcon.MEDIA_JSON
        resp.data = encode(dict(zip(NAMES, row, strict=True))).encode()


class Messages(Floor):
    def on_post(self, req: falcon.Request, resp: falcon.Response, number: int) -> None:
        database, new = self.database(), json.loads(req.bounded_stream.read())
        store, message_id = self.store(req, database), str(uuid7())
        database.execute("BEGIN IMMEDIATE")
        at = now()  # not before: whoever waited longer would write an older moment
        row = database.execute(self.find_alone, (store, number)).fetchone()
        self.add_message(database, message_id, store, row[0], new["body"], at)
        database.execute(UPDATE, ("open", at, None, at, store, row[0]))
        was, became = ("{}", "{}") if row[5] == "open" else (json.dumps({"status": row[5]}), '{"status": "open"}')
        self.add_event(database, store, row[0], "replied", at, was, became, message_id)
        database.execute("COMMIT")
        resp.status, resp.content_type = 201, falcon.MEDIA_JSON
        said = message((message_id, "merchant", "API", new["body"], at))
        resp.data = encode({"message": said, "status": "open"}).encode()


def floor(path: str) -> falcon.App:
    """Return the app over the file at `path`, which ours has made."""
    return served(Cases(path), Case(path), Messages(path))


def served(cases: Cases, case: Case, messages: Messages) -> falcon.App:
    app = falcon.App()
    app.add_route("/api/v1/support-cases", cases)
    app.add_route("/api/v1/support-cases/{number:int}", case)
    app.add_route("/api/v1/support-cases/{number:int}/messages", messages)
    return app
