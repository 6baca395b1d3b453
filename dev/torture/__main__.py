"""Run the experiments and keep the table: `python -m dev.torture`, with the extra `torture`; `--quick` is for the gate.

Experiments that are named, `python -m dev.torture kill power`, are run alone, and nothing is written; with `--keep`
their rows of the table are replaced, and it tells of which commit each is.
"""

import argparse
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Final

from dev.tools.kept_table import KeptTable, markdown, taken_on
from dev.torture.experiment import Effort, Experiment, Outcome, say

TABLE: Final = KeptTable(Path(__file__).with_name("README.md"), "python -m dev.torture")
HEAD: Final = ("#", "experiment", "what", "effort", "result", "passed")
PACKAGES: Final = ("falcon", "waitress", "marshmallow", "sqlite-utils", "wcwidth")
VERDICTS: Final = {True: "yes", False: "**no**", None: "not tried"}
EXPERIMENTS: Final = (  # modules of this folder, each with a `run`
    "kill",
    "files",
    "webhooks",
    "feed",
    "power",
    "disk",
    "postgres_disk",
    "first_start",
    "forks",
    "restarts",
    "backups",
    "wal",
    "erasure",
    "who_waits",
    "mutants",
    "malformed",
    "slow_clients",
    "unread",
    "timing",
)
APART: Final = ("failover", "soak")  # those that are run only where they are named
APART_IS_OF: Final = tuple(f"Of {name}:" for name in APART)
# not for the gate: what a busy machine decides, and what takes long where tests prove as much
TIMED: Final = {"timing", "postgres_disk", "erasure"}
ALL: Final = EXPERIMENTS + APART


def main(arguments: list[str]) -> int:
    """Run the experiments; return 1 where a claim does not hold."""
    parser = argparse.ArgumentParser(prog="python -m dev.torture", description=__doc__.splitlines()[0])
    parser.add_argument("experiments", nargs="*", metavar="EXPERIMENT", help=f"only these: {', '.join(ALL)}")
    parser.add_argument("--quick", action="store_true", help="try less, in four minutes; nothing is written")
    parser.add_argument("--keep", action="store_true", help="replace the rows of the experiments that are named")
    parser.add_argument("--minutes", type=float, help="how long soak lasts (default: 60)")
    options = parser.parse_args(arguments)
    if options.keep and (options.quick or not options.experiments):
        parser.error("--keep is for experiments that are named, and run whole.")
    if unknown := set(options.experiments) - set(ALL):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(ALL)}.")
    begun = time.monotonic()
    effort = Effort(options.quick, options.minutes, options.keep)
    names = options.experiments or [name for name in EXPERIMENTS if not (options.quick and name in TIMED)]
    outcomes = [(name, outcome) for name in names for outcome in tried(name, effort)]
    outcomes.sort(key=lambda row: row[1].claim)
    rows = [(str(o.claim), name, o.name, o.effort, o.result, VERDICTS[o.passed]) for name, o in outcomes]
    table = markdown(HEAD, rows)
    failed = [name for name, outcome in outcomes if outcome.passed is False]
    print(table, f"{len(outcomes) - len(failed)} of {len(outcomes)} did not fail", sep="\n\n")
    if not options.experiments and not options.quick:
        keep_all(table.splitlines(), f"{taken_on(*PACKAGES)} It took {(time.monotonic() - begun) / 60:.0f} minutes.")
    elif options.keep:
        keep_some(table.splitlines()[2:], options.experiments)
    return 1 if failed else 0


def tried(name: str, effort: Effort) -> Iterator[Outcome]:
    """Yield what comes of an experiment, each as soon as it is known; one that breaks down has failed."""
    say(f"{name}: begins")
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix=f"supportcases-torture-{name}-", ignore_cleanup_errors=True) as folder:
        try:
            experiment: Experiment = import_module(f"dev.torture.{name}").run
            for outcome in experiment(effort, Path(folder)):
                say(f"{outcome.claim}: {outcome.name}: {VERDICTS[outcome.passed]}")
                yield outcome
        except Exception as error:  # noqa: BLE001 - whatever it was, the others go on and the table tells
            traceback.print_exc()
            yield Outcome(0, name, "broke down", f"{type(error).__name__}: {error}".partition("\n")[0], False)
    say(f"{name}: {time.monotonic() - begun:.0f} s")


def keep_all(table: list[str], told: str) -> None:
    """Replace the table that is kept, but for the rows of what is run apart."""
    old, _, rows = TABLE.parts()[1].partition("\n\n")
    told = "\n".join([told, *(line for line in old.splitlines() if line.startswith(APART_IS_OF))])
    others = [row for row in rows.splitlines()[2:] if row.split(" | ")[1] in APART]
    TABLE.write("\n".join([told, "", *table, *others]))


def keep_some(rows: list[str], names: list[str]) -> None:
    """Replace the rows of the experiments of those names in the table that is kept."""
    told, _, table = TABLE.parts()[1].partition("\n\n")
    head, others = table.splitlines()[:2], table.splitlines()[2:]
    all_rows = [row for row in others if row.split(" | ")[1] not in names] + rows
    all_rows.sort(key=lambda row: int(row.split(" | ")[0].removeprefix("| ")))
    of = f"Of {', '.join(names)}: "
    told_of_others = [line for line in told.splitlines() if not line.startswith(of)]
    TABLE.write("\n".join([*told_of_others, of + taken_on(*PACKAGES), "", *head, *all_rows]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
