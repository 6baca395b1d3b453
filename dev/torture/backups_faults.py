"""Faults of many kinds, each planted in a copy of a file, for `supportcases check` to find."""

import shutil
import sqlite3
from contextlib import closing, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Final

from supportcases import cli

FAULTS: Final = {  # what is planted, and the words with which `check` begins to tell of it
    "a message that is lost": (
        "DELETE FROM supportcases_messages WHERE case_id = :id",
        "messages: ",
    ),
    "a message of no case": (
        "UPDATE supportcases_messages SET case_id = id WHERE position = 1",
        "the file: row 1 of supportcases_messages ",
    ),
    "a label that nobody has": (
        "UPDATE supportcases_messages SET author_label = '' WHERE position = 1",
        "the file: CHECK constraint failed in supportcases_messages",
    ),
    "a counter that is off by one": (
        "UPDATE supportcases_stores SET last_number = last_number + 1 WHERE store = 'acme'",
        "next numbers: acme ",
    ),
    "a case that is lost": (
        "DELETE FROM supportcases_cases WHERE id = :id",
        "numbers: those of acme have gaps",
    ),
    "a count that is off by one": (
        "UPDATE supportcases_counts SET cases = cases + 1 WHERE store = 'acme' AND cases > 0",
        "counts: acme ",
    ),
    "a subject that the search does not know": (
        "INSERT INTO supportcases_search (supportcases_search, rowid, subject) "
        "SELECT 'delete', ordinal << 32 | number, subject_folded FROM supportcases_cases "
        "JOIN supportcases_stores USING (store) WHERE id = :id",
        "the search index: ",
    ),
    "a subject that was changed by hand": (
        "UPDATE supportcases_cases SET subject = 'By hand' WHERE id = :id",
        "subjects: acme 1 ",
    ),
    "an index that is gone": ("DROP INDEX supportcases_cases_by_age", "the schema: the index "),
    "a version to come": (
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('supportcases', '9999_x', '')",
        "the schema: a newer version ",
    ),
}
PAGE_SIZE: Final = 4096


def found(copy: Path, folder: Path) -> tuple[str, list[str]]:
    """Plant each fault in a copy of its own; return what was tried, and the faults that `check` does not tell of."""
    planted = folder / "planted.db"
    missed = []
    for name, (statement, words) in FAULTS.items():
        shutil.copyfile(copy, planted)
        plant(planted, statement)
        if f"\nwrong: {words}" not in told_by_check(planted):
            missed.append(name)
    pages = pages_of(copy)
    for page in pages:
        shutil.copyfile(copy, planted)
        overwrite(planted, page)
        if "\nwrong: the file: " not in told_by_check(planted):
            missed.append(f"page {page}, overwritten")
    return f"{len(FAULTS)} kinds of faults, {len(pages)} pages overwritten", missed


def told_by_check(path: Path) -> str:
    """Return what `check` prints of a file with which something is wrong."""
    with redirect_stdout(StringIO()) as printed, redirect_stderr(StringIO()):
        code = cli.main(["check", "--db", str(path)])
    return printed.getvalue() if code == 1 else f"exit code {code}"


def plant(path: Path, statement: str) -> None:
    """Execute a statement behind the back of the triggers and the constraints."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        triggers = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        first = "SELECT id FROM supportcases_cases WHERE store = 'acme' AND number = 1"
        ((case,),) = connection.execute(first).fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(statement, {"id": case})
        for _, sql in triggers:
            connection.execute(sql)


def pages_of(path: Path) -> list[int]:
    """Return the first page of each table and index that has rows of cases."""
    with closing(sqlite3.connect(path)) as connection:
        wanted = "SELECT rootpage FROM sqlite_schema WHERE rootpage > 1 AND tbl_name IN (?, ?, ?, ?)"
        tables = [f"supportcases_{name}" for name in ("stores", "cases", "messages", "events")]
        return [page for (page,) in connection.execute(wanted, tables)]


def overwrite(path: Path, page: int) -> None:
    """Overwrite a page with what no page holds."""
    with path.open("r+b") as file:
        file.seek((page - 1) * PAGE_SIZE)
        file.write(b"\xa5" * PAGE_SIZE)
