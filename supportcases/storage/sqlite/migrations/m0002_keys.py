"""API keys, by their hash: no key stands here."""

from sqlite_utils import Database

from supportcases.storage.sqlite.migrations.statements import run


def step(db: Database) -> None:
    """Take this step."""
    run(
        db,
        """
        CREATE TABLE supportcases_keys (
            id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 12),
            key_hash TEXT NOT NULL UNIQUE CHECK (length(key_hash) = 64),
            store TEXT NOT NULL CHECK (length(store) BETWEEN 1 AND 64),
            label TEXT NOT NULL CHECK (length(label) BETWEEN 1 AND 120),
            created_at TEXT NOT NULL CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
            expires_at TEXT CHECK (expires_at GLOB '????-??-??T??:??:??.???Z'),
            revoked_at TEXT CHECK (revoked_at GLOB '????-??-??T??:??:??.???Z')
        ) STRICT;
        """,
    )
