"""The history in the order of a feed: numbers of merchants' events without a gap, and which transaction kept each."""

from typing import Final

SQL: Final = """
    ALTER TABLE supportcases_events DISABLE TRIGGER supportcases_events_stay;

    -- 0 is what an older version, or another database, has kept
    ALTER TABLE supportcases_events
        ADD COLUMN xid xid8 NOT NULL DEFAULT '0',
        ADD COLUMN revision bigint CHECK (revision >= 1),
        ADD COLUMN sequence bigint CHECK (sequence >= 1),
        ADD COLUMN message_id uuid;

    ALTER TABLE supportcases_events
        ALTER COLUMN xid SET DEFAULT pg_current_xact_id();

    UPDATE supportcases_events AS e
    SET (revision, sequence, message_id) = (
        n.revision,
        n.sequence,
        (
            SELECT m.id
            FROM supportcases_messages AS m
            WHERE m.store = n.store
              AND m.case_id = n.case_id
              AND m.created_at = n.happened_at
              AND CASE WHEN m.internal THEN 'note' WHEN m.author_kind = 'elliot' THEN 'support' ELSE m.author_kind END
                  = n.said_by
            ORDER BY m.position
            LIMIT 1 OFFSET n.said_before
        ))
    FROM (
        SELECT position, store, case_id, happened_at, said_by,
               row_number() OVER (PARTITION BY store, case_id ORDER BY position) AS revision,
               CASE WHEN seen THEN row_number() OVER (PARTITION BY store, seen ORDER BY position) END AS sequence,
               row_number() OVER (
                   PARTITION BY store, case_id, happened_at, said_by ORDER BY position) - 1 AS said_before
        FROM (
            SELECT *,
                   kind <> 'noted'
                   AND (kind <> 'changed'
                       OR became::jsonb ?| ARRAY['subject', 'category', 'severity', 'status']) AS seen,
                   CASE kind
                       WHEN 'opened' THEN 'merchant'
                       WHEN 'replied' THEN 'merchant'
                       WHEN 'answered' THEN 'support'
                       WHEN 'announced' THEN 'system'
                       WHEN 'noted' THEN 'note'
                   END AS said_by
            FROM supportcases_events
        ) AS s
    ) AS n
    WHERE n.position = e.position;

    ALTER TABLE supportcases_events
        ALTER COLUMN revision SET NOT NULL;

    DROP INDEX supportcases_events_by_case;

    CREATE UNIQUE INDEX supportcases_events_by_case
        ON supportcases_events (store, case_id, revision);

    CREATE UNIQUE INDEX supportcases_events_by_sequence
        ON supportcases_events (store, sequence)
        WHERE sequence IS NOT NULL;

    CREATE INDEX supportcases_events_by_transaction
        ON supportcases_events (xid, position);

    CREATE INDEX supportcases_events_by_store
        ON supportcases_events (store, xid, position);

    ALTER TABLE supportcases_events ENABLE TRIGGER supportcases_events_stay;
"""
