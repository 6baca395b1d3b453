"""Malformed requests by mutation of valid ones, the same for the same `Random`."""

from collections.abc import Callable
from random import Random
from typing import Any, Final, NamedTuple

from dev.torture import servers
from dev.torture.in_process import JSON, environ_of

CASES: Final = servers.CASES.encode()
TEAM: Final = servers.SUPPORT.encode()
MOST_STEPS: Final = 4

Secrets = dict[bytes, bytes]  # what `@KEY@`, a merchant's, `@TEAM@`, one of the team, and `@ID@`, a case's, stand for


class Valid(NamedTuple):
    """A request as it should be."""

    method: bytes
    target: bytes
    key: bytes = b"@KEY@"
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""


NEW: Final = b'{"body":"The checkout shows a blank page.","subject":"Blank page","category":"other","severity":"high"}'
OURS: Final = (
    b'{"store":"acme","body":"They called: the checkout shows a blank page.","author":"Mara","severity":"low"}'
)
CHANGE: Final = b'{"status":"open","severity":"critical","category":"other","assignee":"me","subject":"A blank page"}'
ANSWER: Final = b'{"body":"We are on it.","author":"Ada","kind":"support","internal":false,"close":false}'
FILTERS: Final = b"?limit=10&offset=0&query=blank&status=all&severity=high"
WINDOW: Final = b"?store=acme&createdAfter=2024-06-15&createdBefore=2034-06-15T10%3A30%3A00Z"
ONCE: Final = ((b"Idempotency-Key", b"order-7"), (b"X-Request-Id", b"7d2c1f04"))
IF_MATCH: Final = ((b"If-Match", b'"1", "2"'), (b"Accept", b"application/json"))

VALID: Final = (
    Valid(b"GET", b"/healthz"),
    Valid(b"GET", b"/openapi.json"),
    Valid(b"GET", CASES + FILTERS),
    Valid(b"HEAD", CASES),
    Valid(b"OPTIONS", CASES),
    Valid(b"POST", CASES, headers=ONCE, body=NEW),
    Valid(b"GET", CASES + b"/%23000001"),
    Valid(b"GET", CASES + b"/@ID@"),
    Valid(b"PATCH", CASES + b"/1", body=b'{"status":"closed"}'),
    Valid(b"POST", CASES + b"/1/messages", headers=ONCE, body=b'{"body":"Any news?","author":"Mara"}'),
    Valid(b"GET", TEAM + b"/cases" + WINDOW + b"&sort=waiting&assignee=none&limit=10", b"@TEAM@"),
    Valid(b"POST", TEAM + b"/cases", b"@TEAM@", ONCE, OURS),
    Valid(b"GET", TEAM + b"/cases/acme:1", b"@TEAM@"),
    Valid(b"PATCH", TEAM + b"/cases/@ID@", b"@TEAM@", IF_MATCH, CHANGE),
    Valid(b"POST", TEAM + b"/cases/acme%3A1/messages", b"@TEAM@", IF_MATCH, ANSWER),
    Valid(b"GET", TEAM + b"/cases/acme:1/history?limit=100&offset=0", b"@TEAM@"),
    Valid(b"GET", TEAM + b"/stats" + WINDOW, b"@TEAM@"),
    Valid(b"GET", TEAM + b"/stores?limit=10&offset=0", b"@TEAM@"),
)
TOKENS: Final = (
    *(b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\x00", b" ", b"\t", b":", b"/", b"//", b"..", b"?", b"&", b"=", b"#", b";"),
    *(b"%", b"%00", b"%0d%0a", b"%ff", b"%2f", b"%23", b"%25", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf"),
    *(b"{", b"}", b"[", b"]", b'"', b"\\", b",", b"\\ud800", b"\\u0000", b"\\u", b"null", b"true", b"NaN", b"1e999"),
    *(b"-1", b"0", b"9" * 30, b"4_2", b"0x1", b"1.5", b"{}", b"[]", b"[" * 2_000, b"a" * 5_000, b"\xf0\x9f\x98\x80"),
    *(b"Content-Length: 0\r\n", b"Content-Length: 9\r\n", b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n", b"5\r\n"),
    *(b"Expect: 100-continue\r\n", b"Connection: close\r\n", b"HTTP/1.0", b"HTTP/1.1\r\n", b"GET / HTTP/1.1\r\n\r\n"),
    *(b"%c0%ae", b"%ed%a0%80", b"+1", b"ffffffffffffffffffff\r\n", b"\xb2", b"Transfer-Encoding: gzip, chunked\r\n"),
    *(b"' OR 1=1 --", b"*", b"status", b"body", b"subject", b"answered", b"cursor=AAAA", b"limit=0", b"query=", b"me"),
)


def mutated_wire(chance: Random, secrets: Secrets) -> bytes:
    """Return a mutant as bytes: of a whole request, or of its parts, with the length of the body told rightly."""
    request = chance.choice(VALID)
    part = chance.choice(("whole", "target", "headers", "body" if request.body else "target"))
    if part == "whole":
        return filled(mutated(chance, written(request)), secrets)
    if part == "headers":
        headers = tuple((name, mutated(chance, value)) for name, value in request.headers)
        return filled(written(request._replace(headers=headers)), secrets)
    return filled(written(request._replace(**{part: mutated(chance, getattr(request, part))})), secrets)


def mutated_environ(chance: Random, secrets: Secrets) -> dict[str, Any]:
    """Return a mutant as an environ: its body is changed, or one or two of its texts are."""
    request = chance.choice(VALID)
    in_body = request.body != b"" and chance.random() < 0.5
    headers = {name.decode(): value.decode() for name, value in request.headers}
    environ = environ_of(
        request.method.decode(),
        request.target.decode(),
        mutated(chance, request.body) if in_body else request.body,
        headers | {"Authorization": f"Bearer {request.key.decode()}"},
    )
    texts = [name for name, value in environ.items() if isinstance(value, str) and not name.startswith("wsgi.")]
    for name in () if in_body else chance.sample(texts, chance.randint(1, 2)):
        environ[name] = mutated(chance, environ[name].encode("latin-1")).decode("latin-1")
    for name in texts:
        environ[name] = filled(environ[name].encode("latin-1"), secrets).decode("latin-1")
    return environ


def written(request: Valid) -> bytes:
    """Return the request as it goes on the wire, once its placeholders are filled; its body has none."""
    headers = [(b"Host", b"localhost"), (b"Authorization", b"Bearer " + request.key), *request.headers]
    if request.body:
        headers += [(b"Content-Type", JSON.encode()), (b"Content-Length", b"%d" % len(request.body))]
    start = b"%s %s HTTP/1.1" % (request.method, request.target)
    return b"\r\n".join([start, *map(b": ".join, headers), b"", request.body])


def filled(template: bytes, secrets: Secrets) -> bytes:
    """Put in what the placeholders stand for."""
    for placeholder, secret in secrets.items():
        template = template.replace(placeholder, secret)
    return template


def mutated(chance: Random, data: bytes) -> bytes:
    """Change the bytes in a few places."""
    mutant = bytearray(data)
    for _ in range(chance.randint(1, MOST_STEPS)):
        chance.choice(STEPS)(chance, mutant)
    return bytes(mutant)


def flip(chance: Random, mutant: bytearray) -> None:
    """Turn one bit, or put any byte in place of one."""
    if mutant:
        place = chance.randrange(len(mutant))
        mutant[place] = chance.choice((mutant[place] ^ 1 << chance.randrange(8), chance.randrange(256)))


def cut(chance: Random, mutant: bytearray) -> None:
    """Leave out some bytes."""
    del mutant[_some(chance, mutant)]


def double(chance: Random, mutant: bytearray) -> None:
    """Say some bytes twice."""
    some = _some(chance, mutant)
    mutant[some.start : some.start] = mutant[some]


def spice(chance: Random, mutant: bytearray) -> None:
    """Put a token in."""
    place = chance.randint(0, len(mutant))
    mutant[place:place] = chance.choice(TOKENS)


def cross(chance: Random, mutant: bytearray) -> None:
    """Let it go on as another request does."""
    other = written(chance.choice(VALID))
    mutant[chance.randint(0, len(mutant)) :] = other[chance.randrange(len(other)) :]


def _some(chance: Random, mutant: bytearray) -> slice:
    start = chance.randint(0, len(mutant))
    return slice(start, start + chance.randint(1, 20))


Step = Callable[[Random, bytearray], None]
STEPS: Final[tuple[Step, ...]] = (flip, flip, cut, double, spice, spice, cross)
