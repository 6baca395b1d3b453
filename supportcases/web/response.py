"""An answer: JSON that cannot fail to be written, and the headers that every answer has."""

from collections.abc import Iterable
from typing import Any, Final

import falcon

from supportcases.formats.case_json import to_json
from supportcases.storage.protocol import Answer

CHUNK: Final = 65_536


def to_bytes(text: str) -> bytes:
    """Encode JSON text; a lone surrogate (only a faulty field's name has one) becomes its own JSON escape."""
    return text.encode("utf-8", "backslashreplace")


def send(resp: falcon.Response, value: Any, status: int = 200) -> None:
    """Answer with `value` as JSON."""
    send_answer(resp, Answer(status, to_json(value)))


def send_text(resp: falcon.Response, text: str) -> None:
    """Answer with JSON text."""
    resp.content_type = falcon.MEDIA_JSON
    resp.data = to_bytes(text)


def send_parts(resp: falcon.Response, parts: Iterable[str]) -> None:
    """Answer with JSON text in parts, encoded one by one: put together, a long answer would take several times as much.

    Each part goes out with those behind it, up to `CHUNK` characters or so.
    """
    chunks: list[bytes] = []
    chunk = ""
    for part in parts:
        if len(chunk) >= CHUNK:
            chunks.append(to_bytes(chunk))
            chunk = ""
        chunk += part
    chunks.append(to_bytes(chunk))
    resp.content_type = falcon.MEDIA_JSON
    if len(chunks) == 1:
        resp.data = chunks[0]
    else:
        resp.set_stream(iter(chunks), sum(map(len, chunks)))


def send_answer(resp: falcon.Response, answer: Answer) -> None:
    """Answer as `answer` says."""
    resp.status = falcon.code_to_http_status(answer.status)  # tracers split the text
    send_text(resp, answer.body)
    if answer.location is not None:
        resp.set_header("Location", answer.location)
    if answer.replayed:
        resp.set_header("Idempotent-Replayed", "true")
