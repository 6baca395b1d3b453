"""Claim 7: a server may fork while its threads serve and write; nothing is lost.

A process serves over HTTP, with clients that open cases without pause, and forks eight children meanwhile, as gunicorn
does with `--preload`, or a storefront that makes a thumbnail. All of them write, parent and children, and what any of
them was told to be kept must be in the file, once, with numbers that have no gap.
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

from dev.torture.experiment import Effort, Outcome, in_words
from dev.torture.invariants import faults_of
from dev.torture.servers import CASES, Client
from supportcases import Actor, SupportDesk, create_app
from supportcases.server import served

CHILDREN: Final = 8
CLIENTS: Final = 2
CASES_A_CHILD: Final = 50
PATIENCE: Final = 30.0  # seconds that the children may take
ACME: Final = Actor.merchant("acme")
BODY: Final = "Parent and children write this at once."


def run(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Let a process that serves fork, and compare what was told to be kept with what is there."""
    path, rounds = folder / "forks.db", effort.pick(2, 10)
    with ProcessPoolExecutor(1, get_context("spawn")) as elsewhere:
        by_parent, by_children, faults = elsewhere.submit(serve_and_fork, path, rounds).result()
    with closing(sqlite3.connect(path)) as connection:
        kept = [number for (number,) in connection.execute("SELECT number FROM supportcases_cases ORDER BY number")]
    told = sorted(by_parent + by_children)
    lost, unasked = len(set(told) - set(kept)), len(set(kept) - set(told))
    twice = len(told) - len(set(told))
    faults += faults_of(path)
    yield Outcome(
        7,
        "fork of a serving process",
        f"{rounds} rounds x {CHILDREN} forks amid writes, {CASES_A_CHILD} cases each, {CLIENTS} HTTP clients of the "
        "parent meanwhile",
        f"{len(by_children):,} kept by children, {len(by_parent):,} by the parent, {lost} lost, {twice} twice, "
        f"{unasked} unasked, {in_words(faults)}",
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
