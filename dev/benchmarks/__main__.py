"""Measure everything and keep the table: `python -m dev.benchmarks`, with the extra `bench` and Debian's `wrk`.

It takes half an hour on two cores, and at first twenty minutes more for the data sets, which are kept (5 GB). Parts
that are named, `python -m dev.benchmarks search disk`, are measured alone; what is kept of them is replaced, each part
with what it was taken on, and `--dry-run` keeps nothing.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from dev.benchmarks import (
    against_peer,
    carried,
    disk,
    feed,
    files,
    in_process,
    memory,
    postgres,
    search,
    served,
    start,
    team,
    watched,
    webhooks,
)
from dev.benchmarks.data import say
from dev.benchmarks.measure import Figure
from dev.tools.kept_table import KeptTable, markdown, taken_on

HERE: Final = Path(__file__).parent
RESULTS: Final = HERE / "results.json"
TABLE: Final = KeptTable(HERE / "README.md", "python -m dev.benchmarks")
HEAD: Final = ("#", "what", "figure", "target", "reached", "made of")
VERDICTS: Final = {True: "yes", False: "**no**", None: ""}
PARTS: Final[dict[str, Callable[[Path, Path], Iterator[Figure]]]] = {
    part.__name__.rpartition(".")[2]: part.figures
    for part in (
        start,
        disk,
        in_process,
        search,
        team,
        postgres,
        carried,
        against_peer,
        served,
        memory,
        files,
        feed,
        webhooks,
        watched,
    )
}

Results = dict[str, dict[str, Any]]  # of each part what it was taken on, and its figures


def main(arguments: list[str]) -> int:
    """Measure the parts; return 1 where a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m dev.benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"only these: {', '.join(PARTS)}")
    parser.add_argument("--kept", type=Path, default=HERE / ".kept", help="where the data sets are kept")
    parser.add_argument("--dry-run", action="store_true", help="only print the table")
    options = parser.parse_args(arguments)
    if unknown := set(options.parts) - PARTS.keys():
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}.")
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    measured_now: Results = {}
    for name in options.parts or PARTS:
        figures = [asdict(figure) for figure in measured(name, options.kept)]
        taken = taken_on("falcon", "waitress", "marshmallow", "django-helpdesk")
        measured_now[name] = {"taken": taken, "figures": figures}
        if not options.dry_run:
            keep(results | measured_now)
    print(table_of(measured_now))
    reached = [Figure(**figure).holds for part in measured_now.values() for figure in part["figures"]]
    return 1 if False in reached else 0


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


def table_of(results: Results) -> str:
    """Return a table of the figures of some parts, by their targets."""
    figures = [Figure(**figure) for part in results.values() for figure in part["figures"]]
    figures.sort(key=lambda figure: figure.target)
    return markdown(HEAD, [(str(f.target), f.name, written(f), f.wanted, VERDICTS[f.holds], f.detail) for f in figures])


def keep(results: Results) -> None:
    """Write the figures to results.json, and the table to README.md, below what each part was taken on."""
    RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    parts: dict[str, list[str]] = {}
    for name, part in results.items():
        parts.setdefault(part["taken"], []).append(f"`{name}`")
    told = "\n".join(f"- {', '.join(names)}: {taken}" for taken, names in parts.items())
    TABLE.write(f"{told}\n\n{table_of(results)}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
