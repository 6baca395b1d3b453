"""Who is signed in to the console, by the hash of each token: no token stands here."""

from sqlite_utils import Database

from supportcases.storage.sqlite.migrations.statements import run


def step(db: Database) -> None:
    """Take this step."""
    run(
        db,
        """
        CREATE TABLE supportcases_sessions (
            token_hash TEXT NOT NULL PRIMARY KEY CHECK (length(token_hash) = 64),
            key_id TEXT NOT NULL REFERENCES supportcases_keys (id),
            created_at TEXT NOT NULL CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
            expires_at TEXT NOT NULL CHECK (
                expires_at GLOB '????-??-??T??:??:??.???Z'
                AND expires_at > created_at)
        ) STRICT;

        CREATE INDEX supportcases_sessions_by_key
            ON supportcases_sessions (key_id);

        CREATE INDEX supportcases_sessions_by_expiry
            ON supportcases_sessions (expires_at);
        """,
    )
