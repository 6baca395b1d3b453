"""Claim 14: every code point of Unicode, and texts that hypothesis makes up, come back equal or are refused as told.

What is allowed is told anew here, from the contract: texts are trimmed and then counted in code points; NUL and lone
surrogates are refused everywhere, control characters (category Cc) in what is one line. Texts are sent over HTTP to
`supportcases serve`, with JSON's escapes, and as UTF-8 without any escape to an app in this process, on the same file.
They are read as the merchant sees them and as the team does, in the list, by searching for each subject, and by
`supportcases show --json`.
"""

import json
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote_from_bytes

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from dev.torture.experiment import Effort, Outcome
from dev.torture.in_process import App, call, environ_of
from dev.torture.invariants import faults_of
from dev.torture.servers import CASES, ROOT, SUPPORT, Client, Heard, serving
from supportcases import KeyRing, SqliteRepository, create_app

CLAIM: Final = 14
SEED: Final = 14
BEYOND: Final = 0x110000
SURROGATES: Final = range(0xD800, 0xE000)
BODY: Final = "The checkout shows a blank page."

Ask = Callable[..., Heard]


class Field(NamedTuple):
    """What the contract allows in a field."""

    shortest: int
    longest: int
    one_line: bool = False

    def kept(self, text: str) -> str | None:
        """Return what is kept of a text, or None if it is refused."""
        kept = text.strip()
        fits = self.shortest <= len(kept) <= self.longest
        shows = any(not char.isspace() and unicodedata.category(char) not in ("Cc", "Cf") for char in kept)
        return kept if fits and shows and not any(map(self.forbids, kept)) else None

    def forbids(self, character: str) -> bool:
        """Tell whether the field refuses a character wherever it stands."""
        return character == "\0" or unicodedata.category(character) in (("Cc", "Cs") if self.one_line else ("Cs",))


OPENING: Final = Field(10, 10_000)
REPLY: Final = Field(1, 10_000)
SUBJECT: Final = Field(3, 200, one_line=True)
AUTHOR: Final = Field(1, 120, one_line=True)


class Desk(NamedTuple):
    """Those who write and read."""

    merchant: Ask  # over HTTP
    team: Ask  # over HTTP
    utf8: Ask  # the merchant, in this process
    db: Path


def run(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Yield what came of code points, lengths and made-up texts."""
    db = folder / "texts.db"
    with closing(SqliteRepository(db)) as repository:
        keys = KeyRing(repository)
        merchant, team = keys.create("acme")[0], keys.create_support(label="Ada")[0]
    app = create_app(db)
    with (
        serving(db) as server,
        closing(Client(server.port, merchant)) as client,
        closing(Client(server.port, team)) as team_client,
    ):
        desk = Desk(client, team_client, without_escapes(app, merchant), db)
        yield in_bodies(desk)
        yield in_lines(desk, effort.pick(0x11000, BEYOND))
        yield forbidden(desk, effort.pick(16, 1))
        yield lengths(desk)
        yield made_up(desk, effort)
    faults = faults_of(db)
    yield Outcome(
        CLAIM, "the database after all texts", "integrity and index", "; ".join(faults) or "whole", not faults
    )


def without_escapes(app: App, key: str) -> Ask:
    """Return a client in this process that writes JSON as UTF-8, even a surrogate as the bytes it would be."""

    def ask(method: str, target: str, value: Any = None) -> Heard:
        body = b"" if value is None else json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
        return call(app, environ_of(method, target, body, {"Authorization": f"Bearer {key}"}))

    return ask


# every code point


def packed(field: Field, beyond: int, room: int) -> Iterator[str]:
    """Yield all code points below `beyond` that the field allows, in texts that no trimming shortens."""
    allowed = [character for character in map(chr, range(beyond)) if not field.forbids(character)]
    for start in range(0, len(allowed), room - 2):
        yield f"<{''.join(allowed[start : start + room - 2])}>".ljust(field.shortest, ">")


def in_bodies(desk: Desk) -> Outcome:
    """Open cases with bodies of all code points, reply with the same without escapes, and read both."""
    wrong, bodies = [], list(packed(OPENING, BEYOND, OPENING.longest))
    for body in bodies:
        opened = desk.merchant("POST", CASES, {"body": body})
        case = number_of(opened)
        replied = desk.utf8("POST", f"{CASES}/{case}/messages", {"body": body})
        seen = desk.merchant("GET", f"{CASES}/{case}"), desk.team("GET", team_case(case))
        if any([message["body"] for message in thread.json.get("messages", [])] != [body, body] for thread in seen):
            wrong.append(astray(body, opened, replied, *seen))
    count = BEYOND - len(SURROGATES) - 1
    effort = f"{count:,} code points in {len(bodies)} bodies, escaped and as UTF-8"
    return Outcome(CLAIM, "every code point but NUL and surrogates in a body", effort, told(wrong), not wrong)


def in_lines(desk: Desk, beyond: int) -> Outcome:
    """Open cases with subjects and authors of all code points; find them by their subject and read them."""
    wrong, lines = [], list(packed(SUBJECT, beyond, AUTHOR.longest))
    for line in lines:
        opened = desk.utf8("POST", CASES, {"body": BODY, "subject": line, "author": line})
        listed, thread = desk.merchant("GET", searching(line)), desk.team("GET", team_case(number_of(opened)))
        found = [each["subject"] for each in listed.json.get("data", []) if each["number"] == number_of(opened)]
        authors = [message["authorLabel"] for message in thread.json.get("messages", [])]
        if not (found == authors == [line] and thread.json["subject"] == line):
            wrong.append(astray(line, opened, listed, thread))
    effort = f"{sum(map(len, lines)) - 2 * len(lines):,} code points in {len(lines):,} subjects and authors"
    return Outcome(CLAIM, "every code point but controls and surrogates in a line", effort, told(wrong), not wrong)


def astray(text: str, *answers: Heard) -> str:
    """Tell which text did not come back, and what was answered."""
    heard = ", ".join(f"{answer.status} {answer.body[:100]!r}" for answer in answers)
    return f"from U+{ord(text[1]):04X}: {heard}"


def team_case(case: int) -> str:
    """Return where the team finds a case."""
    return f"{SUPPORT}/cases/acme:{case}"


def searching(subject: str) -> str:
    """Return the target that searches for a subject."""
    return f"{CASES}?limit=100&query={quote_from_bytes(subject.encode('utf-8', 'surrogatepass'))}"


def forbidden(desk: Desk, step: int) -> Outcome:
    """Send each forbidden code point in each field, in the midst of a proper text."""
    number_of(desk.merchant("POST", CASES, {"body": BODY}))
    passed, tried = [], 0
    for place, field in PLACES.items():
        some = [character for character in map(chr, range(BEYOND)) if field.forbids(character)]
        for character in (*some[:-2048], *some[-2048::step]):
            text = f"It is {character} here."
            if sent := [ask for ask in (desk.merchant, desk.utf8) if not refused(ask(*request_to(place, text)))]:
                passed.append(f"U+{ord(character):04X} in {place} by {len(sent)} ways")
            tried += 1
    effort = f"{tried:,} code points, each escaped and as UTF-8: NUL, controls and surrogates in {', '.join(PLACES)}"
    result = f"{tried - len(passed):,} refused, {len(passed)} taken {'; '.join(passed[:3])}".strip()
    return Outcome(CLAIM, "each forbidden code point is refused", effort, result, not passed)


PLACES: Final = {"body": OPENING, "subject": SUBJECT, "author": AUTHOR, "reply": REPLY, "query": REPLY}


def request_to(place: str, text: str) -> tuple[Any, ...]:
    """Return the request that puts a text there."""
    if place == "query":
        return "GET", searching(text)
    if place == "reply":
        return "POST", f"{CASES}/1/messages", {"body": text}
    return "POST", CASES, {"body": BODY, place: text}


def refused(answer: Heard) -> bool:
    """Tell whether it is the 400 of something that is not allowed."""
    return answer.status == 400 and answer.json["code"] in ("validation_failed", "bad_request")


# lengths, and whatever hypothesis makes up

LETTERS: Final = ("a", "\u00e9", "\u65e5", "\u0301", "\U0001f600", "\U0010ffff", "\u202e", "\ufeff")


def lengths(desk: Desk) -> Outcome:
    """Send texts around the shortest and the longest that each field takes, with blanks around that do not count."""
    wrong, tried = [], 0
    for place in ("body", "subject", "author", "reply"):
        field = PLACES[place]
        for letter in LETTERS:
            for length in {field.shortest + more for more in (-1, 0, 1)} | {
                field.longest + more for more in (-1, 0, 1)
            }:
                answer = desk.merchant(*request_to(place, f"\u3000\t{letter * length}\u00a0\r\n"))
                fits = field.kept(letter * length) is not None
                if not (answer.status == 201 if fits else refused(answer)):
                    wrong.append(f"{place} of {length} U+{ord(letter):04X}: {answer.status}")
                tried += 1
    effort = f"{tried} texts, {len(LETTERS)} letters, 4 fields"
    result = f"{tried - len(wrong)} as told, {len(wrong)} not {'; '.join(wrong[:3])}".strip()
    return Outcome(CLAIM, "lengths of n-1, n and n+1 code points", effort, result, not wrong)


def texts(shortest: int, longest: int) -> st.SearchStrategy[str]:
    """Return texts of which most are allowed, and some hold what is not."""
    alphabets = (
        st.characters(exclude_categories=("Cc", "Cs")),
        st.characters(exclude_categories=("Cs",)),
        st.characters(exclude_categories=()),
        st.sampled_from("aÀßİ\u017f\u0131\u0345Ω😀👩\u200d👧\u0301\u202e\u2028\u0085\ufeff\ufffd\\\"'%_*()\n\t é"),
    )
    return st.one_of(*(st.text(alphabet, min_size=shortest, max_size=longest) for alphabet in alphabets))


def made_up(desk: Desk, effort: Effort) -> Outcome:
    """Let hypothesis look for a text that does not come back as told."""
    case = number_of(desk.merchant("POST", CASES, {"body": BODY}))
    said: list[str] = []
    strings = 0

    @given(body=texts(8, 300), subject=texts(2, 220), author=texts(1, 130), reply=texts(0, 300))
    @settings(
        max_examples=effort.pick(100, 2_500),
        derandomize=effort.quick,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    def come_back(**given_texts: str) -> None:
        nonlocal strings
        strings += len(given_texts)
        sent = {name: json.loads(json.dumps(text)) for name, text in given_texts.items()}  # two halves make a whole
        reply = sent.pop("reply")
        opened_as_told(desk, sent)
        said.extend(replied_as_told(desk, case, reply))

    try:
        (come_back if effort.quick else seed(SEED)(come_back))()
        shown = [message["body"] for message in shown_by_cli(desk.db, case)["messages"]][1:]
        assert shown == said, "supportcases show --json tells otherwise"
        result = f"all came back equal or were refused as told; supportcases show --json equal in {len(said):,}"
        passed = True
    except AssertionError as error:
        result, passed = f"not as told: {error}"[:500], False
    how = "derandomized" if effort.quick else f"seed {SEED}"
    return Outcome(CLAIM, "texts made up by hypothesis", f"{strings:,} strings, {how}", result, passed)


def opened_as_told(desk: Desk, sent: dict[str, str]) -> None:
    """Open a case; what is kept must come back in each way, and else each faulty field be named."""
    kept = {name: PLACES[name].kept(text) for name, text in sent.items()}
    answer = desk.merchant("POST", CASES, sent)
    if None in kept.values():
        faulty = {name for name, text in kept.items() if text is None}
        assert refused(answer), (answer.status, sent)
        assert {detail["field"] for detail in answer.json["details"]} == faulty, (answer.json, sent)
        return
    case = number_of(answer)
    thread = desk.utf8("GET", f"{CASES}/{case}").json
    queued = desk.team("GET", team_case(case)).json
    found = desk.merchant("GET", searching(kept["subject"] or "")).json["data"]
    newest = desk.merchant("GET", f"{CASES}?limit=1").json["data"][0]
    for seen in (thread, queued):
        message = seen["messages"][0]
        assert kept == {"body": message["body"], "subject": seen["subject"], "author": message["authorLabel"]}, sent
    assert newest["subject"] == kept["subject"], sent
    assert newest in found, ("not found", sent)


def replied_as_told(desk: Desk, case: int, text: str) -> Iterable[str]:
    """Say it as the merchant and as the team; return what is kept, or nothing where it is refused."""
    kept = REPLY.kept(text)
    answers = (
        desk.merchant("POST", f"{CASES}/{case}/messages", {"body": text}),
        desk.team("POST", f"{team_case(case)}/messages", {"body": text}),
    )
    if kept is None:
        assert all(map(refused, answers)), (answers, text)
        return []
    assert [answer.json["message"]["body"] for answer in answers] == [kept, kept], text
    return [kept, kept]


def shown_by_cli(db: Path, case: int) -> Any:
    """Return what `supportcases show --json` tells of a case."""
    command = [sys.executable, "-m", "supportcases", "show", "acme", str(case), "--json", "--db", str(db)]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)


def number_of(answer: Heard) -> int:
    """Return the number of the case that was opened, or 0, which no case has, where it was refused."""
    return int(answer.json.get("number", 0))


def told(wrong: list[str]) -> str:
    """Tell how many did not come back equal, and the first of them."""
    return f"{len(wrong)} came back otherwise; {'; '.join(wrong[:3])}" if wrong else "all came back equal"
