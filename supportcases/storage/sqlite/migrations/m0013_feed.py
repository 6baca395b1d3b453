"""The history in the order of a feed: numbers of merchants' events without a gap, positions that never come again."""

import sqlite3
from collections import defaultdict, deque
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Final

from sqlite_utils import Database

from supportcases.storage.sqlite.migrations.statements import run

OLD: Final = "position, store, case_id, kind, actor_kind, actor_label, happened_at, was, became"
SAID: Final = """
    SELECT store, case_id, 0 AS happened, position, created_at,
           CASE
               WHEN internal THEN 'note'
               WHEN author_kind = 'elliot' THEN 'support'
               ELSE author_kind
           END,
           id
    FROM supportcases_messages
"""
# who wrote the message that came with an entry, and whether merchants see that it happened
HAPPENED: Final = """
    SELECT store, case_id, 1, position, happened_at,
           CASE kind
               WHEN 'opened' THEN 'merchant'
               WHEN 'replied' THEN 'merchant'
               WHEN 'answered' THEN 'support'
               WHEN 'announced' THEN 'system'
               WHEN 'noted' THEN 'note'
           END,
           kind <> 'noted'
           AND (kind <> 'changed'
               OR EXISTS (SELECT 1 FROM json_each(became) WHERE key IN ('subject', 'category', 'severity', 'status')))
    FROM supportcases_events
"""


def step(db: Database) -> None:
    """Take this step."""
    triggers = db.execute(
        "SELECT sql FROM sqlite_schema WHERE tbl_name = 'supportcases_events' AND type = 'trigger' ORDER BY rowid"
    ).fetchall()
    # narrow rows, by which alone is sorted: whole ones take five times as long
    db.execute("CREATE TEMPORARY TABLE numbered (store, position, revision, is_seen, message_id)")
    db.conn.executemany("INSERT INTO numbered VALUES (?, ?, ?, ?, ?)", _numbered(db.conn))
    db.execute("PRAGMA legacy_alter_table = ON")  # no rename would do without: it fails where a host's view is broken
    run(
        db,
        f"""
        CREATE TABLE supportcases_new_events (
            position INTEGER PRIMARY KEY AUTOINCREMENT,
            store TEXT NOT NULL,
            case_id TEXT NOT NULL,
            revision INTEGER NOT NULL CHECK (revision >= 1),
            sequence INTEGER CHECK (sequence >= 1),
            kind TEXT NOT NULL CHECK (kind <> ''),
            actor_kind TEXT NOT NULL CHECK (actor_kind IN ('merchant', 'support')),
            actor_label TEXT NOT NULL CHECK (length(actor_label) BETWEEN 1 AND 120),
            happened_at TEXT NOT NULL CHECK (happened_at GLOB '????-??-??T??:??:??.???Z'),
            was TEXT NOT NULL CHECK (json_valid(was)),
            became TEXT NOT NULL CHECK (json_valid(became)),
            message_id TEXT,
            FOREIGN KEY (store, case_id) REFERENCES supportcases_cases (store, id)
        ) STRICT;

        INSERT INTO supportcases_new_events ({OLD}, revision, sequence, message_id)
        SELECT {OLD.replace("store", "e.store")}, revision, sequence, message_id
        FROM (
            SELECT position, revision, message_id,
                   iif(is_seen, row_number() OVER (PARTITION BY store, is_seen ORDER BY position), NULL) AS sequence
            FROM numbered
            ORDER BY position
        ) AS n
        CROSS JOIN supportcases_events AS e USING (position);

        DROP TABLE numbered;

        DROP TABLE supportcases_events;

        ALTER TABLE supportcases_new_events RENAME TO supportcases_events;

        CREATE UNIQUE INDEX supportcases_events_by_case
            ON supportcases_events (store, case_id, revision);

        CREATE UNIQUE INDEX supportcases_events_by_sequence
            ON supportcases_events (store, sequence)
            WHERE sequence IS NOT NULL;

        CREATE INDEX supportcases_events_by_store
            ON supportcases_events (store);
        """,
    )
    db.execute("PRAGMA legacy_alter_table = OFF")
    for (sql,) in triggers:
        db.execute(sql)


def _numbered(connection: sqlite3.Connection) -> Iterator[tuple[str, int, int, int, str | None]]:
    """Yield each event with its revision, whether merchants see it, and the message that came with it."""
    rows = connection.execute(f"{SAID} UNION ALL {HAPPENED} ORDER BY store, case_id, happened, position")
    for (store, _), of_case in groupby(rows, key=itemgetter(0, 1)):
        revision = 0
        waiting: defaultdict[tuple[str, str], deque[str]] = defaultdict(deque)
        for *_, happened, position, at, by, told in of_case:
            if not happened:
                waiting[at, by].append(told)
                continue
            revision += 1
            said = waiting.get((at, by))
            yield store, position, revision, told, said.popleft() if said else None
