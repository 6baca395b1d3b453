"""Files that come with messages, their bytes in pieces, and the secret by which their URLs are signed."""

from typing import Final

SQL: Final = """
    ALTER TABLE supportcases_messages
        ADD COLUMN attachments json CHECK (json_typeof(attachments) = 'array');

    CREATE TABLE supportcases_secrets (
        name text COLLATE "C" PRIMARY KEY CHECK (name IN ('attachments')),
        value text COLLATE "C" NOT NULL CHECK (length(value) = 64)
    );

    -- content is the name of the attempt under way, or of the bytes that are there
    CREATE TABLE supportcases_attachments (
        id uuid PRIMARY KEY,
        store text COLLATE "C" NOT NULL CHECK (length(store) BETWEEN 1 AND 64),
        owner text COLLATE "C" NOT NULL CHECK (owner <> ''),
        key_id text COLLATE "C",
        name text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
        content_type text COLLATE "C" NOT NULL CHECK (length(content_type) BETWEEN 3 AND 127),
        size bigint NOT NULL CHECK (size >= 1),
        created_at timestamptz(3) NOT NULL,
        content uuid UNIQUE,
        attempted_at timestamptz(3),
        finished_at timestamptz(3),
        sha256 text COLLATE "C" CHECK (length(sha256) = 64),
        shown_as text COLLATE "C",
        message_id uuid REFERENCES supportcases_messages (id),
        dropped boolean NOT NULL DEFAULT FALSE,
        CHECK (attempted_at IS NULL OR (content IS NOT NULL AND finished_at IS NULL)),
        CHECK (finished_at IS NULL OR content IS NOT NULL),
        CHECK ((finished_at IS NULL) = (sha256 IS NULL)),
        CHECK (message_id IS NULL OR finished_at IS NOT NULL)
    );

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
        WHERE dropped;

    CREATE INDEX supportcases_attachments_by_message
        ON supportcases_attachments (message_id)
        WHERE message_id IS NOT NULL;

    CREATE TABLE supportcases_chunks (
        content uuid NOT NULL REFERENCES supportcases_attachments (content),
        number bigint NOT NULL CHECK (number >= 0),
        bytes bytea NOT NULL CHECK (length(bytes) BETWEEN 1 AND 262144),
        PRIMARY KEY (content, number)
    );

    -- most files are packed already
    ALTER TABLE supportcases_chunks
        ALTER COLUMN bytes SET STORAGE EXTERNAL;
"""
