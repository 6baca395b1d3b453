"""Searches among a million cases, against the best plain scan of their subjects: targets 5, 6 and 7.

Ours is one WSGI call in process: the first ten matches as JSON, and how many there are. The scan only counts the
matches, through a plain connection set up as ours are, by whichever way SQLite does that fastest: through the table, or
through one of the indexes that begin with the store. The terms are chosen by looking at the data, by how many subjects
they match.
"""

import json
import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cached_property, partial
from itertools import product
from pathlib import Path
from typing import Final
from urllib.parse import quote

from dev.benchmarks.calls import CASES, Call
from dev.benchmarks.data import MILLION, STORE, THOUSAND_STORES, DataSet, say
from dev.benchmarks.measure import Figure, at_most, medians, spelled
from supportcases import KeyRing, SqliteRepository, create_app
from supportcases.domain.cases import parse_number
from supportcases.domain.text import fold
from supportcases.storage.protocol import Repository
from supportcases.storage.sqlite import search
from supportcases.storage.sqlite.connections import open_file

ROUNDS: Final = 11
WARM_UP: Final = 2
ROUNDS_OF_NUMBERS: Final = 201  # a number's price is the difference of two medians
NOWHERE: Final = "no subject says this, however long one looks for it"


def figures(kept: Path, folder: Path) -> Iterator[Figure]:
    """Yield the figures of targets 5, 6 and 7, and some searches that have no target."""
    with _in_a_file(MILLION, kept, folder) as million:
        yield from million.figures(5, 6, 7)
        for number in ("4242", "424242"):
            yield million.number_against_its_digits(number)
    with _in_a_file(THOUSAND_STORES, kept, folder) as thousand:
        for term in dict.fromkeys((*thousand.rare_terms(1), thousand.common_term(0.5))):
            yield thousand.against_scan(5, term, None)


Sample = Callable[[int], list[str]]
Scans = Callable[[str], dict[str, Callable[[], object]]]  # by their names those for a term that are nearly the fastest


class Searched:
    """The first store of a data set, in which is searched."""

    def __init__(self, name: str, repository: Repository, sample: Sample, scans: Scans, where: str = "") -> None:
        """Take what returns so many of its subjects, folded, and what looks through all of them."""
        self._name = name
        self._app = create_app(repository, time_budget=600)
        self._key, _ = KeyRing(repository).create(STORE)
        self._sample = sample
        self._scans = scans
        self._where = where
        self._cases = self.count("")

    def figures(self, rare: int, common: int, any_term: int) -> Iterator[Figure]:
        """Yield the figures of three targets: of rare terms, of common ones, and of all kinds."""
        for wanted in (1, 10, 100):
            for term in dict.fromkeys(self.rare_terms(wanted)):
                yield self.against_scan(rare, term, 0.01)
        word = self.common_term(0.5)
        for term in (word, self.common_term(0.5, length=range(2, 3))):
            yield self.against_scan(common, term, 1.0)
        for filters in ("status=open", "status=closed", "status=closed&severity=normal"):
            yield self.against_scan(common, word, None, filters)
        for term in (*self.short_terms(), "7", "42", "4242", "424242", NOWHERE):
            yield self.against_scan(any_term, term, 1.0)

    def count(self, term: str) -> int:
        """Return how many cases match, as the desk counts them."""
        return int(json.loads(self._search(term)())["meta"]["count"])

    def common_term(self, share: float, *, length: range = range(3, 8)) -> str:
        """Return the term of such a length whose share of the subjects is the nearest to `share`."""
        sample = self._sample(2_000)
        holding = terms_in(sample, length)
        near = sorted(holding, key=lambda term: abs(holding[term] / len(sample) - share))
        return min(near[:5], key=lambda term: abs(self.count(term) / self._cases - share))

    def rare_terms(self, wanted: int) -> tuple[str, str]:
        """Return a short term and a long one that match about as many subjects as wanted, and no more.

        The long one may be made of parts that are common, each by itself.
        """
        counts = {term: count for term, count in self._rare.items() if count <= wanted}
        alike = [term for term, count in counts.items() if count >= min(0.3 * wanted, max(counts.values()))]
        return min(alike, key=len), max(alike, key=len)

    def short_terms(self) -> list[str]:
        """Return the commonest and the rarest terms of one character and of two, and two that match nothing."""
        sample, terms = self._sample(20_000), []
        for length in (1, 2):
            (commonest, _), *_, (rarest, _) = terms_in(sample, range(length, length + 1)).most_common()
            terms += [commonest, rarest]
        return [*terms, "☃", "☃☃"]

    def against_scan(self, target: int, term: str, limit: float | None, filters: str = "") -> Figure:
        """Compare a search with the fastest scan for the same term; without a limit only show it."""
        say(f"searching {self._name}: {term} {filters}")
        ours = self._search(term, filters)
        scans = self._scans(term)
        taken = medians({"ours": ours, **scans}, rounds=ROUNDS, warm_up=WARM_UP)
        best = min(scans, key=taken.__getitem__)
        count, ratio = json.loads(ours())["meta"]["count"], taken["ours"] / taken[best]
        name = f"{self._where}query «{term}»{' ' * bool(filters)}{filters}, {count:,} of {self._cases:,}, ours / scan"
        detail = f"ours {spelled(taken['ours'])}, {best} {spelled(taken[best])}, {self._name}"
        if limit is None:
            return Figure(target, name, ratio, detail=detail)
        return at_most(target, name, ratio, limit, detail=detail)

    def number_against_its_digits(self, number: str) -> Figure:
        """Compare what it costs that digits are a number as well with what it costs to get the case."""
        say(f"searching {self._name}: {number}, as a number and as a text alone")
        as_number, get = self._search(number), Call(self._app, self._key, "GET", f"{CASES}/{number}")
        calls: dict[str, Callable[[], object]] = {"number": as_number, "text": as_text_alone(as_number), "get": get}
        taken = medians(calls, rounds=ROUNDS_OF_NUMBERS)
        return at_most(
            7,
            f"query «{number}», number less its digits as text / get",
            (taken["number"] - taken["text"]) / taken["get"],
            1.0,
            detail=", ".join(f"{name} {spelled(seconds)}" for name, seconds in taken.items()),
        )

    @cached_property
    def _rare(self) -> dict[str, int]:
        """Count some terms of all lengths, each from where a word of some subject begins."""
        counts = {}
        for subject in self._sample(20):
            begins = [place for place in range(len(subject)) if place == 0 or subject[place - 1] == " "]
            for begin, length in product(begins, (4, 5, 6, 7, 8, 10, 12, 15, 18, 24)):
                term = subject[begin : begin + length].strip()
                counts[term] = self.count(term)
        return counts

    def _search(self, term: str, filters: str = "") -> Call:
        return Call(self._app, self._key, "GET", CASES, f"query={quote(term)}&{filters}".rstrip("&"))


@contextmanager
def _in_a_file(data: DataSet, kept: Path, folder: Path) -> Iterator[Searched]:
    """Copy a data set until the block ends, with a plain connection beside."""
    say(f"searching {data.name}: copying it")
    path = data.copied(kept, folder)
    with closing(SqliteRepository(path)) as repository, closing(open_file(str(path))) as plain:
        ways = _fastest_ways(plain, data.name)

        def scans(term: str) -> dict[str, Callable[[], object]]:
            return {name: _scan(plain, way, term) for name, way in ways.items()}

        yield Searched(data.name, repository, partial(sample, path), scans)
    path.unlink()


def _scan(plain: sqlite3.Connection, way: str, term: str) -> Callable[[], object]:
    statement = f"SELECT count(*) FROM supportcases_cases {way} WHERE store = ? AND instr(subject_folded, ?)"
    values = (STORE, fold(term))
    return lambda: plain.execute(statement, values).fetchall()


def _fastest_ways(plain: sqlite3.Connection, name: str) -> dict[str, str]:
    """Return the ways by which SQLite looks into every subject of the store, but for those far from the fastest."""
    say(f"searching {name}: looking for the fastest scans")
    indexes = plain.execute(
        """
        SELECT i.name
        FROM pragma_index_list('supportcases_cases') AS i
        JOIN pragma_index_info(i.name) AS c ON c.seqno = 0 AND c.name = 'store'
        """
    ).fetchall()
    ways = {"table scan": "NOT INDEXED"} | {f"scan by {index}": f"INDEXED BY {index}" for (index,) in indexes}
    scans = {way: _scan(plain, how, NOWHERE) for way, how in ways.items()}
    taken = medians(scans, rounds=1, warm_up=1)
    return {way: how for way, how in ways.items() if taken[way] < 2 * min(taken.values())}


def sample(path: Path, size: int) -> list[str]:
    """Return some folded subjects of the first store of a file, the same every time."""
    with closing(sqlite3.connect(path)) as plain:
        ((cases,),) = plain.execute("SELECT last_number FROM supportcases_stores WHERE store = ?", (STORE,)).fetchall()
        numbers = random.Random(size).choices(range(1, cases + 1), k=size)
        rows = plain.execute(
            """
            SELECT subject_folded
            FROM supportcases_cases
            WHERE store = ?
              AND number IN (SELECT value FROM json_each(?))
            ORDER BY number
            """,
            (STORE, json.dumps(numbers)),
        )
        return [subject for (subject,) in rows]


def terms_in(subjects: list[str], lengths: range) -> Counter[str]:
    """Return how many of the subjects hold each text of such a length, but for numbers and what a query trims."""
    return Counter(
        term
        for subject in subjects
        for term in {
            subject[begin : begin + length] for length in lengths for begin in range(len(subject) - length + 1)
        }
        if term == term.strip() and not term.isdecimal()
    )


def as_text_alone(call: Call) -> Callable[[], bytes]:
    """Return the call as it would be if its digits could not be a number."""

    def called() -> bytes:
        vars(search)["parse_number"] = lambda text: None
        try:
            return call()
        finally:
            vars(search)["parse_number"] = parse_number

    return called
