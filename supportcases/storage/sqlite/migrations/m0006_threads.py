"""How long each thread is as its merchant sees it: to read all of it for each reply would take too long."""

import re
from typing import Final

from sqlite_utils import Database

from supportcases.storage.sqlite.migrations.statements import run

LENGTHEN: Final = """
    UPDATE supportcases_cases
    SET messages = messages + 1,
        characters = characters + length(new.body)
    WHERE store = new.store
      AND id = new.case_id
      AND new.internal = 0;
"""
SHORTEN: Final = """
    UPDATE supportcases_cases
    SET messages = messages - 1,
        characters = characters - length(old.body)
    WHERE store = old.store
      AND id = old.case_id
      AND old.internal = 0;
"""


def step(db: Database) -> None:
    """Take this step."""
    run(
        db,
        """
        ALTER TABLE supportcases_cases
            ADD COLUMN messages INTEGER NOT NULL DEFAULT 0 CHECK (messages >= 0);

        ALTER TABLE supportcases_cases
            ADD COLUMN characters INTEGER NOT NULL DEFAULT 0 CHECK (characters >= 0);

        UPDATE supportcases_cases AS c
        SET (messages, characters) = (n.messages, n.characters)
        FROM (
            SELECT store, case_id, count(*) AS messages, sum(length(body)) AS characters
            FROM supportcases_messages
            WHERE internal = 0
            GROUP BY store, case_id
        ) AS n
        WHERE n.store = c.store
          AND n.case_id = c.id;
        """,
    )
    for event, happens in (
        ("AFTER INSERT", LENGTHEN),
        ("AFTER DELETE", SHORTEN),
        ("AFTER UPDATE OF store, case_id, body, internal", SHORTEN + LENGTHEN),
    ):
        name = re.sub(r"\W+", "_", event.lower())
        db.execute(
            f"""
            CREATE TRIGGER supportcases_messages_{name}
                {event} ON supportcases_messages
                BEGIN {happens} END
            """
        )
