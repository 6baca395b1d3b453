"""Faults that are planted in a file, and tables of the host's that are none."""

import sqlite3
from contextlib import closing

BROKEN_CHECK = "UPDATE supportcases_messages SET author_label = '' WHERE position = 2"
GAP = """
    DELETE FROM supportcases_messages WHERE case_id = (SELECT id FROM supportcases_cases WHERE number = 2);
    DELETE FROM supportcases_events WHERE case_id = (SELECT id FROM supportcases_cases WHERE number = 2);
    INSERT INTO supportcases_search (supportcases_search, rowid, subject)
        SELECT 'delete', 1 << 32 | 2, subject_folded FROM supportcases_cases WHERE number = 2;
    DELETE FROM supportcases_cases WHERE number = 2;
    UPDATE supportcases_counts SET cases = cases - 1 WHERE store = 'acme' AND status = 'open';
    UPDATE supportcases_tallies SET cases = cases - 1 WHERE status = 'open';
    UPDATE supportcases_totals SET cases = cases - 1 WHERE status = 'open'
"""


def plant(path, *statements: str) -> None:
    """Change the file behind the back of its triggers and constraints."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        triggers = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        connection.executescript(";".join(statements))
        for _, sql in triggers:
            connection.execute(sql)


def overwrite(path, page: int, size: int = 4096) -> None:
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xa5" * size)


def root_of(path, name: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", [name]).fetchone()[0]


def only_the_host_knows(connection):
    connection.create_function("regexp", 2, lambda pattern, text: True, deterministic=True)
    connection.create_collation("german", lambda one, other: (one > other) - (one < other))


HOSTS = {
    "a function in a CHECK": ["CREATE TABLE orders (id INTEGER PRIMARY KEY, mail TEXT CHECK (mail REGEXP '.+@.+'))"],
    "a collation in an index": [
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, mail TEXT COLLATE german)",
        "CREATE INDEX orders_by_mail ON orders (mail)",
    ],
    "a function in an index": [
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, mail TEXT)",
        "CREATE INDEX orders_by_form ON orders (regexp('a', mail))",
    ],
    "a CHECK that fails": ["CREATE TABLE orders (id INTEGER PRIMARY KEY, mail TEXT CHECK (mail LIKE '%@%'))"],
}


def plant_host(path, host):
    """Put a table of the storefront's into the file, with more rows than faults are told, each as no CHECK allows."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        only_the_host_knows(connection)
        connection.execute("PRAGMA ignore_check_constraints = ON")
        for statement in HOSTS[host]:
            connection.execute(statement)
        for number in range(9):
            connection.execute("INSERT INTO orders VALUES (?, 'nobody')", [number])
