"""A host that traces SQLite: every connection that `sqlite3.connect` returns is wrapped, and everything works."""

import pytest

from supportcases.cli import main
from tests.support.databases import python

pytest.importorskip("opentelemetry.instrumentation.sqlite3", reason="pip install -e '.[test]'")

TRACED = """
from opentelemetry.instrumentation.sqlite3 import SQLite3Instrumentor
SQLite3Instrumentor().instrument()
import sqlite3
assert type(sqlite3.connect(":memory:")) is not sqlite3.Connection
import sys
from supportcases import Actor, SqliteRepository, SupportDesk
from supportcases.cli import main
"""


def test_a_desk_works_in_a_file_and_in_memory(tmp_path):
    script = """
for place in sys.argv[1:]:
    desk = SupportDesk(SqliteRepository(place))
    desk.open(Actor.merchant("acme"), body="The printer is on fire.")
    desk.answer(Actor.support("Ada"), "acme:1", body="Use water.", close=True)
    print(desk.find(Actor.merchant("acme"), 1).status)
"""
    assert python(TRACED + script, ":memory:", str(tmp_path / "cases.db")) == "closed\nclosed\n"


def test_a_request_that_takes_too_long_is_interrupted(tmp_path):
    script = """
from supportcases import TooSlow
from supportcases.processes import deadline
repository = SqliteRepository(sys.argv[1])
try:
    with repository.read() as transaction:
        deadline.set(0.0)
        endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
        transaction.connection.execute(endless)
except TooSlow as error:
    print(error.code)
"""
    assert python(TRACED + script, str(tmp_path / "cases.db")) == "too_slow\n"


def test_every_command_works(tmp_path):
    one, other, copy, archive = (str(tmp_path / name) for name in ("one.db", "other.db", "copy.db", "cases.ndjson"))
    commands = [
        ["keys", "create", "acme", "--db", one],
        ["keys", "list", "--db", one],
        ["cases", "--db", one],
        ["stats", "--db", one],
        ["close-idle", "--answered-for", "1d", "--db", one],
        ["check", "--db", one],
        ["backup", copy, "--db", one],
        ["export", "--db", one],
        ["import", archive, "--db", other],
        ["show", "acme", "1", "--db", copy],
        ["answer", "acme", "1", "-m", "Use water.", "--as", "Ada", "--db", copy],
    ]
    script = f"""
SupportDesk(SqliteRepository({one!r})).open(Actor.merchant("acme"), body="The printer is on fire.")
from contextlib import redirect_stdout
with open({archive!r}, "w") as lines, redirect_stdout(lines):
    main(["export", "--db", {one!r}])
for command in {commands!r}:
    print(f"{{main(command)}} {{command[0]}}")
"""
    done = python(TRACED + script).splitlines()
    assert [line for line in done if line in {f"0 {command[0]}" for command in commands}] == [
        f"0 {command[0]}" for command in commands
    ]
    assert main(["check", "--db", other]) == 0
