"""All malformed requests made by hand: as bytes for the wire, and as environs, which may hold what no server makes."""

import io
from collections.abc import Iterator
from typing import Any, Final

from dev.torture.in_process import environ_of
from dev.torture.malformed_bodies import BODIES, CHUNKS, FIELDS, LENGTHS, MEDIA_TYPES, PIPELINES, WRONG_VALUES
from dev.torture.malformed_heads import (
    AUTHORIZATIONS,
    HEADERS,
    IDEMPOTENCY_KEYS,
    IF_MATCHES,
    METHODS,
    PATHS,
    QUERIES,
    START_LINES,
    TEAM_QUERIES,
)
from dev.torture.malformed_parts import CASES, HOST, KEY, LENGTH, TEAM, WORDS, Secrets, filled, get, post, raw, sized

LIST: Final = CASES.decode()
CASE: Final = f"{LIST}/1"
PUBLIC: Final = b"/healthz"
TEAM_KEY: Final = b"Authorization: Bearer @TEAM@"


class BrokenInput(io.BytesIO):
    """A body that cannot be read to its end."""

    def __init__(self, error: Exception) -> None:
        """Raise `error` at the first reading."""
        super().__init__()
        self._error = error

    def read(self, size: int | None = -1) -> bytes:
        """Raise it."""
        raise self._error

    def __repr__(self) -> str:
        return f"a body that raises {self._error!r}"


# what an environ may have otherwise than a server should make it; None is for what is not there
ODDITIES: Final[list[dict[str, Any]]] = [
    {"PATH_INFO": None},
    {"PATH_INFO": ""},
    {"PATH_INFO": "api/v1/support-cases"},
    {"PATH_INFO": "/api/v1/support-cases/\udc80"},
    {"PATH_INFO": "/api/v1/support-cases/\u4f60"},
    {"PATH_INFO": "/api/v1/support-cases/\r\nX-Evil: 1"},
    {"PATH_INFO": "/\udcff"},
    {"QUERY_STRING": None},
    {"QUERY_STRING": "query=\udc80"},
    {"QUERY_STRING": "query=\u4f60"},
    {"QUERY_STRING": "query=\x00\r\n"},
    {"SCRIPT_NAME": None},
    {"SCRIPT_NAME": "/"},
    {"SCRIPT_NAME": "/\xc3\xa9\xff"},
    {"SCRIPT_NAME": "/a\r\nb"},
    {"SERVER_PROTOCOL": None},
    {"SERVER_PROTOCOL": "HTTP/9.9"},
    {"HTTP_HOST": None},
    {"HTTP_HOST": ""},
    {"HTTP_HOST": "\udc80\r\n:x"},
    {"REMOTE_ADDR": None},
    {"REMOTE_ADDR": "@"},
    {"CONTENT_TYPE": None},
    {"CONTENT_TYPE": ""},
    {"CONTENT_TYPE": "\udc80"},
    {"CONTENT_TYPE": "application/json\r\n"},
    {"CONTENT_LENGTH": None},
    {"CONTENT_LENGTH": None, "wsgi.input_terminated": True},
    {"CONTENT_LENGTH": None, "HTTP_TRANSFER_ENCODING": "chunked"},
    *(
        {"CONTENT_LENGTH": length}
        for length in ("", " ", "0", "-1", "+43", "4_3", "43 ", "43.0", "\u0664\u0663", "\xb2", "42", "44", "1048577")
    ),
    {"CONTENT_LENGTH": "9" * 19},
    {"CONTENT_LENGTH": "9" * 5_000},
    {"CONTENT_LENGTH": "16777217", "HTTP_EXPECT": "100-continue"},
    {"wsgi.input": BrokenInput(ConnectionResetError("reset"))},
    {"wsgi.input": BrokenInput(TimeoutError("timed out"))},
    {"wsgi.input": BrokenInput(OSError("unexpected end"))},
    {"wsgi.input": BrokenInput(OSError("unexpected end")), "CONTENT_LENGTH": "1048577"},
    {"wsgi.input": BrokenInput(OSError("bad chunk")), "CONTENT_LENGTH": None, "wsgi.input_terminated": True},
    {
        "wsgi.input": BrokenInput(ValueError("bad chunk")),
        "CONTENT_LENGTH": None,
        "wsgi.input_terminated": True,
    },  # cheroot
    *(
        {f"HTTP_{name}": value}
        for name in ("AUTHORIZATION", "IDEMPOTENCY_KEY", "X_REQUEST_ID", "ACCEPT", "IF_MATCH", "COOKIE", "USER_AGENT")
        for value in ("", "\x00", "a\r\nX-Evil: 1", "\udc80", "\u4f60", "a" * 100_000)
    ),
]


def wire_by_hand(secrets: Secrets) -> Iterator[bytes]:
    """Yield every request as it goes on the wire."""
    for template in _templates():
        yield filled(template, secrets)


def _templates() -> Iterator[bytes]:
    yield from START_LINES
    for method in METHODS:
        yield raw(method + b" " + CASES + b" HTTP/1.1", HOST, KEY)
    yield from map(get, PATHS)
    for query in QUERIES:
        yield get(CASES + b"?" + query)
    for query in TEAM_QUERIES:
        yield raw(b"GET " + TEAM + b"/cases?" + query + b" HTTP/1.1", HOST, TEAM_KEY)
    for lines in HEADERS:
        yield get(CASES, lines)
    yield raw(b"GET " + PUBLIC + b" HTTP/1.1")  # without a Host
    for authorization in AUTHORIZATIONS:
        yield raw(b"GET " + CASES + b" HTTP/1.1", HOST, b"Authorization: " + authorization)
    yield from LENGTHS
    yield from CHUNKS
    yield from PIPELINES
    for media_type in MEDIA_TYPES:
        yield raw(b"POST " + CASES + b" HTTP/1.1", HOST, KEY, LENGTH, b"Content-Type: " + media_type, body=WORDS)
    for key in IDEMPOTENCY_KEYS:
        yield post(WORDS, LENGTH, b"Idempotency-Key: " + key)
    for tags in IF_MATCHES:
        lines = (HOST, TEAM_KEY, b"If-Match: " + tags, b"Content-Type: application/json", b"Content-Length: 20")
        yield raw(b"PATCH " + TEAM + b"/cases/acme:1 HTTP/1.1", *lines, body=b'{"severity":"normal"')
    for method, target, key, body in _bodies():
        yield sized(method, target, key, body)


def _bodies() -> Iterator[tuple[bytes, bytes, bytes, bytes]]:
    """Yield each malformed body with where it goes and whose key comes with it."""
    for body in BODIES:
        yield b"POST", CASES, b"@KEY@", body
    for (method, target, key), names in FIELDS.items():
        for name in names:
            for value in WRONG_VALUES:
                others = b"" if name == b"body" else b',"body":"The checkout shows a blank page."'
                yield method, target, key, b'{"' + name + b'":' + value + others + b"}"


def environs_by_hand(secrets: Secrets) -> Iterator[dict[str, Any]]:
    """Yield every request as an environ."""
    merchant, team = (f"Bearer {secrets[key].decode()}" for key in (b"@KEY@", b"@TEAM@"))

    def asked(method: str, target: str, body: bytes = b"", key: str = merchant, **changes: Any) -> dict[str, Any]:
        environ = environ_of(method, target, body, HTTP_AUTHORIZATION=key)
        return {name: value for name, value in (environ | changes).items() if value is not None}

    for method in METHODS:
        yield asked(method.decode("latin-1"), LIST)
    for path in PATHS:
        yield asked("GET", path.decode("latin-1"))
    for query in QUERIES:
        yield asked("GET", LIST, QUERY_STRING=query.decode("latin-1"))
    for query in TEAM_QUERIES:
        yield asked("GET", f"{TEAM.decode()}/cases", key=team, QUERY_STRING=query.decode("latin-1"))
    for authorization in AUTHORIZATIONS:
        yield asked("GET", LIST, HTTP_AUTHORIZATION=filled(authorization, secrets).decode("latin-1"))
    for media_type in MEDIA_TYPES:
        yield asked("POST", LIST, WORDS, CONTENT_TYPE=media_type.decode("latin-1"))
    for sent, target, key, body in _bodies():
        yield asked(sent.decode(), target.decode(), body, merchant if key == b"@KEY@" else team)
    for changes in ODDITIES:
        yield asked("GET", CASE, **changes)
        yield asked("POST", LIST, WORDS, **changes)
        yield asked("PATCH", CASE, b'{"status":"closed"}', **changes)
