"""Answers kept for retries with an Idempotency-Key."""

from sqlite_utils import Database

from supportcases.storage.sqlite.migrations.statements import run


def step(db: Database) -> None:
    """Take this step."""
    run(
        db,
        """
        CREATE TABLE supportcases_replays (
            scope TEXT NOT NULL,
            key TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
            fingerprint TEXT NOT NULL CHECK (length(fingerprint) = 64),
            status INTEGER NOT NULL CHECK (status BETWEEN 200 AND 299),
            body TEXT NOT NULL CHECK (json_valid(body)),
            location TEXT,
            kept_at TEXT NOT NULL CHECK (kept_at GLOB '????-??-??T??:??:??.???Z'),
            PRIMARY KEY (scope, key)
        ) STRICT;

        CREATE INDEX supportcases_replays_by_age
            ON supportcases_replays (kept_at);
        """,
    )
