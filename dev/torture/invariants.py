"""What must hold of a database at every moment, looked at from outside with SQL of its own; `faults_of` asks a file."""

import sqlite3
from contextlib import closing
from pathlib import Path

# each must yield no row; what it yields is told; these are asked of every engine
QUESTIONS = {
    "numbers with gaps": """
        SELECT store, count(*), min(number), max(number)
        FROM supportcases_cases
        GROUP BY store
        HAVING min(number) <> 1 OR max(number) <> count(*)
    """,
    "numbers twice": """
        SELECT store, number, count(*)
        FROM supportcases_cases
        GROUP BY store, number
        HAVING count(*) > 1
    """,
    "counters of numbers": """
        SELECT s.store, s.last_number, count(c.id)
        FROM supportcases_stores AS s
        LEFT JOIN supportcases_cases AS c USING (store)
        GROUP BY s.store, s.last_number
        HAVING s.last_number <> count(c.id)
    """,
    "counts": """
        SELECT store, status, severity, sum(cases) AS difference
        FROM (
            SELECT store, status, severity, cases FROM supportcases_counts
            UNION ALL
            SELECT store, status, severity, -1 FROM supportcases_cases
        ) AS both_of_them
        GROUP BY store, status, severity
        HAVING sum(cases) <> 0
    """,
    "cases without a message": """
        SELECT store, number
        FROM supportcases_cases AS c
        WHERE NOT EXISTS (SELECT 1 FROM supportcases_messages AS m WHERE m.store = c.store AND m.case_id = c.id)
    """,
    "cases without a history": """
        SELECT store, number
        FROM supportcases_cases AS c
        WHERE NOT EXISTS (SELECT 1 FROM supportcases_events AS e WHERE e.store = c.store AND e.case_id = c.id)
    """,
}
QUESTIONS_OF_SQLITE = {
    "the search index": """
        SELECT rowid_of_case FROM (
            SELECT s.ordinal << 32 | c.number AS rowid_of_case
            FROM supportcases_cases AS c
            JOIN supportcases_stores AS s USING (store)
        ) WHERE rowid_of_case NOT IN (SELECT rowid FROM supportcases_search)
        UNION ALL
        SELECT rowid FROM supportcases_search WHERE rowid NOT IN (
            SELECT s.ordinal << 32 | c.number
            FROM supportcases_cases AS c
            JOIN supportcases_stores AS s USING (store)
        )
    """,
    "foreign keys": "PRAGMA foreign_key_check",
}


def faults_of(path: Path) -> list[str]:
    """Return what does not hold of the file, each in a few words; it may be in use by other processes."""
    with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        faults = [line for (line,) in connection.execute("PRAGMA integrity_check") if line != "ok"]
        connection.execute("BEGIN IMMEDIATE")
        for what, question in {**QUESTIONS, **QUESTIONS_OF_SQLITE}.items():
            rows = connection.execute(question).fetchmany(3)
            faults += [f"{what}: {rows}"] if rows else []
        connection.execute("INSERT INTO supportcases_search (supportcases_search) VALUES ('integrity-check')")
        connection.execute("ROLLBACK")
    return faults
