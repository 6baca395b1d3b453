"""The rules that the schema itself keeps: which rows and changes SQLite takes and which it refuses."""

import sqlite3
from datetime import timedelta

import pytest

from tests.support.databases import insert
from tests.support.engines import rows_of
from tests.support.rows import LATE, a_case, a_key, a_message, an_answer, an_entry, an_upload, hash_of, id_of, kept

WHEN = "2024-06-15T10:31:00.000Z"
CASE = {
    "id": id_of(2),
    "store": "acme",
    "number": 2,
    "subject": "Lost",
    "subject_folded": "lost",
    "category": "other",
    "severity": "normal",
    "status": "open",
    "created_at": WHEN,
    "last_activity_at": WHEN,
    "closed_at": None,
    "unanswered_since": WHEN,
    "assignee": None,
}
MESSAGE = {
    "id": id_of(2, kind="6"),
    "store": "acme",
    "case_id": id_of(1),
    "author_kind": "merchant",
    "author_label": "API",
    "body": "x",
    "created_at": WHEN,
    "internal": 0,
}
EVENT = {
    "store": "acme",
    "case_id": id_of(1),
    "kind": "closed",
    "actor_kind": "merchant",
    "actor_label": "API",
    "happened_at": WHEN,
    "was": "{}",
    "became": "{}",
    "revision": 2,
    "sequence": 2,
    "message_id": None,
}
KEY = {
    "id": "0" * 12,
    "key_hash": "0" * 64,
    "kind": "merchant",
    "store": "acme",
    "stores": None,
    "label": "API",
    "created_at": WHEN,
}
SUPPORT_KEY = {"kind": "support", "store": None, "stores": '["acme"]'}
REPLAY = {
    "scope": "store:acme",
    "key": "k",
    "fingerprint": "f" * 64,
    "status": 201,
    "body": "{}",
    "location": None,
    "kept_at": WHEN,
}
SESSION = {
    "token_hash": "0" * 64,
    "key_id": "0" * 11 + "1",
    "created_at": WHEN,
    "expires_at": "2024-06-15T22:31:00.000Z",
}
TEXT = {"id": id_of(9), "name": "Looking into it", "body": "We are."}
FILE = {
    "id": id_of(8, kind="4"),
    "store": "acme",
    "owner": "store:acme",
    "key_id": None,
    "name": "page.png",
    "content_type": "image/png",
    "size": 1,
    "created_at": WHEN,
    "content": id_of(9),
    "attempted_at": None,
    "finished_at": WHEN,
    "sha256": "0" * 64,
    "shown_as": "image/png",
    "message_id": None,
    "dropped": 0,
}
ERASURE = {
    "kind": "message",
    "store": "acme",
    "case_id": id_of(1),
    "number": 1,
    "erased_at": WHEN,
    "reason": "law",
    "places": "{}",
}
TOMBSTONE = {
    "store": "acme",
    "number": 3,
    "case_id": id_of(3),
    "purged_at": WHEN,
    "sequences": 2,
    "last_sequence": 4,
    "last_xid": 0,
    "last_position": 9,
}
HOLD = {"store": "acme", "number": 0, "held_at": WHEN}
CHUNK = {"content": id_of(7), "number": 1, "bytes": b"x"}
TABLES = {
    "cases": CASE,
    "messages": MESSAGE,
    "events": EVENT,
    "keys": KEY,
    "replays": REPLAY,
    "sessions": SESSION,
    "texts": TEXT,
    "attachments": FILE,
    "chunks": CHUNK,
    "erasures": ERASURE,
    "tombstones": TOMBSTONE,
    "holds": HOLD,
}
NO_TIME = ["2024-06-15", "2024-06-15T10:31:00Z", "2024-06-15T10:31:00.000+00:00", "2024-06-15T10:31:00.000000Z"]

BROKEN_ROWS = [
    *(("erasures", {"kind": value}) for value in ("all", "", None)),
    *(("erasures", {"store": value}) for value in ("", "x" * 65, None)),
    *(("erasures", {"case_id": value}) for value in ("x", "", id_of(1).upper(), None)),
    *(("erasures", {"number": value}) for value in (0, -1, None)),
    ("erasures", {"number": 0, "case_id": ""}),
    *(("erasures", {"erased_at": value}) for value in (None, *NO_TIME)),
    *(("erasures", {"reason": value}) for value in ("spite", "", None)),
    ("erasures", {"kind": "purge"}),
    *(("erasures", {"places": value}) for value in ("", "[]", "{", None)),
    *(("tombstones", {"store": value}) for value in ("", "x" * 65, None)),
    *(("tombstones", {"number": value}) for value in (0, None)),
    *(("tombstones", {"case_id": value}) for value in ("x", id_of(3).upper(), None)),
    *(("tombstones", {"purged_at": value}) for value in (None, *NO_TIME)),
    *(("tombstones", {name: -1}) for name in ("sequences", "last_xid", "last_position")),
    ("tombstones", {"last_sequence": 1}),
    *(("holds", {"store": value}) for value in ("", "x" * 65, None)),
    *(("holds", {"number": value}) for value in (-1, None)),
    *(("holds", {"held_at": value}) for value in (None, *NO_TIME)),
    ("replays", {"erased_at": WHEN}),
    *(("replays", {"body": "null", "erased_at": value}) for value in NO_TIME),
    *(("cases", {"id": value}) for value in ("x", None, id_of(2).upper(), id_of(1))),
    *(("cases", {"store": value}) for value in (None, "initech")),
    *(("cases", {"number": value}) for value in (0, -1, 1, None, "x")),
    *(("cases", {"subject": value}) for value in ("xx", "x" * 201, None)),
    ("cases", {"subject_folded": None}),
    *(("cases", {"category": value}) for value in ("Other", "", None)),
    *(("cases", {"severity": value}) for value in ("urgent", "", None)),
    *(("cases", {"status": value}) for value in ("pending", "", None)),
    ("cases", {"status": "closed", "unanswered_since": None}),
    ("cases", {"closed_at": WHEN}),
    ("cases", {"status": "answered", "unanswered_since": None, "closed_at": WHEN}),
    *(("cases", {"created_at": value}) for value in (None, *NO_TIME)),
    *(("cases", {"last_activity_at": value}) for value in (None, "2024-06-15T10:30:59.999Z", *NO_TIME)),
    *(("cases", {"status": "closed", "unanswered_since": None, "closed_at": value}) for value in NO_TIME),
    *(
        ("cases", {"status": "closed", "unanswered_since": None, "closed_at": f"{year}-01-01T00:00:00.000Z"})
        for year in (2023, 2025)
    ),
    ("cases", {"status": "answered"}),
    *(("cases", {"unanswered_since": value}) for value in ("", *NO_TIME)),
    *(("cases", {"unanswered_since": f"2024-06-15T10:{moment}Z"}) for moment in ("30:59.999", "31:00.001")),
    *(("cases", {"assignee": value}) for value in ("", "x" * 121, "me", "none")),
    *(("messages", {"id": value}) for value in ("x", None, id_of(2).upper(), id_of(1, kind="6"))),
    *(("messages", {"store": value}) for value in (None, "globex")),
    *(("messages", {"case_id": value}) for value in (None, id_of(2), id_of(1, "globex"))),
    *(("messages", {"author_kind": value}) for value in ("robot", "", None)),
    *(("messages", {"author_label": value}) for value in ("", "x" * 121, None)),
    *(("messages", {"body": value}) for value in ("", "x" * 10_001, None)),
    *(("messages", {"created_at": value}) for value in (None, *NO_TIME)),
    *(("messages", {"internal": value}) for value in (2, -1, None, "yes", 0.5)),
    *(("events", {"store": value}) for value in (None, "globex")),
    *(("events", {"case_id": value}) for value in (None, id_of(2), id_of(1, "globex"))),
    *(("events", {"kind": value}) for value in (None, "")),
    *(("events", {"actor_kind": value}) for value in ("robot", "", None)),
    *(("events", {"actor_label": value}) for value in ("", None)),
    *(("events", {"happened_at": value}) for value in (None, *NO_TIME)),
    *(("events", {name: value}) for name in ("was", "became") for value in ("{", "", None)),
    *(("events", {name: value}) for name in ("revision", "sequence") for value in (0, 1, 1.5, "x")),
    ("events", {"revision": None}),
    *(("keys", {"id": value}) for value in ("0", None, a_key(1).id)),
    *(("keys", {"key_hash": value}) for value in ("0", None, hash_of(1))),
    *(("keys", {"store": value}) for value in ("", "x" * 65, None)),
    *(("keys", {"kind": value}) for value in (None, "", "robot", "support")),
    ("keys", {"stores": '["acme"]'}),
    *(("keys", SUPPORT_KEY | {"stores": value}) for value in ("", "acme", '["acme"')),
    *(("keys", SUPPORT_KEY | {"store": value}) for value in ("acme", "")),
    ("keys", SUPPORT_KEY | {"kind": "merchant"}),
    *(("keys", {"label": value}) for value in ("", "x" * 121, None)),
    *(("keys", {"created_at": value}) for value in (None, *NO_TIME)),
    *(("keys", {name: value}) for name in ("expires_at", "revoked_at") for value in NO_TIME),
    ("replays", {"scope": None}),
    *(("replays", {"key": value}) for value in ("", "x" * 256, None, "taken")),
    *(("replays", {"fingerprint": value}) for value in ("", "f" * 63, None)),
    *(("replays", {"status": value}) for value in (199, 300, 404, 500, None)),
    *(("replays", {"body": value}) for value in ("", "{", None)),
    *(("replays", {"kept_at": value}) for value in (None, *NO_TIME)),
    *(("keys", {"admin": value}) for value in (1, 2, None, "yes")),
    *(("keys", SUPPORT_KEY | {"admin": value}) for value in (2, -1, None)),
    *(("texts", {"id": value}) for value in ("x", None, id_of(9).upper())),
    *(("texts", {"name": value}) for value in ("", "x" * 121, None)),
    *(("texts", {"body": value}) for value in ("", "x" * 10_001, None)),
    *(("sessions", {"token_hash": value}) for value in ("", "0" * 63, None, hash_of(2))),
    *(("sessions", {"key_id": value}) for value in (None, "", "0" * 12)),
    *(("sessions", {"created_at": value}) for value in (None, *NO_TIME)),
    *(("sessions", {"expires_at": value}) for value in (None, WHEN, "2024-06-15T10:30:59.999Z", *NO_TIME)),
    *(("messages", {"attachments": value}) for value in ("", "x", "{}", '"x"')),
    *(("attachments", {"id": value}) for value in ("x", None, id_of(8).upper(), id_of(6, kind="4"))),
    *(("attachments", {"store": value}) for value in (None, "", "x" * 65)),
    *(("attachments", {"owner": value}) for value in (None, "")),
    *(("attachments", {"name": value}) for value in (None, "", "x" * 256)),
    *(("attachments", {"content_type": value}) for value in (None, "a/", "x" * 128)),
    *(("attachments", {"size": value}) for value in (None, 0, -1, "x")),
    *(("attachments", {"created_at": value}) for value in (None, *NO_TIME)),
    *(("attachments", {"finished_at": value}) for value in (None, *NO_TIME)),
    *(("attachments", {"sha256": value}) for value in (None, "", "0" * 63)),
    *(("attachments", {"content": value}) for value in (None, id_of(7))),
    ("attachments", {"attempted_at": WHEN}),
    *(("attachments", {"attempted_at": value, "finished_at": None, "sha256": None}) for value in NO_TIME),
    ("attachments", {"attempted_at": WHEN, "finished_at": None, "sha256": None, "content": None}),
    ("attachments", {"message_id": id_of(2, kind="6")}),
    ("attachments", {"message_id": id_of(1, kind="6"), "finished_at": None, "sha256": None}),
    *(("attachments", {"dropped": value}) for value in (None, 2, -1)),
    *(("chunks", {"content": value}) for value in (None, "x", id_of(9))),
    *(("chunks", {"number": value}) for value in (None, -1, 0)),
    *(("chunks", {"bytes": value}) for value in (None, b"", b"x" * 262_145, "x")),
]


@pytest.fixture
def filled(repository):
    """A repository with a row in every table, so that twins and foreign rows can be tried."""
    kept(repository, a_case(1), a_case(1, "globex"))
    with repository.write() as transaction:
        transaction.cases.add_message(a_case(1), a_message(1))
        transaction.events.record(a_case(1), an_entry())
        transaction.keys.add(a_key(1), hash_of(1))
        transaction.replays.keep("store:acme", "taken", an_answer(), a_case(1).created_at)
        transaction.sessions.add(hash_of(2), a_key(1).id, LATE, LATE + timedelta(hours=12))
        transaction.attachments.add(an_upload(6, content=id_of(7), attempted_at=LATE), "0" * 64)
        transaction.attachments.add_chunk(id_of(7), 0, b"x")
    return repository


OTHER_ROWS = [
    *((table, {}) for table in TABLES),
    ("cases", {"status": "answered", "unanswered_since": None}),
    ("cases", {"status": "closed", "unanswered_since": None, "closed_at": WHEN}),
    ("cases", {"status": "closed", "closed_at": WHEN}),  # closing is no answer
    ("cases", {"unanswered_since": None}),
    ("cases", {"last_activity_at": "2024-06-15T10:32:00.000Z", "unanswered_since": "2024-06-15T10:32:00.000Z"}),
    *(("cases", {"assignee": value}) for value in ("x", "é" * 120, "Me", "nobody")),
    ("messages", {"internal": 1, "author_kind": "support"}),
    *(("events", {"kind": value, "actor_kind": "support"}) for value in ("noted", "announced", "changed")),
    *(("keys", SUPPORT_KEY | {"stores": value}) for value in (None, "[]", '["acme", "globex"]')),
    ("keys", SUPPORT_KEY | {"admin": 1}),
    ("events", {"sequence": None}),
]


@pytest.mark.parametrize(("table", "other"), OTHER_ROWS, ids=str)
def test_a_row_that_is_unlike_and_breaks_no_rule_is_taken(filled, table, other):
    with filled.write() as transaction:
        insert(transaction.connection, table, TABLES[table] | other)


@pytest.mark.parametrize(("table", "fault"), BROKEN_ROWS, ids=str)
def test_a_row_that_breaks_a_rule_is_refused_by_the_schema_itself(filled, table, fault):
    with pytest.raises(sqlite3.IntegrityError), filled.write() as transaction:
        insert(transaction.connection, table, TABLES[table] | fault)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM supportcases_stores WHERE store = 'acme'",
        "DELETE FROM supportcases_cases WHERE store = 'acme'",
        "UPDATE supportcases_stores SET last_number = 0 WHERE store = 'acme'",
        "UPDATE supportcases_stores SET store = '' WHERE store = 'acme'",
        "UPDATE supportcases_cases SET store = 'globex', number = 2 WHERE store = 'acme'",
        "UPDATE supportcases_cases SET number = 1.5 WHERE store = 'acme'",
        "UPDATE supportcases_cases SET status = 'closed' WHERE store = 'acme'",
        "UPDATE supportcases_cases SET status = 'answered' WHERE store = 'acme'",
        "UPDATE supportcases_cases SET assignee = 'me' WHERE store = 'acme'",
        "UPDATE supportcases_cases SET unanswered_since = '2024-06-15T10:30:59.999Z' WHERE store = 'acme'",
        "UPDATE supportcases_messages SET internal = 2",
        "UPDATE supportcases_keys SET kind = 'support'",
        "UPDATE supportcases_keys SET store = NULL",
        "DELETE FROM supportcases_keys",
        "UPDATE supportcases_events SET actor_label = 'Eve'",
        "UPDATE supportcases_events SET was = was",
        "UPDATE OR IGNORE supportcases_events SET position = 99",
        "UPDATE OR REPLACE supportcases_events SET store = 'globex', case_id = '' WHERE position = 1",
        "DELETE FROM supportcases_events",
        "DELETE FROM supportcases_events WHERE position = 1",
        "REPLACE INTO supportcases_events SELECT 1, store, case_id, 2, 2, 'noted', actor_kind, actor_label, "
        f"'{WHEN}', was, became, NULL FROM supportcases_events",
    ],
)
def test_a_change_that_breaks_a_rule_is_refused_by_the_schema_itself(filled, statement):
    before = rows_of(filled)
    with pytest.raises(sqlite3.IntegrityError), filled.write() as transaction:
        transaction.connection.execute(statement)
    assert rows_of(filled) == before
