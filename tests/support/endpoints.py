"""An endpoint on this machine that keeps what it is told, and answers as a test wants."""

import json
from threading import Condition
from typing import Any, NamedTuple

from standardwebhooks import Webhook as Verifier

from tests.support.receivers import OK, Receiver


class Told(NamedTuple):
    """What was told in one request."""

    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.body)
        return value

    def verified_by(self, secret: str) -> dict[str, Any]:
        value: dict[str, Any] = Verifier(secret).verify(self.body, self.headers)
        return value


class Endpoint(Receiver):
    """Answers 200, or the next of `answers`: each is a status, or a whole answer."""

    def __init__(self, *answers: int | bytes) -> None:
        self.told: list[Told] = []
        self.answers = list(answers)
        self._change = Condition()
        super().__init__(Endpoint.hear)

    def hear(self, connection) -> None:
        request = self.read(connection)
        head, _, body = request.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")[1:]
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        with self._change:
            self.told.append(Told(headers, body))
            self._change.notify_all()
        self.answer(connection)

    def answer(self, connection) -> None:
        answer = self.answers.pop(0) if self.answers else 200
        connection.sendall(answer if isinstance(answer, bytes) else OK.replace(b"200 OK", b"%d It" % answer))

    def wait_for(self, count: int, seconds: float = 20) -> list[Told]:
        """Return what was told, once it is so much."""
        with self._change:
            assert self._change.wait_for(lambda: len(self.told) >= count, seconds), self.types
        return self.told

    @property
    def types(self) -> list[str]:
        return [told.json["type"].removeprefix("support_case.") for told in self.told]

    @property
    def ids(self) -> list[str]:
        return [told.headers["webhook-id"] for told in self.told]


class Hanging(Endpoint):
    """Answers once a test lets it, or at its end."""

    def answer(self, connection) -> None:
        self.over.wait(20)
        super().answer(connection)
