"""Keep what a desk of a release leaves behind: `python -m dev.tools.keep_release 1.0.0`; it needs PostgreSQL.

`tests/releases/VERSION/` then has, of one desk in which everything has happened (`dev/tools/lived_desk.py`):

- `sqlite.db.xz`, its file, and `postgres.sql.xz`, its database as a script for psql,
- `archive.jsonl.xz`, what `supportcases export --attachments` writes of it,
- `told.json.xz`, its keys, and what its API answered to them.

`tests/storage/test_releases.py` opens all of them with the code of its day. Of a version that has a tag nothing is
written any more: it is what people have.
"""

import argparse
import json
import logging
import lzma
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from dev.tools.lived_desk import LivedDesk
from tests.support.postgres import Cluster

ROOT = Path(__file__).parents[2]
RELEASES = ROOT / "tests" / "releases"
VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")
DUMP = ("--inserts", "--no-owner", "--no-privileges")
# what only a newer server knows, or a newer psql
NOT_KEPT = re.compile(r"\\(un)?restrict .*|SET (transaction_timeout|default_table_access_method) .*")
NAMES = ("sqlite.db.xz", "postgres.sql.xz", "archive.jsonl.xz", "told.json.xz")


def keep(version: str, releases: Path = RELEASES) -> Path:
    """Write what a desk of this version leaves behind, and return the folder.

    Raises:
        ValueError: It is no version, or was tagged already.
    """
    if not VERSION.fullmatch(version):
        raise ValueError(f"{version} is no version such as 1.0.0.")
    if is_tagged(version):
        raise ValueError(f"{version} has a tag: what it left behind is kept as it is.")
    with tempfile.TemporaryDirectory() as work:
        file = Path(work, "cases.db")
        told = LivedDesk(str(file)).told
        dump, again = _on_postgres()
        cursors = {"sqlite": told.pop("cursors"), "postgres": again.pop("cursors")}
        if told != again:
            raise AssertionError("The two engines have not answered the same.")
        text = json.dumps(told | {"cursors": cursors}, ensure_ascii=False, sort_keys=True, indent=1) + "\n"
        contents = (file.read_bytes(), dump, _exported(file), text.encode())
    folder = releases / version
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in zip(NAMES, contents, strict=True):
        (folder / name).write_bytes(lzma.compress(content, preset=9))
    return folder


def is_tagged(version: str) -> bool:
    """Tell whether git has a tag of the version."""
    command = ["git", "tag", "--list", version, f"v{version}"]
    return bool(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)


def _on_postgres() -> tuple[bytes, dict[str, object]]:
    """Let it happen on PostgreSQL; return the script that makes such a database, and what the API told."""
    cluster = Cluster()
    try:
        url = cluster.make("kept")
        told = LivedDesk(url).told
        dump = cluster.folder / "dump.sql"
        cluster.run("pg_dump", f"--dbname={url}", *DUMP, f"--file={dump}")
        lines = dump.read_text(encoding="utf-8").split("\n")
    finally:
        cluster.stop()
    return "\n".join(line for line in lines if not NOT_KEPT.fullmatch(line)).encode(), told


def _exported(file: Path) -> bytes:
    command = [sys.executable, "-m", "supportcases", "export", "--db", str(file), "--attachments"]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout


def main(arguments: Sequence[str] | None = None) -> int:
    """Keep a release, and say how large it is."""
    parser = argparse.ArgumentParser(prog="python -m dev.tools.keep_release", description=(__doc__ or "").split(":")[0])
    parser.add_argument("version", metavar="VERSION", help="the version that is to be released, such as 1.0.0")
    logging.disable(logging.WARNING)  # some of its webhooks fail
    try:
        folder = keep(parser.parse_args(arguments).version)
    except ValueError as problem:
        print(f"keep_release: {problem}", file=sys.stderr)
        return 1
    sizes = ", ".join(f"{path.name} {path.stat().st_size / 1_000:.1f} kB" for path in sorted(folder.iterdir()))
    print(f"kept in {folder.relative_to(ROOT)}: {sizes}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
