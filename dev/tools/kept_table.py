"""A table in Markdown that a command keeps on a page: between two marks, below what it was taken on."""

import os
import platform
import sqlite3
import subprocess
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple


class KeptTable(NamedTuple):
    """Where the table of a command stands."""

    page: Path
    command: str

    def parts(self) -> tuple[str, str, str]:
        """Return what stands before the table, the table with what is told of it, and the rest; without the marks."""
        begin, end = self._marks()
        before, _, rest = self.page.read_text(encoding="utf-8").partition(begin)
        table, _, after = rest.partition(end)
        return before, table.strip(), after

    def write(self, table: str) -> None:
        """Replace the table, with what is told of it."""
        begin, end = self._marks()
        before, _, after = self.parts()
        self.page.write_text(f"{before}{begin}\n{table}\n{end}{after}", encoding="utf-8")

    def _marks(self) -> tuple[str, str]:
        return f"<!-- the table of {self.command} begins -->", f"<!-- the table of {self.command} ends -->"


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def taken_on(*packages: str) -> str:
    """Return when, of which commit, on which machine and with which versions a table was made."""
    command = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True).stdout.strip()
    processors = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    processor = processors[0].partition(": ")[2] if processors else platform.machine()
    versions = "".join(f", {name} {version(name)}" for name in packages)
    machine = f"{platform.system()} {platform.release()} with {os.cpu_count()} cores of {processor}"
    made_by = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}{versions}"
    return f"Taken on {datetime.now(UTC):%Y-%m-%d}, of {commit or 'an sdist'}, on {machine}; {made_by}."
