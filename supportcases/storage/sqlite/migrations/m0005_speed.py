"""What keeps a list as quick among a million cases as among a thousand: counts, an order each, a search index."""

import re
from typing import Final

from sqlite_utils import Database

from supportcases.storage.sqlite.migrations.statements import run

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


def step(db: Database) -> None:
    """Take this step."""
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
