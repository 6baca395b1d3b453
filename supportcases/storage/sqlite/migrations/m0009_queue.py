"""What keeps the queue as quick among a million cases: counts by what it is filtered by, an order each, durations."""

from typing import Final

from sqlite_utils import Database

from supportcases.storage.sqlite.migrations.statements import run


def after(begin: str, end: str) -> str:
    """Return how many milliseconds after `begin` the other time is, by the seconds and last digits of both."""
    seconds = f"strftime('%s', {end}) - strftime('%s', {begin})"
    return f"(({seconds}) * 1000 + substr({end}, 21, 3) - substr({begin}, 21, 3))"


AN_ANSWER: Final = "{row}.internal = 0 AND {row}.author_kind IN ('support', 'elliot')"
FIRST_ANSWER: Final = f"""
    UPDATE supportcases_cases
    SET answered_after = {after("created_at", "new.created_at")}
    WHERE store = new.store
      AND id = new.case_id
      AND (answered_after IS NULL OR answered_after > {after("created_at", "new.created_at")});
"""
ANSWERS: Final = f"""
    UPDATE supportcases_cases
    SET answered_after = (
        SELECT min({after("supportcases_cases.created_at", "m.created_at")})
        FROM supportcases_messages AS m
        WHERE m.store = supportcases_cases.store
          AND m.case_id = supportcases_cases.id
          AND {AN_ANSWER.format(row="m")}
    )
    WHERE store = {{row}}.store
      AND id = {{row}}.case_id;
"""
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
TOTAL_OLD: Final = """
    UPDATE supportcases_totals
    SET cases = cases - 1
    WHERE status = old.status
      AND severity = old.severity;
"""
TOTAL_NEW: Final = """
    INSERT INTO supportcases_totals (status, severity, cases)
    VALUES (new.status, new.severity, 1)
    ON CONFLICT (status, severity) DO UPDATE SET cases = cases + 1;
"""


def step(db: Database) -> None:
    """Take this step."""
    # each order has the cases of one status and severity side by side; what else a filter asks for stands behind, so
    # that a case that is passed over is not read. The durations, in milliseconds, count from the opening: to the first
    # public word of support or elliot, and to the closing
    run(
        db,
        f"""
        ALTER TABLE supportcases_cases
            ADD COLUMN answered_after INTEGER;

        ALTER TABLE supportcases_cases
            ADD COLUMN closed_after INTEGER GENERATED ALWAYS AS {after("created_at", "closed_at")} VIRTUAL;

        UPDATE supportcases_cases AS c
        SET answered_after = {after("c.created_at", "m.answered_at")}
        FROM (
            SELECT store, case_id, min(created_at) AS answered_at
            FROM supportcases_messages AS m
            WHERE {AN_ANSWER.format(row="m")}
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
            ON supportcases_cases (status, severity, category, assignee, store);

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

        CREATE INDEX supportcases_tallies_by_assignee
            ON supportcases_tallies (assignee);

        CREATE TABLE supportcases_totals (
            status TEXT NOT NULL,
            severity TEXT NOT NULL,
            cases INTEGER NOT NULL CHECK (cases >= 0),
            PRIMARY KEY (status, severity)
        ) STRICT, WITHOUT ROWID;

        INSERT INTO supportcases_totals (status, severity, cases)
        SELECT status, severity, sum(cases)
        FROM supportcases_tallies
        GROUP BY status, severity;
        """,
    )
    for table, name, event, when, happens in (
        ("cases", "tallied_opened", "INSERT", "TRUE", TALLY_NEW + TOTAL_NEW),
        ("cases", "tallied_deleted", "DELETE", "TRUE", TALLY_OLD + TOTAL_OLD),
        ("cases", "tallied_changed", "UPDATE OF status, severity, category, assignee", "TRUE", TALLY_OLD + TALLY_NEW),
        ("cases", "totalled_changed", "UPDATE OF status, severity", "TRUE", TOTAL_OLD + TOTAL_NEW),
        ("messages", "answer_added", "INSERT", AN_ANSWER.format(row="new"), FIRST_ANSWER),
        ("messages", "answer_deleted", "DELETE", AN_ANSWER.format(row="old"), ANSWERS.format(row="old")),
        (
            "messages",
            "answer_changed",
            "UPDATE OF store, case_id, author_kind, created_at, internal",
            "TRUE",
            ANSWERS.format(row="old") + ANSWERS.format(row="new"),
        ),
    ):
        db.execute(
            f"""
            CREATE TRIGGER supportcases_{table}_{name}
                AFTER {event} ON supportcases_{table}
                WHEN {when}
                BEGIN {happens} END
            """
        )
