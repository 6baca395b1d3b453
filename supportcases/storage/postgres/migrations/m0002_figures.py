"""What is kept to be quick: counts, the length of each thread, how long answers took, an order each for the queue.

The counts of a store change with its cases: only one at a time writes to a store anyway. What is counted over all
stores is not kept in rows that all writers would wait for: each write adds what it changes to a list, which is summed
up into the tallies from time to time. The truth is the sum of both.
"""

from typing import Final

SQL: Final = """
    CREATE TABLE supportcases_counts (
        store text COLLATE "C" NOT NULL REFERENCES supportcases_stores (store),
        status text COLLATE "C" NOT NULL,
        severity text COLLATE "C" NOT NULL,
        cases bigint NOT NULL CHECK (cases >= 0),
        PRIMARY KEY (store, status, severity)
    ) WITH (fillfactor = 50);

    CREATE TABLE supportcases_tallies (
        status text COLLATE "C" NOT NULL,
        severity text COLLATE "C" NOT NULL,
        category text COLLATE "C" NOT NULL,
        assignee text COLLATE "C",
        cases bigint NOT NULL
    );

    CREATE UNIQUE INDEX supportcases_tallies_by_facets
        ON supportcases_tallies (status, severity, category, coalesce(assignee, ''));

    CREATE TABLE supportcases_tally_changes (
        position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        status text COLLATE "C" NOT NULL,
        severity text COLLATE "C" NOT NULL,
        category text COLLATE "C" NOT NULL,
        assignee text COLLATE "C",
        cases bigint NOT NULL
    );

    CREATE VIEW supportcases_all_tallies AS
        SELECT status, severity, category, assignee, cases
        FROM supportcases_tallies
        UNION ALL
        SELECT status, severity, category, assignee, cases
        FROM supportcases_tally_changes;

    CREATE FUNCTION supportcases_count_added() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO supportcases_counts AS n (store, status, severity, cases)
        SELECT store, status, severity, count(*)
        FROM added
        GROUP BY store, status, severity
        ORDER BY store, status, severity
        ON CONFLICT (store, status, severity) DO UPDATE SET cases = n.cases + excluded.cases;

        INSERT INTO supportcases_tally_changes (status, severity, category, assignee, cases)
        SELECT status, severity, category, assignee, count(*)
        FROM added
        GROUP BY status, severity, category, assignee;

        RETURN NULL;
    END $$;

    CREATE FUNCTION supportcases_count_changed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' OR (old.store, old.status, old.severity) <> (new.store, new.status, new.severity) THEN
            UPDATE supportcases_counts
            SET cases = cases - 1
            WHERE store = old.store
              AND status = old.status
              AND severity = old.severity;

            IF TG_OP = 'UPDATE' THEN
                INSERT INTO supportcases_counts AS n (store, status, severity, cases)
                VALUES (new.store, new.status, new.severity, 1)
                ON CONFLICT (store, status, severity) DO UPDATE SET cases = n.cases + 1;
            END IF;
        END IF;

        INSERT INTO supportcases_tally_changes (status, severity, category, assignee, cases)
        VALUES (old.status, old.severity, old.category, old.assignee, -1);

        IF TG_OP = 'UPDATE' THEN
            INSERT INTO supportcases_tally_changes (status, severity, category, assignee, cases)
            VALUES (new.status, new.severity, new.category, new.assignee, 1);
        END IF;

        RETURN NULL;
    END $$;

    CREATE TRIGGER supportcases_cases_added
        AFTER INSERT ON supportcases_cases
        REFERENCING NEW TABLE AS added
        FOR EACH STATEMENT EXECUTE FUNCTION supportcases_count_added();

    CREATE TRIGGER supportcases_cases_changed
        AFTER UPDATE ON supportcases_cases
        FOR EACH ROW
        WHEN ((old.store, old.status, old.severity, old.category, old.assignee)
            IS DISTINCT FROM (new.store, new.status, new.severity, new.category, new.assignee))
        EXECUTE FUNCTION supportcases_count_changed();

    CREATE TRIGGER supportcases_cases_deleted
        AFTER DELETE ON supportcases_cases
        FOR EACH ROW EXECUTE FUNCTION supportcases_count_changed();

    CREATE FUNCTION supportcases_measure_added() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE supportcases_cases AS c
        SET messages = c.messages + n.messages,
            characters = c.characters + n.characters,
            answered_after = least(
                c.answered_after, (extract(epoch FROM n.answered_at - c.created_at) * 1000)::bigint)
        FROM (
            SELECT store, case_id, count(*) AS messages, sum(length(body)) AS characters,
                   min(created_at) FILTER (WHERE author_kind IN ('support', 'elliot')) AS answered_at
            FROM added
            WHERE NOT internal
            GROUP BY store, case_id
        ) AS n
        WHERE c.store = n.store
          AND c.id = n.case_id;

        RETURN NULL;
    END $$;

    CREATE FUNCTION supportcases_measure_changed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE supportcases_cases AS c
        SET (messages, characters, answered_after) = (
            SELECT count(*), coalesce(sum(length(m.body)), 0),
                   (extract(epoch FROM min(m.created_at) FILTER (WHERE m.author_kind IN ('support', 'elliot'))
                       - c.created_at) * 1000)::bigint
            FROM supportcases_messages AS m
            WHERE m.store = c.store
              AND m.case_id = c.id
              AND NOT m.internal
        )
        WHERE (c.store, c.id) = (old.store, old.case_id)
           OR (TG_OP = 'UPDATE' AND (c.store, c.id) = (new.store, new.case_id));

        RETURN NULL;
    END $$;

    CREATE TRIGGER supportcases_messages_added
        AFTER INSERT ON supportcases_messages
        REFERENCING NEW TABLE AS added
        FOR EACH STATEMENT EXECUTE FUNCTION supportcases_measure_added();

    CREATE TRIGGER supportcases_messages_changed
        AFTER UPDATE OF store, case_id, author_kind, body, created_at, internal OR DELETE ON supportcases_messages
        FOR EACH ROW EXECUTE FUNCTION supportcases_measure_changed();

    CREATE INDEX supportcases_cases_by_all_activity
        ON supportcases_cases (status, last_activity_at DESC, id DESC);

    CREATE INDEX supportcases_cases_by_age
        ON supportcases_cases (status, created_at, id);

    CREATE INDEX supportcases_cases_by_severity
        ON supportcases_cases (
            status,
            (CASE severity WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'normal' THEN 2 ELSE 3 END),
            created_at,
            id);

    CREATE INDEX supportcases_cases_by_waiting
        ON supportcases_cases (((severity <> 'critical')::int), unanswered_since, last_activity_at DESC, id)
        WHERE status = 'open' AND unanswered_since IS NOT NULL;

    CREATE INDEX supportcases_cases_by_not_waiting
        ON supportcases_cases (
            (CASE WHEN status = 'open' AND unanswered_since IS NULL THEN last_activity_at END) DESC,
            id)
        WHERE status = 'open' AND unanswered_since IS NULL;

    CREATE INDEX supportcases_cases_by_assignee
        ON supportcases_cases (assignee, status)
        WHERE assignee IS NOT NULL;
"""
