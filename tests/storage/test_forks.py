"""Forks, also amid writes: all sides write on and nothing is lost. Each test forks in a process of its own, for Python
warns of forking one that has threads."""

import textwrap
from contextlib import closing

import pytest

from supportcases import SqliteRepository, SupportDesk
from supportcases.storage.sqlite.checks import check
from tests.support.processes import let_go, numbers_of, start

FORKING = """
    import json, os, threading, warnings
    warnings.simplefilter("ignore", DeprecationWarning)
    path = sys.argv[1]
    repository = SqliteRepository(path)
    desk = SupportDesk(repository)
    acme = Actor.merchant("acme")

    def write(times):
        return [desk.open(acme, body="Both sides of a fork write this.").number for _ in range(times)]

    def fork(work):
        'Run work in a child; return a function that waits for it and returns what it returned.'
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            try:
                answer = work()
            except BaseException as error:
                answer = repr(error)
            os.write(writing, json.dumps(answer).encode())
            os._exit(0)
        os.close(writing)
        def wait():
            with open(reading) as answer:
                told = json.load(answer)
            os.waitpid(child, 0)
            return told
        return wait
"""

PARENT_CLOSES = """
from supportcases.storage.sqlite import pool
opened, open_file = [], pool.open_file
pool.open_file = lambda *how: opened.append(os.getpid()) or open_file(*how)
numbers = write(1)
begun, go_on = os.pipe(), os.pipe()

def work():
    before = write(3)
    os.write(begun[1], b".")
    os.read(go_on[0], 1)
    after = write(3)
    repository.close()
    assert opened[1:] == [os.getpid()], "the child must use a connection of its own"
    return before + after

wait = fork(work)
os.read(begun[0], 1)
repository.close()
os.write(go_on[1], b".")
numbers += wait()
print(json.dumps(numbers))
"""

FORK_IN_C = """
import ctypes
os.fork = ctypes.PyDLL(None).fork
"""


def kept(path) -> list[int]:
    with closing(SqliteRepository(path)) as repository:
        return numbers_of(SupportDesk(repository))


def forked(path, script: str) -> list:
    (answer,) = let_go([start(textwrap.dedent(FORKING) + textwrap.dedent(script), path)])
    return answer


@pytest.mark.parametrize("how", ["", FORK_IN_C], ids=["by Python", "in C"])
def test_what_a_child_writes_after_its_parent_has_closed_the_database_is_kept(path, how):
    """SQLite deletes the journal with the last connection; the parent's must not take that of the child for none.

    uWSGI forks in C, with none of Python's hooks, while the parent's connection lies idle.
    """
    assert forked(path, how + PARENT_CLOSES) == [1, 2, 3, 4, 5, 6, 7] == kept(path)


def test_children_forked_while_threads_of_their_parent_write_without_pause_can_write(path):
    told = forked(
        path,
        """
        stop, numbers = threading.Event(), []

        def without_pause():
            while not stop.is_set():
                numbers.extend(write(1))

        threads = [threading.Thread(target=without_pause) for _ in range(2)]
        for thread in threads:
            thread.start()
        children = []
        for _ in range(5):
            write_more = fork(lambda: write(5))
            children.append(write_more)
        answers = [wait() for wait in children]
        stop.set()
        for thread in threads:
            thread.join()
        repository.close()
        print(json.dumps([numbers, answers]))
        """,
    )
    parents, children = told
    assert [child for child in children if not isinstance(child, list)] == []
    everything = sorted(parents + [number for child in children for number in child])
    assert everything == list(range(1, len(everything) + 1))
    assert kept(path) == everything


def test_a_fork_waits_for_who_reads_now_and_not_for_who_comes_next(path):
    """Readers that come without pause overlap: there may never be a moment without one unless the next is held back."""
    seconds, inherited, number = forked(
        path,
        """
        import time
        write(100)
        stop = threading.Event()

        def read():
            while not stop.is_set():
                desk.list(acme, limit=100)

        def open_files():
            files = [os.path.realpath(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd")]
            return [name for name in files if name.startswith(path)]

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        begun = time.monotonic()
        wait = fork(lambda: [open_files(), *write(1)])
        seconds = time.monotonic() - begun
        inherited, number = wait()
        stop.set()
        for thread in threads:
            thread.join()
        repository.close()
        print(json.dumps([seconds, inherited, number]))
        """,
    )
    assert inherited == []
    assert seconds < 5
    assert number == 101


def test_of_a_write_amid_which_a_host_forks_only_the_parent_keeps_what_it_wrote(path):
    childs, parents = forked(
        path,
        """
        write(1)

        def work():
            told = []
            cases, connection = transaction.cases, transaction.connection
            for use in (lambda: write(1), lambda: cases.next_number("acme"), lambda: connection.execute("COMMIT")):
                try:
                    use()
                except DatabaseUnavailable as refused:
                    told.append(str(refused))
            try:
                inside.__exit__(None, None, None)
            except DatabaseUnavailable as refused:
                told.append(str(refused))
            told.append(len(desk.list(acme).cases))
            try:
                write(1)
            except DatabaseUnavailable as refused:
                told.append(str(refused))
            return told

        inside = repository.write()
        transaction = inside.__enter__()
        numbers = write(1)
        wait = fork(work)
        childs = wait()
        numbers += write(1)
        inside.__exit__(None, None, None)
        numbers += write(1)
        repository.close()
        print(json.dumps([childs, numbers]))
        """,
    )
    forked_amid = f"This process was forked amid a write to {path}, and cannot write to it."
    other_process = "Another process began this transaction, before a fork; only there can it go on."
    assert childs == [forked_amid, other_process, other_process, other_process, 1, forked_amid]
    assert parents == [2, 3, 4]
    assert kept(path) == [1, 2, 3, 4]


def test_a_large_write_of_the_parent_survives_a_child_that_leaves_it_and_ends(path):
    """More than fits into memory stands in the journal already; to roll back in the child would hide it."""
    numbers = forked(
        path,
        """
        with repository.write():
            numbers = [desk.open(acme, body="x" * 9_000).number for _ in range(100)]
            child = os.fork()
            if child:
                os.waitpid(child, 0)
                numbers += [desk.open(acme, body="x" * 9_000).number for _ in range(10)]
            else:
                sys.stderr = open(os.devnull, "w")
                sys.exit()  # with all that Python does at the end
        assert [len(desk.get(acme, number).messages) for number in numbers] == [1] * 110
        repository.close()
        print(json.dumps(numbers))
        """,
    )
    assert numbers == list(range(1, 111))
    assert check(str(path)).faults == ()


def test_a_child_forked_amid_a_read_reads_and_writes_by_itself(path):
    numbers = forked(
        path,
        """
        numbers = write(1)
        with repository.read():
            wait = fork(lambda: write(1))
            numbers += wait()
        numbers += write(1)
        with repository.request():  # which keeps the connection that its read has used, until the fork
            repository.check()
            wait = fork(lambda: write(1))
            numbers += wait()
            repository.check()
        with repository.read() as outer:
            child = os.fork()
            if not child:
                try:
                    outer.cases.next_number("acme")
                except DatabaseUnavailable:
                    pass
        if not child:
            write(1)
            os._exit(0)
        os.waitpid(child, 0)
        numbers += write(1)
        repository.close()
        print(json.dumps(numbers))
        """,
    )
    assert numbers == [1, 2, 3, 4, 6]


@pytest.mark.parametrize("failing", ["an interrupt", "a log handler"])
def test_an_exception_while_a_fork_waits_leaves_nothing_locked(path, failing):
    numbers = forked(
        path,
        f"""
        import logging, signal
        from supportcases.storage.sqlite import pool
        pool.PATIENCE = 30.0
        sys.unraisablehook = lambda raised: None
        if {failing == "a log handler"}:
            pool.PATIENCE = 0.3
            class Failing(logging.Handler):
                def handle(self, record):
                    raise OSError("the log is full")
            logging.getLogger("supportcases.sqlite").addHandler(Failing())
            logging.getLogger("supportcases.sqlite").propagate = False
        """
        """
        other = SqliteRepository(path)
        write(1)
        begun, done = threading.Event(), threading.Event()

        def read():
            with repository.read(), other.read():
                begun.set()
                done.wait(30)

        reader = threading.Thread(target=read)
        reader.start()
        begun.wait(30)
        signal.signal(signal.SIGALRM, lambda *_: signal.default_int_handler(2, None))
        if pool.PATIENCE > 1:
            signal.setitimer(signal.ITIMER_REAL, 0.5, 0.5)
        child = os.fork()
        if not child:
            os._exit(0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        os.waitpid(child, 0)
        pool.PATIENCE = 30.0
        done.set()
        reader.join()
        numbers = write(1) + fork(lambda: write(1))() + write(1)
        numbers.append(SupportDesk(other).open(acme, body=BODY).number)
        repository.close()
        other.close()
        print(json.dumps(numbers))
        """.replace("BODY", '"Everything goes on as before."'),
    )
    assert numbers == [2, 3, 4, 5]
