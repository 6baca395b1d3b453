"""An index of the trigrams that each message has, for the search of the support team."""

from typing import Final

from sqlite_utils import Database

from supportcases.domain.text import fold
from supportcases.storage.sqlite.migrations.statements import run

OUTDATE: Final = """
    INSERT OR IGNORE INTO supportcases_outdated_bodies (position, body)
    SELECT old.position, old.body
    WHERE EXISTS (SELECT 1 FROM supportcases_bodies_docsize WHERE id = old.position);
"""


def step(db: Database) -> None:
    """Take this step."""
    # a message is indexed some time after it was written, and stands in `docsize` from then on; what is changed or
    # deleted later waits in a table until its trigrams are taken out, for which its text is needed
    db.conn.create_function("fold", 1, fold, deterministic=True)
    run(
        db,
        """
        CREATE VIRTUAL TABLE supportcases_bodies
            USING fts5 (body, content = '', detail = none, tokenize = 'trigram case_sensitive 1');

        INSERT INTO supportcases_bodies (supportcases_bodies, rank)
        VALUES ('automerge', 8);

        CREATE TABLE supportcases_outdated_bodies (
            position INTEGER PRIMARY KEY,
            body TEXT NOT NULL
        ) STRICT;

        INSERT INTO supportcases_bodies (rowid, body)
        SELECT position, fold(body)
        FROM supportcases_messages
        ORDER BY position;
        """,
    )
    for name, event in (("deleted", "DELETE"), ("changed", "UPDATE OF position, body")):
        db.execute(
            f"""
            CREATE TRIGGER supportcases_messages_body_{name}
                AFTER {event} ON supportcases_messages
                BEGIN {OUTDATE} END
            """
        )
