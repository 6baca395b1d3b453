"""What a case takes on the disk, over its text's own bytes (target 13).

20,000 made-up cases with their subjects and their history, each of two messages that are drawn out to 300 characters,
are loaded as an import would. The file's size counts all of it: tables, indexes, search, what is free in their pages.
"""

from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Final

from dev.benchmarks.data import STORE, dossiers, say
from dev.benchmarks.measure import Figure
from supportcases import SqliteRepository
from supportcases.formats.whole_cases import Dossier, load
from supportcases.storage.sqlite.connections import open_file

CASES: Final = 20_000
MADE_UP: Final = 100_000  # a quarter of them have two messages
LENGTH: Final = 300  # characters of a message
SHARES: Final = """
    SELECT CASE
               WHEN name GLOB 'supportcases_search*' THEN 'search'
               WHEN name GLOB 'supportcases_bodies*' THEN 'the team''s search'
               WHEN name IN (SELECT name FROM sqlite_schema WHERE type = 'index') THEN 'indexes'
               WHEN name = 'supportcases_cases' THEN 'cases'
               WHEN name = 'supportcases_messages' THEN 'messages'
               WHEN name = 'supportcases_events' THEN 'history'
               ELSE 'all else'
           END AS share,
           sum(pgsize)
    FROM dbstat
    WHERE aggregate = TRUE
    GROUP BY share
    ORDER BY sum(pgsize) DESC
"""


def figures(kept: Path, folder: Path) -> Iterator[Figure]:
    """Yield the figure of target 13."""
    say(f"loading {CASES:,} cases of two messages")
    path = folder / "disk.db"
    written = list(islice(_of_two_messages(), CASES))
    repository = SqliteRepository(path)
    load(repository, written)
    repository.close()
    shares = _shares(path)
    taken, text = path.stat().st_size, sum(map(_bytes_of_text, written))
    said = ", ".join(f"{share} {size / CASES:.0f}" for share, size in shares.items())
    detail = f"{taken / CASES:.0f} bytes a case ({said}), its text {text / CASES:.0f}"
    yield Figure(13, "bytes on disk / bytes of the text", taken / text, detail=detail)
    path.unlink()


def _of_two_messages() -> Iterator[Dossier]:
    fitting = (dossier for dossier in dossiers(STORE, MADE_UP) if len(dossier.messages) == 2)
    for number, dossier in enumerate(fitting, start=1):
        messages = tuple(message._replace(body=_drawn_out(message.body)) for message in dossier.messages)
        yield dossier._replace(case=dossier.case._replace(number=number), messages=messages)


def _drawn_out(body: str) -> str:
    return (f"{body} " * LENGTH)[: LENGTH - 1] + "."


def _bytes_of_text(dossier: Dossier) -> int:
    return sum(len(text.encode()) for text in (dossier.case.subject, *(said.body for said in dossier.messages)))


def _shares(path: Path) -> dict[str, int]:
    """Return the bytes of each share of the file, the largest first, once the log is in it."""
    with closing(open_file(str(path))) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return dict(database.execute(SHARES).fetchall())
