"""The support team's side: notes, assignees, how long a merchant has waited, their keys; history stays as it is."""

from sqlite_utils import Database

from supportcases.storage.sqlite.migrations.statements import run


def step(db: Database) -> None:
    """Take this step."""
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
