"""Many at once on one database: nothing acknowledged is lost, no number is given twice, nobody is turned away."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import pytest

from supportcases import CaseMoved, SqliteRepository, SupportDesk
from supportcases.domain.cases import CaseFilter
from tests.conftest import ACME, ADA
from tests.support.processes import let_go, numbers_of, start

BODY = "One of many that come at the same time."
THREADS = 8


@pytest.fixture(params=["memory", "file"])
def shared(request, path):
    """A desk whose database many threads share."""
    with closing(SqliteRepository(":memory:" if request.param == "memory" else path)) as repository:
        yield SupportDesk(repository)


@pytest.fixture
def file_desk(path):
    with closing(SqliteRepository(path)) as repository:
        yield SupportDesk(repository)


def at_once(work: Callable[[int], object], threads: int = THREADS) -> list:
    """Do `work` in many threads that begin together; return what each returned, or raise what one raised."""
    together = threading.Barrier(threads)

    def begin(number: int) -> object:
        together.wait(10)
        return work(number)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(begin, range(threads)))


@contextmanager
def setting(done: threading.Event) -> Iterator[None]:
    """Tell those who wait for the end of the block that it has come, also if it failed."""
    try:
        yield
    finally:
        done.set()


# threads


def test_cases_opened_at_once_are_numbered_without_gaps_and_all_are_there(shared):
    opened = at_once(lambda _: [shared.open(ACME, body=BODY) for _ in range(25)])
    everything = [case for cases in opened for case in cases]
    assert sorted(case.number for case in everything) == list(range(1, 201))
    assert numbers_of(shared) == list(range(1, 201))
    assert all(shared.find(ACME, case.id) == case for case in everything)
    assert all([c.number for c in cases] == sorted(c.number for c in cases) for cases in opened)


def test_of_agents_who_change_the_same_revision_at_once_only_one_succeeds(shared):
    shared.open(ACME, body=BODY)
    severities = ["critical", "high", "low"]

    def change(number: int) -> str:
        try:
            return shared.change(ADA, "acme:1", severity=severities[number], if_revision={1}).severity
        except CaseMoved:
            return "moved"

    outcomes = at_once(change, threads=3)
    assert sorted(outcomes).count("moved") == 2
    assert shared.find(ADA, "acme:1").severity in outcomes
    assert shared.revision(ADA, "acme:1") == 2


def test_a_list_is_of_one_moment_while_others_write(shared):
    done = threading.Event()

    def write() -> None:
        with setting(done):
            for _ in range(95):
                shared.open(ACME, body=BODY)

    def read() -> list[int]:
        counts = []
        while not done.is_set() or not counts:
            page = shared.list(ACME, limit=100)
            assert sorted(case.number for case in page.cases) == list(range(1, page.count + 1))
            counts.append(page.count)
        return counts

    readings = at_once(lambda thread: read() if thread else write(), threads=4)[1:]
    assert all(counts == sorted(counts) for counts in readings)
    assert shared.list(ACME).count == 95


def test_a_change_is_made_to_the_case_as_it_is_and_not_as_it_was(shared):
    """Two who close at once: one closes, the other finds it closed; no change is lost or made twice."""
    for number in range(1, 21):
        shared.open(ACME, body=BODY)
        closed = at_once(lambda _, number=number: shared.close(ACME, number), threads=2)
        assert closed[0] == closed[1] == shared.find(ACME, number)
    with shared.repository.read() as transaction:
        kinds = transaction.connection.execute(
            "SELECT kind, count(*) FROM supportcases_events GROUP BY kind"
        ).fetchall()
    assert sorted(kinds) == [("closed", 20), ("opened", 20)]


def test_a_second_writer_sees_what_the_first_one_wrote(shared):
    """The lost update of the books: both read, both add one. The lock is taken before the reading."""
    shared.open(ACME, body=BODY, subject="0000")

    def count_up(_: int) -> None:
        for _ in range(25):
            with shared.repository.write() as transaction:
                (case,) = transaction.cases.page("acme", CaseFilter(), limit=1, offset=0).cases
                transaction.cases.update(case._replace(subject=f"{int(case.subject) + 1:04}"), before=case)

    at_once(count_up, threads=2)
    assert shared.find(ACME, 1).subject == "0050"


def test_the_writers_of_a_process_wait_for_each_other_before_they_ask_sqlite(path):
    statements = []
    repository = SqliteRepository(path, trace=statements.append)
    statements.clear()
    desk = SupportDesk(repository)
    with ThreadPoolExecutor(1) as pool, closing(repository):
        with repository.write():
            second = pool.submit(desk.open, ACME, body=BODY)
            time.sleep(0.2)
            assert statements.count("BEGIN IMMEDIATE") == 1
        assert second.result(timeout=10).number == 1
    assert statements.count("BEGIN IMMEDIATE") == 2


# nobody waits for a reader


def test_a_read_held_open_does_not_hold_up_a_write(file_desk):
    file_desk.open(ACME, body=BODY)
    with file_desk.repository.read() as slow, ThreadPoolExecutor(1) as elsewhere:
        assert slow.cases.page("acme", CaseFilter(), limit=1, offset=0).count == 1
        begun = time.monotonic()
        elsewhere.submit(file_desk.open, ACME, body=BODY).result(timeout=5)
        assert time.monotonic() - begun < 1
        assert slow.cases.page("acme", CaseFilter(), limit=1, offset=0).count == 1  # still of its own moment
    assert file_desk.list(ACME).count == 2


def test_a_write_held_open_does_not_hold_up_a_read(file_desk):
    file_desk.open(ACME, body=BODY)
    with file_desk.repository.write() as slow, ThreadPoolExecutor(1) as elsewhere:
        slow.cases.next_number("acme")
        begun = time.monotonic()
        assert elsewhere.submit(file_desk.list, ACME).result(timeout=5).count == 1
        assert time.monotonic() - begun < 1


def test_many_slow_searches_do_not_hold_up_a_write(file_desk):
    with file_desk.repository.write():
        for _ in range(1500):
            file_desk.open(ACME, body=BODY, subject="x" * 200)
    done = threading.Event()

    def search() -> int:
        searches = 0
        while not done.is_set():
            assert file_desk.list(ACME, query="y" * 100, limit=100).count == 0
            searches += 1
        return searches

    def write() -> float:
        waits = []
        with setting(done):
            for _ in range(10):
                begun = time.monotonic()
                file_desk.open(ACME, body=BODY)
                waits.append(time.monotonic() - begun)
        return max(waits)

    assert at_once(lambda thread: search() if thread else write(), threads=4)[0] < 2


# processes

WRITER = """
    import json
    desk = SupportDesk(SqliteRepository(sys.argv[1]))
    acme = Actor.merchant("acme")
    numbers, replies = [], []
    for n in range(30):
        numbers.append(desk.open(acme, body="One of many processes writes this.").number)
        replies.append(desk.reply(acme, 1, body=f"{sys.argv[2]}.{n}").message.id)
        assert desk.list(acme, limit=1).count >= len(numbers)
    desk.repository.close()
    print(json.dumps([numbers, replies]))
"""


def test_processes_that_write_at_once_lose_nothing_and_give_no_number_twice(path, file_desk):
    file_desk.open(ACME, body=BODY)
    processes = [start(WRITER, path, n) for n in range(4)]
    written = let_go(processes)
    assert sorted(number for numbers, _ in written for number in numbers) == list(range(2, 122))
    assert numbers_of(file_desk) == list(range(1, 122))
    thread = file_desk.get(ACME, 1)
    assert {m.id for m in thread.messages[1:]} == {reply for _, replies in written for reply in replies}
    assert len(thread.messages) == 121


def test_a_process_killed_while_it_writes_loses_nothing_that_it_acknowledged(path, file_desk):
    script = """
        desk = SupportDesk(SqliteRepository(sys.argv[1]))
        while True:
            print(desk.open(Actor.merchant("acme"), body="It is killed at any moment.").number, flush=True)
    """
    for _ in range(3):
        process = start(script, path)
        assert process.stdout.readline() == "ready\n"
        process.stdin.write("\n")
        process.stdin.flush()
        acknowledged = [process.stdout.readline() for _ in range(20)]
        process.kill()
        rest, fault = process.communicate(timeout=10)
        acknowledged += rest.splitlines(keepends=True)
        numbers = [int(line) for line in acknowledged if line.endswith("\n")]
        assert fault == ""
        kept = numbers_of(file_desk)
        assert kept == list(range(1, len(kept) + 1))
        assert set(numbers) <= set(kept)
        file_desk.open(ACME, body=BODY)
