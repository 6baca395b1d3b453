"""Subjects are found without their accents too, by an index that knows which trigrams each has, and not where."""

from typing import Final

from sqlite_utils import Database

from supportcases.domain.text import fold
from supportcases.storage.sqlite.migrations.statements import run

FOLLOWS: Final = "supportcases_cases_after_update_of_store_number_subject_folded"


def step(db: Database) -> None:
    """Take this step."""
    db.conn.create_function("fold", 1, fold, deterministic=True)
    ((follows,),) = db.execute("SELECT sql FROM sqlite_schema WHERE name = ?", [FOLLOWS]).fetchall()
    run(
        db,
        f"""
        DROP TRIGGER {FOLLOWS};

        UPDATE supportcases_cases
        SET subject_folded = fold(subject)
        WHERE subject_folded <> fold(subject);

        DROP TABLE supportcases_search;

        CREATE VIRTUAL TABLE supportcases_search
            USING fts5 (subject, content = '', detail = none, tokenize = 'trigram case_sensitive 1');

        INSERT INTO supportcases_search (rowid, subject)
        SELECT s.ordinal << 32 | c.number, c.subject_folded
        FROM supportcases_cases AS c
        JOIN supportcases_stores AS s USING (store)
        ORDER BY s.ordinal, c.number;
        """,
    )
    db.execute(follows)
