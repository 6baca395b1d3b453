"""What malformed requests are made of: the proper rest of each.

`@KEY@` stands for a merchant's key, `@TEAM@` for one of the support team.
"""

from typing import Final

Secrets = dict[bytes, bytes]  # what each placeholder stands for

CASES: Final = b"/api/v1/support-cases"
TEAM: Final = b"/api/v1/support"
WORDS: Final = b'{"body":"The checkout shows a blank page."}'
HOST: Final = b"Host: localhost"
KEY: Final = b"Authorization: Bearer @KEY@"
JSON: Final = b"Content-Type: application/json"
CHUNKED: Final = b"Transfer-Encoding: chunked"
LENGTH: Final = b"Content-Length: %d" % len(WORDS)


def get(target: bytes, *lines: bytes) -> bytes:
    """Return a GET with a key and some header lines more."""
    return b"\r\n".join([b"GET " + target + b" HTTP/1.1", HOST, KEY, *lines, b"", b""])


def raw(start: bytes, *lines: bytes, body: bytes = b"") -> bytes:
    """Return just these lines and the body."""
    return b"\r\n".join([start, *lines, b"", body])


def post(body: bytes, *lines: bytes) -> bytes:
    """Return an opening with a key, some header lines, which tell the length, and `body`, as it is."""
    return raw(b"POST " + CASES + b" HTTP/1.1", HOST, KEY, JSON, *lines, body=body)


def sized(method: bytes, target: bytes, key: bytes, body: bytes) -> bytes:
    """Return a request with a body of the length that it tells."""
    length = b"Content-Length: %d" % len(body)
    return raw(b"%s %s HTTP/1.1" % (method, target), HOST, b"Authorization: Bearer " + key, JSON, length, body=body)


def filled(template: bytes, secrets: Secrets) -> bytes:
    """Put in what the placeholders stand for."""
    for placeholder, secret in secrets.items():
        template = template.replace(placeholder, secret)
    return template
