"""Claim 19: nobody writes the log but us; the request id is in the answer, in the line of the log and in the error.

Texts that look like lines of the log, command a terminal, end lines or are formats stand in every place that a client
can write in: path, query, method, each header, each field of a body. Each request must make exactly one line, known
from its first character to its last. Over the wire the log is all that `supportcases serve` writes; in this process,
where an environ may hold what no server lets through, and where a host decides who is asking, it is what the host's own
logging would write. Where a host's function raises just what a client said, a traceback follows; then no line but
ours may begin as one.
"""

import io
import json
import logging
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any, Final
from urllib.parse import quote

import falcon

from dev.torture.experiment import Effort, Outcome
from dev.torture.in_process import call, environ_of
from dev.torture.malformed_answers import exchanged, is_servers_own
from dev.torture.servers import CASES, SUPPORT, Heard, serving
from supportcases import Actor, InvalidInput, KeyRing, SqliteRepository, create_app

CLAIM: Final = 19
SEED: Final = 19
FORMAT: Final = "%(asctime)s %(name)s %(levelname)s %(message)s"  # as `supportcases serve` has it
STAMP: Final = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} supportcases\.[a-z]+ [A-Z]+ "
LINE: Final = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} supportcases\.access INFO "
    r"(?:-|[A-Z]+) (?:-|(?:/[a-z0-9{}_.-]+)+) [1-5]\d\d \d+\.\dms ([A-Za-z0-9._-]{1,128}) (?:-|acme)"
)
MARK: Final = "f0rged"
FAKE: Final = f"2024-06-15 10:30:00,000 supportcases.access INFO GET /{MARK} 200 0.1ms {MARK} {MARK}"
HOSTILE: Final = (
    FAKE,
    *(
        f"{end}{FAKE}{end}"
        for end in ("\r\n", "\n", "\r", "\0", "\v", "\f", "\x1c", "\x1e", "\x85", "\u2028", "\u2029")
    ),
    *(f"%{code}{FAKE}" for code in ("0a", "0D%0A", "250a", "u000a", "E2%80%A8", "c2%85", "00", "1b[2K%0d")),
    *(f"\\{code}{FAKE}" for code in ("n", "r\\n", "x0a", "u2028")),
    f"\x1b[2J\x1b[1;1H{FAKE}",
    f"\x1b]0;{MARK}\x07\x9b31m",
    f"\b\b\b\b\x7f{MARK}\u202e\u200b\ufeff",
    f"{MARK} %s %d %(message)s %n %99999999d",
    f"{MARK} {{}} {{0.__class__}} {{message!r}} $message ${{jndi:ldap://127.0.0.1/{MARK}}}",
    f"{MARK}<script>alert(1)</script>`id`$(id)",
    MARK * 20_000,
)
HEADERS: Final = (
    *("X-Request-Id", "User-Agent", "Authorization", "Host", "X-Forwarded-For", "Idempotency-Key", "Referer", "Cookie"),
    *("Accept", "Content-Type", "If-Match", "X-Forwarded-Proto", "Forwarded", "X-Store"),
)
FIELDS: Final = ("subject", "author", "body", "category", "store")
BODY: Final = "The checkout shows a blank page."


def run(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Yield what the logs hold after all of it."""
    texts = [*HOSTILE, *combined(effort.pick(0, 200))]
    yield over_the_wire(folder / "wire.db", texts)
    yield in_a_host(folder / "host.db", texts)
    yield in_names(folder / "names.db", texts)
    yield in_tracebacks(texts)


def combined(count: int) -> Iterator[str]:
    """Yield texts that are put together from several."""
    chance = Random(SEED)
    for _ in range(count):
        yield "".join(text[:200] for text in chance.sample(HOSTILE, 3))


def over_the_wire(db: Path, texts: list[str]) -> Outcome:
    """Send each text in each place to a server, and read what it wrote."""
    with closing(SqliteRepository(db)) as repository:
        key = KeyRing(repository).create("acme")[0]
    sent = [request for text in texts for request in wire_requests(text, key)]
    with serving(db) as server:
        answers = [answer for request in sent for answer in exchanged(server.port, request)]
        server.stop()
        log = server.log.read_text(encoding="utf-8", errors="surrogateescape").partition("\n")[2]  # names the file
    ours = [answer for answer in answers if not is_servers_own(answer)]
    effort = f"{len(sent):,} requests, {len(texts)} texts; waitress refuses {len(answers) - len(ours):,} by itself"
    return judged("forged lines, over the wire", effort, ours, log)


def in_a_host(db: Path, texts: list[str]) -> Outcome:
    """Hand each text in each place to an app whose host decides who asks, and read what is logged."""
    app = create_app(db, authenticate=by_header, api_keys=True)
    key = app.keys.create("acme")[0]
    with written_log() as log:
        answers = [call(app, environ) for text in texts for environ in environs(text, key)]
    return judged("forged lines, in a host", f"{len(answers):,} requests, {len(texts)} texts", answers, log.getvalue())


def in_names(db: Path, texts: list[str]) -> Outcome:
    """Make keys for stores and people of such names: they are refused, or do not appear."""
    app = create_app(db)
    keys = []
    for text in texts:
        for names in ({"store": text}, {"store": "acme", "label": text}):
            with suppress(InvalidInput):
                keys.append(app.keys.create(**names)[0])
    with written_log() as log:
        answers = [call(app, environ_of("GET", CASES, headers={"Authorization": f"Bearer {key}"})) for key in keys]
    effort = f"{2 * len(texts):,} names, {len(keys)} of them allowed as labels"
    return judged("forged lines, by stores and labels", effort, answers, log.getvalue())


def in_tracebacks(texts: list[str]) -> Outcome:
    """Let each function of a host raise what a client said, and count the lines that begin as one of the log does."""
    forged: Counter[str] = Counter()
    wrong_ids = calls = 0
    for name, app in failing_apps().items():
        key = app.keys.create("acme")[0]
        for text in texts:
            said = latin(text)
            body = json.dumps({"body": f"{BODY} {text[:5_000].replace(chr(0), '')}"}).encode()
            environ = environ_of("POST", CASES, body, {"Authorization": f"Bearer {key}", "User-Agent": said})
            records: list[logging.LogRecord] = []
            with written_log(records) as log:
                answer = call(app, environ)
            begun = [line for line in log.getvalue().splitlines() if re.match(STAMP, line)]
            forged[name] += len(begun) != len(records)
            wrong_ids += answer.status == 500 and not error_is_traced(answer, log.getvalue())
            calls += 1
    told = ", ".join(f"{name}: {count}" for name, count in forged.items())
    result = f"logs with a line that is not ours: {told}; {wrong_ids} errors without their id"
    return Outcome(
        CLAIM,
        "forged lines in tracebacks of the host's functions",
        f"{calls:,} exceptions",
        result,
        not forged.total() and not wrong_ids,
    )


# what is sent


def wire_requests(text: str, key: str) -> Iterator[bytes]:
    """Yield requests with the text in every place, each with the bytes that it has in UTF-8 and in percents."""
    said = text.encode()
    authorization = f"Authorization: Bearer {key}".encode()
    for spelled in (said, quote(text).encode()):
        yield wired(b"GET " + CASES.encode() + b"/" + spelled, authorization)
        yield wired(b"GET /" + spelled, authorization)
        yield wired(b"GET " + CASES.encode() + b"?query=" + spelled, authorization)
        yield wired(b"GET " + CASES.encode() + b"?" + spelled + b"=1", authorization)
    yield wired(said + b" " + CASES.encode(), authorization)
    for name in HEADERS:
        lines = [authorization] if name != "Authorization" else []
        yield wired(b"GET " + CASES.encode(), *lines, name.encode() + b": " + said)
    for body in bodies(text):
        length = b"Content-Length: %d" % len(body)
        yield wired(b"POST " + CASES.encode(), authorization, b"Content-Type: application/json", length) + body


def wired(start: bytes, *lines: bytes) -> bytes:
    """Return a request without a body."""
    return b"\r\n".join([start + b" HTTP/1.1", b"Host: localhost", *lines, b"", b""])


def bodies(text: str) -> Iterator[bytes]:
    """Yield bodies with the text in each field, and as the name of one, and no JSON at all."""
    for field in FIELDS:
        yield json.dumps({"body": BODY, field: text}).encode()
    yield json.dumps({"body": BODY, "subject": text[:200].replace("\0", "").strip() or "none"}).encode()
    yield json.dumps({"body": BODY, text: 1}).encode()
    yield text.encode()


def environs(text: str, key: str) -> Iterator[dict[str, Any]]:
    """Yield environs with the text in every place."""
    said = latin(text)
    authorized = {"Authorization": f"Bearer {key}"}
    for name in ("REQUEST_METHOD", "SCRIPT_NAME", "QUERY_STRING", "SERVER_NAME", "SERVER_PROTOCOL", "REMOTE_ADDR"):
        yield environ_of("GET", CASES, headers=authorized) | {name: said}
    yield environ_of("GET", CASES, headers=authorized, PATH_INFO=f"{CASES}/{said}")
    yield environ_of("GET", CASES, headers=authorized, PATH_INFO=f"/{said}")
    yield environ_of("GET", CASES, headers=authorized, PATH_INFO=f"{SUPPORT}/cases/{said}:1")
    yield environ_of("GET", CASES, headers=authorized, QUERY_STRING=f"query={said}")
    for name in HEADERS:
        yield environ_of("GET", CASES, headers=authorized | {name: said})
    for body in bodies(text):
        yield environ_of("POST", CASES, body, authorized)
        yield environ_of("POST", CASES, body, authorized, CONTENT_LENGTH=said)
        yield environ_of("POST", CASES, body, authorized, CONTENT_TYPE=said)


def latin(text: str) -> str:
    """Write a text as WSGI does: each byte as a character."""
    return text.encode().decode("latin-1")


def by_header(req: falcon.Request) -> Actor | None:
    """Believe what a client says of its store, as a careless host would."""
    store = req.get_header("X-Store")
    with suppress(InvalidInput):  # a host that lets it out is told so in the log, with where it was
        return Actor.merchant(store, label=store) if store else None
    return None


def failing_apps() -> dict[str, Any]:
    """Return apps whose host's functions raise what they hear."""

    def raising(said: Any) -> Any:
        raise RuntimeError(said.user_agent if isinstance(said, falcon.Request) else said)

    return {
        "authenticate": create_app(":memory:", authenticate=raising),
        "make_subject": create_app(":memory:", make_subject=raising),
        "on_event": create_app(":memory:", on_event=lambda event: raising(event.message.body)),
    }


# what comes of it


@contextmanager
def written_log(records: list[logging.LogRecord] | None = None) -> Iterator[io.StringIO]:
    """Yield what a host's logging writes within the block; keep the records too."""
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    handler.setFormatter(logging.Formatter(FORMAT))
    handler.addFilter(lambda record: records is None or records.append(record) or True)
    logger = logging.getLogger("supportcases")
    level, propagate = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield log
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate


def judged(name: str, effort: str, answers: list[Heard], log: str) -> Outcome:
    """Hold the log against the answers: one line of the known form for each, with its request id, and nothing else."""
    lines = log.split("\n")[:-1]
    known = [match for match in map(LINE.fullmatch, lines) if match]
    ids = Counter(answer.headers["x-request-id"] for answer in answers)
    strange = [line for line in lines if not LINE.fullmatch(line) or MARK in line]
    unlike = ids - Counter(match[1] for match in known) + (Counter(match[1] for match in known) - ids)
    errors = [answer for answer in answers if answer.status >= 400 and answer.body]
    astray = [answer for answer in errors if answer.json["requestId"] != answer.headers["x-request-id"]]
    result = (
        f"{len(answers):,} answers, {len(lines):,} lines, {len(strange)} of no known form, "
        f"{unlike.total()} request ids not in both, {len(astray)} of {len(errors):,} errors with another id"
    )
    result = "; ".join([result, *(repr(line[:200]) for line in strange[:3])])
    return Outcome(CLAIM, name, effort, result, not strange and not unlike and not astray)


def error_is_traced(answer: Heard, log: str) -> bool:
    """Tell whether the id of a 500 is in its header, its body, its line and beside its traceback."""
    request_id = answer.headers["x-request-id"]
    return answer.json["requestId"] == request_id and log.count(f" {request_id}") >= 2
