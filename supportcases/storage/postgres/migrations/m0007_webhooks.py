"""Webhooks: the endpoints, each with how far it has come, and what was delivered or waits to be."""

from typing import Final

SQL: Final = """
    CREATE TABLE supportcases_webhooks (
        id uuid PRIMARY KEY,
        store text COLLATE "C" CHECK (length(store) BETWEEN 1 AND 64),
        url text NOT NULL CHECK (length(url) BETWEEN 1 AND 2000),
        types json CHECK (json_typeof(types) = 'array'),
        description text CHECK (length(description) BETWEEN 1 AND 200),
        enabled boolean NOT NULL,
        disabled_because text CHECK (disabled_because IS NULL OR NOT enabled),
        created_at timestamptz(3) NOT NULL,
        failing_since timestamptz(3),
        secret text COLLATE "C" NOT NULL CHECK (secret LIKE 'whsec\\_%'),
        old_secret text COLLATE "C" CHECK (old_secret LIKE 'whsec\\_%'),
        rotated_at timestamptz(3),
        after_xid bigint NOT NULL CHECK (after_xid >= 0),
        after_position bigint NOT NULL CHECK (after_position >= 0),
        failures bigint NOT NULL CHECK (failures >= 0),
        paused_until timestamptz(3),
        lease text COLLATE "C",
        leased_until timestamptz(3),
        CHECK ((lease IS NULL) = (leased_until IS NULL))
    ) WITH (fillfactor = 70);

    CREATE INDEX supportcases_webhooks_by_store
        ON supportcases_webhooks (store, id);

    CREATE TABLE supportcases_deliveries (
        webhook_id uuid NOT NULL,
        number bigint NOT NULL CHECK (number >= 1),
        kind text COLLATE "C" NOT NULL CHECK (kind IN ('event', 'test', 'redelivery', 'system')),
        event_id text COLLATE "C" CHECK ((event_id IS NULL) = (kind = 'system')),
        type text COLLATE "C" NOT NULL CHECK (type <> ''),
        attempt bigint NOT NULL CHECK (attempt >= 1),
        due_at timestamptz(3) NOT NULL,
        finished_at timestamptz(3),
        status bigint CHECK (status BETWEEN 100 AND 999),
        problem text,
        milliseconds bigint CHECK (milliseconds >= 0),
        PRIMARY KEY (webhook_id, number)
    );

    CREATE INDEX supportcases_deliveries_waiting
        ON supportcases_deliveries (webhook_id, due_at)
        WHERE finished_at IS NULL;

    CREATE INDEX supportcases_deliveries_by_hand
        ON supportcases_deliveries (webhook_id, due_at)
        WHERE kind IN ('test', 'redelivery');

    CREATE INDEX supportcases_deliveries_by_age
        ON supportcases_deliveries (due_at);

    -- wakes those who deliver; where there is no endpoint nobody is told
    CREATE FUNCTION supportcases_wake() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT 1 FROM supportcases_webhooks WHERE enabled) THEN
            PERFORM pg_notify('supportcases_events', '');
        END IF;
        RETURN NULL;
    END $$;

    CREATE TRIGGER supportcases_events_wake
        AFTER INSERT ON supportcases_events
        FOR EACH STATEMENT EXECUTE FUNCTION supportcases_wake();
"""
