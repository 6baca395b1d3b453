"""The schema, as the steps that made it: the modules here, in the order of their numbers, each with its `SQL`.

Add another one; a step that was released is never edited.
The tables are prefixed, since the database may be the storefront's. Every rule that PostgreSQL can check stands here.
"""

import re
from importlib import import_module
from pkgutil import iter_modules
from typing import Final

from supportcases.domain.errors import DatabaseUnusable
from supportcases.storage.postgres.connections import Connection

STEPS: Final[dict[str, str]] = {
    name[1:]: import_module(f"{__name__}.{name}").SQL
    for name in sorted(module.name for module in iter_modules(__path__))
    if name.startswith("m0")
}
MAKES: Final = re.compile(r"CREATE (TABLE|VIEW|INDEX|TRIGGER)\s+(supportcases_\w+)")
ONE_AT_A_TIME: Final = 0x5CA5E5  # the lock that a start takes where the schema is not up to date
PATIENCE: Final = "600s"  # for another process that brings a large database up to date


def known() -> list[str]:
    """Return the names of all steps that this version knows, in their order."""
    return list(STEPS)


# to_regclass would tell what was there before the wait for a lock
THERE: Final = """
    SELECT 1
    FROM pg_class
    WHERE relname = 'supportcases_migrations'
      AND relnamespace = current_schema()::regnamespace
"""


def parts() -> list[tuple[str, str]]:
    """Return the kind and the name of each table, view, index and trigger that the steps make."""
    made = (MAKES.findall(script) for script in STEPS.values())
    return sorted({(kind.lower(), name) for some in made for kind, name in some})


def applied(connection: Connection) -> set[str]:
    """Return the names of the steps by which our tables were made."""
    if not connection.execute(THERE).fetchall():
        return set()
    return {name for (name,) in connection.execute("SELECT name FROM supportcases_migrations")}


def bring_up_to_date(connection: Connection, name: str, *, must_exist: bool) -> None:
    """Take the steps that are pending, whole or not at all, also when several processes start at once.

    Raises:
        DatabaseUnusable: A newer version made it, it is no database of ours, or `must_exist` and it holds nothing of
            ours. It is as it was.
    """
    there = applied(connection)
    if must_exist and not there:
        raise DatabaseUnusable(f"{name} holds no support cases.")
    if unknown := sorted(there - set(STEPS)):
        raise DatabaseUnusable(
            f"{name} was written by a newer version of supportcases, which knows {', '.join(unknown)}."
        )
    if there == set(STEPS):
        return
    if (encoding := connection.execute("SHOW server_encoding").fetchone()) != ("UTF8",):
        raise DatabaseUnusable(f"{name} cannot be used: its encoding is {encoding and encoding[0]}, and must be UTF8.")
    begin_alone(connection)
    there = applied(connection)
    foreign = connection.execute(OURS).fetchone()
    if foreign and not there:
        raise DatabaseUnusable(f"{name} cannot be used: it has a {foreign[0]} that supportcases did not make.")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS supportcases_migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL)"
    )
    for step, script in STEPS.items():
        if step not in there:
            connection.execute(script)
            connection.execute(
                "INSERT INTO supportcases_migrations (name, applied_at) VALUES (%(step)s, now())", {"step": step}
            )
    connection.commit()


def begin_alone(connection: Connection) -> None:
    """Begin a transaction beside which no other one changes the schema."""
    connection.begin(writes=True)
    connection.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
    connection.execute("SELECT pg_advisory_xact_lock(%(lock)s)", {"lock": ONE_AT_A_TIME})


OURS: Final = """
    SELECT relname
    FROM pg_class
    WHERE relname LIKE 'supportcases\\_%'
      AND relnamespace = current_schema()::regnamespace
    ORDER BY relname
    LIMIT 1
"""
