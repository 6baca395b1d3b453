"""What merchants noted, compared with what the file holds: what is lost, what is there twice, what nobody wrote."""

import random
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from dev.torture.invariants import faults_of
from dev.torture.load import Kind, Write
from supportcases.domain.text import fold

SOUGHT: Final = 200  # cases that are looked for in the search, of all that were opened
ORDINAL_BITS: Final = 32


@dataclass(slots=True)
class Findings:
    """What a comparison found.

    Attributes:
        broken: What does not hold of the file, whatever was written (`invariants`).
        acknowledged: How many writes were acknowledged.
        lost: Those of them that are not there, or not with their content.
        twice: What is there more than once.
        unanswered: How many writes were never answered: they may be there, once, or not.
        kept: How many of the unanswered ones are there.
        others: Whatever else is wrong, each in a few words.
    """

    broken: list[str] = field(default_factory=list)
    acknowledged: int = 0
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    unanswered: int = 0
    kept: int = 0
    others: list[str] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        """All that is wrong."""
        lost, twice = [f"lost: {what}" for what in self.lost], [f"twice: {what}" for what in self.twice]
        return self.broken + lost + twice + self.others

    def __str__(self) -> str:
        return (
            f"{self.acknowledged:,} acknowledged, {len(self.lost):,} lost, {len(self.twice):,} twice; "
            f"{self.unanswered:,} unanswered, {self.kept:,} of them kept"
        )


class Held:
    """What a database holds: the cases by their id, the messages by what they say, how often each case was closed."""

    cases: Mapping[str, Mapping[str, Any]]
    messages: Mapping[str, Sequence[Mapping[str, Any]]]
    closings: Mapping[str, int]


class Kept(Held):
    """What a file holds."""

    def __init__(self, path: Path) -> None:
        """Read it all."""
        with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as connection:
            connection.row_factory = sqlite3.Row
            connection.execute("BEGIN")
            self.cases = {row["id"]: dict(row) for row in connection.execute("SELECT * FROM supportcases_cases")}
            self.messages: dict[str, list[dict[str, Any]]] = defaultdict(list)
            for row in connection.execute("SELECT * FROM supportcases_messages ORDER BY position"):
                self.messages[row["body"]].append(dict(row))
            closings = "SELECT case_id FROM supportcases_events WHERE kind = 'closed'"
            self.closings = Counter(case for (case,) in connection.execute(closings))


def compare(writes: Sequence[Write], path: Path) -> Findings:
    """Compare the writes, each merchant's in their order, with what the file holds, if it can be read at all."""
    found = Findings()
    try:
        found.broken += faults_of(path)
        compare_with(Kept(path), writes, found)
        found.others += [f"not found by its subject: {subject}" for subject in _unfindable(writes, path)]
    except sqlite3.DatabaseError as error:
        found.broken.append(f"{type(error).__name__}: {error}")
    return found


def compare_with(held: Held, writes: Sequence[Write], found: Findings) -> None:
    """Compare the writes with what is held, and note what was found."""
    for write in writes:
        if write.refused:
            found.others.append(f"{write.kind} was answered {write.status}: {write.answer}")
        elif write.kind is not Kind.CLOSING:
            _look_for_words(write, held, found)
    _look_for_closings([write for write in writes if write.kind is Kind.CLOSING], held, found)
    _look_at_states(writes, held, found)
    written = {write.sent["body"] for write in writes if "body" in write.sent}
    found.others += [f"nobody wrote {body[:60]!r}" for body in held.messages.keys() - written]


def _look_for_words(write: Write, held: Held, found: Findings) -> None:
    """Look for an opening or a reply."""
    rows = held.messages.get(write.sent["body"], [])
    if len(rows) > 1:
        found.twice.append(f"{write.kind} {write.sent['body'][:60]!r}, {len(rows)} times")
    if not write.acknowledged:
        found.unanswered += 1
        found.kept += bool(rows)
        return
    found.acknowledged += 1
    if not rows or not _is_as_answered(write, rows[0], held):
        found.lost.append(f"{write.kind} of {write.store}, {write.sent['body'][:60]!r}")


def _is_as_answered(write: Write, row: Mapping[str, Any], held: Held) -> bool:
    """Return whether the message, and the case if it was opened with it, is what was sent and answered."""
    if (row["store"], row["case_id"]) != (write.store, write.case):
        return False
    if write.kind is not Kind.OPENING:
        told = write.answer["message"]
        return bool((row["id"], row["created_at"]) == (told["id"], told["createdAt"]))
    case = held.cases.get(write.case)
    return case is not None and _of(case) == (
        write.store,
        write.answer["number"],
        write.answer["createdAt"],
        *(write.sent[name] for name in ("subject", "category", "severity")),
    )


def _of(case: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(case[name] for name in ("store", "number", "created_at", "subject", "category", "severity"))


def _look_for_closings(closings: list[Write], held: Held, found: Findings) -> None:
    """Count the closings of each case: those acknowledged, and at most one more if that was not answered."""
    closings.sort(key=lambda write: write.case)
    for case, writes in groupby((write for write in closings if not write.refused), key=lambda write: write.case):
        acknowledged = [write.acknowledged for write in writes]
        told, unknown, there = sum(acknowledged), acknowledged.count(False), held.closings[case]
        found.acknowledged += told
        found.unanswered += unknown
        found.kept += max(0, min(unknown, there - told))
        found.lost += [f"closing of {case}"] * max(0, told - there)
        found.twice += [f"closing of {case}"] * max(0, there - told - unknown)


def _look_at_states(writes: Iterable[Write], held: Held, found: Findings) -> None:
    """See that each case is as its last write left it, unless nobody knows of that, as where the team writes too."""
    answered = {write.case for write in writes if write.kind is Kind.ANSWER}
    last = {write.case: write for write in writes if write.case and write.case not in answered and not write.refused}
    for case, write in last.items():
        status = "closed" if write.kind is Kind.CLOSING else "open"
        if write.acknowledged and case in held.cases and held.cases[case]["status"] != status:
            found.others.append(f"{case} is {held.cases[case]['status']}, not {status}")


def _unfindable(writes: Iterable[Write], path: Path) -> list[str]:
    """Return the subjects of cases, of some that were opened, that the search does not find."""
    opened = [write for write in writes if write.kind is Kind.OPENING and write.acknowledged]
    some = random.Random(0).sample(opened, min(SOUGHT, len(opened)))
    with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as connection:
        ordinals = dict(connection.execute("SELECT store, ordinal FROM supportcases_stores"))
        found = "SELECT rowid FROM supportcases_search WHERE supportcases_search MATCH ?"
        return [
            write.sent["subject"]
            for write in some
            if ((ordinals.get(write.store, 0) << ORDINAL_BITS) + write.answer["number"],)
            not in connection.execute(found, [_trigrams(write.sent["subject"])]).fetchall()
        ]


def _trigrams(subject: str) -> str:
    """Return the query of FTS5 for subjects with all trigrams of this one."""
    folded = fold(subject)
    return " AND ".join(f'"{folded[start : start + 3]}"' for start in range(len(folded) - 2))


def out_of_order(acknowledged: Iterable[Write]) -> list[str]:
    """Return the openings with a lower number than one of their store that was answered before they were sent."""
    stores: dict[str, list[Write]] = defaultdict(list)
    for write in acknowledged:
        stores[write.store].append(write)
    return [violation for openings in stores.values() for violation in _overtaken(openings)]


def _overtaken(openings: list[Write]) -> list[str]:
    """Walk through the time of a store, and hold each opening against the highest number answered before it began."""
    answered = sorted(openings, key=lambda write: write.completed, reverse=True)
    highest = 0
    overtaken = []
    for write in sorted(openings, key=lambda write: write.invoked):
        while answered and answered[-1].completed < write.invoked:
            highest = max(highest, answered.pop().answer["number"])
        if write.answer["number"] <= highest:
            overtaken.append(f"{write.store}: {write.answer['number']} was opened after {highest} was answered")
    return overtaken
