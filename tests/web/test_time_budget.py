"""The time budget: what takes longer than a request may is interrupted, 503 `too_slow`, and nothing of it is kept."""

import io
import json
import math
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress

import pytest

from supportcases import SqliteRepository, SupportDesk, TooSlow, create_app
from supportcases.processes import deadline, ticks, waited
from supportcases.storage.sqlite.connections import STEPS
from tests.conftest import ACME, ADA, CASES, SUPPORT, call
from tests.support.answers import checked
from tests.support.databases import open_files

BODY = b'{"body": "The checkout shows a blank page."}'
GIVEN = {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(BODY))}
SENTENCE = "This takes too long; ask for less: with other filters, a longer word or a shorter time range."
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
COUNTER = "(store, last_number)"


def in_sql(connection):
    connection.execute(f"SELECT max(i) FROM ({ENDLESS}) AS endless").fetchone()


def in_python_row_by_row(connection):
    for _ in connection.execute(ENDLESS):
        pass


def in_a_function_of_python(connection):
    connection.create_function("slowly", 1, lambda i: time.sleep(0.0001))
    connection.execute(f"SELECT max(slowly(i)) FROM ({ENDLESS})").fetchone()


def in_one_short_statement_after_the_other(connection):
    while True:
        connection.execute("SELECT 1").fetchone()


def in_what_is_written(connection):
    connection.execute(f"INSERT INTO supportcases_stores {COUNTER} SELECT 'store' || i, i FROM ({ENDLESS}) AS endless")


@pytest.fixture(params=["memory", "file"])
def app(request, path):
    app = create_app(":memory:" if request.param == "memory" else path, authenticate=by_path, time_budget=0.2)
    yield app
    app.desk.repository.close()
    assert open_files(path.parent) == []  # each connection was given back


def by_path(req):
    return ADA if req.path.startswith(f"{SUPPORT}/") else ACME


def taking(work, *, writes=False):
    """Return a method of the desk that never ends."""

    def method(desk, *_, **__):
        with desk.repository.write() if writes else desk.repository.read() as transaction:
            work(transaction.connection)

    return method


@pytest.mark.parametrize(("method", "asked"), [("written_list", CASES), ("queue", f"{SUPPORT}/cases")])
@pytest.mark.parametrize(
    "work", [in_sql, in_python_row_by_row, in_a_function_of_python, in_one_short_statement_after_the_other]
)
def test_a_read_without_an_end_is_interrupted_and_the_next_one_is_answered(app, monkeypatch, method, asked, work):
    with monkeypatch.context() as patched:
        patched.setattr(SupportDesk, method, taking(work))
        answer = call(app, "GET", asked)
    assert checked(answer, 503, "too_slow")["error"] == SENTENCE
    assert "retry-after" not in answer.headers  # again it would take as long
    assert call(app, "GET", asked).status == 200
    assert call(app, "POST", CASES, BODY, **GIVEN).status == 201  # it is not taken for damage


def test_nothing_is_kept_of_a_write_that_is_interrupted(app, monkeypatch):
    kept = app.desk.open(ACME, body="The checkout shows a blank page.")
    reply = SupportDesk.reply

    def reply_and_go_on(desk, *given, **named):
        with desk.repository.write() as transaction:
            reply(desk, *given, **named)
            in_what_is_written(transaction.connection)

    asked = "POST", f"{CASES}/1/messages", BODY
    with monkeypatch.context() as patched:
        patched.setattr(SupportDesk, "reply", reply_and_go_on)
        checked(call(app, *asked, **GIVEN, HTTP_IDEMPOTENCY_KEY="once"), 503, "too_slow")
    assert app.desk.get(ACME, 1).messages[1:] == ()
    assert app.desk.find(ACME, 1) == kept
    with app.desk.repository.read() as transaction:
        assert transaction.connection.execute("SELECT store FROM supportcases_stores").fetchall() == [("acme",)]
    again = call(app, *asked, **GIVEN, HTTP_IDEMPOTENCY_KEY="once")
    assert (again.status, "idempotent-replayed" in again.headers) == (201, False)
    assert len(app.desk.get(ACME, 1).messages) == 2


def test_what_went_wrong_in_a_part_of_a_write_cannot_be_passed_over(app, monkeypatch):
    def open_all_the_same(desk, actor, **_):
        with desk.repository.write():
            with suppress(TooSlow):
                taking(in_what_is_written, writes=True)(desk)
            return opened(desk, actor, body="It is kept alone.")

    opened = SupportDesk.open
    monkeypatch.setattr(SupportDesk, "open", open_all_the_same)
    assert call(app, "POST", CASES, BODY, **GIVEN).status == 503
    assert app.desk.list(ACME).count == 0


def test_a_commit_is_never_interrupted(tmp_path):
    with closing(SqliteRepository(":memory:")) as repository:
        for number in range(STEPS):  # SQLite counts the steps of a statement over all that it is used: one looks
            with repository.write() as transaction:
                if number % 100 == 0:
                    transaction.cases.next_number("acme")
                token = deadline.set(0.0)
            deadline.reset(token)
        with repository.read() as transaction:
            ((number,),) = transaction.connection.execute("SELECT last_number FROM supportcases_stores").fetchall()
    assert number == STEPS / 100


def test_who_waits_for_others_as_long_as_a_request_may_take_finds_the_desk_busy(app):
    with app.desk.repository.write() as transaction, ThreadPoolExecutor(1) as elsewhere:
        transaction.cases.next_number("acme")  # an engine may let another store's writers in meanwhile
        answer = elsewhere.submit(call, app, "POST", CASES, BODY, **GIVEN).result(timeout=30)
    checked(answer, 503, "busy")
    assert answer.headers["retry-after"] == "1"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_who_has_waited_for_a_thread_that_long_is_turned_away_at_once(app, method):
    token = waited.set(0.3)
    checked(call(app, method, CASES, BODY, **GIVEN), 503, "busy")
    waited.set(0.0)
    assert call(app, method, CASES, BODY, **GIVEN).status < 300
    waited.reset(token)


def test_what_the_host_s_own_functions_and_the_client_take_does_not_count(path):
    class Slow(io.BytesIO):
        def read(self, size=-1):
            time.sleep(0.4)
            return super().read(size)

    heard = []

    def slow(result):
        def function(*_):
            time.sleep(0.4)
            return result

        return function

    def on_event(event):
        time.sleep(0.4)
        heard.append(app.desk.get(ACME, event.case.number).case.subject)

    functions = {"authenticate": slow(ACME), "make_subject": slow("A subject"), "on_event": on_event}
    app = create_app(path, **functions, time_budget=0.3)
    given = GIVEN | {"HTTP_IDEMPOTENCY_KEY": "once", "wsgi.input": Slow(BODY)}
    assert call(app, "POST", CASES, **given).status == 201
    assert heard == ["A subject"]
    app.desk.repository.close()


@pytest.mark.parametrize(("time_budget", "seconds"), [(None, math.inf), (7, 7.0), (0.5, 0.5)])
def test_only_within_a_request_is_there_a_budget(monkeypatch, time_budget, seconds):
    left = []
    app = create_app(":memory:", authenticate=lambda req: ACME, time_budget=time_budget)
    find = SupportDesk.written_list

    def timed(*asked, **more):
        left.append(deadline.get() - ticks())
        return find(*asked, **more)

    monkeypatch.setattr(SupportDesk, "written_list", timed)
    assert json.loads(call(app, "GET", CASES).body)["data"] == []
    app.desk.written_list(ACME)
    assert left == [pytest.approx(seconds, abs=0.2), math.inf]


@pytest.mark.parametrize("time_budget", [0, -1.0, math.inf, math.nan, True, "5"])
def test_a_budget_that_is_none_is_refused(time_budget):
    with pytest.raises(ValueError, match="time_budget must be None or a number of seconds above 0, not"):
        create_app(":memory:", time_budget=time_budget)
