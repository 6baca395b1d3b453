"""The floor on PostgreSQL: the same app with `psycopg` directly, a connection for each thread, our schema.

What it reads it asks for in one statement behind that for the key, since each costs a round trip; who writes locks the
row of the store first, or the triggers that count would wait for each other.
"""

from functools import cache
from typing import Any, LiteralString, cast

import falcon
import psycopg
from psycopg.types.string import TextLoader

from dev.benchmarks import floor as on_sqlite
from dev.benchmarks.floor import COLUMNS, COUNT, NAMES, ORDER, PAGE, encode, message
from supportcases.domain.text import fold
from supportcases.storage.postgres.connections import TimeLoader

OF_CASE = ", ".join(f"c.{column}" for column in COLUMNS.split(", "))
FIND_ALONE = f"""SELECT {OF_CASE} FROM supportcases_stores AS s JOIN supportcases_cases AS c ON c.store = s.store
    WHERE s.store = ? AND c.number = ? FOR NO KEY UPDATE"""
MESSAGE = """INSERT INTO supportcases_messages (id, store, case_id, author_kind, author_label, body, body_folded,
    created_at) VALUES (?, ?, ?, 'merchant', ?, ?, ?, ?)"""
THREAD = f"""SELECT {OF_CASE}, m.id, m.author_kind, m.author_label, m.body, m.created_at
    FROM supportcases_cases AS c
    JOIN supportcases_messages AS m ON m.store = c.store AND m.case_id = c.id AND NOT m.internal
    WHERE c.store = ? AND c.number = ? ORDER BY m.position"""


@cache
def psycopgs(statement: str) -> LiteralString:
    return cast("LiteralString", {"BEGIN IMMEDIATE": "BEGIN"}.get(statement, statement.replace("?", "%s")))


class Connection(psycopg.Connection[tuple[Any, ...]]):
    def execute(self, statement: Any, values: Any = None, **how: Any) -> psycopg.Cursor[tuple[Any, ...]]:
        return super().execute(psycopgs(statement), values, **how)


class Floor(on_sqlite.Floor):
    find_alone = FIND_ALONE

    def database(self) -> Any:
        if not hasattr(self.local, "database"):
            self.local.database = database = Connection.connect(self.path, autocommit=True)
            database.execute("SET TimeZone = 'UTC'")
            for kind, loader in (("uuid", TextLoader), ("timestamptz", TimeLoader)):
                database.adapters.register_loader(kind, loader)
        return self.local.database

    def add_message(self, database: Any, message_id: str, store: str, case_id: str, body: str, at: str) -> None:
        database.execute(MESSAGE, (message_id, store, case_id, "API", body, fold(body), at))


class Cases(Floor, on_sqlite.Cases):
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        database = self.database()
        store = self.store(req, database)
        limit, offset = int(req.get_param("limit") or 10), int(req.get_param("offset") or 0)
        where, values = "", [store]
        for name in ("status", "severity"):
            if value := req.get_param(name):
                where, values = f"{where} AND {name} = ?", [*values, value]
        listed = f"""SELECT n.cases, c.* FROM ({COUNT.replace(", 0)", ", 0)::bigint AS cases")}{where}) AS n
            LEFT JOIN ({PAGE}{where}{ORDER}) AS c ON TRUE ORDER BY last_activity_at DESC, number DESC"""
        rows = database.execute(listed, (*values, *values, limit, offset)).fetchall()
        data = [dict(zip(NAMES, row[1:], strict=True)) for row in rows if row[1]]
        resp.content_type = falcon.MEDIA_JSON
        meta = {"count": rows[0][0], "offset": offset, "limit": limit}
        resp.data = encode({"data": data, "meta": meta}).encode()


class Case(Floor, on_sqlite.Case):
    def on_get(self, req: falcon.Request, resp: falcon.Response, number: int) -> None:
        database = self.database()
        rows = database.execute(THREAD, (self.store(req, database), number)).fetchall()
        case = dict(zip(NAMES, rows[0][: len(NAMES)], strict=True))
        resp.content_type = falcon.MEDIA_JSON
        resp.data = encode({**case, "messages": [message(row[len(NAMES) :]) for row in rows]}).encode()


class Messages(Floor, on_sqlite.Messages):
    pass


def floor(url: str) -> falcon.App:
    """Return the app over the database at `url`, which ours has made."""
    return on_sqlite.served(Cases(url), Case(url), Messages(url))
