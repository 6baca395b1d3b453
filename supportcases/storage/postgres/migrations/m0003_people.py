"""API keys and sessions by their hashes: no key and no token stands here; kept answers, canned texts."""

from typing import Final

SQL: Final = """
    CREATE TABLE supportcases_keys (
        id text COLLATE "C" PRIMARY KEY CHECK (length(id) = 12),
        key_hash text COLLATE "C" NOT NULL UNIQUE CHECK (length(key_hash) = 64),
        kind text COLLATE "C" NOT NULL CHECK (kind IN ('merchant', 'support')),
        store text COLLATE "C" CHECK (length(store) BETWEEN 1 AND 64),
        stores json CHECK (json_typeof(stores) = 'array'),
        label text COLLATE "C" NOT NULL CHECK (length(label) BETWEEN 1 AND 120),
        created_at timestamptz(3) NOT NULL,
        expires_at timestamptz(3),
        revoked_at timestamptz(3),
        admin boolean NOT NULL DEFAULT FALSE CHECK (NOT admin OR kind = 'support'),
        CHECK ((kind = 'merchant') = (store IS NOT NULL)),
        CHECK (kind = 'support' OR stores IS NULL)
    );

    CREATE INDEX supportcases_keys_by_store
        ON supportcases_keys (store, created_at DESC, id DESC);

    CREATE TABLE supportcases_sessions (
        position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        token_hash text COLLATE "C" NOT NULL UNIQUE CHECK (length(token_hash) = 64),
        key_id text COLLATE "C" NOT NULL REFERENCES supportcases_keys (id),
        created_at timestamptz(3) NOT NULL,
        expires_at timestamptz(3) NOT NULL CHECK (expires_at > created_at)
    );

    CREATE INDEX supportcases_sessions_by_key
        ON supportcases_sessions (key_id, position);

    CREATE INDEX supportcases_sessions_by_expiry
        ON supportcases_sessions (expires_at);

    CREATE TABLE supportcases_replays (
        scope text COLLATE "C" NOT NULL,
        key text COLLATE "C" NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
        fingerprint text COLLATE "C" NOT NULL CHECK (length(fingerprint) = 64),
        status integer NOT NULL CHECK (status BETWEEN 200 AND 299),
        body json NOT NULL,
        location text,
        kept_at timestamptz(3) NOT NULL,
        PRIMARY KEY (scope, key)
    );

    CREATE INDEX supportcases_replays_by_age
        ON supportcases_replays (kept_at);

    CREATE TABLE supportcases_texts (
        id text COLLATE "C" PRIMARY KEY CHECK (length(id) = 36 AND id = lower(id)),
        name text COLLATE "C" NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 120),
        body text NOT NULL CHECK (length(body) BETWEEN 1 AND 10000)
    );
"""
