"""What keeps the queue as quick among a million cases: counts by what it is filtered by, an order each, durations."""

from typing import Final

from sqlite_utils import Database

from supportcases.domain.times import from_text, milliseconds_between
from supportcases.storage.sqlite.migrations.statements import run

TALLY_OLD: Final = """
    UPDATE supportcases_tallies
    SET cases = cases - 1
    WHERE status = old.status
      AND severity = old.severity
      AND category = old.category
      AND assignee IS old.assignee;
"""
TALLY_NEW: Final = """
    INSERT INTO supportcases_tallies (status, severity, category, assignee, cases)
    VALUES (new.status, new.severity, new.category, new.assignee, 1)
    ON CONFLICT (status, severity, category, ifnull(assignee, '')) DO UPDATE SET cases = cases + 1;
"""


def step(db: Database) -> None:
    """Take this step."""
    # each order has the cases of one status and severity side by side; what else a filter asks for stands behind, so
    # that a case that is passed over is not read. The durations, in milliseconds, count from the opening: to the first
    # public word of support or elliot, and to the closing
    db.conn.create_function("milliseconds_between", 2, _between_texts, deterministic=True)
    run(
        db,
        """
        ALTER TABLE supportcases_cases
            ADD COLUMN answered_after INTEGER;

        ALTER TABLE supportcases_cases
            ADD COLUMN closed_after INTEGER;

        UPDATE supportcases_cases
        SET closed_after = milliseconds_between(created_at, closed_at)
        WHERE closed_at IS NOT NULL;

        UPDATE supportcases_cases AS c
        SET answered_after = milliseconds_between(c.created_at, m.answered_at)
        FROM (
            SELECT store, case_id, min(created_at) AS answered_at
            FROM supportcases_messages
            WHERE internal = 0
              AND author_kind IN ('support', 'elliot')
            GROUP BY store, case_id
        ) AS m
        WHERE m.store = c.store
          AND m.case_id = c.id;

        DROP INDEX supportcases_cases_by_all_activity;

        DROP INDEX supportcases_cases_by_age;

        DROP INDEX supportcases_cases_by_waiting;

        CREATE INDEX supportcases_cases_by_all_activity
            ON supportcases_cases (
                status, severity, last_activity_at, id, category, assignee, store, created_at);

        CREATE INDEX supportcases_cases_by_age
            ON supportcases_cases (
                status, severity, created_at, id, category, assignee, store, last_activity_at, answered_after,
                closed_after);

        CREATE INDEX supportcases_cases_by_waiting
            ON supportcases_cases (
                severity, unanswered_since, last_activity_at DESC, id, category, assignee, store, created_at,
                status)
            WHERE status = 'open';

        CREATE INDEX supportcases_cases_by_facets
            ON supportcases_cases (status, severity, category, assignee);

        CREATE INDEX supportcases_cases_by_first_answer
            ON supportcases_cases (answered_after)
            WHERE answered_after IS NOT NULL;

        CREATE INDEX supportcases_cases_by_closing
            ON supportcases_cases (closed_after)
            WHERE closed_after IS NOT NULL;

        CREATE TABLE supportcases_tallies (
            status TEXT NOT NULL,
            severity TEXT NOT NULL,
            category TEXT NOT NULL,
            assignee TEXT,
            cases INTEGER NOT NULL CHECK (cases >= 0)
        ) STRICT;

        CREATE UNIQUE INDEX supportcases_tallies_by_facets
            ON supportcases_tallies (status, severity, category, ifnull(assignee, ''));

        INSERT INTO supportcases_tallies (status, severity, category, assignee, cases)
        SELECT status, severity, category, assignee, count(*)
        FROM supportcases_cases
        GROUP BY status, severity, category, assignee;
        """,
    )
    for name, event, happens in (
        ("opened", "INSERT", TALLY_NEW),
        ("deleted", "DELETE", TALLY_OLD),
        ("changed", "UPDATE OF status, severity, category, assignee", TALLY_OLD + TALLY_NEW),
    ):
        db.execute(
            f"""
            CREATE TRIGGER supportcases_cases_tallied_{name}
                AFTER {event} ON supportcases_cases
                BEGIN {happens} END
            """
        )


def _between_texts(begin: str, end: str) -> int:
    return milliseconds_between(from_text(begin), from_text(end))
