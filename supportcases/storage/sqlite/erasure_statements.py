"""The statements that take something out of one case, by the places that an erasure names."""

from typing import Final

OF_THE_CASE: Final = "store = :store AND case_id = :case_id"
OF_THE_STORE: Final = "(:stores IS NULL OR store IN (SELECT value FROM json_each(:stores)))"


def _one_of(place: str) -> str:
    return f"IN (SELECT value FROM json_each(:{place}))"


def _history(column: str, member: str, condition: str = "") -> str:
    """Return what takes a member out of what the history of the case tells, where it is a text."""
    return f"""
        UPDATE supportcases_events
        SET {column} = json_set({column}, '$.{member}', :redacted)
        WHERE {OF_THE_CASE}
          AND json_type({column}, '$.{member}') = 'text'
          AND json_extract({column}, '$.{member}') <> :redacted
          {condition}
    """


REDACT: Final = {
    "subject": (
        """
        UPDATE supportcases_cases
        SET subject = :redacted,
            subject_folded = :redacted
        WHERE store = :store
          AND id = :case_id
          AND subject <> :redacted
        """,
        _history("was", "subject"),
        _history("became", "subject"),
    ),
    "bodies": (
        f"""
        UPDATE supportcases_messages
        SET body = :redacted
        WHERE {OF_THE_CASE}
          AND id {_one_of("bodies")}
          AND body <> :redacted
        """,
    ),
    "labels": (
        f"""
        UPDATE supportcases_messages
        SET author_label = :redacted
        WHERE {OF_THE_CASE}
          AND id {_one_of("labels")}
          AND author_label <> :redacted
        """,
    ),
    "entries": (
        f"""
        UPDATE supportcases_events
        SET actor_label = :redacted
        WHERE {OF_THE_CASE}
          AND revision {_one_of("entries")}
          AND actor_label <> :redacted
        """,
    ),
    "was": (_history("was", "assignee", f"AND revision {_one_of('was')}"),),
    "became": (_history("became", "assignee", f"AND revision {_one_of('became')}"),),
    "files": (
        f"""
        UPDATE supportcases_attachments
        SET dropped = 1,
            message_id = NULL,
            name = :redacted
        WHERE store = :store
          AND id {_one_of("files")}
          AND dropped = 0
          AND message_id IN (SELECT id FROM supportcases_messages WHERE {OF_THE_CASE} AND attachments IS NOT NULL)
        """,
        f"""
        UPDATE supportcases_messages
        SET attachments = (
            SELECT json_group_array(
                json(iif(json_extract(value, '$[0]') {_one_of("files")}, json_set(value, '$[1]', :redacted), value)))
            FROM (SELECT value FROM json_each(attachments) ORDER BY key)
        )
        WHERE {OF_THE_CASE}
          AND attachments IS NOT NULL
          AND EXISTS (
              SELECT 1
              FROM json_each(attachments)
              WHERE json_extract(value, '$[0]') {_one_of("files")}
                AND json_extract(value, '$[1]') <> :redacted
          )
        """,
    ),
    "keys": (
        f"""
        UPDATE supportcases_keys
        SET label = :redacted
        WHERE store = :store
          AND id {_one_of("keys")}
          AND label <> :redacted
        """,
    ),
}

# the assignee that the case has by its history, where that is taken out by now
REDACT_ASSIGNEE: Final = f"""
    UPDATE supportcases_cases AS c
    SET assignee = :redacted
    WHERE store = :store
      AND id = :case_id
      AND assignee <> :redacted
      AND (
          SELECT json_extract(became, '$.assignee')
          FROM supportcases_events
          WHERE {OF_THE_CASE}
            AND json_type(became, '$.assignee') IS NOT NULL
          ORDER BY revision DESC
          LIMIT 1
      ) = :redacted
"""

ERASE_ANSWERS: Final = """
    UPDATE supportcases_replays
    SET body = 'null',
        erased_at = :now
    WHERE case_id = :case_id
      AND erased_at IS NULL
      AND (:is_seen OR scope <> 'store:' || :store)
"""

ASSIGNED: Final = "(json_extract(was, '$.assignee') = :label OR json_extract(became, '$.assignee') = :label)"
HAS_LABEL: Final = f"""
    (assignee = :label
     OR EXISTS (
         SELECT 1
         FROM supportcases_messages AS m
         WHERE m.store = c.store
           AND m.case_id = c.id
           AND author_label = :label
     )
     OR EXISTS (
         SELECT 1
         FROM supportcases_events AS e
         WHERE e.store = c.store
           AND e.case_id = c.id
           AND (actor_label = :label OR {ASSIGNED})
     ))
"""

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
          AND author_label = :label
        ORDER BY position
    """,
    "entries": f"""
        SELECT revision
        FROM supportcases_events
        WHERE {OF_THE_CASE}
          AND actor_label = :label
        ORDER BY revision
    """,
    "was": f"""
        SELECT revision
        FROM supportcases_events
        WHERE {OF_THE_CASE}
          AND json_extract(was, '$.assignee') = :label
        ORDER BY revision
    """,
    "became": f"""
        SELECT revision
        FROM supportcases_events
        WHERE {OF_THE_CASE}
          AND json_extract(became, '$.assignee') = :label
        ORDER BY revision
    """,
    "files": f"""
        SELECT json_extract(t.value, '$[0]')
        FROM supportcases_messages AS m
        JOIN json_each(m.attachments) AS t
        WHERE {OF_THE_CASE}
          AND author_label = :label
          AND m.attachments IS NOT NULL
        ORDER BY m.position, t.key
    """,
}
