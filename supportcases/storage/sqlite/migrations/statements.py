"""How a migration changes the schema, within the transaction around all of them."""

from sqlite_utils import Database


def run(db: Database, script: str) -> None:
    """Run the statements one by one: `executescript` would commit the transaction around the migrations."""
    for statement in script.split(";\n"):
        if statement.strip():
            db.execute(statement)


def widen(db: Database, table: str, check: str, wider: str) -> None:
    """Write `wider` in the place of `check` in the statement that made the table; its rows stay as they are.

    SQLite cannot alter a CHECK, so the table is made anew, with its indexes and triggers. Its rows are copied there and
    back, since to rename a table fails where a view of the host's is broken. Foreign keys are off meanwhile, or DROP
    would take along what belongs to the rows.
    """
    parts = db.execute("SELECT sql FROM sqlite_schema WHERE tbl_name = ? AND sql IS NOT NULL ORDER BY rowid", [table])
    made, *others = [sql for (sql,) in parts.fetchall()]  # its indexes and triggers came after it
    if made.count(check) != 1:
        raise LookupError(f"{table} has {made.count(check)} times {check}, not once")
    columns = ", ".join(name for _, name, *_ in db.execute(f"PRAGMA table_info({table})").fetchall())
    db.execute(f"CREATE TABLE supportcases_moved AS SELECT {columns} FROM {table}")
    db.execute(f"DROP TABLE {table}")
    db.execute(made.replace(check, wider))
    db.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM supportcases_moved")
    db.execute("DROP TABLE supportcases_moved")
    for sql in others:
        db.execute(sql)
