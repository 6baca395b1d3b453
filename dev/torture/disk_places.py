"""Places where no database can be: `supportcases serve` refuses them at its start, and leaves them as they are.

Each is refused with exit code 1, nothing on stdout and one sentence on stderr that names the path; the folder then
holds the same files with the same hashes. To read a database in WAL mode SQLite itself makes an empty journal and its
index beside it, and may leave them; how often it did is told, and anything else is a flaw. What may not be written is
tried in two ways: on a file system mounted read-only where nobody else sees it (`unshare`), and with permission bits,
by a root without the rights to pass over them (`setpriv`), or whoever else runs this.
"""

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from dev.torture.experiment import Effort, Outcome
from dev.torture.servers import ROOT
from dev.torture.system import mounting
from supportcases import Actor, SqliteRepository, SupportDesk

PATIENCE: Final = 30.0
DB: Final = "cases.db"
UNBOUND: Final = "-dac_override,-dac_read_search"  # the rights by which root passes over permission bits
READ_ONLY: Final = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'

Place = Callable[[Path], Path]  # prepares a folder; returns the path to serve from


def outcomes(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Try to serve from each place."""
    folder.mkdir()
    good = a_database(folder / "good.db")
    ways = {"a read-only mount": mounting(READ_ONLY, str(folder)) or None, "permission bits": permission_bits(folder)}
    unmakable = [way for way, wrap in ways.items() if wrap is None]
    tried = {}
    for name, make in places(good).items():
        tried[name] = refusal_of(make, folder / name.replace(" ", "-"))
    for way, wrap in ways.items():
        for name, make in unwritable(good).items():
            if wrap is not None:
                tried[f"{name} behind {way}"] = refusal_of(make, folder / f"{name} {way}".replace(" ", "-"), wrap)
    refused = [name for name, flaws in tried.items() if not flaws]
    flaws = [f"{name}: {flaw}" for name, found in tried.items() for flaw in found]
    journals = sum(bool(left_by_sqlite(place)) for place in folder.iterdir() if place.is_dir())
    yield Outcome(
        5,
        "serve where no database can be",
        f"{len(tried)} places: {', '.join(tried)}{f'; not possible here: {unmakable[0]}' if unmakable else ''}",
        f"{len(refused)} refused in one sentence with exit code 1, files as they were, {journals} got an empty "
        f"journal, {len(flaws)} flaws{': ' + '; '.join(flaws[:3]) if flaws else ''}",
        not flaws and len(unmakable) < len(ways),
    )


def places(good: Path) -> dict[str, Place]:
    """Return the places that are refused whoever serves, by what they are."""

    def holds(content: bytes) -> Place:
        return lambda at: written(at / DB, content)

    whole = good.read_bytes()
    return {
        "a missing folder": lambda at: at / "missing" / DB,
        "a folder": lambda at: at,
        "a pipe": a_pipe,
        "a text": holds(b"name,price\nMug,12\n" * 500),
        "zeros": holds(bytes(8192)),
        "a header alone": holds(whole[:100]),
        "a database cut after a page": holds(whole[:4096]),
        "a database cut in the middle": holds(whole[: len(whole) // 2]),
        "a database without its middle": holds(whole[: len(whole) // 3] + whole[len(whole) // 3 * 2 :]),
        "a database of a newer version": lambda at: changed(
            good,
            at,
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('supportcases', 'x', '')",
        ),
        "a database with a table of our name": lambda at: changed(None, at, "CREATE TABLE supportcases_cases (id)"),
    }


def unwritable(good: Path) -> dict[str, Place]:
    """Return the places that are refused to whom may not write there; root is kept out by a mount alone."""

    def bound(path: Path) -> Path:
        for name in path.parent.iterdir():
            name.chmod(0o444)
        path.parent.chmod(0o555)
        return path

    return {
        "no file": lambda at: bound(at / DB),
        "a database": lambda at: bound(Path(shutil.copy(good, at / DB))),
        "a table of a shop": lambda at: bound(changed(None, at, "CREATE TABLE products (name TEXT)")),
    }


def a_database(path: Path) -> Path:
    """Make a database with some cases."""
    with closing(SqliteRepository(path)) as repository, repository.write():
        desk = SupportDesk(repository)
        for _ in range(100):
            desk.open(Actor.merchant("acme"), body="Is this file as it was? " * 20)
    return path


def written(path: Path, content: bytes) -> Path:
    """Write a file."""
    path.write_bytes(content)
    return path


def a_pipe(at: Path) -> Path:
    """Make a pipe that nobody writes to."""
    os.mkfifo(at / DB)
    return at / DB


def changed(good: Path | None, at: Path, statement: str) -> Path:
    """Make a copy of a database, or a new one, and run a statement in it."""
    if good:
        shutil.copy(good, at / DB)
    with closing(sqlite3.connect(at / DB)) as connection, connection:
        connection.execute(statement)
    return at / DB


# serving


def refusal_of(make: Place, at: Path, wrap: Sequence[str] = ()) -> list[str]:
    """Try to serve from a place; return what is wrong with how that is refused."""
    at.mkdir()
    path = make(at)
    before = fingerprints(at)
    command = [*wrap, sys.executable, "-m", "supportcases", "serve", "--port", "0", "--db", str(path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=PATIENCE)
    except subprocess.TimeoutExpired as endless:
        return [f"it serves or waits: {endless.stdout!r}"]
    finally:
        at.chmod(0o755)
    after = fingerprints(at)
    flaws = {
        f"exit code {done.returncode}": done.returncode != 1,
        f"stdout: {done.stdout}": done.stdout != "",
        f"stderr is not a sentence: {done.stderr}": done.stderr.count("\n") != 1 or not done.stderr.endswith(".\n"),
        f"the path is not named: {done.stderr}": str(path) not in done.stderr,
        "a file is another": before.items() - after.items(),
        f"files appeared: {after}": after.keys() - before.keys() - set(left_by_sqlite(at)),
    }
    return [flaw for flaw, found in flaws.items() if found]


def left_by_sqlite(at: Path) -> list[str]:
    """Return the empty journal of a database, and its index."""
    journal, index = at / f"{DB}-wal", at / f"{DB}-shm"
    return [str(journal), str(index)] if journal.exists() and journal.stat().st_size == 0 else []


def fingerprints(folder: Path) -> dict[str, str]:
    """Return what the folder holds: for each file its hash."""
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "no file"
        for path in sorted(folder.rglob("*"))
    }


def permission_bits(folder: Path) -> list[str] | None:
    """Return how to run a command as somebody whom permission bits bind; None where that is not allowed."""
    if os.geteuid():
        return []
    wrap = ["setpriv", f"--bounding-set={UNBOUND}", f"--inh-caps={UNBOUND}"]
    allowed = shutil.which(wrap[0]) and subprocess.run([*wrap, "true"], capture_output=True).returncode == 0
    return wrap if allowed else None
