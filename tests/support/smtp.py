"""An SMTP server on this machine, which keeps the mail that it takes and answers as a test wants it to."""

import email
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

from tests.support.ports import free_port

PATIENCE = 120.0  # seconds; a busy machine starts a Python slowly


class Post:
    """What came in, in order, and what the server answers: `refusals` of a recipient, and `taken` for what it has."""

    def __init__(self) -> None:
        self.port = free_port()
        self.mails: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self.refusals: dict[str, list[str]] = {}
        self.taken: Callable[[EmailMessage], str | None] = lambda mail: None
        self._arrived = threading.Condition()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if answers := self.refusals.get(address):
            return answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        mail = email.message_from_bytes(envelope.content, policy=policy.default)
        if answer := self.taken(mail):
            return answer
        with self._arrived:
            self.mails.append(mail)
            self.raw.append(envelope.content)
            self.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
            self._arrived.notify_all()
        return "250 OK"

    def wait_for(self, count: int) -> None:
        """Return once that many mails have come in."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.mails) >= count, PATIENCE), len(self.mails)


@contextmanager
def smtp_server(**options: Any) -> Iterator[Post]:
    """Serve until the block ends."""
    post = Post()
    controller = Controller(post, hostname="127.0.0.1", port=post.port, **options)
    controller.start()
    try:
        yield post
    finally:
        controller.stop()
