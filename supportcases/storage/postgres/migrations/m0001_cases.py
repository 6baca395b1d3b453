"""Cases, messages, the counter of each store, history: it stays as it is."""

from typing import Final

SQL: Final = """
    CREATE EXTENSION IF NOT EXISTS pg_trgm;

    CREATE TABLE supportcases_stores (
        store text COLLATE "C" PRIMARY KEY CHECK (length(store) BETWEEN 1 AND 64),
        last_number bigint NOT NULL CHECK (last_number >= 1)
    ) WITH (fillfactor = 70);

    CREATE TABLE supportcases_cases (
        id uuid PRIMARY KEY,
        store text COLLATE "C" NOT NULL REFERENCES supportcases_stores (store),
        number bigint NOT NULL CHECK (number >= 1),
        subject text NOT NULL CHECK (length(subject) BETWEEN 3 AND 200),
        subject_folded text COLLATE "C" NOT NULL,
        category text COLLATE "C" NOT NULL CHECK (category IN (
            'orders_payments', 'products_catalog', 'domains_setup', 'billing_plans', 'store_builder', 'other')),
        severity text COLLATE "C" NOT NULL CHECK (severity IN ('critical', 'high', 'normal', 'low')),
        status text COLLATE "C" NOT NULL CHECK (status IN ('open', 'answered', 'closed')),
        created_at timestamptz(3) NOT NULL,
        last_activity_at timestamptz(3) NOT NULL,
        closed_at timestamptz(3),
        unanswered_since timestamptz(3),
        assignee text COLLATE "C" CHECK (length(assignee) BETWEEN 1 AND 120 AND assignee NOT IN ('me', 'none')),
        messages bigint NOT NULL DEFAULT 0 CHECK (messages >= 0),
        characters bigint NOT NULL DEFAULT 0 CHECK (characters >= 0),
        answered_after bigint,
        closed_after bigint GENERATED ALWAYS AS (
            (extract(epoch FROM closed_at - created_at) * 1000)::bigint) STORED,
        UNIQUE (store, number),
        UNIQUE (store, id),
        CHECK (created_at <= last_activity_at),
        CHECK (closed_at BETWEEN created_at AND last_activity_at),
        CHECK ((status = 'closed') = (closed_at IS NOT NULL)),
        CHECK (
            unanswered_since IS NULL
            OR (status <> 'answered' AND unanswered_since BETWEEN created_at AND last_activity_at))
    ) WITH (fillfactor = 85);

    CREATE INDEX supportcases_cases_by_activity
        ON supportcases_cases (store, last_activity_at DESC, number DESC);

    CREATE INDEX supportcases_cases_by_status
        ON supportcases_cases (store, status, last_activity_at DESC, number DESC);

    CREATE INDEX supportcases_cases_by_subject
        ON supportcases_cases USING gin (subject_folded gin_trgm_ops);

    CREATE TABLE supportcases_messages (
        position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        id uuid NOT NULL UNIQUE,
        store text COLLATE "C" NOT NULL,
        case_id uuid NOT NULL,
        author_kind text COLLATE "C" NOT NULL CHECK (author_kind IN ('merchant', 'support', 'system', 'elliot')),
        author_label text NOT NULL CHECK (length(author_label) BETWEEN 1 AND 120),
        body text NOT NULL CHECK (length(body) BETWEEN 1 AND 10000),
        body_folded text COLLATE "C" NOT NULL,
        created_at timestamptz(3) NOT NULL,
        internal boolean NOT NULL DEFAULT FALSE,
        FOREIGN KEY (store, case_id) REFERENCES supportcases_cases (store, id)
    );

    CREATE INDEX supportcases_messages_by_case
        ON supportcases_messages (store, case_id, internal, position);

    CREATE INDEX supportcases_messages_by_body
        ON supportcases_messages USING gin (body_folded gin_trgm_ops);

    CREATE TABLE supportcases_events (
        position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        store text COLLATE "C" NOT NULL,
        case_id uuid NOT NULL,
        kind text COLLATE "C" NOT NULL CHECK (kind <> ''),
        actor_kind text COLLATE "C" NOT NULL CHECK (actor_kind IN ('merchant', 'support')),
        actor_label text NOT NULL CHECK (length(actor_label) BETWEEN 1 AND 120),
        happened_at timestamptz(3) NOT NULL,
        was json NOT NULL,
        became json NOT NULL,
        FOREIGN KEY (store, case_id) REFERENCES supportcases_cases (store, id)
    );

    CREATE INDEX supportcases_events_by_case
        ON supportcases_events (store, case_id, position);

    CREATE FUNCTION supportcases_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'history is never changed: no % of it', TG_OP
            USING ERRCODE = 'integrity_constraint_violation';
    END $$;

    -- of the statement, since TRUNCATE has no rows to refuse
    CREATE TRIGGER supportcases_events_stay
        BEFORE UPDATE OR DELETE OR TRUNCATE ON supportcases_events
        FOR EACH STATEMENT EXECUTE FUNCTION supportcases_refuse();
"""
