"""Measure everything and keep the table: `python -m dev.benchmarks`, with the extra `bench` and Debian's `wrk`.

It takes half an hour on two cores, and at first twenty minutes more for the data sets, which are kept (5 GB). Parts
that are named, `python -m dev.benchmarks search disk`, are measured alone, and nothing is written.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Final

from dev.benchmarks import against_peer, carried, disk, files, in_process, memory, postgres, search, served, start, team
from dev.benchmarks.data import say
from dev.benchmarks.measure import Figure
from dev.tools.kept_table import KeptTable, markdown, taken_on

HERE: Final = Path(__file__).parent
TABLE: Final = KeptTable(HERE / "README.md", "python -m dev.benchmarks")
HEAD: Final = ("#", "what", "figure", "target", "reached", "made of")
VERDICTS: Final = {True: "yes", False: "**no**", None: ""}
PARTS: Final[dict[str, Callable[[Path, Path], Iterator[Figure]]]] = {
    part.__name__.rpartition(".")[2]: part.figures
    for part in (start, disk, in_process, search, team, postgres, carried, against_peer, served, memory, files)
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
    rows = [(str(f.target), f.name, written(f), f.wanted, VERDICTS[f.holds], f.detail) for f in figures]
    table = markdown(HEAD, rows)
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


def keep(figures: list[Figure], table: str) -> None:
    """Write the figures to results.json, and the table to README.md."""
    told = taken_on("falcon", "waitress", "marshmallow", "django-helpdesk")
    results = {"taken": told, "figures": [asdict(figure) for figure in figures]}
    (HERE / "results.json").write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    TABLE.write(f"{told}\n\n{table}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
