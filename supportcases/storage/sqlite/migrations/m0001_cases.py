"""Cases, messages, the counter of each store, events."""

from sqlite_utils import Database

from supportcases.storage.sqlite.migrations.statements import run


def step(db: Database) -> None:
    """Take this step."""
    run(
        db,
        """
        CREATE TABLE supportcases_stores (
            store TEXT NOT NULL PRIMARY KEY CHECK (length(store) BETWEEN 1 AND 64),
            last_number INTEGER NOT NULL CHECK (last_number >= 1)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE supportcases_cases (
            id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36 AND id = lower(id)),
            store TEXT NOT NULL REFERENCES supportcases_stores (store),
            number INTEGER NOT NULL CHECK (number >= 1),
            subject TEXT NOT NULL CHECK (length(subject) BETWEEN 3 AND 200),
            subject_folded TEXT NOT NULL,
            category TEXT NOT NULL CHECK (category IN (
                'orders_payments', 'products_catalog', 'domains_setup', 'billing_plans', 'store_builder', 'other')),
            severity TEXT NOT NULL CHECK (severity IN ('critical', 'high', 'normal', 'low')),
            status TEXT NOT NULL CHECK (status IN ('open', 'answered', 'closed')),
            created_at TEXT NOT NULL CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
            last_activity_at TEXT NOT NULL CHECK (last_activity_at GLOB '????-??-??T??:??:??.???Z'),
            closed_at TEXT CHECK (closed_at GLOB '????-??-??T??:??:??.???Z'),
            UNIQUE (store, number),
            UNIQUE (store, id),
            CHECK (created_at <= last_activity_at),
            CHECK (closed_at BETWEEN created_at AND last_activity_at),
            CHECK ((status = 'closed') = (closed_at IS NOT NULL))
        ) STRICT;

        CREATE INDEX supportcases_cases_by_activity
            ON supportcases_cases (store, last_activity_at, number);

        CREATE INDEX supportcases_cases_by_status
            ON supportcases_cases (store, status, last_activity_at, number);

        CREATE TABLE supportcases_messages (
            position INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE CHECK (length(id) = 36 AND id = lower(id)),
            store TEXT NOT NULL,
            case_id TEXT NOT NULL,
            author_kind TEXT NOT NULL CHECK (author_kind IN ('merchant', 'support', 'system', 'elliot')),
            author_label TEXT NOT NULL CHECK (length(author_label) BETWEEN 1 AND 120),
            body TEXT NOT NULL CHECK (length(body) BETWEEN 1 AND 10000),
            created_at TEXT NOT NULL CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
            FOREIGN KEY (store, case_id) REFERENCES supportcases_cases (store, id)
        ) STRICT;

        CREATE INDEX supportcases_messages_by_case
            ON supportcases_messages (store, case_id);

        CREATE TABLE supportcases_events (
            position INTEGER PRIMARY KEY,
            store TEXT NOT NULL,
            case_id TEXT NOT NULL,
            kind TEXT NOT NULL CHECK (kind <> ''),
            actor_kind TEXT NOT NULL CHECK (actor_kind IN ('merchant', 'support')),
            actor_label TEXT NOT NULL CHECK (length(actor_label) BETWEEN 1 AND 120),
            happened_at TEXT NOT NULL CHECK (happened_at GLOB '????-??-??T??:??:??.???Z'),
            was TEXT NOT NULL CHECK (json_valid(was)),
            became TEXT NOT NULL CHECK (json_valid(became)),
            FOREIGN KEY (store, case_id) REFERENCES supportcases_cases (store, id)
        ) STRICT;

        CREATE INDEX supportcases_events_by_case
            ON supportcases_events (store, case_id);
        """,
    )
