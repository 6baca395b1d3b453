"""A request: its id, who sent it, its query and its JSON, read strictly and never beyond the limit."""

import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Any, Final
from urllib.parse import parse_qsl, quote

import falcon

from supportcases.domain.actors import Actor
from supportcases.domain.checking import checking
from supportcases.domain.errors import InvalidInput
from supportcases.domain.fields import API_KEY, CHARACTERS
from supportcases.processes import OffTheClock, request_under_way

REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")
LENGTH: Final = re.compile(r"[0-9]+")
LENGTH_DIGITS: Final = 18  # a longer Content-Length is absurd, and int() of a very long one is slow
CHUNK: Final = 65_536
MOST_FORGOTTEN: Final = 16_777_216  # bytes of an unread body that are read to their end; more are the server's affair
PATH_CHARACTERS: Final = "/!$&'()*+,;=:@-._~"  # RFC 3986, section 3.3


class ApiRequest(falcon.Request):
    """A request to the support desk."""

    def __init__(self, env: dict[str, Any], options: falcon.RequestOptions | None = None) -> None:
        """Take the WSGI environment."""
        super().__init__(env, options)
        self.started: Final = time.perf_counter()
        self.request_id: Final = request_id_of(env)
        request_under_way.set(self.request_id)
        self.actor: Actor | None = None
        self._taken = 0  # bytes of the body

    def __repr__(self) -> str:
        """Name the route, not the path or the query: a key may stand there."""
        return f"<{type(self).__name__}: {self.method} {self.uri_template or '-'}>"

    @property
    def mounted_at(self) -> str:
        """The path below which the app is mounted, percent-encoded; "" is the root."""
        path: str = self.env.get("SCRIPT_NAME", "").strip("/")  # as WSGI writes it: bytes, each as one character
        return "/" * bool(path) + quote(path.encode("latin-1"), safe=PATH_CHARACTERS)

    def parameters(self) -> dict[str, list[str]]:
        """Return the parameters of the query string, each with all its values.

        Raises:
            InvalidInput: One holds a NUL, or the query string is not percent-encoded UTF-8.
        """
        values: dict[str, list[str]] = {}
        try:
            query = self.env.get("QUERY_STRING", "").encode("latin-1").decode()
            pairs = parse_qsl(query, keep_blank_values=True, errors="strict")
        except UnicodeError:
            raise InvalidInput({"query string": "Must be percent-encoded UTF-8."}) from None
        with checking() as check:
            for name, value in pairs:
                check(name, CHARACTERS, name + value)
                values.setdefault(name, []).append(value)
        return values

    def json_object(self, limit: int) -> dict[str, Any]:
        """Return the JSON object in the body, which may have up to `limit` bytes.

        Raises:
            falcon.HTTPError: There is no such object in the body, or it is too large.
        """
        body = self.body(limit)
        if not body:
            raise falcon.HTTPBadRequest(description="The body is empty; it must be a JSON object.")
        media_type = (self.content_type or "").partition(";")[0].strip().lower()
        if media_type != falcon.MEDIA_JSON:
            raise falcon.HTTPUnsupportedMediaType(
                description="The body must be JSON, sent with 'Content-Type: application/json'."
            )
        if self.env.get("HTTP_CONTENT_ENCODING", "").strip().lower() not in ("", "identity"):
            raise falcon.HTTPUnsupportedMediaType(
                description="The body must not be compressed: send it without a Content-Encoding."
            )
        return _parse(body)

    def body(self, limit: int) -> bytes:
        """Return the body; more than `limit` bytes are not held.

        Raises:
            falcon.HTTPError: It is larger, or it does not come whole.
        """
        with OffTheClock():  # some servers hand it over while it comes, as slowly as the client sends it
            return self._whole_body(limit)

    def pieces(self, length: int) -> Iterator[bytes]:
        """Yield a body of `length` bytes in pieces, while it comes; nothing of one that is declared otherwise.

        Raises:
            falcon.HTTPError: The connection breaks.
        """
        declared = self._declared()
        if declared is None and self.env.get("wsgi.input_terminated", False):
            yield from self._chunks(length + 1)
        elif declared == length:
            for chunk in self._chunks(length):
                self._taken += len(chunk)
                yield chunk

    def forget_body(self) -> None:
        """Read what is left of a body that nobody wants, so that the client sees the answer."""
        self._forget((self._declared() or 0) - self._taken)

    def _declared(self) -> int | None:
        """Return the `Content-Length`, or None where there is none, or one that is no number."""
        declared = self.env.get("CONTENT_LENGTH") or ""
        return int(declared) if len(declared) <= LENGTH_DIGITS and LENGTH.fullmatch(declared) else None

    def _whole_body(self, limit: int) -> bytes:
        declared = self.env.get("CONTENT_LENGTH")
        if not declared:
            ends_by_itself = self.env.get("wsgi.input_terminated", False)  # a chunked body, on servers that say so
            body = self._read(limit + 1) if ends_by_itself else b""
            self._refuse_beyond(limit, len(body), MOST_FORGOTTEN)
            return body
        if not LENGTH.fullmatch(declared):
            raise falcon.HTTPBadRequest(description="The Content-Length must be a whole number of bytes.")
        length = int(declared) if len(declared) <= LENGTH_DIGITS else limit + MOST_FORGOTTEN + 1
        self._refuse_beyond(limit, length, length)
        body = self._read(length)
        if len(body) < length:
            raise falcon.HTTPBadRequest(description="The body is shorter than its Content-Length says.")
        return body

    def _refuse_beyond(self, limit: int, length: int, unread: int) -> None:
        """Refuse a body of more bytes than `limit`, once up to `MOST_FORGOTTEN` unread ones are read.

        A server that closes a connection over unread bytes resets it, and the client never sees the answer: gunicorn's
        threads and granian do. Whoever waits for «100 Continue» has sent none.
        """
        if length <= limit:
            return
        self._forget(unread)
        raise falcon.HTTPContentTooLarge(description=f"The body must not be larger than {limit:,} bytes.")

    def _forget(self, unread: int) -> None:
        if unread <= MOST_FORGOTTEN and "HTTP_EXPECT" not in self.env:
            with suppress(falcon.HTTPBadRequest):
                for _ in self._chunks(unread):
                    pass

    def _read(self, length: int) -> bytes:
        return b"".join(self._chunks(length))

    def _chunks(self, length: int) -> Iterator[bytes]:
        """Yield up to so many bytes of the body."""
        stream: IO[bytes] = self.env["wsgi.input"]
        try:
            while length > 0 and (chunk := stream.read(min(length, CHUNK))):
                length -= len(chunk)
                yield chunk
        except (OSError, ValueError):  # cheroot raises the latter for a chunk that is none
            raise falcon.HTTPBadRequest(description="The connection broke while the body was read.") from None


def request_id_of(env: dict[str, Any]) -> str:
    """Return the caller's own `X-Request-Id` if it is a proper one, a new one otherwise."""
    sent = str(env.get("HTTP_X_REQUEST_ID", ""))
    return sent if REQUEST_ID.fullmatch(sent) and not API_KEY.search(sent) else os.urandom(16).hex()


def _parse(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body.decode(), object_pairs_hook=_object, parse_constant=_refuse_constant)
    except RecursionError:
        raise falcon.HTTPBadRequest(description="The body is nested too deeply.") from None
    except UnicodeDecodeError:
        raise falcon.HTTPBadRequest(description="The body must be encoded in UTF-8.") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise falcon.HTTPBadRequest(description=f"The body is not valid JSON ({error.msg}, {place}).") from None
    except InvalidInput:
        raise
    except ValueError:  # an integer with more digits than Python converts, NaN or Infinity
        raise falcon.HTTPBadRequest(description="The body has a number that is not valid here.") from None
    if not isinstance(value, dict):
        raise falcon.HTTPBadRequest(description="The body must be a JSON object.")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            raise InvalidInput({name: "Must not appear twice."})
        members[name] = value
    return members


def _refuse_constant(name: str) -> None:
    raise ValueError(name)
