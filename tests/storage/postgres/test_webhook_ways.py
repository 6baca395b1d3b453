"""How PostgreSQL looks for what webhooks were not told yet: by an index, though it expects a third of all events."""

import re
from contextlib import closing

import psycopg
import pytest

from supportcases import SupportDesk
from supportcases.domain.endpoints import MOST_COUNTED, NOBODY
from supportcases.domain.times import now
from supportcases.storage.postgres import PostgresRepository, deliveries, webhooks
from tests.conftest import ACME, ADA

EVENTS = 20_000
MANY = f"""
    INSERT INTO supportcases_events ({{columns}}) OVERRIDING SYSTEM VALUE
    SELECT {{values}}
    FROM supportcases_events AS e, generate_series(1, {EVENTS}) AS g
"""
COLUMNS = """
    SELECT column_name
    FROM information_schema.columns
    WHERE table_name = 'supportcases_events' AND is_generated = 'NEVER'
"""
ALL_TOLD = """
    UPDATE supportcases_webhooks
    SET (after_xid, after_position) = (SELECT max(xid)::text::bigint, max(position) FROM supportcases_events)
"""


@pytest.fixture
def owner(owner_url):
    """A connection to a database in which two webhooks were told of very many events."""
    with closing(PostgresRepository(owner_url)) as repository:
        desk = SupportDesk(repository)
        desk.open(ACME, body="The checkout shows a blank page.")
        for asker in (ACME, ADA):
            desk.add_webhook(asker, url="https://shop.example.com/hooks")
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute("SET session_replication_role = replica")
        columns = [name for (name,) in owner.execute(COLUMNS)]
        counted = ("position", "sequence", "revision")
        values = ", ".join(f"e.{name} + g" if name in counted else f"e.{name}" for name in columns)
        owner.execute(MANY.format(columns=", ".join(columns), values=values))
        owner.execute(ALL_TOLD)
        owner.execute("ANALYZE supportcases_events")
        yield owner


@pytest.mark.parametrize(
    ("statement", "values"),
    [(webhooks.WITH_WORK, {"behind": NOBODY}), (deliveries.BEHIND, {"most": MOST_COUNTED})],
    ids=["whether there is work", "how much"],
)
def test_nothing_new_is_found_without_looking_through_all_events(owner, statement, values):
    plan = [line for (line,) in owner.execute(f"EXPLAIN (ANALYZE) {statement}", {"now": now(), **values})]
    reads = [line for line in plan if re.search(r"Scan .*on supportcases_events\b", line)]
    assert len(reads) == 2
    assert all("Index" in line and "never executed" not in line for line in reads), plan
