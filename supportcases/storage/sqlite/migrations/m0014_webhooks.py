"""Webhooks: the endpoints, each with how far it has come, and what was delivered or waits to be."""

from sqlite_utils import Database

from supportcases.storage.sqlite.migrations.statements import run


def step(db: Database) -> None:
    """Take this step."""
    run(
        db,
        """
        CREATE TABLE supportcases_webhooks (
            id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36 AND id = lower(id)),
            store TEXT CHECK (length(store) BETWEEN 1 AND 64),
            url TEXT NOT NULL CHECK (length(url) BETWEEN 1 AND 2000),
            types TEXT CHECK (
                CASE WHEN types IS NULL THEN 1 WHEN json_valid(types) THEN json_type(types) = 'array' ELSE 0 END),
            description TEXT CHECK (length(description) BETWEEN 1 AND 200),
            enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
            disabled_because TEXT CHECK (disabled_because IS NULL OR NOT enabled),
            created_at TEXT NOT NULL CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
            failing_since TEXT CHECK (failing_since GLOB '????-??-??T??:??:??.???Z'),
            secret TEXT NOT NULL CHECK (secret GLOB 'whsec_*'),
            old_secret TEXT CHECK (old_secret GLOB 'whsec_*'),
            rotated_at TEXT CHECK (rotated_at GLOB '????-??-??T??:??:??.???Z'),
            after_xid INTEGER NOT NULL CHECK (after_xid >= 0),
            after_position INTEGER NOT NULL CHECK (after_position >= 0),
            failures INTEGER NOT NULL CHECK (failures >= 0),
            paused_until TEXT CHECK (paused_until GLOB '????-??-??T??:??:??.???Z'),
            lease TEXT,
            leased_until TEXT CHECK (leased_until GLOB '????-??-??T??:??:??.???Z'),
            CHECK ((lease IS NULL) = (leased_until IS NULL))
        ) STRICT;

        CREATE INDEX supportcases_webhooks_by_store
            ON supportcases_webhooks (store, id);

        CREATE TABLE supportcases_deliveries (
            webhook_id TEXT NOT NULL,
            number INTEGER NOT NULL CHECK (number >= 1),
            kind TEXT NOT NULL CHECK (kind IN ('event', 'test', 'redelivery', 'system')),
            event_id TEXT CHECK ((event_id IS NULL) = (kind = 'system')),
            type TEXT NOT NULL CHECK (type <> ''),
            attempt INTEGER NOT NULL CHECK (attempt >= 1),
            due_at TEXT NOT NULL CHECK (due_at GLOB '????-??-??T??:??:??.???Z'),
            finished_at TEXT CHECK (finished_at GLOB '????-??-??T??:??:??.???Z'),
            status INTEGER CHECK (status BETWEEN 100 AND 999),
            problem TEXT,
            milliseconds INTEGER CHECK (milliseconds >= 0),
            PRIMARY KEY (webhook_id, number)
        ) STRICT;

        CREATE INDEX supportcases_deliveries_waiting
            ON supportcases_deliveries (webhook_id, due_at)
            WHERE finished_at IS NULL;

        CREATE INDEX supportcases_deliveries_by_hand
            ON supportcases_deliveries (webhook_id, due_at)
            WHERE kind IN ('test', 'redelivery');

        CREATE INDEX supportcases_deliveries_by_age
            ON supportcases_deliveries (due_at);
        """,
    )
