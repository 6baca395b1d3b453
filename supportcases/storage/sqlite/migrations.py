"""The schema, as the list of steps that made it. Append to it; a step that was released is never edited.

The tables are prefixed, since the file may be the storefront's. Every rule that SQLite can check stands here too.
"""

import re
from typing import Final

from sqlite_utils import Database, Migrations

MIGRATIONS: Final = Migrations("supportcases")


def run(db: Database, script: str) -> None:
    """Run the statements one by one: `executescript` would commit the transaction around the migrations."""
    for statement in script.split(";\n"):
        if statement.strip():
            db.execute(statement)


@MIGRATIONS(name="0001_cases")
def cases(db: Database) -> None:
    """Cases, messages, the counter of each store, events."""
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


@MIGRATIONS(name="0002_keys")
def keys(db: Database) -> None:
    """API keys, by their hash: no key stands here."""
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


@MIGRATIONS(name="0003_replays")
def replays(db: Database) -> None:
    """Answers kept for retries with an Idempotency-Key."""
    run(
        db,
        """
        CREATE TABLE supportcases_replays (
            scope TEXT NOT NULL,
            key TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
            fingerprint TEXT NOT NULL CHECK (length(fingerprint) = 64),
            status INTEGER NOT NULL CHECK (status BETWEEN 200 AND 299),
            body TEXT NOT NULL CHECK (json_valid(body)),
            location TEXT,
            kept_at TEXT NOT NULL CHECK (kept_at GLOB '????-??-??T??:??:??.???Z'),
            PRIMARY KEY (scope, key)
        ) STRICT;

        CREATE INDEX supportcases_replays_by_age
            ON supportcases_replays (kept_at);
        """,
    )


@MIGRATIONS(name="0004_support")
def support(db: Database) -> None:
    """The support team's side: notes, assignees, how long a merchant has waited, their keys; history stays as it is."""
    # the keys are copied there and back: renaming a table fails where a view or trigger of the host's file is broken
    run(
        db,
        """
        ALTER TABLE supportcases_messages
            ADD COLUMN internal INTEGER NOT NULL DEFAULT 0 CHECK (internal IN (0, 1));

        DROP INDEX supportcases_messages_by_case;

        CREATE INDEX supportcases_messages_by_case
            ON supportcases_messages (store, case_id, internal);

        ALTER TABLE supportcases_cases
            ADD COLUMN assignee TEXT CHECK (length(assignee) BETWEEN 1 AND 120 AND assignee NOT IN ('me', 'none'));

        ALTER TABLE supportcases_cases
            ADD COLUMN unanswered_since TEXT CHECK (
                unanswered_since IS NULL
                OR (status <> 'answered'
                    AND unanswered_since GLOB '????-??-??T??:??:??.???Z'
                    AND unanswered_since BETWEEN created_at AND last_activity_at));

        UPDATE supportcases_cases AS c
        SET unanswered_since = coalesce(
            (
                SELECT min(e.happened_at)
                FROM supportcases_events AS e
                WHERE e.store = c.store
                  AND e.case_id = c.id
                  AND e.kind IN ('opened', 'replied', 'reopened')
                  AND e.position > coalesce(
                      (
                          SELECT max(t.position)
                          FROM supportcases_events AS t
                          WHERE t.store = c.store
                            AND t.case_id = c.id
                            AND t.kind = 'answered'
                      ), 0)
            ), iif(status = 'open', last_activity_at, NULL))
        WHERE status <> 'answered';

        CREATE INDEX supportcases_cases_by_all_activity
            ON supportcases_cases (last_activity_at, id);

        CREATE INDEX supportcases_cases_by_age
            ON supportcases_cases (created_at, id);

        CREATE INDEX supportcases_cases_by_waiting
            ON supportcases_cases (
                (CASE WHEN status = 'open' AND unanswered_since IS NOT NULL THEN severity <> 'critical' ELSE 2 END),
                (CASE WHEN status = 'open' AND unanswered_since IS NOT NULL THEN unanswered_since ELSE '' END),
                last_activity_at DESC,
                id
            );

        CREATE TRIGGER supportcases_events_are_not_edited
            BEFORE UPDATE ON supportcases_events
            BEGIN SELECT RAISE(ABORT, 'history is never edited'); END;

        CREATE TRIGGER supportcases_events_are_not_deleted
            BEFORE DELETE ON supportcases_events
            BEGIN SELECT RAISE(ABORT, 'history is never deleted'); END;

        CREATE TABLE supportcases_old_keys AS
            SELECT id, key_hash, store, label, created_at, expires_at, revoked_at
            FROM supportcases_keys;

        DROP TABLE supportcases_keys;

        CREATE TABLE supportcases_keys (
            id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 12),
            key_hash TEXT NOT NULL UNIQUE CHECK (length(key_hash) = 64),
            kind TEXT NOT NULL CHECK (kind IN ('merchant', 'support')),
            store TEXT CHECK (length(store) BETWEEN 1 AND 64),
            stores TEXT CHECK (
                CASE WHEN stores IS NULL THEN 1 WHEN json_valid(stores) THEN json_type(stores) = 'array' ELSE 0 END),
            label TEXT NOT NULL CHECK (length(label) BETWEEN 1 AND 120),
            created_at TEXT NOT NULL CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
            expires_at TEXT CHECK (expires_at GLOB '????-??-??T??:??:??.???Z'),
            revoked_at TEXT CHECK (revoked_at GLOB '????-??-??T??:??:??.???Z'),
            CHECK ((kind = 'merchant') = (store IS NOT NULL)),
            CHECK (kind = 'support' OR stores IS NULL)
        ) STRICT;

        INSERT INTO supportcases_keys
            (id, key_hash, kind, store, label, created_at, expires_at, revoked_at)
        SELECT id, key_hash, 'merchant', store, label, created_at, expires_at, revoked_at
        FROM supportcases_old_keys;

        DROP TABLE supportcases_old_keys;
        """,
    )


@MIGRATIONS(name="0005_speed")
def speed(db: Database) -> None:
    """What keeps a list as quick among a million cases as among a thousand: counts, an order each, a search index."""
    # the search has no content of its own: a case is the row `ordinal of the store << 32 | number`, so that each
    # store's cases lie side by side; the trigrams are of the folded subject as it is
    run(
        db,
        """
        ALTER TABLE supportcases_stores
            ADD COLUMN ordinal INTEGER;

        UPDATE supportcases_stores AS s
        SET ordinal = n.ordinal
        FROM (SELECT store, row_number() OVER (ORDER BY store) AS ordinal FROM supportcases_stores) AS n
        WHERE n.store = s.store;

        CREATE UNIQUE INDEX supportcases_stores_by_ordinal
            ON supportcases_stores (ordinal);

        CREATE INDEX supportcases_cases_by_severity
            ON supportcases_cases (store, severity, last_activity_at, number);

        CREATE INDEX supportcases_cases_by_status_and_severity
            ON supportcases_cases (store, status, severity, last_activity_at, number);

        CREATE TABLE supportcases_counts (
            store TEXT NOT NULL REFERENCES supportcases_stores (store),
            status TEXT NOT NULL,
            severity TEXT NOT NULL,
            cases INTEGER NOT NULL CHECK (cases >= 0),
            PRIMARY KEY (store, status, severity)
        ) STRICT, WITHOUT ROWID;

        INSERT INTO supportcases_counts (store, status, severity, cases)
        SELECT store, status, severity, count(*)
        FROM supportcases_cases
        GROUP BY store, status, severity;

        CREATE VIRTUAL TABLE supportcases_search
            USING fts5 (subject, content = '', tokenize = 'trigram case_sensitive 1');

        INSERT INTO supportcases_search (rowid, subject)
        SELECT s.ordinal << 32 | c.number, c.subject_folded
        FROM supportcases_cases AS c
        JOIN supportcases_stores AS s USING (store)
        ORDER BY s.ordinal, c.number;
        """,
    )
    for table, event, when, happens in (
        ("stores", "AFTER INSERT", "new.ordinal IS NULL", NUMBER_NEW),
        ("cases", "AFTER INSERT", "TRUE", COUNT_NEW + FIND_NEW),
        ("cases", "AFTER DELETE", "TRUE", COUNT_OLD + FIND_OLD),
        (
            "cases",
            "AFTER UPDATE OF store, status, severity",
            "(old.store, old.status, old.severity) <> (new.store, new.status, new.severity)",
            COUNT_OLD + COUNT_NEW,
        ),
        (
            "cases",
            "AFTER UPDATE OF store, number, subject_folded",
            "(old.store, old.number, old.subject_folded) <> (new.store, new.number, new.subject_folded)",
            FIND_OLD + FIND_NEW,
        ),
    ):
        name = re.sub(r"\W+", "_", event.lower())
        db.execute(
            f"""
            CREATE TRIGGER supportcases_{table}_{name}
                {event} ON supportcases_{table}
                WHEN {when}
                BEGIN {happens} END
            """
        )


@MIGRATIONS(name="0006_threads")
def threads(db: Database) -> None:
    """How long each thread is as its merchant sees it: to read all of it for each reply would take too long."""
    run(
        db,
        """
        ALTER TABLE supportcases_cases
            ADD COLUMN messages INTEGER NOT NULL DEFAULT 0 CHECK (messages >= 0);

        ALTER TABLE supportcases_cases
            ADD COLUMN characters INTEGER NOT NULL DEFAULT 0 CHECK (characters >= 0);

        UPDATE supportcases_cases AS c
        SET (messages, characters) = (n.messages, n.characters)
        FROM (
            SELECT store, case_id, count(*) AS messages, sum(length(body)) AS characters
            FROM supportcases_messages
            WHERE internal = 0
            GROUP BY store, case_id
        ) AS n
        WHERE n.store = c.store
          AND n.case_id = c.id;
        """,
    )
    for event, happens in (
        ("AFTER INSERT", LENGTHEN),
        ("AFTER DELETE", SHORTEN),
        ("AFTER UPDATE OF store, case_id, body, internal", SHORTEN + LENGTHEN),
    ):
        name = re.sub(r"\W+", "_", event.lower())
        db.execute(
            f"""
            CREATE TRIGGER supportcases_messages_{name}
                {event} ON supportcases_messages
                BEGIN {happens} END
            """
        )


# what the triggers of 0006 do
LENGTHEN: Final = """
    UPDATE supportcases_cases
    SET messages = messages + 1,
        characters = characters + length(new.body)
    WHERE store = new.store
      AND id = new.case_id
      AND new.internal = 0;
"""
SHORTEN: Final = """
    UPDATE supportcases_cases
    SET messages = messages - 1,
        characters = characters - length(old.body)
    WHERE store = old.store
      AND id = old.case_id
      AND old.internal = 0;
"""


# what the triggers of 0005 do
NUMBER_NEW: Final = """
    UPDATE supportcases_stores
    SET ordinal = (SELECT coalesce(max(ordinal), 0) + 1 FROM supportcases_stores)
    WHERE store = new.store;
"""
COUNT_OLD: Final = """
    UPDATE supportcases_counts
    SET cases = cases - 1
    WHERE store = old.store
      AND status = old.status
      AND severity = old.severity;
"""
COUNT_NEW: Final = """
    INSERT INTO supportcases_counts (store, status, severity, cases)
    VALUES (new.store, new.status, new.severity, 1)
    ON CONFLICT (store, status, severity) DO UPDATE SET cases = cases + 1;
"""
FIND_OLD: Final = """
    INSERT INTO supportcases_search (supportcases_search, rowid, subject)
    SELECT 'delete', ordinal << 32 | old.number, old.subject_folded
    FROM supportcases_stores
    WHERE store = old.store;
"""
FIND_NEW: Final = """
    SELECT RAISE(ABORT, 'the numbers of a store end with 4294967295')
    WHERE new.number > 0xffffffff;

    INSERT INTO supportcases_search (rowid, subject)
    SELECT ordinal << 32 | new.number, new.subject_folded
    FROM supportcases_stores
    WHERE store = new.store;
"""
