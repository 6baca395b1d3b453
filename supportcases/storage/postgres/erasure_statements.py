"""The statements that take something out of one case, each with the places for which it is needed.

Each returns one row, with 0 where nothing was there to be taken out.
"""

from typing import Final

REDACT: Final = (
    (
        ("subject", "bodies", "labels", "entries", "was", "became", "files"),
        """
        SELECT supportcases_redact(
            %(store)s, %(case_id)s, %(subject)s, %(bodies)s::uuid[], %(labels)s::uuid[], %(entries)s::bigint[],
            %(was)s::bigint[], %(became)s::bigint[], %(files)s::text[])
        """,
    ),
    (
        ("subject",),
        """
        WITH redacted AS (
            UPDATE supportcases_cases
            SET subject = %(redacted)s,
                subject_folded = %(redacted)s
            WHERE store = %(store)s
              AND id = %(case_id)s
              AND subject <> %(redacted)s
            RETURNING 1
        )
        SELECT count(*) FROM redacted
        """,
    ),
    # the assignee that the case has by its history, where that is taken out by now
    (
        ("became",),
        """
        WITH redacted AS (
            UPDATE supportcases_cases AS c
            SET assignee = %(redacted)s
            WHERE store = %(store)s
              AND id = %(case_id)s
              AND assignee <> %(redacted)s
              AND (
                  SELECT e.became ->> 'assignee'
                  FROM supportcases_events AS e
                  WHERE e.store = c.store
                    AND e.case_id = c.id
                    AND e.became -> 'assignee' IS NOT NULL
                  ORDER BY e.revision DESC
                  LIMIT 1
              ) = %(redacted)s
            RETURNING 1
        )
        SELECT count(*) FROM redacted
        """,
    ),
    (
        ("files",),
        """
        WITH redacted AS (
            UPDATE supportcases_attachments AS a
            SET dropped = TRUE,
                message_id = NULL,
                name = %(redacted)s
            FROM supportcases_messages AS m
            WHERE a.store = %(store)s
              AND a.id = ANY (%(files)s::uuid[])
              AND NOT a.dropped
              AND m.id = a.message_id
              AND m.case_id = %(case_id)s
            RETURNING 1
        )
        SELECT count(*) FROM redacted
        """,
    ),
    (
        ("keys",),
        """
        WITH redacted AS (
            UPDATE supportcases_keys
            SET label = %(redacted)s
            WHERE store = %(store)s
              AND id = ANY (%(keys)s)
              AND label <> %(redacted)s
            RETURNING 1
        )
        SELECT count(*) FROM redacted
        """,
    ),
)

ERASE_ANSWERS: Final = """
    UPDATE supportcases_replays
    SET body = 'null',
        erased_at = %(now)s
    WHERE case_id = %(case_id)s
      AND erased_at IS NULL
      AND (%(is_seen)s OR scope <> 'store:' || %(store)s::text)
"""

HAS_LABEL: Final = """
    (c.assignee = %(label)s
     OR EXISTS (
         SELECT 1
         FROM supportcases_messages AS m
         WHERE m.store = c.store
           AND m.case_id = c.id
           AND m.author_label = %(label)s
     )
     OR EXISTS (
         SELECT 1
         FROM supportcases_events AS e
         WHERE e.store = c.store
           AND e.case_id = c.id
           AND %(label)s IN (e.actor_label, e.was ->> 'assignee', e.became ->> 'assignee')
     ))
"""

OF_THE_CASE: Final = "store = %(store)s AND case_id = %(case_id)s"
PLACES_OF: Final = {
    "first": f"""
        SELECT id
        FROM supportcases_messages
        WHERE {OF_THE_CASE}
        ORDER BY position
        LIMIT 1
    """,
    "labels": f"""
        SELECT id
        FROM supportcases_messages
        WHERE {OF_THE_CASE}
          AND author_label = %(label)s
        ORDER BY position
    """,
    "entries": f"""
        SELECT revision
        FROM supportcases_events
        WHERE {OF_THE_CASE}
          AND actor_label = %(label)s
        ORDER BY revision
    """,
    "was": f"""
        SELECT revision
        FROM supportcases_events
        WHERE {OF_THE_CASE}
          AND was ->> 'assignee' = %(label)s
        ORDER BY revision
    """,
    "became": f"""
        SELECT revision
        FROM supportcases_events
        WHERE {OF_THE_CASE}
          AND became ->> 'assignee' = %(label)s
        ORDER BY revision
    """,
    "files": f"""
        SELECT f.value ->> 0
        FROM supportcases_messages AS m
        CROSS JOIN LATERAL json_array_elements(m.attachments) WITH ORDINALITY AS f (value, place)
        WHERE {OF_THE_CASE}
          AND m.author_label = %(label)s
          AND m.attachments IS NOT NULL
        ORDER BY m.position, f.place
    """,
}
