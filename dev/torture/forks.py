"""Claim 7: a server may fork and its threads may come and go; nothing is lost, nothing stays open.

- `create_app` opens the database to bring it up to date. What it leaves open a fork would copy, and SQLite's locks
  with it; so the files of the process are listed in /proc afterwards.
- A process serves over HTTP, with clients that open cases without pause, and forks eight children meanwhile, as
  gunicorn does with `--preload`, or a storefront that makes a thumbnail. All of them write, parent and children, and
  what any of them was told to be kept must be in the file, once, with numbers that have no gap.
- Ten thousand threads each read or write once and end, as threads of a server that makes one for each request do.
  The file descriptors must be as many as the threads that live at once need, whichever thread it is.
"""

import json
import os
import select
import signal
import sqlite3
import threading
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from dev.torture.experiment import Effort, Outcome
from dev.torture.invariants import faults_of
from dev.torture.servers import CASES, Client
from supportcases import Actor, SupportDesk, create_app
from supportcases.server import served

CHILDREN: Final = 8
CLIENTS: Final = 2
CASES_A_CHILD: Final = 50
PATIENCE: Final = 30.0  # seconds that the children may take
THREADS_AT_ONCE: Final = 8
# a connection holds the file and its journal open; the index of the journal is open once for all of them
FILES_OF_A_DESK: Final = 2 * THREADS_AT_ONCE + 1
ACME: Final = Actor.merchant("acme")
BODY: Final = "Parent and children write this at once."


def run(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Try what stays open, forks and threads, each in a process of its own, without threads of ours."""
    with ProcessPoolExecutor(1, get_context("spawn")) as elsewhere:
        yield elsewhere.submit(no_file_stays_open, folder / "new.db").result()
    yield forks(effort, folder / "forks.db")
    with ProcessPoolExecutor(1, get_context("spawn")) as elsewhere:
        yield elsewhere.submit(threads, effort, folder / "threads.db").result()


# what stays open


def no_file_stays_open(path: Path) -> Outcome:
    """Look what `create_app` leaves open, on no file and on one that is there."""
    opened = []
    for _ in range(2):
        app = create_app(path)
        opened += open_files(path.parent)
        app.desk.open(ACME, body=BODY)
        seen = open_files(path.parent)  # or the looking is at fault
        app.desk.repository.close()
        opened += open_files(path.parent)
    return Outcome(
        7,
        "no file open after create_app",
        "a new file and one that is there, /proc/self/fd after create_app and after close",
        f"{len(opened)} files of the database open; {len(seen)} while a connection is",
        not opened and len(seen) > 0,
    )


def open_files(folder: Path) -> list[str]:
    """Return the files below `folder` that this process has open."""
    links = [Path("/proc/self/fd") / name for name in os.listdir("/proc/self/fd")]
    return [name for name in map(os.path.realpath, links) if name.startswith(f"{os.path.realpath(folder)}/")]


# forks


def forks(effort: Effort, path: Path) -> Outcome:
    """Let a process that serves fork, and compare what was told to be kept with what is there."""
    rounds = effort.pick(2, 10)
    with ProcessPoolExecutor(1, get_context("spawn")) as elsewhere:
        by_parent, by_children, faults = elsewhere.submit(serve_and_fork, path, rounds).result()
    with closing(sqlite3.connect(path)) as connection:
        kept = [number for (number,) in connection.execute("SELECT number FROM supportcases_cases ORDER BY number")]
    told = sorted(by_parent + by_children)
    lost, unasked = len(set(told) - set(kept)), len(set(kept) - set(told))
    twice = len(told) - len(set(told))
    faults += faults_of(path)
    return Outcome(
        7,
        "fork of a serving process",
        f"{rounds} rounds x {CHILDREN} forks amid writes, {CASES_A_CHILD} cases each, {CLIENTS} HTTP clients of the "
        "parent meanwhile",
        f"{len(by_children):,} kept by children, {len(by_parent):,} by the parent, {lost} lost, {twice} twice, "
        f"{unasked} unasked, {len(faults)} faults{': ' + '; '.join(faults[:3]) if faults else ''}",
        len(by_children) == rounds * CHILDREN * CASES_A_CHILD
        and bool(by_parent)
        and not lost + twice + unasked
        and not faults,
    )


def serve_and_fork(path: Path, rounds: int) -> tuple[list[int], list[int], list[str]]:
    """Serve, and fork meanwhile; return the numbers that parent and children were told, and what went wrong."""
    warnings.simplefilter("ignore", DeprecationWarning)  # Python warns of forking with threads, which is the point
    app = create_app(path, authenticate=lambda req: ACME)
    by_parent: list[int] = []
    by_children: list[int] = []
    faults: list[str] = []
    over = threading.Event()
    with served(app) as url:
        clients = [threading.Thread(target=open_cases, args=(url, over, by_parent, faults)) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        for _ in range(rounds):
            children = [forked(app.desk) for _ in range(CHILDREN)]
            deadline = time.monotonic() + PATIENCE
            for numbers, fault in [answer_of(*child, deadline) for child in children]:
                by_children += numbers
                faults += [fault] if fault else []
            if faults:
                break
        over.set()
        for client in clients:
            client.join()
    app.desk.repository.close()
    return by_parent, by_children, faults


def open_cases(url: str, over: threading.Event, numbers: list[int], faults: list[str]) -> None:
    """Open cases over HTTP without pause."""
    client = Client(urlsplit(url).port or 0)
    while not over.is_set():
        heard = client("POST", CASES, {"body": BODY})
        if heard.status == 201:
            numbers.append(heard.json["number"])
        else:
            faults.append(f"{heard.status} {heard.body.decode()}")
    client.close()


def forked(desk: SupportDesk) -> tuple[int, int]:
    """Fork a child that opens cases; return its id and where its answer can be read."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, reading
    numbers: list[int] = []
    fault = ""
    try:
        numbers += (desk.open(ACME, body=BODY).number for _ in range(CASES_A_CHILD))
    except BaseException as error:  # noqa: BLE001 - the child must end here, whatever it is
        fault = repr(error)
    with open(writing, "w") as told:
        json.dump([numbers, fault], told)
    os._exit(0)


def answer_of(child: int, reading: int, deadline: float) -> tuple[list[int], str]:
    """Wait for the child; return the numbers that it was told, and what went wrong, if anything did."""
    answered, _, _ = select.select([reading], [], [], max(0.0, deadline - time.monotonic()))
    if not answered:
        os.kill(child, signal.SIGKILL)
    with open(reading) as told:
        text = told.read()
    os.waitpid(child, 0)
    numbers, fault = json.loads(text) if text else ([], "a child died" if answered else "a child hung")
    return numbers, fault


# threads


def threads(effort: Effort, path: Path) -> Outcome:
    """Let threads come and go, a few at once, and count the file descriptors."""
    number = effort.pick(500, 10_000)
    app = create_app(path)
    app.desk.open(ACME, body=BODY)
    app.desk.repository.close()
    faults: list[Exception] = []
    before, alone, during = open_descriptors(), alive(), []
    for begin in range(0, number, THREADS_AT_ONCE):
        together = [
            threading.Thread(target=read_or_write, args=(app.desk, turn, faults))
            for turn in range(begin, min(begin + THREADS_AT_ONCE, number))
        ]
        for thread in together:
            thread.start()
        for thread in together:
            thread.join()
        during.append(open_descriptors())
    app.desk.repository.close()
    after, left = open_descriptors(), alive() - alone
    writes = app.desk.list(ACME).count - 1
    return Outcome(
        7,
        "threads that come and go",
        f"{number:,} threads, {THREADS_AT_ONCE} at once, one read or write each",
        f"descriptors {before} before, {max(during)} at the most, {after} after; {left} threads left, "
        f"{writes:,} writes kept, {len(faults)} errors{f': {faults[0]!r}' if faults else ''}",
        max(during) <= before + FILES_OF_A_DESK
        and after == before
        and not left
        and writes == number // 2
        and not faults,
    )


def read_or_write(desk: SupportDesk, turn: int, faults: list[Exception]) -> None:
    """Do one thing with the desk."""
    try:
        if turn % 2:
            desk.open(ACME, body=BODY)
        else:
            desk.get(ACME, 1)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is counted
        faults.append(error)


def open_descriptors() -> int:
    """Return how many file descriptors this process has open."""
    return len(os.listdir("/proc/self/fd")) - 1


def alive() -> int:
    """Return how many threads this process has."""
    return len(os.listdir("/proc/self/task"))
