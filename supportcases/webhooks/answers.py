"""Reading the head of an answer, which is all that a webhook's receiver has to say.

Not with `http.client`, which waits for each line as long as for the whole, and takes a head that was cut anywhere for a
whole one.
"""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple

from supportcases.webhooks.deadline import NoAnswer
from supportcases.webhooks.wire import Wire

HEAD: Final = 32_768  # bytes of a head, with those of the interim ones before it
BODY: Final = 1_024  # bytes of a body that are waited for
LONGEST_WAIT: Final = timedelta(hours=24)
PROTOCOL: Final = b"HTTP/1."
STATUS_LINE: Final = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: .*)?", re.DOTALL)
END: Final = re.compile(rb"\r?\n\r?\n")


class Head(NamedTuple):
    """The head of an answer, and what has come behind it."""

    status: int
    fields: dict[str, str]
    rest: bytes


def read_head(wire: Wire) -> Head:
    """Read an answer as far as the end of its head; interim ones (100 to 199) are passed over.

    Raises:
        NoAnswer: It does not speak HTTP/1, its head is too long, or it ends before its head does.
    """
    received = bytearray()
    passed = searched = 0
    while True:
        if found := END.search(received, max(passed, searched - 3)):
            status, fields = _parsed(received[passed : found.start()])
            passed = searched = found.end()
            if status >= 200:
                return Head(status, fields, bytes(received[passed:]))
            continue
        begun = bytes(received[passed : passed + len(PROTOCOL)])
        if not PROTOCOL.startswith(begun):
            raise NoAnswer("It does not answer in HTTP/1.1.")
        if len(received) > HEAD:
            raise NoAnswer(f"The head of its answer is longer than {HEAD:,} bytes.")
        searched = len(received)
        piece = wire.receive()
        if not piece:
            raise NoAnswer("It closed the connection before the head of its answer was whole.")
        received += piece


def read_out(wire: Wire, head: Head) -> None:
    """Take the body, if it is short: to close before its end would tell the receiver that something went wrong."""
    told = head.fields.get("content-length", "")
    length = int(told) if re.fullmatch("[0-9]{1,4}", told) else BODY
    left = min(length, BODY) - len(head.rest)
    while left > 0 and (piece := wire.receive()):
        left -= len(piece)


def retry_after(text: str, now: datetime) -> timedelta | None:
    """Return how long a `Retry-After` asks to wait, up to a day; None where it says nothing that can be read."""
    if re.fullmatch("[0-9]{1,10}", text):
        return min(timedelta(seconds=int(text)), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text[:64])
    except (TypeError, ValueError, OverflowError):
        return None
    until = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(until - now, timedelta(0)), LONGEST_WAIT)


def _parsed(head: bytes | bytearray) -> tuple[int, dict[str, str]]:
    """Return the status and the fields of a head; of a field that comes twice the first one."""
    first, *lines = (line.removesuffix(b"\r") for line in bytes(head).split(b"\n"))
    told = STATUS_LINE.fullmatch(first)
    if not told:
        raise NoAnswer("It does not answer in HTTP/1.1.")
    fields: dict[str, str] = {}
    for name, _, value in (line.decode("latin-1").partition(":") for line in lines):
        fields.setdefault(name.lower(), value.strip())
    return int(told[1]), fields
