"""What is taken out for good: ledger, tombstones, holds; answers know their case; history yields to erasure alone."""

from typing import Final

from sqlite_utils import Database

from supportcases.domain.actors import scope_of_label
from supportcases.storage.sqlite.migrations.statements import run

# nothing is written to what was moved, and its triggers would refuse this too
IS_HERE: Final = "NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'supportcases_stores_moved_insert')"
LABEL: Final = "substr({column}, length('support-label:') + 1)"
KEPT: Final = (  # of an event that is erased
    *("position", "store", "case_id", "revision", "sequence", "kind", "actor_kind", "happened_at", "message_id"),
)
IS_ERASING: Final = "EXISTS (SELECT 1 FROM supportcases_erasing WHERE case_id = old.case_id)"


def step(db: Database) -> None:
    """Take this step."""
    # a file is `overwritten` where whatever was deleted in it always was; up to the erasure `last_gone` of the ledger
    # nothing is left in the indexes and the journal either
    db.conn.create_function("scope_of_label", 1, scope_of_label, deterministic=True)
    run(
        db,
        f"""
        CREATE TABLE supportcases_erasures (
            position INTEGER PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL CHECK (kind IN ('message', 'subject', 'label', 'attachment', 'author', 'purge')),
            store TEXT NOT NULL CHECK (length(store) BETWEEN 1 AND 64),
            case_id TEXT NOT NULL CHECK ((length(case_id) = 36 AND case_id = lower(case_id)) OR case_id = ''),
            number INTEGER NOT NULL CHECK (number >= 0),
            erased_at TEXT NOT NULL CHECK (erased_at GLOB '????-??-??T??:??:??.???Z'),
            reason TEXT CHECK (reason IN ('request', 'law', 'mistake')),
            places TEXT NOT NULL CHECK (
                CASE WHEN json_valid(places) THEN json_type(places) = 'object' ELSE FALSE END),
            CHECK ((kind = 'purge') = (reason IS NULL)),
            CHECK ((number = 0) = (case_id = '')),
            CHECK (number > 0 OR kind = 'author')
        ) STRICT;

        CREATE INDEX supportcases_erasures_by_case
            ON supportcases_erasures (case_id);

        CREATE TABLE supportcases_tombstones (
            store TEXT NOT NULL CHECK (length(store) BETWEEN 1 AND 64),
            number INTEGER NOT NULL CHECK (number >= 1),
            case_id TEXT NOT NULL UNIQUE CHECK (length(case_id) = 36 AND case_id = lower(case_id)),
            purged_at TEXT NOT NULL CHECK (purged_at GLOB '????-??-??T??:??:??.???Z'),
            sequences INTEGER NOT NULL CHECK (sequences >= 0),
            last_sequence INTEGER NOT NULL CHECK (last_sequence >= sequences),
            last_xid INTEGER NOT NULL CHECK (last_xid >= 0),
            last_position INTEGER NOT NULL CHECK (last_position >= 0),
            PRIMARY KEY (store, number)
        ) STRICT, WITHOUT ROWID;

        CREATE INDEX supportcases_tombstones_by_sequence
            ON supportcases_tombstones (store, last_sequence);

        CREATE INDEX supportcases_tombstones_by_position
            ON supportcases_tombstones (last_position);

        CREATE INDEX supportcases_tombstones_by_position_in_store
            ON supportcases_tombstones (store, last_position);

        CREATE TABLE supportcases_holds (
            store TEXT NOT NULL CHECK (length(store) BETWEEN 1 AND 64),
            number INTEGER NOT NULL CHECK (number >= 0),
            held_at TEXT NOT NULL CHECK (held_at GLOB '????-??-??T??:??:??.???Z'),
            PRIMARY KEY (store, number)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE supportcases_erasing (
            case_id TEXT NOT NULL PRIMARY KEY
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE supportcases_overwritten (
            always INTEGER NOT NULL PRIMARY KEY CHECK (always = 1),
            last_gone INTEGER NOT NULL CHECK (last_gone >= 0)
        ) STRICT;

        INSERT INTO supportcases_overwritten (always, last_gone)
        SELECT 1, 0
        WHERE NOT EXISTS (SELECT 1 FROM supportcases_stores)
          AND NOT EXISTS (SELECT 1 FROM supportcases_keys);

        ALTER TABLE supportcases_replays
            ADD COLUMN case_id TEXT;

        ALTER TABLE supportcases_replays
            ADD COLUMN erased_at TEXT CHECK (
                erased_at IS NULL OR (erased_at GLOB '????-??-??T??:??:??.???Z' AND body = 'null'));

        CREATE INDEX supportcases_replays_by_case
            ON supportcases_replays (case_id)
            WHERE case_id IS NOT NULL;

        UPDATE supportcases_replays AS r
        SET case_id = coalesce(
            (SELECT m.case_id FROM supportcases_messages AS m WHERE m.id = json_extract(r.body, '$.message.id')),
            (SELECT c.id FROM supportcases_cases AS c WHERE c.id = json_extract(r.body, '$.id')))
        WHERE {IS_HERE};

        UPDATE supportcases_replays
        SET scope = scope_of_label({LABEL.format(column="scope")})
        WHERE scope GLOB 'support-label:*'
          AND {IS_HERE};

        UPDATE supportcases_attachments
        SET owner = scope_of_label({LABEL.format(column="owner")})
        WHERE owner GLOB 'support-label:*'
          AND {IS_HERE};

        INSERT INTO supportcases_search (supportcases_search, rank)
        VALUES ('usermerge', 2);

        INSERT INTO supportcases_bodies (supportcases_bodies, rank)
        VALUES ('usermerge', 2);

        DROP TRIGGER supportcases_events_are_not_edited;

        DROP TRIGGER supportcases_events_are_not_deleted;
        """,
    )
    kept = " AND ".join(f"new.{column} IS old.{column}" for column in KEPT)
    db.execute(
        f"""
        CREATE TRIGGER supportcases_events_are_not_edited
            BEFORE UPDATE ON supportcases_events
            WHEN NOT ({IS_ERASING} AND {kept})
            BEGIN SELECT RAISE(ABORT, 'history is never edited'); END
        """
    )
    db.execute(
        f"""
        CREATE TRIGGER supportcases_events_are_not_deleted
            BEFORE DELETE ON supportcases_events
            WHEN NOT {IS_ERASING}
            BEGIN SELECT RAISE(ABORT, 'history is never deleted'); END
        """
    )
