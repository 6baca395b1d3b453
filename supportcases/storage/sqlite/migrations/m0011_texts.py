"""Canned texts of the team, and which support keys may edit them, and make keys: those with the right `admin`."""

from sqlite_utils import Database

from supportcases.storage.sqlite.migrations.statements import run


def step(db: Database) -> None:
    """Take this step."""
    run(
        db,
        """
        CREATE TABLE supportcases_texts (
            id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36 AND id = lower(id)),
            name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 120),
            body TEXT NOT NULL CHECK (length(body) BETWEEN 1 AND 10000)
        ) STRICT;

        ALTER TABLE supportcases_keys
            ADD COLUMN admin INTEGER NOT NULL DEFAULT 0 CHECK (admin = 0 OR (admin = 1 AND kind = 'support'));
        """,
    )
