"""What the leader holds after a fault, to be compared with what everybody was told."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row

from dev.torture.invariants import QUESTIONS
from dev.torture.ledger import Findings, Held, compare_with
from dev.torture.load import Write

TIME: Final = """to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS created_at"""
CASES: Final = f"""
    SELECT id::text, store, number, subject, category, severity, status, {TIME}
    FROM supportcases_cases
    WHERE store = ANY(%s)
"""
MESSAGES: Final = f"""
    SELECT id::text, store, case_id::text, body, {TIME}
    FROM supportcases_messages
    WHERE store = ANY(%s)
    ORDER BY position
"""
CLOSINGS: Final = "SELECT case_id::text FROM supportcases_events WHERE kind = 'closed' AND store = ANY(%s)"


class Kept(Held):
    """What a database holds of some stores."""

    def __init__(self, connection: psycopg.Connection[Any], stores: Sequence[str]) -> None:
        """Read it all."""
        rows = connection.cursor(row_factory=dict_row)
        self.cases = {row["id"]: row for row in rows.execute(CASES, [stores])}
        self.messages: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in rows.execute(MESSAGES, [stores]):
            self.messages[row["body"]].append(row)
        self.closings = Counter(case for (case,) in connection.execute(CLOSINGS, [stores]))


def compare(url: str, stores: Sequence[str], writes: Sequence[Write]) -> Findings:
    """Compare the writes to these stores with what the leader holds of them, and ask what must hold of the whole."""
    found = Findings()
    with psycopg.connect(url) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for what, question in QUESTIONS.items():
            rows = connection.execute(question.encode()).fetchmany(3)
            found.broken += [f"{what}: {rows}"] if rows else []
        compare_with(Kept(connection, stores), writes, found)
    return found
