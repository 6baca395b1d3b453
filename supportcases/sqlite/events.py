"""Every SQL statement about what happened to the cases."""

import json
import sqlite3

from supportcases import times
from supportcases.events import Event


class SqliteEvents:
    """What happened to each case."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def record(self, event: Event) -> None:
        """Keep `event`."""
        self._connection.execute(
            """
            INSERT INTO supportcases_events
                (store, case_id, kind, actor_kind, actor_label, happened_at, was, became)
            VALUES
                (:store, :case_id, :kind, :actor_kind, :actor_label, :happened_at, :was, :became)
            """,
            {
                "store": event.case.store,
                "case_id": event.case.id,
                "kind": event.kind,
                "actor_kind": event.actor.kind,
                "actor_label": event.actor.label,
                "happened_at": times.to_text(event.at),
                "was": json.dumps(dict(event.was)),
                "became": json.dumps(dict(event.became)),
            },
        )
