"""Clients that open cases at the same time, and ask again where a connection breaks."""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException

from tests.servers.launchers import PATIENCE, Running, wait_until

CLIENTS = 8


@dataclass
class Load:
    """What became of the requests.

    Attributes:
        acknowledged: The subject of each case that was acknowledged, by its number.
        errors: How many answers had which status other than 201.
        asked_again: How many requests were sent again, with the same Idempotency-Key, because the connection broke.
    """

    acknowledged: dict[int, str] = field(default_factory=dict)
    errors: Counter = field(default_factory=Counter)
    asked_again: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        errors = ", ".join(f"{count} answers {status}" for status, count in self.errors.items()) or "0 errors"
        return f"{len(self.acknowledged)} cases, {errors}, {self.asked_again} asked again"


def under_load(server: Running, *, each: int = 25, meanwhile: Callable[[], object] | None = None) -> Load:
    """Open at least `each` cases from each client; do `meanwhile` once they are at it, and go on for 50 more."""
    load = Load()
    over = threading.Event()
    begun = time.monotonic()
    with ThreadPoolExecutor(CLIENTS) as pool:
        clients = [pool.submit(_open_cases, server, load, over, number, each) for number in range(CLIENTS)]
        with _setting(over):
            if meanwhile:
                _wait_for(load, 2 * CLIENTS)
                meanwhile()
                _wait_for(load, len(load.acknowledged) + 50)
    for client in clients:
        client.result()
    load.seconds = time.monotonic() - begun
    return load


def _wait_for(load: Load, cases: int) -> None:
    wait_until(lambda: len(load.acknowledged) >= cases, lambda: f"no more cases are opened: {load}")


@contextmanager
def _setting(event: threading.Event) -> Iterator[None]:
    try:
        yield
    finally:
        event.set()


def _open_cases(server: Running, load: Load, over: threading.Event, client_number: int, each: int) -> None:
    with server.merchant() as client:
        for number in itertools.count():
            if number >= each and over.is_set():
                return
            _open_case(server, client, load, f"client {client_number}, case {number}")


def _open_case(server: Running, client, load: Load, subject: str) -> None:
    """Open a case, and ask again with the same Idempotency-Key until it is acknowledged."""
    deadline = time.monotonic() + PATIENCE
    body = {"subject": subject, "body": "One of many that are opened at the same time."}
    while time.monotonic() < deadline:
        try:
            answer = client.ask("POST", server.cases, body, Idempotency_Key=subject)
            if "content-length" not in answer.headers:  # http.client takes a head that was cut short for a whole one
                raise HTTPException(f"only a part of the head of an answer came, for {subject}")
        except ConnectionRefusedError:  # nobody is there just now
            client.connection.close()
            time.sleep(0.02)
            continue
        except (OSError, HTTPException):
            load.asked_again += 1
            client.connection.close()
            continue
        if answer.status == 201:
            load.acknowledged[answer.json["number"]] = subject
            return
        load.errors[answer.status] += 1
    raise AssertionError(f"{subject} was never acknowledged")
