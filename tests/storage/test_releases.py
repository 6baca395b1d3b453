"""What every release has left behind is opened by the code of today, which goes on with it and loses nothing."""

import sqlite3
from contextlib import closing

import pytest
from falcon.testing import TestClient

from dev.tools.keep_release import NAMES, RELEASES, keep
from dev.tools.lived_desk import CASES, PNG, SUPPORT, LivedDesk, headers, path_of
from dev.tools.public_api import CHANGELOG, last_release
from supportcases import cli, create_app
from supportcases.storage.open import open_repository
from supportcases.storage.rows import CARRIED
from supportcases.version import __version__
from supportcases.webhooks.signing import signed
from tests.conftest import ADA
from tests.support.endpoints import Endpoint
from tests.support.engine_option import CLUSTER
from tests.support.moving import owned_postgres
from tests.support.releases import (
    VERSIONS,
    clock_of,
    faults_of,
    lacking,
    laid_out,
    lines_of,
    told_by,
    unpacked,
)

__all__ = ["owned_postgres"]
WHAT_HAPPENED = ("opened", "replied", "answered", "noted", "redacted", "closed")
CHANGES = (
    "UPDATE supportcases_messages SET author_label = 'Eve' WHERE position = 20",
    "UPDATE supportcases_texts SET body = body || ' '",
    "DELETE FROM supportcases_holds WHERE store = 'globex'",
)


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request):
    return request.param


@pytest.fixture
def place(engine, request, tmp_path):
    return request.getfixturevalue("owned_postgres")("kept") if engine == "postgres" else str(tmp_path / "kept.db")


@pytest.fixture(params=VERSIONS)
def version(request):
    return request.param


@pytest.fixture
def kept(version, engine, place, pytestconfig):
    """Where the database of a release lies, as nobody has opened it since."""
    return laid_out(version, engine, place, pytestconfig.stash[CLUSTER])


@pytest.fixture
def command(capsys):
    """Run a command that succeeds in this process; return what it printed."""

    def command(*arguments):
        assert cli.main([str(argument) for argument in arguments]) == 0
        return capsys.readouterr().out

    return command


def test_a_release_keeps_what_it_leaves_behind():
    released = last_release(CHANGELOG.read_text(encoding="utf-8"))
    if released == __version__:
        assert released in VERSIONS, f"run: python -m dev.tools.keep_release {released}"
    for version in VERSIONS:
        assert set(NAMES) <= {path.name for path in (RELEASES / version).iterdir()}


def test_what_is_kept_of_the_next_one_touches_every_column(tmp_path):
    place = str(tmp_path / "lived.db")
    LivedDesk(place)
    tables = {**{table: columns for table, (columns, _) in CARRIED.items()}, "sessions": "token_hash, key_id"}
    with closing(sqlite3.connect(place)) as connection:
        for table, columns in tables.items():
            counts = ", ".join(f"count({column})" for column in columns.split(", "))
            (found,) = connection.execute(f"SELECT {counts} FROM supportcases_{table}")
            assert [c for c, filled in zip(columns.split(", "), found, strict=True) if not filled] == [], table


def test_no_column_of_the_cases_of_the_next_one_is_lost_in_its_archive(tmp_path, command):
    place, archive, taken = (str(tmp_path / name) for name in ("lived.db", "archive", "taken.db"))
    LivedDesk(place)
    (tmp_path / "archive").write_text(command("export", "--db", place, "--attachments"))
    command("import", archive, "--db", taken)
    kept, got = [], []
    for database, rows in ((place, kept), (taken, got)):
        with closing(sqlite3.connect(database)) as connection:
            connection.row_factory = sqlite3.Row
            columns, order = CARRIED["cases"]
            rows += map(dict, connection.execute(f"SELECT {columns} FROM supportcases_cases ORDER BY {order}"))
    assert len(kept) == len(got) > 20
    assert {name for was, now in zip(kept, got, strict=True) for name in was if was[name] != now[name]} == set()


@pytest.mark.parametrize("version", ["1", "1.0", "../1.0.0", "1.0.0rc1", ""])
def test_what_is_no_version_is_kept_nowhere(version, tmp_path):
    with pytest.raises(ValueError, match=r"is no version such as 1\.0\.0"):
        keep(version, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_database_tells_all_that_it_told(kept, version, command):
    assert faults_of(kept, version, opened_and_exported(kept, command)) == []


def test_an_archive_is_taken_in_and_comes_out_as_it_was(place, version, command, tmp_path):
    (tmp_path / "archive").write_bytes(unpacked(version, "archive.jsonl"))
    command("import", tmp_path / "archive", "--db", place)
    exported = command("export", "--db", place, "--attachments")
    assert lacking(lines_of(unpacked(version, "archive.jsonl")), lines_of(exported)) == []
    assert command("check", "--db", place).endswith("nothing is wrong\n")


def test_everybody_goes_on_with_it_and_the_feed_has_no_gap(kept, version, engine, command):
    told = told_by(version)
    clock, cursors = clock_of(told), told["cursors"][engine]
    app = create_app(kept, clock=clock, allow_http_loopback=True)
    acme, ada = (TestClient(app, headers=headers(told["keys"][who])) for who in ("acme", "ada"))
    last = told["answers"]["acme"][f"{CASES}/events?limit=1000"][1]["data"][-1]["sequence"]
    newest = told["answers"]["acme"][CASES][1]["meta"]["count"] + 1  # one was purged

    opened = acme.simulate_post(CASES, json={"body": "There is one more.", "attachments": [told["waiting"]]})
    assert (opened.status_code, opened.json["number"]) == (201, newest + 1)
    for client, path, body in (
        (acme, f"{CASES}/2/messages", {"body": "It is back again."}),
        (ada, f"{SUPPORT}/cases/acme:2/messages", {"body": "We look into it."}),
        (ada, f"{SUPPORT}/cases/acme:2/messages", {"body": "This is odd.", "internal": True}),
        (ada, f"{SUPPORT}/cases/acme:4/redactions", {"subject": True, "reason": "law"}),
    ):
        answer = client.simulate_post(path, json=body)
        assert answer.status_code in (200, 201), answer.text
    assert ada.simulate_patch(f"{SUPPORT}/cases/acme:2", json={"status": "closed"}).status_code == 200

    found = ada.simulate_get(f"{SUPPORT}/cases", params={"query": "burns"}).json["data"]
    assert [(case["store"], case["number"]) for case in found] == [("acme", 3)]
    (file,) = acme.simulate_get(f"{CASES}/3").json["messages"][0]["attachments"]
    assert acme.simulate_get(path_of(file["url"])).content == PNG
    team = ada.simulate_get(f"{SUPPORT}/events", params={"after": cursors["ada"]}).json["data"]
    assert [event["type"] for event in team] == [f"support_case.{kind}" for kind in WHAT_HAPPENED]
    own = acme.simulate_get(f"{CASES}/events", params={"after": cursors["acme"]}).json["data"]
    assert [event["sequence"] for event in own] == list(range(last + 1, last + 6))

    with closing(app.desk.repository):
        clock.advance(hours=1)
        feed = ada.simulate_get(f"{SUPPORT}/events", params={"limit": 1000}).json["data"]
        assert told_of_the_rest(app.desk, told["secrets"]) == rest_of([event["id"] for event in feed], told)
    assert command("check", "--db", kept).endswith("nothing is wrong\n")


def told_of_the_rest(desk, secrets) -> list[str]:
    """Return the ids of what webhooks are told next: those of the desk's own one, and what waits by hand of others."""
    with Endpoint() as endpoint:
        for webhook in desk.webhooks(ADA).webhooks:
            desk.change_webhook(ADA, webhook.id, url=endpoint.url, enabled=webhook.enabled and webhook.store is None)
        assert desk.deliver_due() == len(endpoint.told)
    for told in endpoint.told:
        message_id = told.headers["webhook-id"]
        right = signed(told.body, secrets[message_id.partition("_")[0]], message_id=message_id, now=desk.clock())
        assert told.headers["webhook-signature"] == right["webhook-signature"]
    return sorted(endpoint.ids)


def rest_of(feed: list[str], told) -> list[str]:
    """Return what webhooks were not told yet, by what the desk had told of its deliveries."""
    answers = told["answers"]["ada"]
    (own,) = (one["id"] for one in answers[f"{SUPPORT}/webhooks"][1]["data"] if one["store"] is None)
    kept = {path: answer["data"] for path, (_, answer) in answers.items() if "/deliveries" in path}
    (last,) = (each[0]["eventId"] for path, each in kept.items() if own in path)
    waiting = [(path, one["eventId"]) for path, each in kept.items() for one in each if one["finishedAt"] is None]
    again = [event_id for path, event_id in waiting if own in path or event_id.startswith("test_")]
    return sorted([*feed[feed.index(last) + 1 :], *again])


@pytest.mark.parametrize("change", CHANGES)
def test_a_release_of_which_anything_was_changed_is_noticed(change, tmp_path, command):
    place = laid_out(VERSIONS[0], "sqlite", str(tmp_path / "kept.db"))
    with closing(sqlite3.connect(place, isolation_level=None)) as connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        assert connection.execute(change).rowcount > 0
        for _, sql in triggers:
            connection.execute(sql)
    assert faults_of(place, VERSIONS[0], opened_and_exported(place, command)) != []


def opened_and_exported(database: str, command) -> str:
    """Return what is exported of a database, once the code of today has taken it over."""
    open_repository(database).close()
    return command("export", "--db", database, "--attachments")
