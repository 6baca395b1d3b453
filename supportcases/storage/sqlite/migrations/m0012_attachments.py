"""Files that come with messages, their bytes in pieces, and the secret by which their URLs are signed."""

from sqlite_utils import Database

from supportcases.storage.sqlite.migrations.statements import run


def step(db: Database) -> None:
    """Take this step."""
    # `content` is the name of the attempt under way, or of the bytes that are there
    run(
        db,
        """
        ALTER TABLE supportcases_messages
            ADD COLUMN attachments TEXT CHECK (
                CASE WHEN json_valid(attachments) THEN json_type(attachments) = 'array' ELSE attachments IS NULL END);

        CREATE TABLE supportcases_secrets (
            name TEXT NOT NULL PRIMARY KEY CHECK (name IN ('attachments')),
            value TEXT NOT NULL CHECK (length(value) = 64)
        ) STRICT;

        CREATE TABLE supportcases_attachments (
            id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36 AND id = lower(id)),
            store TEXT NOT NULL CHECK (length(store) BETWEEN 1 AND 64),
            owner TEXT NOT NULL CHECK (owner <> ''),
            key_id TEXT,
            name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
            content_type TEXT NOT NULL CHECK (length(content_type) BETWEEN 3 AND 127),
            size INTEGER NOT NULL CHECK (size >= 1),
            created_at TEXT NOT NULL CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
            content TEXT UNIQUE,
            attempted_at TEXT CHECK (attempted_at GLOB '????-??-??T??:??:??.???Z'),
            finished_at TEXT CHECK (finished_at GLOB '????-??-??T??:??:??.???Z'),
            sha256 TEXT CHECK (length(sha256) = 64),
            shown_as TEXT,
            message_id TEXT REFERENCES supportcases_messages (id),
            dropped INTEGER NOT NULL DEFAULT 0 CHECK (dropped IN (0, 1)),
            CHECK (attempted_at IS NULL OR (content IS NOT NULL AND finished_at IS NULL)),
            CHECK (finished_at IS NULL OR content IS NOT NULL),
            CHECK ((finished_at IS NULL) = (sha256 IS NULL)),
            CHECK (message_id IS NULL OR finished_at IS NOT NULL)
        ) STRICT;

        CREATE INDEX supportcases_attachments_pending
            ON supportcases_attachments (store, created_at, size)
            WHERE message_id IS NULL;

        CREATE INDEX supportcases_attachments_attached
            ON supportcases_attachments (store, size)
            WHERE message_id IS NOT NULL;

        CREATE INDEX supportcases_attachments_by_age
            ON supportcases_attachments (created_at)
            WHERE message_id IS NULL;

        CREATE INDEX supportcases_attachments_dropped
            ON supportcases_attachments (id)
            WHERE dropped = 1;

        CREATE INDEX supportcases_attachments_by_message
            ON supportcases_attachments (message_id)
            WHERE message_id IS NOT NULL;

        CREATE TABLE supportcases_chunks (
            content TEXT NOT NULL REFERENCES supportcases_attachments (content),
            number INTEGER NOT NULL CHECK (number >= 0),
            bytes BLOB NOT NULL CHECK (length(bytes) BETWEEN 1 AND 262144),
            PRIMARY KEY (content, number)
        ) STRICT;
        """,
    )
