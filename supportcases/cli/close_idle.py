"""The commands that tell how the desk is doing, and close what has gone quiet."""

import argparse
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain
from itertools import count as count_from
from typing import Any, Final

from supportcases.cli.database import (
    add_as,
    add_json,
    asker,
    desk_to_read,
    existing_desk,
    json_line,
    name_of,
    signer,
    tell,
)
from supportcases.cli.options import command, duration, flag, option, ruled, store
from supportcases.cli.tables import human, line, table, terminal_width, visible
from supportcases.desk import SupportDesk
from supportcases.domain import times
from supportcases.domain.cases import Case, Severity
from supportcases.domain.fields import DEFAULT_IDLE_LIMIT, TIMESTAMP_FILTER
from supportcases.domain.statistics import Spread, Statistics
from supportcases.formats.case_json import FOR_TEAM
from supportcases.formats.report_json import statistics_text

DESK: Final = "Support desk"


def add_to(commands: Any) -> None:
    """Add `stats` and `close-idle`."""
    counting = command(commands, "stats", show_statistics, "count the cases, and tell how long answers take")
    counting.add_argument("--store", type=store, metavar="STORE", help="only cases of this store")
    moment = ruled(TIMESTAMP_FILTER)
    counting.add_argument(
        "--created-after", type=moment, metavar="TIME", help="only cases opened then or later, such as 2024-06-15"
    )
    counting.add_argument("--created-before", type=moment, metavar="TIME", help="only cases opened before")
    add_json(counting)

    closing = command(commands, "close-idle", close_idle, "close the cases that were answered and went quiet")
    option(
        closing,
        "--answered-for",
        required=True,
        type=duration,
        metavar="SPAN",
        help="how long nobody must have written since the answer, as 14d, 12h, 30m or 8w",
    )
    flag(closing, "--dry-run", "only tell which cases it would close")
    add_as(closing, DESK)
    add_json(closing, "print the cases as JSON")


def show_statistics(options: argparse.Namespace) -> None:
    """Print how the desk is doing."""
    with desk_to_read(options.db) as desk:
        statistics = desk.stats(
            asker(options),
            store=options.store,
            created_after=options.created_after,
            created_before=options.created_before,
        )
    if options.json:
        print(json_line(statistics_text(statistics)))
    else:
        print(*statistics_lines(statistics, times.now(), terminal_width()), sep="\n")


def statistics_lines(statistics: Statistics, now: datetime, width: int | None) -> list[str]:
    """Return the statistics as lines of at most `width` cells."""
    told = [
        ("Oldest unanswered:", *_oldest(statistics, now)),
        ("First answer:", "", _spread(statistics.first_answer)),
        ("Time to close:", "", _spread(statistics.time_to_close)),
    ]
    return [*_counts(statistics, width), "", *(line(f"{name:18} {start}", rest, width) for name, start, rest in told)]


def _counts(statistics: Statistics, width: int | None) -> list[str]:
    counted = {status: [by[severity] for severity in Severity] for status, by in statistics.counts.items()}
    totals = [sum(column) for column in zip(*counted.values(), strict=True)]
    numbers = [*counted.items(), ("total", totals)]
    rows = [(name, *map(str, counts), str(sum(counts))) for name, counts in numbers]
    heading = ("STATUS", *(severity.upper() for severity in Severity), "TOTAL")
    return table([heading, *rows], width, right=range(1, len(heading)))


def _oldest(statistics: Statistics, now: datetime) -> tuple[str, str]:
    """Return the name of the oldest unanswered case, and what is told of it."""
    case = statistics.oldest_unanswered
    if case is None or case.waiting_since is None:
        return "-", ""
    return name_of(case), f", for {human(now - case.waiting_since)}: {visible(case.subject)}"


def _spread(spread: Spread) -> str:
    if spread.median is None or spread.p90 is None:
        return "-"
    median, p90 = (human(timedelta(seconds=seconds), parts=2) for seconds in (spread.median, spread.p90))
    return f"median {median}, p90 {p90} ({_cases(spread.count)})"


def close_idle(options: argparse.Namespace) -> None:
    """Close the idle cases, or tell which they are; print each, and how many."""
    with existing_desk(options.db) as desk:
        batches = _idle(desk, options) if options.dry_run else _closed(desk, options)
        cases = tuple(chain.from_iterable(batches))
    done, count = ("would close", "would be closed") if options.dry_run else ("closed", "closed")
    lines = [line(f"{done} {name_of(case)}: ", visible(case.subject), terminal_width()) for case in cases]
    told = "\n".join([*lines, f"{_cases(len(cases))} {count}"])
    tell(options, f'{{"data":{FOR_TEAM.cases(cases)}}}', told)


def _idle(desk: SupportDesk, options: argparse.Namespace) -> Iterator[tuple[Case, ...]]:
    """Yield the idle cases, some at a time."""
    for offset in count_from(0, DEFAULT_IDLE_LIMIT):
        batch = desk.idle(signer(options), answered_for=options.answered_for, offset=offset)
        yield batch
        if len(batch) < DEFAULT_IDLE_LIMIT:
            return


def _closed(desk: SupportDesk, options: argparse.Namespace) -> Iterator[tuple[Case, ...]]:
    """Close the idle cases, and yield them some at a time."""
    while batch := desk.close_idle(signer(options), answered_for=options.answered_for):
        yield batch


def _cases(count: int) -> str:
    return f"{count} case{'' if count == 1 else 's'}"
