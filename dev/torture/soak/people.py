"""Who uses the desk: at a pace, until it is over."""

import hashlib
import random
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any, Final
from urllib.parse import urlsplit

from dev.torture.sending import Asker
from dev.torture.servers import BROKEN, CASES, SUPPORT, Client, Heard

SIZES: Final = (1_000, 70_000, 600_000)
Saw = Callable[[float, int, str], object]  # how many seconds an answer took, its status, and what was asked


class Over(ConnectionError):
    """The time is over."""


class Paced:
    """A client that rests before each request, and tells how long the answer took."""

    def __init__(self, port: int, key: str | None = None, *, over: threading.Event, pace: float, saw: Saw) -> None:
        """Connect at the first call."""
        self._client = Client(port, key)
        self._over, self._pace, self._saw = over, pace, saw

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Heard:
        """Send a request; raise `Over` where it is."""
        if self._over.wait(self._pace):
            raise Over
        begun = time.monotonic()
        heard = self._client(method, path, body, **headers)
        self._saw(time.monotonic() - begun, heard.status, f"{method} {path}")
        return heard

    def close(self) -> None:
        """Hang up."""
        self._client.close()


class Agent:
    """Somebody of the team who answers what waits, and notes and assigns some of it."""

    def __init__(self, connect: Callable[[int], Paced]) -> None:
        """Use connections of the team's."""
        self._connect = connect
        self._random = random.Random(29)

    def work(self, port: int) -> None:
        """Go on until it is over."""
        with suppress(Over), closing(self._connect(port)) as client:
            while True:
                for case in client("GET", f"{SUPPORT}/cases?status=open&limit=10").json["data"]:
                    self._treat(client, f"{SUPPORT}/cases/{case['id']}")

    def _treat(self, client: Paced, case: str) -> None:
        client("POST", f"{case}/messages", {"body": "We look into it \U0001f50d\nand write again."})
        if self._random.random() < 0.2:
            client("POST", f"{case}/messages", {"body": "Between us: again.", "internal": True})
            client("PATCH", case, {"assignee": "me", "severity": "high"})


class Sender:
    """A merchant who sends files, opens a case with each, and reads it back."""

    def __init__(self, key: str, over: threading.Event) -> None:
        """Use a key of theirs."""
        self.sent = 0
        self.faults: list[str] = []
        self._key, self._over = key, over
        self._random = random.Random(29)

    def work(self, port: int) -> None:
        """Go on until it is over."""
        with closing(Asker(port, self._key)) as ask:
            while not self._over.wait(2.0):
                self._send(ask)

    def _send(self, ask: Asker) -> None:
        content = self._random.randbytes(self._random.choice(SIZES))
        file_id, url = ask.announce(len(content))
        heard = ask("PUT", url, content)
        if self._random.random() < 0.2:
            return  # which nobody attaches, and is cleaned up
        case = ask.json("POST", CASES, {"body": f"See the picture {self.sent}.", "attachments": [file_id]})
        if (heard.status, case.status) != (200, 201):
            self.faults.append(f"a file was answered {heard.status}, its case {case.status}: {case.body[:200]!r}")
            return
        messages = ask.json("GET", f"{CASES}/{case.json['id']}").json["messages"]
        where = urlsplit(messages[0]["attachments"][0]["url"])
        read = ask("GET", f"{where.path}?{where.query}")
        if hashlib.sha256(read.body).digest() != hashlib.sha256(content).digest():
            self.faults.append(f"a file of {len(content):,} bytes was read as {len(read.body):,}, {read.status}")
        self.sent += 1


class Follower:
    """Somebody who follows the feed from its beginning; a merchant's has a sequence without a gap."""

    def __init__(self, name: str, path: str, connect: Callable[[int], Client]) -> None:
        """Know nothing yet."""
        self.name: Final = name
        self.ids: Final[list[str]] = []
        self.faults: Final[list[str]] = []
        self._path = path
        self._connect = connect
        self._after = ""
        self._sequence = 0

    def work(self, port: int, over: threading.Event) -> None:
        """Follow until it is over."""
        while not over.wait(1.0):
            self.catch_up(port)

    def catch_up(self, port: int) -> None:
        """Read to the end."""
        with closing(self._connect(port)) as client:
            end = False
            while not end and not self.faults:
                heard = client("GET", f"{self._path}?limit=200{self._after}")
                if heard.status != 200:
                    self.faults.append(f"the feed of {self.name} was answered {heard.status}: {heard.body[:200]!r}")
                    return
                self._take(heard.json["data"])
                self._after, end = f"&after={heard.json['meta']['next']}", heard.json["meta"]["end"]

    def _take(self, events: list[dict[str, Any]]) -> None:
        for event in events:
            self.ids.append(event["id"])
            if self.name != "the team":
                self._sequence += 1
                if event["sequence"] != self._sequence:
                    self.faults.append(f"{self.name}: {event['sequence']} in place of {self._sequence}")


def lives(work: Callable[[int], object], port: Callable[[], int], over: threading.Event) -> None:
    """Let somebody work with one server after the other."""
    while not over.is_set():
        with suppress(*BROKEN):
            work(port())
        over.wait(0.2)
