"""Measure everything and keep the table: `python -m dev.benchmarks`, with the extra `bench` and Debian's `wrk`.

It takes half an hour on two cores, and at first twenty minutes more for the data sets, which are kept (5 GB). Parts
that are named, `python -m dev.benchmarks search disk`, are measured alone, and nothing is written.
"""

import argparse
import json
import os
import platform
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from dev.benchmarks import against_peer, disk, in_process, memory, search, served, start
from dev.benchmarks.data import say
from dev.benchmarks.measure import Figure

HERE: Final = Path(__file__).parent
BEGIN: Final = "<!-- the table of python -m dev.benchmarks begins -->"
END: Final = "<!-- the table of python -m dev.benchmarks ends -->"
PARTS: Final[dict[str, Callable[[Path, Path], Iterator[Figure]]]] = {
    part.__name__.rpartition(".")[2]: part.figures
    for part in (start, disk, in_process, search, against_peer, served, memory)
}


def main(arguments: list[str]) -> int:
    """Measure the parts; return 1 where a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m dev.benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"only these: {', '.join(PARTS)}")
    parser.add_argument("--kept", type=Path, default=HERE / ".kept", help="where the data sets are kept")
    options = parser.parse_args(arguments)
    if unknown := set(options.parts) - PARTS.keys():
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}.")
    figures = [figure for name in options.parts or PARTS for figure in measured(name, options.kept)]
    figures.sort(key=lambda figure: figure.target)
    table = table_of(figures)
    print(table)
    if not options.parts:
        keep(figures, table)
    return 0 if all(figure.holds is not False for figure in figures) else 1


def measured(name: str, kept: Path) -> Iterator[Figure]:
    """Yield the figures of a part, each shown as soon as it is known."""
    say(f"{name}: begins")
    with tempfile.TemporaryDirectory(prefix="supportcases-bench-") as folder:
        for figure in PARTS[name](kept, Path(folder)):
            say(f"{figure.target}: {figure.name}: {written(figure)}")
            yield figure


def written(figure: Figure) -> str:
    """Write a figure with its unit."""
    value = f"{figure.value:,.0f}" if abs(figure.value) >= 100 else f"{figure.value:.3g}"
    return value if figure.unit == "x" else f"{value} {figure.unit}"


def table_of(figures: list[Figure]) -> str:
    """Return the figures as a table in Markdown."""
    verdicts = {True: "yes", False: "**no**", None: ""}
    rows = [["#", "what", "figure", "target", "reached", "made of"], ["---"] * 6]
    rows += [
        [str(f.target), f.name, written(f), f.wanted, verdicts[f.holds], f.detail.replace("|", "\\|")] for f in figures
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def machine() -> dict[str, str]:
    """Return what the figures were taken on."""
    return {
        "taken": datetime.now(UTC).strftime("%Y-%m-%d"),
        "processor": f"{_proc('cpuinfo', 'model name')}, {os.cpu_count()} cores",
        "memory": f"{int(_proc('meminfo', 'MemTotal').removesuffix('kB')) / 2**20:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
        **{name: version(name) for name in ("falcon", "waitress", "marshmallow", "django-helpdesk")},
    }


def _proc(file: str, name: str) -> str:
    """Return what Linux says of `name`."""
    lines = Path("/proc", file).read_text().splitlines()
    return next(line.partition(":")[2].strip() for line in lines if line.startswith(name))


def keep(figures: list[Figure], table: str) -> None:
    """Write the figures to results.json, and the table to README.md."""
    on = machine()
    results = {"machine": on, "figures": [asdict(figure) for figure in figures]}
    (HERE / "results.json").write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    page = (HERE / "README.md").read_text(encoding="utf-8")
    head, tail = page.partition(BEGIN)[0], page.partition(END)[2]
    described = "; ".join(f"{name} {value}" for name, value in on.items())
    (HERE / "README.md").write_text(f"{head}{BEGIN}\n{described}.\n\n{table}\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
